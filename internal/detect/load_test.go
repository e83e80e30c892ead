package detect

import (
	"errors"
	"strings"
	"testing"

	"github.com/openceir/openceir/internal/problem"
)

func TestDefault(t *testing.T) {
	s := Default()
	for i, c := range s.All() {
		if len(c.Version()) != 16 || s.Find(c.Name) != &s.All()[i] || c.Params()["window_days"] == "" {
			t.Errorf("%s: version %q, params %v", c.Name, c.Version(), c.Params())
		}
	}
	if s.Find("none") != nil || s.Horizon() != minHorizon {
		t.Error("horizon", s.Horizon())
	}
}

// TestVersion fixes the canonical text: a change of form would make every open finding change.
func TestVersion(t *testing.T) {
	s, err := Load([]byte(`conditions: [{name: a, description: "é \" x", ground: g, effect: tracked, max_share: 0.05, all: [{average_subscribers: {at_least: 3.10}, invert: true}]}]`))
	if err != nil {
		t.Fatal(err)
	}
	const want = `conditions:
  - name: a
    description: "\u00e9 \" x"
    ground: g
    effect: tracked
    window_days: 30
    look_again_days: 0
    strength: 500
    max_share: 0.05
    all:
      - average_subscribers:
          at_least: 3.1
          active_days: 5
          brief_days: 0
          household: 0
          siblings: 0
        invert: true
`
	if s.Text() != want {
		t.Error(s.Text())
	}
	if v := s.All()[0].Version(); v != "5d6d8073bbce1564" {
		t.Error(v)
	}
	other, err := Load([]byte(strings.Replace(want, "3.1", "3.2", 1)))
	if err != nil || other.All()[0].Version() == s.All()[0].Version() {
		t.Error("another threshold, the same version", err)
	}
}

// rule is one valid condition, with a place for the dimensions.
const rule = `conditions:
  - name: a
    description: d
    ground: duplicate
    effect: tracked
    window_days: 30
    all:
      - `

