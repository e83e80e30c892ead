package cases

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/authz"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/receipt"
)

// View is what is read of the register.
type View interface {
	// Case returns where a case stands.
	Case(ctx context.Context, number string) (ledger.CaseRow, bool, error)
	ActByKey(ctx context.Context, key receipt.Digest) (ledger.ActRow, bool, error)
	Opening(ctx context.Context, index uint64, part string) (ledger.StoredOpening, bool, error)
}

// Tx is what is written through.
type Tx interface {
	View
	Append(d ledger.Draft) (uint64, error)
	Batch() *ledger.Batch
}

// Docket is a case with all that was done on it.
type Docket struct {
	Number   Number
	Case     *Case // nil before the first entry
	Place    string
	Assigned string
	Devices  []imei.IMEI
	Entries  []Entry
}

// Entry is one event of a case, as it is recorded.
type Entry struct {
	Index uint64 // of the record
	ledger.CaseStep
	ledger.CaseText      // what was said with it
	Erased          bool // so that its text is gone
}

// Read reads a case and plays it again from its first event. A case that did not come about as its
// machine has it is problem.Broken.
func Read(ctx context.Context, view View, n Number) (*Docket, error) {
	row, there, err := view.Case(ctx, n.String())
	if err != nil {
		return nil, fmt.Errorf("looking for the case %s: %w", n, err)
	}
	if !there {
		return nil, problem.New(problem.NotFound, "there is no case %s that you may see", n)
	}
	d := &Docket{Number: n}
	for i := int64(1); i <= row.Events; i++ {
		e, err := readEntry(ctx, view, ledger.CaseKey(row.Number, i))
		if err == nil {
			err = d.add(e)
		}
		if err != nil {
			return nil, problem.New(problem.Broken, "event %d of the case %s: %w", i, n, err)
		}
	}
	if d.Case == nil || d.row() != row {
		return nil, problem.New(problem.Broken, "the case %s does not stand where its events lead: run ceir ledger verify", n)
	}
	return d, nil
}

// readEntry reads the event that has a key.
func readEntry(ctx context.Context, view View, key receipt.Digest) (e Entry, err error) {
	act, there, err := view.ActByKey(ctx, key)
	if err != nil || !there {
		return e, cmp.Or(err, errors.New("it is not in the ledger"))
	}
	e.Index = act.Index
	effect, there, err := view.Opening(ctx, act.Index, ledger.PartEffect)
	if err != nil || !there {
		return e, cmp.Or(err, errors.New("what was done is not kept"))
	}
	if e.CaseStep, err = ledger.Decode[ledger.CaseStep](effect.Body); err != nil {
		return e, err
	}
	if !e.Said {
		return e, nil
	}
	text, there, err := view.Opening(ctx, act.Index, ledger.PartPersonal)
	if err != nil || !there {
		e.Erased = err == nil
		return e, err
	}
	e.CaseText, err = ledger.Decode[ledger.CaseText](text.Body)
	return e, err
}

// add plays one more event that is recorded.
func (d *Docket) add(e Entry) error {
	next, err := d.after(&e)
	if err != nil {
		return err
	}
	if was, is := &e.CaseStep, d.step(next, &e); was.State != is.State || was.Since != is.Since || was.Due != is.Due || was.Closed != is.Closed || was.Events != is.Events {
		return fmt.Errorf("%q leads to %s, event %d, since %s, and %s, event %d, since %s is recorded", e.Step, is.State, is.Events, is.Since, was.State, was.Events, was.Since)
	}
	d.keep(next, e)
	return nil
}

// after returns the case after an event.
func (d *Docket) after(e *Entry) (*Case, error) {
	by := Actor{e.By, authz.Role(e.Role)}
	if d.Case == nil {
		m, known := Find(e.Sort)
		if !known || e.Step != Opened {
			return nil, problem.New(problem.Invalid, "it begins with %q of the sort %q", e.Step, e.Sort)
		}
		return Open(m, by, e.Day, e.Hands...)
	}
	if e.Sort != d.Case.Machine.Name {
		return nil, problem.New(problem.Invalid, "the case is a %s and no %s", d.Case.Machine.Name, e.Sort)
	}
	reason := e.Reason
	if e.Erased {
		reason = "erased"
	}
	return d.Case.Take(Event{Step: e.Step, By: by, Day: e.Day, Reason: reason, After: int(e.Events) - 1})
}

// step says where the case stands after an event.
func (d *Docket) step(c *Case, e *Entry) ledger.CaseStep {
	s := e.CaseStep
	s.Case, s.Sort, s.Events = d.Number.String(), c.Machine.Name, int64(c.Events)
	s.State, s.Since, s.Closed = c.State, c.Since, c.Outcome() != ""
	s.Due, _, _ = c.Due()
	return s
}

// keep makes an event part of the docket.
func (d *Docket) keep(c *Case, e Entry) {
	d.Case, d.Place, d.Assigned = c, e.Place, e.Assigned
	for _, m := range e.Devices {
		if !slices.Contains(d.Devices, m) {
			d.Devices = append(d.Devices, m)
		}
	}
	d.Entries = append(d.Entries, e)
}

// row is what the table must have of the case.
func (d *Docket) row() ledger.CaseRow {
	last := &d.Entries[len(d.Entries)-1]
	return ledger.CaseRow{Number: d.Number.String(), Index: last.Index, Sort: last.Sort, State: last.State, Since: last.Since, Due: last.Due,
		Closed: last.Closed, Events: last.Events, Place: last.Place, Assigned: last.Assigned}
}

// Desk is where cases are opened and steps are taken. The day of a step is that of the ledger's clock
// in Zone.
type Desk struct {
	Zone *time.Location
}

