package tidy

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/token"
	"path"
	"slices"
	"strings"
)

// ruleComments wants a package comment in every package and a comment on every exported name at
// the top level.
func ruleComments(h *house) (out []fault) {
	for _, p := range h.packages {
		var name string
		commented := false
		for _, f := range p.files {
			if f.test {
				continue
			}
			name = f.syntax.Name.Name
			commented = commented || begins(f.syntax.Doc, name, p.path)
			out = append(out, uncommented(f)...)
		}
		if name != "" && !commented {
			out = append(out, fault{p.path, fmt.Sprintf("no file has a package comment: write what it is for, beginning with %q", opening(name, p.path))})
		}
	}
	return out
}

func opening(name, dir string) string {
	if name == "main" {
		return "Command " + path.Base(dir)
	}
	return "Package " + name
}

func begins(doc *ast.CommentGroup, name, dir string) bool {
	return doc != nil && strings.HasPrefix(doc.Text(), opening(name, dir)+" ")
}

func uncommented(f *file) (out []fault) {
	if f.syntax.Name.Name == "main" {
		return nil
	}
	missing := func(id *ast.Ident, docs ...*ast.CommentGroup) {
		if id.IsExported() && !slices.ContainsFunc(docs, func(d *ast.CommentGroup) bool { return d != nil }) {
			out = append(out, fault{f.at(id), fmt.Sprintf("%s is exported and has no comment: say what it is for, or make it private", id.Name)})
		}
	}
	for _, d := range f.syntax.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				missing(d.Name, d.Doc)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					missing(s.Name, s.Doc, s.Comment, d.Doc)
				case *ast.ValueSpec:
					for _, id := range s.Names {
						missing(id, s.Doc, s.Comment, d.Doc)
					}
				}
			}
		}
	}
	return out
}

// at returns the place of a node.
func (f *file) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", f.path, f.fset.Position(n.Pos()).Line)
}

var empty = []string{"util", "utils", "common", "base", "helper", "helpers", "manager", "model", "models", "misc", "lib"}

// ruleNames bars packages that are called after nothing in particular.
func ruleNames(h *house) (out []fault) {
	for _, p := range h.packages {
		if last := path.Base(p.path); slices.Contains(empty, last) {
			out = append(out, fault{p.path, fmt.Sprintf("%q says nothing: call the package after the noun or verb of the trade that it is about", last)})
		}
	}
	return out
}

// ruleInit bars init functions.
func ruleInit(h *house) (out []fault) {
	for _, f := range h.files() {
		for _, d := range f.syntax.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				out = append(out, fault{f.at(fn), "no init functions: build what is needed where it is needed, or write a table"})
			}
		}
	}
	return out
}

func (h *house) files() (out []*file) {
	for _, p := range h.packages {
		out = append(out, p.files...)
	}
	return out
}

// clocks are the functions that read the clock, and sources those of math/rand that do not draw
// from a global source.
var (
	clocks  = []string{"Now", "Since", "Until"}
	sources = []string{"New", "NewPCG", "NewChaCha8", "NewSource", "NewZipf", "Rand", "PCG", "ChaCha8", "Source", "Source64", "Zipf"}
)

// ruleTime wants time and chance handed in: below the programs nothing reads the clock or draws
// from a global source, and nothing sleeps but the runner of followers and the tests.
func ruleTime(h *house) (out []fault) {
	for _, p := range h.packages {
		r, _ := place(p.path)
		for _, f := range p.files {
			if f.test {
				continue
			}
			f.selectors(func(n *ast.SelectorExpr, pkgPath string) {
				name := n.Sel.Name
				switch {
				case pkgPath == "time" && slices.Contains(clocks, name) && r.clock == "":
					out = append(out, fault{f.at(n), "time." + name + " reads the clock: take the time from a field Now func() time.Time or as a parameter"})
				case pkgPath == "time" && name == "Sleep" && p.path != "internal/follow" && r.layer < 6:
					out = append(out, fault{f.at(n), "time.Sleep holds up whoever waits for us: wait for the event, or use a timer together with the context"})
				case strings.HasPrefix(pkgPath, "math/rand") && !slices.Contains(sources, name) && r.clock == "":
					out = append(out, fault{f.at(n), "rand." + name + " draws from a global source: take a *rand.Rand or an io.Reader"})
				}
			})
		}
	}
	return out
}

// selectors calls see for every PACKAGE.NAME of the file, with the package's import path.
func (f *file) selectors(see func(n *ast.SelectorExpr, pkgPath string)) {
	names := map[string]string{}
	for i, spec := range f.syntax.Imports {
		name := path.Base(f.imports[i])
		if strings.HasPrefix(name, "v") && strings.Trim(name[1:], "0123456789") == "" {
			name = path.Base(path.Dir(f.imports[i]))
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = f.imports[i]
	}
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := s.X.(*ast.Ident); ok && names[id.Name] != "" {
				see(s, names[id.Name])
			}
		}
		return true
	})
}

// ruleFormat wants every Go file as gofmt writes it.
func ruleFormat(h *house) (out []fault) {
	for _, t := range h.texts {
		if path.Ext(t.path) != ".go" {
			continue
		}
		want, err := format.Source([]byte(t.body))
		if err != nil {
			out = append(out, fault{t.path, err.Error()})
		} else if !bytes.Equal(want, []byte(t.body)) {
			out = append(out, fault{t.path, "is not formatted: run gofmt -w " + t.path})
		}
	}
	return out
}

// tests returns the names of all test, fuzz and benchmark functions.
func (h *house) tests() map[string]bool {
	out := map[string]bool{}
	for _, p := range slices.Concat(h.packages, h.apart) {
		for _, f := range p.files {
			for _, d := range f.syntax.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && f.test && fn.Recv == nil && token.IsExported(fn.Name.Name) {
					out[fn.Name.Name] = true
				}
			}
		}
	}
	return out
}
