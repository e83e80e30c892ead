package portal

import (
	"context"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/list"
)

var (
	refused = imei.New(35904222, 514492)
	watched = imei.New(35904222, 514493)
)

func portal(fail error) *Portal {
	return &Portal{
		Status: func(context.Context) (*Status, error) {
			return &Status{Log: `log "<b>`, Proposals: []Proposal{{Digest: strings.Repeat("ab", 32), Kind: "measure", Text: `<script>alert(1)</script>`}}}, fail
		},
		Check: func(m imei.IMEI) list.Answer {
			switch m {
			case refused:
				return list.Answer{Status: list.Prohibited, Line: list.Line{Class: list.Listed, Ground: list.Stolen, Act: 17}}
			case watched:
				return list.Answer{Status: list.Tracked}
			}
			return list.Answer{Status: list.Allowed}
		},
	}
}

func get(t *testing.T, p *Portal, target string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest("GET", target, nil))
	return w
}

// The answer tells whether a device is refused, and nothing else of it: not why, not by which act,
// and of two devices that are not refused it says the same, known or not.
func TestPublicAnswer(t *testing.T) {
	ask := func(m imei.IMEI) string {
		body := get(t, portal(nil), "/?identifier="+url.QueryEscape(m.WithCheck())).Body.String()
		_, rest, ok := strings.Cut(body, `role="status">`)
		if !ok {
			t.Fatalf("no answer on the page for %s", m)
		}
		answer, _, _ := strings.Cut(rest, "</p>")
		if strings.Contains(body, "stolen") || strings.Contains(answer, "17") {
			t.Errorf("the page for %s tells the ground or the act", m)
		}
		return answer
	}
	if a := ask(refused); !strings.HasPrefix(a, "Prohibited") {
		t.Errorf("a refused device: %q", a)
	}
	if a := ask(watched); !strings.HasPrefix(a, "Tracked") {
		t.Errorf("a tracked device: %q", a)
	}
	used, unused := ask(imei.New(35904222, 1)), ask(imei.New(99123456, 654321))
	if used != unused {
		t.Errorf("two devices that are not refused get different answers: %q and %q", used, unused)
	}
}

// Pages carry a policy under which nothing foreign and nothing inline runs, and what people wrote
// is text.
func TestPageIsInert(t *testing.T) {
	w := get(t, portal(nil), "/?identifier="+url.QueryEscape(`"><script>alert(2)</script>`))
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
		t.Errorf("the policy is %q", csp)
	}
	if body := w.Body.String(); strings.Contains(body, "<script>") || strings.Contains(body, "<b>") {
		t.Error("the page holds markup that somebody typed")
	}
	if long := get(t, portal(nil), "/?identifier="+strings.Repeat("9", 4000)); long.Code != 200 || strings.Contains(long.Body.String(), strings.Repeat("9", 300)) {
		t.Errorf("a long identifier is answered %d, or shown whole", long.Code)
	}
}

func TestOtherRequests(t *testing.T) {
	w := httptest.NewRecorder()
	portal(nil).ServeHTTP(w, httptest.NewRequest("POST", "/", nil))
	if w.Code != 405 {
		t.Errorf("POST is answered %d", w.Code)
	}
	if got := get(t, portal(nil), "/status.html"); got.Code != 404 {
		t.Errorf("the template is answered %d", got.Code)
	}
	if got := get(t, portal(nil), "/style.css"); got.Code != 200 {
		t.Errorf("the style is answered %d", got.Code)
	}
	if got := get(t, portal(context.Canceled), "/"); got.Code != 503 || !strings.Contains(got.Body.String(), "checks at the operators go on") {
		t.Errorf("a register that can not be read is answered %d", got.Code)
	}
}
