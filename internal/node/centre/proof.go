package centre

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/cases"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/internal/store"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// Verify checks the whole register against itself, every part of the lake against its digest, and every
// case against its machine.
// held is a signed head that somebody else has kept, or nil.
func (t *Centre) Verify(ctx context.Context, held []byte) (report *ledger.Report, err error) {
	err = t.Store.View(ctx, func(tx ledger.Tx) error {
		if report, err = ledger.Verify(ctx, tx, t.Verifier, held); err != nil {
			return err
		}
		for row, err := range tx.Rows(ctx, ledger.Parts) {
			if err != nil {
				break // a row that can not be read is among the faults
			}
			p := row.(ledger.PartRow).Part
			if err := t.Lake.Verify(p); err != nil {
				report.Faults = append(report.Faults, ledger.Fault{Table: "lake " + p.Table, Row: p.Digest, Text: err.Error()})
			}
		}
		faults, err := cases.Verify(ctx, tx.(*store.Tx))
		report.Faults = append(report.Faults, faults...)
		return err
	})
	return report, err
}

// Receipt makes the proof that the holder of a device gets: every act that speaks of the device,
// with the reasons given for it, and all that gave those acts authority.
func (t *Centre) Receipt(ctx context.Context, m imei.IMEI) (r *receipt.Receipt, err error) {
	err = t.view(ctx, func(tx *Tx) error {
		acts, err := tx.Subjects(ctx, m)
		if err != nil {
			return err
		}
		if len(acts) == 0 {
			return problem.New(problem.NotFound, "no act speaks of the device %s: there is nothing to prove, it is unlisted", m)
		}
		head, err := t.publishedHead(ctx, tx, slices.Max(acts))
		if err != nil {
			return err
		}
		entries, err := t.entries(ctx, tx, acts, m)
		if err != nil {
			return err
		}
		bundle, err := receipt.NewBundle(head.Size, entries, tx.Hashes(ctx))
		r = &receipt.Receipt{IMEI: m, Head: head.Note, Bundle: bundle}
		return err
	})
	return r, err
}

// publishedHead returns the head that was published last, so that the holder can compare with what
// others have; the newest head if the published one does not hold the act yet.
func (t *Centre) publishedHead(ctx context.Context, tx *Tx, act uint64) (ledger.Head, error) {
	if text, err := os.ReadFile(filepath.Join(t.publisher.Dir, "head")); err == nil {
		if h, err := receipt.OpenHead(text, t.Verifier); err == nil && h.Size > act {
			return ledger.Head{Head: h, Note: text}, nil
		}
	}
	return tx.Head(ctx)
}

// entries reads the acts with their openings, and before them what gave them authority. Of an act
// that speaks of many devices only the lines about m are shown. Pairs name a subscriber, so those
// lines are shown to nobody but the operator: here they stay sealed.
func (t *Centre) entries(ctx context.Context, tx *Tx, acts []uint64, m imei.IMEI) ([]receipt.Entry, error) {
	var out []receipt.Entry
	last := slices.Max(acts)
	for leaf, err := range tx.Leaves(ctx, 0, receipt.Founding, receipt.Denominator, receipt.Policy, receipt.Measure) {
		if err != nil {
			return nil, err
		}
		if leaf.Index > last {
			break
		}
		mine := slices.Contains(acts, leaf.Index)
		if leaf.Kind == receipt.Measure && !mine {
			continue
		}
		e, err := ledger.Load(ctx, tx, leaf)
		if err != nil {
			return nil, err
		}
		out = append(out, *e.About(func(line []byte) bool { return isAbout(line, m) }))
	}
	return out, nil
}

// isAbout reports whether a line of a measure speaks of a device and names no subscriber.
func isAbout(line []byte, m imei.IMEI) bool {
	ops, err := list.ParseOps(line, 0)
	return err == nil && len(ops) == 1 && ops[0].Line.Covers(m) && ops[0].Line.Class != list.Pair
}

// Head returns the signed head of the ledger, for others to keep.
func (t *Centre) Head(ctx context.Context) (note []byte, err error) {
	err = t.view(ctx, func(tx *Tx) error {
		h, err := tx.Head(ctx)
		note = h.Note
		return err
	})
	if err == nil && note == nil {
		err = problem.New(problem.NotFound, "the ledger is empty: found the register first with ceir init")
	}
	return note, err
}

// Delta makes the delta of a stream from an earlier ledger size to where it is published.
func (t *Centre) Delta(ctx context.Context, stream string, from uint64) (body, manifest []byte, err error) {
	err = t.view(ctx, func(tx *Tx) error {
		f, err := t.publisher.Since(ctx, tx, stream, from)
		if err != nil {
			return fmt.Errorf("making a delta: %w", err)
		}
		body, manifest = f.Body, f.Manifest
		return nil
	})
	return body, manifest, err
}
