package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/openceir/openceir/internal/store/storetest"
)

// TestMain makes ceir, which is this binary under another name, and eir, built beside it, the
// programs that scripts run as processes.
func TestMain(m *testing.M) {
	testscript.Main(programs{m}, map[string]func(){"ceir": main})
}

type programs struct{ *testing.M }

// Run builds eir and then runs the tests.
func (p programs) Run() int {
	dir, err := os.MkdirTemp("", "ceir-scripts-")
	if err == nil {
		defer os.RemoveAll(dir)
		err = buildEIR(filepath.Join(dir, "eir"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	os.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	return p.M.Run()
}

func buildEIR(path string) error {
	sources, err := filepath.Glob("../eir/*.go")
	for _, s := range sources { // so that go test knows that its result depends on them
		if _, e := os.ReadFile(s); e != nil {
			err = e
		}
	}
	if err != nil {
		return err
	}
	c := exec.Command("go", "build", "-o", path, "../eir")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("building eir: %w\n%s", err, out)
	}
	return nil
}

// TestScripts runs every script, with registers in SQLite.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", Cmds: commands, Condition: onDatabase("sqlite"), RequireExplicitExec: true,
		RequireUniqueNames: true, Setup: func(e *testscript.Env) error { setup(e, ""); return nil }})
}

// onDatabase lets a script ask which database it runs on: [sqlite] or [postgres].
func onDatabase(name string) func(string) (bool, error) {
	return func(asked string) (bool, error) {
		if asked != "sqlite" && asked != "postgres" {
			return false, fmt.Errorf("there is no condition %q", asked)
		}
		return asked == name, nil
	}
}

func setup(e *testscript.Env, database string) {
	e.Setenv("DATABASE", database)
	e.Values[runningKey{}] = running{}
}

// TestScriptsOnPostgres runs the scripts that need a register again, each with one in PostgreSQL:
// the script finds a d/ceir.yaml that names it.
func TestScriptsOnPostgres(t *testing.T) {
	storetest.Postgres(t) // or say what is missing
	var files []string
	all, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nregister\n") || strings.Contains(string(text), "$DATABASE") {
			files = append(files, path)
		}
	}
	testscript.Run(t, testscript.Params{Files: files, Cmds: commands, Condition: onDatabase("postgres"), RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			url := storetest.Postgres(t)
			setup(e, url)
			settings := fmt.Sprintf("database: %q\nmcc: \"001\"\ncountry_code: \"999\"\ntimed: true\n", url)
			if err := os.Mkdir(filepath.Join(e.WorkDir, "d"), 0o700); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(e.WorkDir, "d", "ceir.yaml"), []byte(settings), 0o600)
		}})
}

// commands are what scripts have beside the usual:
//
//	register                        found a register in d: see founding.txtar for how by hand
//	country DIR                     take in all files of a simulated country
//	authority RULE PAIRS            propose a rule's policy, signed by two organisations
//	remember VAR REGEXP             keep what the first group matches in standard output
//	phone KIND                      set IMEI, IMSI and OPERATOR to those of a phone of the country c
//	node NAME URL                   write NAME.yaml for an operator's node that follows a centre
//	status N PROGRAM ARGS...        run a program, which must end with this exit status
//	start NAME PROGRAM ARGS...      run a program; what it says goes to NAME.log
//	end NAME, crash NAME            stop it as Ctrl-C does, which must succeed, or kill it
//	await FILE REGEXP [VAR]         wait until a file matches, and keep the first group
//	until REGEXP PROGRAM ARGS...    run a program again and again until its output matches
//	s13check ADDR IMEI IMSI         ask over Diameter, as an MME does
//	n17check ADDR IMEI IMSI         ask over HTTP/2, as an AMF does
//	change STATEMENT                change the register's tables behind its back, in SQL
//	query QUESTION                  print the rows of a question of one column
//	flip FILE OFFSET                turn one bit of a file round; a negative offset counts from its end
//	peer DIR DAY [IMEI...]          write what a running DIRBS would export of the country c
//	zipped FILE...                  put each file into a zip of its name
//	answers PAGE URL TOKEN          ask the examples of a page of docs, which must be answered as it says
//	documented PAGE FILE            check a file of metrics, and that a page of docs names each
//	unpack DIR                      write what is in the zips of a directory to DIR.files, without times
var commands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"register": register, "country": takeCountry, "authority": authority, "remember": remember, "phone": phone, "node": node,
	"start": start, "end": end, "crash": crash, "await": await, "until": until, "s13check": s13check, "n17check": n17check,
	"status": status, "change": change, "query": query, "findings": findings, "flip": flip, "peer": peer, "unpack": unpack,
	"zipped": zipped, "answers": answers, "documented": documented,
}

// want checks the number of arguments of a command that can not be negated.
func want(ts *testscript.TestScript, neg bool, ok bool) {
	if neg || !ok {
		ts.Fatalf("the command is not used like this: see the comment on commands in script_test.go")
	}
}

// patience is how long a script waits for something that happens elsewhere.
const patience = 30 * time.Second

// keep tries f until it says yes.
func keep(ts *testscript.TestScript, what string, f func() bool) {
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	for !f() {
		select {
		case <-ctx.Done():
			ts.Fatalf("waited %s in vain for %s", patience, what)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
