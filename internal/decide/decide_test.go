package decide

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
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
	*store.Tx
	batch *ledger.Batch
}

func (s *step) Batch() *ledger.Batch                  { return s.batch }
func (s *step) Append(d ledger.Draft) (uint64, error) { return s.batch.Append(d) }

func (s *step) ProposedContent(ctx context.Context, index uint64) (*receipt.Content, error) {
	openings, err := s.Openings(ctx, index)
	if err != nil {
		return nil, err
	}
	return receipt.ParseContent(openings[0].Body)
}

// office is a register on SQLite with the stage before it.
type office struct {
	*storetest.Register
	t     testing.TB
	stage Stage[*step]
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
	o := &office{Register: storetest.New(t, s, 1), t: t}
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

func (o *office) policy(p list.Policy) {
	o.n++
	p.Version = version
	o.Must(o.t, o.Draft(o.t, fmt.Sprint("policy", o.n), receipt.Content{Kind: receipt.Policy, By: storetest.Person("ministry/amina")},
		p.Bytes(), nil, "ministry/amina", "south/dina"))
}

func (o *office) find(c ledger.Changes) {
	o.n++
	o.Must(o.t, o.Draft(o.t, fmt.Sprint("findings", o.n), receipt.Content{Kind: ledger.KindFindings, By: storetest.Office("detect")}, ledger.Encode(c), nil))
}

// look runs the stage once and returns how many acts it appended.
func (o *office) look() uint64 {
	o.t.Helper()
	var n uint64
	err := o.Seq.Do(o.t.Context(), func(tx ledger.Tx, b *ledger.Batch) error {
		before := b.Size()
		err := o.stage.write(o.t.Context(), &step{tx.(*store.Tx), b})
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
	return device.Finding{IMEI: imei.New(35227402, serial), Rule: "r", Version: version, Since: 20000, Strength: strength, Pairs: 1}
}

func prohibits(g list.Ground, ceiling uint64) list.Policy {
	return list.Policy{Rule: "r", Status: list.Prohibited, Ground: g, Ceiling: ceiling, DryRun: ceiling}
}

func TestAutomatic(t *testing.T) {
	incomplete, old, paired := found(3, 700), found(4, 700), found(5, 100)
	incomplete.Incomplete, old.Version = true, "0000000000000000"
	paired.Best = subscriber.Of(1010123456789, 0)
	tracked := prohibits(list.Barred, 1)
	tracked.Status = list.Tracked
	for _, c := range []struct {
		name   string
		policy list.Policy
		open   []device.Finding
		want   []string
	}{
		{"strongest first, the rest waits", prohibits(list.Barred, 2), []device.Finding{found(1, 1), found(2, 3), found(7, 2)},
			[]string{"listed 35227402000002 prohibited barred", "listed 35227402000007 prohibited barred"}},
		{"not on what is incomplete or of another version", prohibits(list.Barred, 9), []device.Finding{incomplete, old}, nil},
		{"no duplicate without a best claim", prohibits(list.Duplicate, 9), []device.Finding{found(1, 9), paired},
			[]string{"pair 35227402000005 allowed duplicate subscriber imsi-001010123456789 overrides duplicate", "listed 35227402000005 prohibited duplicate"}},
		{"tracking costs nothing", tracked, []device.Finding{found(1, 1), found(2, 1), found(3, 1)},
			[]string{"listed 35227402000001 tracked barred", "listed 35227402000002 tracked barred", "listed 35227402000003 tracked barred"}},
		{"a stopped rule does nothing", prohibits(list.Barred, 0), []device.Finding{found(1, 1)}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOffice(t, c.policy)
			o.find(ledger.Changes{Open: c.open})
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

// When a finding closes, the line and its pair go together, or neither does.
func TestLift(t *testing.T) {
	f := found(5, 100)
	f.Best = subscriber.Of(1010123456789, 0)
	o := newOffice(t, prohibits(list.Duplicate, 1))
	o.find(ledger.Changes{Open: []device.Finding{f}})
	o.look()
	o.find(ledger.Changes{Closed: []ledger.FindingKey{{IMEI: f.IMEI, Rule: "r"}}})
	for i, want := range []int{2, 0} {
		o.look()
		if got := o.lines(); len(got) != want {
			t.Errorf("look %d leaves %q, want %d lines", i, got, want)
		}
		o.Clock.Add(25 * time.Hour) // the ceiling was used up by the block
	}
	if len(o.notes) == 0 {
		t.Error("nothing tells that the lifting waited")
	}
}

// What people lifted the rule does not set again.
func TestPeopleHaveTheLastWord(t *testing.T) {
	o := newOffice(t, prohibits(list.Barred, 5))
	o.find(ledger.Changes{Open: []device.Finding{found(1, 1)}})
	o.look()
	o.Must(t, o.Draft(t, "appeal", receipt.Content{Kind: receipt.Measure, By: storetest.Person("ministry/bela")},
		[]byte("drop listed 35227402000001 prohibited barred\n"), nil, "ministry/bela", "north/chidi"))
	if n := o.look(); n != 0 || len(o.lines()) != 0 {
		t.Errorf("%d acts appended, %q stands", n, o.lines())
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

// 20,000 findings, decided in one transaction that commits synced.
func BenchmarkAutomatic(b *testing.B) {
	const n = 20_000
	for b.Loop() {
		b.StopTimer()
		o := newOffice(b, prohibits(list.Barred, n))
		var c ledger.Changes
		for i := range n {
			c.Open = append(c.Open, found(uint32(i), i%1000))
		}
		o.find(c)
		b.StartTimer()
		if got := o.look(); got != n {
			b.Fatalf("%d acts, want %d", got, n)
		}
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "decisions/s")
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
