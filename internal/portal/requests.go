package portal

import (
	"cmp"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// requests counts what the API answered.
type requests struct {
	mu sync.Mutex // guards by
	by map[request]*spent
}

// request is what requests are counted by. Every field has few values, whatever clients send.
type request struct{ path, method, code string }

type spent struct {
	n    int64
	time time.Duration
}

// apiPaths are the paths that are answered, without what they are asked of.
var apiPaths = []string{"imei", "imei/subscribers", "imei/pairings", "imei/info", "imei-batch", "tac", "msisdn", "job_metadata", "catalog", "version"}

// pathOf names the path of a request without the identifier in it: v2/imei/subscribers.
func pathOf(r *http.Request) string {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(parts) > 3 {
		parts = slices.Delete(parts, 3, 4)
	}
	if len(parts) > 2 && (parts[1] == "v1" || parts[1] == "v2") && slices.Contains(apiPaths, strings.Join(parts[2:], "/")) {
		return strings.Join(parts[1:], "/")
	}
	return "other"
}

func methodOf(r *http.Request) string {
	if slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodPost}, r.Method) {
		return r.Method
	}
	return "other"
}

// note counts a request, and leaves a trace of it: whoever reads subscribers' data is seen to do so.
// The trace names nobody, for it would be a second register of who was asked for.
func (a *API) note(r *http.Request, status int, took time.Duration, err error) {
	key := request{pathOf(r), methodOf(r), strconv.Itoa(status)}
	log := cmp.Or(a.Log, slog.Default())
	if status >= http.StatusInternalServerError {
		log.Error("the API could not answer", "path", key.path, "status", status, "error", err)
	} else {
		log.Info("the API was asked", "path", key.path, "method", key.method, "status", status, "from", r.RemoteAddr, "took", took)
	}
	a.requests.mu.Lock()
	defer a.requests.mu.Unlock()
	if a.requests.by == nil {
		a.requests.by = map[request]*spent{}
	}
	s := a.requests.by[key]
	if s == nil {
		s = new(spent)
		a.requests.by[key] = s
	}
	s.n++
	s.time += took
}

// Metrics measures the requests since the program began.
func (a *API) Metrics() []Metric {
	n := Metric{Name: "openceir_api_requests_total", Help: "Requests to the API, by path, method and status.", Type: "counter"}
	took := Metric{Name: "openceir_api_request_seconds_total", Help: "Time that requests to the API took, by path, method and status.", Type: "counter"}
	a.requests.mu.Lock()
	defer a.requests.mu.Unlock()
	for key, s := range a.requests.by {
		labels := []string{"path", key.path, "method", key.method, "code", key.code}
		n.Samples = append(n.Samples, Sample{labels, float64(s.n)})
		took.Samples = append(took.Samples, Sample{labels, s.time.Seconds()})
	}
	return []Metric{n, took}
}
