package portal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

var (
	famous = imei.New(35_904_222, 514_492)
	broken = imei.New(35_904_222, 1)
)

// registryOf knows one device.
type registryOf struct{ stolen bool }

func (r *registryOf) Devices(_ context.Context, asked []Identifier) (out []Known, err error) {
	for _, a := range asked {
		k, err := r.device(a.IMEI, a.Text)
		if err != nil {
			return nil, err
		}
		out = append(out, *k)
	}
	return out, nil
}

func (r *registryOf) device(m imei.IMEI, text string) (*Known, error) {
	if text == "3A" {
		return &Known{Conditions: []Met{{"stolen", true, false}, {"malformed", false, true}}, First: device.Date(2026, 6, 3), Seen: []Use{{0, 999_000_000_003, device.Date(2026, 6, 3)}}}, nil
	}
	k := &Known{Conditions: []Met{{"stolen", true, r.stolen && m == famous}, {"roamer", false, true}}}
	switch m {
	case broken:
		return nil, errors.New("the disk is gone: /secret/path")
	case famous:
		k.First, k.ModelKnown = device.Date(2026, 6, 1), true
		if r.stolen {
			k.Block = device.Date(2026, 7, 1)
			k.Stolen = &device.Stolen{IMEI: m, Reported: device.Date(2026, 6, 20)}
		}
		for i := range 25 {
			k.Seen = append(k.Seen, Use{subscriber.IMSI(1_010_000_000_000 + uint64(i/2)), subscriber.MSISDN(999_000_000_000 + uint64(i)), device.Date(2026, 6, 1+i)})
		}
		k.Pairings = []device.Pairing{{IMEI: m, IMSI: 1_010_000_000_003, MSISDN: 999_000_000_007}, {IMEI: m, IMSI: 1_010_000_009_999, MSISDN: 999_000_000_009}}
		k.Registration = &device.Registration{IMEI: m, Make: "Nokla", Model: "3", Status: "pending", BrandName: "N", DeviceID: "d1"}
	}
	return k, nil
}

func (*registryOf) Siblings(_ context.Context, id string) ([]imei.IMEI, error) {
	if id != "d1" {
		return nil, errors.New("nobody asked for that device")
	}
	return []imei.IMEI{famous, imei.New(35_904_222, 514_493)}, nil
}

func (*registryOf) Model(_ context.Context, tac imei.TAC) (device.TAC, bool, error) {
	return device.TAC{TAC: tac, Manufacturer: "Nokla", Model: "3", DeviceType: "Smartphone", Bands: "LTE", Allocated: device.Date(2019, 1, 2),
		Other: `{"Marketing Name":"N3","NFC":"Yes"}`}, tac == famous.TAC(), nil
}

func (*registryOf) Number(_ context.Context, n subscriber.MSISDN) ([]NumberUse, error) {
	if n != 999_000_000_001 {
		return nil, nil
	}
	return []NumberUse{{IMEI: famous, IMSI: 1_010_000_000_000, Last: device.Date(2026, 6, 2), Model: device.TAC{TAC: famous.TAC(), Manufacturer: "Nokla", Model: "3", Other: `{"Brand Name":"N"}`},
		Registration: &device.Registration{Make: "Nokla"}}, {IMEI: imei.New(99, 1), Last: device.Date(2026, 6, 3)}}, nil
}

func (*registryOf) Runs(context.Context) ([]Run, error) {
	var out []Run
	for i := range 30 {
		kind := device.FileOperator
		if i%3 == 0 {
			kind = device.FileStolen
		}
		out = append(out, Run{ID: uint64(i + 1), Time: time.Date(2026, 6, 1+i, 12, 0, 0, 0, time.UTC), File: &device.File{Digest: strings.Repeat("ab", 32), Kind: kind, Name: fmt.Sprint("file", i), Rows: 7, Added: device.Date(2026, 6, 30)}})
	}
	at := time.Date(2026, 7, 1, 6, 0, 0, 0, time.UTC)
	return append(out, Run{ID: 31, Time: at, Found: map[string]int64{"stolen": 7}},
		Run{ID: 32, Time: at, Lists: &device.ListRun{Day: device.Date(2026, 6, 30), Base: -1, Files: make([]device.ListFile, 5)}}), nil
}

const token = "a token of sixteen or more"

