package cases

import (
	"context"
	"errors"
	"iter"

	"github.com/openceir/openceir/internal/ledger"
)

// Rows is what is read to verify the cases.
type Rows interface {
	View
	// Rows yields every row of a derived table, in any order.
	Rows(ctx context.Context, t ledger.Table) iter.Seq2[ledger.Row, error]
}

// Verify plays every case again and returns what did not come about as its machine has it: a step that
// nobody in that role may take, or not from there, or too early, or without a reason.
func Verify(ctx context.Context, view Rows) (faults []ledger.Fault, err error) {
	for row, err := range view.Rows(ctx, ledger.Cases) {
		if _, unreadable := errors.AsType[ledger.Fault](err); unreadable {
			continue // the ledger's own verification names it
		}
		if err != nil {
			return nil, err
		}
		number := row.(ledger.CaseRow).Number
		n, err := ParseNumber(number)
		if err == nil {
			_, err = Read(ctx, view, n)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err != nil {
			faults = append(faults, ledger.Fault{Table: "cases", Row: number, Text: err.Error()})
		}
	}
	return faults, nil
}
