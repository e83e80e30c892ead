package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/openceir/openceir/internal/problem"
)

// pool is a handful of connections to PostgreSQL, made when they are first needed and made anew
// when they broke.
type pool struct {
	config *pgx.ConnConfig
	free   chan *pgx.Conn // a place for each connection; nil for one not made yet
}

func newPool(c *pgx.ConnConfig, size int) *pool {
	p := &pool{c, make(chan *pgx.Conn, size)}
	for range size {
		p.free <- nil
	}
	return p
}

// take waits for a connection that is in no transaction.
func (p *pool) take(ctx context.Context) (*pgx.Conn, error) {
	var conn *pgx.Conn
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case conn = <-p.free:
	}
	if conn != nil && !conn.IsClosed() {
		return conn, nil
	}
	conn, err := p.connect(ctx)
	if err != nil {
		p.free <- nil
		return nil, err
	}
	return conn, nil
}

// connect makes a connection and holds the server to what the register promises.
func (p *pool) connect(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, p.config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the register: %w", err)
	}
	var fsync, commit string
	err = conn.QueryRow(ctx, text("postgres/promise")).Scan(&fsync, &commit)
	if err == nil && fsync != "on" {
		err = problem.New(problem.Refused, "the PostgreSQL server runs with fsync = %s, so nothing it acknowledges is safe: set fsync = on", fsync)
	}
	if err == nil && commit == "off" {
		err = simple(ctx, conn, "SET synchronous_commit = on")
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return conn, nil
}

// give takes a connection back, ending whatever transaction it still is in. One that can not be
// ended is closed, which ends it too.
func (p *pool) give(conn *pgx.Conn) {
	if !conn.IsClosed() && conn.PgConn().TxStatus() != 'I' {
		ctx, cancel := context.WithTimeout(context.Background(), endWithin)
		defer cancel()
		if err := simple(ctx, conn, "ROLLBACK"); err != nil {
			conn.Close(ctx)
		}
	}
	p.free <- conn
}

// close waits for the connections and closes them.
func (p *pool) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), endWithin)
	defer cancel()
	var errs []error
	for range cap(p.free) {
		if conn := <-p.free; conn != nil {
			errs = append(errs, conn.Close(ctx))
		}
	}
	return errors.Join(errs...)
}
