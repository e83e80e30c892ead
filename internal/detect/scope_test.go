package detect_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/detect"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/lake"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/internal/store"
	"github.com/openceir/openceir/internal/store/storetest"
	"github.com/openceir/openceir/receipt"
	"github.com/openceir/openceir/subscriber"
)

// tx is the transaction that the stage is handed.
type tx struct {
	*store.Tx
	batch *ledger.Batch
	whole bool // judges everything each time
}

func (t *tx) Batch() *ledger.Batch { return t.batch }

func (t *tx) Body(ctx context.Context, index uint64) ([]byte, error) {
	o, err := t.Openings(ctx, index)
	return o[0].Body, err
}

func (t *tx) OlderFindings(ctx context.Context) ([]device.Finding, error) {
	return ledger.OlderFindings(ctx, t)
}

func (t *tx) LastBody(ctx context.Context, kind receipt.Kind) ([]byte, uint64, bool, error) {
	leaf, ok, err := t.LastOfKind(ctx, kind)
	if err != nil || !ok {
		return nil, 0, false, err
	}
	body, err := t.Body(ctx, leaf.Index)
	if t.whole && kind == ledger.KindFindings && err == nil {
		d, _, _ := ledger.ReadDetection(body)
		d.Delivered = nil
		body = ledger.Encode(d)
	}
	return body, leaf.Index, true, err
}

// shelf is the lists as the centre hands them to the stage.
type shelf struct{ *lake.Lake }

func (s shelf) Models(ctx context.Context, parts []device.Part) ([]device.TAC, error) {
	t, err := s.TACs(ctx, parts)
	if err != nil {
		return nil, err
	}
	return slices.Collect(t.All()), nil
}

func (s shelf) Subscriptions(ctx context.Context, parts []device.Part) ([]detect.Subscription, error) {
	return nil, nil
}

func (s shelf) Lists(ctx context.Context, parts map[device.FileKind][]device.Part, bucket int) (l detect.Lists, err error) {
	l.Stolen, _ = s.Stolen(ctx, parts[device.FileStolen], bucket)
	l.Registered, _ = s.Registered(ctx, parts[device.FileRegistration], bucket)
	l.Associated, _ = s.Associated(ctx, parts[device.FileAssociation], bucket)
	l.Barred, _ = s.Listed(ctx, parts[device.FileBarred], lake.TableBarred, bucket)
	l.Monitored, err = s.Listed(ctx, parts[device.FileMonitoring], lake.TableMonitored, bucket)
	return l, err
}

// country is a country that files come to and go from, judged by one stage that judges what they speak
// of, and by one, in a register of its own, that judges everything each time.
type country struct {
	testing.TB
	dice  *rand.Rand
	lake  *lake.Lake
	regs  [2]*storetest.Register
	after [2]uint64
	stage [2]detect.Stage[*tx]
	day   device.Day
	files []device.File // in force
	gone  []device.File // withdrawn
	n     int
	few   int // runs that judged only some devices
	aged  int // of those, the runs of a later day
	last  device.Day
	ages  bool                    // days pass often; the country is larger, and fewer of it are found
	rules [len(dimensions)]string // in force
	some  int                     // runs that judged by some rules only
}

const first = device.Day(20600) // 2026-05-27

func newCountry(t testing.TB, seed uint64) *country {
	c := &country{TB: t, dice: rand.New(rand.NewPCG(seed, 3)), lake: &lake.Lake{Dir: t.TempDir()}, day: first + 40}
	for i := range c.regs {
		s, err := store.Open(t.Context(), store.Config{Data: t.TempDir()})
		c.must(err)
		t.Cleanup(func() { s.Close() })
		c.regs[i] = storetest.New(t, s, 1)
		c.stage[i] = detect.Stage[*tx]{Lake: c.lake, Shelf: shelf{c.lake}, Zone: time.UTC, Operators: func() []device.Operator { return []device.Operator{"north", "south"} }}
	}
	c.signed(receipt.Founding, storetest.Person("ministry/amina"), storetest.Directory().Bytes(), "ministry/amina", "north/chidi")
	c.act(ledger.KindDay, device.Encode(ledger.Day{Day: c.day}))
	c.conditions()
	return c
}

