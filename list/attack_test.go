package list

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/receipt"
)

// The attacks begin from this: a country with a few honest lines, and a network that saw ten
// thousand devices of one TAC, and a million subscribers with one IMEI.
const (
	common = "35227301"       // a TAC that everybody has
	shared = "35111111000009" // an IMEI on a million handsets
)

func honest(t testing.TB) (*world, census) {
	w := newWorld(t)
	w.add(act{kind: receipt.Policy, body: (&Policy{Rule: "clones", Version: "v1", Status: Prohibited, Ground: Duplicate, Ceiling: 50, DryRun: 20}).Bytes(),
		signers: []string{eva}})
	w.measure(lines("set listed %s prohibited stolen", common, 0, 60), eva)
	w.now = w.now.Add(48 * time.Hour)
	w.add(act{kind: receipt.Measure, by: rule("clones"), authority: 2,
		body: []byte("set pair 35227301000700 allowed duplicate subscriber imsi-001010123456789 overrides duplicate\n")})
	w.add(act{kind: receipt.Measure, by: rule("clones"), authority: 2, body: []byte("set listed 35227301000700 prohibited duplicate\n")})
	w.measure("set listed 35999901 prohibited not-allocated\n", dani)
	w.measure("set exempt 35227301002000 allowed protected\nset listed 35227301002000 prohibited barred\n", dani)
	w.now = w.now.Add(48 * time.Hour)
	c := census{mustIMEI(t, shared): 1_000_000}
	for i := range 10_000 {
		c[mustIMEI(t, fmt.Sprintf("%s%06d", common, i))] = 1
	}
	return w, c
}

// state is everything of a replica that an attack must not change.
func state(r *Replica) string {
	return fmt.Sprintf("%x %v %+v", r.Table().Digest(), r.head, r.guard)
}

type attack struct {
	name string
	want string // part of the error
	make func(w *world) (manifest, body []byte)
}

func delta(change func(w *world)) func(*world) ([]byte, []byte) {
	return func(w *world) ([]byte, []byte) {
		from := w.size()
		change(w)
		return w.delta(from).sealed()
	}
}

func changed(change func(w *world), file func(*file)) func(*world) ([]byte, []byte) {
	return func(w *world) ([]byte, []byte) {
		from := w.size()
		change(w)
		return w.delta(from).with(file).sealed()
	}
}

func one(w *world) { w.measure("set listed 35227301000100 prohibited barred\n", amina) }
func two(w *world) { one(w); w.measure("set listed 35227301000101 prohibited barred\n", amina) }

// ops signs a measure of these ops by nobody but the attacker's friends.
func ops(text string, friends ...string) func(*world) ([]byte, []byte) {
	return delta(func(w *world) { w.measure(text, friends...) })
}

func TestAttacks(t *testing.T) {
	w, seen := honest(t)
	started := w.size()
	attacks := append(append(forgeries(), approvals()...), effects()...)
	for _, a := range append(attacks, times()...) {
		t.Run(a.name, func(t *testing.T) {
			r := w.replica()
			apply(t, r, w.snapshot(), seen, w.now)
			before := state(r)
			f := w.fork()
			f.t = t
			m, b := a.make(f)
			_, err := r.Apply(m, b, seen, w.now)
			if err == nil {
				t.Fatal("it was believed")
			}
			if !strings.Contains(err.Error(), a.want) {
				t.Errorf("held with %q, which does not say %q", err, a.want)
			}
			if after := state(r); after != before {
				t.Errorf("something changed:\n%s\n%s", before, after)
			}
			next := w.fork()
			next.t = t
			one(next)
			apply(t, r, next.delta(started), seen, w.now)
		})
	}
}