func ask(r *registryOf, method, target, auth, body string) *httptest.ResponseRecorder {
	a := &API{Registry: r, Token: func() (string, error) { return token, nil }, Version: "test", Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	w, q := httptest.NewRecorder(), httptest.NewRequest(method, "/", strings.NewReader(body))
	path, query, _ := strings.Cut(target, "?")
	q.URL = &url.URL{Path: path, RawQuery: query} // as written: what no client would send must be answered too
	if auth != "" {
		q.Header.Set("Authorization", auth)
	}
	a.ServeHTTP(w, q)
	return w
}

// The answers are those that were looked at and kept: the names are what clients read.
func TestAnswers(t *testing.T) {
	var out bytes.Buffer
	for _, target := range []string{
		"/api/v1/imei/359042225144926?include_seen_with=true&include_paired_with=1", "/api/v1/imei/3A", "/api/v1/tac/35904222", "/api/v1/tac/00000000",
		"/api/v1/msisdn/999000000001", "/api/v1/job_metadata?max_results=1", "/api/v1/catalog?max_results=1", "/api/v1/version",
		"/api/v2/imei/35904222514492?include_registration_status=true&include_stolen_status=true", "/api/v2/imei/35904222514492", "/api/v2/imei/99999999999999",
		"/api/v2/imei/35904222514492/subscribers?limit=2&offset=3&order=DESC", "/api/v2/imei/35904222514492/subscribers?offset=9007199254740992",
		"/api/v2/imei/35904222514492/pairings", "/api/v2/imei/35904222514492/pairings?order=DESC&limit=1", "/api/v2/imei/3a", "/api/v2/imei/3A/subscribers", "/api/v2/imei/35904222514492/info", "/api/v2/imei/99999999999999/info",
		"/api/v2/imei/99999999999999/subscribers", "/api/v2/tac/35904222", "/api/v2/msisdn/999000000001", "/api/v2/msisdn/999000000002",
		"/api/v2/job_metadata?limit=1&subcommand=stolen_list&show_details=false", "/api/v2/job_metadata?command=dirbs-listgen&command=dirbs-classify", "/api/v2/job_metadata?status=error", "/api/v2/job_metadata?run_id=3&run_id=31&order=DESC",
		"/api/v2/catalog?cataloged_since=20260630&file_type=operator", "/api/v2/catalog?is_valid_zip=false", "/api/v2/catalog?limit=1&offset=29", "/api/v2/version",
	} {
		w := ask(&registryOf{stolen: true}, "GET", target, "Bearer "+token, "")
		fmt.Fprintf(&out, "GET %s\n%d\n", target, w.Code)
		if err := json.Indent(&out, w.Body.Bytes(), "", "  "); err != nil {
			t.Fatalf("%s: %v: %s", target, err, w.Body)
		}
	}
	for _, post := range [][2]string{{"/api/v2/imei-batch", `{"imeis":["35904222514492","3A"],"include_stolen_status":true}`}, {"/api/v2/tac", `{"tacs":["35904222"]}`}} {
		w := ask(&registryOf{}, "POST", post[0], "bearer "+token, post[1])
		fmt.Fprintf(&out, "POST %s %s\n%d\n", post[0], post[1], w.Code)
		json.Indent(&out, w.Body.Bytes(), "", "  ")
	}
	path := filepath.Join("testdata", "answers.txt")
	if *update {
		if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), want) {
		t.Errorf("the answers are not those that were kept; run with -update if that is meant:\n%s", out.Bytes())
	}
}

