package identifier_test

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/openceir/openceir/identifier"
	"github.com/openceir/openceir/imei"
)

func table(t testing.TB) [][]string {
	t.Helper()
	b, err := os.ReadFile("testdata/explain.txt")
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for _, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		if !strings.HasPrefix(line, "#") {
			rows = append(rows, strings.Split(line, "\t"))
		}
	}
	return rows
}

var letters = map[identifier.Verdict]string{identifier.Pass: "P", identifier.Warn: "W", identifier.Fail: "F", identifier.NotApplicable: "-"}

func TestExplain(t *testing.T) {
	for _, row := range table(t) {
		e := identifier.Explain(row[0])
		sound(t, e)
		rank, _ := strconv.Atoi(row[6])
		if len(e.Candidates) < rank {
			t.Errorf("%s: %d readings (%s)", row[0], len(e.Candidates), e.Problem)
			continue
		}
		c := e.Candidates[rank-1]
		got := []string{row[0], string(c.Kind), c.Canonical, letters[c.Verdict(identifier.Form)], letters[c.Verdict(identifier.CheckDigit)], letters[c.Verdict(identifier.Plausibility)], row[6]}
		if strings.Join(got, "\t") != strings.Join(row, "\t") {
			t.Errorf("\ngot  %s\nwant %s\n%s", strings.Join(got, "\t"), strings.Join(row, "\t"), e.Text())
		}
	}
}

// sound checks what must hold of every explanation.
func sound(t testing.TB, e identifier.Explanation) {
	t.Helper()
	if len(e.Candidates) == 0 && e.Problem == "" {
		t.Errorf("%q: neither a reading nor a reason", e.Raw)
	}
	seen := map[string]bool{}
	for i, c := range e.Candidates {
		if name := string(c.Kind) + " " + c.Canonical; seen[name] {
			t.Errorf("%q: %s is given twice", e.Raw, name)
		} else {
			seen[name] = true
		}
		if i > 0 && c.Likelihood > e.Candidates[i-1].Likelihood {
			t.Errorf("%q: reading %d is out of order", e.Raw, i)
		}
		if c.Likelihood < 1 || c.Likelihood > 100 || c.Canonical == "" || c.Name == "" {
			t.Errorf("%q: reading %d is %+v", e.Raw, i, c)
		}
		next := 0
		for _, j := range c.Judgements {
			for next < len(identifier.Layers) && identifier.Layers[next] != j.Layer {
				next++
			}
			if next == len(identifier.Layers) || j.Rule == "" || j.Version == "" || j.Text == "" || letters[j.Verdict] == "" {
				t.Errorf("%q: judgement %+v", e.Raw, j)
			}
			if (j.Verdict == identifier.Warn || j.Verdict == identifier.Fail) && j.Next == "" && j.Layer != identifier.Observation && !strings.HasPrefix(j.Rule, "uuid") {
				t.Errorf("%q: %s says nothing of what to do next", e.Raw, j.Rule)
			}
		}
		for _, l := range identifier.Layers {
			found := false
			for _, j := range c.Judgements {
				found = found || j.Layer == l
			}
			if !found {
				t.Errorf("%q: nothing in layer %s", e.Raw, l)
			}
		}
	}
	for _, r := range e.Text() {
		if r != '\n' && (r < ' ' || r == 0x202E || r == 0x200B) {
			t.Errorf("%q: text has %U", e.Raw, r)
		}
	}
	if _, err := json.Marshal(e); err != nil {
		t.Error(err)
	}
}

// Every kind that says so is recognised in each of its examples.
func TestCatalogue(t *testing.T) {
	seen := map[identifier.Kind]bool{}
	for _, entry := range identifier.Catalogue() {
		if seen[entry.Kind] || entry.Name == "" || entry.Structure == "" || entry.Issuer == "" || entry.Seen == "" || entry.Low < 0 || entry.Low > entry.High || entry.High > 4 {
			t.Errorf("entry %+v", entry)
		}
		seen[entry.Kind] = true
		if entry.Read && len(entry.Examples) == 0 {
			t.Errorf("%s has no example", entry.Kind)
		}
		for _, example := range entry.Examples {
			if entry.Read && !reads(entry.Kind, example) && !reads(entry.Kind, strings.ToUpper(string(entry.Kind))+": "+example) {
				t.Errorf("%s is not recognised in %s:\n%s", entry.Kind, example, identifier.Explain(example).Text())
			}
		}
	}
	for kind := range seen {
		if e, ok := identifier.Lookup(kind); !ok || e.Kind != kind {
			t.Errorf("%s is not found", kind)
		}
	}
	if _, ok := identifier.Lookup("none"); ok || len(seen) < 45 {
		t.Errorf("%d kinds", len(seen))
	}
}

func reads(kind identifier.Kind, text string) bool {
	e := identifier.Explain(text)
	for _, c := range e.Candidates {
		if c.Kind == kind && c.Verdict(identifier.Form) != identifier.Fail && c.Verdict(identifier.CheckDigit) != identifier.Fail {
			return true
		}
	}
	return false
}

func TestRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "nothing to check",
		" \t\r\n ":                      "nothing to check",
		"\u202e352273017386340":         "character 1 (U+202E)",
		"35227301\u200b7386340":         "character 9 (U+200B)",
		"\ufeff352273017386340":         "invisible",
		"352273\x00017386340":           "control character",
		"352273017386340\n352751019523": "one identifier at a time",
		"352273017386340\t86":           "one identifier at a time",
		"35227301738634\xff":            "not valid UTF-8",
		"35227301738634\u0300":          "invisible",
		"१२३४५६७८९०१२३४५":          "a script that is not read here",
		strings.Repeat("1", 257):   "257 bytes",
		strings.Repeat("9", 1<<20): "limit is 256",
		"3.52273E+14":              "spreadsheet has rounded",
		"3,52273E+14":              "spreadsheet has rounded",
		"*#06#":                    "dial it",
		"hello":                    "no known identifier",
		"IMEI":                     "no known identifier",
		strings.Repeat("(", 200):   "no known identifier",
	} {
		e := identifier.Explain(text)
		sound(t, e)
		if !strings.Contains(e.Problem, want) || len(e.Candidates) > 0 || !e.Failed() || e.Raw != text {
			t.Errorf("%.40q: %q, %d readings", text, e.Problem, len(e.Candidates))
		}
		if len(e.Text()) > 1000 {
			t.Errorf("%.40q: text of %d bytes", text, len(e.Text()))
		}
	}
	if e := identifier.Explain("  352273017386340\r\n"); e.Candidates[0].Canonical != "35227301738634" || e.Raw != "  352273017386340\r\n" {
		t.Errorf("white space around it: %+v", e)
	}
}

// A later layer never hides an earlier one, and what is outside says so when it is not there.
func TestLayers(t *testing.T) {
	x := identifier.Explainer{
		Allocated: func(tac imei.TAC) (string, bool) {
			return "Example Works Model 1", tac == 86000000
		},
		AllocatedVersion: "directory of 2025-01",
		Observed: func(m imei.IMEI) (identifier.Verdict, string) {
			if m == 86000000654321 {
				return identifier.Fail, "reported stolen"
			}
			return identifier.NotApplicable, "never seen"
		},
		ObservedVersion: "ledger 7",
	}
	e := x.Explain("860000006543211")
	c := e.Candidates[0]
	for l, want := range map[identifier.Layer]identifier.Verdict{
		identifier.Form: identifier.Pass, identifier.CheckDigit: identifier.Warn, identifier.Allocation: identifier.Pass,
		identifier.Plausibility: identifier.Pass, identifier.Observation: identifier.Fail,
	} {
		if got := c.Verdict(l); got != want {
			t.Errorf("%s: %s, want %s", l, got, want)
		}
	}
	if !e.Failed() || !strings.Contains(e.Text(), "Reported stolen") || !strings.Contains(e.Text(), "Example Works Model 1") {
		t.Error(e.Text())
	}
	for _, j := range c.Judgements {
		if j.Layer == identifier.Allocation && j.Data != x.AllocatedVersion || j.Layer == identifier.Observation && j.Data != x.ObservedVersion {
			t.Errorf("data version of %+v", j)
		}
	}
	e = x.Explain("350000000000006")
	if e.Candidates[0].Verdict(identifier.Allocation) != identifier.Fail || !e.Failed() {
		t.Error(e.Text())
	}
	if e = identifier.Explain("860000006543218"); e.Failed() || !strings.Contains(e.Text(), "No TAC directory given") {
		t.Error(e.Text())
	}
	// A network's spare digit is never evidence.
	x = identifier.Explainer{FromNetwork: true}
	for _, text := range []string{"860000006543218", "860000006543210", "860000006543213"} {
		e = x.Explain(text)
		if e.Candidates[0].Verdict(identifier.CheckDigit) != identifier.NotApplicable {
			t.Errorf("%s: %s", text, e.Text())
		}
	}
}

func TestJSON(t *testing.T) {
	b, err := json.Marshal(identifier.Explain("860000006543218").Candidates[0])
	const want = `{"kind":"imei","name":"IMEI","canonical":"86000000654321","likelihood":95,"facts":[{"name":"with its check digit","value":"860000006543218"}`
	if err != nil || !strings.HasPrefix(string(b), want) {
		t.Errorf("got %s (%v)", b, err)
	}
	if !strings.Contains(string(b), `{"layer":"allocation","verdict":"not applicable","rule":"imei.allocated","version":"1","text":"no TAC directory given"}`) {
		t.Errorf("got %s", b)
	}
}

func FuzzExplain(f *testing.F) {
	for _, row := range table(f) {
		f.Add(row[0])
	}
	for _, s := range []string{"\u202e1", "IMEI 1: ", "(01", "(01)()", "((8002)", "imei-", "1E+1", "/01", ".0", "(8002)(8002)1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e := identifier.Explain(s)
		if e.Raw != s {
			t.Fatalf("%q is kept as %q", s, e.Raw)
		}
		sound(t, e)
	})
}

func BenchmarkExplain(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		identifier.Explain("35-227301-738634-0")
	}
}
