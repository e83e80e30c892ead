package list

import (
	"bufio"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/receipt"
	"github.com/openceir/openceir/subscriber"
)

// What changes do, told in testdata/effect.txt: lines, what was seen, ops, and their count.
func TestCount(t *testing.T) {
	f, err := os.Open("testdata/effect.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	table, seen, rows := NewTable(nil), census{}, 0
	var ops []Op
	for s, n := bufio.NewScanner(f), 1; s.Scan(); n++ {
		text := strings.TrimSpace(s.Text())
		verb, rest, _ := strings.Cut(text, " ")
		switch verb {
		case "":
			table, seen, ops = NewTable(nil), census{}, nil
		case "#":
		case "seen":
			var m, pairs int
			if _, err := fmt.Sscan(rest, &m, &pairs); err != nil {
				t.Fatalf("row %d: %v", n, err)
			}
			seen[imei.IMEI(m)] = pairs
		case "do":
			ops = append(ops, op(t, rest, 9))
		case "=":
			var want Effect
			if _, err := fmt.Sscanf(rest, "%d refused, %d released, %d thefts", &want.Refuses, &want.Releases, &want.Thefts); err != nil {
				t.Fatalf("row %d: %v", n, err)
			}
			for name, table := range map[string]*Table{"folded": table, "mapped": reopened(t, table)} {
				before := table.Digest()
				if got := Count(table, ops, seen); got != want {
					t.Errorf("row %d (%s): %+v, want %+v", n, name, got, want)
				}
				if table.Digest() != before {
					t.Errorf("row %d: counting changed the table", n)
				}
			}
			ops, rows = nil, rows+1
		default:
			l, err := ParseLine(text)
			if err != nil {
				t.Fatalf("row %d: %v", n, err)
			}
			table.Apply([]Op{{Line: l}})
		}
	}
	if rows < 40 {
		t.Fatalf("only %d rows", rows)
	}
}

// Whatever is changed, no fewer pairs are counted than it newly refuses or releases, and no fewer
// thefts than devices it forgets were stolen.
func TestCountIsNeverLow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mark := anyForm(t) // a register has one
		form := func(*rapid.T) uint64 { return mark }
		before := NewTable(nil)
		for range rapid.IntRange(0, 15).Draw(t, "lines") {
			before.Apply([]Op{{Line: anyLine(form).Draw(t, "line")}})
		}
		var ops []Op
		after := before.Clone()
		used := map[Key]bool{}
		for range rapid.IntRange(1, 5).Draw(t, "ops") {
			o := Op{Line: anyLine(form).Draw(t, "line")}
			if all := all(before); len(all) > 0 && rapid.Bool().Draw(t, "drop") {
				o = Op{Drop: true, Line: rapid.SampledFrom(all).Draw(t, "dropped")}
			}
			if !used[o.Line.Key()] { // as in one measure
				ops = append(ops, o)
			}
			used[o.Line.Key()] = true
		}
		after.Apply(ops)
		type pair struct {
			m    imei.IMEI
			imsi subscriber.IMSI
		}
		people := map[pair]uint8{}
		seen := census{}
		for range rapid.IntRange(1, 12).Draw(t, "people") {
			p := pair{device(t), subscriber.IMSI(rapid.SampledFrom([]uint64{1010123456789, 1010123456780, 1010123456700, 1010123456701}).Draw(t, "who") | mark)}
			if _, ok := people[p]; !ok {
				seen[p.m]++
				people[p] = rapid.SampledFrom([]uint8{AnyVersion, 0, 1}).Draw(t, "version")
			}
		}
		version := map[imei.IMEI]uint8{} // a device has one software at a time
		var real Effect
		thefts := map[imei.IMEI]bool{}
		for p, v := range people {
			if w, ok := version[p.m]; ok {
				v = w
			}
			version[p.m] = v
			q := Query{IMEI: p.m, IMSI: p.imsi, Version: v}
			was, is := before.Decide(&q), after.Decide(&q)
			if is.Status.Refuses() && !was.Status.Refuses() {
				real.Refuses++
			}
			if was.Status.Refuses() && !is.Status.Refuses() {
				real.Releases++
			}
			if was.Reason == ByTheft && !is.Status.Refuses() {
				thefts[p.m] = true
			}
		}
		got := Count(before, ops, seen)
		if got.Pairs() < real.Pairs() || got.Thefts < uint64(len(thefts)) {
			t.Fatalf("counted %+v, it does %+v to %v", got, real, thefts)
		}
	})
}

func all(t *Table) (out []Line) {
	for l := range t.Lines() {
		out = append(out, *l)
	}
	return out
}

