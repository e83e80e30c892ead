package tidy

import (
	"fmt"
	"slices"
	"strings"
)

// room is one package's place in the house.
type room struct {
	path  string // within the module
	layer int
	uses  []string // foreign packages it may import, each with those below it
	clock string   // why it may read the clock and draw random numbers itself, "" if it may not
}

var signing = []string{"golang.org/x/mod/sumdb/note", "golang.org/x/mod/sumdb/tlog"}

// rooms is the table of layers. Within layers 0 and 1 a package may import those that stand above
// it in this table; in the layers 2 to 4 none imports another of its own layer.
var rooms = []room{
	{path: "imei", layer: 0},
	{path: "subscriber", layer: 0},
	{path: "identifier", layer: 0},

	{path: "receipt", layer: 1, uses: signing},
	{path: "list", layer: 1, uses: signing},
	{path: "diameter", layer: 1},
	{path: "diameter/s13", layer: 1, clock: "it serves connections, whose deadlines are the machine's"},
	{path: "n17", layer: 1, clock: "it serves connections; its Now field is for tests"},
	{path: "internal/problem", layer: 1},
	{path: "internal/authz", layer: 1},
	{path: "internal/device", layer: 1},
	{path: "internal/config", layer: 1, uses: []string{"go.yaml.in/yaml/v3"}},
	{path: "internal/segment", layer: 1},
	{path: "internal/replay", layer: 1},

	{path: "internal/ledger", layer: 2, uses: signing},
	{path: "internal/follow", layer: 2},

	{path: "internal/store", layer: 3, uses: []string{"modernc.org/sqlite", "github.com/jackc/pgx/v5", "golang.org/x/mod/sumdb/tlog"}},
	{path: "internal/lake", layer: 3, uses: []string{"github.com/parquet-go/parquet-go"}},
	{path: "internal/eir", layer: 3},
	{path: "internal/observe", layer: 3, uses: []string{"github.com/klauspost/compress"}},
	{path: "internal/detect", layer: 3, uses: []string{"go.yaml.in/yaml/v3"}},
	{path: "internal/cases", layer: 3},
	{path: "internal/decide", layer: 3},
	{path: "internal/enforce", layer: 3, uses: signing},
	{path: "internal/listgen", layer: 3},
	{path: "internal/adopt", layer: 3},
	{path: "internal/stats", layer: 3},

	{path: "internal/feed", layer: 4},
	{path: "internal/portal", layer: 4},

	{path: "internal/node/secret", layer: 5},
	{path: "internal/node/eir", layer: 5, clock: "it builds what runs"},
	{path: "internal/node/centre", layer: 5, clock: "it builds what runs"},
	{path: "cmd/ceir", layer: 5, clock: "it is the program"},
	{path: "cmd/eir", layer: 5, clock: "it is the program"},

	{path: "internal/store/storetest", layer: 6, clock: "it tests"},
	{path: "internal/sim/country", layer: 6},
	{path: "internal/sim/month", layer: 6},
	{path: "internal/sim/month/bench", layer: 6, clock: "it measures the programs"},
	{path: "internal/sim/forge", layer: 6},
	{path: "internal/sim/demo", layer: 6, clock: "it shows the programs, and how long they take"},
	{path: "internal/sim", layer: 6},
	{path: "internal/tidy", layer: 6, clock: "it tests"},
}

// layers says of each layer what it is and what it may import; ARCHITECTURE.md has the same.
var layers = []struct{ name, may string }{
	{"identities: values without input or output", "the standard library, and what stands before it in this row"},
	{"what others must speak or verify without us, and words", "layer 0, what stands before it in this row, `note` and `tlog` of `golang.org/x/mod`; `internal/config` also YAML"},
	{"engines", "layers 0 and 1, `note` and `tlog`"},
	{"keeping, and the stages of the walk", "layers 0 to 2, never one another, never `net/http`; only `internal/store` a SQL driver, only `internal/lake` Parquet; of other modules what their row in `internal/tidy` names"},
	{"edges", "layers 0 to 3, but not `internal/store`, and not one another"},
	{"programs", "everything"},
	{"proof", "everything"},
}

// layerTable is the table as ARCHITECTURE.md shows it.
func layerTable() string {
	var b strings.Builder
	b.WriteString("| layer | packages | may import |\n|---|---|---|\n")
	for i, l := range layers {
		var names []string
		for _, r := range rooms {
			if r.layer == i {
				names = append(names, "`"+r.path+"`")
			}
		}
		fmt.Fprintf(&b, "| %d %s | %s | %s |\n", i, l.name, strings.Join(names, " "), l.may)
	}
	return b.String()
}

// place finds a package's row.
func place(path string) (room, int) {
	i := slices.IndexFunc(rooms, func(r room) bool { return r.path == path })
	if i < 0 {
		return room{}, i
	}
	return rooms[i], i
}

