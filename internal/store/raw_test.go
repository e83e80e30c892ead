package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/openceir/openceir/internal/store"
)

// raw is a database administrator's way into the register, round the store.
type raw struct {
	t      testing.TB
	exec   func(text string, args ...any) error
	query  func(text string, args ...any) [][]any
	schema string // the question for (table, column, place in the key or 0)
}

// rawOf opens the register's database.
func rawOf(t testing.TB, c store.Config) *raw {
	t.Helper()
	if c.URL != "" {
		return rawPostgres(t, c.URL)
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(c.Data, "register.sqlite")+"?_pragma=busy_timeout(30000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	r := &raw{t: t, schema: `SELECT m.name, c.name, c.pk FROM sqlite_schema m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' ORDER BY m.name, c.cid`}
	r.exec = func(text string, args ...any) error {
		_, err := db.Exec(text, args...)
		return err
	}
	r.query = func(text string, args ...any) (out [][]any) {
		rows, err := db.Query(text, args...)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		names, _ := rows.Columns()
		for rows.Next() {
			values, into := make([]any, len(names)), make([]any, len(names))
			for i := range values {
				into[i] = &values[i]
			}
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			out = append(out, values)
		}
		return out
	}
	return r
}

func rawPostgres(t testing.TB, url string) *raw {
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	r := &raw{t: t, schema: `SELECT c.table_name::text, c.column_name::text, coalesce(k.ordinal_position, 0)::bigint
		FROM information_schema.columns c
		LEFT JOIN information_schema.table_constraints p ON p.table_schema = c.table_schema AND p.table_name = c.table_name AND p.constraint_type = 'PRIMARY KEY'
		LEFT JOIN information_schema.key_column_usage k ON k.constraint_schema = p.constraint_schema AND k.constraint_name = p.constraint_name AND k.column_name = c.column_name
		WHERE c.table_schema = current_schema() ORDER BY c.table_name, c.ordinal_position`}
	r.exec = func(text string, args ...any) error {
		_, err := conn.Exec(context.Background(), text, args...)
		return err
	}
	r.query = func(text string, args ...any) (out [][]any) {
		rows, err := conn.Query(context.Background(), text, args...)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			values, err := rows.Values()
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, values)
		}
		if rows.Err() != nil {
			t.Fatal(rows.Err())
		}
		return out
	}
	return r
}

// relation is a table as the database itself describes it.
type relation struct {
	name    string
	columns []string
	key     []bool // by column: is it of the key?
}

// relations enumerates the tables from the database, so that a new one is covered by itself.
func (r *raw) relations() (out []*relation) {
	var last *relation
	for _, row := range r.query(r.schema) {
		name := row[0].(string)
		if last == nil || last.name != name {
			last = &relation{name: name}
			out = append(out, last)
		}
		last.columns = append(last.columns, row[1].(string))
		last.key = append(last.key, row[2].(int64) > 0)
	}
	return out
}

func (r *raw) must(text string, args ...any) {
	r.t.Helper()
	if err := r.exec(text, args...); err != nil {
		r.t.Fatalf("%s: %v", text, err)
	}
}

// rows reads a table whole.
func (r *raw) rows(rel *relation) [][]any {
	columns := strings.Join(rel.columns, ", ")
	return r.query("SELECT " + columns + " FROM " + rel.name + " ORDER BY " + columns)
}

// insert adds a row.
func (r *raw) insert(rel *relation, row []any) error {
	marks := make([]string, len(row))
	for i := range row {
		marks[i] = fmt.Sprintf("$%d", i+1)
	}
	return r.exec("INSERT INTO "+rel.name+" ("+strings.Join(rel.columns, ", ")+") VALUES ("+strings.Join(marks, ", ")+")", row...)
}

// remove deletes a row.
func (r *raw) remove(rel *relation, row []any) error {
	return r.exec("DELETE FROM "+rel.name+" WHERE "+rel.equal(1), row...)
}

// equal is the condition that a row has the values of the parameters from $from on.
func (rel *relation) equal(from int) string {
	terms := make([]string, len(rel.columns))
	for i, c := range rel.columns {
		terms[i] = fmt.Sprintf("%s = $%d", c, from+i)
	}
	return strings.Join(terms, " AND ")
}

// put makes a table hold the rows and nothing else.
func (r *raw) put(rel *relation, rows [][]any) {
	r.t.Helper()
	r.must("DELETE FROM " + rel.name)
	for _, row := range rows {
		if err := r.insert(rel, row); err != nil {
			r.t.Fatal(err)
		}
	}
}

// image is the content of every table.
func (r *raw) image() map[string][][]any {
	out := map[string][][]any{}
	for _, rel := range r.relations() {
		out[rel.name] = r.rows(rel)
	}
	return out
}

// restore puts every table back.
func (r *raw) restore(image map[string][][]any) {
	for _, rel := range r.relations() {
		r.put(rel, image[rel.name])
	}
}
