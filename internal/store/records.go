package store

import (
	"context"
	"fmt"
	"iter"
	"math"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/receipt"
)

// Head returns the head row; of an empty register, size 0 and no note.
func (tx *Tx) Head(ctx context.Context) (ledger.Head, error) {
	var h ledger.Head
	rows, err := tx.s.query(ctx, text("head_rows"))
	if err != nil {
		return h, fmt.Errorf("reading the head: %w", err)
	}
	if len(rows) != 1 {
		return h, ledger.Fault{Table: "head", Text: fmt.Sprintf("there are %d rows and there must be one", len(rows))}
	}
	c := &cells{values: rows[0]}
	if one := c.integer(); one != 1 {
		c.fail("the row is number %d, not 1", one)
	}
	h.Size, h.Root = c.number(), tlog.Hash(c.digest())
	if n := c.text(); n != "" {
		h.Note = []byte(n)
	}
	if c.err != nil {
		return ledger.Head{}, headTable.fault(rows[0], c.err)
	}
	return h, nil
}

// SwapHead replaces the head row if it still is old, else returns ledger.ErrForked.
func (tx *Tx) SwapHead(ctx context.Context, old, new ledger.Head) error {
	if err := headTable.keepable([]any{int64(1), int64(new.Size), "", string(new.Note)}); err != nil {
		return err
	}
	n, err := tx.s.exec(ctx, text("head_swap"), int64(new.Size), receipt.Digest(new.Root).String(), string(new.Note),
		int64(old.Size), receipt.Digest(old.Root).String())
	switch {
	case err != nil && tx.db.collided(err):
		return fmt.Errorf("%w: %w", ledger.ErrForked, err)
	case err != nil:
		return fmt.Errorf("swapping the head: %w", err)
	case n != 1:
		return ledger.ErrForked
	}
	return nil
}

// InsertLeaves adds records. An index that is taken is ledger.ErrForked.
func (tx *Tx) InsertLeaves(ctx context.Context, leaves []ledger.Leaf) error {
	rows := make([][]any, len(leaves))
	for i, l := range leaves {
		rows[i] = []any{int64(l.Index), string(l.Kind), string(l.Text)}
	}
	err := tx.put(ctx, &leavesTable, rows)
	if err != nil && tx.db.collided(err) {
		return fmt.Errorf("%w: %w", ledger.ErrForked, err)
	}
	return err
}

// InsertOpenings adds openings.
func (tx *Tx) InsertOpenings(ctx context.Context, openings []ledger.StoredOpening) error {
	rows := make([][]any, len(openings))
	for i, o := range openings {
		body := o.Body
		if body == nil {
			body = []byte{} // an empty body is not a missing one
		}
		rows[i] = []any{int64(o.Index), o.Part, o.Salt[:], body}
	}
	return tx.put(ctx, &openingsTable, rows)
}

// DeleteOpening erases an opening. It is no error if it is not there.
func (tx *Tx) DeleteOpening(ctx context.Context, index uint64, part string) error {
	tx.erased = true
	return tx.drop(ctx, &openingsTable, [][]any{{int64(index), part}})
}

// PutBlocks writes blocks of the tree, replacing those that have grown.
func (tx *Tx) PutBlocks(ctx context.Context, blocks []ledger.Block) error {
	rows := make([][]any, len(blocks))
	for i, b := range blocks {
		packed := make([]byte, 0, len(b.Hashes)*tlog.HashSize)
		for _, h := range b.Hashes {
			packed = append(packed, h[:]...)
		}
		rows[i] = []any{int64(b.Level), int64(b.Number), packed}
	}
	return tx.put(ctx, &blocksTable, rows)
}

// Block returns a block, empty if there is none.
func (tx *Tx) Block(ctx context.Context, level int, number uint64) (ledger.Block, error) {
	rows, err := tx.s.query(ctx, text("block"), int64(level), int64(number))
	if err != nil || len(rows) == 0 {
		return ledger.Block{Level: level, Number: number}, err
	}
	return block(rows[0])
}

