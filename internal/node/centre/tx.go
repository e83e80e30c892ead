package centre

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/lake"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/internal/store"
	"github.com/openceir/openceir/receipt"
)

// Tx is what stages are handed: the register's transaction and the batch of acts that commits with
// it. In a view there is no batch.
type Tx struct {
	*store.Tx
	lake  *lake.Lake
	batch *ledger.Batch
}

// view runs f on one consistent state of the register, with the sequencer's state brought to it.
func (t *Centre) view(ctx context.Context, f func(*Tx) error) error {
	if _, err := t.Sequencer.Fresh(ctx); err != nil {
		return err
	}
	return t.Store.View(ctx, func(tx ledger.Tx) error { return f(&Tx{Tx: tx.(*store.Tx), lake: t.Lake}) })
}

// do runs f in one transaction.
func (t *Centre) do(ctx context.Context, f func(*Tx) error) error {
	return t.Sequencer.Do(ctx, func(tx ledger.Tx, b *ledger.Batch) error { return f(&Tx{tx.(*store.Tx), t.Lake, b}) })
}

// Batch returns the acts that commit with this transaction.
func (tx *Tx) Batch() *ledger.Batch { return tx.batch }

// Append appends an act.
func (tx *Tx) Append(d ledger.Draft) (uint64, error) { return tx.batch.Append(d) }

// Hashes reads the ledger's tree.
func (tx *Tx) Hashes(ctx context.Context) tlog.HashReader { return ledger.Hashes(ctx, tx) }

// LastBody returns the body of the last record of a kind.
func (tx *Tx) LastBody(ctx context.Context, kind receipt.Kind) (body []byte, index uint64, ok bool, err error) {
	leaf, ok, err := tx.LastOfKind(ctx, kind)
	if err != nil || !ok {
		return nil, 0, false, err
	}
	body, err = tx.Body(ctx, leaf.Index)
	return body, leaf.Index, err == nil, err
}

// Body returns the body of a record's effect.
func (tx *Tx) Body(ctx context.Context, index uint64) ([]byte, error) {
	effect, kept, err := tx.Opening(ctx, index, ledger.PartEffect)
	if err == nil && !kept {
		err = problem.New(problem.Broken, "the effect of record %d is not kept", index)
	}
	return effect.Body, err
}

// LastDay returns the last complete day recorded.
func (tx *Tx) LastDay(ctx context.Context) (device.Day, bool, error) {
	body, _, ok, err := tx.LastBody(ctx, ledger.KindDay)
	if err != nil || !ok {
		return 0, false, err
	}
	d, err := device.Decode[ledger.Day](body)
	return d.Day, err == nil, err
}

// inForce returns a file of the catalogue if it was adopted and not withdrawn since.
func (tx *Tx) inForce(ctx context.Context, digest string) (device.File, bool, error) {
	f, ok, err := tx.File(ctx, digest)
	if err != nil || !ok {
		return f.File, false, err
	}
	_, gone, err := tx.Withdrawal(ctx, digest)
	return f.File, !gone, err
}

// office appends an act of a part of the system, which needs no signature.
func (tx *Tx) office(name string, kind receipt.Kind, body []byte, key ...string) error {
	c := receipt.Content{Kind: kind, Key: ledger.KeyOf(append([]string{string(kind)}, key...)...),
		By: receipt.Author{Sort: receipt.Office, Name: name}}
	d, err := ledger.NewDraft(tx.batch.Random(), c, body, nil)
	if err == nil {
		_, err = tx.batch.Append(d)
	}
	if err != nil {
		return fmt.Errorf("recording a %s: %w", kind, err)
	}
	return nil
}
