package duckdb

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/observe"
	"github.com/openceir/openceir/internal/store"
)

// kept is a rule whose findings are kept, with how. What it finds comes and goes in a crowd.
type kept struct {
	dimension       string
	grace, gap      int
	sticky, amnesty bool
	informs         bool // nothing may follow from it
}

var keptRules = []kept{
	{dimension: "users-3-week", grace: 10},
	{dimension: "users-2", grace: 60, gap: 6},
	{dimension: "average-users", grace: 5, gap: 4, amnesty: true},
	{dimension: "used-national", gap: 9},
	{dimension: "transient", grace: 3, sticky: true},
	{dimension: "imsis-2", grace: 20, sticky: true, amnesty: true},
	{dimension: "largest-share-users", gap: 3, informs: true},
	{dimension: "one-user", grace: 1, gap: 100, amnesty: true},
	{dimension: "malformed", amnesty: true, sticky: true},
	{dimension: "not-allocated-late"},
	{dimension: "stolen", grace: 2},
	{dimension: "not-stolen", grace: 8, gap: 9},
}

// widened is what a rule asks from a run on.
var widened = dimension{name: "users-3-week", all: "[{subscribers: {at_least: 2}}]", sql: threshold("user", 2, 0), days: 7}

// What happens before runs, by their place.
const (
	lateComes, lateGoes, lateAgain = 4, 10, 14 // the dump that was kept back
	theft, recovery                = 7, 12     // a delta to the stolen list, and another
	wider                          = 9         // a rule is widened
)

// The runs are so many days apart: as far as a gap, farther, and on days that follow each other. Where a
// file comes or goes there are two on one day: the second one judges only what it has to.
var runs = []device.Day{-44, -41, -40, -36, -36, -30, -27, -27, -23, -14, -14, -13, -13, -9, -9, -5, -2, 0}

const evaluated, over = -30, -8 // the days of the amnesty, from the last day

// walkSQL follows each finding from run to run: found, block and ended are its days, granted its amnesty.
const walkSQL = `
WITH RECURSIVE walk AS (
	SELECT rule, imei, -1 AS run, NULL::DATE AS found, NULL::DATE AS block, NULL::DATE AS ended, false AS granted FROM (SELECT DISTINCT rule, imei FROM held)
	UNION ALL
	SELECT rule, imei, run + 1, newly,
		CASE
			WHEN newly IS NULL OR informs THEN NULL
			WHEN NOT lives THEN block
			WHEN amnesty AND day <= $evaluated AND (fresh OR granted) THEN NULL
			WHEN granted AND NOT fresh AND amnesty THEN $over
			WHEN fresh OR granted OR block IS NULL THEN day + grace
			ELSE block
		END,
		CASE WHEN newly IS NULL OR lives THEN NULL WHEN ended IS NULL THEN day ELSE ended END,
		CASE
			WHEN newly IS NULL OR informs THEN false
			WHEN NOT lives THEN granted
			WHEN amnesty AND day <= $evaluated THEN fresh OR granted
			ELSE granted AND NOT fresh
		END
	FROM (
		SELECT *, CASE
			WHEN fresh THEN day
			WHEN lives THEN found
			WHEN found IS NULL OR gap = 0 OR day - ended >= gap THEN NULL
			ELSE found
		END AS newly
		FROM (
			SELECT *, holds AND (found IS NULL OR coalesce(day - ended > gap, false)) AS fresh, holds OR (found IS NOT NULL AND sticky AND ended IS NULL) AS lives
			FROM (
				SELECT w.*, r.day, k.*  EXCLUDE (rule), h.imei IS NOT NULL AS holds
				FROM walk AS w JOIN run AS r ON r.run = w.run + 1 JOIN kept AS k ON k.rule = w.rule
				LEFT JOIN held AS h ON h.rule = w.rule AND h.imei = w.imei AND h.run = r.run
			)
		)
	)
)
SELECT printf('%d %s %s: found %s, block %s, ended %s, amnesty %s', run, rule, imei, found, coalesce(block::VARCHAR, '-'), coalesce(ended::VARCHAR, '-'), granted) FROM walk WHERE found IS NOT NULL`

