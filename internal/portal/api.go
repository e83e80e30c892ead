package portal

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
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
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/internal/stats"
	"github.com/openceir/openceir/subscriber"
)

// Registry answers what the API asks. What is not known, or not imported yet, is empty and no error.
type Registry interface {
	// Devices tells what is known of each device, in this order, all of one consistent view; of one
	// that nobody knows that the rules do not hold.
	Devices(ctx context.Context, asked []Identifier) ([]Known, error)
	// Siblings returns the devices of the registration list with a device ID, sorted.
	Siblings(ctx context.Context, id string) ([]imei.IMEI, error)
	// Model returns the directory's row of a TAC.
	Model(ctx context.Context, tac imei.TAC) (device.TAC, bool, error)
	// Number returns who uses a number, with the devices' registrations.
	Number(ctx context.Context, n subscriber.MSISDN) ([]NumberUse, error)
	// Runs returns the files that are in force, the runs of lists and of detection, the first one first.
	Runs(ctx context.Context) ([]Run, error)
}

// Identifier is what is asked for: a device, or the normal form of a malformed identifier.
type Identifier struct {
	IMEI imei.IMEI
	Text string // empty for a device
}

func (i Identifier) String() string {
	if i.Text != "" {
		return i.Text
	}
	return i.IMEI.String()
}

// Known is all that is known of a device.
type Known struct {
	Block        device.Day // first day of a block that findings ask for, 0 for none
	First        device.Day // first day seen, 0 for never
	Conditions   []Met
	ModelKnown   bool // the directory has the TAC
	Seen         []Use
	Pairings     []device.Pairing
	Registration *device.Registration
	Exempt       bool // a rule passes over the device for its type
	Stolen       *device.Stolen
}

// Met is a condition of the rules in force, and whether it holds.
type Met struct {
	Name     string
	Blocking bool
	Holds    bool
}

// Use is a subscriber seen with a device.
type Use struct {
	IMSI   subscriber.IMSI
	MSISDN subscriber.MSISDN
	Last   device.Day
}

// NumberUse is a device and subscription seen with a number.
type NumberUse struct {
	IMEI         imei.IMEI
	IMSI         subscriber.IMSI
	Last         device.Day
	Model        device.TAC
	Registration *device.Registration
}

// Run is a record of the ledger that tells of work done: one of its last three fields is set.
type Run struct {
	ID    uint64    // of the ledger's record
	Time  time.Time // of the ledger's record
	File  *device.File
	Lists *device.ListRun
	Found map[string]int64 // open findings by rule, after a run of detection
}

// API answers the read-only paths that clients of DIRBS-Core know, under /api/v1 and /api/v2. The
// answers hold subscribers' data, so every request carries a bearer token. Nothing is kept between
// requests: an answer is what the register says now.
type API struct {
	Registry Registry
	// Token returns the token that requests must carry; empty, and nothing is answered.
	Token func() (string, error)
	// Version is the version of the program.
	Version string
	// Now returns the current time.
	Now func() time.Time
	// Log is told of every request: which path, never what stood in it; slog.Default if nil.
	Log *slog.Logger

	requests requests
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun := a.Now()
	secureJSON(w.Header())
	v, err := a.answer(r)
	status := http.StatusOK
	if err != nil {
		status = refuse(w.Header(), err)
	}
	a.note(r, status, a.Now().Sub(begun), err)
	write(w, r, status, v, err)
}

// fault is what a client is told of a refusal (RFC 9457).
type fault struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

// The refusals that have a status of their own.
var (
	errToken  = errors.New("say who you are: Authorization: Bearer TOKEN")
	errPath   = problem.New(problem.NotFound, "there is no such path")
	errClosed = errors.New("this API is closed: name a file with a token as api_token_file in the configuration")
)

// methods is the refusal of a method: those that the path is answered to.
type methods string

func (m methods) Error() string { return "this path is answered to " + string(m) }

const (
	reads methods = "GET, HEAD"
	posts methods = "POST"
)

