package store

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/openceir/openceir/internal/ledger"
)

// pages yields the rows of a query page by page. first and next are texts that end in LIMIT; next
// takes the key of the last row of the page before (its first columns) after the arguments.
func (tx *Tx) pages(ctx context.Context, first, next string, keys, limit int, args ...any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		text, bind := first, args
		for {
			rows, err := tx.s.query(ctx, text, bind...)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, r := range rows {
				if !yield(r, nil) {
					return
				}
			}
			if len(rows) < limit {
				return
			}
			text, bind = next, append(args[:len(args):len(args)], rows[len(rows)-1][:keys]...)
		}
	}
}

// all yields every row of a table by key.
func (tx *Tx) all(ctx context.Context, t *table) iter.Seq2[[]any, error] {
	key := t.names()[:t.keys]
	marks := make([]string, t.keys)
	for i := range marks {
		marks[i] = fmt.Sprintf("$%d", i+1)
	}
	from := "SELECT " + strings.Join(t.names(), ", ") + " FROM " + t.name
	order := fmt.Sprintf(" ORDER BY %s LIMIT %d", strings.Join(key, ", "), pageRows)
	after := " WHERE (" + strings.Join(key, ", ") + ") > (" + strings.Join(marks, ", ") + ")"
	return tx.pages(ctx, from+order, from+after+order, t.keys, pageRows)
}

// read makes a row of its cells; what can not be one is a ledger.Fault.
func (t *table) read(values []any) (ledger.Row, error) {
	c := &cells{values: values}
	r := t.row(c)
	if c.err != nil {
		return nil, t.fault(values, c.err)
	}
	return r, nil
}

// fault names a stored row that can not be read.
func (t *table) fault(values []any, err error) error {
	return ledger.Fault{Table: t.name, Row: strings.TrimSpace(fmt.Sprintln(t.key(values)...)), Text: err.Error()}
}

// Rows yields every row of a derived table by its key. A row that can not be read is yielded as a
// ledger.Fault, and the iteration goes on behind it.
func (tx *Tx) Rows(ctx context.Context, name ledger.Table) iter.Seq2[ledger.Row, error] {
	return func(yield func(ledger.Row, error) bool) {
		t, ok := derived[name]
		if !ok {
			yield(nil, fmt.Errorf("there is no derived table %q", name))
			return
		}
		for values, err := range tx.all(ctx, t) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(t.read(values)) {
				return
			}
		}
	}
}

// rowsOf reads the rows of a question whose columns are those of the table.
func rowsOf[R ledger.Row](ctx context.Context, tx *Tx, name ledger.Table, question string, args ...any) ([]R, error) {
	rows, err := tx.s.query(ctx, text(question), args...)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", question, err)
	}
	out := make([]R, len(rows))
	for i, values := range rows {
		r, err := derived[name].read(values)
		if err != nil {
			return nil, err
		}
		out[i] = r.(R)
	}
	return out, nil
}

// rowOf reads the one row of a question, if there is one.
func rowOf[R ledger.Row](ctx context.Context, tx *Tx, name ledger.Table, question string, args ...any) (r R, ok bool, err error) {
	rows, err := rowsOf[R](ctx, tx, name, question, args...)
	if err != nil || len(rows) == 0 {
		return r, false, err
	}
	return rows[0], true, nil
}