// TestSameStates compares what becomes of findings over many runs, between which files come and go,
// lists change and a rule is widened: grace that is kept and grace that begins anew, gaps, what
// sticks, and an amnesty.
func TestSameStates(t *testing.T) {
	ctx := t.Context()
	n, kept := crowdWithout(t, 600, 6)
	db := open(t)
	exec(ctx, t, db, "CREATE TABLE held (rule VARCHAR, run INTEGER, imei VARCHAR); CREATE TABLE run (run INTEGER, day DATE); CREATE TABLE kept (rule VARCHAR, grace INTEGER, gap INTEGER, sticky BOOLEAN, amnesty BOOLEAN, informs BOOLEAN)")
	for _, k := range keptRules {
		exec(ctx, t, db, fmt.Sprintf("INSERT INTO kept VALUES ('%s', %d, %d, %v, %v, %v)", k.dimension, k.grace, k.gap, k.sticky, k.amnesty, k.informs))
	}
	ours := map[string]bool{}
	digest, rules := "", n.rules(t, 0)
	for i, back := range runs {
		asOf := n.asOf + back
		switch i {
		case lateComes, lateAgain:
			digest = n.dump(t, kept)
		case lateGoes:
			must(t, n.centre.Withdraw(ctx, digest, "it was wrong"))
		case theft:
			n.thefts(ctx, t, db, "add")
		case recovery:
			n.thefts(ctx, t, db, "remove")
		case wider:
			rules = n.rules(t, i)
		}
		for _, f := range n.judge(t, rules, asOf) {
			ours[fmt.Sprintf("%d %s %s: found %s, block %s, ended %s, amnesty %v", i, f.rule, f.id, f.found, dash(f.block), dash(f.ended), f.amnesty)] = true
		}
		rules = ""
		n.held(ctx, t, db, i, asOf)
		if i > 0 && runs[i-1] == back && n.said(ctx, t, "judged") == "" {
			t.Errorf("run %d judged every device: it shows nothing of one that does not", i)
		}
	}
	theirs := find(ctx, t, db, strings.NewReplacer("$evaluated", date(n.asOf+evaluated), "$over", date(n.asOf+over)).Replace(walkSQL))
	t.Logf("%d states here, %d there", len(ours), len(theirs))
	differ(t, "states", "only internal/detect has", ours, theirs)
	differ(t, "states", "only the SQL has", theirs, ours)
	for _, shown := range []string{"ended 2", "amnesty true", "block -", "block " + (n.asOf + over).String()} {
		some := slices.ContainsFunc(slices.Collect(maps.Keys(theirs)), func(s string) bool { return strings.Contains(s, shown) })
		if !some {
			t.Errorf("no state has %q: it shows nothing", shown)
		}
	}
}

// said returns what the last run of detection says of itself.
func (n *nation) said(ctx context.Context, t *testing.T, what string) (text string) {
	must(t, n.centre.Store.View(ctx, func(tx ledger.Tx) error {
		leaf, _, err := tx.(*store.Tx).LastOfKind(ctx, ledger.KindFindings)
		if err != nil {
			return err
		}
		openings, err := tx.(*store.Tx).Openings(ctx, leaf.Index)
		for _, o := range openings {
			if o.Part == ledger.PartEffect && err == nil {
				var d ledger.Detection
				d, _, err = ledger.ReadDetection(o.Body)
				text = d.Text[what]
			}
		}
		return err
	}))
	return text
}

// asked is what a rule asks in a run.
func asked(t *testing.T, k *kept, run int) *dimension {
	if run >= wider && k.dimension == widened.name {
		return &widened
	}
	return named(t, k.dimension)
}

// rules returns the conditions of a run.
func (n *nation) rules(t *testing.T, run int) string {
	all := fmt.Sprintf("amnesty: {evaluation_ends: %s, ends: %s}\nconditions:\n", n.asOf+evaluated, n.asOf+over)
	for i := range keptRules {
		k := &keptRules[i]
		text := asked(t, k, run).rule(n, fmt.Sprintf("    grace_days: %d\n    gap_days: %d\n    sticky: %v\n    amnesty: %v\n", k.grace, k.gap, k.sticky, k.amnesty))
		if k.informs {
			text = strings.Replace(text, "effect: tracked", "effect: none", 1)
		}
		all += text
	}
	return all
}

// thefts takes in a delta to the stolen list, with some of the devices seen.
func (n *nation) thefts(ctx context.Context, t *testing.T, db *sql.DB, change string) {
	var b strings.Builder
	b.WriteString("imei,reporting_date,status,change_type\n")
	for m := range find(ctx, t, db, "SELECT imei FROM seen WHERE regexp_matches(imei, '^[0-9]{13}[37]$')") {
		fmt.Fprintf(&b, "%s,20260201,,%s\n", m, change)
	}
	path := filepath.Join(t.TempDir(), "stolen_list.csv")
	must(t, os.WriteFile(path, []byte(b.String()), 0o600))
	_, err := n.centre.ImportWith(ctx, path, device.FileStolen, "", observe.Options{Delta: true}, nil)
	must(t, err)
}

// held adds what each rule finds on the day of a run.
func (n *nation) held(ctx context.Context, t *testing.T, db *sql.DB, run int, asOf device.Day) {
	n.load(ctx, t, db, asOf)
	exec(ctx, t, db, fmt.Sprintf("INSERT INTO run VALUES (%d, %s)", run, date(asOf)))
	for i := range keptRules {
		k := &keptRules[i]
		d := asked(t, k, run)
		exec(ctx, t, db, fmt.Sprintf("INSERT INTO held SELECT DISTINCT '%s', %d, imei FROM (%s)", k.dimension, run, d.query(n, asOf)))
	}
}

func named(t *testing.T, name string) *dimension {
	t.Helper()
	i := slices.IndexFunc(dimensions, func(d dimension) bool { return d.name == name })
	if i < 0 {
		t.Fatalf("there is no dimension %s", name)
	}
	return &dimensions[i]
}

func date(d device.Day) string { return "DATE '" + d.String() + "'" }

func dash(d device.Day) string {
	if d == 0 {
		return "-"
	}
	return d.String()
}