// forgeries are files that are not what they claim.
func forgeries() []attack {
	return []attack{
		{"truncated delta", "fetch it again", func(w *world) ([]byte, []byte) { m, b := delta(one)(w); return m, b[:len(b)-9] }},
		{"truncated delta signed again", "the text ends inside a line", func(w *world) ([]byte, []byte) {
			from := w.size()
			one(w)
			f := w.delta(from)
			b := f.body()
			return f.over(b[:len(b)-9]), b[:len(b)-9]
		}},
		{"manifest without signature", "has not signed it", func(w *world) ([]byte, []byte) {
			m, b := delta(one)(w)
			return m[:bytes.Index(m, []byte("\n\n"))+2], b
		}},
		{"delta across a gap", "ask for the delta from there", func(w *world) ([]byte, []byte) {
			one(w)
			from := w.size()
			two(w)
			return w.delta(from).sealed()
		}},
		{"delta from before", "ask for the delta from there", func(w *world) ([]byte, []byte) { one(w); return w.delta(started(w) - 1).sealed() }},
		{"delta to where it stands", "is already at", func(w *world) ([]byte, []byte) { return w.delta(w.size()).sealed() }},
		{"delta of another table", "changes another table", changed(one, func(f *file) { f.m.Before[3]++ })},
		{"second snapshot", "a snapshot only begins a replica", func(w *world) ([]byte, []byte) { one(w); return w.snapshot().sealed() }},
		{"older snapshot", "a snapshot only begins a replica", func(w *world) ([]byte, []byte) {
			old := *w
			old.entries = w.entries[:4]
			old.hashes = nil
			for _, e := range w.entries[:4] {
				old.entries = old.entries[:e.Record.Index]
				old.push(e)
			}
			return old.snapshot().sealed()
		}},
		{"empty snapshot", "a snapshot only begins a replica", func(w *world) ([]byte, []byte) {
			return w.snapshot().with(func(f *file) { f.table = NewTable(nil); f.m.After = f.table.Digest() }).sealed()
		}},
		{"stream of another operator", "this replica follows north", changed(one, func(f *file) { f.m.Stream = "south" })},
		{"key of another log", "has not signed it", func(w *world) ([]byte, []byte) {
			w.signer, _ = logKey(w.t, "other.example")
			return delta(one)(w)
		}},
		{"key of another log with the log's name", "has not signed it", func(w *world) ([]byte, []byte) {
			m, b := delta(one)(w)
			w.signer, _ = logKey(w.t, "other.example")
			m2, _ := delta(one)(w)
			line := bytes.LastIndex(bytes.TrimSuffix(m, []byte("\n")), []byte("\n"))
			line2 := bytes.LastIndex(bytes.TrimSuffix(m2, []byte("\n")), []byte("\n"))
			return append(m[:line:line], bytes.ReplaceAll(m2[line2:], []byte("other.example"), []byte("log.example"))...), b
		}},
		{"history rewritten and signed again", "its history was rewritten", func(w *world) ([]byte, []byte) {
			from := w.size()
			w.entries, w.hashes = nil, nil
			w.now = w.now.Add(-30 * time.Minute)
			o, _ := honest(w.t)
			*w = *o
			w.entries, w.hashes = w.entries[:0:0], nil
			for i, e := range o.entries {
				if i == 3 {
					r := *e.Record
					r.Refuses++
					e.Record = &r
				}
				w.push(e)
			}
			one(w)
			return w.delta(from).with(func(f *file) { f.m.Before = w.table(from).Digest() }).sealed()
		}},
		{"growth not shown", "its history was rewritten", changed(one, func(f *file) { f.delta.Growth = nil })},
		{"line without act", "has no act", changed(one, func(f *file) {
			f.delta.Ops = append(f.delta.Ops, op(f.w.t, "set listed 35227301000200 prohibited barred", 999))
			f.retable()
		})},
		{"lines out of order", "has no act", changed(two, func(f *file) { f.delta.Ops[0], f.delta.Ops[1] = f.delta.Ops[1], f.delta.Ops[0] })},
		{"act not shown", "has no act", changed(two, func(f *file) { f.delta.Evidence = f.w.evidence(f.m.From, map[uint64]bool{f.m.From: true}) })},
		{"effect not shown", "is not shown", changed(one, func(f *file) { f.delta.Evidence.Entries[0].Effect = nil })},
		{"act says something else", "does not say", changed(one, func(f *file) {
			f.delta.Ops[0] = op(f.w.t, "set listed 35227301000200 prohibited barred", f.delta.Ops[0].Line.Act)
			f.retable()
		})},
		{"act says another status", "does not say", changed(one, func(f *file) {
			f.delta.Ops[0].Line.Status = Tracked
			f.retable()
		})},
		{"act sets it and the line drops it", "does not say", changed(func(w *world) {
			w.measure("set listed 35227301000000 tracked stolen\n", amina, bela)
		}, func(f *file) {
			f.delta.Ops[0] = op(f.w.t, "drop listed 35227301000000 prohibited stolen", f.m.From)
			f.retable()
		})},
		{"act sets what the line drops", "does not say", changed(one, func(f *file) {
			o := op(f.w.t, "drop listed 35227301000000 prohibited stolen", f.delta.Ops[0].Line.Act)
			f.delta.Ops = append(f.delta.Ops, o)
			f.retable()
		})},
		{"drop of what is not there", "there is no line", changed(one, func(f *file) { f.delta.Ops[0].Drop = true; f.retable() })},
		{"other effect shown", "not the one committed to", changed(one, func(f *file) {
			e := &f.delta.Evidence.Entries[0]
			o := *e.Effect
			o.Body = []byte("set listed 35227301000200 prohibited barred\n")
			e.Effect = &o
		})},
		{"act not in the tree", "the proof leads to another root", changed(one, func(f *file) {
			e := &f.delta.Evidence.Entries[0]
			r := *e.Record
			r.Refuses++
			e.Record = &r
		})},
		{"line rests on what is no measure", "and no measure", changed(func(w *world) {
			w.add(act{kind: receipt.Denominator, body: Active{active, "2026-11-02"}.Bytes(), signers: []string{amina, eva}})
		}, func(f *file) {
			f.delta.Ops = []Op{op(f.w.t, "set listed 35227301000200 prohibited barred", f.m.From)}
			f.retable()
		})},
		{"old act again", "older than the table", func(w *world) ([]byte, []byte) {
			from := w.size()
			one(w)
			return w.delta(from).with(func(f *file) {
				f.delta.Ops = append([]Op{op(w.t, "set listed 35227301000001 prohibited stolen", 3)}, f.delta.Ops...)
				f.delta.Evidence = w.evidence(3, map[uint64]bool{3: true, from: true})
				f.retable()
			}).sealed()
		}},
		{"other table named", "does not have the digest", changed(one, func(f *file) { f.m.After[0]++ })},
		{"head of another size", "for a tree of", changed(two, func(f *file) { f.delta.Evidence.Size-- })},
		{"neither snapshot nor delta", "which is none", changed(one, func(f *file) { f.m.Kind = "patch" })},
	}
}