func (c *country) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

func (c *country) act(kind receipt.Kind, body []byte) { c.signed(kind, storetest.Office("test"), body) }

func (c *country) signed(kind receipt.Kind, by receipt.Author, body []byte, people ...string) {
	c.n++
	for _, r := range c.regs {
		r.Must(c, r.Draft(c, fmt.Sprint(c.n), receipt.Content{Kind: kind, By: by}, body, nil, people...))
	}
}

// dimensions are what the rules are made of.
var dimensions = [15]string{
	"grace_days: 2, amnesty: true, all: [{stolen: {}}]",
	"gap_days: 2, all: [{subscribers: {at_least: 2, window_days: 9}}]",
	"all: [{average_subscribers: {at_least: 1.2, active_days: 2}}]",
	"sticky: true, all: [{barred: {}}]",
	"look_again_days: 3, all: [{not_registered: {}}, {stolen: {}, invert: true}]",
	"all: [{not_associated: {}}, {subscribers: {at_least: 2, window_days: 5}}]",
	"all: [{monitored: {for_days: 3}}]",
	"all: [{tac_not_allocated: {delay_days: {\"35\": 5}}}]",
	"all: [{malformed: {}}]",
	"window_days: 130, all: [{place_conflict: {conflicts: 1}}]",
	"all: [{barred_tac: {}}]",
	"gap_days: 1, all: [{transient: {numbers_a_day: 2, window_days: 12}}]",
	"amnesty: true, grace_days: 4, gap_days: 3, all: [{subscribers: {at_least: 2, window_months: 1}}, {not_registered: {}, invert: true}]",
	"sticky: true, all: [{subscribers: {at_least: 3, window_days: 7}}, {tac_not_allocated: {feed_max_age_days: 9}}]",
	"gap_days: 4, all: [{used_by: {subscriber: home, networks: [\"00101\"], window_days: 6}}, {stolen: {}}]",
}

// conditions puts some of the rules in force, of which one now and then matches more than its share.
func (c *country) conditions() {
	for i := range dimensions {
		c.rules[i] = ""
		if c.dice.IntN(4) > 0 {
			c.draw(i)
		}
	}
	c.enforce()
}

// amend changes a few of the rules, puts one in force or takes one away.
func (c *country) amend() string {
	for range 1 + c.dice.IntN(3) {
		if i := c.dice.IntN(len(dimensions)); c.dice.IntN(4) > 0 {
			c.draw(i)
		} else {
			c.rules[i] = ""
		}
	}
	c.enforce()
	return "other conditions"
}

func (c *country) draw(i int) {
	all := dimensions[i]
	if c.ages && i == 2 {
		all = "look_again_days: 2, all: [{largest_share: {at_most: 0.6, active_days: 3}}, {not_registered: {}}]"
	}
	share := []string{"1", "0.99"}[c.dice.IntN(2)]
	if c.dice.IntN(9) == 0 {
		share = "0.3"
	}
	c.rules[i] = fmt.Sprintf("  - {name: r%c, description: d, ground: barred, effect: prohibited, strength: %d, max_share: %s, %s}\n", 'a'+i, 500+100*c.dice.IntN(2), share, all)
}

func (c *country) enforce() {
	c.act(ledger.KindConditions, []byte("amnesty: {evaluation_ends: 2026-07-08, ends: 2026-12-31}\nconditions:\n"+
		"  - {name: always, description: d, ground: duplicate, effect: prohibited, max_share: 0.9, window_days: 20, grace_days: 3, all: [{subscribers: {at_least: 3}}]}\n"+
		strings.Join(c.rules[:], "")))
}

func (c *country) imei() imei.IMEI {
	most := 120
	if c.ages {
		most = 900
	}
	return imei.New([]imei.TAC{35000001, 35000002, 1000003}[c.dice.IntN(3)], uint32(c.dice.IntN(most)))
}

func (c *country) operator() device.Operator {
	return []device.Operator{"north", "south"}[c.dice.IntN(2)]
}