func TestEffectDoesNotComeRound(t *testing.T) {
	var e Effect
	for range 100 {
		e.Add(Effect{1 << 63, 1 << 63, 1 << 63})
	}
	if e != (Effect{maxEffect, maxEffect, maxEffect}) || e.Pairs() != 2*maxEffect {
		t.Fatalf("%+v", e)
	}
	if p := (&Effect{1 << 63, 1 << 63, 0}).Pairs(); p != 2*maxEffect {
		t.Fatalf("%d pairs", p)
	}
}

func TestLimits(t *testing.T) {
	for _, row := range []struct {
		active uint64
		limits [3]uint64
	}{
		{0, [3]uint64{1, 1, 1}}, {9_999, [3]uint64{1, 9, 99}}, {20_000, [3]uint64{2, 20, 200}},
		{5_000_000, [3]uint64{500, 5_000, 50_000}}, {100_000_000, [3]uint64{500, 100_000, 1_000_000}},
	} {
		g := &Guard{active: row.active}
		for i, limit := range row.limits {
			if got := g.limit(OnePerson + Tier(i)); got != limit {
				t.Errorf("of %d, tier %d may %d, want %d", row.active, i+1, got, limit)
			}
		}
		for pairs, want := range map[uint64]Tier{0: OnePerson, 1: OnePerson, row.limits[0]: OnePerson, row.limits[1]: g.Needs(row.limits[1]),
			row.limits[2] + 1: TimeLock, 1 << 62: TimeLock} {
			if got := g.Needs(pairs); got != want {
				t.Errorf("of %d, %d pairs need %v, want %v", row.active, pairs, got, want)
			}
		}
		if g.limit(NoOne) != 0 {
			t.Error("nobody may do something")
		}
	}
	g := &Guard{active: 1_000_000}
	for pairs, want := range map[uint64]Tier{100: OnePerson, 101: TwoPersons, 1000: TwoPersons, 1001: TwoOrganisations, 10_000: TwoOrganisations, 10_001: TimeLock} {
		if got := g.Needs(pairs); got != want {
			t.Errorf("%d pairs need %v, want %v", pairs, got, want)
		}
	}
	for tier := NoOne; tier <= TimeLock; tier++ {
		_ = tier.String()
	}
}

// guarded is a guard that has seen a founding and a denominator, and acts for it.
type guarded struct {
	t *testing.T
	w *world
	g *Guard
}

func newGuarded(t *testing.T) *guarded {
	w := newWorld(t)
	g := new(Guard)
	for i := range w.entries {
		if err := g.Admit(&w.entries[i], Effect{}, w.entries[i].Record.Time); err != nil {
			t.Fatal(err)
		}
	}
	return &guarded{t, w, g}
}

// try admits an act of a size, and returns why not.
func (x *guarded) try(a act, count Effect) error {
	if a.kind == "" {
		a.kind = receipt.Measure
	}
	if a.body == nil && a.effect == nil {
		a.body = []byte(bar)
	}
	e := x.w.entry(a)
	before := fmt.Sprintf("%+v", *x.g)
	err := x.g.Admit(&e, count, x.w.now)
	if err != nil && fmt.Sprintf("%+v", *x.g) != before {
		x.t.Error("a refused act changed the guard")
	}
	if err == nil {
		x.w.push(e)
	}
	return err
}

func (x *guarded) yes(a act, count Effect) {
	x.t.Helper()
	if err := x.try(a, count); err != nil {
		x.t.Error(err)
	}
}

func (x *guarded) no(want string, a act, count Effect) {
	x.t.Helper()
	if err := x.try(a, count); err == nil || !strings.Contains(err.Error(), want) {
		x.t.Errorf("got %v, want %q", err, want)
	}
}

func by(who ...string) act { return act{signers: who} }

func TestFoundingIsRecordZero(t *testing.T) {
	w := newWorld(t)
	w.add(act{kind: receipt.Founding, body: directory(everybody...).Bytes(), signers: []string{amina, cyra}})
	if err := new(Guard).Admit(&w.entries[2], Effect{}, w.now); err == nil {
		t.Error("a log was founded by its third record")
	}
	if err := new(Guard).Admit(&w.entries[1], Effect{}, w.now); err == nil {
		t.Error("an act was admitted before any directory")
	}
}

