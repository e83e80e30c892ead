package store

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/openceir/openceir/internal/problem"
)

//go:embed sql
var texts embed.FS

// text returns an embedded SQL text. The names are constants of this package; a test reads them all.
func text(name string) string {
	b, err := texts.ReadFile("sql/" + name + ".sql")
	if err != nil {
		panic(fmt.Sprintf("store: %v", err))
	}
	return string(b)
}

// numbered returns the migration texts of a dialect in their order.
func numbered(dialect string) []string {
	files, err := fs.Glob(texts, "sql/"+dialect+"/[0-9]*.sql")
	if err != nil {
		panic(fmt.Sprintf("store: %v", err))
	}
	out := make([]string, len(files))
	for i := range files {
		out[i] = text(fmt.Sprintf("%s/%d", dialect, i+1))
	}
	return out
}

func textDigest(s string) string {
	d := sha256.Sum256([]byte(s))
	return hex.EncodeToString(d[:])
}

// migrate brings the tables to this program's version. Each version is one transaction with the row
// that names it: a crash leaves the version before or after.
func (s *Store) migrate(ctx context.Context) error {
	for try := 1; ; try++ {
		err := s.migrateOnce(ctx)
		if err == nil || problem.Of(err) == problem.Refused || try == schemaTries {
			return err
		}
		select { // another process may be creating the same tables
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(schemaPause):
		}
	}
}

func (s *Store) migrateOnce(ctx context.Context) error {
	for {
		done, err := s.migrateStep(ctx)
		if done || err != nil {
			return err
		}
	}
}

// migrateStep makes the next version, or finds that there is none to make.
func (s *Store) migrateStep(ctx context.Context) (done bool, err error) {
	sn, err := s.db.begin(ctx, migrating)
	if err != nil {
		return false, fmt.Errorf("opening the register: %w", err)
	}
	defer func() {
		if done || err != nil {
			sn.rollback()
		}
	}()
	have, err := versions(ctx, sn, s.db)
	if err != nil {
		return false, err
	}
	all := s.db.migrations()
	switch {
	case len(have) > len(all):
		return false, problem.New(problem.Refused, "the register has version %d and this program knows versions up to %d: use a newer program", len(have), len(all))
	case len(have) == len(all):
		return true, nil
	}
	next := all[len(have)]
	if err := sn.script(ctx, next); err != nil {
		return false, fmt.Errorf("bringing the register to version %d: %w", len(have)+1, err)
	}
	if _, err := sn.exec(ctx, text("schema_insert"), int64(len(have)+1), textDigest(next)); err != nil {
		return false, fmt.Errorf("noting version %d of the register: %w", len(have)+1, err)
	}
	if err := sn.commit(ctx); err != nil {
		return false, fmt.Errorf("bringing the register to version %d: %w", len(have)+1, err)
	}
	return false, nil
}

// versions returns the rows of the table schema, "VERSION DIGEST" each; none if there is no table.
func versions(ctx context.Context, sn session, db dialect) ([]string, error) {
	there, err := db.introspect(ctx, sn)
	if err != nil {
		return nil, fmt.Errorf("looking for the register's tables: %w", err)
	}
	if !slices.ContainsFunc(there, func(l string) bool { return l == "table schema" }) {
		return nil, nil
	}
	rows, err := sn.query(ctx, text("schema_rows"))
	if err != nil {
		return nil, fmt.Errorf("reading the register's version: %w", err)
	}
	var out []string
	for _, r := range rows {
		out = append(out, fmt.Sprintf("%v %v", r[0], r[1]))
	}
	return out, nil
}

// SchemaFault says what is wrong with the tables that keep the schema's own version and with the
// schema itself, "" if nothing.
func (tx *Tx) SchemaFault(ctx context.Context) (string, error) {
	have, err := versions(ctx, tx.s, tx.db)
	if err != nil {
		return "", err
	}
	all := tx.db.migrations()
	for i := range max(len(have), len(all)) {
		switch {
		case i >= len(have):
			return fmt.Sprintf("version %d of the register is missing", i+1), nil
		case i >= len(all):
			return fmt.Sprintf("there is a version %q that this program does not know", have[i]), nil
		case have[i] != fmt.Sprintf("%d %s", i+1, textDigest(all[i])):
			return fmt.Sprintf("version %d of the register is noted as %q, which is not the text of this program", i+1, have[i]), nil
		}
	}
	is, err := tx.db.introspect(ctx, tx.s)
	if err != nil {
		return "", fmt.Errorf("reading the register's tables: %w", err)
	}
	return differs(is, expected()), nil
}

// differs names the lines that only one of two sorted descriptions has, "" if none.
func differs(is, want []string) string {
	var out []string
	for _, l := range is {
		if _, ok := slices.BinarySearch(want, l); !ok {
			out = append(out, fmt.Sprintf("there is a %s that does not belong here", l))
		}
	}
	for _, l := range want {
		if _, ok := slices.BinarySearch(is, l); !ok {
			out = append(out, fmt.Sprintf("the %s is missing", l))
		}
	}
	return strings.Join(out[:min(len(out), maxDifferences)], "; ")
}