func block(values []any) (ledger.Block, error) {
	c := &cells{values: values}
	b := ledger.Block{Level: int(c.int32()), Number: c.number()}
	packed := c.bytes()
	if len(packed)%tlog.HashSize != 0 || len(packed) > ledger.BlockSize*tlog.HashSize {
		c.fail("%d bytes are not up to %d hashes of %d bytes", len(packed), ledger.BlockSize, tlog.HashSize)
	}
	if c.err != nil {
		return b, blocksTable.fault(values, c.err)
	}
	for ; len(packed) > 0; packed = packed[tlog.HashSize:] {
		b.Hashes = append(b.Hashes, tlog.Hash(packed[:tlog.HashSize]))
	}
	return b, nil
}

// AllBlocks yields every block by (level, number).
func (tx *Tx) AllBlocks(ctx context.Context) iter.Seq2[ledger.Block, error] {
	return converted(tx.all(ctx, &blocksTable), block)
}

// Leaf returns a record.
func (tx *Tx) Leaf(ctx context.Context, index uint64) (ledger.Leaf, bool, error) {
	return tx.oneLeaf(ctx, "leaf", int64(index))
}

// LastOfKind returns the last record of a kind.
func (tx *Tx) LastOfKind(ctx context.Context, kind receipt.Kind) (ledger.Leaf, bool, error) {
	return tx.oneLeaf(ctx, "leaf_last", string(kind))
}

func (tx *Tx) oneLeaf(ctx context.Context, question string, arg any) (ledger.Leaf, bool, error) {
	rows, err := tx.s.query(ctx, text(question), arg)
	if err != nil || len(rows) == 0 {
		return ledger.Leaf{}, false, err
	}
	l, err := leaf(rows[0])
	return l, err == nil, err
}

func leaf(values []any) (ledger.Leaf, error) {
	c := &cells{values: values}
	l := ledger.Leaf{Index: c.number(), Kind: receipt.Kind(c.text()), Text: []byte(c.text())}
	if c.err != nil {
		return l, leavesTable.fault(values, c.err)
	}
	return l, nil
}

// Leaves yields records from an index on, ascending; of the kinds only, if any are given.
func (tx *Tx) Leaves(ctx context.Context, from uint64, kinds ...receipt.Kind) iter.Seq2[ledger.Leaf, error] {
	first, next := text("leaves_from"), text("leaves_after")
	args := []any{int64(from)}
	if from == 0 {
		args[0] = int64(math.MinInt64) // whoever reads all must see a row that hides below 0
	}
	if len(kinds) > 0 {
		in := make([]any, maxKinds)
		for i := range in {
			in[i] = string(kinds[min(i, len(kinds)-1)]) // the question has so many places; the last kind fills the rest
		}
		first, next, args = text("leaves_of_kinds_from"), text("leaves_of_kinds_after"), append(in, args...)
	}
	if len(kinds) > maxKinds {
		return fails[ledger.Leaf](fmt.Errorf("asking for %d kinds of records: at most %d are asked for at once", len(kinds), maxKinds))
	}
	return converted(tx.pages(ctx, first, next, 1, pageRows, args...), leaf)
}

// converted reads stored rows. What can not be read is yielded as its fault.
func converted[T any](rows iter.Seq2[[]any, error], read func([]any) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for values, err := range rows {
			var v T
			if err == nil {
				v, err = read(values)
			}
			if !yield(v, err) {
				return
			}
		}
	}
}

// fails yields an error.
func fails[T any](err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		yield(none, err)
	}
}

// ActByKey finds a record by its content's key.
func (tx *Tx) ActByKey(ctx context.Context, key receipt.Digest) (ledger.ActRow, bool, error) {
	return rowOf[ledger.ActRow](ctx, tx, ledger.Acts, "act_by_key", key.String())
}
