// Package portal shows the register to people in a browser. So far it is one plain page: the state
// of the register, and a check of a single device that tells nobody's secrets.
package portal

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/openceir/openceir/identifier"
	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/list"
)

//go:embed status.html style.css report.html listing.html
var files embed.FS

var page = template.Must(template.New("status.html").Funcs(template.FuncMap{"short": short, "n": count}).ParseFS(files, "status.html"))

// count writes a number with its digits in groups.
func count(n any) (string, error) {
	switch n := n.(type) {
	case int:
		return grouped(int64(n)), nil
	case uint64:
		return grouped(int64(n)), nil
	}
	return "", fmt.Errorf("%T is no count", n)
}

func short(digest string) string { return digest[:min(12, len(digest))] }

// Status is what the page shows.
type Status struct {
	Log       string     `json:"log"`  // name of the log
	Size      uint64     `json:"size"` // records in the ledger
	Root      string     `json:"root"`
	Active    uint64     `json:"active"`            // pairs, the base of the guard's shares
	Counted   uint64     `json:"counted,omitempty"` // pairs counted in the 30 days to the last complete day, if they were; a new base is due if it strays
	Day       string     `json:"day,omitempty"`     // last complete day
	Files     int        `json:"files"`             // operators' files in force
	Lines     []Count    `json:"lines"`
	Rules     []Rule     `json:"rules"`
	Nodes     []Node     `json:"nodes"`
	Proposals []Proposal `json:"proposals"`
}

// Count is a number with its name.
type Count struct {
	Name string `json:"name"`
	N    int    `json:"n"`
}

// Rule is a rule with its open findings and its authority.
type Rule struct {
	Name      string `json:"name"`
	Open      int    `json:"open"`
	Authority string `json:"authority"`
}

// Node is an operator's node and what it last said of its list.
type Node struct {
	Name  string `json:"name"`
	Size  uint64 `json:"size"`
	State string `json:"state"`
	Text  string `json:"text,omitempty"`
}

// Proposal is what waits for signatures.
type Proposal struct {
	Digest     string   `json:"content"` // which people sign
	Kind       string   `json:"kind"`
	Text       string   `json:"text"`
	Signatures []string `json:"signatures"`
}

// Sort puts the lists into a fixed order.
func (s *Status) Sort() {
	slices.SortFunc(s.Lines, func(a, b Count) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Rules, func(a, b Rule) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Nodes, func(a, b Node) int { return strings.Compare(a.Name, b.Name) })
}

// Portal serves the page.
type Portal struct {
	Status func(context.Context) (*Status, error)
	Check  func(imei.IMEI) list.Answer
}

type view struct {
	*Status
	Query  string
	Answer string // what the list says
	Class  string // of the answer, for its colour beside its word
	Text   string // what the identifier itself tells
}

// ServeHTTP implements http.Handler.
func (p *Portal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		http.Error(w, "only GET is answered here", http.StatusMethodNotAllowed)
	case r.URL.Path == "/style.css":
		http.ServeFileFS(w, r, files, "style.css")
	case r.URL.Path != "/":
		http.NotFound(w, r)
	default:
		p.status(w, r)
	}
}

func (p *Portal) status(w http.ResponseWriter, r *http.Request) {
	s, err := p.Status(r.Context())
	if err != nil {
		http.Error(w, "The register can not be read at the moment. The checks at the operators go on.", http.StatusServiceUnavailable)
		return
	}
	v := view{Status: s}
	if q := r.URL.Query().Get("identifier"); q != "" {
		v.Query = q[:min(maxQuery, len(q))]
		p.check(&v)
	}
	var out bytes.Buffer
	if err := page.Execute(&out, v); err != nil {
		http.Error(w, "The page can not be shown.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(out.Bytes())
}

func (p *Portal) check(v *view) {
	v.Text = identifier.Explain(v.Query).Text()
	typed, err := imei.ParseTyped(v.Query)
	if err != nil {
		v.Answer, v.Class = "This is not an IMEI, so no list speaks of it.", "none"
		return
	}
	a := p.Check(typed.IMEI)
	switch a.Status {
	case list.Prohibited:
		v.Answer, v.Class = "Prohibited: networks refuse this device. Its holder can ask for the reasons and the proof.", "prohibited"
	case list.Tracked:
		v.Answer, v.Class = "Tracked: it works, and its use is noted.", "tracked"
	case list.Unknown:
		v.Answer, v.Class = "Unknown: it is not registered.", "tracked"
	default:
		v.Answer, v.Class = "Not prohibited.", "allowed"
	}
}