// What is malformed, too much or not there is refused with a reason, and nothing of a fault's inside
// comes out.
func TestRefusals(t *testing.T) {
	many := `{"imeis":[` + strings.Repeat(`"1",`, 1000) + `"1"]}`
	for _, c := range []struct {
		method, target, body string
		code                 int
		says                 string
	}{
		{"GET", "/api/v2/imei/12345'", "", 400, "0-9, A-F"},
		{"GET", "/api/v2/imei/1;DROP TABLE x", "", 400, "0-9, A-F"},
		{"GET", "/api/v2/imei/12345678901234567", "", 400, "1 to 16"},
		{"GET", "/api/v2/imei/" + strings.Repeat("9", 10_000), "", 400, "1 to 16"},
		{"GET", "/api/v2/imei/../../etc/passwd", "", 404, "no such path"},
		{"GET", "/api/v2/imei/3590422251449\x00", "", 400, "0-9, A-F"},
		{"GET", "/api/v2/imei/", "", 404, "no such path"},
		{"GET", "/api/v2/imei", "", 404, "no such path"},
		{"GET", "/api/v2/imei/35904222514492?include_stolen_status=maybe", "", 400, "true or false"},
		{"GET", "/api/v2/imei/35904222514492?%zz", "", 400, "query"},
		{"GET", "/api/v2/imei/35904222514492/subscribers?offset=-1", "", 400, "offset"},
		{"GET", "/api/v2/imei/35904222514492/subscribers?offset=99999999999999999999", "", 400, "offset"},
		{"GET", "/api/v2/imei/35904222514492/subscribers?offset=1e3", "", 400, "offset"},
		{"GET", "/api/v2/imei/35904222514492/subscribers?limit=0", "", 400, "limit"},
		{"GET", "/api/v2/imei/35904222514492/subscribers?limit=1001", "", 400, "limit"},
		{"GET", "/api/v2/imei/35904222514492/subscribers?order=imsi--", "", 400, "ASC or DESC"},
		{"GET", "/api/v2/imei/35904222514492/owners", "", 404, "no such path"},
		{"GET", "/api/v2/imei/35904222514492/info/more", "", 404, "no such path"},
		{"GET", "/api/v1/imei/35904222514492/info", "", 404, "no such path"},
		{"GET", "/api/v3/version", "", 404, "no such path"},
		{"GET", "/api/v2/tac/3590422", "", 400, "eight digits"},
		{"GET", "/api/v2/tac/+3590422", "", 400, "eight digits"},
		{"GET", "/api/v2/tac/359042a2", "", 400, "eight digits"},
		{"GET", "/api/v2/msisdn/0' OR 1", "", 400, "MSISDN"},
		{"GET", "/api/v2/msisdn/1234567890123456", "", 400, "MSISDN"},
		{"GET", "/api/v2/job_metadata?run_id=x", "", 400, "run_id"},
		{"GET", "/api/v2/job_metadata?run_id=+3", "", 400, "run_id"},
		{"GET", "/api/v2/job_metadata?command=rm", "", 400, "dirbs-import"},
		{"GET", "/api/v2/job_metadata?status=asleep", "", 400, "running, success, error"},
		{"GET", "/api/v1/catalog?max_results=-4", "", 400, "max_results"},
		{"GET", "/api/v2/catalog?file_type=nonsense", "", 400, "golden_list"},
		{"GET", "/api/v2/catalog?modified_since=2026-06-30", "", 400, "YYYYMMDD"},
		{"GET", "/api/v2/catalog?is_valid_zip=perhaps", "", 400, "true or false"},
		{"OPTIONS", "/api/v2/imei/35904222514492", "", 405, "GET, HEAD"},
		{"GET", "/api/v2/imei-batch", "", 405, "answered to"},
		{"GET", "/api/v2/tac", "", 405, "answered to"},
		{"DELETE", "/api/v2/imei/35904222514492", "", 405, "answered to"},
		{"POST", "/api/v2/imei/35904222514492", "{}", 405, "answered to"},
		{"POST", "/api/v1/imei-batch", "{}", 405, "answered to"},
		{"POST", "/api/v2/imei-batch", "", 400, "JSON"},
		{"POST", "/api/v2/imei-batch", "{}", 400, "1 to 1000"},
		{"POST", "/api/v2/imei-batch", many, 400, "1 to 1000"},
		{"POST", "/api/v2/imei-batch", `{"imeis":["12'"]}`, 400, "0-9, A-F"},
		{"POST", "/api/v2/imei-batch", `{"imeis":[12]}`, 400, "JSON"},
		{"POST", "/api/v2/tac", strings.Repeat(" ", 1<<20), 400, "bytes"},
		{"GET", fmt.Sprintf("/api/v2/imei/%s", broken), "", 503, "can not be read"},
	} {
		w := ask(&registryOf{}, c.method, c.target, "Bearer "+token, c.body)
		var body struct {
			Type, Title, Detail string
			Status              int
		}
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != c.code || body.Status != c.code || body.Title == "" ||
			!strings.Contains(body.Detail, c.says) || w.Header().Get("Content-Type") != "application/problem+json" || (w.Code == 405) != (w.Header().Get("Allow") != "") {
			t.Errorf("%s %.60q: %d %q, want %d and %q", c.method, c.target, w.Code, body.Detail, c.code, c.says)
		}
		if strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s %.60q tells of our inside: %s", c.method, c.target, w.Body)
		}
	}
}

// Without a token in the configuration nothing is answered, and without it in the request neither.
func TestNoTokenNoAnswer(t *testing.T) {
	for _, auth := range []string{"", "Bearer", "Bearer ", "Bearer wrong", token, "Basic " + token, "Bearer " + token + "x"} {
		w := ask(&registryOf{}, "GET", "/api/v2/imei/35904222514492", auth, "")
		if w.Code != 401 || w.Header().Get("WWW-Authenticate") == "" || strings.Contains(w.Body.String(), "imei_norm") {
			t.Errorf("%q: %d %s", auth, w.Code, w.Body)
		}
	}
	for _, auth := range []string{"", "Bearer ", "Bearer " + token} {
		a := &API{Registry: &registryOf{}, Token: func() (string, error) { return "", nil }, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/api/v2/version", nil)
		r.Header.Set("Authorization", auth)
		if a.ServeHTTP(w, r); w.Code != 403 || !strings.Contains(w.Body.String(), "api_token_file") {
			t.Errorf("closed, %q: %d %s", auth, w.Code, w.Body)
		}
	}
	a := &API{Registry: &registryOf{}, Token: func() (string, error) { return "", errors.New("no such file /secret") }, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	w := httptest.NewRecorder()
	if a.ServeHTTP(w, httptest.NewRequest("GET", "/api/v2/version", nil)); w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("a token that can not be read: %d %s", w.Code, w.Body)
	}
}

// An answer is what the register says now: nothing is kept between two requests.
func TestAnswersAreFresh(t *testing.T) {
	r := new(registryOf)
	const target = "/api/v2/imei/35904222514492?include_stolen_status=true"
	if w := ask(r, "GET", target, "Bearer "+token, ""); !strings.Contains(w.Body.String(), `"provisional_only":null`) {
		t.Fatalf("not stolen yet: %s", w.Body)
	}
	r.stolen = true
	w := ask(r, "GET", target, "Bearer "+token, "")
	if !strings.Contains(w.Body.String(), `"provisional_only":false`) || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("stolen since: %s %v", w.Body, w.Header())
	}
}

