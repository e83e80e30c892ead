package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// registerFile is the register's file in the data directory.
const registerFile = "register.sqlite"

// sqliteDB is the embedded register: one connection that writes and some that read.
type sqliteDB struct {
	writing, reading *sql.DB
	turn             chan *sqliteWriter // holds the writer while nobody writes
}

// sqliteWriter is the connection that writes. Its texts stay prepared: those with many rows are dear.
type sqliteWriter struct {
	conn     *sql.Conn
	prepared map[string]*sql.Stmt
}

func openSQLite(dir string) (dialect, error) {
	file := filepath.Join(dir, registerFile)
	if err := makeFile(dir, file); err != nil {
		return nil, fmt.Errorf("making the register's file: %w", err)
	}
	db := &sqliteDB{turn: make(chan *sqliteWriter, 1)}
	var err, err2 error
	db.writing, err = sql.Open("sqlite", sqliteURL(file))
	db.reading, err2 = sql.Open("sqlite", sqliteURL(file, "query_only(1)"))
	if err := errors.Join(err, err2); err != nil {
		return nil, fmt.Errorf("opening %s: %w", file, err)
	}
	db.reading.SetMaxOpenConns(readers)
	db.reading.SetMaxIdleConns(readers)
	conn, err := db.writing.Conn(context.Background())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening %s: %w", file, err), db.reading.Close(), db.writing.Close())
	}
	db.turn <- &sqliteWriter{conn, map[string]*sql.Stmt{}}
	return db, nil
}

// makeFile makes the file if it is not there, for its owner's eyes alone (SQLite gives its log the
// same rights), and syncs the directory: a file whose name is lost in a power cut is lost.
func makeFile(dir, file string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	return errors.Join(d.Sync(), d.Close(), f.Close())
}

// sqliteURL names the file with what holds on every connection. Erased bytes are overwritten, not
// just unlinked; trusted_schema keeps functions out of what a changed schema could smuggle in.
func sqliteURL(file string, pragmas ...string) string {
	q := url.Values{}
	for _, p := range append([]string{
		fmt.Sprintf("busy_timeout(%d)", waitForWriter.Milliseconds()),
		"journal_mode(WAL)", "synchronous(FULL)", "secure_delete(ON)", "trusted_schema(OFF)",
		fmt.Sprintf("cache_size(-%d)", sqliteCacheKB)}, pragmas...) {
		q.Add("_pragma", p)
	}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: file}).EscapedPath(), RawQuery: q.Encode()}).String()
}

func (db *sqliteDB) begin(ctx context.Context, m mode) (session, error) {
	s := &sqliteTx{db: db}
	var err error
	if m == reading {
		if s.conn, err = db.reading.Conn(ctx); err != nil {
			return nil, err
		}
		_, err = s.conn.ExecContext(ctx, "BEGIN")
	} else {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case s.writer = <-db.turn:
		}
		s.conn = s.writer.conn
		_, err = s.conn.ExecContext(ctx, "BEGIN IMMEDIATE")
	}
	if err != nil {
		s.rollback() // also where the BEGIN was only cut short
		return nil, err
	}
	return s, nil
}

func (db *sqliteDB) migrations() []string { return numbered("sqlite") }

func (db *sqliteDB) close() error {
	w := <-db.turn
	for _, st := range w.prepared {
		st.Close()
	}
	return errors.Join(w.conn.Close(), db.reading.Close(), db.writing.Close())
}

// code returns SQLite's extended result code, 0 if the error is none of SQLite's.
func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

func (db *sqliteDB) collided(err error) bool {
	c := code(err)
	return c == sqlite3.SQLITE_BUSY_SNAPSHOT || c == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY || c == sqlite3.SQLITE_CONSTRAINT_UNIQUE ||
		c == sqlite3.SQLITE_CONSTRAINT_ROWID
}

func (db *sqliteDB) busy(err error) bool {
	switch code(err) & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL:
		return true
	}
	return false
}

func (db *sqliteDB) lost(err error) bool {
	switch code(err) & 0xff {
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return true
	}
	return false
}

// forget empties the write-ahead log, whose old pages hold what was erased. While a reader still
// needs them it gives up at once, and the next erasure, or the closing of the register, does it.
func (db *sqliteDB) forget(ctx context.Context) error {
	w := <-db.turn
	defer func() { db.turn <- w }()
	if _, err := w.conn.ExecContext(ctx, "PRAGMA busy_timeout = 0"); err != nil {
		return err
	}
	_, err := w.conn.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	_, err2 := w.conn.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout = %d", waitForWriter.Milliseconds()))
	return errors.Join(err, err2)
}

// introspect reads the tables from the database itself.
func (db *sqliteDB) introspect(ctx context.Context, s session) ([]string, error) {
	return lines(ctx, s, text("sqlite/introspect"))
}

// sqliteTx is a transaction of SQLite.
type sqliteTx struct {
	db     *sqliteDB
	conn   *sql.Conn
	writer *sqliteWriter // nil for a reader
}

// statement returns a text prepared. The writer keeps what it has prepared, a reader nothing.
func (s *sqliteTx) statement(ctx context.Context, text string) (*sql.Stmt, error) {
	if s.writer == nil {
		return s.conn.PrepareContext(ctx, text)
	}
	if st := s.writer.prepared[text]; st != nil {
		return st, nil
	}
	st, err := s.conn.PrepareContext(ctx, text)
	if err == nil {
		s.writer.prepared[text] = st
	}
	return st, err
}

func (s *sqliteTx) exec(ctx context.Context, text string, args ...any) (int64, error) {
	st, err := s.statement(ctx, text)
	if err != nil {
		return 0, err
	}
	r, err := st.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (s *sqliteTx) query(ctx context.Context, text string, args ...any) ([][]any, error) {
	st, err := s.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	if s.writer == nil {
		defer st.Close()
	}
	rows, err := st.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var out [][]any
	for rows.Next() {
		values, into := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		out = append(out, values)
	}
	return out, rows.Err()
}

// put has its twin in postgres.go.
func (s *sqliteTx) put(ctx context.Context, t *table, rows [][]any) error {
	return insert(ctx, s, t, rows, sqliteRows)
}

func (s *sqliteTx) script(ctx context.Context, text string) error {
	_, err := s.conn.ExecContext(ctx, text)
	return err
}

func (s *sqliteTx) commit(ctx context.Context) error {
	if _, err := s.conn.ExecContext(ctx, "COMMIT"); err != nil {
		return errors.Join(err, s.rollback())
	}
	return s.release()
}

// rollback ends the transaction whatever state it is in: after some errors SQLite has ended it
// already, and says so.
func (s *sqliteTx) rollback() error {
	s.conn.ExecContext(context.Background(), "ROLLBACK")
	return s.release()
}

// release gives the connection back.
func (s *sqliteTx) release() error {
	if s.writer != nil {
		s.db.turn <- s.writer
		return nil
	}
	return s.conn.Close()
}