func TestSumsOfADay(t *testing.T) {
	x := newGuarded(t)
	x.yes(by(amina), Effect{Refuses: 60})
	x.no("changing 101 active pairs", by(amina), Effect{Refuses: 20, Releases: 21})
	x.yes(by(bela), Effect{Refuses: 20, Releases: 20}) // 100 by single persons
	x.no("two persons' signatures", by(cyra), Effect{Refuses: 1})
	x.yes(by(cyra), Effect{})
	x.yes(by(cyra, dani), Effect{Refuses: 900}) // 1,000 by two at most
	x.no("signatures from two organisations", by(eva, finn), Effect{Refuses: 1})
	x.yes(by(eva, finn, cyra), Effect{Refuses: 100})
	x.no("changing 1001 active pairs", by(cyra), Effect{Refuses: 1}) // over everything that rests on cyra
	x.yes(by(eva, dani), Effect{Refuses: 8_900})                     // 10,000 in all
	x.no("never announced", by(eva, dani), Effect{Refuses: 1})
	x.w.now = x.w.now.Add(day - time.Microsecond)
	x.no("two persons' signatures", by(bela), Effect{Refuses: 1})
	x.w.now = x.w.now.Add(time.Microsecond) // what is a day old does not count
	x.yes(by(bela), Effect{Refuses: 100})
	x.w.now = x.w.now.Add(-time.Second)
	x.no("lies before", by(bela), Effect{})
	x.no("lies before", act{kind: "step", body: []byte("{}")}, Effect{})
}

func TestThefts(t *testing.T) {
	x := newGuarded(t)
	x.no("releasing 1 stolen", by(amina), Effect{Releases: 1, Thefts: 1})
	x.yes(by(amina, bela), Effect{Releases: 50, Thefts: 50})
	x.no("releasing 51 stolen", by(amina, bela), Effect{Releases: 1, Thefts: 1})
	x.yes(by(amina, cyra), Effect{Releases: 1, Thefts: 1})
	x.w.now = x.w.now.Add(day)
	x.yes(by(amina, bela), Effect{Releases: 1, Thefts: 1})
}

func TestTimeLock(t *testing.T) {
	x := newGuarded(t)
	everybody := act{kind: receipt.Measure, body: []byte(bar), signers: []string{amina, cyra}}
	a := x.w.propose(everybody)
	if err := x.g.Admit(&x.w.entries[a.proposal], Effect{}, x.w.now); err != nil {
		t.Fatal(err)
	}
	x.w.now = x.w.now.Add(day - time.Microsecond)
	x.no("can be done from 2026-11-03T10:00:00.000000Z", a, Effect{Refuses: active})
	x.w.now = x.w.now.Add(time.Microsecond)
	one := a
	one.signers = []string{amina, bela}
	x.no("24-hour announcement", one, Effect{Refuses: active})
	x.yes(a, Effect{Refuses: active})
	x.yes(by(dani, eva), Effect{Refuses: 10_000}) // it is in no lower sum
	x.no("never announced", by(amina, eva), Effect{Refuses: 1})
	b := everybody
	b.proposal = a.proposal
	x.no("never announced", b, Effect{Refuses: active}) // another content
}

func TestPolicies(t *testing.T) {
	x := newGuarded(t)
	policy := func(ceiling, dry uint64, who ...string) act {
		return act{kind: receipt.Policy, signers: who,
			body: (&Policy{Rule: "clones", Version: "v1", Status: Prohibited, Ground: Duplicate, Ceiling: ceiling, DryRun: dry}).Bytes()}
	}
	if x.g.Left("clones", x.w.now) != 0 {
		t.Error("a rule without a policy has something left")
	}
	x.no("two persons' signatures", policy(101, 1, amina), Effect{})
	x.no("two persons' signatures", policy(1, 101, amina), Effect{})
	x.no("needs signatures from two organisations", policy(1001, 1, amina, bela), Effect{})
	x.no("24-hour announcement", policy(10_001, 1, amina, cyra), Effect{})
	x.yes(policy(80, 100, amina), Effect{})
	p, index, ok := x.g.Policy("clones")
	if !ok || p.Ceiling != 80 || index != x.w.size()-1 || len(x.g.Policies()) != 1 || x.g.Policies()[0].Tier != OnePerson {
		t.Fatalf("%+v %d %v", p, index, ok)
	}
	auto := act{by: rule("clones"), authority: index, body: []byte("set listed 35227301000700 prohibited duplicate\n")}
	x.yes(auto, Effect{Refuses: 30})
	if x.g.RuleOf(x.w.size()-1) != "clones" || x.g.RuleOf(0) != "" {
		t.Error("whose measure it was is not known")
	}
	if left := x.g.Left("clones", x.w.now); left != 50 {
		t.Errorf("%d left of 80 after 30", left)
	}
	x.no("ceiling is 80", auto, Effect{Refuses: 51})
	x.yes(by(bela), Effect{Refuses: 40}) // the nation's sum of single persons
	if left := x.g.Left("clones", x.w.now); left != 30 {
		t.Errorf("%d left of 100 after 70", left)
	}
	x.no("within 24 hours", auto, Effect{Refuses: 31})
	x.no("releasing", auto, Effect{Releases: 1, Thefts: 1})
	for name, line := range map[string]string{"another status": "set listed 35227301000700 tracked duplicate\n", "another ground": "set listed 35227301000700 prohibited fraud\n",
		"an exemption": "set exempt 35227301000700 allowed duplicate\n", "a TAC": "set listed 35227301 prohibited duplicate\n",
		"a pair for more":          "set pair 35227301000700 allowed duplicate subscriber imsi-001010123456789 overrides duplicate,fraud\n",
		"a pair on another ground": "set pair 35227301000700 allowed fraud subscriber imsi-001010123456789 overrides duplicate\n"} {
		other := auto
		other.body = []byte(line)
		if err := x.try(other, Effect{Refuses: 1}); !errors.Is(err, ErrSupport) {
			t.Errorf("a rule set %s: %v", name, err)
		}
	}
	x.yes(policy(0, 100_000, finn), Effect{}) // anyone may stop a rule
	x.no("not the policy in force", auto, Effect{})
	if x.g.Left("clones", x.w.now) != 0 {
		t.Error("a stopped rule has something left")
	}
	x.yes(policy(60, 1, eva), Effect{}) // a new policy does not begin a new day
	_, auto.authority, _ = x.g.Policy("clones")
	x.no("ceiling is 60", auto, Effect{Refuses: 31})
	x.yes(auto, Effect{Refuses: 30})
	x.w.now = x.w.now.Add(day)
	if left := x.g.Left("clones", x.w.now); left != 60 {
		t.Errorf("%d left of 60 a day later", left)
	}
}

