package main

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/lake"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/sim/country"
	"github.com/openceir/openceir/internal/store"
)

// output runs a program of the script's, which must succeed, and returns what it said.
func output(ts *testscript.TestScript, program string, args ...string) string {
	if err := ts.Exec(program, args...); err != nil {
		ts.Fatalf("%s %s: %v", program, strings.Join(args, " "), err)
	}
	return ts.ReadFile("stdout")
}

// register founds a register in d of the ministry, the regulator and three operators.
func register(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) == 0)
	var dir strings.Builder
	dir.WriteString("organisation gannet 00101\norganisation heron 00102\norganisation ministry\norganisation regulator\norganisation tern 00103\n")
	for _, name := range []string{"person ministry/amina", "person ministry/bela", "person regulator/chidi", "person regulator/dina",
		"node gannet/eir", "node heron/eir", "node tern/eir"} {
		fmt.Fprintf(&dir, "%s %s", name, output(ts, "ceir", "key", "--out", "keys/"+strings.ReplaceAll(name[strings.Index(name, " ")+1:], "/", "-")+".key"))
	}
	ts.Check(os.WriteFile(ts.MkAbs("directory.txt"), []byte(dir.String()), 0o600))
	founded := output(ts, "ceir", "init", "--data", "d", "--directory", "directory.txt", "--mcc", "001", "--country-code", "999",
		"--as", "ministry/amina=keys/ministry-amina.key", "--as", "regulator/chidi=keys/regulator-chidi.key")
	m := regexp.MustCompile(`log: (\S+)\s+founders: (\S+)`).FindStringSubmatch(founded)
	if m == nil {
		ts.Fatalf("ceir init did not say what nodes need")
	}
	ts.Setenv("LOG", m[1])
	ts.Setenv("FOUNDERS", m[2])
}

// takeCountry imports what a simulated country wrote.
func takeCountry(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) == 1)
	for _, kind := range []string{"gsma_tac", "stolen_list"} {
		output(ts, "ceir", "import", kind, filepath.Join(args[0], kind+".zip"), "--data", "d")
	}
	for _, op := range country.DefaultOperators() {
		dumps, err := filepath.Glob(ts.MkAbs(filepath.Join(args[0], "dumps", string(op.Name)+"_*.zip")))
		ts.Check(err)
		for _, path := range dumps {
			output(ts, "ceir", "import", "operator", path, "--operator", string(op.Name), "--data", "d")
		}
	}
}

var aDigest = regexp.MustCompile(`ceir approve ([0-9a-f]{64})`)

// authority proposes the base of the guard, if the register has none, and a rule's policy, and has
// both signed.
func authority(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) == 2)
	proposals := [][]string{{"propose", "policy", args[0], "--ceiling", args[1]}}
	if strings.Contains(output(ts, "ceir", "status", "--data", "d"), "Base of the guard: 0 ") {
		proposals = append([][]string{{"propose", "active"}}, proposals...)
	}
	for _, p := range proposals {
		m := aDigest.FindStringSubmatch(output(ts, "ceir", append(p, "--data", "d")...))
		if m == nil {
			ts.Fatalf("ceir %s named no digest to sign", strings.Join(p, " "))
		}
		for _, who := range []string{"ministry/amina=keys/ministry-amina.key", "regulator/chidi=keys/regulator-chidi.key"} {
			output(ts, "ceir", "approve", m[1], "--data", "d", "--as", who)
		}
	}
}

// remember keeps a part of what the last program said.
func remember(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) == 2)
	m := regexp.MustCompile("(?m)" + args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(m) != 2 {
		ts.Fatalf("standard output has no %q", args[1])
	}
	ts.Setenv(args[0], m[1])
}

// phone chooses a phone by the truth of the country in c.
func phone(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) == 1)
	truth, err := country.ReadTruth(ts.MkAbs("c"))
	ts.Check(err)
	r, ok := truth.Honest()
	if args[0] == "stolen" {
		r, ok = truth.Stolen()
	}
	if !ok {
		ts.Fatalf("the country has no phone that is %s", args[0])
	}
	ts.Setenv("IMEI", r.IMEI.WithCheck())
	ts.Setenv("IMSI", r.IMSIs[0].String())
	ts.Setenv("OPERATOR", string(r.Operator))
}

// change runs a statement that must change something.
func change(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) == 1)
	var changed int64
	ctx := context.Background()
	if url := ts.Getenv("DATABASE"); url != "" {
		c, err := pgx.Connect(ctx, url)
		ts.Check(err)
		defer c.Close(ctx)
		tag, err := c.Exec(ctx, args[0])
		ts.Check(err)
		changed = tag.RowsAffected()
	} else {
		db, err := sql.Open("sqlite", ts.MkAbs("d/register.sqlite"))
		ts.Check(err)
		defer db.Close()
		r, err := db.Exec(args[0])
		ts.Check(err)
		changed, err = r.RowsAffected()
		ts.Check(err)
	}
	if changed == 0 {
		ts.Fatalf("the statement changed nothing")
	}
}

// query prints the rows of a question of one column.
func query(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) == 1)
	var rows interface {
		Next() bool
		Scan(to ...any) error
		Err() error
	}
	ctx := context.Background()
	if url := ts.Getenv("DATABASE"); url != "" {
		c, err := pgx.Connect(ctx, url)
		ts.Check(err)
		defer c.Close(ctx)
		rows, err = c.Query(ctx, args[0])
		ts.Check(err)
	} else {
		db, err := sql.Open("sqlite", ts.MkAbs("d/register.sqlite"))
		ts.Check(err)
		defer db.Close()
		rows, err = db.Query(args[0])
		ts.Check(err)
	}
	for rows.Next() {
		var s string
		ts.Check(rows.Scan(&s))
		fmt.Fprintln(ts.Stdout(), s)
	}
	ts.Check(rows.Err())
}

// findings prints what the lake in d has as open findings, one in a line.
func findings(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) == 0)
	ctx := context.Background()
	c := store.Config{Data: ts.MkAbs("d")}
	if url := ts.Getenv("DATABASE"); url != "" {
		c = store.Config{URL: url}
	}
	s, err := store.Open(ctx, c)
	ts.Check(err)
	defer s.Close()
	l := &lake.Lake{Dir: ts.MkAbs("d/lake")}
	ts.Check(s.View(ctx, func(tx ledger.Tx) error {
		rows, err := tx.(*store.Tx).FindingParts(ctx)
		for bucket := range device.Buckets + 1 {
			var parts []device.Part
			for _, r := range rows {
				parts = append(parts, r.Part)
			}
			open, err2 := l.Findings(ctx, parts, bucket)
			if err = cmp.Or(err, err2); err != nil {
				return err
			}
			for i := range open {
				fmt.Fprintf(ts.Stdout(), "%s\n", device.Encode(open[i]))
			}
		}
		return nil
	}))
}

// flip turns one bit of a file round.
func flip(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) == 2)
	at, err := strconv.Atoi(args[1])
	ts.Check(err)
	path := ts.MkAbs(args[0])
	data, err := os.ReadFile(path)
	ts.Check(err)
	if at < 0 {
		at += len(data)
	}
	data[at] ^= 1
	ts.Check(os.WriteFile(path, data, 0o600))
}
