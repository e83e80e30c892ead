package tidy

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const module = "github.com/openceir/openceir"

// house is the tree as it lies on disk.
type house struct {
	packages []*pkg
	apart    []*pkg // those of modules of their own within the tree
	texts    []text // every page of text, Go files included
	dirs     map[string]bool
}

// pkg is the Go files of one directory.
type pkg struct {
	path  string // within the module
	files []*file
}

// file is one Go file, parsed.
type file struct {
	path    string
	test    bool
	fset    *token.FileSet
	syntax  *ast.File
	imports []string
}

// text is one file of text.
type text struct {
	path string
	body string
}

// fault is one thing that is not as the house wants it, and what to do.
type fault struct{ where, what string }

func (f fault) String() string { return f.where + ": " + f.what }

// skipped are directories that are not the project's text: what git keeps, what make builds, what
// the demo leaves, and the small houses with something wrong.
func skipped(p string) bool {
	return p == ".git" || p == "bin" || p == "internal/tidy/testdata/faults" || strings.HasPrefix(p, "demo-data")
}

// load reads a tree.
func load(tree fs.FS) (*house, error) {
	h := &house{dirs: map[string]bool{}}
	err := fs.WalkDir(tree, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && skipped(p):
			return fs.SkipDir
		case d.IsDir():
			h.dirs[p] = true
			return nil
		case !d.Type().IsRegular() || p == ".git": // a linked worktree has a file of that name
			return nil
		}
		body, err := fs.ReadFile(tree, p)
		if err != nil {
			return err
		}
		return h.add(p, body)
	})
	h.packages = slices.DeleteFunc(h.packages, func(p *pkg) bool {
		if h.foreign(p.path) {
			h.apart = append(h.apart, p)
			return true
		}
		return false
	})
	return h, err
}

// foreign reports whether a directory lies in a module of its own within the tree: its packages have
// no place among the layers, and its dependencies are not the house's.
func (h *house) foreign(dir string) bool {
	for ; dir != "."; dir = path.Dir(dir) {
		if h.text(dir+"/go.mod") != "" {
			return true
		}
	}
	return false
}

// maxText is the size up to which a file is read as text; what is larger is data.
const maxText = 1 << 20

func (h *house) add(p string, body []byte) error {
	if len(body) > maxText || !utf8.Valid(body) || strings.ContainsRune(string(body), 0) {
		return nil
	}
	h.texts = append(h.texts, text{p, string(body)})
	if path.Ext(p) != ".go" || strings.Contains("/"+p, "/testdata/") {
		return nil
	}
	f := &file{path: p, test: strings.HasSuffix(p, "_test.go"), fset: token.NewFileSet()}
	var err error
	if f.syntax, err = parser.ParseFile(f.fset, p, body, parser.ParseComments|parser.SkipObjectResolution); err != nil {
		return err
	}
	for _, i := range f.syntax.Imports {
		s, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			return err
		}
		f.imports = append(f.imports, s)
	}
	at := h.pkg(path.Dir(p))
	if at == nil {
		at = &pkg{path: path.Dir(p)}
		h.packages = append(h.packages, at)
	}
	at.files = append(at.files, f)
	return nil
}

// pkg returns a package by its path within the module, nil if there is none.
func (h *house) pkg(p string) *pkg {
	i := slices.IndexFunc(h.packages, func(q *pkg) bool { return q.path == p })
	if i < 0 {
		return nil
	}
	return h.packages[i]
}

// text returns a file's text, "" if there is none.
func (h *house) text(p string) string {
	for _, t := range h.texts {
		if t.path == p {
			return t.body
		}
	}
	return ""
}

// reach returns all that a package imports, tests apart, also through others of the module, with
// the package that imports it.
func (h *house) reach(from string) map[string]string {
	via := map[string]string{}
	next := []string{from}
	for len(next) > 0 {
		p := h.pkg(next[0])
		next = next[1:]
		if p == nil {
			continue
		}
		for _, f := range p.files {
			for _, imp := range f.imports {
				if _, seen := via[imp]; seen || f.test {
					continue
				}
				via[imp] = p.path
				if own, ok := strings.CutPrefix(imp, module+"/"); ok {
					next = append(next, own)
				}
			}
		}
	}
	return via
}