// ofTheNode are the packages that run at an operator, and neverInNode what they must not reach by
// any path: whoever takes an operator's machine finds nothing there that writes a register.
var (
	ofTheNode   = []string{"internal/eir", "internal/node/eir", "cmd/eir"}
	neverInNode = []string{
		module + "/internal/store", module + "/internal/lake", module + "/internal/ledger",
		"database/sql", "modernc.org", "github.com/jackc/pgx", "github.com/parquet-go",
	}
)

// ruleLayers checks every import of the packages proper against the table.
func ruleLayers(h *house) (out []fault) {
	for _, p := range h.packages {
		r, at := place(p.path)
		if at < 0 {
			out = append(out, fault{p.path, "the package has no layer: give it a row in the table of internal/tidy and in ARCHITECTURE.md"})
			continue
		}
		for _, f := range p.files {
			for _, imp := range f.imports {
				if why := barred(r, at, imp, f.test); why != "" {
					out = append(out, fault{f.path, "imports " + imp + ": " + why})
				}
			}
		}
	}
	return out
}

// ruleRooms checks that each row of the table is of a package that is there.
func ruleRooms(h *house) (out []fault) {
	for _, r := range rooms {
		if h.pkg(r.path) == nil {
			out = append(out, fault{r.path, "the table of layers names it and there is no such package: write it, or take its row away"})
		}
	}
	return out
}

// barred says why a package may not import another, "" if it may.
func barred(r room, at int, imp string, test bool) string {
	if own, ok := strings.CutPrefix(imp, module+"/"); ok {
		if test {
			return barredInTest(r, own)
		}
		return barredRoom(r, at, own)
	}
	switch {
	case isFrom(imp, []string{"database/sql", "modernc.org/sqlite", "github.com/jackc"}) && r.path != "internal/store" && !(test && r.layer >= 3):
		return "only internal/store speaks SQL: declare the question as an interface here and answer it there"
	case isFrom(imp, []string{"github.com/parquet-go"}) && r.path != "internal/lake":
		return "only internal/lake knows Parquet: declare what is needed as an interface here"
	}
	if test {
		return ""
	}
	switch {
	case imp == "testing" && r.layer < 6:
		return "only tests import it: move the file to _test.go or to a package of layer 6"
	case r.layer == 0 && slices.Contains([]string{"os", "net", "net/http", "io/fs"}, imp):
		return "layer 0 has values only: take bytes and let the caller read them"
	case r.layer == 3 && imp == "net/http":
		return "a stage does not know how it is reached: put it into internal/feed, internal/portal or a front"
	case r.layer < 5 && foreign(imp) && !isFrom(imp, r.uses):
		return "its row in the table of layers does not name it: do without, or argue the dependency in docs/decisions/dependencies.md and in the table"
	case r.layer < 5 && imp == "crypto/rand":
		return "randomness is handed in: take an io.Reader field"
	}
	return ""
}

func barredRoom(r room, at int, own string) string {
	to, toAt := place(own)
	switch {
	case own == "internal/tidy":
		return "nothing imports the house rules"
	case toAt < 0 || r.layer >= 5:
		return ""
	case to.layer > r.layer:
		return fmt.Sprintf("it is of layer %d and this package of layer %d: hand its values in, or declare an interface here", to.layer, r.layer)
	case to.layer == r.layer && r.layer <= 1 && toAt > at:
		return "it stands below this package in the table of layers: move what both need into the one above"
	case to.layer == r.layer && r.layer > 1:
		return "it is of the same layer: packages of a layer hand over nouns and never call each other; declare a small interface here"
	case r.layer == 4 && own == "internal/store":
		return "an edge asks through a small interface of its own, which the store satisfies without knowing"
	}
	return ""
}

// barredInTest bars from tests what would be absurd there.
func barredInTest(r room, own string) string {
	to, _ := place(own)
	switch {
	case own == "internal/tidy":
		return "nothing imports the house rules"
	case r.layer < 2 && !strings.HasPrefix(r.path, "internal/") && strings.HasPrefix(own, "internal/"):
		return "the tests of a public package run with what strangers have: use public packages only"
	case r.layer < 5 && to.layer == 5:
		return "a test of a part does not build the whole: put it into internal/sim or beside the program"
	}
	return ""
}

// ruleNode follows the imports of the operator's node as far as they go inside the module.
func ruleNode(h *house) (out []fault) {
	for _, from := range ofTheNode {
		for imp, via := range h.reach(from) {
			if isFrom(imp, neverInNode) {
				out = append(out, fault{from, fmt.Sprintf("reaches %s through %s: an operator's node has no register and no lake; move what it needs to a lower package", imp, via)})
			}
		}
	}
	return out
}

// foreign reports whether an import path is of another module.
func foreign(imp string) bool {
	first, _, _ := strings.Cut(imp, "/")
	return strings.Contains(first, ".") && !isFrom(imp, []string{module})
}

// isFrom reports whether an import path is one of the prefixes or lies below one.
func isFrom(imp string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return imp == p || strings.HasPrefix(imp, p+"/") })
}