func started(w *world) uint64 { return w.size() - 1 }

func op(t testing.TB, text string, index uint64) Op {
	o, err := ParseOp(text)
	if err != nil {
		t.Fatal(err)
	}
	o.Line.Act = index
	return o
}

// retable names the digest that the file's own ops lead to.
func (f *file) retable() {
	t := f.w.table(f.m.From)
	t.Apply(f.delta.Ops)
	f.m.After = t.Digest()
}

const bar = "set listed 35227301000100 prohibited barred\n"

// measures with the signatures that the act says.
func signed(a act) func(*world) ([]byte, []byte) {
	a.kind = receipt.Measure
	if a.body == nil {
		a.body = []byte(bar)
	}
	return delta(func(w *world) { w.add(a) })
}

// approvals are acts whose signatures are not what they should be.
func approvals() []attack {
	var another receipt.Digest
	another[0] = 1
	crowd := []byte(lines("set listed %s prohibited barred", common, 1000, 300)) // needs two persons
	return []attack{
		{"nobody signed", "needs one person's signature", signed(act{})},
		{"forged", "is forged", signed(act{signers: []string{amina}, change: func(r *receipt.Record) { r.Approvals[0].Signature[7] ^= 1 }})},
		{"signed by another's key", "is forged", signed(act{signers: []string{amina}, change: func(r *receipt.Record) { r.Approvals[0].Person = bela }})},
		{"of another content", "for another content", signed(act{signers: []string{amina}, over: func(string) *receipt.Digest { return &another }})},
		{"one missing", "needs two persons' signatures", signed(act{body: crowd, signers: []string{amina}})},
		{"one missing with the author's", "needs two persons' signatures", signed(act{body: crowd, by: person(amina), signers: []string{amina}})},
		{"one person twice", "signed twice", signed(act{body: crowd, signers: []string{amina, amina}})},
		{"one organisation for two", "signatures from two organisations", signed(act{
			body: []byte(lines("set listed %s prohibited barred", common, 1000, 1500)), signers: []string{amina, bela}})},
		{"author approves", "approved their own request", signed(act{body: crowd, by: person(amina), signers: []string{amina, bela},
			verdict: map[string]receipt.Verdict{amina: receipt.Approve}})},
		{"author missing", "is missing", signed(act{body: crowd, by: person(amina), signers: []string{bela, cyra}})},
		{"asked by who is not the author", "signed as the author but is not", signed(act{signers: []string{amina},
			verdict: map[string]receipt.Verdict{amina: receipt.Asks}})},
		{"denied", "one denial vetoes", signed(act{signers: []string{amina, bela, cyra}, verdict: map[string]receipt.Verdict{bela: receipt.Deny}})},
		{"unknown person", "not in the directory", signed(act{signers: []string{"ministry/gregor"}})},
		{"denial read as approval", "is forged", signed(act{signers: []string{amina}, verdict: map[string]receipt.Verdict{amina: receipt.Deny},
			change: func(r *receipt.Record) { r.Approvals[0].Verdict = receipt.Approve }})},
		{"rule without policy", "is not the policy in force", signed(act{by: rule("clones"), authority: 1})},
		{"rule on another's policy", "is not the policy in force", signed(act{by: rule("stolen-list"), authority: 2,
			body: []byte("set listed 35227301000100 prohibited duplicate\n")})},
		{"person on a rule's policy", "is not the policy in force", signed(act{by: person(amina), authority: 2, signers: []string{amina}})},
		{"rule beyond its policy", "does not cover", signed(act{by: rule("clones"), authority: 2})},
		{"rule with a range", "does not cover", signed(act{by: rule("clones"), authority: 2,
			body: []byte("set listed 35227301000100-35227301000101 prohibited duplicate\n")})},
		{"rule over its ceiling at once", "the rule's ceiling is 50", signed(act{by: rule("clones"), authority: 2,
			body: []byte(lines("set listed %s prohibited duplicate", common, 1000, 51))})},
		{"rule over its ceiling in many acts", "the rule's ceiling is 50", delta(func(w *world) {
			for i := range 51 {
				w.add(act{kind: receipt.Measure, by: rule("clones"), authority: 2, body: []byte(lines("set listed %s prohibited duplicate", common, 1000+i, 1))})
			}
		})},
		{"rule on a policy that was superseded", "is not the policy in force", delta(func(w *world) {
			w.add(act{kind: receipt.Policy, body: (&Policy{Rule: "clones", Version: "v2", Status: Prohibited, Ground: Duplicate}).Bytes(), signers: []string{finn}})
			w.add(act{kind: receipt.Measure, by: rule("clones"), authority: 2, body: []byte("set listed 35227301000100 prohibited duplicate\n")})
		})},
		{"policy for more than its signers may", "needs two persons' signatures", delta(func(w *world) {
			w.add(act{kind: receipt.Policy, body: (&Policy{Rule: "new", Version: "v1", Status: Prohibited, Ground: Fraud, Ceiling: 101}).Bytes(), signers: []string{amina}})
		})},
		{"policy whose dry run is more", "needs signatures from two organisations", delta(func(w *world) {
			w.add(act{kind: receipt.Policy, body: (&Policy{Rule: "new", Version: "v1", Status: Prohibited, Ground: Fraud, Ceiling: 10, DryRun: 1001}).Bytes(), signers: []string{amina, bela}})
		})},
		{"policy that nobody signed", "needs one person's signature", delta(func(w *world) {
			w.add(act{kind: receipt.Policy, body: (&Policy{Rule: "clones", Version: "v1", Status: Prohibited, Ground: Duplicate}).Bytes()})
		})},
		{"denominator of one organisation", "needs signatures from two organisations", delta(func(w *world) {
			w.add(act{kind: receipt.Denominator, body: Active{1e9, "2026-11-02"}.Bytes(), signers: []string{amina, bela}})
		})},
		{"directory of one organisation", "needs signatures from two organisations", delta(func(w *world) {
			w.add(act{kind: receipt.Founding, body: directory(amina, cyra).Bytes(), signers: []string{amina, bela}})
		})},
		{"directory that vouches for itself", "not in the directory", delta(func(w *world) {
			d := directory("ministry/x", "north/y")
			w.add(act{kind: receipt.Founding, body: d.Bytes(), signers: []string{"ministry/x", "north/y"}})
		})},
		{"directory that leaves one organisation", "fewer than two organisations", delta(func(w *world) {
			w.add(act{kind: receipt.Founding, body: directory(amina, bela).Bytes(), signers: []string{amina, cyra}})
		})},
		{"person who was removed", "not in the directory", delta(func(w *world) {
			w.add(act{kind: receipt.Founding, body: directory(amina, cyra).Bytes(), signers: []string{amina, cyra}})
			w.measure(bar, eva)
		})},
	}
}

