package n17

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/subscriber"
)

// byDigit answers by the last of the fourteen digits: the answer of that number, white above.
// What holds no IMEI is allowed, as in the permissive mode.
var byDigit = HandlerFunc(func(r Request) Answer {
	if a := Answer(r.IMEI % 10); r.Identified && a < answers {
		return a
	}
	return Allowed
})

// start serves on a port of its own until the test ends.
func start(t testing.TB, s *Server) (address string) {
	t.Helper()
	if s.Handler == nil {
		s.Handler = byDigit
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return ln.Addr().String()
}

// TestAnswers holds every answer of the API, word for word in status, type and cause.
func TestAnswers(t *testing.T) {
	const base = Resource + "?pei="
	s := Server{Handler: byDigit, Instance: "8d3c3e5a"}
	for _, tt := range []struct {
		name, method, target, accept string
		status                       int
		body                         string // of a 200
		cause, param                 string
	}{
		{"permitted", "GET", base + "imei-350000000000007", "", 200, `{"status":"WHITELISTED"}`, "", ""},
		{"prohibited", "GET", base + "imei-350000000000015", "", 200, `{"status":"BLACKLISTED"}`, "", ""},
		{"tracked", "GET", base + "imeisv-3500000000000242", "", 200, `{"status":"GREYLISTED"}`, "", ""},
		{"check digit 0", "GET", base + "imei-350000000000010", "", 200, `{"status":"BLACKLISTED"}`, "", ""},
		{"unknown", "GET", base + "imei-350000000000031", "", 404, "", CauseEquipmentUnknown, ""},
		{"handler finds the pei invalid", "GET", base + "imei-350000000000049", "", 400, "", CauseParamIncorrect, "pei"},
		{"handler is unable", "GET", base + "imei-350000000000056", "", 500, "", CauseSystemFailure, ""},
		{"handler is busy", "GET", base + "imei-350000000000064", "", 503, "", CauseCongestion, ""},
		{"all parameters", "GET", base + "imei-350000000000015&supi=imsi-001010000000000&gpsi=msisdn-442079460123&supported-features=1f&new=1", "", 200, `{"status":"BLACKLISTED"}`, "", ""},
		{"escaped", "GET", Resource + "?p%65i=imei%2D350000000000015", "", 200, `{"status":"BLACKLISTED"}`, "", ""},
		{"accepted", "GET", base + "imei-350000000000015", "text/html, application/JSON;q=0.5", 200, `{"status":"BLACKLISTED"}`, "", ""},

		// No error of form: the schema ends in "anything else".
		{"MAC address", "GET", base + "mac-00-11-22-33-44-55-untrusted", "", 200, `{"status":"WHITELISTED"}`, "", ""},
		{"EUI-64", "GET", base + "eui-00-11-22-33-44-55-66-77", "", 200, `{"status":"WHITELISTED"}`, "", ""},
		{"form to come", "GET", base + "xyz-1", "", 200, `{"status":"WHITELISTED"}`, "", ""},
		{"IMEI of 14 digits", "GET", base + "imei-35000000000001", "", 200, `{"status":"WHITELISTED"}`, "", ""},
		{"nonsense supi", "GET", base + "imei-350000000000015&supi=imsi-x", "", 200, `{"status":"BLACKLISTED"}`, "", ""},

		{"pei missing", "GET", Resource, "", 400, "", CauseParamMissing, "pei"},
		{"pei missing, others there", "GET", Resource + "?supi=imsi-001010000000000&PEI=imei-1", "", 400, "", CauseParamMissing, "pei"},
		{"pei empty", "GET", base, "", 400, "", CauseParamIncorrect, "pei"},
		{"pei without value", "GET", Resource + "?pei", "", 400, "", CauseParamIncorrect, "pei"},
		{"pei twice", "GET", base + "imei-350000000000015&pei=imei-350000000000007", "", 400, "", CauseParamIncorrect, "pei"},
		{"pei of two lines", "GET", base + "imei-350000000000015%0A", "", 400, "", CauseParamIncorrect, "pei"},
		{"pei badly escaped", "GET", base + "imei-35000000000001%5", "", 400, "", CauseParamIncorrect, "pei"},
		{"name badly escaped", "GET", Resource + "?%zz=1", "", 400, "", CauseBadSyntax, ""},
		{"supi empty", "GET", base + "imei-350000000000015&supi=", "", 400, "", CauseOptionIncorrect, "supi"},
		{"gpsi empty", "GET", base + "imei-350000000000015&gpsi=", "", 400, "", CauseOptionIncorrect, "gpsi"},
		{"features not hexadecimal", "GET", base + "imei-350000000000015&supported-features=1g", "", 400, "", CauseOptionIncorrect, "supported-features"},
		{"query too long", "GET", base + strings.Repeat("1", maxQuery), "", 414, "", "", ""},
		{"not acceptable", "GET", base + "imei-350000000000015", "text/html", 406, "", "", ""},
		{"other method", "POST", base + "imei-350000000000015", "", 405, "", "", ""},
		{"method HEAD", "HEAD", base + "imei-350000000000015", "", 405, "", "", ""},
		{"other resource", "GET", "/n5g-eir-eic/v1/equipment", "", 404, "", CauseNoResource, ""},
		{"resource below", "GET", Resource + "/x?pei=imei-350000000000015", "", 404, "", CauseNoResource, ""},
		{"other path", "GET", "/", "", 404, "", CauseNoResource, ""},
		{"other version", "GET", "/n5g-eir-eic/v2/equipment-status?pei=imei-350000000000015", "", 400, "", CauseInvalidAPI, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, tt.target, nil)
			if tt.accept != "" {
				r.Header.Set("Accept", tt.accept)
			}
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != tt.status {
				t.Fatalf("status %d, want %d: %s", w.Code, tt.status, w.Body)
			}
			if tt.status == 200 {
				if w.Body.String() != tt.body || w.Header().Get("Content-Type") != "application/json" {
					t.Errorf("answered %s %s", w.Header().Get("Content-Type"), w.Body)
				}
				return
			}
			var p Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
				t.Fatal(err)
			}
			if p.Status != tt.status || p.Cause != tt.cause || p.Title == "" || p.Detail == "" {
				t.Errorf("problem %+v", p)
			}
			if tt.param != "" && (len(p.InvalidParams) != 1 || p.InvalidParams[0].Param != tt.param || p.InvalidParams[0].Reason == "") {
				t.Errorf("invalidParams %+v", p.InvalidParams)
			}
			h := w.Header()
			if h.Get("Content-Type") != "application/problem+json" || h.Get("Server") != "5G_EIR-8d3c3e5a" {
				t.Errorf("headers %v", h)
			}
			if tt.status == 405 && h.Get("Allow") != "GET" || tt.status == 503 && h.Get("Retry-After") == "" {
				t.Errorf("headers %v", h)
			}
		})
	}
}

