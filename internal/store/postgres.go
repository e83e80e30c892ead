package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// postgresDB is a register on a PostgreSQL server: one connection that writes and some that read.
type postgresDB struct {
	writer, readers *pool
}

func openPostgres(ctx context.Context, url string) (dialect, error) {
	c, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("reading the URL of the register: %w", err) // pgx leaves the password out
	}
	c.ConnectTimeout = maxConnectWait
	c.RuntimeParams["application_name"] = "ceir"
	c.RuntimeParams["lock_timeout"] = fmt.Sprint(waitForWriter.Milliseconds())
	c.RuntimeParams["idle_in_transaction_session_timeout"] = fmt.Sprint(idleInTx.Milliseconds())
	db := &postgresDB{newPool(c, 1), newPool(c, readers)}
	conn, err := db.writer.take(ctx) // so that a wrong URL is said at once
	if err != nil {
		return nil, err
	}
	db.writer.give(conn)
	return db, nil
}

func (db *postgresDB) begin(ctx context.Context, m mode) (session, error) {
	from := db.readers
	if m != reading {
		from = db.writer
	}
	for try := 1; ; try++ {
		conn, err := from.take(ctx)
		if err != nil {
			return nil, err
		}
		err = simple(ctx, conn, beginPostgres[m])
		if err == nil {
			return &postgresTx{conn, from}, nil
		}
		gone := conn.IsClosed() // the server was restarted while the connection lay idle
		from.give(conn)
		if !gone || try > 1 || ctx.Err() != nil {
			return nil, err
		}
	}
}

// beginPostgres are the texts that begin. The lock comes before the snapshot is taken, so a writer
// that waited sees what the one before it wrote.
var beginPostgres = map[mode]string{
	reading:   "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
	writing:   "BEGIN ISOLATION LEVEL REPEATABLE READ; LOCK TABLE head IN EXCLUSIVE MODE",
	migrating: "BEGIN ISOLATION LEVEL REPEATABLE READ",
}

// simple runs statements without parameters or results.
func simple(ctx context.Context, conn *pgx.Conn, text string) error {
	_, err := conn.PgConn().Exec(ctx, text).ReadAll()
	return err
}

func (db *postgresDB) migrations() []string { return numbered("postgres") }

func (db *postgresDB) close() error { return errors.Join(db.writer.close(), db.readers.close()) }

func sqlState(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// collided: serialization_failure, deadlock_detected, unique_violation. Only records are inserted
// without a word about conflicts, so only they can violate a key.
func (db *postgresDB) collided(err error) bool {
	return slices.Contains([]string{"40001", "40P01", "23505"}, sqlState(err))
}

// busy: insufficient resources (a full disk too), lock_not_available, operator intervention, and a
// connection that could not be made or was cut.
func (db *postgresDB) busy(err error) bool {
	s := sqlState(err)
	if s != "" {
		return s == "55P03" || strings.HasPrefix(s, "53") || strings.HasPrefix(s, "57") || strings.HasPrefix(s, "08") || s == "25P03"
	}
	var connecting *pgconn.ConnectError
	var cut *cutError
	return errors.As(err, &connecting) || errors.As(err, &cut)
}

// lost: io_error, data_corrupted, index_corrupted.
func (db *postgresDB) lost(err error) bool {
	return slices.Contains([]string{"58030", "XX001", "XX002"}, sqlState(err))
}

// forget does nothing: PostgreSQL's own vacuum clears what was erased, and its log goes with the
// archive's rules.
func (db *postgresDB) forget(context.Context) error { return nil }

// introspect reads the tables from the database itself.
func (db *postgresDB) introspect(ctx context.Context, s session) ([]string, error) {
	return lines(ctx, s, text("postgres/introspect"))
}

// cutError says that the connection broke within a transaction.
type cutError struct{ err error }

func (e *cutError) Error() string { return "the connection to the database broke: " + e.err.Error() }
func (e *cutError) Unwrap() error { return e.err }

// postgresTx is a transaction of PostgreSQL.
type postgresTx struct {
	conn *pgx.Conn
	from *pool
}

// told marks an error that came with the connection's end.
func (s *postgresTx) told(err error) error {
	if err != nil && s.conn.IsClosed() && sqlState(err) == "" {
		return &cutError{err}
	}
	return err
}

func (s *postgresTx) exec(ctx context.Context, text string, args ...any) (int64, error) {
	tag, err := s.conn.Exec(ctx, text, args...)
	return tag.RowsAffected(), s.told(err)
}

func (s *postgresTx) query(ctx context.Context, text string, args ...any) ([][]any, error) {
	rows, err := s.conn.Query(ctx, text, args...)
	if err != nil {
		return nil, s.told(err)
	}
	defer rows.Close()
	var out [][]any
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return nil, err
		}
		out = append(out, values)
	}
	return out, s.told(rows.Err())
}

// put has its twin in sqlite.go. Many rows are copied, where there may be conflicts through a
// staging table that goes with the transaction.
func (s *postgresTx) put(ctx context.Context, t *table, rows [][]any) error {
	if len(rows) < copyRows {
		return insert(ctx, s, t, rows, statementRows)
	}
	into := t.name
	if t.conflict() != "" {
		into = "staging_" + t.name
		if err := s.script(ctx, "CREATE TEMPORARY TABLE "+into+" (LIKE "+t.name+") ON COMMIT DROP"); err != nil {
			return err
		}
	}
	if _, err := s.conn.CopyFrom(ctx, pgx.Identifier{into}, t.names(), pgx.CopyFromRows(rows)); err != nil {
		return s.told(err)
	}
	if into == t.name {
		return nil
	}
	columns := strings.Join(t.names(), ", ")
	return s.script(ctx, "INSERT INTO "+t.name+" ("+columns+") SELECT "+columns+" FROM "+into+t.conflict()+"; DROP TABLE "+into)
}

func (s *postgresTx) script(ctx context.Context, text string) error {
	return s.told(simple(ctx, s.conn, text))
}

func (s *postgresTx) commit(ctx context.Context) error {
	err := s.told(simple(ctx, s.conn, "COMMIT"))
	s.from.give(s.conn)
	return err
}

func (s *postgresTx) rollback() error {
	s.from.give(s.conn)
	return nil
}
