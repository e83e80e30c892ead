package sim

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/openceir/openceir/internal/decide"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/enforce"
	"github.com/openceir/openceir/internal/feed"
	"github.com/openceir/openceir/internal/follow"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/receipt"
)

// process is one running centre; two may run on one register.
type process struct {
	w         *World
	store     ledger.Store
	sequencer *ledger.Sequencer
	runner    *follow.Runner[*step]
	publisher enforce.Publisher
}

// step is what stages are handed: see internal/node/centre, whose transaction it is like.
type step struct {
	ledger.Tx
	shelf shelf
	batch *ledger.Batch
}

// start begins a process, with nothing in memory.
func (w *World) start() *process {
	p := &process{w: w, store: w.plant.store(w.memory), publisher: enforce.Publisher{Dir: filepath.Join(w.dir, "lists"), Signer: w.signer}}
	p.sequencer = &ledger.Sequencer{Store: p.store, Signer: w.signer, Log: w.log, Now: func() time.Time { return w.plant.now(w) }, Random: w.random, Seen: w.seen}
	p.runner = &follow.Runner[*step]{
		Stages: []follow.Stage[*step]{&decide.Stage[*step]{State: p.state}, &enforce.Stage[*step]{Publisher: p.publisher, State: p.state}},
		View:   p.view, Do: p.do,
		Cursor: func(context.Context, *step, string) (uint64, error) { return 0, nil },
	}
	return p
}

func (p *process) state() *ledger.State {
	st, err := p.sequencer.State(p.w.ctx)
	p.w.must(err)
	return st
}

func (p *process) view(ctx context.Context, f func(*step) error) error {
	if _, err := p.sequencer.Fresh(ctx); err != nil {
		return err
	}
	return p.store.View(ctx, func(t ledger.Tx) error { return f(&step{Tx: t, shelf: p.w.shelf}) })
}

func (p *process) do(ctx context.Context, f func(*step) error) error {
	return p.sequencer.Do(ctx, func(t ledger.Tx, b *ledger.Batch) error { return f(&step{t, p.w.shelf, b}) })
}

// handler is the centre's side of the feed.
func (p *process) handler() http.Handler {
	f := &feed.Server{Lists: p.publisher.Dir, Now: p.w.trueTime, Directory: func() *receipt.Directory { return p.state().Guard.Directory() },
		Accept: func(context.Context, device.Operator, []byte) (bool, error) { return false, nil },
		Report: func(ctx context.Context, r device.NodeReport) error { return nil },
		Delta:  p.delta}
	return f.Handler()
}

func (p *process) delta(ctx context.Context, stream string, from uint64) (body, manifest []byte, err error) {
	err = p.view(ctx, func(s *step) error {
		f, err := p.publisher.Since(ctx, s, stream, from)
		if err == nil {
			body, manifest = f.Body, f.Manifest
		}
		return err
	})
	return body, manifest, err
}

// Batch returns the acts that commit with this transaction.
func (s *step) Batch() *ledger.Batch { return s.batch }

// Append appends an act.
func (s *step) Append(d ledger.Draft) (uint64, error) { return s.batch.Append(d) }

// Hashes reads the ledger's tree.
func (s *step) Hashes(ctx context.Context) tlog.HashReader { return ledger.Hashes(ctx, s) }

// rows returns the rows of a derived table that keep says so of.
func rows[R ledger.Row](ctx context.Context, s *step, t ledger.Table, keep func(R) bool) (out []R, err error) {
	for r, err := range s.Rows(ctx, t) {
		if err != nil {
			return nil, err
		}
		if row := r.(R); keep(row) {
			out = append(out, row)
		}
	}
	return out, nil
}

// LastDay implements decide.View: what is found in this country may be acted on at once.
func (s *step) LastDay(context.Context) (device.Day, bool, error) { return math.MaxInt32, true, nil }

// FindingsOfRules implements decide.View.
func (s *step) FindingsOfRules(ctx context.Context, rules ...string) (map[string][]*device.Finding, error) {
	parts, err := findingParts(ctx, s)
	of := map[string][]*device.Finding{}
	for _, f := range s.shelf.open(parts) {
		if slices.Contains(rules, f.Rule) {
			of[f.Rule] = append(of[f.Rule], &f)
		}
	}
	return of, err
}

// FillIn implements decide.View: the findings here are whole.
func (s *step) FillIn(context.Context, []*device.Finding) error { return nil }

// Proposals implements decide.View.
func (s *step) Proposals(ctx context.Context) ([]ledger.ProposalRow, map[receipt.Digest][]ledger.SignatureRow, error) {
	enacted := map[receipt.Digest]bool{}
	_, err := rows(ctx, s, ledger.Acts, func(r ledger.ActRow) bool { enacted[r.Content] = true; return false })
	open, err2 := rows(ctx, s, ledger.Proposals, func(r ledger.ProposalRow) bool { return !enacted[r.Content] })
	slices.SortFunc(open, func(a, b ledger.ProposalRow) int { return cmp.Compare(a.Index, b.Index) })
	signed := map[receipt.Digest][]ledger.SignatureRow{}
	_, err3 := rows(ctx, s, ledger.Signatures, func(r ledger.SignatureRow) bool { signed[r.Content] = append(signed[r.Content], r); return false })
	return open, signed, errors.Join(err, err2, err3)
}

// Body implements decide.View.
func (s *step) Body(ctx context.Context, index uint64) ([]byte, error) {
	effect, kept, err := s.Opening(ctx, index, ledger.PartEffect)
	if err == nil && !kept {
		err = fmt.Errorf("record %d has no effect", index)
	}
	return bytes.Clone(effect.Body), err
}
