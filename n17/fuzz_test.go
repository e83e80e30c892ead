package n17

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/openceir/openceir/imei"
)

// The patterns of TS 29.571 for Pei, as far as they hold an IMEI.
var (
	patternIMEI   = regexp.MustCompile(`^imei-[0-9]{15}$`)
	patternIMEISV = regexp.MustCompile(`^imeisv-[0-9]{16}$`)
)

// FuzzQuery: whatever the query, it is a question whose PEI is one line, or a problem that says
// what to do; and what holds an IMEI is what the standard's own pattern matches.
func FuzzQuery(f *testing.F) {
	for _, s := range []string{
		"pei=imei-350000000000015", "pei=imeisv-3500000000000142&supi=imsi-001010123456789&gpsi=msisdn-12025550143",
		"pei=mac-00-11-22-33-44-55-untrusted", "pei=eui-00-11-22-33-44-55-66-77", "pei=", "pei", "", "&&=&", "pei=a&pei=b",
		"pei=%", "%zz", "pei=%0a", "p%65i=imei%2D350000000000015", "pei=x&supported-features=fG", "pei=imei-35000000000001\x00",
		"pei=imei-٣50000000000015",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if len(raw) > maxQuery {
			return
		}
		q, p := parseQuery(raw)
		if p != nil {
			if p.Status != 400 || p.Cause == "" || p.Detail == "" {
				t.Fatalf("%q: %+v", raw, p)
			}
			return
		}
		r := q.request()
		if !line(r.PEI) || r.PEI != q.pei {
			t.Fatalf("%q: %+v", raw, r)
		}
		if want := patternIMEI.MatchString(r.PEI) || patternIMEISV.MatchString(r.PEI); want != r.Identified {
			t.Fatalf("%q: identified %v", r.PEI, r.Identified)
		}
		if _, digits, _ := strings.Cut(r.PEI, "-"); r.Identified && (digits[:14] != r.IMEI.String() || (r.SVN != imei.NoSVN) != (len(digits) == 16)) {
			t.Fatalf("%q: %+v", r.PEI, r)
		}
		// Where the standard library reads one value without error, we read the same, plus signs apart.
		if v, err := url.ParseQuery(raw); err == nil && !strings.Contains(raw, "+") && v.Get("pei") != r.PEI {
			t.Fatalf("%q: %q, want %q", raw, r.PEI, v.Get("pei"))
		}
	})
}

// FuzzServe: whatever the path, the query and the headers, there is one answer, of a status the
// API has, in JSON.
func FuzzServe(f *testing.F) {
	f.Add("GET", Resource, "pei=imei-350000000000015", "*/*")
	f.Add("POST", "/", "", "text/html;q=0")
	f.Fuzz(func(t *testing.T, method, path, query, accept string) {
		s := Server{Handler: byDigit}
		r := &http.Request{Method: method, URL: &url.URL{Path: path, RawQuery: query}, Header: http.Header{"Accept": {accept}}}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		switch w.Code {
		case 200, 400, 404, 405, 406, 414, 500, 503:
		default:
			t.Fatalf("status %d", w.Code)
		}
		if !strings.HasPrefix(w.Header().Get("Content-Type"), "application/") || w.Body.Len() == 0 {
			t.Fatalf("%v %s", w.Header(), w.Body)
		}
	})
}

// FuzzVerdict: our Client reads whatever a 5G-EIR answers without harm.
func FuzzVerdict(f *testing.F) {
	f.Add(200, []byte(`{"status":"GREYLISTED"}`))
	f.Add(404, []byte(`{"cause":"ERROR_EQUIPMENT_UNKNOWN"}`))
	f.Fuzz(func(t *testing.T, code int, body []byte) {
		if a, err := verdict(code, body); err == nil && a > Unknown {
			t.Fatalf("%v", a)
		}
	})
}
