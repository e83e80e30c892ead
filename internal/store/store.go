package store

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/problem"
)

// Config says where the register is kept: exactly one of the two.
type Config struct {
	Data string // directory of the embedded register (SQLite); made if it is not there
	URL  string // PostgreSQL: postgres://user@host/database, a database or schema of the register's own; the password in a passfile
}

// Store is an open register. It implements ledger.Store and is safe for concurrent use.
type Store struct {
	db   dialect
	mode mode                  // of Update: writing
	lost atomic.Pointer[error] // set once writing must stop
}

var _ ledger.Store = (*Store)(nil)

// Open opens the register, creating or migrating its tables first.
func Open(ctx context.Context, c Config) (*Store, error) {
	var db dialect
	var err error
	switch {
	case (c.Data == "") == (c.URL == ""):
		return nil, problem.New(problem.Invalid, "the register needs a data directory or the URL of a PostgreSQL database, and not both")
	case c.URL != "":
		db, err = openPostgres(ctx, c.URL)
	default:
		db, err = openSQLite(c.Data)
	}
	if err != nil {
		return nil, err
	}
	s := &Store{db: db, mode: writing}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(err, db.close())
	}
	return s, nil
}

// Close releases the connections. No transaction may be running.
func (s *Store) Close() error { return s.db.close() }

// Update runs f in one transaction that is synced when Update returns nil. The ledger.Tx is a *Tx.
func (s *Store) Update(ctx context.Context, f func(ledger.Tx) error) error {
	if err := s.lost.Load(); err != nil {
		return *err
	}
	err := s.run(ctx, s.mode, f)
	if err != nil && s.db.lost(err) {
		err = problem.New(problem.Broken, "the register's storage failed and nothing more is written: mend the disk, start again, and run ceir ledger verify: %w", err)
		s.lost.CompareAndSwap(nil, &err)
	}
	return err
}

// View runs f on one consistent state. The ledger.Tx is a *Tx.
func (s *Store) View(ctx context.Context, f func(ledger.Tx) error) error {
	return s.run(ctx, reading, f)
}

func (s *Store) run(ctx context.Context, m mode, f func(ledger.Tx) error) error {
	sn, err := s.db.begin(ctx, m)
	if err != nil {
		return s.told(fmt.Errorf("beginning a transaction: %w", err))
	}
	open := true
	defer func() { // also when f panics: the connection must not stay in the transaction
		if open {
			sn.rollback()
		}
	}()
	tx := &Tx{s: sn, db: s.db}
	if err := f(tx); err != nil {
		return s.told(err)
	}
	if m == reading {
		return nil
	}
	open = false
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitWithin)
	defer cancel()
	if err := sn.commit(ending); err != nil {
		return s.told(fmt.Errorf("committing: %w", err))
	}
	if tx.erased {
		s.db.forget(ending) // committed all the same; the next erasure tries again
	}
	return nil
}

// told sets the kind of a database's error.
func (s *Store) told(err error) error {
	switch {
	case errors.Is(err, ledger.ErrForked):
		return err
	case s.db.collided(err):
		return fmt.Errorf("%w: %w", ledger.ErrForked, err)
	case s.db.busy(err):
		return problem.New(problem.Busy, "the register can not be written now, try again in a moment: %w", err)
	}
	return err
}

// Tx is one transaction of the register: the ledger's part and the questions of stages and pages.
// It is for one goroutine, and only until the function it was handed to returns.
type Tx struct {
	s      session
	db     dialect
	erased bool // an opening was deleted
}

var _ ledger.Tx = (*Tx)(nil)
