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

// open opens an empty database.
func open(t *testing.T) *sql.DB {
	db, err := sql.Open("duckdb", "")
	must(t, err)
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	return db
}

// load puts the lake of a country into a database, as it is known on a day.
func (n *nation) load(ctx context.Context, t *testing.T, db *sql.DB, asOf device.Day) {
	t.Helper()
	files := n.files(ctx, t)
	listed := []string{"SELECT '' AS list, '' AS imei, DATE '2000-01-01' AS since WHERE false"}
	for kind, l := range lists {
		exec(ctx, t, db, n.inForce(files, kind, l))
		for _, part := range n.layers(files, kind, "malformed") {
			listed = append(listed, fmt.Sprintf("SELECT list, normal(imei), day FROM (%s)", part))
		}
	}
	paths := map[string][]string{}
	for _, f := range files {
		for _, p := range f.Parts {
			paths[p.Table] = append(paths[p.Table], n.path(p))
		}
	}
	visits := "(SELECT 0 AS imei, 0 AS imsi, 0 AS msisdn, 0 AS area, 0 AS from_minute, 0 AS to_minute WHERE false)"
	if len(paths["visits"]) > 0 {
		visits = parquet(paths["visits"])
	}
	exec(ctx, t, db, strings.NewReplacer("$asof", asOf.String(), "$zone", fmt.Sprint(n.ahead), "$days", parquet(paths["days"]),
		"$malformed", parquet(paths["malformed"]), "$visits", visits).Replace(loadSQL))
	if zeros := find(ctx, t, db, "SELECT imei FROM sight WHERE imsi = 0 OR msisdn = 0"); len(zeros) > 0 {
		t.Errorf("%d devices have a subscriber 0, where nobody is known", len(zeros))
	}
	exec(ctx, t, db, "CREATE OR REPLACE TABLE listed_text AS SELECT DISTINCT * FROM ("+strings.Join(listed, " UNION ALL ")+") WHERE imei <> '' AND NOT regexp_matches(imei, '^[0-9]{14}$')")
}

func exec(ctx context.Context, t *testing.T, db *sql.DB, q string) {
	t.Helper()
	if _, err := db.ExecContext(ctx, q); err != nil {
		t.Fatalf("%v\n%s", err, q)
	}
}

func (n *nation) path(p device.Part) string { return (&lake.Lake{Dir: n.lake}).Path(p) }

func parquet(paths []string) string {
	return "read_parquet(['" + strings.Join(paths, "', '") + "'], union_by_name = true)"
}

// inForce returns the statement that makes the table of a list: the rows of the last full file, and
// over them those of the later delta files; of rows with one key the last one counts.
func (n *nation) inForce(files []device.File, kind device.FileKind, l list) string {
	layers := n.layers(files, kind, l.table)
	if len(layers) == 0 {
		return fmt.Sprintf("CREATE OR REPLACE TABLE %s (%s)", l.table, l.columns)
	}
	removed := "change <> 'remove'"
	if l.table == "tacs" {
		removed = "true" // the directory has full files only
	}
	return fmt.Sprintf("CREATE OR REPLACE TABLE %s AS SELECT * EXCLUDE (newest) FROM (SELECT *, row_number() OVER (PARTITION BY %s ORDER BY file DESC) AS newest FROM (%s)) WHERE newest = 1 AND %s",
		l.table, l.key, strings.Join(layers, " UNION ALL BY NAME "), removed)
}

// layers returns the rows of a table of the last full file of a kind and of each later delta file.
func (n *nation) layers(files []device.File, kind device.FileKind, table string) (layers []string) {
	for i, f := range files {
		if f.Kind != kind {
			continue
		}
		if !f.Delta {
			layers = nil
		}
		var paths []string
		for _, p := range f.Parts {
			if p.Table == table {
				paths = append(paths, filepath.ToSlash(n.path(p)))
			}
		}
		if len(paths) > 0 {
			layers = append(layers, fmt.Sprintf("SELECT *, %d AS file FROM %s", i, parquet(paths)))
		}
	}
	return layers
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

// TestSameDevices compares both implementations on several countries: the same identifiers for
// each dimension. So that agreement shows something, each dimension must find some and not all of the
// devices of at least one country.
func TestSameDevices(t *testing.T) {
	telling := map[string]bool{}
	for name, make := range map[string]func(t *testing.T) *nation{
		"country of 2000, seed 1": func(t *testing.T) *nation { return simulated(t, 2000, 1) },
		"country of 1500, seed 2": func(t *testing.T) *nation { return simulated(t, 1500, 2) },
		"month of 20,000 rows":    func(t *testing.T) *nation { return dealt(t, 20_000, 3) },
		"crowd, seed 4":           func(t *testing.T) *nation { return crowded(t, 1500, 4) },
		"crowd, seed 5":           func(t *testing.T) *nation { return crowded(t, 700, 5) },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, n := t.Context(), make(t)
			rules := []string{"conditions:\n"}
			for _, d := range dimensions {
				rules = append(rules, d.rule(n, ""))
			}
			ours := n.judge(t, strings.Join(rules, ""), n.asOf)
			db := open(t)
			n.load(ctx, t, db, n.asOf)
			everything := len(find(ctx, t, db, "SELECT imei FROM seen"))
			for _, d := range dimensions {
				theirs := find(ctx, t, db, d.query(n, n.asOf))
				held := ours.of(d.name)
				t.Logf("%-28s %6d here, %6d there", d.name, len(held), len(theirs))
				if len(theirs) > 0 && len(theirs) < everything {
					telling[d.name] = true
				}
				differ(t, d.name, "only internal/detect finds", held, theirs)
				differ(t, d.name, "only the SQL finds", theirs, held)
			}
		})
	}
	for _, d := range dimensions {
		if !t.Failed() && telling[d.name] == slices.Contains(nobody, d.name) {
			t.Errorf("%s finds no device of any country, or all of each: it shows nothing", d.name)
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