// adopt takes a file in.
func (c *country) adopt(f device.File) {
	c.n++
	f.Digest, f.Name, f.Added = ledger.KeyOf("file", fmt.Sprint(c.n)).String(), fmt.Sprint(c.n), c.day+1
	c.files = append(c.files, f)
	c.act(ledger.KindFile, device.Encode(f))
}

// dump is what an operator saw: of a long one every day.
func (c *country) dump(op device.Operator, n int) {
	f := device.File{Kind: device.FileOperator, Operator: op}
	rows := map[[2]int][]device.Days{}
	var visits [device.Buckets][]device.Visit
	for range n {
		seen := c.day - device.Day(c.dice.IntN(40))
		if c.ages && n < 50 {
			seen = c.day + 1 - device.Day(c.dice.IntN(4))
		}
		month, day := seen.Month()
		d := device.Days{IMEI: c.imei(), IMSI: subscriber.IMSI(1010000000000 + c.dice.IntN(9)), MSISDN: subscriber.MSISDN(99900000 + c.dice.IntN(9)), Operator: f.Operator, Month: month}
		d.Seen[c.dice.IntN(device.RadioCount)] = 1 << (day - 1)
		if n > 50 {
			for day := month.First(); day < (month+1).First() && (day <= c.day || !c.ages); day++ {
				d.Seen[0] |= 1 << (day - month.First())
			}
		}
		bucket := device.BucketOf(d.IMEI)
		rows[[2]int{int(month), bucket}] = append(rows[[2]int{int(month), bucket}], d)
		if c.dice.IntN(3) == 0 {
			from := device.Minute(seen)*1440 + device.Minute(c.dice.IntN(1400))
			visits[bucket] = append(visits[bucket], device.Visit{IMEI: d.IMEI, Subscriber: d.Subscriber(), Operator: f.Operator, Area: device.Area(3600*c.dice.IntN(9) + 5), From: from, To: from + 30})
		}
	}
	add := func(p device.Part, err error) {
		c.must(err)
		f.Parts = append(f.Parts, p)
	}
	for _, k := range slices.SortedFunc(maps.Keys(rows), func(a, b [2]int) int { return slices.Compare(a[:], b[:]) }) {
		sorted := rows[k]
		slices.SortFunc(sorted, func(a, b device.Days) int {
			return bytes.Compare(fmt.Appendf(nil, "%d %d %d", a.IMEI, a.IMSI, a.MSISDN), fmt.Appendf(nil, "%d %d %d", b.IMEI, b.IMSI, b.MSISDN))
		})
		slices.SortStableFunc(sorted, func(a, b device.Days) int { return int(int64(a.IMEI) - int64(b.IMEI)) })
		sorted = slices.CompactFunc(sorted, func(a, b device.Days) bool { return a.IMEI == b.IMEI && a.IMSI == b.IMSI && a.MSISDN == b.MSISDN })
		add(c.lake.WriteDays(c.Context(), device.Month(k[0]), k[1], pointers(sorted)))
	}
	for bucket, v := range visits {
		if len(v) == 0 {
			continue
		}
		slices.SortFunc(v, func(a, b device.Visit) int {
			if a.IMEI != b.IMEI {
				return int(int64(a.IMEI) - int64(b.IMEI))
			}
			return int(a.From - b.From)
		})
		month, _ := c.day.Month()
		add(c.lake.WriteVisits(c.Context(), month, bucket, pointers(v)))
	}
	if c.dice.IntN(3) == 0 {
		m := []device.Malformed{{IMEI: fmt.Sprint("X", c.dice.IntN(4)), IMSI: "001010000000001", Operator: f.Operator, Day: c.day - device.Day(c.dice.IntN(9)), Reason: "imei"}}
		month, _ := m[0].Day.Month()
		add(c.lake.WriteMalformed(c.Context(), month, pointers(m)))
	}
	c.adopt(f)
}

func pointers[T any](rows []T) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for i := range rows {
			if !yield(&rows[i]) {
				return
			}
		}
	}
}

