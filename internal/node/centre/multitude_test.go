package centre_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime/metrics"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/store"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// Values that stand on multitudes, and input that is not whole. Time and memory stay within bounds,
// and nobody is blocked by a rule alone, be its policy signed.

// multitude is a thousandth of how many there are: OPENCEIR_MULTITUDE, or 20, or 2 with -short. At 1000 it is 39 million
// sightings on all nines, and two million subscribers of one device.
func multitude(t *testing.T) int {
	s := os.Getenv("OPENCEIR_MULTITUDE")
	switch {
	case s == "" && testing.Short():
		return 2
	case s == "":
		return 20
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		t.Fatalf("OPENCEIR_MULTITUDE=%q is no number", s)
	}
	return n
}

// june is a dump of an operator for the month before day, being written row by row.
type june struct {
	*bufio.Writer
	file *os.File
	op   device.Operator
	row  []byte
	rows int
}

func (c *country) june(op device.Operator) *june {
	c.t.Helper()
	f, err := os.Create(filepath.Join(c.dir, string(op)+"_20260601_20260630.csv"))
	c.must(err)
	j := &june{Writer: bufio.NewWriterSize(f, 1<<20), file: f, op: op}
	fmt.Fprintln(j, "date,imei,imsi,msisdn")
	return j
}

// see adds a sighting of a subscriber, by number, of the network with a device on a day of the month.
func (j *june) see(day int, m imei.IMEI, network, subscriber int) {
	b := append(j.row[:0], "202606"...)
	b = append(b, byte('0'+day/10), byte('0'+day%10), ',')
	b = append(m.Append(b), ",00101"...)
	if network == 2 {
		b[len(b)-1] = '2'
	}
	b = fmt.Appendf(b, "%010d,9997%d%08d\n", subscriber, network, subscriber)
	j.Write(b)
	j.row = b
	j.rows++
}

// honest adds people with a phone each, who are seen every day.
func (j *june) honest(network, people int) {
	for d := 1; d <= 30; d++ {
		for i := range people {
			j.see(d, imei.New(35904224, uint32(network*100_000+i)), network, 9_000_000_00+i)
		}
	}
}

// take imports the dump.
func (c *country) take(j *june) {
	c.t.Helper()
	c.must(j.Flush())
	c.must(j.file.Close())
	report, err := c.centre.Import(c.ctx, j.file.Name(), device.FileOperator, j.op, nil)
	c.must(err)
	if int(report.File.Rows) != j.rows || report.File.Refused+report.File.Malformed > 0 {
		c.t.Fatalf("%d rows were written, and of %d %d were refused and %d malformed", j.rows, report.File.Rows, report.File.Refused, report.File.Malformed)
	}
}

const clones = `conditions:
  - {name: clones, description: Five users., ground: duplicate, effect: prohibited, window_days: 30, max_share: 1, all: [subscribers: {at_least: 5}]}
  - {name: crowds, description: A hundred users., ground: not-allocated, effect: prohibited, window_days: 30, max_share: 1, all: [subscribers: {at_least: 100}]}
`

// armed lets two organisations sign the active pairs and a policy for each rule, of so many pairs a day.
func (c *country) armed(ceiling uint64, rules ...string) {
	c.t.Helper()
	digest, err := c.centre.ProposeActive(c.ctx)
	c.must(err)
	c.sign(digest, c.signers...)
	for _, rule := range rules {
		digest, _, err := c.centre.ProposePolicy(c.ctx, rule, list.Prohibited, ceiling)
		c.must(err)
		c.sign(digest, c.signers...)
	}
	c.ahead.Store(int64(25 * time.Hour)) // what has to wait a day is in force now
	c.must(c.centre.Run(c.ctx, 0))
}

// found returns the findings on a device, by rule.
func (c *country) found(m imei.IMEI) map[string]device.Finding {
	c.t.Helper()
	rows, err := c.centre.FindingsOf(c.ctx, m)
	c.must(err)
	out := map[string]device.Finding{}
	for _, r := range rows {
		out[r.Finding.Rule] = r.Finding
	}
	return out
}

// within runs a step, says what it took, and fails if it is more than five seconds and so many
// microseconds a row.
func (c *country) within(what string, rows int, each time.Duration, step func()) {
	c.t.Helper()
	from := time.Now()
	step()
	took := time.Since(from)
	c.t.Logf("%s: %.1f s, %d MiB", what, took.Seconds(), heap()>>20)
	if most := 5*time.Second + time.Duration(rows)*each*time.Microsecond; took > most {
		c.t.Errorf("%s took %v, more than %v", what, took, most)
	}
}

// heap is how much memory the runtime holds now.
func heap() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64()
}

// watch returns the most memory held while f runs.
func watch(f func()) (most uint64) {
	done, ended := make(chan struct{}), make(chan uint64)
	go func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		most := heap()
		for {
			select {
			case <-tick.C:
				most = max(most, heap())
			case <-done:
				ended <- most
				return
			}
		}
	}()
	f()
	close(done)
	return <-ended
}