// Every request leaves a trace and is counted, and neither tells whom it was about. Whatever clients
// send, there are few things to count by.
func TestTraces(t *testing.T) {
	var log bytes.Buffer
	a := &API{Registry: &registryOf{}, Token: func() (string, error) { return token, nil }, Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil))}
	asked := []string{"/api/v2/imei/35904222514492/subscribers", "/api/v2/imei/359042225144926", "/api/v1/msisdn/999000000001", "/api/v2/35904222514492",
		"/api/v2/imei/x/35904222514492", "/api/35904222514492/imei", "/api/v2/imei/359042225144926?include_stolen_status=35904222514492"}
	for _, target := range asked {
		r := httptest.NewRequest("GET", target, nil)
		r.RemoteAddr = "[::1]:9"
		r.Header.Set("Authorization", "Bearer "+token)
		a.ServeHTTP(httptest.NewRecorder(), r)
	}
	if text := log.String(); strings.Count(text, "\n") != len(asked) || strings.Contains(text, "35904222") || strings.Contains(text, "99900") || !strings.Contains(text, "path=v2/imei/subscribers") {
		t.Errorf("the traces are\n%s", text)
	}
	text := string(exposition(a.Metrics()))
	if strings.Contains(text, "35904222") || strings.Contains(text, "99900") {
		t.Errorf("the metrics name somebody:\n%s", text)
	}
	for _, want := range []string{`{path="v2/imei",method="GET",code="200"} 1`, `{path="v2/imei",method="GET",code="400"} 1`, `{path="other",method="GET",code="404"} 3`} {
		if !strings.Contains(text, "openceir_api_requests_total"+want+"\n") {
			t.Errorf("%s is not among\n%s", want, text)
		}
	}
}

func TestExposition(t *testing.T) {
	got := string(exposition([]Metric{
		{"b", "Two\nlines.", "gauge", []Sample{{[]string{"operator", `a"b\c` + "\n"}, 1.5}, {[]string{"operator", "A", "kind", "x"}, 2}}},
		{"a", "One.", "counter", []Sample{{Value: 12345678}}},
	}))
	const want = "# HELP a One.\n# TYPE a counter\na 1.2345678e+07\n# HELP b Two\\nlines.\n# TYPE b gauge\nb{operator=\"A\",kind=\"x\"} 2\nb{operator=\"a\\\"b\\\\c\\n\"} 1.5\n"
	if got != want {
		t.Errorf("the exposition is\n%s\nwant\n%s", got, want)
	}
	w := httptest.NewRecorder()
	(&Metrics{Gather: func(context.Context) ([]Metric, error) { return nil, errors.New("gone") }}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 503 {
		t.Errorf("a register that can not be read is answered %d", w.Code)
	}
}

// FuzzAPI throws paths, queries and bodies at the API: it answers JSON with a status, whatever comes.
func FuzzAPI(f *testing.F) {
	f.Add("GET", "/api/v2/imei/35904222514492/subscribers", "offset=3&limit=2", "")
	f.Add("POST", "/api/v2/imei-batch", "", `{"imeis":["35904222514492"]}`)
	f.Add("GET", "/api/v1/job_metadata", "max_results=3", "")
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", strings.NewReader(body))
		r.Method, r.URL = method, &url.URL{Path: path, RawQuery: query}
		r.Header.Set("Authorization", "Bearer "+token)
		(&API{Registry: new(registryOf), Token: func() (string, error) { return token, nil }, Now: time.Now, Log: slog.New(slog.DiscardHandler)}).ServeHTTP(w, r)
		if method != "HEAD" && !json.Valid(w.Body.Bytes()) || w.Code < 200 || w.Code > 503 {
			t.Fatalf("%s %q ? %q: %d %q", method, path, query, w.Code, w.Body)
		}
	})
}