// refuse returns the status of a refusal.
func refuse(h http.Header, err error) int {
	if m, ok := errors.AsType[methods](err); ok {
		h.Set("Allow", string(m))
		return http.StatusMethodNotAllowed
	}
	switch {
	case errors.Is(err, errToken):
		h.Set("WWW-Authenticate", `Bearer realm="openceir"`)
		return http.StatusUnauthorized
	case errors.Is(err, errClosed):
		return http.StatusForbidden
	}
	switch problem.Of(err) {
	case problem.Invalid:
		return http.StatusBadRequest
	case problem.NotFound:
		return http.StatusNotFound
	case problem.Refused:
		return http.StatusForbidden
	case problem.Conflict:
		return http.StatusConflict
	}
	return http.StatusServiceUnavailable
}

// message is what a client is told: of our own faults only that they are ours.
func message(err error) string {
	_, method := errors.AsType[methods](err)
	if k := problem.Of(err); !method && err != errToken && err != errClosed && (k == problem.Broken || k == problem.Busy) {
		return "the register can not be read at the moment"
	}
	return err.Error()
}

// allowed compares the request's token.
func (a *API) allowed(r *http.Request) error {
	want, err := a.Token()
	if err != nil {
		return problem.New(problem.Broken, "reading the token of the API: %w", err)
	}
	if want == "" {
		return errClosed
	}
	scheme, got, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	x, y := sha256.Sum256([]byte(strings.TrimSpace(got))), sha256.Sum256([]byte(want))
	if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(x[:], y[:]) != 1 {
		return errToken
	}
	return nil
}

