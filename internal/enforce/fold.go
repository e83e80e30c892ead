package enforce

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"sync"

	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// Memory keeps the streams' tables between publications, so that each costs what was appended since
// the last. It holds nothing that the ledger does not: losing it costs one reading of the ledger. It
// belongs to one ledger, of which it is shown ever later views.
//
// A table is kept for each stream. What has not changed since the ledger was first read they share: some
// 60 bytes for a line.
type Memory struct {
	mu    sync.Mutex // guards folds
	folds map[string]*fold
}

// follow brings the tables of streams to a ledger size, reading the ledger once for all of them.
func (m *Memory) follow(ctx context.Context, view View, size uint64, streams ...string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, err := m.at(ctx, view, size, streams...)
	return err
}

// at is follow for who holds mu, and returns the folds.
func (m *Memory) at(ctx context.Context, view View, size uint64, streams ...string) ([]*fold, error) {
	if m.folds == nil {
		m.folds = map[string]*fold{}
	}
	var out []*fold
	for _, stream := range streams {
		if m.folds[stream] == nil {
			m.folds[stream] = newFold(stream, 0)
		}
		out = append(out, m.folds[stream])
	}
	err := follow(ctx, view, size, out...)
	for _, f := range out {
		f.forget(maxSteps)
	}
	return out, err
}

// change returns what happened to a stream's table between two ledger sizes. What lies further back
// than the memory reaches, or everything if there is none, is folded anew.
func (m *Memory) change(ctx context.Context, view View, stream string, from, size uint64) (*change, error) {
	if m != nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		folds, err := m.at(ctx, view, size, stream)
		if err != nil {
			return nil, err
		}
		if f := folds[0]; f.since <= from {
			return f.change(from, size), nil
		}
	}
	f := newFold(stream, from)
	if err := follow(ctx, view, size, f); err != nil {
		return nil, err
	}
	return f.change(from, size), nil
}

// fold is a stream's table at a ledger size, and the way back to an earlier one.
type fold struct {
	stream    string
	size      uint64
	directory *receipt.Directory // in force
	authority uint64             // ledger size after the last act that gives authority
	table     *list.Table
	since     uint64 // ledger size to which steps leads back
	steps     []step // in the ledger's order
}

// step is a change of one line.
type step struct {
	act  uint64
	undo list.Op // takes it back
}

func newFold(stream string, since uint64) *fold {
	return &fold{stream: stream, since: since, table: list.NewTable(nil)}
}

// act is what a record means to a fold.
type act struct {
	index     uint64
	directory *receipt.Directory // that it puts in force, or nil
	ops       []list.Op          // of a measure; other acts give authority
}

// follow brings folds to a ledger size. Where it fails, each stands after some whole act.
func follow(ctx context.Context, view View, size uint64, folds ...*fold) error {
	from := uint64(math.MaxUint64)
	for _, f := range folds {
		from = min(from, f.size)
	}
	if from >= size {
		return nil
	}
	if len(folds) > 1 && !slices.ContainsFunc(folds, func(f *fold) bool { return f.size > 0 || f.since > 0 }) {
		return begin(ctx, view, size, folds)
	}
	for leaf, err := range leaves(ctx, view, from, size) {
		if err != nil {
			return err
		}
		a, err := readAct(ctx, view, leaf)
		if err != nil {
			return err
		}
		for _, f := range folds {
			f.add(a)
		}
	}
	for _, f := range folds {
		f.size = max(f.size, size)
	}
	return nil
}

// begin brings empty folds to a ledger size. What is in every stream, all but the pairs, is applied once,
// to a table that the folds then share; the pairs follow, each fold's own.
func begin(ctx context.Context, view View, size uint64, folds []*fold) error {
	shared := newFold(list.National, 0)
	var rest []*act // that name a directory or set or drop pairs, which are all they have here
	for leaf, err := range leaves(ctx, view, 0, size) {
		if err != nil {
			return err
		}
		a, err := readAct(ctx, view, leaf)
		if err != nil {
			return err
		}
		shared.add(a)
		if pairs := onlyPairs(a.ops); len(pairs) > 0 || a.directory != nil {
			rest = append(rest, &act{a.index, a.directory, pairs})
		}
	}
	for _, f := range folds {
		f.table, f.steps = shared.table.Clone(), slices.Clone(shared.steps)
		for _, a := range rest {
			f.add(a)
		}
		slices.SortStableFunc(f.steps, func(a, b step) int { return cmp.Compare(a.act, b.act) })
		f.authority, f.size = shared.authority, size
	}
	return nil
}

// onlyPairs returns the ops on pairs. No line of another class has the key of one.
func onlyPairs(ops []list.Op) (out []list.Op) {
	for i := range ops {
		if ops[i].Line.Class == list.Pair {
			out = append(out, ops[i])
		}
	}
	return out
}

