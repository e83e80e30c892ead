package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// Sequencer appends to the ledger. There is one in a process.
type Sequencer struct {
	Store  Store
	Signer note.Signer      // with the log's key
	Log    note.Verifier    // of the same key
	Now    func() time.Time // clock
	Random io.Reader        // salts and keys
	Seen   func() list.Seen // what the lake knows of active pairs; nil for nothing

	queue struct {
		mu      sync.Mutex // guards waiting
		waiting []*pending
	}
	mu    sync.Mutex // guards state; held while a batch is on its way
	state *State     // nil before the first use, and after a fault, until it is read again
	last  atomic.Pointer[State]
}

// State is the ledger folded up to a head: what decisions are checked against. A published state
// is not changed any more.
type State struct {
	Head  Head
	Time  time.Time // of the last record
	Table *list.Table
	Guard *list.Guard
}

// State returns the state after the last committed batch, reading it first if need be.
func (s *Sequencer) State(ctx context.Context) (*State, error) {
	if st := s.last.Load(); st != nil {
		return st, nil
	}
	return s.Fresh(ctx)
}

// Fresh returns the state at the ledger's head, reading what other processes appended.
func (s *Sequencer) Fresh(ctx context.Context) (*State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.Store.View(ctx, func(tx Tx) error { return s.catchUp(ctx, tx) })
	if err != nil {
		return nil, err
	}
	s.last.Store(s.state)
	return s.state, nil
}

// Do runs f in one transaction in which it may append acts; all that f wrote and appended commits
// together, synced, or not at all. If another process appended meanwhile, f runs again.
func (s *Sequencer) Do(ctx context.Context, f func(Tx, *Batch) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.do(ctx, f)
}

func (s *Sequencer) do(ctx context.Context, f func(Tx, *Batch) error) error {
	for try := 0; ; try++ {
		err := s.once(ctx, f)
		if !errors.Is(err, ErrForked) || try == maxRetries || ctx.Err() != nil {
			return err
		}
	}
}

func (s *Sequencer) once(ctx context.Context, f func(Tx, *Batch) error) error {
	var b *Batch
	err := s.Store.Update(ctx, func(tx Tx) error {
		if err := s.catchUp(ctx, tx); err != nil {
			return err
		}
		b = s.begin(ctx, tx)
		if err := f(tx, b); err != nil {
			return err
		}
		return b.finish()
	})
	if err != nil {
		s.state = nil // what was on its way is gone; read the truth again
		return err
	}
	if len(b.entries) > 0 { // a batch of nothing leaves no time behind, however wrong the clock was
		s.state = &State{b.head, b.time, b.table, b.guard}
	}
	s.last.Store(s.state)
	return nil
}

// catchUp brings the state to the head that the transaction sees.
func (s *Sequencer) catchUp(ctx context.Context, tx Tx) error {
	head, err := tx.Head(ctx)
	if err != nil {
		return fmt.Errorf("reading the ledger's head: %w", err)
	}
	if s.state == nil && s.last.Load() != nil {
		s.state = s.last.Load()
	}
	if s.state != nil && s.state.Head.Head == head.Head {
		return nil
	}
	if head.Size > 0 {
		h, err := receipt.OpenHead(head.Note, s.Log)
		if err != nil || h != head.Head {
			return problem.New(problem.Broken, "the ledger's head row is not what its key signed: stop, and run ceir ledger verify (%v)", err)
		}
	}
	st := s.state
	if err := grown(ctx, tx, st, head); err != nil {
		return err
	}
	if st == nil {
		st = &State{Table: list.NewTable(nil), Guard: new(list.Guard)}
	}
	next, err := advance(ctx, tx, st, head)
	if err != nil {
		return err
	}
	s.state = next
	return nil
}

// grown checks that the ledger only grew since a state was read: a database that was restored from
// an old copy, or rewritten, must not be written on.
func grown(ctx context.Context, tx Tx, st *State, head Head) error {
	if st == nil || st.Head.Size == 0 {
		return nil
	}
	if head.Size > st.Head.Size {
		was, err := root(st.Head.Size, newHashes(ctx, tx))
		if err != nil {
			return problem.New(problem.Broken, "reading the tree of %d records: %w", st.Head.Size, err)
		}
		if was == st.Head.Root {
			return nil
		}
	}
	return problem.New(problem.Broken, "the ledger has %d records and does not continue the %d known here: it was restored or rewritten; stop, and run ceir ledger verify with a head held elsewhere", head.Size, st.Head.Size)
}

// advance folds the records between a state and a head.
func advance(ctx context.Context, tx Tx, from *State, head Head) (*State, error) {
	st := &State{head, from.Time, from.Table.Clone(), from.Guard.Clone()}
	for leaf, err := range tx.Leaves(ctx, from.Head.Size) {
		if err != nil {
			return nil, fmt.Errorf("reading the ledger from record %d: %w", from.Head.Size, err)
		}
		e, err := loadLawful(ctx, tx, leaf)
		if err != nil {
			return nil, err
		}
		if err := st.admit(e); err != nil {
			return nil, problem.New(problem.Broken, "the ledger holds an act that its own guard refuses: %w", err)
		}
	}
	return st, nil
}