// effects are acts that do more than their signatures allow, whatever their form.
func effects() []attack {
	stolen := lines("drop listed %s prohibited stolen", common, 0, 60)
	version := func(i int) string { return fmt.Sprintf("set listed %s prohibited barred version %02d\n", shared, i) }
	return []attack{
		{"everybody by one TAC", "changing 10000 active pairs", ops("set listed "+common+" prohibited not-allocated\n", amina, bela)},
		{"everybody by the mode", "never announced", ops("set listed 00000000000000-99999999999999 unknown mode\n", amina, cyra)},
		{"everybody by TACs never seen of", "two persons' signatures", ops(func() string {
			var b strings.Builder
			for i := range 101 {
				fmt.Fprintf(&b, "set listed 35%06d prohibited barred\n", i)
			}
			return b.String()
		}(), amina)},
		{"everybody by many single lines", "never announced", ops(lines("set listed %s prohibited barred", "35888801", 0, 100_000), amina, cyra)},
		{"a million by one line", "changing 1000000 active pairs", ops("set listed "+shared+" prohibited barred\n", amina, bela)},
		{"a million by a line for each software version", "changing 1000000 active pairs", ops(version(1)+version(2), amina, bela)},
		{"a million behind pairs that nobody is", "changing 1000000 active pairs", delta(func(w *world) {
			var b strings.Builder
			for i := range 1000 {
				fmt.Fprintf(&b, "set pair %s allowed barred subscriber imsi-00101%010d overrides barred\n", shared, i)
			}
			w.measure(b.String(), amina)
			w.measure("set listed "+shared+" prohibited barred\n", amina, bela)
		})},
		{"so many devices that their sum comes round", "never announced", ops(func() string {
			var b strings.Builder
			for i := range 500 {
				fmt.Fprintf(&b, "set listed %014d-99999999999999 prohibited barred\n", i)
			}
			return b.String()
		}(), amina, cyra)},
		{"one person's thousand small acts", "within 24 hours", delta(func(w *world) {
			for i := range 1000 {
				w.now = w.now.Add(time.Millisecond)
				w.measure(lines("set listed %s prohibited barred", common, 1000+i, 1), amina)
			}
		})},
		{"many persons' small acts together", "within 24 hours", delta(func(w *world) {
			for i, who := range []string{amina, bela, cyra, dani, eva, finn} {
				w.measure(lines("set listed %s prohibited barred", common, 1000+100*i, 17), who)
			}
		})},
		{"a crowd hidden behind a pair with the least IMSI", "changing 1000000 active pairs", delta(func(w *world) {
			w.measure("set pair "+shared+" allowed duplicate subscriber imsi-000000000000001 overrides duplicate\n", amina)
			w.measure("set listed "+shared+" prohibited duplicate\n", amina)
		})},
		{"release by override", "within 24 hours", delta(func(w *world) {
			w.measure(lines("set listed %s prohibited barred", common, 2100, 60), bela)
			w.measure(lines("set override %s allowed court", common, 2100, 60), amina)
		})},
		{"release by exemption of a TAC", "changing 10000 active pairs", ops("set exempt "+common+" allowed test\n", amina, bela)},
		{"release of the stolen one by one", "releasing 1 stolen", ops("drop listed 35227301000000 prohibited stolen\n", amina)},
		{"release of the stolen by override", "releasing 1 stolen", ops("set override 35227301000000 allowed court\n", amina)},
		{"release of the stolen by setting them tracked", "releasing 1 stolen", ops("set listed 35227301000000 tracked stolen\n", amina)},
		{"release of the stolen by calling them special", "releasing 1 stolen", ops("set special 35227301000000 tracked non-identifying\n", amina)},
		{"release of the stolen by barring them instead", "releasing 1 stolen",
			ops("drop listed 35227301000000 prohibited stolen\nset listed 35227301000000 prohibited barred\n", amina)},
		{"release of the stolen by an override of a range", "releasing 60 stolen", ops("set override 35227301000000-35227301000063 allowed court\n", amina, bela)},
		{"release of all the stolen", "releasing 60 stolen", ops(stolen, amina, bela)},
		{"release of all the stolen in small acts", "releasing 51 stolen", delta(func(w *world) {
			for i := range 60 {
				w.measure(lines("drop listed %s prohibited stolen", common, i, 1), amina, bela)
			}
		})},
		{"the victim cut off", "two persons' signatures", delta(func(w *world) {
			w.measure(lines("set listed %s prohibited fraud", common, 3000, 100), amina)
			w.measure("drop pair 35227301000700 allowed duplicate subscriber imsi-001010123456789 overrides duplicate\n", amina)
		})},
		{"the victim cut off on another ground", "two persons' signatures", delta(func(w *world) {
			w.measure(lines("set listed %s prohibited fraud", common, 3000, 100), amina)
			w.measure("set listed 35227301000700 prohibited barred\n", amina)
		})},
		{"exemptions dropped", "within 24 hours", delta(func(w *world) {
			w.measure(lines("set listed %s prohibited barred", common, 3000, 100), bela)
			w.measure("drop exempt 35227301002000 allowed protected\n", amina)
		})},
	}
}