// leaves yields the records between two ledger sizes that lists and their evidence are made of.
func leaves(ctx context.Context, view View, from, size uint64) iter.Seq2[ledger.Leaf, error] {
	return func(yield func(ledger.Leaf, error) bool) {
		for leaf, err := range view.Leaves(ctx, from, receipt.Founding, receipt.Denominator, receipt.Policy, receipt.Proposal, receipt.Measure) {
			if err != nil {
				yield(leaf, fmt.Errorf("reading the ledger: %w", err))
				return
			}
			if leaf.Index >= size || !yield(leaf, nil) {
				return
			}
		}
	}
}

func readAct(ctx context.Context, view View, leaf ledger.Leaf) (*act, error) {
	a := &act{index: leaf.Index}
	if leaf.Kind != receipt.Measure && leaf.Kind != receipt.Founding {
		return a, nil
	}
	effect, err := effectOf(ctx, view, leaf.Index)
	if err != nil {
		return nil, err
	}
	if leaf.Kind == receipt.Founding {
		a.directory, err = receipt.ParseDirectory(effect.Body)
	} else {
		a.ops, err = list.ParseOps(effect.Body, leaf.Index)
	}
	if err != nil {
		return nil, fmt.Errorf("record %d: %w", leaf.Index, err)
	}
	return a, nil
}

// effectOf returns the opening of a record's effect.
func effectOf(ctx context.Context, view View, index uint64) (*receipt.Opening, error) {
	effect, kept, err := view.Opening(ctx, index, ledger.PartEffect)
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the opening of record %d: %w", index, err)
	case !kept:
		return nil, fmt.Errorf("the effect of record %d is not kept", index)
	}
	return &effect.Opening, nil
}

// add applies an act, unless the fold is beyond it.
func (f *fold) add(a *act) {
	if a.index < f.size {
		return
	}
	f.size = a.index + 1
	if a.directory != nil {
		f.directory = a.directory
	}
	if len(a.ops) == 0 {
		f.authority = f.size
	}
	for ops := a.ops; len(ops) > 0; {
		n := distinct(ops)
		f.apply(a.index, ops[:n])
		ops = ops[n:]
	}
}

// distinct returns how many of the ops, from the first, are on lines of their own.
func distinct(ops []list.Op) int {
	seen := make(map[list.Key]bool, len(ops))
	for i := range ops {
		k := ops[i].Line.Key()
		if seen[k] {
			return i
		}
		seen[k] = true
	}
	return len(ops)
}

// apply applies ops of an act, on a line each. A line that is there was set when the subscriber's home
// may have been another: it follows its acts all the same.
func (f *fold) apply(act uint64, ops []list.Op) {
	var mine []list.Op
	for _, o := range ops {
		old, had := f.table.Find(o.Line.Key())
		if !had && (o.Drop || !InStream(f.stream, &o.Line, f.directory)) {
			continue
		}
		mine = append(mine, o)
		if act >= f.since {
			undo := list.Op{Drop: true, Line: o.Line}
			if had {
				undo = list.Op{Line: old}
			}
			f.steps = append(f.steps, step{act, undo})
		}
	}
	f.table.Apply(mine)
}

// forget drops the older half of the steps if there are too many, with the whole act in the middle.
func (f *fold) forget(most int) {
	if len(f.steps) <= most {
		return
	}
	f.since = f.steps[len(f.steps)/2].act + 1
	f.steps = slices.Clone(f.steps[f.from(f.since):])
}

// from returns the place of the first step that a ledger of the size does not have.
func (f *fold) from(size uint64) int {
	i, _ := slices.BinarySearchFunc(f.steps, size, func(s step, size uint64) int { return cmp.Compare(s.act, size) })
	return i
}

// tableAt returns the table at a size between since and where the fold stands, for the caller's own.
func (f *fold) tableAt(size uint64) *list.Table {
	t := f.table.Clone()
	var back []list.Op
	for _, s := range slices.Backward(f.steps[f.from(size):]) {
		back = append(back, s.undo)
	}
	t.Apply(back)
	return t
}

// change is what happened to a stream's table between two ledger sizes.
type change struct {
	from, size    uint64
	before, after *list.Table
	ops           []list.Op // the net change, in the order of the acts
	authority     bool      // perhaps there is an act between that gives authority
}

func (f *fold) change(from, size uint64) *change {
	c := &change{from: from, size: size, before: f.tableAt(from), after: f.tableAt(size), authority: f.authority > from}
	last := map[list.Key]uint64{} // the last act on each line
	for _, s := range f.steps[f.from(from):f.from(size)] {
		last[s.undo.Line.Key()] = s.act
	}
	for k, act := range last {
		if now, has := c.after.Find(k); has {
			c.ops = append(c.ops, list.Op{Line: now})
		} else if old, had := c.before.Find(k); had {
			old.Act = act
			c.ops = append(c.ops, list.Op{Drop: true, Line: old})
		}
	}
	slices.SortFunc(c.ops, func(a, b list.Op) int {
		return cmp.Or(cmp.Compare(a.Line.Act, b.Line.Act), a.Line.Compare(&b.Line))
	})
	return c
}
