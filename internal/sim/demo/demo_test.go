package demo_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openceir/openceir/internal/sim/demo"
	"github.com/openceir/openceir/internal/store/storetest"
)

// The whole loop, small: every phone gets the answer that the truth asks for, the register
// verifies, and the stolen key of the centre cuts nobody off. On both databases.
func TestDemo(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { run(t, "") })
	t.Run("postgres", func(t *testing.T) { run(t, storetest.Postgres(t)) })
}

func run(t *testing.T, database string) {
	var story bytes.Buffer
	d, err := demo.Run(t.Context(), demo.Options{Population: 2000, Seed: 3, Data: filepath.Join(t.TempDir(), "data"), Database: database, Story: &story})
	if err != nil {
		t.Fatalf("%v after\n%s", err, story.String())
	}
	r := d.Result
	if err := d.Close(); err != nil {
		t.Errorf("closing: %v", err)
	}
	for _, c := range r.Checks {
		if c.Status != c.Expected {
			t.Errorf("%s over %s is %s, the truth asks for %s", c.Who, c.Front, c.Status, c.Expected)
		}
	}
	if len(r.Checks) != 10 || !r.LedgerVerified || !r.AsItShouldBe() {
		t.Errorf("the result is not as it should be: %+v", r)
	}
	a := r.Attack
	if a.LinesPushed < 2000 || a.FilesHeld < 9 || a.DevicesAsked < 1500 || a.DevicesCutOff != 0 {
		t.Errorf("the attack: %+v", a)
	}
	if r.Lists["prohibited"] == 0 || r.Lists["allowed"] == 0 || r.Decisions == 0 || r.Sightings == 0 || r.Findings["stolen"] == 0 {
		t.Errorf("something of the loop is missing: %+v", r)
	}
	if r.Detection.Recall["stolen"] != 1 || r.Detection.Precision < 0.9 {
		t.Errorf("detection: %+v", r.Detection)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields("population sightings findings decisions ledger_size ledger_verified lists checks attack lines_pushed devices_cut_off detection precision recall seconds") {
		if !bytes.Contains(text, []byte(`"`+name+`":`)) {
			t.Errorf("the result has no %q", name)
		}
	}
	if t.Failed() {
		t.Log(story.String())
	}
}

// A directory that holds something is not written over.
func TestDemoKeepsWhatIsThere(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	d, err := demo.Run(t.Context(), demo.Options{Population: 500, Data: data})
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
	if _, err := demo.Run(t.Context(), demo.Options{Population: 500, Data: data}); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Fatalf("a second run in the same directory: %v", err)
	}
}
