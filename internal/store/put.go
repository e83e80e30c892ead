package store

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/problem"
)

// Apply makes the changes in their order. Only the order among changes of one row matters, so what
// happens to a row last is what is written, table by table: drops first, then puts.
func (tx *Tx) Apply(ctx context.Context, changes []ledger.Change) error {
	for _, name := range ledger.Tables {
		t := derived[name]
		last := map[string]int{}
		for i := range changes {
			if c := &changes[i]; c.Row.Table() == name {
				last[c.Row.Key()] = i
			}
		}
		var puts, drops [][]any
		for i := range changes {
			c := &changes[i]
			if c.Row.Table() != name || last[c.Row.Key()] != i {
				continue
			}
			if values := t.values(c.Row); c.Drop {
				drops = append(drops, t.key(values))
			} else {
				puts = append(puts, values)
			}
		}
		if err := tx.drop(ctx, t, drops); err != nil {
			return err
		}
		if err := tx.put(ctx, t, puts); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) put(ctx context.Context, t *table, rows [][]any) error {
	for _, r := range rows {
		if err := t.keepable(r); err != nil {
			return err
		}
	}
	if len(rows) == 0 {
		return nil
	}
	if err := tx.s.put(ctx, t, rows); err != nil {
		return fmt.Errorf("writing %d rows of %s: %w", len(rows), t.name, err)
	}
	return nil
}

// keepable refuses texts that not every database keeps as they are: the two must not differ in what
// they take.
func (t *table) keepable(values []any) error {
	for i, v := range values {
		if s, ok := v.(string); ok && (!utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0) {
			return problem.New(problem.Invalid, "%s.%s is not UTF-8 text without zero bytes", t.name, t.columns[i].name)
		}
	}
	return nil
}

func (tx *Tx) drop(ctx context.Context, t *table, keys [][]any) error {
	for chunk := range chunks(keys, statementRows) {
		text, args := t.deletion(chunk)
		if _, err := tx.s.exec(ctx, text, args...); err != nil {
			return fmt.Errorf("dropping %d rows of %s: %w", len(chunk), t.name, err)
		}
	}
	return nil
}

// deletion writes the text that deletes the rows of the keys. A list of row values would be shorter,
// but the dialects write it differently.
func (t *table) deletion(keys [][]any) (string, []any) {
	var b strings.Builder
	var args []any
	b.WriteString("DELETE FROM " + t.name + " WHERE ")
	for i, key := range keys {
		if i > 0 {
			b.WriteString(" OR ")
		}
		for j, v := range key {
			args = append(args, v)
			fmt.Fprintf(&b, "%s%s = $%d", opening(j, " AND "), t.columns[j].name, len(args))
		}
		b.WriteByte(')')
	}
	return b.String(), args
}

// opening returns what stands before item j of a list in brackets.
func opening(j int, between string) string {
	if j == 0 {
		return "("
	}
	return between
}

// insertion writes the text that puts n rows.
func (t *table) insertion(n int) string {
	var b strings.Builder
	b.WriteString("INSERT INTO " + t.name + " (" + strings.Join(t.names(), ", ") + ") VALUES ")
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		for j := range t.columns {
			fmt.Fprintf(&b, "%s$%d", opening(j, ", "), i*len(t.columns)+j+1)
		}
		b.WriteByte(')')
	}
	b.WriteString(t.conflict())
	return b.String()
}

// conflict says what to do about a key that is there: a record is never written twice, any other
// row is replaced.
func (t *table) conflict() string {
	if t == &leavesTable {
		return ""
	}
	names := t.names()
	text := " ON CONFLICT (" + strings.Join(names[:t.keys], ", ") + ") DO "
	if t.keys == len(names) {
		return text + "NOTHING"
	}
	sets := make([]string, 0, len(names))
	for _, n := range names[t.keys:] {
		sets = append(sets, n+" = excluded."+n)
	}
	return text + "UPDATE SET " + strings.Join(sets, ", ")
}

// insert puts rows by INSERT with up to so many rows of VALUES.
func insert(ctx context.Context, s session, t *table, rows [][]any, most int) error {
	for chunk := range chunks(rows, most) {
		args := make([]any, 0, len(chunk)*len(t.columns))
		for _, r := range chunk {
			args = append(args, r...)
		}
		if _, err := s.exec(ctx, t.insertion(len(chunk)), args...); err != nil {
			return err
		}
	}
	return nil
}