// answer finds the path's answer. Paths are compared part by part, so nothing that a caller writes
// reaches further than the reader of that part.
func (a *API) answer(r *http.Request) (any, error) {
	if err := a.allowed(r); err != nil {
		return nil, err
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(parts) < 3 || parts[0] != "api" || parts[1] != "v1" && parts[1] != "v2" {
		return nil, errPath
	}
	v1 := parts[1] == "v1"
	what, of := parts[2], ""
	if len(parts) > 3 {
		of = parts[3]
		what = strings.Join(slices.Concat(parts[2:3], parts[4:]), "/")
	}
	ctx := r.Context()
	if !v1 && of == "" && (what == "imei-batch" || what == "tac") {
		if r.Method != http.MethodPost {
			return nil, posts
		}
		return a.batch(ctx, what, r.Body)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return nil, reads
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, problem.New(problem.Invalid, "the query can not be read: %w", err)
	}
	if of == "" {
		return a.whole(ctx, what, q, v1)
	}
	switch {
	case what == "imei" && v1:
		return a.imei1(ctx, of, q)
	case what == "imei":
		return a.imei2(ctx, of, q)
	case what == "imei/subscribers" && !v1:
		return a.subscribers(ctx, of, q)
	case what == "imei/pairings" && !v1:
		return a.pairings(ctx, of, q)
	case what == "imei/info" && !v1:
		return a.info(ctx, of)
	case what == "tac":
		return a.tac(ctx, of)
	case what == "msisdn":
		return a.msisdn(ctx, of, v1)
	}
	return nil, errPath
}

// whole answers the paths that ask of nothing in particular.
func (a *API) whole(ctx context.Context, what string, q url.Values, v1 bool) (any, error) {
	switch what {
	case "job_metadata":
		return a.jobs(ctx, q, v1)
	case "catalog":
		return a.catalog(ctx, q, v1)
	case "version":
		return a.version(v1), nil
	}
	return nil, errPath
}

// readIMEI reads an identifier of a device as callers write it: up to sixteen characters of the
// alphabet of IMEIs.
func readIMEI(text string) (id Identifier, err error) {
	if text == "" || len(text) > 16 || strings.ContainsFunc(text, func(r rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF*#", r) }) {
		return id, problem.New(problem.Invalid, "an IMEI is 1 to 16 characters of 0-9, A-F, * and #")
	}
	norm := stats.NormalForm(text)
	n, err := strconv.ParseUint(norm, 10, 64)
	if len(norm) != 14 || err != nil {
		return Identifier{Text: norm}, nil
	}
	return Identifier{IMEI: imei.IMEI(n)}, nil
}

// known asks the register for a device.
func (a *API) known(ctx context.Context, text string) (id Identifier, k *Known, err error) {
	if id, err = readIMEI(text); err != nil {
		return id, nil, err
	}
	all, err := a.Registry.Devices(ctx, []Identifier{id})
	if err != nil {
		return id, nil, err
	}
	return id, &all[0], nil
}

// yes reads a parameter that is true or false.
func yes(q url.Values, name string) (bool, error) {
	switch v := q.Get(name); strings.ToLower(v) {
	case "", "0", "false":
		return false, nil
	case "1", "true":
		return true, nil
	}
	return false, problem.New(problem.Invalid, "%s is true or false", name)
}

// paging is which rows of an answer are asked for.
type paging struct {
	offset, limit int
	descending    bool
}

func readPaging(q url.Values) (p paging, err error) {
	number := func(name string, least, most, otherwise int) (int, error) {
		v := q.Get(name)
		if v == "" {
			return otherwise, nil
		}
		n, err := strconv.Atoi(v)
		if err != nil || n < least || n > most {
			return 0, problem.New(problem.Invalid, "%s is a number from %d to %d", name, least, most)
		}
		return n, nil
	}
	if p.offset, err = number("offset", 0, 1<<53, 0); err != nil {
		return p, err
	}
	if p.limit, err = number("limit", 1, pageMax, pageRows); err != nil {
		return p, err
	}
	switch order := strings.ToUpper(q.Get("order")); order {
	case "", "ASC":
	case "DESC":
		p.descending = true
	default:
		return p, problem.New(problem.Invalid, "order is ASC or DESC")
	}
	return p, nil
}

// keys say where a page lies.
type keys struct {
	Current string `json:"current_key"`
	Next    string `json:"next_key"`
	Size    int    `json:"result_size"`
}

// cut cuts a page out of rows that are sorted ascending.
func cut[T any](rows []T, p paging) ([]T, keys) {
	if p.descending {
		slices.Reverse(rows)
	}
	k := keys{Current: strconv.Itoa(p.offset), Size: len(rows)}
	if p.offset >= len(rows) {
		return []T{}, k
	}
	end := min(len(rows), p.offset+p.limit)
	if end < len(rows) {
		k.Next = strconv.Itoa(end)
	}
	return rows[p.offset:end], k
}

// batch answers a list of devices or TACs, each as it is answered alone.
func (a *API) batch(ctx context.Context, what string, body io.Reader) (any, error) {
	var ask struct {
		IMEIs        []string `json:"imeis"`
		TACs         []string `json:"tacs"`
		Stolen       bool     `json:"include_stolen_status"`
		Registration bool     `json:"include_registration_status"`
	}
	text, err := io.ReadAll(io.LimitReader(body, bodyMax+1))
	if err != nil || len(text) > bodyMax {
		return nil, problem.New(problem.Invalid, "the body must have at most %d bytes", bodyMax)
	}
	if err := json.Unmarshal(text, &ask); err != nil {
		return nil, problem.New(problem.Invalid, "the body is not the JSON that this path reads: %w", err)
	}
	if what == "tac" {
		rows, err := each(ask.TACs, "tacs", func(tac string) (any, error) { return a.tac(ctx, tac) })
		return map[string]any{"results": rows}, err
	}
	asked, err := each(ask.IMEIs, "imeis", readIMEI)
	if err != nil {
		return nil, err
	}
	known, err := a.Registry.Devices(ctx, asked)
	if err != nil {
		return nil, err
	}
	results := make([]any, len(known))
	for i := range known {
		results[i] = device2(asked[i], &known[i], ask.Registration, ask.Stolen)
	}
	return map[string]any{"results": results}, nil
}

// each reads or answers each of a list, which has bounds.
func each[T any](list []string, name string, one func(string) (T, error)) ([]T, error) {
	if len(list) < 1 || len(list) > batchMax {
		return nil, problem.New(problem.Invalid, "%s is a list of 1 to %d", name, batchMax)
	}
	out := make([]T, len(list))
	for i, text := range list {
		var err error
		if out[i], err = one(text); err != nil {
			return nil, err
		}
	}
	return out, nil
}
