package country

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/replay"
	"github.com/openceir/openceir/subscriber"
)

func TestTruthHoldsTogether(t *testing.T) {
	m := country(t)
	if len(m.truth.Rows) != m.sum.Faces {
		t.Errorf("%d rows, the summary says %d", len(m.truth.Rows), m.sum.Faces)
	}
	kinds := map[Kind]int{}
	for i := range m.truth.Rows {
		r := &m.truth.Rows[i]
		kinds[r.Kind]++
		if (r.From == 0) != (len(r.IMSIs) == 0) || r.From > r.To || r.From != 0 && (r.From < m.sum.First || r.To > m.sum.Last) {
			t.Errorf("%+v: seen from %s to %s", r, r.From, r.To)
		}
		if r.TimedDays > 0 && r.To < m.sum.TimedFrom {
			t.Errorf("%+v: timed days and last seen %s", r, r.To)
		}
		if r.Listed && !r.Kind.Wrong() {
			t.Errorf("%+v is listed as stolen and not wrong", r)
		}
	}
	if fmt.Sprint(kinds) != fmt.Sprint(m.sum.Kinds) {
		t.Errorf("kinds %v, the summary says %v", kinds, m.sum.Kinds)
	}
}

func TestListedStolenExist(t *testing.T) {
	m := country(t)
	for _, row := range rowsOf(t, filepath.Join(m.dir, "stolen_list.zip"), ".csv", ',')[1:] {
		id, err := imei.Parse(row[0])
		if err != nil || len(m.truth.Of(id)) != 1 {
			t.Fatalf("%v: %v, %d devices", row, err, len(m.truth.Of(id)))
		}
		r := m.truth.Of(id)[0]
		s := device.Stolen{Status: row[2]}
		if r.Listed != s.Blocks() || s.Blocks() != (r.Kind == KindStolen) {
			t.Errorf("%v is %s, listed %t", row, r.Kind, r.Listed)
		}
	}
}

// A victim was there for a week before its cloners, and is the only genuine device.
func TestVictimsCameFirst(t *testing.T) {
	m := country(t)
	pairs := 0
	for i := range m.truth.Rows {
		r := &m.truth.Rows[i]
		if r.Kind != KindCloneVictim {
			continue
		}
		single := 0
		for _, other := range m.truth.Of(r.IMEI) {
			if other == r {
				continue
			}
			pairs++
			if !other.Kind.Wrong() || other.Device == r.Device || other.From != 0 && other.From < r.From+7 {
				t.Errorf("victim %+v\nand %+v", r, other)
			}
			if other.Kind == KindClone {
				single++
			}
		}
		if single > 1 || r.From != m.sum.First {
			t.Errorf("victim %+v has %d single cloners", r, single)
		}
	}
	if pairs == 0 {
		t.Error("no victims")
	}
}

// What the owner did with a phone before it was stolen is not wrong; afterwards only the thief has it.
func TestThievesCameLater(t *testing.T) {
	n := country(t).plan
	seen := 0
	for _, theft := range n.thefts {
		if n.faces[theft.face].kind != KindStolen {
			continue
		}
		for _, u := range n.uses {
			if u.face != theft.face {
				continue
			}
			before := n.first+device.Day(u.to) < theft.reported
			after := u.from > 0 && n.first+device.Day(u.from) >= theft.reported
			if !before && !after {
				t.Errorf("%s reported %s was used from day %d to %d", n.faces[u.face].imei, theft.reported, u.from, u.to)
			}
			if after {
				seen++
			}
		}
	}
	if seen == 0 {
		t.Error("no stolen phone is ever used")
	}
}

// Whoever has an honest device has no wrong one, but for cloners and thieves in their other life.
func TestHonestPeopleHaveHonestDevices(t *testing.T) {
	n := country(t).plan
	guilty := map[int32]bool{}
	for _, u := range n.uses {
		k := n.faces[u.face].kind
		if k.Wrong() && !(k == KindStolen && (u.from == 0 || !u.sure)) {
			guilty[u.mover] = true
		}
	}
	honest := 0
	for _, u := range n.uses {
		switch k := n.faces[u.face].kind; {
		case k.Wrong() || k == KindCloneVictim && guilty[u.mover]:
			if k == KindCloneVictim {
				t.Errorf("the mover of a victim has a wrong device too")
			}
		case !guilty[u.mover]:
			honest++
		}
	}
	if honest*10 < len(n.uses)*9 {
		t.Errorf("%d of %d uses are of honest people", honest, len(n.uses))
	}
}