// TestRequest holds what reaches the Handler.
func TestRequest(t *testing.T) {
	var got Request
	s := Server{Prefix: "/root", Handler: HandlerFunc(func(r Request) Answer { got = r; return Allowed })}
	for _, tt := range []struct {
		query string
		want  Request
	}{
		{"pei=imei-001017001234569", Request{IMEI: 101700123456, Identified: true, SVN: imei.NoSVN, PEI: "imei-001017001234569"}},
		{"pei=imeisv-0010170012345601&supi=imsi-001010123456789&gpsi=msisdn-12025550143",
			Request{IMEI: 101700123456, Identified: true, SVN: 1, PEI: "imeisv-0010170012345601", IMSI: 1010123456789, MSISDN: 12025550143}},
		{"pei=imei-1&supi=nai-a%2Bb@c&gpsi=extid-a@b", Request{SVN: imei.NoSVN, PEI: "imei-1"}},
		{"pei=a+b&supi=imsi-1", Request{SVN: imei.NoSVN, PEI: "a+b"}},
		{"pei=mac-00-11-22-33-44-55", Request{SVN: imei.NoSVN, PEI: "mac-00-11-22-33-44-55"}},
	} {
		r := httptest.NewRequest("GET", "/root"+Resource+"?"+tt.query, nil)
		r.Header.Set("User-Agent", "AMF-1")
		tt.want.Peer, tt.want.Agent = r.RemoteAddr, "AMF-1"
		w := httptest.NewRecorder()
		if s.ServeHTTP(w, r); w.Code != 200 || got != tt.want {
			t.Errorf("%s: %d\n got %+v\nwant %+v", tt.query, w.Code, got, tt.want)
		}
	}
}

func TestPanic(t *testing.T) {
	s := Server{Handler: HandlerFunc(func(r Request) Answer {
		if r.IMEI%2 == 0 {
			panic("a mistake in the table")
		}
		return 99
	})}
	for _, pei := range []string{"imei-000000000000000", "imei-000000000000018"} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", Resource+"?pei="+pei, nil))
		if w.Code != 200 || w.Body.String() != `{"status":"WHITELISTED"}` {
			t.Errorf("%s: answered %d %s", pei, w.Code, w.Body)
		}
	}
	if n := s.Stats.Panics.Load(); n != 2 || s.Stats.Answered(Allowed) != 2 {
		t.Errorf("%d panics counted", n)
	}
}

