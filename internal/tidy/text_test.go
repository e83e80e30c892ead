package tidy

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// word is what must not stand in the project's text, and what to do instead. Patterns are written
// so that they do not match themselves.
type word struct {
	pattern *regexp.Regexp
	in      func(path string) bool // nil for every file
	what    string
}

const alone = "the project speaks of itself alone: say it without"

func isPage(p string) bool { return path.Ext(p) == ".md" }

// words are matched in every file of text.
var words = []word{
	{regexp.MustCompile(`/wor[k]/|/roo[t]/|/hom[e]/[a-z]|/User[s]/[a-z]|/bash_job[s]`), nil, "a path of one machine: name things from the root of the repository, or by a flag"},
	{regexp.MustCompile(`(?i)proxy\.golan[g]|sum\.golan[g]|GOPROX[Y]|GONOSUM[D]|registry\.npm[j]s|pyp[i]\.org|artifac[t]ory|deb\.debia[n]\.org`), nil, "a package registry's host: the ordinary clients know their own"},
	{regexp.MustCompile(`(?i)\b(this|my|our|last|previous|earlier|next|another|later) session[s]?\b|\bsession['’]s brief|\b(the|this|my) brie[f]\b`), nil, "which is not of the project; " + alone},
	{regexp.MustCompile(`(?i)\bsession[s]?\b`), isPage, "for which pages have no use except for protocols; " + alone},
	{regexp.MustCompile(`(?i)\bissues? #?[0-9]+\b|\bissues sho[w]\b|(^|[^OE])\(#[0-9]+\)`), func(p string) bool { return !strings.HasSuffix(p, ".sum") }, "a number that means nothing to who reads the tree alone: say what it was about"},
	{regexp.MustCompile(`\bR-[0-9]{3}\b`), nil, "a number of a catalogue that is not in the tree: cite the Recommendation or say the reason"},
	{regexp.MustCompile(`(?i)\b(requirement[s]|identifier[s]|dirb[s]|workflow[s]|reliabilit[y]|ecosyste[m]|anchor[s]|desig[n])\.md\b|\bshare[d]/`), nil, "a page that is not in the tree: cite ARCHITECTURE.md, docs/ or the Recommendation"},
}

// protocolSession are the words of protocols that the rule about pages lets pass.
var protocolSession = regexp.MustCompile(`(?i)(Auth-)?Session-(Id|State)|SESSION_ID`)

// ruleWords looks for words that must not stand in the text.
func ruleWords(h *house) (out []fault) {
	for _, t := range h.texts {
		n := 0
		for line := range strings.Lines(t.body) {
			n++
			line = protocolSession.ReplaceAllString(line, "")
			for _, w := range words {
				if hit := w.pattern.FindString(line); hit != "" && (w.in == nil || w.in(t.path)) {
					out = append(out, fault{fmt.Sprintf("%s:%d", t.path, n), fmt.Sprintf("has %q, %s", strings.TrimSpace(hit), w.what)})
				}
			}
		}
	}
	return out
}

var todo = regexp.MustCompile(`\b(TOD[O]|FIXM[E])\b(\(#[0-9]+\):)?`)

// ruleTodo wants what is left to do marked with where it is kept in mind, or not at all. It reads
// code; pages may speak about the mark.
func ruleTodo(h *house) (out []fault) {
	for _, t := range h.texts {
		n := 0
		for line := range strings.Lines(t.body) {
			n++
			if m := todo.FindStringSubmatch(line); m != nil && m[2] == "" && !isPage(t.path) {
				out = append(out, fault{fmt.Sprintf("%s:%d", t.path, n), "something is left to do and nobody will remember: do it, or write the mark with its issue, TOD" + "O(#n):"})
			}
		}
	}
	return out
}

var (
	link     = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	testName = regexp.MustCompile("`((Test|Fuzz|Benchmark|Example)[A-Z][A-Za-z0-9]*)`")
	pkgName  = regexp.MustCompile("`((internal|cmd)/[a-z0-9/]+|diameter/s13)`")
)