func TestLoadRefuses(t *testing.T) {
	for _, test := range []struct{ name, file, want string }{
		{"nothing", "", "empty"},
		{"comment only", "# no\n", "empty"},
		{"not YAML", "a: [", "not YAML"},
		{"two documents", rule + "stolen: {}\n---\na: 1\n", "second document"},
		{"not a mapping", "- a\n", "line 1: the file must be a mapping"},
		{"no conditions", "{}\n", `lacks the key "conditions"`},
		{"empty list", "conditions: []\n", "at least one condition"},
		{"unknown key of the file", "condition: []\n", `line 1: the file has no key "condition"; did you mean "conditions"?`},
		{"unknown key of a condition", strings.Replace(rule, "window_days", "windowdays", 1) + "stolen: {}\n", `line 6: a condition has no key "windowdays"; did you mean "window_days"?`},
		{"unknown dimension", rule + "subscriber: {at_least: 2}\n", `line 8: a dimension has no key "subscriber"; did you mean "subscribers"?`},
		{"unknown parameter", rule + "subscribers: {at_last: 2}\n", `line 8: subscribers has no key "at_last"; did you mean "at_least"?`},
		{"parameter where none is", rule + "stolen: {days: 2}\n", "stolen has no parameters"},
		{"duplicate key", rule + "subscribers: {at_least: 2, at_least: 3}\n", `has the key "at_least" twice, first on line 8`},
		{"duplicate key of a condition", strings.Replace(rule, "ground: duplicate", "ground: a\n    ground: b", 1) + "stolen: {}\n", `line 5: a condition has the key "ground" twice, first on line 4`},
		{"merge key", rule + "subscribers: {at_least: 2, <<: {household: 3}}\n", `no key "<<"`},
		{"missing parameter", rule + "subscribers: {}\n", `lacks the key "at_least"`},
		{"text for a number", rule + "subscribers: {at_least: many}\n", `line 8: at_least must be a whole number, not "many"`},
		{"quoted number", rule + "subscribers: {at_least: \"3\"}\n", "must be a whole number"},
		{"fraction for a whole number", rule + "subscribers: {at_least: 2.5}\n", "must be a whole number"},
		{"octal", rule + "subscribers: {at_least: 010}\n", "must be a whole number"},
		{"negative", rule + "subscribers: {at_least: -1}\n", "must be from 1 to"},
		{"out of range", rule + "subscribers: {at_least: 2, household: 65}\n", "line 8: household is 65; it must be from 0 to 64"},
		{"too many decimals", rule + "average_subscribers: {at_least: 2.0001}\n", "at most 3 decimals"},
		{"exponent", rule + "average_subscribers: {at_least: 2e3}\n", "at most 3 decimals"},
		{"not a number", rule + "average_subscribers: {at_least: .nan}\n", "at most 3 decimals"},
		{"active days beyond the window", rule + "average_subscribers: {at_least: 2, active_days: 31}\n", "31 active days in a window of 30"},
		{"not a boolean", rule + "subscribers: {at_least: 2, sequential: yes please}\n", "must be true or false"},
		{"window too long", strings.Replace(rule, "30", "367", 1) + "stolen: {}\n", "line 6: window_days is 367; it must be from 1 to 366"},
		{"window of none", strings.Replace(rule, "30", "0", 1) + "stolen: {}\n", "from 1 to 366"},
		{"bad effect", strings.Replace(rule, "tracked", "blocked", 1) + "stolen: {}\n", `write prohibited or tracked`},
		{"bad name", strings.Replace(rule, "name: a", "name: A b", 1) + "stolen: {}\n", "lower-case letters"},
		{"name is a number", strings.Replace(rule, "name: a", "name: 12", 1) + "stolen: {}\n", "must be text"},
		{"control character", strings.Replace(rule, "description: d", `description: "a\nb"`, 1) + "stolen: {}\n", "control characters"},
		{"two dimensions in one", rule + "stolen: {}\n        subscribers: {at_least: 2}\n", "one item of the list has one dimension"},
		{"no dimension", rule + "invert: true\n", "a dimension is missing"},
		{"alias", "x: &a {}\n", `no key "x"`},
		{"alias of a dimension", rule + "subscribers: &a {at_least: 2}\n      - subscribers: *a\n", "aliases are not read"},
		{"body of one digit", rule + "tac_not_allocated: {delay_days: {\"5\": 2}}\n", "two digits of a reporting body"},
		{"body twice", rule + "tac_not_allocated: {delay_days: {\"35\": 2, 35: 3}}\n", `"35" twice`},
		{"delay too long", rule + "tac_not_allocated: {delay_days: {\"35\": 400}}\n", `the delay of "35" is 400`},
		{"name taken", rule + "stolen: {}\n" + strings.TrimPrefix(rule, "conditions:\n") + "stolen: {}\n", `"a" is taken`},
		{"too large", strings.Repeat("#", maxFile+1), "at most"},
		{"too many dimensions", rule + strings.Repeat("stolen: {}\n      - ", 8) + "stolen: {}\n", "1 to 8 dimensions"},
	} {
		_, err := Load([]byte(test.file))
		if err == nil || !strings.Contains(err.Error(), test.want) || !errors.Is(err, problem.Invalid) {
			t.Errorf("%s: %v, not %q", test.name, err, test.want)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(string(defaults))
	f.Add(rule + "subscribers: {at_least: 2, sequential: true}\n")
	f.Add(rule + "tac_not_allocated: {delay_days: {\"35\": 2}}\n        invert: true\n")
	f.Add(rule + "place_conflict:\n")
	f.Fuzz(func(t *testing.T, file string) {
		s, err := Load([]byte(file))
		if err != nil {
			if !errors.Is(err, problem.Invalid) {
				t.Fatal("not the user's fault?", err)
			}
			return
		}
		again, err := Load([]byte(s.Text()))
		if err != nil || again.Text() != s.Text() {
			t.Fatalf("%v\n%s", err, s.Text())
		}
	})
}

// FuzzScripts feeds the language and the pass: whatever can be written can be judged.
func FuzzScripts(f *testing.F) {
	f.Add("case a\nload\n asof 2026-10-20\n crowd 35123456000001 3 op1 days 2026-10-01..2026-10-20/2\nexpect\n nothing\n")
	f.Add("case a\nload\n asof 2026-10-20\n zone +06:00\n area a 1 2\n area b 3 4\n visit 35123456000001 imsi 1 op1 a 2026-10-04T10:00..2026-10-04T12:00\n visit 35123456000001 imsi 2 op1 b 2026-10-04T10:00..2026-10-04T12:00\n")
	f.Add("case a\nload\n asof 2026-10-20\n stolen 35123456000001 -\n open 35123456000001 stolen since 2026-10-01\n missing op1 2026-10-01\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 2000 {
			return
		}
		scripts, err := parseScripts(text)
		if err != nil {
			return
		}
		for _, s := range scripts {
			_, _ = s.run()
		}
	})
}