// times are acts at times that are not theirs.
func times() []attack {
	everybody := act{kind: receipt.Measure, body: []byte("set listed 00000000000000-99999999999999 unknown mode\n"), signers: []string{amina, cyra}}
	return []attack{
		{"from the future", "is in the future", delta(func(w *world) { w.now = w.now.Add(2 * time.Minute); one(w) })},
		{"backdated", "lies before", delta(func(w *world) { one(w); w.now = w.now.Add(-time.Minute); one(w) })},
		{"backdated before what is known", "lies before", delta(func(w *world) { w.now = w.now.Add(-72 * time.Hour); one(w) })},
		{"announced just now", "can be done from", delta(func(w *world) { w.enact(w.propose(everybody)) })},
		{"announced yesterday, as the log says", "can be done from", delta(func(w *world) {
			w.now = w.now.Add(-25 * time.Hour)
			a := w.propose(everybody)
			w.now = w.now.Add(25 * time.Hour)
			w.enact(a)
		})},
		{"announcement of something else", "never announced", delta(func(w *world) {
			a := w.propose(act{kind: receipt.Measure, body: []byte(bar)})
			w.now = w.now.Add(30 * time.Second)
			b := everybody
			b.proposal = a.proposal
			w.enact(b)
		})},
		{"announcement that there is not", "never announced", delta(func(w *world) {
			b := everybody
			b.proposal = 3
			w.enact(b)
		})},
	}
}

