package decide

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/internal/store"
	"github.com/openceir/openceir/internal/store/storetest"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
	"github.com/openceir/openceir/subscriber"
)

// step is the transaction that the stage is handed.
type step struct {
	storetest.Questions
	open  map[string]device.Finding
	batch *ledger.Batch
	asked int // for findings
}

// FindingsOfRules asks for the parts of findings, as the centre does, so that the question can fail,
// and answers from memory.
func (s *step) FindingsOfRules(ctx context.Context, rules ...string) (map[string][]*device.Finding, error) {
	s.asked++
	_, err := s.FindingParts(ctx)
	of := map[string][]*device.Finding{}
	for _, f := range s.open {
		if slices.Contains(rules, f.Rule) {
			f.Params, f.Evidence = nil, nil
			of[f.Rule] = append(of[f.Rule], &f)
		}
	}
	return of, err
}

// FillIn asks for the parts too.
func (s *step) FillIn(ctx context.Context, findings []*device.Finding) error {
	_, err := s.FindingParts(ctx)
	for _, f := range findings {
		whole := s.open[f.Key()]
		f.Params, f.Evidence = whole.Params, whole.Evidence
	}
	return err
}

// nextEpisode returns a first day for an episode that nobody can know of yet.
func (o *office) nextEpisode() device.Day { return device.DayOf(o.Clock.Now(), time.UTC) + 1 }

// today is the last complete day.
const today = device.Day(20001)

func (s *step) LastDay(context.Context) (device.Day, bool, error) { return today, true, nil }

func (s *step) Batch() *ledger.Batch                  { return s.batch }
func (s *step) Append(d ledger.Draft) (uint64, error) { return s.batch.Append(d) }

func (s *step) Body(ctx context.Context, index uint64) ([]byte, error) {
	openings, err := s.Openings(ctx, index)
	if err != nil {
		return nil, err
	}
	return openings[0].Body, nil
}

// office is a register on SQLite with the stage before it.
type office struct {
	*storetest.Register
	t     testing.TB
	stage Stage[*step]
	open  map[string]device.Finding // by key
	notes []string
	n     int
}

const version = "3fa94be07d11c2aa"

