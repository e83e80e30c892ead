package ledger

import (
	"slices"
	"strings"
	"testing"

	"github.com/openceir/openceir/internal/device"
)

// Parts of findings are put and dropped by the act that brought them, in whose order they sort.
func TestFoldFindings(t *testing.T) {
	part := func(of string, bucket int) device.Part {
		return device.Part{Digest: of, Table: TableFindings, Bucket: bucket}
	}
	keys := func(index uint64, d Detection) (out []string) {
		changes, err := foldFindings(index, Encode(d))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range changes {
			if sign := "+"; c.Row.Table() == Parts {
				if c.Drop {
					sign = "-"
				}
				out = append(out, sign+c.Row.Key())
			}
		}
		return out
	}
	first := keys(9, Detection{Added: []device.Part{part("a", 0), part("b", device.Buckets)}})
	later := keys(10, Detection{Added: []device.Part{part("a", 0)}, Gone: []FindingPart{{9, "a"}, {9, "b"}}})
	if len(first) != 2 || len(later) != 3 || later[0] != "-"+first[0][1:] || later[1] != "-"+first[1][1:] || first[0] > later[2] {
		t.Errorf("%q, then %q", first, later)
	}
	for _, act := range []uint64{1, 10, 1<<63 - 1} {
		if r := (PartRow{File: findingsOf(act)}); r.BroughtBy() != act {
			t.Errorf("%q is brought by %d", r.File, r.BroughtBy())
		}
	}
	for _, p := range []device.Part{{Digest: "a", Table: "days"}, part("a", device.Buckets+1), part("a", -1)} {
		if _, err := foldFindings(9, Encode(Detection{Added: []device.Part{p}})); err == nil {
			t.Errorf("%+v holds findings", p)
		}
	}
}

// Acts of the older form are read as they were, leave no rows, and nothing else passes for one.
func TestOlderForm(t *testing.T) {
	for _, body := range []string{
		`{"upto":9,"day":20030}`,
		`{"upto":9,"day":20030,"open":[{"imei":"35227301738634","rule":"r","version":"v","since":3,"strength":4,"pairs":1}],"closed":[{"imei":"35227301738635","rule":"r"}],"text":{"a":"b"}}`,
	} {
		changes, err := foldFindings(3, []byte(body))
		_, now, err2 := ReadDetection([]byte(body))
		if len(changes) != 0 || err != nil || now || err2 != nil {
			t.Errorf("%s: %v %v %v %v", body, changes, err, now, err2)
		}
		for _, wrong := range []string{strings.Replace(body, "upto", "up", 1), body + " ", strings.Replace(body, `"day":20030`, `"day":20030,"rules":{}`, 1)} {
			if _, err := foldFindings(3, []byte(wrong)); err == nil {
				t.Errorf("taken: %s", wrong)
			}
		}
	}
	if d, now, err := ReadDetection(Encode(Detection{Upto: 4})); d.Upto != 4 || !now || err != nil {
		t.Error(d, now, err)
	}
	if !slices.IsSorted([]string{findingsOf(9), findingsOf(10), findingsOf(1 << 62)}) {
		t.Error("the order of the parts is not that of the acts")
	}
}
