package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write the examples of docs/api.md anew")

// zipped puts each file into a zip of its name, the same bytes every time.
func zipped(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) > 0)
	for _, name := range args {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		w, err := z.Create(name)
		ts.Check(err)
		_, err = io.WriteString(w, ts.ReadFile(name))
		ts.Check(err)
		ts.Check(z.Close())
		ts.Check(os.WriteFile(ts.MkAbs(strings.TrimSuffix(name, filepath.Ext(name))+".zip"), b.Bytes(), 0o600))
	}
}

// anExample is a request in a page, and its answer: the status and JSON.
var anExample = regexp.MustCompile("(?s)```http\n(GET|POST) (/\\S*)( [^\n]*)?\n\n(.*?)```")

// What an example can not know: when it ran, and of which program.
var (
	aTime    = regexp.MustCompile(`"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"`)
	aVersion = regexp.MustCompile(`"source_code_version": "[^"]*"`)
)

// answers asks a server the examples of a page of docs, which must be answered as the page says.
func answers(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) == 3)
	path := filepath.Join("..", "..", "docs", args[0])
	page, err := os.ReadFile(path)
	ts.Check(err)
	examples := anExample.FindAllSubmatch(page, -1)
	if len(examples) == 0 {
		ts.Fatalf("%s has no examples", path)
	}
	var anew bytes.Buffer
	at := 0
	for i, e := range examples {
		got := answer(ts, string(e[1]), args[1]+string(e[2]), string(bytes.TrimSpace(e[3])), args[2])
		if got != string(e[4]) && !*update {
			ts.Fatalf("%s %s%s is answered\n%s\nnot as in %s; run with -update if that is meant", e[1], e[2], e[3], got, path)
		}
		place := anExample.FindAllSubmatchIndex(page, -1)[i]
		anew.Write(page[at:place[8]])
		anew.WriteString(got)
		at = place[9]
	}
	anew.Write(page[at:])
	if *update {
		ts.Check(os.WriteFile(path, anew.Bytes(), 0o644))
	}
}

func answer(ts *testscript.TestScript, method, url, body, token string) string {
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	ts.Check(err)
	r.Header.Set("Authorization", "Bearer "+token)
	w, err := http.DefaultClient.Do(r)
	ts.Check(err)
	defer w.Body.Close()
	text, err := io.ReadAll(w.Body)
	ts.Check(err)
	var b bytes.Buffer
	fmt.Fprintln(&b, w.StatusCode)
	ts.Check(json.Indent(&b, text, "", "  "))
	return aVersion.ReplaceAllString(aTime.ReplaceAllString(b.String(), `"2026-07-01T06:00:00Z"`), `"source_code_version": "v1.0.0"`)
}

// documented checks that a page of docs names each family of a file in the form of Prometheus, and
// that the file is of that form: families in order and whole, each with its help and type, and no
// series twice.
func documented(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) == 2)
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", args[0]))
	ts.Check(err)
	family, last, series := "", "", map[string]bool{}
	lines := strings.Split(strings.TrimSuffix(ts.ReadFile(args[1]), "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		if m := aHelp.FindStringSubmatch(lines[i]); m != nil {
			family = m[1]
			if i++; family <= last || i == len(lines) || !aType(family).MatchString(lines[i]) {
				ts.Fatalf("after %s: %s\n%s", last, m[0], lines[min(i, len(lines)-1)])
			}
			last = family
			if !bytes.Contains(page, []byte("`"+family+"`")) {
				ts.Fatalf("%s does not tell of %s", args[0], family)
			}
			continue
		}
		m := aSample.FindStringSubmatch(lines[i])
		if m == nil || m[1] != family || series[m[1]+m[2]] {
			ts.Fatalf("a line of %s: %s", family, lines[i])
		}
		series[m[1]+m[2]] = true
	}
}

var (
	aHelp   = regexp.MustCompile(`^# HELP ([a-z][a-z_]*) ([^\\]|\\\\|\\n)+\.$`)
	aSample = regexp.MustCompile(`^([a-z][a-z_]*)(\{[a-z]+="(?:[^"\\]|\\["\\n])*"(?:,[a-z]+="(?:[^"\\]|\\["\\n])*")*\})? (?:-?[0-9.]+(?:e[+-][0-9]+)?)$`)
)

// aType is the line of a family's type: what is named a total counts, and nothing else does.
func aType(family string) *regexp.Regexp {
	kind := "gauge"
	if strings.HasSuffix(family, "_total") {
		kind = "counter"
	}
	return regexp.MustCompile("^# TYPE " + family + " " + kind + "$")
}