// rulePages wants what pages point to to be there: the files they link to, and the tests and
// packages they name.
func rulePages(h *house) (out []fault) {
	tests := h.tests()
	for _, t := range h.texts {
		if !isPage(t.path) {
			continue
		}
		for _, m := range link.FindAllStringSubmatch(t.body, -1) {
			to := path.Join(path.Dir(t.path), m[1])
			if h.text(to) == "" && !h.dirs[to] {
				out = append(out, fault{t.path, fmt.Sprintf("links to %s, which is not there: mend the link", m[1])})
			}
		}
		for _, m := range testName.FindAllStringSubmatch(t.body, -1) {
			if !tests[m[1]] {
				out = append(out, fault{t.path, fmt.Sprintf("names the test %s, which is not there: name the one that shows it now", m[1])})
			}
		}
		for _, m := range pkgName.FindAllStringSubmatch(t.body, -1) {
			if p := strings.TrimSuffix(m[1], "/"); !h.dirs[p] {
				out = append(out, fault{t.path, fmt.Sprintf("names the package %s, which is not there: name the one that does it now", p)})
			}
		}
	}
	return out
}

// ruleTable wants ARCHITECTURE.md to show the table of layers.
func ruleTable(h *house) []fault {
	if page := h.text("ARCHITECTURE.md"); !strings.Contains(page, layerTable()) {
		return []fault{{"ARCHITECTURE.md", "does not show the table of layers as internal/tidy has it; it is\n" + layerTable()}}
	}
	return nil
}

const dependencies = "docs/decisions/dependencies.md"

var (
	require = regexp.MustCompile(`(?m)^(?:require )?\t?([a-z0-9.]+\.[a-z]+/?\S*) v\S+( // indirect)?$`)
	tool    = regexp.MustCompile(`(?m)^tool (\S+)$`)
	row     = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")
)

// ruleDependencies wants a row of the decisions for every module that is imported directly or is a
// tool, no row for any other, and go.mod to say of each whether it is direct.
func ruleDependencies(h *house) (out []fault) {
	mod := h.text("go.mod")
	indirect := map[string]bool{}
	for _, m := range require.FindAllStringSubmatch(mod, -1) {
		indirect[m[1]] = m[2] != ""
	}
	used := map[string]string{} // module: a file that imports it
	see := func(imp, by string) {
		for p := imp; p != "."; p = path.Dir(p) {
			if _, ok := indirect[p]; ok {
				used[p] = by
				return
			}
		}
		out = append(out, fault{by, "imports " + imp + ", which no module of go.mod has"})
	}
	for _, f := range h.files() {
		for _, imp := range f.imports {
			if foreign(imp) {
				see(imp, f.path)
			}
		}
	}
	for _, m := range tool.FindAllStringSubmatch(mod, -1) {
		see(m[1], "the tool line of go.mod")
	}
	for _, t := range h.texts { // modules of their own within the tree: what they ask for themselves
		if path.Base(t.path) != "go.mod" || t.path == "go.mod" || strings.Contains(t.path, "/testdata/") {
			continue
		}
		for _, m := range require.FindAllStringSubmatch(t.body, -1) {
			if m[2] == "" && m[1] != module && used[m[1]] == "" {
				used[m[1]] = t.path
			}
		}
	}
	var rows []string
	for _, m := range row.FindAllStringSubmatch(h.text(dependencies), -1) {
		rows = append(rows, m[1])
		if used[m[1]] == "" {
			out = append(out, fault{dependencies, fmt.Sprintf("has a row for %s, which nothing imports: take it away, and run go mod tidy", m[1])})
		}
	}
	for m, by := range used {
		if !slices.Contains(rows, m) {
			out = append(out, fault{dependencies, fmt.Sprintf("has no row for %s (%s): say what it is for and why this one", m, by)})
		}
		if indirect[m] && by != "the tool line of go.mod" {
			out = append(out, fault{"go.mod", fmt.Sprintf("says that %s is indirect and %s imports it: run go mod tidy", m, by)})
		}
	}
	return out
}
