package store

import (
	"context"
	"math"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
)

// Case returns where a case stands.
func (tx *Tx) Case(ctx context.Context, number string) (ledger.CaseRow, bool, error) {
	return rowOf[ledger.CaseRow](ctx, tx, ledger.Cases, "case", number)
}

// CasesOf returns the cases about a device, the one that moved last first.
func (tx *Tx) CasesOf(ctx context.Context, m imei.IMEI) ([]ledger.CaseRow, error) {
	return rowsOf[ledger.CaseRow](ctx, tx, ledger.Cases, "cases_of", int64(m))
}

// CasesDue returns the cases for which the clock takes a step on or before a day, by day and number, at
// most so many; those after a row of the page before, the zero row for the first page.
func (tx *Tx) CasesDue(ctx context.Context, day device.Day, after ledger.CaseRow, most int) ([]ledger.CaseRow, error) {
	return rowsOf[ledger.CaseRow](ctx, tx, ledger.Cases, "cases_due", int64(day), int64(after.Due), after.Number, int64(most))
}

// CasesAt returns the open cases that a place has, those that stand longest first, at most so many; of
// one person, if one is named, and those after a row of the page before, the zero row for the first
// page.
func (tx *Tx) CasesAt(ctx context.Context, place, assigned string, after ledger.CaseRow, most int) ([]ledger.CaseRow, error) {
	since := int64(after.Since)
	if after.Number == "" {
		since = math.MinInt32
	}
	return rowsOf[ledger.CaseRow](ctx, tx, ledger.Cases, "cases_at", place, assigned, since, after.Number, int64(most))
}
