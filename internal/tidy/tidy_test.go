package tidy

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
)

// rules are all rules, by the name under which testdata/faults plants their violations.
var rules = map[string]func(*house) []fault{
	"layers":       ruleLayers,
	"rooms":        ruleRooms,
	"node":         ruleNode,
	"comments":     ruleComments,
	"names":        ruleNames,
	"init":         ruleInit,
	"time":         ruleTime,
	"format":       ruleFormat,
	"words":        ruleWords,
	"todo":         ruleTodo,
	"pages":        rulePages,
	"table":        ruleTable,
	"dependencies": ruleDependencies,
}

const root = "../.."

func check(t *testing.T, names ...string) {
	h, err := load(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	if len(h.packages) < 10 {
		t.Fatalf("only %d packages: the tree was not read", len(h.packages))
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			for _, f := range rules[name](h) {
				t.Error(f)
			}
		})
	}
}

func TestLayers(t *testing.T)       { check(t, "layers", "rooms", "table") }
func TestSource(t *testing.T)       { check(t, "comments", "names", "init", "time", "format") }
func TestText(t *testing.T)         { check(t, "words", "todo", "pages") }
func TestDependencies(t *testing.T) { check(t, "dependencies") }

// The packages of the operator's node reach no register, no lake and no SQL driver: by our own
// imports on every platform, and by those of foreign packages as the go command sees them here.
func TestNodeDependsOnNoStore(t *testing.T) {
	check(t, "node")
	for _, p := range ofTheNode {
		cmd := exec.Command("go", "list", "-deps", "./"+p)
		cmd.Dir = root
		out, err := cmd.Output()
		if err != nil {
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				err = errors.New(string(exit.Stderr))
			}
			t.Errorf("listing what %s depends on: %v", p, err)
			continue
		}
		deps := strings.Fields(string(out))
		if !slices.Contains(deps, module+"/list") {
			t.Errorf("%s does not depend on package list: the check would see nothing", p)
		}
		for _, dep := range deps {
			if isFrom(dep, neverInNode) {
				t.Errorf("%s depends on %s: an operator's node has no register and no lake; see go mod why -m", p, dep)
			}
		}
	}
}

// Each file of testdata/faults is a small house. Its comment has lines "RULE: FAULT", every one of
// which the rule must give, and the rules named must give no other, unless a line "RULE: ..." says that
// there are more. A house that says "RULE" alone must have no fault under it.
func TestRulesSeeFaults(t *testing.T) {
	files, err := filepath.Glob("testdata/faults/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no houses with faults", err)
	}
	planted := map[string]bool{}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			body, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			// A backslash in a planted word keeps this tree free of it.
			a := txtar.Parse(bytes.ReplaceAll(body, []byte("\\"), nil))
			tree := fstest.MapFS{}
			for _, f := range a.Files {
				tree[f.Name] = &fstest.MapFile{Data: f.Data}
			}
			h, err := load(tree)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string][]string{}
			for line := range strings.Lines(string(a.Comment)) {
				if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
					continue
				}
				rule, text, has := strings.Cut(line, ": ")
				if want[rule] = append(want[rule], text); has {
					planted[rule] = true
				} else {
					want[rule] = nil
				}
			}
			for rule, texts := range want {
				compare(t, rule, texts, rules[rule](h))
			}
		})
	}
	for rule := range rules {
		if !planted[rule] {
			t.Errorf("no house in testdata/faults has a fault under the rule %s: plant one", rule)
		}
	}
}

// compare wants each text to begin exactly one fault, and each fault to be wanted.
func compare(t *testing.T, rule string, texts []string, got []fault) {
	t.Helper()
	for _, w := range texts {
		if w == "..." {
			return
		}
		i := slices.IndexFunc(got, func(f fault) bool { return strings.HasPrefix(f.String(), w) })
		if i < 0 {
			t.Errorf("rule %s does not see %q among %q", rule, w, got)
			continue
		}
		got = slices.Delete(got, i, i+1)
	}
	for _, f := range got {
		t.Errorf("rule %s also says %q", rule, f)
	}
}