func TestExamples(t *testing.T) {
	m := country(t)
	honest, ok := m.truth.Honest()
	if !ok || honest.TimedDays < 5 || m.truth.Wrong(honest.IMEI) || len(m.truth.Kinds(honest.IMEI)) != 1 {
		t.Errorf("honest: %+v, %t", honest, ok)
	}
	stolen, ok := m.truth.Stolen()
	if !ok || stolen.To < m.sum.Last-2 || !m.truth.Wrong(stolen.IMEI) {
		t.Errorf("stolen: %+v, %t", stolen, ok)
	}
	c, ok := m.truth.Clone()
	if !ok || c.Victim.IMEI != c.Cloner.IMEI || c.Victim.IMSIs[0] == c.Cloner.IMSIs[0] || fmt.Sprint(m.truth.Kinds(c.IMEI)) != "[clone-victim clone]" ||
		fmt.Sprint(m.truth.WrongKinds(c.IMEI)) != "[clone]" {
		t.Errorf("clone: %+v, %t", c, ok)
	}
	if n := impossible(t, m)[c.IMEI]; n < 10 || c.Cloner.Conflicts < 4 || c.Victim.Conflicts != c.Cloner.Conflicts {
		t.Errorf("the clone that shows best has %d impossible moves, %d conflicts", n, c.Cloner.Conflicts)
	}
	if len(m.truth.Of(m.truth.Unseen())) != 0 {
		t.Error("the unseen one is in the truth")
	}
}

// sighted is an attach with its IMEI in good form.
type sighted struct {
	device.Attach
	id imei.IMEI
	op device.Operator
}

// attaches reads all timed attaches, each operator's in order.
func attaches(t *testing.T, m made) []sighted {
	t.Helper()
	var all []sighted
	for _, op := range m.plan.ops {
		for a, err := range replay.File(filepath.Join(m.dir, "attaches", string(op.Name)+".csv.gz")) {
			if err != nil {
				t.Fatal(err)
			}
			if id, err := imei.Parse(a.IMEI); err == nil && id != 0 {
				all = append(all, sighted{a, id, op.Name})
			} else {
				all = append(all, sighted{Attach: a, op: op.Name})
			}
		}
	}
	return all
}

// impossible counts, by IMEI, the attaches of a subscriber too far from the previous one of another
// subscriber: a device would have to move at more than 130 km/h over the time and ten minutes.
func impossible(t *testing.T, m made) map[imei.IMEI]int {
	t.Helper()
	found := map[imei.IMEI]int{}
	for id, list := range byDevice(attaches(t, m)) {
		for i := 1; i < len(list); i++ {
			a, b := &list[i-1], &list[i]
			hours := float64(b.Time-a.Time)/3.6e9 + 1.0/6
			if a.IMSI != b.IMSI && a.Area.Distance(b.Area)-30 > 130*hours {
				found[id]++
			}
		}
	}
	return found
}

// Timed attaches and dumps tell the same story, and the summary counts them.
func TestAttachesHaveTheirRow(t *testing.T) {
	m := country(t)
	type row struct {
		day  device.Day
		imsi subscriber.IMSI
		op   device.Operator
	}
	inDump := map[row]bool{}
	for _, file := range glob(t, filepath.Join(m.dir, "dumps", "*.zip")) {
		op := device.Operator(filepath.Base(file)[:indexOf(filepath.Base(file), '_')])
		for _, r := range rowsOf(t, file, ".csv", ',')[1:] {
			day, _ := device.ParseDay(r[0])
			if i, err := subscriber.ParseIMSI(r[2]); err == nil {
				inDump[row{day, i, op}] = true
			}
		}
	}
	all := attaches(t, m)
	absent, days := 0, map[row]bool{}
	for _, a := range all {
		day := device.Day(a.Time / dayMicros)
		if day < m.sum.TimedFrom || day > m.sum.Last || a.Area == 0 || a.Node == "" || a.Radio == 0 {
			t.Fatalf("attach %+v", a)
		}
		days[row{day, a.IMSI, a.op}] = true
		if !inDump[row{day, a.IMSI, a.op}] {
			absent++
		}
	}
	if int64(len(all)) != m.sum.Attaches || absent*200 > len(all) {
		t.Errorf("%d attaches, the summary says %d; %d have no row", len(all), m.sum.Attaches, absent)
	}
	for r := range inDump {
		if r.day >= m.sum.TimedFrom && !days[r] {
			t.Fatalf("row %+v has no attach", r)
		}
	}
}