// list is an edition of a list, or changes to it.
func (c *country) list() {
	kinds := []device.FileKind{device.FileStolen, device.FileBarred, device.FileMonitoring, device.FileRegistration, device.FileAssociation}
	f := device.File{Kind: kinds[c.dice.IntN(len(kinds))], Delta: c.dice.IntN(4) > 0}
	n, like := 3, device.Remove
	if !f.Delta {
		n, like = 40, device.Add
	}
	var devices [device.Buckets][]imei.IMEI
	for range n {
		m := c.imei()
		devices[device.BucketOf(m)] = append(devices[device.BucketOf(m)], m)
	}
	for bucket, all := range devices {
		if len(all) == 0 {
			continue
		}
		slices.Sort(all)
		all = slices.Compact(all)
		p, err := c.write(f.Kind, bucket, all, like)
		c.must(err)
		f.Parts = append(f.Parts, p)
	}
	c.adopt(f)
}

func (c *country) write(kind device.FileKind, bucket int, all []imei.IMEI, like device.Change) (device.Part, error) {
	ctx := c.Context()
	switch kind {
	case device.FileStolen:
		return c.lake.WriteStolen(ctx, bucket, rowsOf(c, all, like, func(m imei.IMEI) device.Stolen {
			return device.Stolen{IMEI: m, Reported: c.day - device.Day(c.dice.IntN(9)), Status: []string{"", "pending"}[c.dice.IntN(2)]}
		}))
	case device.FileBarred:
		return c.lake.WriteListed(ctx, lake.TableBarred, bucket, rowsOf(c, all, like, func(m imei.IMEI) device.Listed { return device.Listed{IMEI: m, Since: c.day + 1} }))
	case device.FileMonitoring:
		return c.lake.WriteListed(ctx, lake.TableMonitored, bucket, rowsOf(c, all, like, func(m imei.IMEI) device.Listed { return device.Listed{IMEI: m, Since: c.day + 1} }))
	case device.FileRegistration:
		return c.lake.WriteRegistrations(ctx, bucket, rowsOf(c, all, like, func(m imei.IMEI) device.Registration {
			return device.Registration{IMEI: m, Status: []string{"", "pending"}[c.dice.IntN(2)]}
		}))
	}
	return c.lake.WriteAssociations(ctx, bucket, rowsOf(c, all, like, func(m imei.IMEI) device.Association { return device.Association{IMEI: m, UID: "p"} }))
}

func rowsOf[T any](c *country, all []imei.IMEI, like device.Change, row func(imei.IMEI) T) iter.Seq2[device.Change, *T] {
	return func(yield func(device.Change, *T) bool) {
		for _, m := range all {
			r, change := row(m), device.Add
			if like == device.Remove && c.dice.IntN(2) == 0 {
				change = like
			}
			if !yield(change, &r) {
				return
			}
		}
	}
}

// passes lets days pass, mostly one, and mostly with a file of each operator.
func (c *country) passes() string {
	days := device.Day(1)
	switch c.dice.IntN(20) {
	case 0, 1, 2:
		days = device.Day(2 + c.dice.IntN(5))
	case 3:
		days = device.Day(7 + c.dice.IntN(25))
	case 4:
		days = -1
	}
	c.day += days
	c.act(ledger.KindDay, device.Encode(ledger.Day{Day: c.day}))
	for _, op := range []device.Operator{"north", "south"} {
		if c.dice.IntN(6) > 0 {
			c.dump(op, 4+c.dice.IntN(5))
		}
	}
	return fmt.Sprint(int(days), " days")
}

// takeOver adopts what another system had found.
func (c *country) takeOver() string {
	a := device.Adoption{Day: c.day, Until: c.day + device.Day(c.dice.IntN(4)), Files: []device.AdoptedFile{}}
	var rows [device.Buckets][]device.Adopted
	for range 20 {
		m := c.imei()
		row := device.Adopted{IMEI: m, Rule: "r" + string(rune('a'+c.dice.IntN(14))), Since: c.day - device.Day(c.dice.IntN(90)), Amnesty: c.dice.IntN(3) == 0}
		if c.dice.IntN(2) == 0 {
			row.Block = c.day + device.Day(c.dice.IntN(20))
		}
		rows[device.BucketOf(m)] = append(rows[device.BucketOf(m)], row)
	}
	for bucket, of := range rows {
		slices.SortFunc(of, func(a, b device.Adopted) int { return device.CompareAdopted(&a, &b) })
		of = slices.CompactFunc(of, func(a, b device.Adopted) bool { return device.CompareAdopted(&a, &b) == 0 })
		if len(of) > 0 {
			p, err := c.lake.WriteAdopted(c.Context(), bucket, of)
			c.must(err)
			a.Parts = append(a.Parts, p)
		}
	}
	c.signed(ledger.KindAdopt, storetest.Person("ministry/amina"), device.Encode(a), "ministry/amina", "north/chidi")
	return "a take-over"
}