func TestGuardClones(t *testing.T) {
	x := newGuarded(t)
	x.yes(by(amina), Effect{Refuses: 10})
	propose := func() {
		x.w.propose(act{kind: receipt.Measure, body: []byte(bar)})
		if err := x.g.Admit(&x.w.entries[x.w.size()-1], Effect{}, x.w.now); err != nil {
			t.Fatal(err)
		}
	}
	propose()
	c := x.g.Clone()
	before := fmt.Sprintf("%+v", *c)
	x.yes(by(amina), Effect{Refuses: 20})
	propose()
	if fmt.Sprintf("%+v", *c) != before {
		t.Error("what the original admitted changed its clone")
	}
	before = fmt.Sprintf("%+v", *x.g)
	x.g, c = c, x.g
	x.yes(by(bela), Effect{Refuses: 30})
	if fmt.Sprintf("%+v", *c) != before {
		t.Error("what the clone admitted changed the original")
	}
}

// The running sums are those of all acts of the last 24 hours added up anew.
func TestWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w window
		var acts []effect
		at := time.Unix(0, 0)
		for range rapid.IntRange(1, 40).Draw(t, "acts") {
			at = at.Add(time.Duration(rapid.IntRange(0, 12).Draw(t, "hours")) * time.Hour)
			e := effect{at: at, tier: Tier(rapid.IntRange(1, 4).Draw(t, "tier")), pairs: uint64(rapid.IntRange(0, 9).Draw(t, "pairs")),
				thefts: uint64(rapid.IntRange(0, 2).Draw(t, "thefts")), rule: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "rule")}
			if rapid.Bool().Draw(t, "person") {
				e.persons = []string{rapid.SampledFrom(everybody[:3]).Draw(t, "who")}
			}
			cloned := rapid.IntRange(0, 4).Draw(t, "clone") == 0
			old := w
			if cloned {
				old = w.clone()
			}
			w.add(e)
			if cloned {
				old.add(effect{at: at, tier: OnePerson, pairs: 99})
			}
			acts = append(acts, e)
			later := at.Add(time.Duration(rapid.IntRange(0, 30).Draw(t, "later")) * time.Hour)
			var tiers [TimeLock + 1]uint64
			persons, rules, thefts := map[string]uint64{}, map[string]uint64{}, uint64(0)
			for _, e := range acts {
				if later.Sub(e.at) >= day {
					continue
				}
				for i := e.tier; i <= TimeLock; i++ {
					tiers[i] += e.pairs
				}
				for _, p := range e.persons {
					persons[p] += e.pairs
				}
				rules[e.rule] += e.pairs
				thefts += e.thefts
			}
			for i := range tiers {
				if got := w.upTo(later, Tier(i)); got != tiers[i] {
					t.Fatalf("tier %d: %d, want %d", i, got, tiers[i])
				}
			}
			got, gotRules := map[string]uint64{}, map[string]uint64{}
			for _, p := range everybody {
				if n := w.ofPerson(later, p); n > 0 {
					got[p] = n
				}
			}
			maps.DeleteFunc(persons, func(_ string, n uint64) bool { return n == 0 })
			for _, r := range []string{"a", "b"} {
				gotRules[r] = w.ofRule(later, r)
			}
			if !maps.Equal(got, persons) || gotRules["a"] != rules["a"] || gotRules["b"] != rules["b"] || w.released(later) != thefts {
				t.Fatalf("%v %v %d, want %v %v %d", got, gotRules, w.released(later), persons, rules, thefts)
			}
		}
	})
}
