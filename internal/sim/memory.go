package sim

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/receipt"
)

// Memory is a register in memory: all or nothing, as a database's, and with faults to order. A
// committed state is never changed, so every state there ever was can be opened again.
type Memory struct {
	mu    sync.Mutex // guards the rest
	now   *register
	fault *Fault
}

// Fault is what goes wrong in one of the next transactions.
type Fault struct {
	Statement int  // which statement of the transaction fails, counted from 1; 0 for the commit
	After     bool // the statement takes effect before it fails
	Kept      bool // of a commit: what was written stays, though the writer hears of an error
}

// Errors of the store.
var (
	ErrFault   = errors.New("a fault of the store, on purpose")
	errBetween = errors.New("somebody else has committed between")
)

// register is one committed state.
type register struct {
	head     ledger.Head
	leaves   []ledger.Leaf
	openings map[place]receipt.Opening
	blocks   map[node][]tlog.Hash
	rows     map[ledger.Table]map[string]ledger.Row
}

type place struct {
	index uint64
	part  string
}

type node struct {
	level  int
	number uint64
}

// NewMemory returns an empty register.
func NewMemory() *Memory { return &Memory{now: new(register)} }

// open returns a register that begins as the state.
func (r *register) open() *Memory { return &Memory{now: r} }

// Strike orders a fault for the next transaction that writes.
func (m *Memory) Strike(f Fault) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fault = &f
}

// Calm takes back a fault that has not struck.
func (m *Memory) Calm() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fault = nil
}

func (m *Memory) state() *register {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// View implements ledger.Store.
func (m *Memory) View(ctx context.Context, f func(ledger.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	base := m.state()
	return f(&tx{m: m, base: base, work: *base})
}

// Update implements ledger.Store.
func (m *Memory) Update(ctx context.Context, f func(ledger.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	t := &tx{m: m, base: m.now, work: *m.now, fault: m.fault, own: map[any]bool{}}
	m.mu.Unlock()
	if err := f(t); err != nil {
		return err
	}
	return m.commit(t)
}

// commit makes the transaction's state the register's, unless somebody was faster.
func (m *Memory) commit(t *tx) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(t.own) == 0 {
		return nil // it wrote nothing
	}
	if m.now != t.base {
		return fmt.Errorf("committing: %w: %w", ledger.ErrForked, errBetween)
	}
	strikes := t.fault != nil && m.fault == t.fault && t.fault.Statement == 0
	if strikes {
		m.fault = nil
		if !t.fault.Kept {
			return fmt.Errorf("committing, lost: %w", ErrFault)
		}
	}
	work := t.work
	m.now = &work
	if strikes {
		return fmt.Errorf("committing, kept: %w", ErrFault)
	}
	return nil
}

// struck reports whether the statement fails, before or after it took effect.
func (t *tx) struck(after bool) error {
	if !after {
		t.statements++
	}
	if f := t.fault; f != nil && f.Statement == t.statements && f.After == after {
		t.m.Calm()
		return fmt.Errorf("statement %d: %w", t.statements, ErrFault)
	}
	return nil
}

// do runs one statement with the faults around it.
func (t *tx) do(f func() error) error {
	if err := t.struck(false); err != nil {
		return err
	}
	if err := f(); err != nil {
		return err
	}
	return t.struck(true)
}

// writable returns the map, copied if this transaction has not yet.
func writable[K comparable, V any](t *tx, name any, m *map[K]V) map[K]V {
	if !t.own[name] {
		t.own[name] = true
		if *m = maps.Clone(*m); *m == nil {
			*m = map[K]V{}
		}
	}
	return *m
}