// Opening is what a case begins with.
type Opening struct {
	Number  Number // 0 for one that is drawn
	Machine *Machine
	By      Actor
	Place   string // organisation, and perhaps station, that gets it
	Devices []imei.IMEI
	Hands   []string // persons who had a hand in the measure that it is about
	Text    ledger.CaseText
}

// Open opens a case.
func (k Desk) Open(tx Tx, o *Opening) (*Docket, error) {
	n := o.Number
	if n == 0 {
		var err error
		if n, err = NewNumber(tx.Batch().Random()); err != nil {
			return nil, err
		}
	}
	if err := checkDevices(o.Machine, o.Devices); err != nil {
		return nil, err
	}
	d := &Docket{Number: n}
	e := Entry{CaseText: o.Text}
	e.Step, e.Sort, e.Place, e.Devices, e.Hands = Opened, o.Machine.Name, o.Place, o.Devices, o.Hands
	return d, k.enter(tx, d, o.By, 0, e)
}

// checkDevices refuses what no case of the sort can be about.
func checkDevices(sort *Machine, devices []imei.IMEI) error {
	if len(devices) > maxDevices {
		return problem.New(problem.Invalid, "a case is about at most %d identifiers, this has %d: open one for each device", maxDevices, len(devices))
	}
	for i, m := range devices {
		if m > imei.Max || slices.Contains(devices[:i], m) {
			return problem.New(problem.Invalid, "%s is no IMEI, or is there twice", m)
		}
		if why, nobody := imei.NonIdentifying(m); nobody && sort.Claims {
			return problem.New(problem.Invalid, "%s does not name one device (%s): look for the number on the box or with *#06#", m, why)
		}
	}
	return nil
}

// Move is a step with what comes with it.
type Move struct {
	Event
	Note     string // for those who work on the case
	Place    string // where the case goes, when it is handed over
	Assigned string // whom it is given to, when it is assigned
}

// Was reports whether an entry is the move, which somebody asks for again.
func (m *Move) Was(e *Entry) bool {
	return e.Step == m.Step && e.By == m.By.Name && e.Role == string(m.By.Role) && e.Reason == m.Reason && e.Note == m.Note &&
		(m.Place == "" || e.Place == m.Place) && (m.Assigned == "" || e.Assigned == m.Assigned)
}

// Take takes a step of a case that was read in the same transaction.
func (k Desk) Take(tx Tx, d *Docket, m *Move) error {
	e := Entry{CaseText: ledger.CaseText{Reason: m.Reason, Note: m.Note}}
	e.Step, e.Sort, e.Place, e.Assigned, e.Events = m.Step, d.Case.Machine.Name, d.Place, d.Assigned, int64(m.After)+1
	switch m.Step {
	case HandOver:
		e.Place, e.Assigned = m.Place, ""
	case Assign:
		e.Assigned = m.Assigned
	case TakeUp:
		e.Assigned = m.By.Name
	}
	if e.Step == HandOver && e.Place == "" || e.Step == Assign && e.Assigned == "" {
		return problem.New(problem.Invalid, "say to whom: %q needs a place or a person", e.Step)
	}
	return k.enter(tx, d, m.By, m.Day, e)
}

// enter appends an event and makes it part of the docket.
func (k Desk) enter(tx Tx, d *Docket, by Actor, day device.Day, e Entry) error {
	if err := checkText(e.CaseText); err != nil {
		return err
	}
	b := tx.Batch()
	e.By, e.Role, e.Day = by.Name, string(by.Role), day
	if by.Role != authz.Clock {
		e.Day = device.DayOf(b.Time(), k.Zone)
	}
	next, err := d.after(&e)
	if err != nil {
		return err
	}
	e.CaseStep = d.step(next, &e)
	e.Said = e.CaseText != (ledger.CaseText{})
	key := ledger.CaseKey(e.Case, e.Events)
	if _, taken, err := b.Lookup(key); err != nil || taken {
		return cmp.Or(err, problem.New(problem.Conflict, "the case %s went on meanwhile: look again", e.Case))
	}
	var text []byte
	if e.Said {
		text = ledger.Encode(e.CaseText)
	}
	c := receipt.Content{Kind: ledger.KindCase, Key: key, By: receipt.Author{Sort: receipt.Office, Name: "cases"}}
	draft, err := ledger.NewDraft(b.Random(), c, ledger.Encode(e.CaseStep), text)
	if err != nil {
		return err
	}
	if e.Index, err = tx.Append(draft); err != nil {
		return fmt.Errorf("recording %q of the case %s: %w", e.Step, e.Case, err)
	}
	d.keep(next, e)
	return nil
}

// checkText refuses what can not be shown to people as it was written.
func checkText(t ledger.CaseText) error {
	for _, f := range []struct {
		name, text string
		most       int
	}{{"reason", t.Reason, maxReason}, {"note", t.Note, maxNote}} {
		switch {
		case !utf8.ValidString(f.text):
			return problem.New(problem.Invalid, "the %s is no UTF-8 text", f.name)
		case utf8.RuneCountInString(f.text) > f.most:
			return problem.New(problem.Invalid, "the %s has more than %d characters: put the rest into a file and add it as evidence", f.name, f.most)
		case strings.ContainsFunc(f.text, unseen):
			return problem.New(problem.Invalid, "the %s has characters that can not be seen, or that turn the order of others round: write it without them", f.name)
		}
	}
	return nil
}

// unseen reports controls but the line break and the tab, and what changes the direction of a text
// beyond its own letters (Unicode Standard Annex 9, explicit embeddings, overrides and isolates).
func unseen(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}
