package ledger_test

import (
	"strings"
	"testing"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/internal/store/storetest"
	"github.com/openceir/openceir/receipt"
)

// An adoption enters with the signatures of two organisations and not with fewer; its parts are
// named, and the register verifies.
func TestAdoption(t *testing.T) {
	s := story(t)
	whole := device.Adoption{Day: 20030, Until: 20037, Rules: []device.AdoptedRule{{Condition: "stolen", Rule: "stolen-list", Rows: 2}},
		Files: []device.AdoptedFile{{Name: "classification_state.csv", Digest: strings.Repeat("ab", 32), Rows: 2}},
		Parts: []device.Part{{Digest: strings.Repeat("01", 32), Table: "adopted", Bucket: 1, Rows: 2, Bytes: 9}},
		Run:   &device.ListRun{Day: 20030, Base: -1, Parts: []device.Part{{Digest: strings.Repeat("02", 32), Table: "list_devices", Rows: 1, Bytes: 9}}}}
	observed, backward := whole, whole
	observed.Parts = []device.Part{{Digest: strings.Repeat("01", 32), Table: "days"}}
	backward.Until = 20029
	for _, c := range []struct {
		name    string
		body    device.Adoption
		signers []string
		want    problem.Kind
		text    string
	}{
		{"nobody", whole, nil, problem.Refused, "signatures from two organisations"},
		{"one person", whole, []string{"ministry/amina"}, problem.Refused, "signatures from two organisations"},
		{"two persons of one organisation", whole, []string{"ministry/amina", "ministry/bela"}, problem.Refused, "signatures from two organisations"},
		{"a stranger", whole, []string{"ministry/amina", "east/eve"}, problem.Refused, "not in the directory"},
		{"parts that would count as observed", observed, []string{"ministry/amina", "north/chidi"}, problem.Invalid, "of the table days"},
		{"an end before the beginning", backward, []string{"ministry/amina", "north/chidi"}, problem.Invalid, "until"},
		{"two organisations", whole, []string{"ministry/amina", "north/chidi"}, "", ""},
	} {
		d := s.Draft(t, c.name, receipt.Content{Kind: ledger.KindAdopt, By: storetest.Office("adopt")}, ledger.Encode(c.body), nil, c.signers...)
		_, err := s.Seq.Submit(t.Context(), d)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (problem.Of(err) != c.want || !strings.Contains(err.Error(), c.text)):
			t.Errorf("%s: %v, want %v with %q", c.name, err, c.want, c.text)
		}
	}
	named := map[string]bool{}
	err := s.Store.View(t.Context(), func(tx ledger.Tx) error {
		for row, err := range tx.Rows(t.Context(), ledger.Parts) {
			if err != nil {
				return err
			}
			named[row.(ledger.PartRow).Part.Table] = true
		}
		return nil
	})
	if err != nil || !named["adopted"] || !named["list_devices"] {
		t.Errorf("the parts of an adoption are not named: %v %v", named, err)
	}
	s.Clean(t)
}