func newOffice(t testing.TB, policies ...list.Policy) *office {
	s, err := store.Open(t.Context(), store.Config{Data: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	o := &office{Register: storetest.New(t, s, 1), t: t, open: map[string]device.Finding{}}
	o.stage = Stage[*step]{Note: func(f string, a ...any) { o.notes = append(o.notes, fmt.Sprintf(f, a...)) }}
	amina := storetest.Person("ministry/amina")
	o.Must(t, o.Draft(t, "founding", receipt.Content{Kind: receipt.Founding, By: amina}, storetest.Directory().Bytes(), nil, "ministry/amina", "north/chidi"))
	o.Must(t, o.Draft(t, "active", receipt.Content{Kind: receipt.Denominator, By: amina},
		list.Active{Pairs: 100_000_000, Day: "2026-11-22"}.Bytes(), nil, "ministry/amina", "south/dina"))
	for i := range policies {
		o.policy(policies[i])
	}
	return o
}

// policy puts a policy in force; two organisations sign it if nobody is named.
func (o *office) policy(p list.Policy, signers ...string) {
	o.n++
	p.Version = version
	if len(signers) == 0 {
		signers = []string{"ministry/amina", "south/dina"}
	}
	o.Must(o.t, o.Draft(o.t, fmt.Sprint("policy", o.n), receipt.Content{Kind: receipt.Policy, By: storetest.Person("ministry/amina")},
		p.Bytes(), nil, signers...))
}

// people have two organisations change the list.
func (o *office) people(ops string) {
	o.n++
	o.Must(o.t, o.Draft(o.t, fmt.Sprint("people", o.n), receipt.Content{Kind: receipt.Measure, By: storetest.Person("ministry/bela")},
		[]byte(ops), nil, "ministry/bela", "north/chidi"))
}

// tomorrow lets the sums of the day fall.
func (o *office) tomorrow() { o.Clock.Add(25 * time.Hour) }

// stands compares the list with what it must be after one look, and has the next look do nothing.
func (o *office) stands(want ...string) {
	o.t.Helper()
	o.look()
	if got := o.lines(); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		o.t.Errorf("\n got %q\nwant %q", got, want)
	}
	if n := o.look(); n != 0 {
		o.t.Errorf("looking again appended %d acts", n)
	}
}

// told reports whether a note since the last question says so.
func (o *office) told(text string) bool {
	defer func() { o.notes = nil }()
	return strings.Contains(strings.Join(o.notes, "\n"), text)
}

// changes is what a run of detection would change.
type changes struct {
	Open   []device.Finding
	Closed []findingKey
}

type findingKey struct {
	IMEI imei.IMEI
	Rule string
}

func (o *office) find(c changes) {
	o.n++
	for _, k := range c.Closed {
		f := device.Finding{IMEI: k.IMEI, Rule: k.Rule}
		delete(o.open, f.Key())
	}
	for _, f := range c.Open {
		o.open[f.Key()] = f
	}
	o.Must(o.t, o.Draft(o.t, fmt.Sprint("findings", o.n), receipt.Content{Kind: ledger.KindFindings, By: storetest.Office("detect")},
		ledger.Encode(ledger.Detection{Upto: uint64(o.n)}), nil))
}

// look runs the stage once and returns how many acts it appended.
func (o *office) look() uint64 {
	o.t.Helper()
	var n uint64
	err := o.Seq.Do(o.t.Context(), func(tx ledger.Tx, b *ledger.Batch) error {
		before := b.Size()
		err := o.stage.write(o.t.Context(), &step{Questions: tx.(storetest.Questions), open: o.open, batch: b})
		n = b.Size() - before
		return err
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return n
}

func (o *office) lines() (out []string) {
	st, err := o.Seq.Fresh(o.t.Context())
	if err != nil {
		o.t.Fatal(err)
	}
	for l := range st.Table.Lines() {
		out = append(out, l.String())
	}
	return out
}

func found(serial uint32, strength int) device.Finding {
	return device.Finding{IMEI: imei.New(35227402, serial), Rule: "r", Version: version, Since: 20000, Found: today, Block: today, Strength: strength, Pairs: 1}
}

func prohibits(g list.Ground, ceiling uint64) list.Policy {
	return list.Policy{Rule: "r", Status: list.Prohibited, Ground: g, Ceiling: ceiling, DryRun: ceiling}
}

func TestAutomatic(t *testing.T) {
	incomplete, old, paired := found(3, 700), found(4, 700), found(5, 100)
	incomplete.Incomplete, old.Version = true, "0000000000000000"
	paired.Best = subscriber.Of(1010123456789, 0)
	graced, informs, ended := found(3, 700), found(4, 700), found(6, 700)
	graced.Block, informs.Block, ended.Ended = today+1, 0, today
	blank, shared := found(0, 900), found(0, 900)
	blank.IMEI, shared.IMEI = 0, imei.New(35227301, 738634)
	tracked := prohibits(list.Barred, 1)
	tracked.Status = list.Tracked
	stopped := tracked
	stopped.Ceiling = 0
	for _, c := range []struct {
		name   string
		policy list.Policy
		open   []device.Finding
		want   []string
	}{
		{"strongest first, the rest waits", prohibits(list.Barred, 2), []device.Finding{found(1, 1), found(2, 3), found(7, 2)},
			[]string{"listed 35227402000002 prohibited barred", "listed 35227402000007 prohibited barred"}},
		{"not on what is incomplete or of another version", prohibits(list.Barred, 9), []device.Finding{incomplete, old}, nil},
		{"not before its grace is over, nor where none is given, nor when it holds no more", prohibits(list.Barred, 9), []device.Finding{graced, informs, ended}, nil},
		{"not on a value that names no device", prohibits(list.Barred, 9), []device.Finding{blank, shared}, nil},
		{"no duplicate without a best claim", prohibits(list.Duplicate, 9), []device.Finding{found(1, 9), paired},
			[]string{"pair 35227402000005 allowed duplicate subscriber imsi-001010123456789 overrides duplicate", "listed 35227402000005 prohibited duplicate"}},
		{"tracking costs nothing", tracked, []device.Finding{found(1, 1), found(2, 1), found(3, 1)},
			[]string{"listed 35227402000001 tracked barred", "listed 35227402000002 tracked barred", "listed 35227402000003 tracked barred"}},
		{"a stopped rule does nothing", prohibits(list.Barred, 0), []device.Finding{found(1, 1)}, nil},
		{"nor where it would cost nothing", stopped, []device.Finding{found(1, 1)}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOffice(t, c.policy)
			o.find(changes{Open: c.open})
			o.look()
			if got := o.lines(); fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("got %q\nwant %q", got, c.want)
			}
			if n := o.look(); n != 0 {
				t.Errorf("looking again appended %d acts", n)
			}
			o.Clean(t)
		})
	}
}

// propose announces a measure and returns how people sign it.
func (o *office) propose(ops string) (receipt.Content, func(person string, v receipt.Verdict) error) {
	o.n++
	d := o.Draft(o.t, fmt.Sprint("asked", o.n), receipt.Content{Kind: receipt.Measure, By: storetest.Person("ministry/amina")}, []byte(ops), nil)
	submit := func(d ledger.Draft) (uint64, error) { return o.Seq.Submit(o.t.Context(), d) }
	if _, err := Propose(submit, storetest.Random(uint64(o.n), "propose"), d, "why"); err != nil {
		o.t.Fatal(err)
	}
	return d.Content, func(person string, v receipt.Verdict) error {
		a := storetest.Approval(person, &d.Content)
		if v != a.Verdict {
			a = signedAs(person, v, &d.Content)
		}
		var given []ledger.SignatureRow
		o.Store.View(o.t.Context(), func(tx ledger.Tx) (err error) {
			given, err = tx.(*store.Tx).SignaturesOf(o.t.Context(), d.Content.Digest())
			return err
		})
		return Sign(submit, storetest.Random(uint64(len(given)), person), storetest.Directory(), &d.Content, given, a)
	}
}

// signedAs signs with a person's key, as storetest derives it, whatever they mean by it.
func signedAs(person string, v receipt.Verdict, c *receipt.Content) receipt.Approval {
	seed := sha256.Sum256([]byte("key of " + person))
	return receipt.Sign(ed25519.NewKeyFromSeed(seed[:]), person, v, c.Digest())
}

const ask = "set listed 35227402000009 prohibited barred\n"

func TestProposals(t *testing.T) {
	type signature struct {
		person string
		v      receipt.Verdict
		kind   problem.Kind // of the refusal
	}
	for _, c := range []struct {
		name    string
		given   []signature
		enacted bool
	}{
		{"nobody", nil, false},
		{"the author asks", []signature{{"ministry/amina", receipt.Asks, ""}}, true},
		{"twice the same", []signature{{"ministry/amina", receipt.Asks, ""}, {"ministry/amina", receipt.Asks, ""}}, true},
		{"a denial, then approvals", []signature{{"north/chidi", receipt.Deny, ""}, {"ministry/amina", receipt.Asks, ""}, {"ministry/bela", receipt.Approve, ""}}, false},
		{"a changed mind is told", []signature{{"north/chidi", receipt.Deny, ""}, {"north/chidi", receipt.Approve, problem.Refused}, {"ministry/amina", receipt.Asks, ""}}, false},
		{"self-approval", []signature{{"ministry/amina", receipt.Approve, problem.Refused}}, false},
		{"asking for another", []signature{{"ministry/bela", receipt.Asks, problem.Refused}}, false},
		{"unknown", []signature{{"ministry/zed", receipt.Approve, problem.Refused}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOffice(t)
			_, sign := o.propose(ask)
			for _, g := range c.given {
				err := sign(g.person, g.v)
				if (err != nil) != (g.kind != "") || err != nil && problem.Of(err) != g.kind {
					t.Errorf("%s %s: %v, want %q", g.person, g.v, err, g.kind)
				}
			}
			for range 2 {
				o.look()
			}
			if got := len(o.lines()) == 1; got != c.enacted {
				t.Errorf("enacted %v, want %v; notes %q", got, c.enacted, o.notes)
			}
			o.Clean(t)
		})
	}
}

func TestForgedSignature(t *testing.T) {
	o := newOffice(t)
	c, _ := o.propose(ask)
	a := storetest.Approval("ministry/bela", &c)
	a.Person = "north/chidi"
	err := Sign(func(ledger.Draft) (uint64, error) { t.Fatal("it was appended"); return 0, nil }, bytes.NewReader(nil), storetest.Directory(), &c, nil, a)
	if problem.Of(err) != problem.Refused {
		t.Errorf("a forged signature: %v", err)
	}
}

// Whoever has left the directory does not count, and does not stand in the way of the others.
func TestSignerLeft(t *testing.T) {
	o := newOffice(t)
	_, sign := o.propose(ask)
	if err := sign("ministry/bela", receipt.Approve); err != nil {
		t.Fatal(err)
	}
	d := storetest.Directory()
	delete(d.Persons, "ministry/bela")
	o.Must(t, o.Draft(t, "next", receipt.Content{Kind: receipt.Founding, By: storetest.Person("ministry/amina")}, d.Bytes(), nil, "ministry/amina", "north/chidi"))
	if o.look(); len(o.lines()) != 0 {
		t.Error("it was enacted on the word of somebody who has left")
	}
	if err := sign("ministry/amina", receipt.Asks); err != nil {
		t.Fatal(err)
	}
	if o.look(); len(o.lines()) != 1 {
		t.Errorf("somebody who has left stands in the way: %q", o.notes)
	}
}

// office is the content of a step of a part of the system.
func (o *office) office(name string) receipt.Content {
	return receipt.Content{Kind: ledger.KindStep, By: storetest.Office(name)}
}

// A denial outlives its author's place in the directory.
func TestDenierLeft(t *testing.T) {
	o := newOffice(t)
	_, sign := o.propose(ask)
	if err := sign("ministry/bela", receipt.Deny); err != nil {
		t.Fatal(err)
	}
	d := storetest.Directory()
	delete(d.Persons, "ministry/bela")
	o.Must(t, o.Draft(t, "next", receipt.Content{Kind: receipt.Founding, By: storetest.Person("ministry/amina")}, d.Bytes(), nil, "ministry/amina", "north/chidi"))
	if err := sign("ministry/amina", receipt.Asks); err != nil {
		t.Fatal(err)
	}
	o.stands()
	o.Clean(t)
}