// happens lets something happen.
func (c *country) happens() string {
	if c.ages {
		switch n := c.dice.IntN(60); {
		case n < 30:
			return c.passes()
		case n < 36:
			return c.amend()
		case n == 59:
			return c.takeOver()
		case n == 58:
			zone := time.FixedZone("elsewhere", 3600*(c.dice.IntN(20)-9))
			c.stage[0].Zone, c.stage[1].Zone = zone, zone
			return "another zone"
		}
	}
	n := c.dice.IntN(40)
	if len(c.files) == 0 {
		n = 0
	}
	switch {
	case n < 14:
		c.dump(c.operator(), 1+c.dice.IntN(5))
		return "a dump"
	case n < 15:
		c.dump(c.operator(), 150)
		return "a long dump"
	case n < 24:
		c.list()
		return "a list"
	case n < 29:
		i := c.dice.IntN(len(c.files))
		c.act(ledger.KindWithdrawal, ledger.Encode(ledger.Withdrawal{File: c.files[i].Digest, Reason: "wrong"}))
		c.gone, c.files = append(c.gone, c.files[i]), slices.Delete(c.files, i, i+1)
		return "a withdrawal"
	case n < 31:
		if n == 30 && len(c.gone) > 0 {
			f := c.gone[len(c.gone)-1]
			c.gone, c.files = c.gone[:len(c.gone)-1], append(c.files, f)
			c.act(ledger.KindFile, device.Encode(f))
			return "back again"
		}
		c.adopt(c.files[c.dice.IntN(len(c.files))]) // what it gave came in another wrapping
		return "the same again"
	case n < 33:
		c.day++
		c.act(ledger.KindDay, device.Encode(ledger.Day{Day: c.day}))
		return "a day passes"
	case n < 34:
		c.conditions()
		return "conditions"
	}
	p, err := c.lake.WriteTACs(c.Context(), rowsOf(c, []imei.IMEI{1, 2}, device.Add, func(m imei.IMEI) device.TAC {
		return device.TAC{TAC: imei.TAC(35000000 + m), Manufacturer: "m", Model: "m"}
	}))
	c.must(err)
	if c.dice.IntN(4) == 0 {
		c.adopt(device.File{Kind: device.FileTAC, Parts: []device.Part{p}})
		return "a directory"
	}
	return "nothing"
}

// judge lets a stage look, and returns what it says, what is open after, and how its parts stand.
func (c *country) judge(i int) (ledger.Detection, []device.Finding) {
	ctx := c.Context()
	var write func(context.Context, *tx) error
	var upto uint64
	c.must(c.regs[i].Store.View(ctx, func(t ledger.Tx) (err error) {
		write, upto, err = c.stage[i].Look(ctx, &tx{t.(*store.Tx), nil, i == 1}, c.after[i])
		return err
	}))
	if write != nil {
		c.must(c.regs[i].Seq.Do(ctx, func(t ledger.Tx, b *ledger.Batch) error { return write(ctx, &tx{t.(*store.Tx), b, i == 1}) }))
		c.after[i] = upto
	}
	var d ledger.Detection
	var open []device.Finding
	c.must(c.regs[i].Store.View(ctx, func(t ledger.Tx) error {
		view := &tx{t.(*store.Tx), nil, false}
		body, _, _, err := view.LastBody(ctx, ledger.KindFindings)
		c.must(err)
		d, _, err = ledger.ReadDetection(body)
		c.must(err)
		rows, err := view.FindingParts(ctx)
		c.must(err)
		var parts []device.Part
		most := map[int]int{}
		for _, r := range rows {
			parts = append(parts, r.Part)
			if most[r.Part.Bucket]++; most[r.Part.Bucket] > 6 {
				c.Fatalf("bucket %d has %d parts of findings", r.Part.Bucket, most[r.Part.Bucket])
			}
		}
		for bucket := range device.Buckets + 1 {
			more, err := c.lake.Findings(ctx, parts, bucket)
			c.must(err)
			open = append(open, more...)
		}
		return nil
	}))
	return d, open
}

