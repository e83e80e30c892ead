package ledger

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// Draft is an act before it has its place.
type Draft struct {
	Content   receipt.Content
	Effect    *receipt.Opening   // that Content commits to
	Personal  *receipt.Opening   // likewise, nil for none
	Proposal  uint64             // index of its proposal, 0 for none
	Approvals []receipt.Approval // in any order
}

// NewDraft makes a draft, salting the bodies and setting the content's commitments to them.
// personal is nil for none.
func NewDraft(random io.Reader, c receipt.Content, effect, personal []byte) (Draft, error) {
	d := Draft{Content: c}
	var err error
	if d.Effect, err = receipt.NewOpening(random, effect); err != nil {
		return d, err
	}
	d.Content.Effect = d.Effect.Commitment()
	if personal != nil {
		if d.Personal, err = receipt.NewOpening(random, personal); err != nil {
			return d, err
		}
		d.Content.Personal = d.Personal.Commitment()
	}
	return d, nil
}

// Batch is what one transaction appends. It is for one goroutine, and only until the function it was
// handed to returns.
type Batch struct {
	s     *Sequencer
	ctx   context.Context
	tx    Tx
	old   Head
	head  Head
	time  time.Time
	table *list.Table // those of the published state, which nobody changes, until owned
	guard *list.Guard
	owned bool
	seen  list.Seen

	entries []*receipt.Entry
	keys    map[receipt.Digest]*receipt.Entry
	erased  []Erasure
}

func (s *Sequencer) begin(ctx context.Context, tx Tx) *Batch {
	st := s.state
	b := &Batch{s: s, ctx: ctx, tx: tx, old: st.Head, head: st.Head, table: st.Table, guard: st.Guard,
		seen: list.Nobody{}, keys: map[receipt.Digest]*receipt.Entry{}}
	if s.Seen != nil {
		b.seen = s.Seen()
	}
	b.time = s.Now().UTC().Truncate(time.Microsecond)
	if b.time.Before(st.Time) {
		b.time = st.Time // a clock that was set back does not reorder the ledger
	}
	return b
}

// own makes table and guard the batch's own, so that they can be changed. To clone them costs more
// the more measures there ever were, and most batches only report something.
func (b *Batch) own() {
	if !b.owned {
		b.table, b.guard, b.owned = b.table.Clone(), b.guard.Clone(), true
	}
}

// Time is the one time of the transaction.
func (b *Batch) Time() time.Time { return b.time }

// Table returns the list as it stands after the acts appended so far. Read it only, and ask again
// after appending.
func (b *Batch) Table() *list.Table { return b.table }

// Guard returns the guard after the acts appended so far. Ask it only, and ask again after appending.
func (b *Batch) Guard() *list.Guard { return b.guard }

// Seen returns what the lake knows of active pairs.
func (b *Batch) Seen() list.Seen { return b.seen }

// Size returns the number of records, those of this batch included.
func (b *Batch) Size() uint64 { return b.old.Size + uint64(len(b.entries)) }

// Random is the source of salts and keys.
func (b *Batch) Random() io.Reader { return b.s.Random }

// Append gives the act the next index, if its form and the guard let it. A key that is in the
// ledger already adds nothing and returns the index it has, unless its content is another. The
// error is problem.Invalid for the form, Refused by the guard, Conflict for a key with another
// content; then nothing has changed and the batch can go on. On problem.Broken it can not.
func (b *Batch) Append(d Draft) (uint64, error) {
	if d.Content.Kind == KindErasure {
		return 0, problem.New(problem.Invalid, "an erasure deletes what it says was erased: use Erase")
	}
	return b.append(d)
}

func (b *Batch) append(d Draft) (uint64, error) {
	if index, ok, err := b.existing(&d); ok || err != nil {
		return index, err
	}
	e, err := b.entry(&d)
	if err != nil {
		return 0, err
	}
	var ops []list.Op
	var count list.Effect
	if d.Content.Kind == receipt.Measure {
		if ops, err = list.ParseOps(d.Effect.Body, e.Record.Index); err == nil {
			err = b.table.Check(ops)
		}
		if err != nil {
			return 0, problem.New(problem.Invalid, "the measure does not fit the list: %w", err)
		}
		count = list.Count(b.table, ops, b.seen)
		e.Record.Refuses, e.Record.Releases = count.Refuses, count.Releases
	}
	if _, err := Fold(e); err != nil {
		return 0, problem.New(problem.Invalid, "%w", err)
	}
	if err := signed(b.guard, e); err != nil {
		return 0, problem.New(problem.Refused, "%w", err)
	}
	if lawful[d.Content.Kind] {
		b.own()
		if err := b.guard.Admit(e, count, b.time); err != nil {
			return 0, problem.New(problem.Refused, "the guard refuses it: %w", err)
		}
		b.table.Apply(ops)
	}
	b.entries = append(b.entries, e)
	b.keys[d.Content.Key] = e
	return e.Record.Index, nil
}

