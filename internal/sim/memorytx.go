package sim

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/receipt"
)

// tx is a transaction: a private state that its commit makes the register's.
type tx struct {
	m          *Memory
	base       *register
	work       register
	own        map[any]bool // maps of work that are this transaction's own; nil in a view
	fault      *Fault
	statements int
}

func (t *tx) Head(context.Context) (h ledger.Head, err error) {
	err = t.do(func() error { h = t.work.head; return nil })
	return h, err
}

func (t *tx) SwapHead(_ context.Context, old, new ledger.Head) error {
	return t.do(func() error {
		if t.m.state().head.Head != old.Head {
			return ledger.ErrForked
		}
		t.own["head"] = true
		t.work.head = new
		return nil
	})
}

func (t *tx) InsertLeaves(_ context.Context, leaves []ledger.Leaf) error {
	return t.do(func() error {
		t.own["leaves"] = true
		all := slices.Clip(t.work.leaves)
		for _, l := range leaves {
			if l.Index != uint64(len(all)) {
				return fmt.Errorf("record %d does not come after %d others", l.Index, len(all))
			}
			all = append(all, l)
		}
		t.work.leaves = all
		return nil
	})
}

func (t *tx) InsertOpenings(_ context.Context, openings []ledger.StoredOpening) error {
	return t.do(func() error {
		all := writable(t, "openings", &t.work.openings)
		for _, o := range openings {
			all[place{o.Index, o.Part}] = o.Opening
		}
		return nil
	})
}

func (t *tx) DeleteOpening(_ context.Context, index uint64, part string) error {
	return t.do(func() error {
		delete(writable(t, "openings", &t.work.openings), place{index, part})
		return nil
	})
}

func (t *tx) PutBlocks(_ context.Context, blocks []ledger.Block) error {
	return t.do(func() error {
		all := writable(t, "blocks", &t.work.blocks)
		for _, b := range blocks {
			all[node{b.Level, b.Number}] = slices.Clone(b.Hashes)
		}
		return nil
	})
}

func (t *tx) Block(_ context.Context, level int, number uint64) (b ledger.Block, err error) {
	err = t.do(func() error {
		b = ledger.Block{Level: level, Number: number, Hashes: slices.Clone(t.work.blocks[node{level, number}])}
		return nil
	})
	return b, err
}

func (t *tx) Leaves(_ context.Context, from uint64, kinds ...receipt.Kind) iter.Seq2[ledger.Leaf, error] {
	leaves := t.work.leaves
	return func(yield func(ledger.Leaf, error) bool) {
		if err := t.struck(false); err != nil {
			yield(ledger.Leaf{}, err)
			return
		}
		for _, l := range leaves[min(from, uint64(len(leaves))):] {
			if (len(kinds) == 0 || slices.Contains(kinds, l.Kind)) && !yield(l, nil) {
				return
			}
		}
		if err := t.struck(true); err != nil {
			yield(ledger.Leaf{}, err)
		}
	}
}

func (t *tx) Openings(_ context.Context, index uint64) (out []ledger.StoredOpening, err error) {
	err = t.do(func() error {
		for _, part := range []string{ledger.PartEffect, ledger.PartPersonal} {
			if o, ok := t.work.openings[place{index, part}]; ok {
				out = append(out, ledger.StoredOpening{Index: index, Part: part, Opening: o})
			}
		}
		return nil
	})
	return out, err
}

func (t *tx) Opening(_ context.Context, index uint64, part string) (o ledger.StoredOpening, ok bool, err error) {
	err = t.do(func() error {
		o = ledger.StoredOpening{Index: index, Part: part}
		o.Opening, ok = t.work.openings[place{index, part}]
		return nil
	})
	return o, ok && err == nil, err
}

func (t *tx) AllOpenings(context.Context) iter.Seq2[ledger.StoredOpening, error] {
	keys := slices.SortedFunc(maps.Keys(t.work.openings), func(a, b place) int {
		return cmp.Or(cmp.Compare(a.index, b.index), cmp.Compare(a.part, b.part))
	})
	return func(yield func(ledger.StoredOpening, error) bool) {
		for _, k := range keys {
			if !yield(ledger.StoredOpening{Index: k.index, Part: k.part, Opening: t.work.openings[k]}, nil) {
				return
			}
		}
	}
}

func (t *tx) AllBlocks(context.Context) iter.Seq2[ledger.Block, error] {
	keys := slices.SortedFunc(maps.Keys(t.work.blocks), func(a, b node) int {
		return cmp.Or(cmp.Compare(a.level, b.level), cmp.Compare(a.number, b.number))
	})
	return func(yield func(ledger.Block, error) bool) {
		for _, k := range keys {
			if !yield(ledger.Block{Level: k.level, Number: k.number, Hashes: slices.Clone(t.work.blocks[k])}, nil) {
				return
			}
		}
	}
}

func (t *tx) Apply(_ context.Context, changes []ledger.Change) error {
	return t.do(func() error {
		tables := writable(t, "rows", &t.work.rows)
		for _, c := range changes {
			name := c.Row.Table()
			rows := tables[name]
			rows = writable(t, name, &rows)
			if tables[name] = rows; c.Drop {
				delete(rows, c.Row.Key())
			} else {
				rows[c.Row.Key()] = c.Row
			}
		}
		return nil
	})
}

// Rows yields a table's rows by key, so that one seed is one story.
func (t *tx) Rows(_ context.Context, name ledger.Table) iter.Seq2[ledger.Row, error] {
	rows := t.work.rows[name]
	return func(yield func(ledger.Row, error) bool) {
		for _, k := range slices.Sorted(maps.Keys(rows)) {
			if !yield(rows[k], nil) {
				return
			}
		}
	}
}

func (t *tx) ActByKey(_ context.Context, key receipt.Digest) (row ledger.ActRow, ok bool, err error) {
	err = t.do(func() error {
		row, ok = t.work.rows[ledger.Acts][key.String()].(ledger.ActRow)
		return nil
	})
	return row, ok, err
}

func (t *tx) SchemaFault(context.Context) (string, error) { return "", nil }

// stored makes the tree of a state a tlog.HashReader.
func (r *register) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		level, n := tlog.SplitStoredHashIndex(x)
		hashes := r.blocks[node{level, uint64(n) / ledger.BlockSize}]
		at := int(n % ledger.BlockSize)
		if at >= len(hashes) {
			return nil, fmt.Errorf("hash %d of level %d is not there", n, level)
		}
		out[i] = hashes[at]
	}
	return out, nil
}
