package store_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/store/storetest"
)

// tamperer changes one thing at a time, has the register verified, and puts it back.
type tamperer struct {
	*testing.T
	*raw
	story   *storetest.Story
	tried   int // changes that the database took
	refused int // changes that the database itself refused
}

// After any change of any row of any table, verification names the table and the row.
func TestTampering(t *testing.T) {
	for _, d := range dialects {
		t.Run(d.name, func(t *testing.T) {
			c := d.make(t)
			x := &tamperer{T: t, raw: rawOf(t, c), story: storetest.Tell(t, storetest.New(t, open(t, c), 1))}
			x.story.Clean(t)
			for _, rel := range x.relations() {
				x.table(rel)
			}
			t.Logf("%d changes found in %d tables, %d more refused by the database itself", x.tried, len(x.relations()), x.refused)
			x.story.Clean(t)
		})
	}
}

func (x *tamperer) table(rel *relation) {
	rows := x.rows(rel)
	if len(rows) == 0 {
		x.Errorf("the story leaves the table %s empty: tell more of it", rel.name)
		return
	}
	picked := sample(rows)
	for _, row := range picked {
		for i := range rel.columns {
			for _, v := range some(others(row[i])) {
				changed := slices.Clone(row)
				changed[i] = v
				args := append(slices.Clone(changed), row...)
				set := strings.ReplaceAll(rel.equal(1), " AND ", ", ")
				x.try(rel, rows, fmt.Sprintf("%s changed from %v to %v", rel.columns[i], short(row[i]), short(v)), key(rel, row, changed), func() error {
					return x.exec("UPDATE "+rel.name+" SET "+set+" WHERE "+rel.equal(len(row)+1), args...)
				})
			}
		}
		x.try(rel, rows, "deleted", key(rel, row), func() error { return x.remove(rel, row) })
		x.duplicate(rel, rows, row)
	}
	for i, row := range picked[1:] {
		x.swap(rel, rows, picked[i], row)
	}
}

// duplicate adds a copy of a row under other keys.
func (x *tamperer) duplicate(rel *relation, rows [][]any, row []any) {
	for i := range rel.columns {
		if !rel.key[i] {
			continue
		}
		for _, v := range some(others(row[i])) {
			copied := slices.Clone(row)
			copied[i] = v
			x.try(rel, rows, fmt.Sprintf("duplicated with %s = %v", rel.columns[i], short(v)), key(rel, copied), func() error { return x.insert(rel, copied) })
		}
	}
}

// swap exchanges what two keys hold.
func (x *tamperer) swap(rel *relation, rows [][]any, a, b []any) {
	a2, b2 := slices.Clone(a), slices.Clone(b)
	for i := range rel.columns {
		if !rel.key[i] {
			a2[i], b2[i] = b[i], a[i]
		}
	}
	if reflect.DeepEqual(a, a2) || reflect.DeepEqual(b, b2) {
		return // nothing but the key, or equal but for it
	}
	x.try(rel, rows, "swapped", key(rel, a, b), func() error {
		x.put(rel, slices.DeleteFunc(slices.Clone(rows), func(r []any) bool { return reflect.DeepEqual(r, a) || reflect.DeepEqual(r, b) }))
		if err := x.insert(rel, a2); err != nil {
			return err
		}
		return x.insert(rel, b2)
	})
}

// try makes a change, wants it found, and puts the table back. keys are the rows that a fault may name.
func (x *tamperer) try(rel *relation, rows [][]any, what string, keys []string, change func() error) {
	x.Helper()
	if err := change(); err != nil {
		x.refused++
		x.put(rel, rows)
		return
	}
	x.tried++
	report := x.story.Verify(x.T, nil)
	if !found(report, rel.name, keys) {
		x.Errorf("%s %v: %s: not found: %v", rel.name, keys, what, report.Faults)
	}
	x.put(rel, rows)
}

// found reports whether a fault names the table, and the row where it has many.
func found(report *ledger.Report, table string, keys []string) bool {
	return slices.ContainsFunc(report.Faults, func(f ledger.Fault) bool {
		return f.Table == table && (table == "head" || table == "schema" ||
			slices.ContainsFunc(keys, func(k string) bool { return plain(f.Row) == k || strings.HasPrefix(k, plain(f.Row)+" ") }))
	})
}

// key names rows by the values of their key, in the plain form of a fault's row.
func key(rel *relation, rows ...[]any) (out []string) {
	for _, row := range rows {
		var parts []string
		for i, v := range row {
			if rel.key[i] {
				parts = append(parts, fmt.Sprint(v))
			}
		}
		out = append(out, plain(strings.Join(parts, " ")))
	}
	return out
}

// plain takes the words and punctuation between keys, and leading zeros, off a row's name.
func plain(row string) string {
	row = strings.NewReplacer("level ", "", "block ", "", "/", " ").Replace(row)
	f := strings.FieldsFunc(row, func(r rune) bool { return r == ' ' })
	for i := range f {
		if a, b, ok := strings.Cut(f[i], "-"); ok && len(a) == 14 && len(b) == 14 {
			f[i] = strings.TrimLeft(a, "0") + " " + strings.TrimLeft(b, "0")
		} else if t := strings.TrimLeft(f[i], "0"); t != "" && len(f[i]) == 14 {
			f[i] = t
		}
	}
	return strings.Join(f, " ")
}

// sample returns the first, the last, and some rows between.
func sample(rows [][]any) (out [][]any) {
	at := []int{0, len(rows) / 4, len(rows) / 2, len(rows) - 2, len(rows) - 1}
	if testing.Short() {
		at = []int{len(rows) - 2, len(rows) - 1}
	}
	for _, i := range slices.Compact(at) {
		if i >= 0 && i < len(rows) && (len(out) == 0 || !reflect.DeepEqual(out[len(out)-1], rows[i])) {
			out = append(out, rows[i])
		}
	}
	return out
}

// others are values that a column could hold instead.
func others(v any) []any {
	switch v := v.(type) {
	case int64:
		return []any{v + 1, v - 1, -1 - v, v + 1<<40}
	case string:
		out := []any{v + " ", v + "x"}
		if v != "" {
			out = append(out, "", v[1:], strings.ToUpper(v), v[:len(v)-1]+string(rune(v[len(v)-1]^1)))
		}
		return slices.DeleteFunc(out, func(o any) bool { return o == v })
	case []byte:
		out := []any{append(slices.Clone(v), 0)}
		if len(v) > 0 {
			flipped := slices.Clone(v)
			flipped[len(v)/2] ^= 0x10
			out = append(out, flipped, v[1:], []byte{})
		}
		return out
	}
	panic(fmt.Sprintf("a column holds a %T", v))
}

// some leaves most values out of the short run.
func some(values []any) []any {
	if testing.Short() {
		return values[:1]
	}
	return values
}

func short(v any) string {
	s := fmt.Sprint(v)
	return s[:min(len(s), 40)]
}
