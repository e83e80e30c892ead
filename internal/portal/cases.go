package portal

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/authz"
	"github.com/openceir/openceir/internal/cases"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/problem"
)

// Desk answers the paths of cases. Whatever the caller may not see is problem.NotFound, as if it were
// not there.
type Desk interface {
	// Caller returns whose token it is, and in which role they act; authz.ErrToken if nobody's.
	Caller(ctx context.Context, token string) (authz.Caller, error)
	// OpenCase opens a case. A caller who asks again with the same key gets the same case.
	OpenCase(ctx context.Context, by authz.Caller, key string, o *cases.Opening) (*cases.Docket, error)
	// TakeStep takes a step of a case. A caller who asks again for the step they took last gets the case.
	TakeStep(ctx context.Context, by authz.Caller, n cases.Number, m *cases.Move) (*cases.Docket, error)
	Case(ctx context.Context, by authz.Caller, n cases.Number) (*cases.Docket, error)
	// Inbox returns the open cases of a place, those that stand longest first, after one of them.
	Inbox(ctx context.Context, by authz.Caller, place, assigned string, after ledger.CaseRow, most int) ([]ledger.CaseRow, error)
	// CasesOf returns the cases about a device that the caller may see, the one that moved last first.
	CasesOf(ctx context.Context, by authz.Caller, m imei.IMEI) ([]ledger.CaseRow, error)
}

// Cases answers the paths of cases, below /api/v3. A request carries a token (authz.Token), and says
// nothing else of who the caller is.
type Cases struct {
	Desk Desk
	// Now returns the current time.
	Now func() time.Time
	// Log is told of every request: by whom, in which role, which path; slog.Default if nil.
	Log *slog.Logger
}

// ServeHTTP implements http.Handler.
func (c *Cases) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun := c.Now()
	h := w.Header()
	secureJSON(h)
	by, v, err := c.answer(r)
	status := http.StatusOK
	switch made, ok := v.(created); {
	case errors.Is(err, authz.ErrToken):
		err = errToken
		status = refuse(h, err)
	case err != nil:
		status = refuse(h, err)
	case ok:
		status, v = http.StatusCreated, made.shownCase
		h.Set("Location", "/api/v3/cases/"+made.Number)
	}
	cmp.Or(c.Log, slog.Default()).Info("the desk was asked", "method", methodOf(r), "status", status, "by", by.Name, "role", by.Role, "took", c.Now().Sub(begun))
	write(w, r, status, v, err)
}

// created is the answer to a request that opened a case.
type created struct{ shownCase }

// answer finds the path's answer.
func (c *Cases) answer(r *http.Request) (by authz.Caller, v any, err error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return by, nil, errToken
	}
	ctx := r.Context()
	if by, err = c.Desk.Caller(ctx, strings.TrimSpace(token)); err != nil {
		return by, nil, err
	}
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/api/v3/"), "/")
	writes := len(parts) == 1 && r.Method == http.MethodPost || len(parts) == 3 && parts[0] == "cases"
	switch {
	case writes && r.Method != http.MethodPost:
		return by, nil, posts
	case !writes && r.Method != http.MethodGet && r.Method != http.MethodHead:
		return by, nil, reads
	case parts[0] == "cases" && len(parts) == 1 && writes:
		v, err = c.open(ctx, by, r)
	case parts[0] == "cases" && len(parts) == 1:
		v, err = c.inbox(ctx, by, r.URL.Query())
	case parts[0] == "cases" && len(parts) == 2:
		v, err = c.read(ctx, by, parts[1])
	case parts[0] == "cases" && len(parts) == 3 && parts[2] == "steps":
		v, err = c.step(ctx, by, parts[1], r)
	case parts[0] == "devices" && len(parts) == 3 && parts[2] == "cases":
		v, err = c.ofDevice(ctx, by, parts[1])
	default:
		err = errPath
	}
	return by, v, err
}

// open opens a case.
func (c *Cases) open(ctx context.Context, by authz.Caller, r *http.Request) (any, error) {
	var sort string
	var devices []string
	o := &cases.Opening{}
	if err := readObject(r.Body, map[string]any{"sort": &sort, "devices": &devices, "reason": &o.Text.Reason, "note": &o.Text.Note}); err != nil {
		return nil, err
	}
	m, known := cases.Find(sort)
	if !known {
		return nil, problem.New(problem.Invalid, "there is no sort of case %q", sort)
	}
	o.Machine = m
	for _, text := range devices {
		d, err := readDevice(text)
		if err != nil {
			return nil, err
		}
		o.Devices = append(o.Devices, d)
	}
	key := r.Header.Get("Idempotency-Key")
	if len(key) > keyMax {
		return nil, problem.New(problem.Invalid, "an Idempotency-Key has at most %d characters", keyMax)
	}
	d, err := c.Desk.OpenCase(ctx, by, key, o)
	if err != nil {
		return nil, err
	}
	return created{show(d, by)}, nil
}

// step takes a step.
func (c *Cases) step(ctx context.Context, by authz.Caller, number string, r *http.Request) (any, error) {
	n, err := cases.ParseNumber(number)
	if err != nil {
		return nil, err
	}
	var m cases.Move
	if err := readObject(r.Body, map[string]any{"step": &m.Step, "reason": &m.Reason, "note": &m.Note, "place": &m.Place, "assigned": &m.Assigned, "after": &m.After}); err != nil {
		return nil, err
	}
	d, err := c.Desk.TakeStep(ctx, by, n, &m)
	if err != nil {
		return nil, err
	}
	return show(d, by), nil
}

