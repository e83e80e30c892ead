package cases

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/authz"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/internal/store"
	"github.com/openceir/openceir/internal/store/storetest"
	"github.com/openceir/openceir/receipt"
)

// office is a desk with a register behind it.
type office struct {
	testing.TB
	*storetest.Register
	Desk
	day device.Day // the last complete one
}

func newOffice(t testing.TB) *office {
	s, err := store.Open(t.Context(), store.Config{Data: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	o := &office{t, storetest.New(t, s, 1), Desk{time.UTC}, 0}
	o.day = device.DayOf(o.Clock.Now(), time.UTC) - 1
	return o
}

// transaction is what stages are handed.
type transaction struct {
	*store.Tx
	batch *ledger.Batch
	day   device.Day
}

func (tx transaction) Batch() *ledger.Batch                              { return tx.batch }
func (tx transaction) Append(d ledger.Draft) (uint64, error)             { return tx.batch.Append(d) }
func (tx transaction) LastDay(context.Context) (device.Day, bool, error) { return tx.day, true, nil }

func (o *office) do(f func(transaction) error) error {
	return o.Seq.Do(o.Context(), func(tx ledger.Tx, b *ledger.Batch) error { return f(transaction{tx.(*store.Tx), b, o.day}) })
}

func (o *office) must(f func(transaction) error) {
	o.Helper()
	if err := o.do(f); err != nil {
		o.Fatal(err)
	}
}

func (o *office) view(f func(*store.Tx) error) {
	o.Helper()
	if err := o.Store.View(o.Context(), func(tx ledger.Tx) error { return f(tx.(*store.Tx)) }); err != nil {
		o.Fatal(err)
	}
}

func (o *office) opens(m *Machine, by Actor, devices ...imei.IMEI) (d *Docket) {
	o.Helper()
	o.must(func(tx transaction) (err error) {
		d, err = o.Open(tx, &Opening{Machine: m, By: by, Place: "police/harbour", Devices: devices, Text: ledger.CaseText{Reason: "left on the bus"}})
		return err
	})
	return d
}

// takes takes a step of a case as it stands; after is how many events whoever takes it has seen, 0 for all.
func (o *office) takes(n Number, m Move) (d *Docket, err error) {
	err = o.do(func(tx transaction) (err error) {
		if d, err = Read(o.Context(), tx, n); err != nil {
			return err
		}
		if m.After == 0 {
			m.After = d.Case.Events
		}
		return o.Take(tx, d, &m)
	})
	return d, err
}

func (o *office) read(n Number) (d *Docket) {
	o.Helper()
	o.view(func(tx *store.Tx) (err error) { d, err = Read(o.Context(), tx, n); return err })
	return d
}

// sound wants the register without a fault, cases included.
func (o *office) sound() {
	o.Helper()
	o.Clean(o.TB)
	if f := o.faults(); len(f) > 0 {
		o.Error(f)
	}
}

func (o *office) faults() (f []ledger.Fault) {
	o.Helper()
	o.view(func(tx *store.Tx) (err error) { f, err = Verify(o.Context(), tx); return err })
	return f
}

var (
	ann    = Actor{"K7", authz.Citizen}
	bob    = Actor{"police/bob", authz.PoliceOfficer}
	carl   = Actor{"police/carl", authz.PoliceSupervisor}
	phone  = imei.New(35904222, 514492)
	second = imei.New(35904222, 514493) // its other slot
)

func TestDesk(t *testing.T) {
	o := newOffice(t)
	d := o.opens(&report, ann, phone, second)
	for _, m := range []Move{
		{Event: Event{Step: "confirm", By: ann}},
		{Event: Event{Step: Assign, By: bob}, Assigned: "police/bob", Note: "the bus company has a camera"},
		{Event: Event{Step: HandOver, By: carl, Reason: "it was stolen there"}, Place: "police/market"},
		{Event: Event{Step: "block", By: bob}},
	} {
		var err error
		if d, err = o.takes(d.Number, m); err != nil {
			t.Fatalf("%s: %v", m.Step, err)
		}
	}
	got := o.read(d.Number)
	if !reflect.DeepEqual(got, d) {
		t.Errorf("it was written as %+v and is read as %+v", d, got)
	}
	if got.Case.State != "ordered" || got.Place != "police/market" || got.Assigned != "" || !slices.Equal(got.Devices, []imei.IMEI{phone, second}) {
		t.Errorf("it is %+v", got)
	}
	if e := got.Entries; len(e) != 5 || e[0].Reason != "left on the bus" || e[2].Note == "" || e[1].Said || e[4].By != "police/bob" {
		t.Errorf("what was done is %+v", e)
	}
	o.view(func(tx *store.Tx) error {
		for _, m := range []imei.IMEI{phone, second} {
			if rows, err := tx.CasesOf(t.Context(), m); err != nil || len(rows) != 1 || rows[0] != got.row() {
				t.Errorf("of %s there is %v, %v", m, rows, err)
			}
		}
		return nil
	})
	o.sound()
}

// What is refused leaves nothing behind.
func TestDeskRefuses(t *testing.T) {
	o := newOffice(t)
	n := o.opens(&report, ann, phone).Number
	size := func() (n uint64) {
		o.view(func(tx *store.Tx) error { h, err := tx.Head(t.Context()); n = h.Size; return err })
		return n
	}
	was := size()
	long := strings.Repeat("ក", maxReason)
	for name, c := range map[string]struct {
		kind problem.Kind
		move Move
	}{
		"may not":           {problem.Refused, Move{Event: Event{Step: "cancel", By: bob}}},
		"can not \"block\"": {problem.Refused, Move{Event: Event{Step: "block", By: bob}}},
		"went on":           {problem.Conflict, Move{Event: Event{Step: "confirm", By: ann, After: 2}}},
		"to whom":           {problem.Invalid, Move{Event: Event{Step: Assign, By: bob}}},
		"place or a person": {problem.Invalid, Move{Event: Event{Step: HandOver, By: carl, Reason: "so"}}},
		"more than 2000":    {problem.Invalid, Move{Event: Event{Step: "confirm", By: ann, Reason: long + "ក"}}},
		"no UTF-8":          {problem.Invalid, Move{Event: Event{Step: "confirm", By: ann, Reason: "\xff"}}},
		"order of others":   {problem.Invalid, Move{Event: Event{Step: "confirm", By: ann, Reason: "exe.\u202egnp"}}},
		"can not be seen":   {problem.Invalid, Move{Event: Event{Step: "confirm", By: ann}, Note: "a\x00b"}},
		"without a name":    {problem.Broken, Move{Event: Event{Step: "confirm", By: Actor{"", authz.Citizen}}}},
		"has not come":      {problem.Refused, Move{Event: Event{Step: "forget", By: Actor{"", authz.Clock}, Day: o.day}}},
	} {
		if _, err := o.takes(n, c.move); err == nil || problem.Of(err) != c.kind || !strings.Contains(err.Error(), name) {
			t.Errorf("wanted %s, %s, got %v", c.kind, name, err)
		}
	}
	many := make([]imei.IMEI, maxDevices+1)
	for i := range many {
		many[i] = phone + imei.IMEI(i)
	}
	for name, devices := range map[string][]imei.IMEI{"at most": many, "is there twice": {phone, phone}, "no IMEI": {imei.Max + 1}, "does not name one device": {99999999999999}} {
		err := o.do(func(tx transaction) error {
			_, err := o.Open(tx, &Opening{Machine: &report, By: ann, Devices: devices})
			return err
		})
		if problem.Of(err) != problem.Invalid || !strings.Contains(err.Error(), name) {
			t.Errorf("wanted %s, got %v", name, err)
		}
	}
	if err := o.do(func(tx transaction) error { _, err := Read(t.Context(), tx, n+1); return err }); problem.Of(err) != problem.NotFound {
		t.Error(err)
	}
	o.opens(&appeal, ann, 99999999999999) // whoever is refused by such a value is heard
	was++
	if now := size(); now != was {
		t.Errorf("there are %d records, there were %d", now, was)
	}
	if _, err := o.takes(n, Move{Event: Event{Step: "confirm", By: ann, Reason: long}}); err != nil {
		t.Error(err)
	}
	o.sound()
}

// Two who take a step of the same case at once do not both succeed, and the one that is late is told.
func TestTwoAtOneDesk(t *testing.T) {
	o := newOffice(t)
	n := o.opens(&report, ann, phone).Number
	o.must(func(tx transaction) error {
		one, err := Read(t.Context(), tx, n)
		if err != nil {
			return err
		}
		other, err := Read(t.Context(), tx, n)
		if err != nil {
			return err
		}
		if err := o.Take(tx, one, &Move{Event: Event{Step: "confirm", By: ann, After: 1}}); err != nil {
			return err
		}
		if err := o.Take(tx, other, &Move{Event: Event{Step: "cancel", By: ann, After: 1}}); problem.Of(err) != problem.Conflict {
			t.Error(err)
		}
		return o.Take(tx, one, &Move{Event: Event{Step: "block", By: bob, After: 2}}) // the same docket goes on
	})
	if d := o.read(n); d.Case.State != "ordered" || len(d.Entries) != 3 {
		t.Errorf("it is %+v", d)
	}
	o.sound()
}

// What was said can be erased, and the case still stands and goes on.
func TestErasedText(t *testing.T) {
	o := newOffice(t)
	n := o.opens(&report, ann, phone).Number
	for _, m := range []Move{{Event: Event{Step: "confirm", By: ann}}, {Event: Event{Step: "reject", By: bob, Reason: "it was on the table"}}} {
		if _, err := o.takes(n, m); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range o.read(n).Entries {
		if e.Said {
			o.must(func(tx transaction) error { return tx.batch.Erase(e.Index, storetest.Office("privacy")) })
		}
	}
	d := o.read(n)
	if e := d.Entries[2]; !e.Erased || e.Reason != "" || d.Entries[1].Erased || d.Case.State != "rejected" {
		t.Errorf("it is %+v", d)
	}
	if _, err := o.takes(n, Move{Event: Event{Step: "reopen", By: ann, Reason: "no, it was stolen"}}); err != nil {
		t.Error(err)
	}
	o.sound()
}

// Whoever writes steps into the ledger that the machine does not have is found.
func TestUnlawfulSteps(t *testing.T) {
	for name, spoil := range map[string]func(*ledger.CaseStep){
		"":                       func(*ledger.CaseStep) {},
		"may not":                func(s *ledger.CaseStep) { s.Role = string(authz.HelpDesk) },
		"can not \"enforce\"":    func(s *ledger.CaseStep) { s.Step, s.State, s.Closed = "enforce", "enforced", false },
		"say why":                func(s *ledger.CaseStep) { s.Said = false },
		"and lapsed, event":      func(s *ledger.CaseStep) { s.State = "lapsed" },
		"is recorded":            func(s *ledger.CaseStep) { s.Since -= 5 },
		"not in the ledger":      func(s *ledger.CaseStep) { s.Events++ },
		"is a report and no app": func(s *ledger.CaseStep) { s.Sort = "appeal" },
		"without a name":         func(s *ledger.CaseStep) { s.By = "" },
		"mistyped":               func(s *ledger.CaseStep) { s.Case, s.Events = "1000-0000-0003", 1 },
	} {
		o := newOffice(t)
		n := o.opens(&report, ann, phone).Number
		d, err := o.takes(n, Move{Event: Event{Step: "confirm", By: ann}})
		if err != nil {
			t.Fatal(err)
		}
		step := ledger.CaseStep{Case: n.String(), Sort: "report", Step: "reject", By: bob.Name, Role: string(bob.Role), Day: d.Case.Since,
			Events: 3, State: "rejected", Since: d.Case.Since, Closed: true, Place: d.Place, Said: true}
		spoil(&step)
		o.Must(t, o.Draft(t, "unlawful", receipt.Content{Kind: ledger.KindCase, By: storetest.Office("cases"), Key: ledger.CaseKey(step.Case, step.Events)},
			ledger.Encode(step), ledger.Encode(ledger.CaseText{Reason: "no"})))
		o.Clean(t) // the ledger itself is whole
		f := o.faults()
		if name == "" && len(f) > 0 || name != "" && (len(f) != 1 || f[0].Table != "cases" || f[0].Row != step.Case || !strings.Contains(f[0].Text, name)) {
			t.Errorf("%q: %v", name, f)
		}
		if err := o.do(func(tx transaction) error { _, err := Read(t.Context(), tx, n); return err }); step.Case == n.String() && (err == nil) != (name == "") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// The clock takes each step on the day after the time is over, not before, and all of them however
// many there are.
func TestClock(t *testing.T) {
	o := newOffice(t)
	const many = 2*dueAtOnce + 2
	var drafts []Number
	o.must(func(tx transaction) error {
		for i := range many {
			d, err := o.Open(tx, &Opening{Machine: &report, By: ann, Devices: []imei.IMEI{phone + imei.IMEI(i)}})
			if err != nil {
				return err
			}
			drafts = append(drafts, d.Number)
		}
		return nil
	})
	other := o.opens(&appeal, ann, phone).Number
	var notes []string
	clock := &Clock[transaction]{Desk: o.Desk, Note: func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }}
	after, rounds := uint64(0), 0
	run := func() {
		t.Helper()
		for {
			var write func(context.Context, transaction) error
			o.view(func(tx *store.Tx) (err error) {
				write, after, err = clock.Look(t.Context(), transaction{tx, nil, o.day}, after)
				return err
			})
			if write == nil {
				return
			}
			rounds++
			o.must(func(tx transaction) error { return write(t.Context(), tx) })
		}
	}
	passes := func(days int) {
		o.day += device.Day(days)
		o.Clock.Add(time.Duration(days) * 24 * time.Hour)
		o.Must(t, o.Draft(t, o.day.String(), receipt.Content{Kind: ledger.KindDay, By: storetest.Office("clock")}, ledger.Encode(ledger.Day{Day: o.day}), nil))
		run()
	}
	run()
	passes(2) // the last day to confirm is not over
	if d := o.read(drafts[0]); d.Case.State != "drafted" {
		t.Errorf("it is %s", d.Case.State)
	}
	if _, err := o.takes(drafts[7], Move{Event: Event{Step: "confirm", By: ann}}); err != nil {
		t.Fatal(err)
	}
	passes(1)
	for i, n := range drafts {
		want := "lapsed"
		if i == 7 {
			want = "received"
		}
		if d := o.read(n); d.Case.State != want {
			t.Fatalf("draft %d is %s", i, d.Case.State)
		}
	}
	if rounds != 3 || len(notes) > 0 {
		t.Errorf("it took %d rounds, notes %v", rounds, notes)
	}
	passes(2)
	if d := o.read(other); d.Case.State != "filed" {
		t.Errorf("the appeal is %s", d.Case.State)
	}
	passes(1)
	if d := o.read(other); d.Case.State != "overdue" {
		t.Errorf("the appeal is %s", d.Case.State)
	}
	o.sound()
}
