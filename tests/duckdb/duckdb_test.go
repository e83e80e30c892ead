package duckdb

import (
	"context"
	"database/sql"
	_ "embed"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2" // the driver

	"github.com/openceir/openceir/internal/detect"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/lake"
)

//go:embed load.sql
var loadSQL string

// list is a table of the lake that holds a list, with its key and columns.
type list struct{ table, key, columns string }

var lists = map[device.FileKind]list{
	device.FileTAC:          {"tacs", "tac", "tac INTEGER, manufacturer VARCHAR, model VARCHAR, device_type VARCHAR, bands VARCHAR"},
	device.FileStolen:       {"stolen", "imei", "imei BIGINT, reported DATE, status VARCHAR"},
	device.FileRegistration: {"registrations", "imei", "imei BIGINT, status VARCHAR"},
	device.FileBarred:       {"barred", "imei", "imei BIGINT, since DATE"},
	device.FileMonitoring:   {"monitored", "imei", "imei BIGINT, since DATE"},
	device.FileBarredTAC:    {"barred_tacs", "tac", "tac INTEGER"},
	device.FileSubscribers:  {"subscribers", "uid, imsi", "uid VARCHAR, imsi BIGINT"},
	device.FileAssociation:  {"associations", "uid, imei", "uid VARCHAR, imei BIGINT"},
}

// open opens a database with the lake of a country in it.
func (n *nation) open(ctx context.Context, t *testing.T) *sql.DB {
	db, err := sql.Open("duckdb", "")
	must(t, err)
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	exec := func(q string) {
		t.Helper()
		if _, err := db.ExecContext(ctx, q); err != nil {
			t.Fatalf("%v\n%s", err, q)
		}
	}
	files := n.files(ctx, t)
	for kind, l := range lists {
		exec(n.inForce(files, kind, l))
	}
	paths := map[string][]string{}
	for _, f := range files {
		for _, p := range f.Parts {
			paths[p.Table] = append(paths[p.Table], n.path(p))
		}
	}
	exec(strings.NewReplacer("$asof", n.asOf.String(), "$days", parquet(paths["days"]), "$malformed", parquet(paths["malformed"])).Replace(loadSQL))
	return db
}

func (n *nation) path(p device.Part) string { return (&lake.Lake{Dir: n.lake}).Path(p) }

func parquet(paths []string) string {
	return "read_parquet(['" + strings.Join(paths, "', '") + "'], union_by_name = true)"
}

// inForce returns the statement that makes the table of a list: the rows of the last full file, and
// over them those of the later delta files; of rows with one key the last one counts.
func (n *nation) inForce(files []device.File, kind device.FileKind, l list) string {
	var layers []string
	for i, f := range files {
		if f.Kind != kind {
			continue
		}
		if !f.Delta {
			layers = nil
		}
		var paths []string
		for _, p := range f.Parts {
			if p.Table == l.table {
				paths = append(paths, filepath.ToSlash(n.path(p)))
			}
		}
		if len(paths) > 0 {
			layers = append(layers, fmt.Sprintf("SELECT *, %d AS file FROM %s", i, parquet(paths)))
		}
	}
	if len(layers) == 0 {
		return fmt.Sprintf("CREATE TABLE %s (%s)", l.table, l.columns)
	}
	removed := "change <> 'remove'"
	if l.table == "tacs" {
		removed = "true" // the directory has full files only
	}
	return fmt.Sprintf("CREATE TABLE %s AS SELECT * EXCLUDE (newest) FROM (SELECT *, row_number() OVER (PARTITION BY %s ORDER BY file DESC) AS newest FROM (%s)) WHERE newest = 1 AND %s",
		l.table, l.key, strings.Join(layers, " UNION ALL BY NAME "), removed)
}

// find returns the identifiers that a query finds.
func find(ctx context.Context, t *testing.T, db *sql.DB, query string) map[string]bool {
	t.Helper()
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		t.Fatalf("%v\n%s", err, query)
	}
	defer rows.Close()
	found := map[string]bool{}
	for rows.Next() {
		var m string
		must(t, rows.Scan(&m))
		found[m] = true
	}
	must(t, rows.Err())
	return found
}

// TestSameDevices compares both implementations on several countries.
func TestSameDevices(t *testing.T) {
	total := map[string]int{}
	for name, make := range map[string]func(t *testing.T) *nation{
		"country of 3000, seed 1": func(t *testing.T) *nation { return simulated(t, 3000, 1) },
		"country of 1500, seed 2": func(t *testing.T) *nation { return simulated(t, 1500, 2) },
		"month of 200,000 rows":   func(t *testing.T) *nation { return dealt(t, 200_000, 3) },
	} {
		t.Run(name, func(t *testing.T) {
			n := make(t)
			var rules strings.Builder
			rules.WriteString("conditions:\n")
			var judged []dimension
			for _, d := range dimensions {
				rule := d.rule(n)
				if _, err := detect.Load([]byte("conditions:\n" + rule)); err != nil {
					t.Logf("%s is not in the language: %v", d.name, err)
					continue
				}
				rules.WriteString(rule)
				judged = append(judged, d)
			}
			ours := n.judge(t, rules.String())
			db := n.open(t.Context(), t)
			for _, d := range judged {
				theirs := find(t.Context(), t, db, d.query(n))
				t.Logf("%-28s %6d here, %6d there", d.name, len(ours[d.name]), len(theirs))
				total[d.name] += len(theirs)
				differ(t, d.name, "only internal/detect finds", ours[d.name], theirs)
				differ(t, d.name, "only the SQL finds", theirs, ours[d.name])
			}
		})
	}
	for name, n := range total {
		if n == 0 && !slices.Contains(nobody, name) {
			t.Errorf("%s finds nothing in any country: it shows nothing", name)
		}
	}
}

// nobody are the rules that should find nothing.
var nobody = []string{"monitored-longer"}

func differ(t *testing.T, name, what string, one, other map[string]bool) {
	t.Helper()
	var only []string
	for m := range one {
		if !other[m] {
			only = append(only, m)
		}
	}
	if len(only) > 0 {
		slices.Sort(only)
		t.Errorf("%s: %s %d identifiers, for instance %s", name, what, len(only), strings.Join(only[:min(5, len(only))], ", "))
	}
}
