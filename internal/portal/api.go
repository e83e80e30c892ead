package portal

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/internal/stats"
	"github.com/openceir/openceir/subscriber"
)

// Registry answers what the API asks. What is not known, or not imported yet, is empty and no error.
type Registry interface {
	// Device tells what is known of a device; one that nobody knows has only its identity.
	Device(ctx context.Context, m imei.IMEI) (*Known, error)
	// Model returns the directory's row of a TAC.
	Model(ctx context.Context, tac imei.TAC) (device.TAC, bool, error)
	// Number returns who uses a number, with the devices' registrations.
	Number(ctx context.Context, n subscriber.MSISDN) ([]NumberUse, error)
	// Runs returns the files that are in force, the first one first.
	Runs(ctx context.Context) ([]Run, error)
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
	Siblings     []imei.IMEI // other identities of the same device
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

// Run is the adoption of a file that is in force.
type Run struct {
	ID   uint64 // of the ledger's record
	Time string // RFC 3339
	File device.File
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
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	v, err := a.answer(r)
	if err != nil {
		w.WriteHeader(a.refuse(h, err))
		v = map[string]string{"message": message(err)}
	}
	if r.Method == http.MethodHead {
		return
	}
	json.NewEncoder(w).Encode(v) // the client that went away misses it
}

// The refusals that have a status of their own.
var (
	errMethod = errors.New("this path is not answered to that method")
	errToken  = errors.New("say who you are: Authorization: Bearer TOKEN")
	errClosed = errors.New("this API is closed: name a file with a token as api_token_file in the configuration")
)

// refuse returns the status of a refusal.
func (a *API) refuse(h http.Header, err error) int {
	switch {
	case errors.Is(err, errMethod):
		return http.StatusMethodNotAllowed
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
	for _, own := range []error{errMethod, errToken, errClosed} {
		if errors.Is(err, own) {
			return own.Error()
		}
	}
	if k := problem.Of(err); k == problem.Broken || k == problem.Busy {
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
		return nil, problem.New(problem.NotFound, "there is no such path")
	}
	v1, post := parts[1] == "v1", r.Method == http.MethodPost
	if !post && r.Method != http.MethodGet && r.Method != http.MethodHead {
		return nil, errMethod
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, problem.New(problem.Invalid, "the query can not be read: %w", err)
	}
	what := strings.Join(append([]string{parts[2]}, parts[min(4, len(parts)):]...), "/")
	if len(parts) > 5 {
		what = ""
	}
	of := ""
	if len(parts) > 3 {
		of = parts[3]
	}
	ctx := r.Context()
	if post {
		if v1 || len(parts) != 3 || what != "imei-batch" && what != "tac" {
			return nil, errMethod
		}
		return a.batch(ctx, what, r.Body)
	}
	switch {
	case what == "imei" && of != "" && v1:
		return a.imei1(ctx, of, q)
	case what == "imei" && of != "":
		return a.imei2(ctx, of, q)
	case what == "imei/subscribers" && !v1:
		return a.subscribers(ctx, of, q)
	case what == "imei/pairings" && !v1:
		return a.pairings(ctx, of, q)
	case what == "imei/info" && !v1:
		return a.info(ctx, of)
	case what == "tac" && of != "":
		return a.tac(ctx, of)
	case what == "msisdn" && of != "":
		return a.msisdn(ctx, of, v1)
	case what == "imei-batch" && of == "" && !v1, what == "tac" && of == "" && !v1:
		return nil, errMethod
	case of != "":
	case what == "job_metadata":
		return a.jobs(ctx, q, v1)
	case what == "catalog":
		return a.catalog(ctx, q, v1)
	case what == "version":
		return a.version(v1), nil
	}
	return nil, problem.New(problem.NotFound, "there is no such path")
}

// readIMEI reads an identifier of a device as callers write it: up to sixteen characters of the
// alphabet of IMEIs. Of a malformed one, ok is false and only the normal form is known.
func readIMEI(text string) (norm string, m imei.IMEI, ok bool, err error) {
	if text == "" || len(text) > 16 || strings.ContainsFunc(text, func(r rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF*#", r) }) {
		return "", 0, false, problem.New(problem.Invalid, "an IMEI is 1 to 16 characters of 0-9, A-F, * and #")
	}
	norm = stats.NormalForm(text)
	n, err := strconv.ParseUint(norm, 10, 64)
	if len(norm) != 14 || err != nil {
		return norm, 0, false, nil
	}
	return norm, imei.IMEI(n), true, nil
}

// known asks the register for a device. Of a malformed identifier nothing is known.
func (a *API) known(ctx context.Context, text string) (norm string, valid bool, k *Known, err error) {
	norm, m, valid, err := readIMEI(text)
	if err != nil {
		return "", false, nil, err
	}
	if !valid {
		return norm, false, &Known{}, nil
	}
	k, err = a.Registry.Device(ctx, m)
	return norm, valid, k, err
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

// batch answers a list of devices or TACs.
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
	list, name := ask.IMEIs, "imeis"
	if what == "tac" {
		list, name = ask.TACs, "tacs"
	}
	if len(list) < 1 || len(list) > batchMax {
		return nil, problem.New(problem.Invalid, "%s is a list of 1 to %d", name, batchMax)
	}
	results := make([]any, len(list))
	for i, text := range list {
		if what == "tac" {
			results[i], err = a.tac(ctx, text)
		} else {
			results[i], err = a.device2(ctx, text, ask.Registration, ask.Stolen)
		}
		if err != nil {
			return nil, err
		}
	}
	return map[string]any{"results": results}, nil
}
