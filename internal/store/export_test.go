package store

import (
	"context"
	"errors"
	"strings"
)

// Racing makes Update begin without the writers' lock, where the dialect can do without: what is
// left to keep two processes apart is the compare-and-set of the head.
func Racing(s *Store) *Store {
	s.mode = migrating
	return s
}

// Ask asks the connection that writes.
func Ask(ctx context.Context, s *Store, text string) (string, error) {
	sn, err := s.db.begin(ctx, writing)
	if err != nil {
		return "", err
	}
	defer sn.rollback()
	l, err := lines(ctx, sn, text)
	return strings.Join(l, " "), err
}

// Full keeps an embedded register from growing by another page, or lets it grow again.
func Full(ctx context.Context, s *Store, full bool) error {
	w := <-s.db.(*sqliteDB).turn
	defer func() { s.db.(*sqliteDB).turn <- w }()
	limit := "PRAGMA max_page_count = 1073741823"
	if full {
		limit = "PRAGMA max_page_count = 1" // as many as there are
	}
	_, err := w.conn.ExecContext(ctx, limit)
	return err
}

// ErrInjected is the failure that Failing injects.
var ErrInjected = errors.New("the failure of a test")

// Failing makes one statement of a writing transaction fail: the beginning is number 0, the COMMIT
// the last.
type Failing struct {
	At        int  // number of the statement
	After     bool // it fails after it took effect
	Seen      int  // statements so far
	Committed bool // the COMMIT took effect
}

// Inject returns a store on the same connections whose writing transactions fail so.
func Inject(s *Store, f *Failing) *Store {
	return &Store{db: failingDialect{s.db, f}, mode: s.mode}
}

// run runs a statement, or has it fail.
func (f *Failing) run(do func() error) error {
	now := f.Seen == f.At
	f.Seen++
	if now && !f.After {
		return ErrInjected
	}
	if err := do(); err != nil || !now {
		return err
	}
	return ErrInjected
}

type failingDialect struct {
	dialect
	f *Failing
}

func (d failingDialect) begin(ctx context.Context, m mode) (s session, err error) {
	if m == reading {
		return d.dialect.begin(ctx, m)
	}
	err = d.f.run(func() error { s, err = d.dialect.begin(ctx, m); return err })
	if err != nil {
		if s != nil {
			s.rollback()
		}
		return nil, err
	}
	return failingSession{s, d.f}, nil
}

type failingSession struct {
	session
	f *Failing
}

func (s failingSession) exec(ctx context.Context, text string, args ...any) (n int64, err error) {
	err = s.f.run(func() error { n, err = s.session.exec(ctx, text, args...); return err })
	return n, err
}

func (s failingSession) query(ctx context.Context, text string, args ...any) (rows [][]any, err error) {
	err = s.f.run(func() error { rows, err = s.session.query(ctx, text, args...); return err })
	return rows, err
}

// put inserts through this one, so that each statement counts.
func (s failingSession) put(ctx context.Context, t *table, rows [][]any) error {
	return insert(ctx, s, t, rows, 2)
}

func (s failingSession) commit(ctx context.Context) error {
	ended := false
	err := s.f.run(func() error {
		ended = true
		err := s.session.commit(ctx)
		s.f.Committed = err == nil
		return err
	})
	if !ended {
		s.session.rollback()
	}
	return err
}
