package centre

import (
	"context"
	"iter"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
)

// findingParts returns the parts of the lake that hold the findings, in the order in which they count.
func (tx *Tx) findingParts(ctx context.Context) ([]device.Part, error) {
	rows, err := tx.FindingParts(ctx)
	parts := make([]device.Part, len(rows))
	for i := range rows {
		parts[i] = rows[i].Part
	}
	return parts, err
}

// Findings yields the open findings of devices, bucket by bucket and sorted by (IMEI, rule) in each,
// and then those of malformed identifiers.
func (tx *Tx) Findings(ctx context.Context) iter.Seq2[ledger.FindingRow, error] {
	return tx.readFindings(ctx, tx.lake.Findings)
}

// BareFindings is Findings without what they rest on.
func (tx *Tx) BareFindings(ctx context.Context) iter.Seq2[ledger.FindingRow, error] {
	return tx.readFindings(ctx, tx.lake.BareFindings)
}

func (tx *Tx) readFindings(ctx context.Context, read func(context.Context, []device.Part, int) ([]device.Finding, error)) iter.Seq2[ledger.FindingRow, error] {
	return func(yield func(ledger.FindingRow, error) bool) {
		parts, err := tx.findingParts(ctx)
		for bucket := 0; bucket <= device.Buckets && err == nil; bucket++ {
			var rows []device.Finding
			rows, err = read(ctx, parts, bucket)
			for i := range rows {
				if err == nil && !yield(ledger.FindingRow{Finding: rows[i]}, nil) {
					return
				}
			}
		}
		if err != nil {
			yield(ledger.FindingRow{}, err)
		}
	}
}

// FindingsOf returns the open findings of a device, by rule.
func (tx *Tx) FindingsOf(ctx context.Context, m imei.IMEI) ([]ledger.FindingRow, error) {
	parts, err := tx.findingParts(ctx)
	if err != nil {
		return nil, err
	}
	return asRows(tx.lake.FindingsOf(ctx, parts, m))
}

// FillIn implements decide.View.
func (tx *Tx) FillIn(ctx context.Context, findings []*device.Finding) error {
	parts, err := tx.findingParts(ctx)
	if err != nil {
		return err
	}
	return tx.lake.FillIn(ctx, parts, findings)
}

// FindingsOfRules returns the open findings of some rules on devices, by rule, without what they rest
// on.
func (tx *Tx) FindingsOfRules(ctx context.Context, rules ...string) (map[string][]*device.Finding, error) {
	parts, err := tx.findingParts(ctx)
	if err != nil {
		return nil, err
	}
	return tx.lake.FindingsOfRules(ctx, parts, rules...)
}

func asRows(found []device.Finding, err error) ([]ledger.FindingRow, error) {
	rows := make([]ledger.FindingRow, len(found))
	for i := range found {
		rows[i].Finding = found[i]
	}
	return rows, err
}

// CountFindings returns the number of open findings of each rule that has any, as the last run of
// detection said.
func (tx *Tx) CountFindings(ctx context.Context) (map[string]int, error) {
	out := map[string]int{}
	body, _, ok, err := tx.LastBody(ctx, ledger.KindFindings)
	if err != nil || !ok {
		return out, err
	}
	d, _, err := ledger.ReadDetection(body)
	for rule, n := range d.Rules {
		if n.Open > 0 {
			out[rule] = int(n.Open)
		}
	}
	return out, err
}

// OlderFindings implements detect.View.
func (tx *Tx) OlderFindings(ctx context.Context) ([]device.Finding, error) {
	return ledger.OlderFindings(ctx, tx)
}

// Findings gives take each open finding, as Tx.Findings yields them.
func (t *Centre) Findings(ctx context.Context, take func(*device.Finding) error) error {
	return t.view(ctx, func(tx *Tx) error {
		for row, err := range tx.Findings(ctx) {
			if err == nil {
				err = take(&row.Finding)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// FindingsOf returns the open findings of a device, by rule.
func (t *Centre) FindingsOf(ctx context.Context, m imei.IMEI) (rows []ledger.FindingRow, err error) {
	err = t.view(ctx, func(tx *Tx) error { rows, err = tx.FindingsOf(ctx, m); return err })
	return rows, err
}

// joinedParts names the parts of findings that the last run of detection joined.
func (tx *Tx) joinedParts(ctx context.Context, named map[string]bool) error {
	body, _, ok, err := tx.LastBody(ctx, ledger.KindFindings)
	if err != nil || !ok {
		return err
	}
	d, _, err := ledger.ReadDetection(body)
	for _, p := range d.Gone {
		named[p.Digest] = true
	}
	return err
}
