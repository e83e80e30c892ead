package store

import (
	"context"
	"iter"

	"github.com/openceir/openceir/internal/ledger"
)

// Openings returns the openings of a record that are still kept.
func (tx *Tx) Openings(ctx context.Context, index uint64) ([]ledger.StoredOpening, error) {
	rows, err := tx.s.query(ctx, text("openings_of"), int64(index))
	if err != nil {
		return nil, err
	}
	out := make([]ledger.StoredOpening, len(rows))
	for i, r := range rows {
		if out[i], err = opened(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Opening returns one opening of a record.
func (tx *Tx) Opening(ctx context.Context, index uint64, part string) (ledger.StoredOpening, bool, error) {
	rows, err := tx.s.query(ctx, text("opening"), int64(index), part)
	if err != nil || len(rows) == 0 {
		return ledger.StoredOpening{}, false, err
	}
	o, err := opened(rows[0])
	return o, err == nil, err
}

func opened(values []any) (ledger.StoredOpening, error) {
	c := &cells{values: values}
	o := ledger.StoredOpening{Index: c.number(), Part: c.text()}
	salt := c.bytes()
	if len(salt) != len(o.Salt) {
		c.fail("a salt has %d bytes, not %d", len(o.Salt), len(salt))
	}
	copy(o.Salt[:], salt)
	o.Body = c.bytes()
	if c.err != nil {
		return o, openingsTable.fault(values, c.err)
	}
	return o, nil
}

// AllOpenings yields every opening by (index, part). A page is first measured, then read in spans
// that fit the bound on bytes, because one body may be a thousand times the next.
func (tx *Tx) AllOpenings(ctx context.Context) iter.Seq2[ledger.StoredOpening, error] {
	lengths := tx.pages(ctx, text("opening_lengths"), text("opening_lengths_after"), 2, pageRows)
	return converted(tx.spans(ctx, lengths), opened)
}

// spans reads the openings that lengths names, as many at once as fit.
func (tx *Tx) spans(ctx context.Context, lengths iter.Seq2[[]any, error]) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		var span [][]any
		size := int64(0)
		read := func() bool {
			if len(span) == 0 {
				return true
			}
			rows, err := tx.s.query(ctx, text("openings_span"), append(span[0][:2:2], span[len(span)-1][:2]...)...)
			if err != nil {
				yield(nil, err)
				return false
			}
			span, size = nil, 0
			for _, r := range rows {
				if !yield(r, nil) {
					return false
				}
			}
			return true
		}
		for l, err := range lengths {
			if err != nil {
				yield(nil, err)
				return
			}
			n := l[2].(int64)
			if size+n > pageBytes && !read() {
				return
			}
			span, size = append(span, l), size+n
		}
		read()
	}
}