func TestLate(t *testing.T) {
	sent := time.Date(2019, 8, 4, 8, 49, 37, 845e6, time.UTC)
	for _, tt := range []struct {
		name, timestamp, wait string
		refuse                bool
		after                 time.Duration
		status                int
	}{
		{"in time", "Sun, 04 Aug 2019 08:49:37.845 GMT", "500", true, 500 * time.Millisecond, 200},
		{"late", "Sun, 04 Aug 2019 08:49:37.845 GMT", "500", true, 501 * time.Millisecond, 504},
		{"late, not looked at", "Sun, 04 Aug 2019 08:49:37.845 GMT", "500", false, time.Hour, 200},
		{"no wait", "Sun, 04 Aug 2019 08:49:37.845 GMT", "", true, time.Hour, 200},
		{"nonsense", "yesterday", "500", true, time.Hour, 200},
	} {
		s := Server{Handler: byDigit, RefuseLate: tt.refuse, Now: func() time.Time { return sent.Add(tt.after) }}
		r := httptest.NewRequest("GET", Resource+"?pei=imei-000000000000000", nil)
		r.Header.Set("3gpp-Sbi-Sender-Timestamp", tt.timestamp)
		r.Header.Set("3gpp-Sbi-Max-Rsp-Time", tt.wait)
		w := httptest.NewRecorder()
		if s.ServeHTTP(w, r); w.Code != tt.status {
			t.Errorf("%s: status %d, want %d", tt.name, w.Code, tt.status)
		}
	}
}

// TestClient asks over HTTP/2 in the clear, from many goroutines.
func TestClient(t *testing.T) {
	var s Server
	c := NewClient("http://"+start(t, &s)+"/", nil)
	defer c.Close()
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			for i := range 50 {
				m := imei.IMEI(35_000_000_000_000 + g*50 + i)
				a, err := c.Check(context.Background(), Query{IMEI: m, SVN: imei.NoSVN, IMSI: 1010123456789, MSISDN: 12025550143})
				want := Answer(m % 10)
				var p *Problem
				switch {
				case want == Invalid || want == Unable || want == Busy:
					if !errors.As(err, &p) || p.Cause == "" {
						t.Errorf("%v: %v, %v", m, a, err)
					}
				case want > Busy && (a != Allowed || err != nil), want <= Unknown && (a != want || err != nil):
					t.Errorf("%v: %v, %v", m, a, err)
				}
			}
		})
	}
	wg.Wait()
	for _, q := range []struct {
		query Query
		want  Answer
	}{
		{Query{IMEI: 35000000000002, SVN: 0}, Tracked},
		{Query{PEI: "imeisv-3500000000000142"}, Prohibited},
		{Query{PEI: "x y+z&pei="}, Allowed},
	} {
		if a, err := c.Check(context.Background(), q.query); a != q.want || err != nil {
			t.Errorf("%+v: %v, %v", q.query, a, err)
		}
	}
	if n := s.Stats.Checks.Load(); n != 803 {
		t.Errorf("%d checks counted", n)
	}
}

func TestVerdict(t *testing.T) {
	for _, tt := range []struct {
		code   int
		body   string
		answer Answer
		text   string
	}{
		{200, `{"status":"GREYLISTED","more":1}`, Tracked, ""},
		{200, `{"status":"grey"}`, 0, "does not have"},
		{200, `grey`, 0, "reading"},
		{404, `{"status":404,"cause":"ERROR_EQUIPMENT_UNKNOWN"}`, Unknown, ""},
		{404, `{"status":404,"cause":"RESOURCE_URI_STRUCTURE_NOT_FOUND"}`, 0, "answered 404 RESOURCE"},
		{404, `page not found`, 0, "answered 404"},
		{502, ``, 0, "answered 502"},
	} {
		a, err := verdict(tt.code, []byte(tt.body))
		if a != tt.answer || (err == nil) != (tt.text == "") || err != nil && !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%d %s: %v, %v", tt.code, tt.body, a, err)
		}
	}
}

func BenchmarkServeHTTP(b *testing.B) {
	s := Server{Handler: byDigit}
	r := httptest.NewRequest("GET", Resource+"?pei=imei-350000000000015&supi=imsi-001010000000000", nil)
	b.ReportAllocs()
	for b.Loop() {
		w := discard{http.Header{}}
		s.ServeHTTP(w, r)
	}
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return io.Discard.Write(b) }
func (d discard) WriteHeader(int)             {}

func BenchmarkCheck(b *testing.B) {
	for _, callers := range []int{1, 32} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			s := Server{Handler: HandlerFunc(func(r Request) Answer { return Answer(r.IMEI % 3) })}
			c := NewClient("http://"+start(b, &s), nil)
			defer c.Close()
			b.ReportAllocs()
			b.ResetTimer()
			var wg sync.WaitGroup
			for g := range callers {
				wg.Go(func() {
					for i := g; i < b.N; i += callers {
						if _, err := c.Check(context.Background(), Query{IMEI: imei.IMEI(i), SVN: imei.NoSVN, IMSI: subscriber.IMSI(1010000000000)}); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
		})
	}
}