// A country's handsets of one make all show fourteen nines: that is one finding, which names how many
// there are, and no line, for the value names no device.
func TestMultitudeOnAllNines(t *testing.T) {
	n := 39_000 * multitude(t)
	c := newCountry(t, "")
	c.must(c.centre.SetConditions(c.ctx, []byte(clones)))
	c.within("writing", n, 2, func() {
		j := c.june("north")
		j.honest(1, 1000)
		for i := range n {
			j.see(1+i%30, imei.Max, 1, i)
		}
		most := watch(func() { c.within("import", n, 10, func() { c.take(j) }) })
		c.bounded("import", most)
	})
	most := watch(func() { c.within("detection", n, 10, func() { c.must(c.centre.Run(c.ctx, day)) }) })
	c.bounded("detection", most)
	f := c.found(imei.Max)["clones"]
	if f.Pairs != n || !strings.HasPrefix(f.Evidence["subscribers"], strconv.Itoa(n)+",") || f.Best != 0 {
		t.Errorf("found %+v", f)
	}
	most = watch(func() { c.within("decisions", n, 10, func() { c.armed(uint64(2*n), "clones", "crowds") }) })
	c.bounded("decisions", most)
	if n := c.acts(); n != 0 {
		t.Errorf("%d measures on a value that names no device", n)
	}
}

// bounded fails if more memory was held than a machine of the smallest kind has to spare, whatever
// the number of rows.
func (c *country) bounded(what string, most uint64) {
	c.t.Helper()
	c.t.Logf("%s: at most %d MiB", what, most>>20)
	if most > 1536<<20 {
		c.t.Errorf("%s held %d MiB", what, most>>20)
	}
}

// A device with a multitude of subscribers is one finding that waits for people: a policy's ceiling
// does not reach so far. Its neighbours of the same rule are refused all the same.
func TestMultitudeOfSubscribers(t *testing.T) {
	n := 2000 * multitude(t)
	c := newCountry(t, "")
	c.must(c.centre.SetConditions(c.ctx, []byte(clones)))
	crowd, few := imei.New(35904225, 1), imei.New(35904225, 2)
	j := c.june("north")
	j.honest(1, 3000)
	for i := range n {
		j.see(1+i%30, crowd, 1, i)
	}
	for i := range 110 {
		j.see(1+i%30, few, 1, n+i)
	}
	most := watch(func() {
		c.within("import", n, 10, func() { c.take(j) })
		c.within("detection", n, 10, func() { c.must(c.centre.Run(c.ctx, day)) })
		c.within("decisions", n, 10, func() { c.armed(150, "clones", "crowds") })
	})
	c.bounded("all", most)
	if f := c.found(crowd)["crowds"]; f.Pairs != n || f.Incomplete {
		t.Errorf("found %+v", f)
	}
	waiting, err := c.centre.Waiting(c.ctx)
	c.must(err)
	if c.refused(crowd) || !c.refused(few) || waiting != 1 {
		t.Errorf("the crowd is refused %v, the few %v, %d wait", c.refused(crowd), c.refused(few), waiting)
	}
}

// refused reports whether the list in force refuses a device to a stranger.
func (c *country) refused(m imei.IMEI) bool {
	return c.centre.Check(m).Status == list.Prohibited
}

// A subscriber who is seen with ten thousand devices is a person at a test bench or a card in a SIM
// box: no device is accused of it, each has one user.
func TestSubscriberOfManyDevices(t *testing.T) {
	c := newCountry(t, "")
	c.must(c.centre.SetConditions(c.ctx, []byte(clones)))
	j := c.june("north")
	j.honest(1, 100)
	for i := range 10_000 {
		j.see(1+i%30, imei.New(35904226, uint32(i)), 1, 7)
	}
	most := watch(func() {
		c.within("import", 10_000, 10, func() { c.take(j) })
		c.within("detection", 10_000, 10, func() { c.must(c.centre.Run(c.ctx, day)) })
	})
	c.bounded("all", most)
	counts, err := c.centre.CountKind(c.ctx, receipt.Measure)
	c.must(err)
	if f := c.found(imei.New(35904226, 9999)); len(f) != 0 || counts != 0 {
		t.Errorf("found %v, %d measures", f, counts)
	}
}

// While an operator has not delivered, the run names it and its days, what is found is marked, and no
// rule blocks anybody, be its policy signed; when the file comes, it does.
func TestOperatorMissing(t *testing.T) {
	c := newCountry(t, "", "south")
	c.must(c.centre.SetConditions(c.ctx, []byte(clones)))
	few := imei.New(35904225, 2)
	north, south := c.june("north"), c.june("south")
	north.honest(1, 3000)
	for i := range 110 {
		north.see(1+i%30, few, 1, i)
	}
	south.honest(2, 100)
	c.take(north)
	c.must(c.centre.Run(c.ctx, day))
	c.armed(150, "crowds")
	if f := c.found(few)["crowds"]; f.Pairs != 110 || !f.Incomplete {
		t.Errorf("found %+v, not incomplete", f)
	}
	if c.refused(few) || c.acts() != 0 {
		t.Errorf("%d measures from incomplete data", c.acts())
	}
	if said := c.said("rule crowds"); !strings.Contains(said, "incomplete: missing [south 2026-06-01..2026-06-30]") {
		t.Errorf("the run says %q", said)
	}
	c.take(south)
	c.must(c.centre.Run(c.ctx, day))
	if f := c.found(few)["crowds"]; f.Incomplete || !c.refused(few) {
		t.Errorf("everything is there, and refused is %v: %+v", c.refused(few), f)
	}
	if said := c.said("rule crowds"); strings.Contains(said, "missing") {
		t.Errorf("the run says %q", said)
	}
}

// said returns what the last run of detection says of itself.
func (c *country) said(what string) (text string) {
	c.t.Helper()
	c.view(func(tx *store.Tx) error {
		leaf, _, err := tx.LastOfKind(c.ctx, ledger.KindFindings)
		c.must(err)
		openings, err := tx.Openings(c.ctx, leaf.Index)
		for _, o := range openings {
			if o.Part == ledger.PartEffect {
				d, _, err := ledger.ReadDetection(o.Body)
				c.must(err)
				text = d.Text[what]
			}
		}
		return err
	})
	return text
}