// due returns the due days that a stage keeps.
func (c *country) due(i int) map[imei.IMEI]device.Day {
	out := map[imei.IMEI]device.Day{}
	c.must(c.regs[i].Store.View(c.Context(), func(t ledger.Tx) error {
		rows, err := t.(*store.Tx).DueParts(c.Context())
		c.must(err)
		var parts []device.Part
		for _, r := range rows {
			parts = append(parts, r.Part)
		}
		if len(parts) > 6*device.Buckets {
			c.Fatalf("%d parts of due days", len(parts))
		}
		for bucket := range device.Buckets {
			rows, err := c.lake.Due(c.Context(), parts, bucket)
			c.must(err)
			for _, r := range rows {
				out[r.IMEI] = r.Day
			}
		}
		return nil
	}))
	return out
}

// punctual compares the due days that both stages keep: none may be later than a full pass says.
func (c *country) punctual(same bool) error {
	got, want := c.due(0), c.due(1)
	for m, day := range want {
		if got[m] == 0 || got[m] > day {
			return fmt.Errorf("%s is due on %s, want %s", m, got[m], day)
		}
	}
	if same && !maps.Equal(got, want) {
		return fmt.Errorf("due are\n%v, want\n%v", got, want)
	}
	return nil
}

// compare lets both stages look and compares what they come to.
func (c *country) compare() error {
	some, open := c.judge(0)
	all, want := c.judge(1)
	if err := c.punctual(some.Text["judged"] == ""); err != nil {
		return err
	}
	switch text := some.Text["judged"]; {
	case strings.HasPrefix(text, "every device"):
		c.some++
	case text != "":
		c.few++
		if some.Day > c.last {
			c.aged++
		}
	}
	c.last = some.Day
	if all.Text["judged"] != "" {
		c.Fatal("the stage that judges everything does not")
	}
	for i := range max(len(open), len(want)) {
		switch {
		case i >= len(open) || i >= len(want):
			return fmt.Errorf("%d findings, want %d", len(open), len(want))
		case !reflect.DeepEqual(open[i], want[i]):
			return fmt.Errorf("a finding is\n%+v, want\n%+v", open[i], want[i])
		}
	}
	for _, d := range []*ledger.Detection{&some, &all} {
		d.Upto, d.Added, d.Gone, d.Text = 0, nil, nil, map[string]string{"devices": d.Text["devices"], "unseen": d.Text["listed devices never seen"]}
	}
	if !reflect.DeepEqual(some, all) {
		return fmt.Errorf("the act says\n%+v, want\n%+v", some, all)
	}
	return nil
}

// Whatever files come and go, days pass and rules change: judging what they speak of comes to what
// judging everything comes to.
func TestScopeIsEnough(t *testing.T) {
	seeds := 12
	if testing.Short() {
		seeds = 2
	}
	few, runs := 0, 0
	for seed := range seeds {
		c := newCountry(t, uint64(seed))
		c.dump("north", 200)
		c.files = nil // nobody takes that back
		c.dump("south", 60)
		for range 45 {
			what := ""
			for range 1 + c.dice.IntN(2) {
				what += c.happens() + ", "
			}
			if err := c.compare(); err != nil {
				t.Fatalf("seed %d, after %s %v", seed, what, err)
			}
			runs++
		}
		few += c.few
	}
	if t.Logf("%d of %d runs judged some devices only", few, runs); few*4 < runs {
		t.Error("that is too few to show anything")
	}
}

