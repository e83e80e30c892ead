package portal

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/openceir/openceir/internal/problem"
)

func TestStrictObject(t *testing.T) {
	for text, want := range map[string]string{
		`{"step":"go","after":3,"to":["a"]}`: "",
		` { "after" : 3 } `:                  "",
		`{}`:                                 "",
		``:                                   "begin with {",
		`null`:                               "begin with {",
		`[]`:                                 "begin with {",
		`{"step":"go"`:                       "EOF",
		`{"step":"go"}{}`:                    "follows",
		`{"step":"go"} x`:                    "follows",
		`{"step":"a","step":"a"}`:            "twice",
		`{"Step":"a"}`:                       `no field "Step"`,
		`{"\u0073tep":"a","step":"b"}`:       "twice",
		`{"step":1}`:                         "step",
		`{"after":"3"}`:                      "after",
		`{"after":1e99}`:                     "after",
		`{"to":[1]}`:                         "to",
		"{\"step\":\"\xff\"}":                "UTF-8",
		`{"step":"go",}`:                     "body",
	} {
		var step string
		var after int
		var to []string
		err := strictObject([]byte(text), map[string]any{"step": &step, "after": &after, "to": &to})
		if (err == nil) != (want == "") || err != nil && (problem.Of(err) != problem.Invalid || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if err := readObject(strings.NewReader(strings.Repeat(" ", bodyMax+1)), nil); problem.Of(err) != problem.Invalid {
		t.Error(err)
	}
}

// What is read strictly is JSON, and reads the same for everybody.
func FuzzStrictObject(f *testing.F) {
	f.Add([]byte(`{"step":"go","after":3,"to":["a"]}`))
	f.Add([]byte(`{"step":"a","step":"a"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var step string
		var after int
		var to []string
		if strictObject(text, map[string]any{"step": &step, "after": &after, "to": &to}) != nil {
			return
		}
		var other struct {
			Step  string   `json:"step"`
			After int      `json:"after"`
			To    []string `json:"to"`
		}
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(&other); err != nil || other.Step != step || other.After != after || len(other.To) != len(to) {
			t.Errorf("%q reads as %q %d %q, and otherwise as %+v, %v", text, step, after, to, other, err)
		}
	})
}
