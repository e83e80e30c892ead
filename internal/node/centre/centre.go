// Package centre builds a running centre from its configuration: register, lake, sequencer,
// importer, the stages in their order, and what the commands ask of them.
package centre

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/openceir/openceir/internal/cases"
	"github.com/openceir/openceir/internal/config"
	"github.com/openceir/openceir/internal/decide"
	"github.com/openceir/openceir/internal/detect"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/enforce"
	"github.com/openceir/openceir/internal/follow"
	"github.com/openceir/openceir/internal/lake"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/store"
	"github.com/openceir/openceir/list"
)

// Options are what a caller hands in beside the configuration. The zero value is for production.
type Options struct {
	Now    func() time.Time // time.Now if nil
	Random io.Reader        // crypto/rand if nil
	Log    *slog.Logger     // slog.Default if nil
	Unread bool             // do not read the ledger yet: for Verify, which reads what nothing else can
}

// Centre is an open centre.
type Centre struct {
	Config    *config.Centre
	Store     *store.Store
	Lake      *lake.Lake
	Sequencer *ledger.Sequencer
	Verifier  note.Verifier // of the log
	Zone      *time.Location
	Log       *slog.Logger

	stepping  sync.Mutex // held while the stages step: one at a time
	runner    *follow.Runner[*Tx]
	publisher enforce.Publisher
	pairs     pairs
}

// Open opens the register and the lake. The register must have been founded (see Found) before
// anything but founding is asked of it.
func Open(ctx context.Context, c *config.Centre, o Options) (*Centre, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	signer, verifier, err := readLogKey(c.LogKey)
	if err != nil {
		return nil, err
	}
	sc := store.Config{Data: c.Data}
	if c.Database != "" {
		sc = store.Config{URL: c.Database}
	}
	s, err := store.Open(ctx, sc)
	if err != nil {
		return nil, err
	}
	t := &Centre{Config: c, Store: s, Lake: &lake.Lake{Dir: filepath.Join(c.Data, "lake")}, Verifier: verifier,
		Zone: config.Location(c.Zone), Log: o.Log}
	t.pairs.lake, t.pairs.log = t.Lake, o.Log
	t.Sequencer = &ledger.Sequencer{Store: s, Signer: signer, Log: verifier, Now: o.Now, Random: o.Random, Seen: t.seen}
	t.publisher = enforce.Publisher{Dir: filepath.Join(c.Data, "lists"), Signer: signer, Memory: new(enforce.Memory)}
	t.runner = t.stages()
	if err := t.gates().Check(); err != nil {
		s.Close()
		return nil, err
	}
	if o.Unread {
		return t, nil
	}
	if err := t.refresh(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return t, nil
}

// Close closes the register.
func (t *Centre) Close() error { return t.Store.Close() }

// stages returns the stages in the order of the walk.
func (t *Centre) stages() *follow.Runner[*Tx] {
	return &follow.Runner[*Tx]{
		Stages: []follow.Stage[*Tx]{
			&detect.Stage[*Tx]{Lake: t.Lake, Shelf: shelf{t.Lake}, Zone: t.Zone, Operators: t.operators},
			&decide.Stage[*Tx]{State: t.state, Now: t.Sequencer.Now, Zone: t.Zone, Note: t.note},
			&enforce.Stage[*Tx]{Publisher: t.publisher, State: t.state},
			&cases.Clock[*Tx]{Desk: t.desk(), Note: t.note},
		},
		View:   t.view,
		Do:     t.do,
		Cursor: func(ctx context.Context, tx *Tx, stage string) (uint64, error) { return tx.Cursor(ctx, stage) },
		Stepped: func(stage string, after, upto uint64) {
			t.Log.Debug("stage stepped", "stage", stage, "after", after, "upto", upto)
		},
	}
}

// note tells people what a stage could not do.
func (t *Centre) note(format string, args ...any) { t.Log.Info(fmt.Sprintf(format, args...)) }

// state returns the ledger's state; view and do keep it current.
func (t *Centre) state() *ledger.State {
	st, err := t.Sequencer.State(context.Background())
	if err != nil || st == nil {
		return &ledger.State{Table: list.NewTable(nil), Guard: new(list.Guard)}
	}
	return st
}

// Run steps every stage until none has anything to do. With a day it first records that the day
// is complete.
func (t *Centre) Run(ctx context.Context, asOf device.Day) error {
	t.stepping.Lock()
	defer t.stepping.Unlock()
	release, err := t.Lake.Hold() // what stages write there, no act names yet
	if err != nil {
		return err
	}
	defer release()
	if asOf != 0 {
		if err := t.tick(ctx, asOf); err != nil {
			return err
		}
	}
	if err := t.refresh(ctx); err != nil {
		return err
	}
	return t.runner.UntilIdle(ctx)
}

// tick records that a day is complete, unless it is recorded already or lies before the last.
func (t *Centre) tick(ctx context.Context, day device.Day) error {
	return t.do(ctx, func(tx *Tx) error {
		last, ok, err := tx.LastDay(ctx)
		if err != nil || ok && last >= day {
			return err
		}
		return tx.office("clock", ledger.KindDay, device.Encode(ledger.Day{Day: day}), day.String())
	})
}

// operators returns the organisations that run a network.
func (t *Centre) operators() []device.Operator {
	d := t.state().Guard.Directory()
	if d == nil {
		return nil
	}
	var out []device.Operator
	for _, stream := range enforce.Streams(d) {
		if stream != list.National {
			out = append(out, device.Operator(stream))
		}
	}
	return out
}
