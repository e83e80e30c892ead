package ledger

import (
	"fmt"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// KindAdopt says that the register took over from another system; body: device.Adoption. It refuses
// nobody by itself, but what it says decides how long owners have: two organisations sign it.
const KindAdopt receipt.Kind = "adopt"

// foldAdopt names the parts of an adoption, so that nobody sweeps them. As of a run of lists, no
// withdrawal takes them back.
func foldAdopt(e *receipt.Entry) ([]Change, error) {
	a, err := Decode[device.Adoption](e.Effect.Body)
	if err != nil {
		return nil, err
	}
	if a.Until < a.Day {
		return nil, fmt.Errorf("the state of %s continues what is found until %s only", a.Day, a.Until)
	}
	of := e.Record.Content.Digest().String()
	var out []Change
	for _, p := range a.Parts {
		if p.Table != "adopted" {
			return nil, fmt.Errorf("a part of the table %s is of no state", p.Table) // it would count as observed
		}
		out = append(out, put(PartRow{of, p}))
	}
	if a.Run == nil {
		return out, nil
	}
	lists, err := partsOfRun(of, a.Run)
	return append(out, lists...), err
}

// signed checks that those persons of the directory signed an act who must: of two organisations for an
// adoption; see signedAccount. Acts of other kinds are for the guard.
func signed(g *list.Guard, e *receipt.Entry) error {
	r := e.Record
	if r.Content.Kind != KindAdopt && r.Content.Kind != KindAccount {
		return nil
	}
	d := g.Directory()
	if d == nil {
		return fmt.Errorf("record %d (%s): there is no directory of approvers before it", r.Index, r.Content.Kind)
	}
	s, err := d.Support(r)
	switch {
	case err != nil:
	case r.Content.Kind == KindAccount:
		err = signedAccount(e, s)
	case len(s.Organisations) < 2:
		err = fmt.Errorf("it needs %s", list.TwoOrganisations)
	}
	if err != nil {
		return fmt.Errorf("record %d (%s): %w: %w", r.Index, r.Content.Kind, list.ErrSupport, err)
	}
	return nil
}
