package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/store/storetest"
	"github.com/openceir/openceir/receipt"
)

// A tail cut off together with everything that followed from it, and a history told anew and signed
// with the log's own key, are registers without a fault; a head held elsewhere finds both.
func TestHeadHeldElsewhere(t *testing.T) {
	for _, d := range dialects {
		t.Run(d.name, func(t *testing.T) {
			c := d.make(t)
			s := storetest.Tell(t, storetest.New(t, open(t, c), 1))
			r := rawOf(t, c)
			early, earlier := r.image(), note(r)
			more(t, s.Register, "more")
			now, held := r.image(), note(r)
			for _, h := range [][]byte{nil, earlier, held} {
				if faults := s.Verify(t, h).Faults; len(faults) > 0 {
					t.Fatal(faults)
				}
			}

			r.restore(early)
			want(t, s.Verify(t, nil), "")
			want(t, s.Verify(t, earlier), "")
			want(t, s.Verify(t, held), "leaves: a head held elsewhere has 39 records and there are only 36: the tail was cut")

			other := d.make(t)
			told := storetest.New(t, open(t, other), 1)                                                               // the same log's key
			told.Draft(t, "not sent", receipt.Content{Kind: ledger.KindStep, By: storetest.Office("test")}, nil, nil) // other salts from here on
			storetest.Tell(t, told)
			more(t, told, "more")
			r.restore(rawOf(t, other).image())
			want(t, s.Verify(t, nil), "")
			want(t, s.Verify(t, held), "leaves: the first 39 records are not those of a head held elsewhere: the history was rewritten")

			r.restore(now)
			want(t, s.Verify(t, held), "")
			oldHead(t, s, r, early, now)
		})
	}
}

// oldHead puts only the head row back: the records beyond it are found.
func oldHead(t *testing.T, s *storetest.Story, r *raw, early, now map[string][][]any) {
	for _, rel := range r.relations() {
		if rel.name == "head" {
			r.put(rel, early["head"])
			want(t, s.Verify(t, nil), "leaves 36: there are 39 records, the signed head says 36")
			r.put(rel, now["head"])
		}
	}
	s.Clean(t)
}

func more(t *testing.T, r *storetest.Register, name string) {
	for i := range 3 {
		d := r.Draft(t, fmt.Sprint(name, i), receipt.Content{Kind: ledger.KindNode, By: storetest.Office("feed")},
			ledger.Encode(device.NodeReport{Node: "north/eir-9", Size: uint64(i), State: device.InForce}), nil)
		r.Must(t, d)
	}
}

// note returns the signed head.
func note(r *raw) []byte { return []byte(r.query("SELECT note FROM head")[0][0].(string)) }

// want wants one fault, or none for "".
func want(t *testing.T, report *ledger.Report, fault string) {
	t.Helper()
	if fault == "" && len(report.Faults) > 0 || fault != "" && !slices.ContainsFunc(report.Faults, func(f ledger.Fault) bool { return f.String() == fault }) {
		t.Errorf("faults: %v, want %q", report.Faults, fault)
	}
}

// Tables, columns, indexes and triggers that are not those of the program's version are found.
func TestChangedSchema(t *testing.T) {
	for _, d := range dialects {
		t.Run(d.name, func(t *testing.T) {
			for change, fault := range map[string]string{
				"CREATE TABLE more (a bigint)":                                        "table more",
				"ALTER TABLE acts ADD COLUMN b TEXT":                                  "column acts.b",
				"ALTER TABLE acts RENAME COLUMN kind TO sort":                         "acts.",
				"DROP TABLE nodes":                                                    "nodes",
				"DROP INDEX parts_table":                                              "index parts_table",
				"CREATE INDEX more ON acts (kind)":                                    "index more",
				"CREATE VIEW more AS SELECT idx FROM acts":                            "more",
				"INSERT INTO schema (version, digest) VALUES (99, '')":                "99",
				"DELETE FROM schema":                                                  "version 1",
				"UPDATE schema SET digest = 'x'":                                      "version 1",
				triggers[d.name]:                                                      "trigger more",
				"ALTER TABLE leaves RENAME TO old;; CREATE TABLE leaves (idx bigint)": "old",
			} {
				c := d.make(t)
				s := storetest.New(t, open(t, c), 1)
				r := rawOf(t, c)
				for text := range strings.SplitSeq(change, ";; ") {
					r.must(text)
				}
				var said string
				err := s.Store.View(t.Context(), func(tx ledger.Tx) (err error) { said, err = tx.SchemaFault(t.Context()); return err })
				if err != nil || !strings.Contains(said, fault) {
					t.Errorf("%s: %q, %v", change, said, err)
				}
			}
		})
	}
}

var triggers = map[string]string{
	"sqlite":   "CREATE TRIGGER more AFTER INSERT ON acts BEGIN DELETE FROM nodes; END",
	"postgres": "CREATE TRIGGER more BEFORE UPDATE ON acts FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
}

// A register whose acts hold the findings, with a table of them, is brought to this version: the
// table goes, the stage begins anew, and what was open can be read from the acts.
func TestFindingsInActs(t *testing.T) {
	for _, d := range dialects {
		t.Run(d.name, func(t *testing.T) {
			c := d.make(t)
			s := storetest.New(t, open(t, c), 1)
			for i, body := range []string{
				`{"upto":9,"day":20030,"open":[{"imei":"35227301738634","rule":"r","version":"v","since":3,"strength":4,"pairs":1,"found":20030,"block":20090},` +
					`{"imei":"35227301738635","rule":"r","version":"v","since":3,"strength":4,"pairs":1}]}`,
				`{"upto":12,"day":20031,"closed":[{"imei":"35227301738635","rule":"r"}],"text":{"a":"b"}}`,
			} {
				s.Must(t, s.Draft(t, fmt.Sprint(i), receipt.Content{Kind: ledger.KindFindings, By: storetest.Office("detect")}, []byte(body), nil))
			}
			r := rawOf(t, c)
			for _, text := range []string{"CREATE TABLE findings (imei bigint)", "CREATE INDEX findings_strength ON findings (imei)",
				"INSERT INTO cursors (stage, upto, idx) VALUES ('detect', 12, 1), ('other', 3, 0)", "DROP INDEX parts_digest", "DROP TABLE cases", "DROP TABLE case_devices", "DROP TABLE accounts", "DELETE FROM schema WHERE version >= 3"} {
				r.must(text)
			}
			s = storetest.New(t, open(t, c), 1)
			want(t, s.Verify(t, nil), "cursors other: no record of the ledger gives this row")
			r.must("DELETE FROM cursors WHERE stage = 'other'")
			s.Clean(t)
			err := s.Store.View(t.Context(), func(tx ledger.Tx) error {
				older, err := ledger.OlderFindings(t.Context(), tx)
				if len(older) != 1 || older[0].Block != 20090 {
					t.Errorf("the acts left %+v open", older)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}
