package store

import (
	"context"
	"fmt"
	"slices"
)

// mode is what a transaction is for.
type mode int

const (
	reading   mode = iota // on one state, beside whoever writes
	writing               // alone
	migrating             // before the tables are there that writers lock
)

// dialect is one of the two databases.
type dialect interface {
	begin(ctx context.Context, m mode) (session, error)
	// collided reports whether an error says that another writer was faster.
	collided(err error) bool
	// busy reports whether an error says that the database is there but has no time or room now.
	busy(err error) bool
	// lost reports whether an error means that the database's state is unknown and writing must stop.
	lost(err error) bool
	// migrations are the dialect's numbered texts, the first being version 1.
	migrations() []string
	// introspect describes the tables, columns, indexes and triggers that exist, one a line, sorted.
	introspect(ctx context.Context, s session) ([]string, error)
	// forget clears what deleted openings may have left behind, as far as it can be done now.
	forget(ctx context.Context) error
	close() error
}

// session is one transaction of a dialect. Every row of a query is read before query returns.
type session interface {
	exec(ctx context.Context, text string, args ...any) (affected int64, err error)
	query(ctx context.Context, text string, args ...any) ([][]any, error)
	// put inserts rows, or replaces those of their keys. No key comes twice.
	put(ctx context.Context, t *table, rows [][]any) error
	// script runs several statements without parameters.
	script(ctx context.Context, text string) error
	commit(ctx context.Context) error
	rollback() error
}

// lines runs a question whose answer is one text column, and sorts it.
func lines(ctx context.Context, s session, text string) ([]string, error) {
	rows, err := s.query(ctx, text)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = fmt.Sprint(r[0])
	}
	slices.Sort(out)
	return out, nil
}
