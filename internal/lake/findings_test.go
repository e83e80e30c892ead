package lake_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/lake"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/subscriber"
)

func someFinding(dice *rand.Rand, m imei.IMEI, text string) device.Finding {
	f := device.Finding{IMEI: m, Text: text, Rule: []string{"a", "b", "not-registered"}[dice.IntN(3)], Version: fmt.Sprint(dice.IntN(3)),
		Since: 20000 + device.Day(dice.IntN(9)), Params: map[string]string{"threshold": "3"}, Strength: dice.IntN(5), Pairs: dice.IntN(9),
		Best:    []subscriber.ID{0, subscriber.Of(1010123456789, 0), subscriber.Of(0, 4479460000), 1<<63 | 12345}[dice.IntN(4)],
		Amnesty: dice.IntN(2) == 0, Incomplete: dice.IntN(2) == 0}
	for _, d := range []*device.Day{&f.Found, &f.Block, &f.Ended, &f.Again} {
		*d = device.Day(dice.IntN(2) * (20000 + dice.IntN(99)))
	}
	switch dice.IntN(3) {
	case 0:
		f.Params = nil
	case 1:
		f.Evidence = map[string]string{"registration_list": "not registered"}
	case 2:
		f.Evidence = map[string]string{"note": "a \"b\" <c> é", "seen": fmt.Sprint(dice.IntN(99999))}
	}
	return f
}

// Findings are what a plain map says after the same changes, in whichever parts they came.
func TestFindings(t *testing.T) {
	ctx := t.Context()
	dice := rand.New(rand.NewPCG(7, 1))
	l := &lake.Lake{Dir: t.TempDir()}
	devices := make([]imei.IMEI, 900)
	for i := range devices {
		devices[i] = imei.New(imei.TAC(dice.IntN(3)+35000000), uint32(8*dice.IntN(2000)+3))
	}
	open := map[string]device.Finding{}
	var parts []device.Part
	for _, n := range []int{3000, 200, 0, 1, 50} {
		changed := map[string]ledger.FindingRow{}
		for range n {
			f := someFinding(dice, devices[dice.IntN(len(devices))], "")
			changed[f.Key()] = ledger.FindingRow{Finding: f, Closed: n < 3000 && dice.IntN(3) == 0}
		}
		rows := slices.SortedFunc(maps.Values(changed), func(a, b ledger.FindingRow) int { return lake.CompareFindings(&a.Finding, &b.Finding) })
		p := must(l.WriteFindings(ctx, 3, rows))
		if again := must(l.WriteFindings(ctx, 3, rows)); again != p {
			t.Errorf("the same findings are %+v and %+v", p, again)
		}
		parts = append(parts, p)
		for key, row := range changed {
			if delete(open, key); !row.Closed {
				open[key] = row.Finding
			}
		}
	}
	parts = append(parts, must(l.WriteFindings(ctx, device.Buckets, []ledger.FindingRow{{Finding: someFinding(dice, 0, "ABC")}})))
	want := slices.SortedFunc(maps.Values(open), func(a, b device.Finding) int { return lake.CompareFindings(&a, &b) })
	got := must(l.Findings(ctx, parts, 3))
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%d findings came back, not %d, or others", len(got), len(want))
	}
	if n := len(must(l.Findings(ctx, parts, 2))) + len(must(l.Findings(ctx, parts, device.Buckets))); n != 1 {
		t.Errorf("%d findings in other buckets, want 1", n)
	}
	for _, m := range append(devices[:50], imei.New(35000000, 4)) {
		want := slices.DeleteFunc(slices.Clone(want), func(f device.Finding) bool { return f.IMEI != m })
		if got := must(l.FindingsOf(ctx, parts, m)); len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("of %s: %v, want %v", m, got, want)
		}
	}
	for _, rule := range []string{"a", "b", "none"} {
		want := slices.DeleteFunc(slices.Clone(want), func(f device.Finding) bool { return f.Rule != rule })
		for _, rules := range [][]string{{rule}, {rule, "b"}} {
			got := must(l.FindingsOfRules(ctx, parts, rules...))[rule]
			bare := slices.Clone(got)
			for _, f := range bare {
				if f.Params != nil || f.Evidence != nil {
					t.Errorf("%s is not bare", f.Key())
				}
			}
			rand.Shuffle(len(bare), func(i, k int) { bare[i], bare[k] = bare[k], bare[i] })
			if err := l.FillIn(ctx, parts, bare); err != nil {
				t.Fatal(err)
			}
			if !slices.EqualFunc(got, want, func(f *device.Finding, w device.Finding) bool { return reflect.DeepEqual(*f, w) }) {
				t.Errorf("asked for %v, those of %s are others", rules, rule)
			}
		}
	}
	if err := l.FillIn(ctx, parts, []*device.Finding{{IMEI: devices[0], Rule: "none"}}); err == nil {
		t.Error("a finding that is not open was filled in")
	}
	if got := must(l.FindingsOfRules(ctx, parts)); len(got) > 0 {
		t.Errorf("no rules have findings: %v", got)
	}
	for name, rows := range map[string][]ledger.FindingRow{
		"twice":          {{Finding: want[0]}, {Finding: want[0], Closed: true}},
		"another bucket": {{Finding: device.Finding{IMEI: imei.New(35000000, 4)}}},
	} {
		if _, err := l.WriteFindings(ctx, 3, rows); err == nil {
			t.Errorf("%s: written", name)
		}
	}
}

// Objects are printed as JSON is.
func FuzzObject(f *testing.F) {
	f.Add("a", "b", "window", "2026-06-01..2026-06-30")
	f.Add("", "\"\\<>&", "é", "\x00\u2028")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		m := map[string]string{a: b, c: d}
		if got, want := lake.Object(m), string(device.Encode(m)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

// What is flipped in a part is found when it is verified.
func TestFlippedFinding(t *testing.T) {
	l := &lake.Lake{Dir: t.TempDir()}
	p := must(l.WriteFindings(t.Context(), 3, []ledger.FindingRow{{Finding: someFinding(rand.New(rand.NewPCG(1, 1)), imei.New(35000000, 3), "")}}))
	if err := l.Verify(p); err != nil {
		t.Fatal(err)
	}
	b := must(os.ReadFile(l.Path(p)))
	b[len(b)/3] ^= 1
	if err := os.WriteFile(l.Path(p), b, 0o640); err != nil {
		t.Fatal(err)
	}
	if l.Verify(p) == nil {
		t.Error("a changed part passes for what it was")
	}
}
