package cases

import (
	"context"
	"fmt"
	"iter"

	"github.com/openceir/openceir/internal/authz"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/receipt"
)

// Ledger is what the clock follows.
type Ledger interface {
	Tx
	Head(ctx context.Context) (ledger.Head, error)
	Leaves(ctx context.Context, from uint64, kinds ...receipt.Kind) iter.Seq2[ledger.Leaf, error]
	// LastDay returns the last complete day that was recorded.
	LastDay(ctx context.Context) (day device.Day, ok bool, err error)
	// CasesDue returns the cases for which the clock takes a step on or before a day, by day and number,
	// after one of them; see store.Tx.
	CasesDue(ctx context.Context, day device.Day, after ledger.CaseRow, most int) ([]ledger.CaseRow, error)
}

// Clock is the stage "cases": it takes the steps whose time has come. A time has come when the day is
// complete on which it ends, so that nobody loses the last one.
type Clock[T Ledger] struct {
	Desk Desk
	// Note is told which steps could not be taken and why, for people to see.
	Note func(format string, args ...any)
}

// Name returns "cases".
func (k *Clock[T]) Name() string { return "cases" }

// Look finds out whether a day has passed or a case has moved, and whether a step is due since.
func (k *Clock[T]) Look(ctx context.Context, view T, after uint64) (func(context.Context, T) error, uint64, error) {
	head, err := view.Head(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("reading the ledger's head: %w", err)
	}
	moved := false
	for _, err := range view.Leaves(ctx, after, ledger.KindDay, ledger.KindCase) {
		if err != nil {
			return nil, 0, fmt.Errorf("reading the ledger from record %d: %w", after, err)
		}
		moved = true
		break
	}
	day, known, err := view.LastDay(ctx)
	if err != nil || !known || !moved {
		return nil, head.Size, err
	}
	due, err := view.CasesDue(ctx, day, ledger.CaseRow{}, 1)
	if err != nil || len(due) == 0 {
		return nil, head.Size, err
	}
	return func(ctx context.Context, tx T) error { return k.take(ctx, tx, day) }, head.Size, nil
}

// take takes what is due, as many steps as one transaction may have. What they lead to is looked at
// when they are seen in the ledger, and with it what is left.
func (k *Clock[T]) take(ctx context.Context, tx T, day device.Day) error {
	last := ledger.CaseRow{}
	for taken := 0; taken < dueAtOnce; {
		due, err := tx.CasesDue(ctx, day, last, dueAtOnce-taken)
		if err != nil || len(due) == 0 {
			return err
		}
		for _, row := range due {
			switch err := k.strike(ctx, tx, row, day); {
			case err == nil:
				taken++
			case ctx.Err() != nil:
				return err
			case k.Note != nil:
				k.Note("the time has come for the case %s, which is %s, and nothing was done: %v", row.Number, row.State, err)
			}
		}
		last = due[len(due)-1]
	}
	return nil
}

// strike takes the step of one case.
func (k *Clock[T]) strike(ctx context.Context, tx T, row ledger.CaseRow, day device.Day) error {
	n, err := ParseNumber(row.Number)
	if err != nil {
		return err
	}
	d, err := Read(ctx, tx, n)
	if err != nil {
		return err
	}
	_, step, _ := d.Case.Due()
	return k.Desk.Take(tx, d, &Move{Event: Event{Step: step, By: Actor{Role: authz.Clock}, Day: day, After: d.Case.Events}})
}
