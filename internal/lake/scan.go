package lake

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
)

// scan reads some columns of a part, a batch of rows after the other: take must read n rows of each
// column (column.each), and gets them in the order of names. A name that begins with a question mark
// may be missing, as in parts of an earlier version; reading it does nothing.
func scan(ctx context.Context, l *Lake, p device.Part, names []string, take func(cols []column, n int) error) error {
	c := cursor[struct{}]{path: l.Path(p)}
	file, whole, err := openPart(c.path, p)
	if err != nil {
		return err
	}
	c.file = whole
	defer c.close()
	var stopped error // not the part's fault
	err = c.guard(func() error {
		for _, group := range file.RowGroups() {
			chunks := group.ColumnChunks()
			c.cols = make([]column, len(names))
			for i, name := range names {
				name, optional := strings.CutPrefix(name, "?")
				leaf, ok := group.Schema().Lookup(name)
				switch {
				case ok:
					c.cols[i].pages = chunks[leaf.ColumnIndex].Pages()
				case optional:
					c.cols[i].absent = true
				default:
					return errors.New("it has no column " + name)
				}
			}
			for left := group.NumRows(); left > 0; {
				n := min(left, batchRows)
				if err := take(c.cols, int(n)); err != nil {
					return err
				}
				left -= n
				if stopped = ctx.Err(); stopped != nil {
					return nil
				}
			}
			for i := range c.cols {
				c.cols[i].close()
			}
		}
		return nil
	})
	if err == nil {
		err = stopped
	}
	return err
}

// batch is the rows that one part of a list has, sorted by key: those of an addition or an update,
// and, marked as gone, those of a removal.
type batch[T any] struct {
	rows []T
	gone []bool // empty if none is
}

// put sets row i of a batch that is being filled, and whether it is gone.
func (b *batch[T]) put(row T, gone bool) {
	b.rows = append(b.rows, row)
	if gone && b.gone == nil {
		b.gone = make([]bool, len(b.rows)-1, cap(b.rows))
	}
	if b.gone != nil {
		b.gone = append(b.gone, gone)
	}
}

// extend appends n empty rows and returns them; mark must follow.
func (b *batch[T]) extend(n int) []T {
	was := len(b.rows)
	b.rows = slices.Grow(b.rows, n)[:was+n]
	return b.rows[was:]
}

// mark says which of the rows appended last are gone.
func (b *batch[T]) mark(gone []bool) {
	if b.gone == nil {
		if !slices.Contains(gone, true) {
			return
		}
		b.gone = make([]bool, len(b.rows)-len(gone), cap(b.rows))
	}
	b.gone = append(b.gone, gone...)
}

func (b *batch[T]) isGone(i int) bool { return b.gone != nil && b.gone[i] }

// overlay returns the rows of both batches; of a key that both have, the later row.
func overlay[T any](early, late batch[T], order func(a, b *T) int) batch[T] {
	switch {
	case len(late.rows) == 0:
		return early
	case len(early.rows) == 0:
		return late
	}
	out := batch[T]{rows: make([]T, 0, len(early.rows)+len(late.rows))}
	i, k := 0, 0
	for i < len(early.rows) || k < len(late.rows) {
		c := -1
		switch {
		case i == len(early.rows):
			c = 1
		case k < len(late.rows):
			c = order(&early.rows[i], &late.rows[k])
		}
		if c < 0 {
			out.put(early.rows[i], early.isGone(i))
			i++
			continue
		}
		if c == 0 {
			i++
		}
		out.put(late.rows[k], late.isGone(k))
		k++
	}
	return out
}

// present drops what is gone.
func (b batch[T]) present() []T {
	if b.gone == nil {
		return b.rows
	}
	kept := b.rows[:0]
	for i, r := range b.rows {
		if !b.gone[i] {
			kept = append(kept, r)
		}
	}
	return kept
}

// fact says how the rows of a table of facts are read into values of one type, perhaps only some of
// their columns. The last name is that of the column change, which load must read with gone.
type fact[T any] struct {
	table string
	names []string
	order func(a, b *T) int
	load  func(cols []column, rows []T, gone []bool) error
	whole func(*T) imei.IMEI // tells of which device a row is, where a table was once not cut by device
	keep  func(*T) bool      // leaves rows out, all of a key or none; nil keeps all
}

// anyBucket reads parts of all buckets.
const anyBucket = -1

// inForce reads what the parts hold of one bucket, the later parts over the earlier ones.
func inForce[T any](ctx context.Context, l *Lake, parts []device.Part, f *fact[T], bucket int) ([]T, error) {
	var picked []device.Part
	n := int64(0)
	for _, p := range parts {
		if p.Table == f.table && (bucket == anyBucket || p.Bucket == bucket || p.Bucket == 0 && f.whole != nil) {
			picked = append(picked, p)
			n += p.Rows
		}
	}
	if n > factsMax {
		return nil, problem.New(problem.Refused, "the parts of %s have %d rows, more than the %d that a reader holds in memory: import the list as one full file", f.table, n, factsMax)
	}
	var all batch[T]
	for i := len(picked) - 1; i >= 0; i-- { // the last ones are deltas: join them before they meet the long list
		b, err := readBatch(ctx, l, picked[i], f, bucket)
		if err != nil {
			return nil, err
		}
		all = overlay(b, all, f.order)
	}
	return all.present(), nil
}

// readBatch reads one part. A part of an earlier version has no column change: it has additions
// only, of all devices.
func readBatch[T any](ctx context.Context, l *Lake, p device.Part, f *fact[T], bucket int) (b batch[T], err error) {
	gone := make([]bool, batchRows)
	var chunk []T // of which not every row may stay
	err = scan(ctx, l, p, f.names, func(cols []column, n int) error {
		old := cols[len(cols)-1].absent
		if !old && bucket != anyBucket && p.Bucket != bucket {
			return errOther // only parts of an earlier version are of all buckets
		}
		clear(gone[:n])
		if !old && f.keep == nil {
			if b.rows == nil {
				b.rows = make([]T, 0, p.Rows)
			}
			rows := b.extend(n)
			err := f.load(cols, rows, gone[:n])
			b.mark(gone[:n])
			return err
		}
		if chunk == nil {
			chunk = make([]T, batchRows)
		}
		clear(chunk[:n])
		if err := f.load(cols, chunk[:n], gone[:n]); err != nil {
			return err
		}
		for i := range chunk[:n] {
			if old && f.whole != nil && bucket != anyBucket && device.BucketOf(f.whole(&chunk[i])) != bucket {
				continue
			}
			if f.keep == nil || f.keep(&chunk[i]) {
				b.put(chunk[i], gone[i])
			}
		}
		return nil
	})
	if errors.Is(err, errOther) {
		return batch[T]{}, nil
	}
	return b, err
}

var errOther = errors.New("the part is of another bucket")

// removals reads the column change into gone.
func removals(gone []bool) func(from int, c *column, lo, hi int) {
	return func(from int, c *column, lo, hi int) {
		for i := lo; i < hi; i++ {
			if c.names[c.index[i]] == "remove" {
				gone[from+i-lo] = true
			}
		}
	}
}
