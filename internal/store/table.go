package store

import (
	"slices"
	"strings"

	"github.com/openceir/openceir/internal/ledger"
)

// column is a column of a table with its type in both dialects' words: integer, text or bytes.
type column struct{ name, sort string }

// table says how a table of the register is read and written. The DDL is in sql/; a test holds the
// two together.
type table struct {
	name    string
	columns []column // those of the key first
	keys    int      // how many columns are the key
	indexes []string
	values  func(ledger.Row) []any // of derived tables: a row's values, in the order of the columns
	row     func(*cells) ledger.Row
}

// columnsOf reads "name:sort name:sort …", where integer is written i, text t and bytes b.
func columnsOf(s string) []column {
	sorts := map[string]string{"i": "integer", "t": "text", "b": "bytes"}
	var out []column
	for _, f := range strings.Fields(s) {
		name, sort, _ := strings.Cut(f, ":")
		out = append(out, column{name, sorts[sort]})
	}
	return out
}

func (t *table) names() []string {
	out := make([]string, len(t.columns))
	for i, c := range t.columns {
		out[i] = c.name
	}
	return out
}

// key returns a row's key, of its values.
func (t *table) key(values []any) []any { return values[:t.keys] }

// describe returns the table's part of a description as introspect gives it.
func (t *table) describe() []string {
	out := []string{"table " + t.name, "key of " + t.name + " " + strings.Join(t.names()[:t.keys], " ")}
	for _, c := range t.columns {
		out = append(out, "column "+t.name+"."+c.name+" "+c.sort)
	}
	for _, i := range t.indexes {
		out = append(out, "index "+i)
	}
	return out
}

// The tables of the ledger itself.
var (
	schemaTable   = table{name: "schema", columns: columnsOf("version:i digest:t"), keys: 1}
	headTable     = table{name: "head", columns: columnsOf("one:i size:i root:t note:t"), keys: 1}
	leavesTable   = table{name: "leaves", columns: columnsOf("idx:i kind:t record:t"), keys: 1, indexes: []string{"leaves_kind"}}
	openingsTable = table{name: "openings", columns: columnsOf("idx:i part:t salt:b body:b"), keys: 2}
	blocksTable   = table{name: "blocks", columns: columnsOf("level:i number:i hashes:b"), keys: 2}
)

// expected describes the schema of this program's version.
func expected() []string {
	var out []string
	for _, t := range []*table{&schemaTable, &headTable, &leavesTable, &openingsTable, &blocksTable} {
		out = append(out, t.describe()...)
	}
	for _, t := range derived {
		out = append(out, t.describe()...)
	}
	slices.Sort(out)
	return out
}
