package storetest

import (
	"cmp"
	"maps"
	"slices"
	"testing"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
)

// twin answers the questions naively: it folds every record into maps and looks through them.
type twin struct {
	leaves []ledger.Leaf
	tables map[ledger.Table]map[string]ledger.Row
}

// foldAll reads every record, inside whose loop it reads openings: a query within a query's rows.
func foldAll(t testing.TB, tx ledger.Tx) *twin {
	t.Helper()
	w := &twin{tables: map[ledger.Table]map[string]ledger.Row{}}
	for _, table := range ledger.Tables {
		w.tables[table] = map[string]ledger.Row{}
	}
	for l, err := range tx.Leaves(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		e, err := ledger.Load(t.Context(), tx, l)
		if err != nil {
			t.Fatal(err)
		}
		changes, err := ledger.Fold(e)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range changes {
			if c.Drop {
				delete(w.tables[c.Row.Table()], c.Row.Key())
			} else {
				w.tables[c.Row.Table()][c.Row.Key()] = c.Row
			}
		}
		w.leaves = append(w.leaves, l)
	}
	return w
}

// of returns the rows of a table by key, of which keep says so; nil keeps all.
func of[R ledger.Row](w *twin, table ledger.Table, keep func(R) bool) (out []R) {
	for _, k := range slices.Sorted(maps.Keys(w.tables[table])) {
		if r := w.tables[table][k].(R); keep == nil || keep(r) {
			out = append(out, r)
		}
	}
	return out
}

func (w *twin) withdrawal(file string) ledger.WithdrawalRow {
	r, _ := w.tables[ledger.Withdrawals][file].(ledger.WithdrawalRow)
	return r
}

func (w *twin) withdrawn(file string) bool { return w.tables[ledger.Withdrawals][file] != nil }

// file returns a file with its parts.
func (w *twin) file(digest string) (ledger.FileRow, bool) {
	f, ok := w.tables[ledger.Files][digest].(ledger.FileRow)
	for _, p := range of(w, ledger.Parts, func(p ledger.PartRow) bool { return p.File == digest }) {
		f.File.Parts = append(f.File.Parts, p.Part)
	}
	return f, ok
}

func (w *twin) files(kind device.FileKind, operator device.Operator) (out []ledger.FileRow) {
	for _, f := range of[ledger.FileRow](w, ledger.Files, nil) {
		if (kind == "" || f.File.Kind == kind) && (operator == "" || f.File.Operator == operator) && !w.withdrawn(f.File.Digest) {
			f, _ = w.file(f.File.Digest)
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b ledger.FileRow) int { return cmp.Compare(a.Index, b.Index) })
	return out
}

func (w *twin) liveParts(table string) (out []device.Part) {
	for _, p := range of[ledger.PartRow](w, ledger.Parts, nil) {
		if p.Part.Table == table && !w.withdrawn(p.File) && !slices.Contains(out, p.Part) {
			out = append(out, p.Part)
		}
	}
	slices.SortFunc(out, func(a, b device.Part) int {
		return cmp.Or(cmp.Compare(a.Month, b.Month), cmp.Compare(a.Bucket, b.Bucket), cmp.Compare(a.Digest, b.Digest))
	})
	return out
}
