package ledger

import (
	"bytes"
	"fmt"

	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/receipt"
)

// Erase deletes a record's personal part and appends the act that says so. The tree stays whole:
// it holds the commitment only. With an act that was proposed goes what its proposal repeats of it,
// by an act of its own; with a proposal goes its row, so that it can not be enacted any more.
//
// It is problem.NotFound if there is no such record, problem.Invalid if the record has no personal
// part, and problem.Conflict if that was erased before.
func (b *Batch) Erase(index uint64, by receipt.Author) error {
	e, err := b.erasable(index)
	if err != nil {
		return err
	}
	if err := b.erase(e, by); err != nil || e.Record.Proposal == 0 {
		return err
	}
	p, err := b.erasable(e.Record.Proposal)
	switch {
	case problem.Of(err) == problem.Broken && err != nil:
		return err
	case err != nil || p.Record.Content.Kind != receipt.Proposal || !bytes.Equal(p.Effect.Body, e.Record.Content.Bytes()):
		return nil // erased before, or not this act's proposal, whatever its record says
	}
	return b.erase(p, by)
}

func erasureKey(index uint64) receipt.Digest {
	return KeyOf("erasure", fmt.Sprint(index), PartPersonal)
}

// erasable returns the record if its personal part is there to be erased.
func (b *Batch) erasable(index uint64) (*receipt.Entry, error) {
	e, err := b.read(index)
	if err != nil {
		return nil, err
	}
	by, erased, err := b.Lookup(erasureKey(index))
	switch {
	case err != nil:
		return nil, err
	case e.Record.Content.Personal == (receipt.Digest{}):
		return nil, problem.New(problem.Invalid, "record %d (%s) has no personal part to erase", index, e.Record.Content.Kind)
	case erased:
		return nil, problem.New(problem.Conflict, "the personal part of record %d was erased before, by record %d", index, by)
	case e.Personal == nil || e.Effect == nil:
		return nil, problem.New(problem.Broken, "an opening of record %d is missing and no record says that it was erased: run ceir ledger verify", index)
	}
	return e, nil
}

// read returns a record of the ledger or of this batch, with its openings.
func (b *Batch) read(index uint64) (*receipt.Entry, error) {
	if index >= b.Size() {
		return nil, problem.New(problem.NotFound, "there is no record %d: the ledger has %d, from 0 on", index, b.Size())
	}
	if index >= b.old.Size {
		return b.entries[index-b.old.Size], nil
	}
	for leaf, err := range b.tx.Leaves(b.ctx, index) {
		if err == nil && leaf.Index != index {
			break
		}
		var e *receipt.Entry
		if err == nil {
			e, err = Load(b.ctx, b.tx, leaf)
		}
		if err != nil {
			return nil, problem.New(problem.Broken, "reading record %d: %w", index, err)
		}
		return e, nil
	}
	return nil, problem.New(problem.Broken, "record %d is missing: run ceir ledger verify", index)
}

// erase appends the erasure of a record that is erasable.
func (b *Batch) erase(e *receipt.Entry, by receipt.Author) error {
	what := Erasure{Index: e.Record.Index, Part: PartPersonal}
	if e.Record.Content.Kind == receipt.Proposal {
		c, err := receipt.ParseContent(e.Effect.Body)
		if err != nil {
			return problem.New(problem.Broken, "reading what record %d proposes: %w", what.Index, err)
		}
		what.Proposal = c.Digest().String()
	}
	d, err := NewDraft(b.Random(), receipt.Content{Kind: KindErasure, Key: erasureKey(what.Index), By: by}, Encode(what), nil)
	if err != nil {
		return err
	}
	if _, err := b.append(d); err != nil {
		return err
	}
	b.erased = append(b.erased, what)
	return nil
}
