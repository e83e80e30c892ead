package centre

import (
	"context"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/cases"
	"github.com/openceir/openceir/internal/ledger"
)

func (t *Centre) desk() cases.Desk { return cases.Desk{Zone: t.Zone} }

// OpenCase opens a case.
func (t *Centre) OpenCase(ctx context.Context, o *cases.Opening) (d *cases.Docket, err error) {
	err = t.do(ctx, func(tx *Tx) error { d, err = t.desk().Open(tx, o); return err })
	return d, err
}

// TakeStep takes a step of a case.
func (t *Centre) TakeStep(ctx context.Context, n cases.Number, m *cases.Move) (d *cases.Docket, err error) {
	err = t.do(ctx, func(tx *Tx) error {
		if d, err = cases.Read(ctx, tx, n); err != nil {
			return err
		}
		return t.desk().Take(tx, d, m)
	})
	return d, err
}

// Case returns a case with all that was done on it.
func (t *Centre) Case(ctx context.Context, n cases.Number) (d *cases.Docket, err error) {
	err = t.view(ctx, func(tx *Tx) error { d, err = cases.Read(ctx, tx, n); return err })
	return d, err
}

// CasesOf returns the cases about a device, the one that moved last first.
func (t *Centre) CasesOf(ctx context.Context, m imei.IMEI) (rows []ledger.CaseRow, err error) {
	err = t.view(ctx, func(tx *Tx) error { rows, err = tx.CasesOf(ctx, m); return err })
	return rows, err
}

// Inbox returns the open cases of a place, or of a person there; see store.Tx.CasesAt.
func (t *Centre) Inbox(ctx context.Context, place, assigned string, after ledger.CaseRow, most int) (rows []ledger.CaseRow, err error) {
	err = t.view(ctx, func(tx *Tx) error { rows, err = tx.CasesAt(ctx, place, assigned, after, most); return err })
	return rows, err
}