// lawful are the kinds that the guard and the table look into. Acts of other kinds change nobody's
// service, and of their form the guard asks only the order of times, which begin keeps.
var lawful = map[receipt.Kind]bool{receipt.Founding: true, receipt.Denominator: true, receipt.Policy: true,
	receipt.Proposal: true, receipt.Measure: true}

// admit applies a stored record to a state, taking the writer's count for what it was then.
func (st *State) admit(e *receipt.Entry) error {
	r := e.Record
	var ops []list.Op
	count := list.Effect{Refuses: r.Refuses, Releases: r.Releases}
	if r.Content.Kind == receipt.Measure {
		if e.Effect == nil {
			return fmt.Errorf("the effect of record %d is missing", r.Index)
		}
		var err error
		if ops, err = list.ParseOps(e.Effect.Body, r.Index); err != nil {
			return err
		}
		if err := st.Table.Check(ops); err != nil {
			return fmt.Errorf("record %d: %w", r.Index, err)
		}
		count.Thefts = list.Count(st.Table, ops, list.Nobody{}).Thefts
	}
	if err := signed(st.Guard, e); err != nil {
		return err
	}
	if err := st.Guard.Admit(e, count, r.Time); err != nil {
		return err
	}
	st.Table.Apply(ops)
	st.Time = r.Time
	return nil
}

// loadLawful reads what is asked of a stored record before it counts: its effect if it is of a kind that
// is looked into, and never its personal part.
func loadLawful(ctx context.Context, tx Tx, leaf Leaf) (*receipt.Entry, error) {
	r, err := receipt.ParseRecord(leaf.Text)
	if err != nil {
		return nil, fmt.Errorf("record %d: %w", leaf.Index, err)
	}
	e := &receipt.Entry{Record: r}
	if !lawful[leaf.Kind] && leaf.Kind != KindAccount {
		return e, nil
	}
	o, kept, err := tx.Opening(ctx, leaf.Index, PartEffect)
	if err != nil {
		return nil, fmt.Errorf("reading the effect of record %d: %w", leaf.Index, err)
	}
	if kept {
		e.Effect = &o.Opening
	}
	return e, nil
}

// Load reads a stored record with its openings.
func Load(ctx context.Context, tx Tx, leaf Leaf) (*receipt.Entry, error) {
	r, err := receipt.ParseRecord(leaf.Text)
	if err != nil {
		return nil, fmt.Errorf("record %d: %w", leaf.Index, err)
	}
	e := &receipt.Entry{Record: r}
	parts, err := tx.Openings(ctx, leaf.Index)
	if err != nil {
		return nil, fmt.Errorf("reading the openings of record %d: %w", leaf.Index, err)
	}
	for i := range parts {
		if parts[i].Part == PartEffect {
			e.Effect = &parts[i].Opening
		} else {
			e.Personal = &parts[i].Opening
		}
	}
	return e, nil
}

// pending is a command that waits for its batch.
type pending struct {
	draft Draft
	index uint64
	err   error
	done  bool
}

// Submit appends one act and returns its index once it is committed and synced. Whatever commands
// wait at the same time share a transaction.
func (s *Sequencer) Submit(ctx context.Context, d Draft) (uint64, error) {
	p := &pending{draft: d}
	s.queue.mu.Lock()
	if len(s.queue.waiting) >= maxWaiting {
		s.queue.mu.Unlock()
		return 0, problem.New(problem.Busy, "%d commands are waiting for the ledger: try again in a moment", maxWaiting)
	}
	s.queue.waiting = append(s.queue.waiting, p)
	s.queue.mu.Unlock()

	s.mu.Lock()
	defer s.mu.Unlock()
	if !p.done {
		s.commit(ctx)
	}
	return p.index, p.err
}

// commit takes everything that waits into one transaction.
func (s *Sequencer) commit(ctx context.Context) {
	s.queue.mu.Lock()
	batch := s.queue.waiting
	s.queue.waiting = nil
	s.queue.mu.Unlock()
	err := problem.New(problem.Broken, "the ledger's writer stopped in the middle of a transaction, and whether it committed is not known: ask again")
	defer func() { // also in a panic, after which those who wait must not take silence for a yes
		for _, p := range batch {
			p.done = true
			if err != nil {
				p.err = err
			}
		}
	}()
	err = s.do(context.WithoutCancel(ctx), func(_ Tx, b *Batch) error {
		for _, p := range batch {
			p.index, p.err = b.Append(p.draft)
			if problem.Of(p.err) == problem.Broken && p.err != nil {
				return p.err
			}
		}
		return nil
	})
}

// root returns the root of the tree of the size.
func root(size uint64, h tlog.HashReader) (tlog.Hash, error) { return tlog.TreeHash(int64(size), h) }
