package storetest

import (
	"context"
	"errors"

	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/receipt"
)

// ErrFailing is how a Failing store fails.
var ErrFailing = errors.New("failed on purpose")

// Failing is a store one of whose calls fails: a question, a write, or the commit of an Update.
type Failing struct {
	ledger.Store
	At   int  // number of the call that fails, from 0 on; below 0 for none
	Kept bool // it fails after it took effect
	Seen int  // calls so far
}

// call makes a call, or has it fail.
func (f *Failing) call(do func() error) error {
	now := f.Seen == f.At
	f.Seen++
	if now && !f.Kept {
		return ErrFailing
	}
	if err := do(); err != nil || !now {
		return err
	}
	return ErrFailing
}

// Update implements ledger.Store. The commit is a call too.
func (f *Failing) Update(ctx context.Context, do func(ledger.Tx) error) error {
	silent := false
	err := f.Store.Update(ctx, func(tx ledger.Tx) error {
		if err := do(&failingTx{tx.(Questions), f}); err != nil {
			return err
		}
		err := f.call(func() error { return nil })
		if silent = err != nil && f.Kept; silent {
			return nil // it commits, and nobody is told
		}
		return err
	})
	if err == nil && silent {
		return ErrFailing
	}
	return err
}

// View implements ledger.Store.
func (f *Failing) View(ctx context.Context, do func(ledger.Tx) error) error {
	return f.Store.View(ctx, func(tx ledger.Tx) error { return do(&failingTx{tx.(Questions), f}) })
}

type failingTx struct {
	Questions
	f *Failing
}

func (t *failingTx) Head(ctx context.Context) (h ledger.Head, err error) {
	err = t.f.call(func() error { h, err = t.Questions.Head(ctx); return err })
	return h, err
}

func (t *failingTx) SwapHead(ctx context.Context, old, new ledger.Head) error {
	return t.f.call(func() error { return t.Questions.SwapHead(ctx, old, new) })
}

func (t *failingTx) InsertLeaves(ctx context.Context, l []ledger.Leaf) error {
	return t.f.call(func() error { return t.Questions.InsertLeaves(ctx, l) })
}

func (t *failingTx) InsertOpenings(ctx context.Context, o []ledger.StoredOpening) error {
	return t.f.call(func() error { return t.Questions.InsertOpenings(ctx, o) })
}

func (t *failingTx) DeleteOpening(ctx context.Context, index uint64, part string) error {
	return t.f.call(func() error { return t.Questions.DeleteOpening(ctx, index, part) })
}

func (t *failingTx) PutBlocks(ctx context.Context, b []ledger.Block) error {
	return t.f.call(func() error { return t.Questions.PutBlocks(ctx, b) })
}

func (t *failingTx) Apply(ctx context.Context, c []ledger.Change) error {
	return t.f.call(func() error { return t.Questions.Apply(ctx, c) })
}

func (t *failingTx) Block(ctx context.Context, level int, number uint64) (b ledger.Block, err error) {
	err = t.f.call(func() error { b, err = t.Questions.Block(ctx, level, number); return err })
	return b, err
}

func (t *failingTx) Openings(ctx context.Context, index uint64) (o []ledger.StoredOpening, err error) {
	err = t.f.call(func() error { o, err = t.Questions.Openings(ctx, index); return err })
	return o, err
}

func (t *failingTx) Opening(ctx context.Context, index uint64, part string) (o ledger.StoredOpening, ok bool, err error) {
	err = t.f.call(func() error { o, ok, err = t.Questions.Opening(ctx, index, part); return err })
	return o, ok && err == nil, err
}

func (t *failingTx) Case(ctx context.Context, number string) (c ledger.CaseRow, ok bool, err error) {
	err = t.f.call(func() error { c, ok, err = t.Questions.Case(ctx, number); return err })
	return c, ok && err == nil, err
}

func (t *failingTx) ActByKey(ctx context.Context, key receipt.Digest) (a ledger.ActRow, ok bool, err error) {
	err = t.f.call(func() error { a, ok, err = t.Questions.ActByKey(ctx, key); return err })
	return a, ok && err == nil, err
}

func (t *failingTx) FindingParts(ctx context.Context) (p []ledger.PartRow, err error) {
	err = t.f.call(func() error { p, err = t.Questions.FindingParts(ctx); return err })
	return p, err
}

func (t *failingTx) DueParts(ctx context.Context) (p []ledger.PartRow, err error) {
	err = t.f.call(func() error { p, err = t.Questions.DueParts(ctx); return err })
	return p, err
}

func (t *failingTx) Proposals(ctx context.Context) (p []ledger.ProposalRow, s map[receipt.Digest][]ledger.SignatureRow, err error) {
	err = t.f.call(func() error { p, s, err = t.Questions.Proposals(ctx); return err })
	return p, s, err
}