// Lookup returns the index of the act that has the key, in the ledger or in this batch.
func (b *Batch) Lookup(key receipt.Digest) (index uint64, ok bool, err error) {
	row, ok, err := b.act(key)
	return row.Index, ok, err
}

func (b *Batch) act(key receipt.Digest) (ActRow, bool, error) {
	if e := b.keys[key]; e != nil {
		return ActRow{key, e.Record.Index, e.Record.Content.Kind, e.Record.Content.Digest()}, true, nil
	}
	row, ok, err := b.tx.ActByKey(b.ctx, key)
	if err != nil {
		err = problem.New(problem.Broken, "looking for the key %s: %w", key, err)
	}
	return row, ok, err
}

// existing looks for the draft's key.
func (b *Batch) existing(d *Draft) (uint64, bool, error) {
	row, ok, err := b.act(d.Content.Key)
	if err != nil || !ok {
		return 0, false, err
	}
	// An automatic act is named by its key alone: salts make its content new each time.
	if row.Kind != d.Content.Kind || d.Content.By.Sort == receipt.Person && row.Content != d.Content.Digest() {
		return 0, false, problem.New(problem.Conflict, "the key %s is in the ledger with another content (record %d): use a new key for a new request", d.Content.Key, row.Index)
	}
	return row.Index, true, nil
}

// entry makes the record and checks that the openings are those committed to.
func (b *Batch) entry(d *Draft) (*receipt.Entry, error) {
	e := &receipt.Entry{
		Record: &receipt.Record{Index: b.Size(), Time: b.time, Proposal: d.Proposal,
			Approvals: slices.Clone(d.Approvals), Content: d.Content},
		Effect: d.Effect, Personal: d.Personal,
	}
	slices.SortFunc(e.Record.Approvals, func(a, b receipt.Approval) int { return strings.Compare(a.Person, b.Person) })
	if d.Effect == nil || (d.Personal == nil) != (d.Content.Personal == receipt.Digest{}) {
		return nil, problem.New(problem.Invalid, "an act comes with the bodies that it commits to")
	}
	if err := e.Check(); err != nil {
		return nil, problem.New(problem.Invalid, "%w", err)
	}
	if _, err := receipt.ParseRecord(e.Record.Bytes()); err != nil {
		return nil, problem.New(problem.Invalid, "%w", err)
	}
	return e, nil
}

// finish writes the batch: the head first, so that of two writers only one goes on.
func (b *Batch) finish() error {
	if len(b.entries) == 0 {
		return nil
	}
	tree := newHashes(b.ctx, b.tx)
	var leaves []Leaf
	var openings []StoredOpening
	var changes []Change
	for _, e := range b.entries {
		r := e.Record
		text := r.Bytes()
		if err := tree.add(r.Index, r.LeafHash()); err != nil {
			return problem.New(problem.Broken, "%w", err)
		}
		more, err := Fold(e)
		if err != nil {
			return problem.New(problem.Broken, "%w", err)
		}
		changes = append(changes, more...)
		leaves = append(leaves, Leaf{r.Index, r.Content.Kind, text})
		openings = append(openings, StoredOpening{r.Index, PartEffect, *e.Effect})
		if e.Personal != nil {
			openings = append(openings, StoredOpening{r.Index, PartPersonal, *e.Personal})
		}
	}
	if err := b.sign(tree); err != nil {
		return err
	}
	return b.write(leaves, openings, tree.changed(), changes)
}

func (b *Batch) sign(tree *hashes) error {
	size := b.Size()
	h, err := root(size, tree)
	if err != nil {
		return problem.New(problem.Broken, "computing the root of %d records: %w", size, err)
	}
	b.head = Head{Head: receipt.Head{Size: size, Root: h}}
	b.head.Note, err = b.head.Sign(b.s.Signer)
	return err
}

func (b *Batch) write(leaves []Leaf, openings []StoredOpening, blocks []Block, changes []Change) error {
	ctx, tx := b.ctx, b.tx
	if err := tx.SwapHead(ctx, b.old, b.head); err != nil {
		return fmt.Errorf("swapping the ledger's head: %w", err)
	}
	if err := tx.InsertLeaves(ctx, leaves); err != nil {
		return fmt.Errorf("writing %d records: %w", len(leaves), err)
	}
	if err := tx.InsertOpenings(ctx, openings); err != nil {
		return fmt.Errorf("writing openings: %w", err)
	}
	if err := tx.PutBlocks(ctx, blocks); err != nil {
		return fmt.Errorf("writing the tree: %w", err)
	}
	if err := tx.Apply(ctx, changes); err != nil {
		return fmt.Errorf("writing derived rows: %w", err)
	}
	for _, x := range b.erased {
		if err := tx.DeleteOpening(ctx, x.Index, x.Part); err != nil {
			return fmt.Errorf("erasing: %w", err)
		}
	}
	return nil
}
