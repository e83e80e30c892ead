package feed

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// Server is the centre's side.
type Server struct {
	Lists     string // directory of the published files
	Now       func() time.Time
	Directory func() *receipt.Directory
	// Accept takes a segment of an operator and reports whether it was known already.
	Accept func(ctx context.Context, op device.Operator, body []byte) (already bool, err error)
	// Report takes a node's word about its list.
	Report func(ctx context.Context, r device.NodeReport) error
	// Delta makes the delta of a stream from an earlier size to the newest head.
	Delta func(ctx context.Context, stream string, from uint64) (body, manifest []byte, err error)
}

// Handler returns the routes.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /lists/head", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(s.Lists, "head"))
	})
	mux.HandleFunc("GET /lists/{stream}/{file}", s.getFile)
	mux.HandleFunc("GET /lists/{stream}/from/{size}", s.getDelta)
	mux.HandleFunc("POST /v1/observations", s.postObservations)
	mux.HandleFunc("POST /v1/reports", s.postReport)
	return mux
}

// mayRead lets everyone read the national stream and an operator's nodes its own.
func (s *Server) mayRead(r *http.Request, stream string) error {
	if stream == list.National {
		return nil
	}
	node, err := verify(r, nil, s.Now(), s.Directory())
	if err != nil {
		return err
	}
	if org, _, _ := strings.Cut(node, "/"); org != stream {
		return problem.New(problem.Refused, "the stream %s is for that operator's nodes only", stream)
	}
	return nil
}

func (s *Server) getFile(w http.ResponseWriter, r *http.Request) {
	stream, file := r.PathValue("stream"), r.PathValue("file")
	if !plain(stream) || !plain(file) {
		fail(w, problem.New(problem.NotFound, "there is no such file"))
		return
	}
	if err := s.mayRead(r, stream); err != nil {
		fail(w, err)
		return
	}
	http.ServeFile(w, r, filepath.Join(s.Lists, stream, file))
}

// plain reports whether a path element names a file in its directory and nothing else.
func plain(name string) bool {
	return name != "" && name[0] != '.' && !strings.ContainsAny(name, `/\`)
}

func (s *Server) getDelta(w http.ResponseWriter, r *http.Request) {
	stream := r.PathValue("stream")
	if err := s.mayRead(r, stream); err != nil {
		fail(w, err)
		return
	}
	digits, isNote := strings.CutSuffix(r.PathValue("size"), ".note")
	from, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || !plain(stream) {
		fail(w, problem.New(problem.Invalid, "write a ledger size"))
		return
	}
	body, manifest, err := s.Delta(r.Context(), stream, from)
	if err != nil {
		fail(w, err)
		return
	}
	if isNote {
		body = manifest
	}
	w.Write(body)
}

func (s *Server) postObservations(w http.ResponseWriter, r *http.Request) {
	node, body, err := s.signed(w, r, maxBody)
	if err != nil {
		fail(w, err)
		return
	}
	org, _, _ := strings.Cut(node, "/")
	already, err := s.Accept(r.Context(), device.Operator(org), body)
	switch {
	case err != nil:
		fail(w, err)
	case already:
		w.WriteHeader(http.StatusOK)
	default:
		w.WriteHeader(http.StatusCreated)
	}
}

func (s *Server) postReport(w http.ResponseWriter, r *http.Request) {
	node, body, err := s.signed(w, r, maxReport)
	if err != nil {
		fail(w, err)
		return
	}
	report, err := device.Decode[device.NodeReport](body)
	if err != nil || report.Node != node {
		fail(w, problem.New(problem.Invalid, "the report is not one of the node %s: %v", node, err))
		return
	}
	if err := s.Report(r.Context(), report); err != nil {
		fail(w, err)
		return
	}
	w.WriteHeader(http.StatusCreated)
}

func (s *Server) signed(w http.ResponseWriter, r *http.Request, limit int64) (string, []byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		return "", nil, problem.New(problem.Invalid, "the body can not be read, or is longer than %d bytes: %w", limit, err)
	}
	node, err := verify(r, body, s.Now(), s.Directory())
	return node, body, err
}

// statuses maps the kinds of failure to HTTP, once (RFC 9110 §15).
var statuses = map[problem.Kind]int{problem.Invalid: 400, problem.Refused: 403, problem.NotFound: 404,
	problem.Conflict: 409, problem.Busy: 503, problem.Broken: 500}

// fail answers with a problem document (RFC 9457).
func fail(w http.ResponseWriter, err error) {
	status := statuses[problem.Of(err)]
	detail := err.Error()
	if errors.Is(err, context.Canceled) {
		status = 499
	}
	if status == 500 {
		detail = "a fault of ours; it is logged, try again later"
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"status": status, "title": http.StatusText(status), "detail": detail})
}
