package centre

import (
	"context"
	"fmt"
	"strings"

	"github.com/openceir/openceir/identifier"
	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/list"
)

// Explainer returns an explainer of identifiers that knows the register: the TAC directory in
// force, and what the list says. It is for officers; the public is told less (see Check).
func (t *Centre) Explainer(ctx context.Context) (*identifier.Explainer, error) {
	var files []device.File
	err := t.view(ctx, func(tx *Tx) error {
		rows, err := tx.Files(ctx, device.FileTAC, "")
		for _, row := range rows {
			files = append(files, row.File)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	x := &identifier.Explainer{Observed: t.observed, ObservedVersion: fmt.Sprintf("ledger size %d", t.state().Head.Size)}
	if len(files) == 0 {
		return x, nil
	}
	last := files[len(files)-1]
	directory, err := t.Lake.TACs(ctx, last.Parts)
	if err != nil {
		return nil, err
	}
	x.AllocatedVersion = fmt.Sprintf("%s, taken in on %s", last.Name, last.Added)
	x.Allocated = func(tac imei.TAC) (string, bool) {
		row, ok := directory.Lookup(tac)
		return strings.TrimSpace(row.Manufacturer + " " + row.Model), ok
	}
	return x, nil
}

// observed says what the list holds of a device, and how many subscribers use it.
func (t *Centre) observed(m imei.IMEI) (identifier.Verdict, string) {
	a := t.Check(m)
	text := fmt.Sprintf("The list answers %s (%s).", a.Status, a.Reason)
	if a.Line.Class != 0 {
		text = fmt.Sprintf("The list answers %s, by act %d: %s.", a.Status, a.Line.Act, a.Line.String())
	}
	if seen, err := t.Active(context.Background()); err == nil && seen != nil {
		text += fmt.Sprintf(" Seen with %d subscribers in the 30 days counted last.", seen.Pairs(m))
	}
	switch a.Status {
	case list.Allowed:
		return identifier.Pass, text
	case list.Tracked:
		return identifier.Warn, text
	}
	return identifier.Fail, text
}