func (w *world) enact(a act) uint64 { return w.add(a) }

// An honest act of any size is believed in the end: a day after it was announced, though the
// announcement and the act came in one file after a partition.
func TestAnnouncedActIsBelievedADayLater(t *testing.T) {
	w, seen := honest(t)
	from := w.size()
	r := w.replica()
	apply(t, r, w.snapshot(), seen, w.now)
	announcement := w.propose(act{kind: receipt.Measure, body: []byte("set listed " + shared + " prohibited barred\n"), signers: []string{amina, cyra}})
	w.now = w.now.Add(day)
	w.enact(announcement)
	m, b := w.delta(from).sealed()
	for _, hours := range []time.Duration{0, 1, 23} {
		if _, err := r.Apply(m, b, seen, w.now.Add(hours*time.Hour)); err == nil || !strings.Contains(err.Error(), "can be done from") {
			t.Fatalf("%d hours after it was heard: %v", hours, err)
		}
	}
	apply(t, r, w.delta(from), seen, w.now.Add(day))
	if got := r.Table().Decide(&Query{IMEI: mustIMEI(t, shared), Version: AnyVersion}).Status; got != Prohibited {
		t.Fatalf("the shared IMEI is %s", got)
	}
	apply(t, w.replica(), w.snapshot(), seen, w.now) // a new replica takes the log's word for what was before it
	// What was done under the time lock is in nobody's daily sum but its signers'.
	w.now = w.now.Add(day + time.Minute)
	from = w.size()
	w.measure(lines("set listed %s prohibited barred", common, 1000, 900), dani, eva)
	apply(t, r, w.delta(from), seen, w.now)
}