// Whatever days pass, one or many, with files or without, judging those that are due comes to what
// judging everything comes to.
func TestDueIsEnough(t *testing.T) {
	seeds := 8
	if testing.Short() {
		seeds = 2
	}
	aged, runs := 0, 0
	for seed := range seeds {
		c := ageing(t, uint64(seed)+2) // 0 and 1 draw too few such runs
		for range 45 {
			what := ""
			for range 1 + c.dice.IntN(2) {
				what += c.happens() + ", "
			}
			if err := c.compare(); err != nil {
				t.Fatalf("seed %d, %s, after %s %v", seed+2, c.day, what, err)
			}
			runs++
		}
		aged += c.aged
	}
	if t.Logf("%d of %d runs judged some devices only though days had passed", aged, runs); aged*8 < runs {
		t.Error("that is too few to show anything")
	}
}

// Whatever rules come, change and go, judging by them alone comes to what judging by all comes to.
func TestAmendedIsEnough(t *testing.T) {
	seeds := 8
	if testing.Short() {
		seeds = 1
	}
	some, runs := 0, 0
	for seed := range seeds {
		c := ageing(t, uint64(seed))
		c.passes()
		for range 40 {
			what := ""
			if c.dice.IntN(3) == 0 {
				what = c.happens()
				if err := c.compare(); err != nil {
					t.Fatalf("seed %d, %s, after %s %v", seed, c.day, what, err)
				}
			}
			c.amend()
			if err := c.compare(); err != nil {
				t.Fatalf("seed %d, %s, after %s and other conditions %v", seed, c.day, what, err)
			}
			runs++
		}
		some += c.some
	}
	if t.Logf("%d of %d runs judged by some rules only", some, runs); some*4 < runs {
		t.Error("that is too few to show anything")
	}
}

// ageing is a country in which days pass.
func ageing(t testing.TB, seed uint64) *country {
	c := newCountry(t, seed)
	c.ages = true
	for _, op := range []device.Operator{"north", "south"} {
		c.dump(op, 900)
	}
	for range 15 {
		c.list()
	}
	c.files = nil // nobody takes that back
	return c
}

// forgetful loses a device that a file speaks of.
type forgetful struct{ *lake.Lake }

func (f forgetful) Devices(ctx context.Context, parts []device.Part, bucket int) ([]imei.IMEI, error) {
	all, err := f.Lake.Devices(ctx, parts, bucket)
	return all[:len(all)/2], err
}

func (f forgetful) Due(ctx context.Context, parts []device.Part, bucket int) ([]ledger.DueRow, error) {
	all, err := f.Lake.Due(ctx, parts, bucket)
	return all[:len(all)/2], err
}

// A stage that forgets when to judge devices again is found.
func TestForgetfulDue(t *testing.T) {
	for seed := range uint64(20) {
		c := ageing(t, seed)
		c.stage[0].Lake = forgetful{c.lake}
		for range 20 {
			c.passes()
			if c.compare() != nil {
				return
			}
		}
	}
	t.Error("nobody noticed that due days were forgotten")
}

// A stage that leaves devices out is found.
func TestForgetfulScope(t *testing.T) {
	for seed := range uint64(20) {
		c := newCountry(t, seed)
		c.stage[0].Lake = forgetful{c.lake}
		c.dump("north", 200)
		c.files = nil // nobody takes that back
		c.dump("south", 60)
		for range 20 {
			c.happens()
			if c.compare() != nil {
				return
			}
		}
	}
	t.Error("nobody noticed that devices were left out")
}

// Of two processes that judge at once one is refused: what it compared with is not what is there any
// more. It looks again.
func TestTwoProcessesJudge(t *testing.T) {
	c := newCountry(t, 1)
	c.dump("north", 200)
	ctx := t.Context()
	var writes [2]func(context.Context, *tx) error
	for i := range writes {
		c.must(c.regs[0].Store.View(ctx, func(t ledger.Tx) (err error) {
			writes[i], _, err = c.stage[0].Look(ctx, &tx{t.(*store.Tx), nil, false}, 0)
			return err
		}))
	}
	for i, want := range []error{nil, problem.Conflict} {
		err := c.regs[0].Seq.Do(ctx, func(t ledger.Tx, b *ledger.Batch) error { return writes[i](ctx, &tx{t.(*store.Tx), b, false}) })
		if want == nil && err != nil || want != nil && !errors.Is(err, want) {
			t.Errorf("process %d: %v, want %v", i, err, want)
		}
	}
	if err := c.compare(); err != nil {
		t.Error(err)
	}
}