func (c *Cases) read(ctx context.Context, by authz.Caller, number string) (any, error) {
	n, err := cases.ParseNumber(number)
	if err != nil {
		return nil, err
	}
	d, err := c.Desk.Case(ctx, by, n)
	if err != nil {
		return nil, err
	}
	return show(d, by), nil
}

// inbox answers what a place has to do, a page of it.
func (c *Cases) inbox(ctx context.Context, by authz.Caller, q url.Values) (any, error) {
	most := pageRows
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > pageMax {
			return nil, problem.New(problem.Invalid, "limit is a number from 1 to %d", pageMax)
		}
		most = n
	}
	var after ledger.CaseRow
	if text := q.Get("after"); text != "" {
		day, number, _ := strings.Cut(text, " ")
		since, err := device.ParseDay(day)
		if err != nil || number == "" {
			return nil, problem.New(problem.Invalid, "after is what the page before gave as next")
		}
		after.Since, after.Number = since, number
	}
	place := by.Place
	if q.Has("place") {
		place = q.Get("place")
	}
	rows, err := c.Desk.Inbox(ctx, by, place, q.Get("assigned"), after, most)
	if err != nil {
		return nil, err
	}
	out := casePage{Cases: summaries(rows)}
	if len(rows) == most {
		last := rows[len(rows)-1]
		out.Next = last.Since.String() + " " + last.Number
	}
	return out, nil
}

func (c *Cases) ofDevice(ctx context.Context, by authz.Caller, text string) (any, error) {
	m, err := readDevice(text)
	if err != nil {
		return nil, err
	}
	rows, err := c.Desk.CasesOf(ctx, by, m)
	if err != nil {
		return nil, err
	}
	return casePage{Cases: summaries(rows)}, nil
}

// readDevice reads an IMEI as people type it.
func readDevice(text string) (imei.IMEI, error) {
	t, err := imei.ParseTyped(text)
	if err != nil {
		return 0, problem.New(problem.Invalid, "%w", err)
	}
	if t.Mistyped() {
		return 0, problem.New(problem.Invalid, "the IMEI %s is mistyped: its last digit does not fit; read each digit again, *#06# shows it", text)
	}
	return t.IMEI, nil
}

// casePage is a page of cases.
type casePage struct {
	Cases []summary `json:"cases"`
	Next  string    `json:"next,omitempty"` // to be given as after, empty on the last page
}

// summary is a line of an inbox.
type summary struct {
	Number   string `json:"number"`
	Sort     string `json:"sort"`
	State    string `json:"state"`
	Since    string `json:"since"`
	Due      string `json:"due,omitempty"`
	Place    string `json:"place,omitempty"`
	Assigned string `json:"assigned,omitempty"`
	Closed   bool   `json:"closed"`
}

func summaries(rows []ledger.CaseRow) []summary {
	out := make([]summary, len(rows))
	for i, r := range rows {
		out[i] = summary{r.Number, r.Sort, r.State, r.Since.String(), dayText(r.Due), r.Place, r.Assigned, r.Closed}
	}
	return out
}

func dayText(d device.Day) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

// shownCase is a case as a caller sees it.
type shownCase struct {
	summary
	Told    string      `json:"told"`              // what the person concerned is told
	Outcome string      `json:"outcome,omitempty"` // how it ended
	Devices []imei.IMEI `json:"devices"`
	Events  int         `json:"events"` // to be given as after with the next step
	Offers  []offer     `json:"offers"` // what the caller can do with it now
	History []event     `json:"history"`
}

type offer struct {
	Step     string `json:"step"`
	Reasoned bool   `json:"reasoned"` // it needs a reason
}

type event struct {
	Step   string `json:"step"`
	By     string `json:"by,omitempty"`
	Role   string `json:"role"`
	Day    string `json:"day"`
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"`
	Note   string `json:"note,omitempty"`
	Erased bool   `json:"erased,omitempty"`
}

// show shows a case. The help desk sees where it stands, and nothing that anybody said.
func show(d *cases.Docket, by authz.Caller) shownCase {
	last := d.Entries[len(d.Entries)-1]
	state, _ := d.Case.Machine.State(d.Case.State)
	due, _, _ := d.Case.Due()
	out := shownCase{
		summary: summary{d.Number.String(), d.Case.Machine.Name, d.Case.State, d.Case.Since.String(), dayText(due), d.Place, d.Assigned, last.Closed},
		Told:    state.Told, Outcome: string(d.Case.Outcome()), Devices: d.Devices, Events: d.Case.Events, Offers: []offer{}, History: []event{},
	}
	if out.Devices == nil {
		out.Devices = []imei.IMEI{}
	}
	for _, s := range d.Case.Machine.From(d.Case.State) {
		if slices.Contains(s.Who, by.Role) {
			out.Offers = append(out.Offers, offer{s.Name, s.Reasoned})
		}
	}
	for _, e := range d.Entries {
		shown := event{e.Step, e.By, e.Role, e.Day.String(), e.State, e.Reason, e.Note, e.Erased}
		if by.Role == authz.HelpDesk {
			shown.By, shown.Reason, shown.Note = "", "", ""
		}
		out.History = append(out.History, shown)
	}
	return out
}

// readObject reads a body that is one JSON object with some of the named fields, each at most once and
// written as they are here: what two readers could understand in two ways is refused.
func readObject(body io.Reader, fields map[string]any) error {
	text, err := io.ReadAll(io.LimitReader(body, bodyMax+1))
	if err != nil || len(text) > bodyMax {
		return problem.New(problem.Invalid, "the body must have at most %d bytes", bodyMax)
	}
	return strictObject(text, fields)
}