// The largest file that can be signed can be read, and no larger one is signed.
func TestLargestManifest(t *testing.T) {
	signer, log := logKey(t, "log.example")
	m := Manifest{Stream: "north", Kind: KindSnapshot, Length: maxChunks * ChunkSize, Chunks: make([]receipt.Digest, maxChunks)}
	msg, err := m.sign(signer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenManifest(msg, log); err != nil {
		t.Error(err)
	}
	m.Length++
	m.Chunks = append(m.Chunks, receipt.Digest{})
	if _, err := m.sign(signer); err == nil || !strings.Contains(err.Error(), "nobody reads a file of 68719476737 bytes") {
		t.Errorf("one byte more is signed: %v", err)
	}
}

// A node that restarts reads the files it has kept, whatever it has seen since.
func TestAgain(t *testing.T) {
	w, seen := honest(t)
	sizes := []uint64{w.size()}
	r := w.replica()
	first := w.snapshot()
	apply(t, r, first, seen, w.now)
	announcement := w.propose(act{kind: receipt.Measure, body: []byte("set listed " + common + " prohibited barred\n"), signers: []string{amina, cyra},
		writer: Effect{Refuses: 20_000}})
	sizes = append(sizes, w.size())
	apply(t, r, w.delta(sizes[0]), seen, w.now)
	files := []*file{w.delta(sizes[0])}
	w.now = w.now.Add(day)
	w.enact(announcement)
	apply(t, r, w.delta(sizes[1]), seen, w.now)
	files = append(files, w.delta(sizes[1]))

	again := w.replica()
	for _, f := range append([]*file{first}, files...) {
		m, b := f.sealed()
		if _, err := again.Again(m, b, w.now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if again.Table().Digest() != r.Table().Digest() || again.Head() != r.Head() {
		t.Fatal("the files lead elsewhere the second time")
	}
	bad := w.replica()
	m, b := first.sealed()
	b[len(b)/2] ^= 1
	if _, err := bad.Again(m, b, w.now); err == nil {
		t.Fatal("a damaged file was believed again")
	}
}

// A node that has seen nothing begins with a list that has ranges in it, but believes nobody that
// a line for everybody is small.
func TestNewNode(t *testing.T) {
	w, _ := honest(t)
	for _, seen := range []Seen{nil, Nobody{}, census{}} {
		apply(t, w.replica(), w.snapshot(), seen, w.now)
	}
	w.measure("set listed 00000000000000-99999999999999 unknown mode\n", amina)
	m, b := w.snapshot().sealed()
	if _, err := w.replica().Apply(m, b, Nobody{}, w.now); err == nil {
		t.Fatal("a new node believed one person that nobody may attach")
	}
}

func TestFounders(t *testing.T) {
	w, seen := honest(t)
	other := newWorld(t)
	other.add(act{kind: receipt.Founding, body: directory(everybody...).Bytes(), signers: []string{amina, cyra}})
	r := w.replica()
	r.Founders = other.entries[2].Record.Content.Digest()
	m, b := w.snapshot().sealed()
	if _, err := r.Apply(m, b, seen, w.now); err == nil || !strings.Contains(err.Error(), "founding directory") {
		t.Fatalf("other founders: %v", err)
	}
	f := w.snapshot()
	f.evidence.Entries = f.evidence.Entries[1:]
	bundle, err := receipt.NewBundle(w.size(), f.evidence.Entries, w.hashes)
	if err != nil {
		t.Fatal(err)
	}
	f.evidence = bundle
	m, b = f.sealed()
	if _, err := w.replica().Apply(m, b, seen, w.now); err == nil {
		t.Fatal("a log without its founding was believed")
	}
	r = w.replica()
	r.Founders = receipt.Digest{}
	if _, err := r.Apply(m, b, seen, w.now); err == nil {
		t.Fatal("a log without its founding was believed by a replica that takes any")
	}
	r = w.replica()
	r.Founders = receipt.Digest{}
	apply(t, r, w.snapshot(), seen, w.now)
}

// Whatever is done to the bytes of a file, it is held; and if the log's key signs the damage, what
// is believed has not changed anything.
func TestFlippedBits(t *testing.T) {
	w, seen := honest(t)
	standing := w.replica()
	apply(t, standing, w.snapshot(), seen, w.now)
	from := w.size()
	later := w.fork()
	two(later)
	for name, f := range map[string]*file{"snapshot": w.snapshot(), "delta": later.delta(from)} {
		m, b := f.sealed()
		fresh := func() *Replica {
			if f.delta == nil {
				return w.replica()
			}
			c := *standing
			c.table = standing.table.Clone()
			return &c
		}
		step := max(1, len(b)/700)
		for i := 0; i < len(b); i += step {
			bad := bytes.Clone(b)
			bad[i] ^= 1 << (i % 8)
			if _, err := fresh().Apply(m, bad, seen, w.now); err == nil {
				t.Fatalf("%s: byte %d changed and believed", name, i)
			}
			r := fresh()
			if _, err := r.Apply(f.over(bad), bad, seen, w.now); err == nil {
				t.Fatalf("%s: byte %d of %d changed, signed by the log and believed", name, i, len(b))
			}
		}
		for i := 0; i < len(m); i += 3 {
			bad := bytes.Clone(m)
			bad[i] ^= 1 << (i % 7)
			if _, err := fresh().Apply(bad, b, seen, w.now); err == nil {
				t.Fatalf("%s: byte %d of the manifest changed and believed", name, i)
			}
		}
		for i := 0; i < len(b); i += 1 + len(b)/50 {
			if _, err := fresh().Apply(f.over(b[:i]), b[:i], seen, w.now); err == nil {
				t.Fatalf("%s: cut at byte %d and believed", name, i)
			}
		}
	}
}

// A snapshot that is not what this package writes is held, though every act in it is proved.
func TestSnapshotInAnotherForm(t *testing.T) {
	w, seen := honest(t)
	f := w.snapshot()
	b := f.body()
	le := func(at int) uint64 { return le64(b[at:]) }
	device := int(le(8 + 16*secDevices))
	for name, change := range map[string]func(b []byte) []byte{
		"something behind it":      func(b []byte) []byte { return append(b, 0, 0, 0, 0, 0, 0, 0, 0) },
		"devices out of order":     func(b []byte) []byte { return swap(b, device, device+8, 8) },
		"padding that says things": func(b []byte) []byte { b[int(le(8))+int(le(16))] = 'x'; return b },
	} {
		bad := change(bytes.Clone(b))
		if _, err := w.replica().Apply(f.over(bad), bad, seen, w.now); err == nil {
			t.Errorf("%s: believed", name)
		}
	}
	// A line twice: dropping it once would leave it in force.
	twice := w.snapshot()
	twice.table = NewTable(nil)
	twice.table.blocks = map[imei.TAC]*block{}
	for tac, bl := range w.table(w.size()).blocks {
		twice.table.blocks[tac] = &block{lines: append(bl.lines[:1:1], bl.lines...)}
	}
	twice.table.wide = w.table(w.size()).wide
	twice.m.After = twice.table.Digest()
	m, bad := twice.sealed()
	if _, err := w.replica().Apply(m, bad, seen, w.now); err == nil {
		t.Error("a line that stands twice was believed")
	}
}

func swap(b []byte, i, j, n int) []byte {
	x := bytes.Clone(b[i : i+n])
	copy(b[i:i+n], b[j:j+n])
	copy(b[j:j+n], x)
	return b
}
