package feed

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/receipt"
)

// post is a centre that takes what it is sent, and two operators' nodes.
type post struct {
	*httptest.Server
	north, south *Client
	segments     map[string][]byte
	reports      []device.NodeReport
	now          time.Time
}

func newPost(t *testing.T) *post {
	p := &post{segments: map[string][]byte{}, now: time.Date(2026, 7, 1, 6, 0, 0, 0, time.UTC)}
	d := &receipt.Directory{Nodes: map[string]ed25519.PublicKey{}}
	clock := func() time.Time { return p.now }
	key := func(node string, seed byte) ed25519.PrivateKey {
		k := ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(seed), 32)))
		d.Nodes[node] = k.Public().(ed25519.PublicKey)
		return k
	}
	lists := t.TempDir()
	for _, stream := range []string{"national", "north"} {
		if err := os.MkdirAll(filepath.Join(lists, stream), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(lists, stream, "index"), []byte(stream), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(lists, "..", "secret"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &Server{Lists: lists, Now: clock, Directory: func() *receipt.Directory { return d },
		Accept: func(_ context.Context, op device.Operator, body []byte) (bool, error) {
			_, already := p.segments[string(op)+string(body)]
			p.segments[string(op)+string(body)] = body
			switch string(body) {
			case "bad":
				return false, problem.New(problem.Invalid, "it is no segment")
			case "poison":
				return false, problem.New(problem.Broken, "we stumble over it")
			}
			return already, nil
		},
		Report: func(_ context.Context, r device.NodeReport) error { p.reports = append(p.reports, r); return nil },
		Delta: func(_ context.Context, stream string, from uint64) ([]byte, []byte, error) {
			return []byte("body"), []byte("manifest"), nil
		}}
	p.Server = httptest.NewServer(s.Handler())
	t.Cleanup(p.Close)
	u, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	p.north = &Client{Centre: u, Node: "north/eir", Key: key("north/eir", 'n'), Now: clock}
	p.south = &Client{Centre: u, Node: "south/eir", Key: key("south/eir", 's'), Now: clock}
	return p
}

func wants(t *testing.T, what string, err error, kind problem.Kind) {
	t.Helper()
	if err == nil || problem.Of(err) != kind {
		t.Errorf("%s: %v, wanted %s", what, err, kind)
	}
}

// A request counts only if the node that the directory names signed it: this method, path, body
// and time.
func TestRequestsAreSigned(t *testing.T) {
	p, ctx := newPost(t), t.Context()
	if err := p.north.post(ctx, "/v1/observations", []byte("rows")); err != nil {
		t.Fatal(err)
	}
	stranger := *p.north
	stranger.Node = "north/other"
	wants(t, "a node that is not in the directory", stranger.post(ctx, "/v1/observations", []byte("x")), problem.Refused)
	thief := *p.north
	thief.Key = p.south.Key
	wants(t, "another node's key", thief.post(ctx, "/v1/observations", []byte("x")), problem.Refused)
	late := *p.north
	late.Now = func() time.Time { return p.now.Add(-6 * time.Minute) }
	wants(t, "a request of six minutes ago", late.post(ctx, "/v1/observations", []byte("x")), problem.Refused)

	// The signed headers of one request on another body, or another path.
	m := message{http.MethodPost, "/v1/observations", "north/eir", p.now, []byte("rows")}
	for _, other := range []struct{ path, body string }{{"/v1/observations", "other rows"}, {"/v1/reports", "rows"}} {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+other.path, strings.NewReader(other.body))
		if err != nil {
			t.Fatal(err)
		}
		m.sign(req.Header, p.north.Key)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("a signature moved to %v is answered %d", other, resp.StatusCode)
		}
	}
	if len(p.segments) != 1 {
		t.Errorf("%d segments were taken, one was signed", len(p.segments))
	}
}

// The national stream is for everybody, an operator's for its own nodes, and nothing else of the
// disk for anybody.
func TestWhoMayRead(t *testing.T) {
	p, ctx := newPost(t), t.Context()
	resp, err := http.Get(p.URL + "/lists/national/index")
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("the national list: %v %v", resp, err)
	}
	resp.Body.Close()
	if b, err := p.north.get(ctx, "/lists/north/index", maxIndex); err != nil || string(b) != "north" {
		t.Errorf("north's own list: %q %v", b, err)
	}
	_, err = p.south.get(ctx, "/lists/north/index", maxIndex)
	wants(t, "another operator's list", err, problem.Refused)
	_, err = p.south.get(ctx, "/lists/north/from/3", maxIndex)
	wants(t, "another operator's delta", err, problem.Refused)
	for _, path := range []string{"/lists/../secret", "/lists/national/..%2f..%2fsecret", "/lists/%2e%2e/secret", "/lists/national/.hidden", `/lists/national/..\secret`} {
		resp, err := http.Get(p.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode == 200 {
			t.Errorf("%s is answered 200", path)
		}
	}
}

// A segment is sent until the centre has it, once; what the centre refuses for good is set aside.
func TestPush(t *testing.T) {
	p, ctx := newPost(t), t.Context()
	spool := t.TempDir()
	write := func(name, body string) {
		if err := os.WriteFile(filepath.Join(spool, name+".segment"), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a", "one")
	write("b", "two")
	if sent, err := p.north.Push(ctx, spool); sent != 2 || err != nil {
		t.Fatalf("%d sent, %v", sent, err)
	}
	if left, _ := filepath.Glob(filepath.Join(spool, "*")); len(left) != 0 {
		t.Errorf("%v is still in the spool", left)
	}
	write("c", "bad")
	if _, err := p.north.Push(ctx, spool); err == nil || !strings.Contains(err.Error(), "set aside") {
		t.Errorf("a segment that is none: %v", err)
	}
	if _, err := os.Stat(filepath.Join(spool, "c.segment.refused")); err != nil {
		t.Errorf("it is not set aside: %v", err)
	}
	write("d", "three")
	p.Close()
	if _, err := p.north.Push(ctx, spool); problem.Of(err) != problem.Busy {
		t.Errorf("with the centre down: %v", err)
	}
	if _, err := os.Stat(filepath.Join(spool, "d.segment")); err != nil {
		t.Errorf("the centre was down, and the segment is gone: %v", err)
	}
}

// A node reports for itself only, and a body longer than a report is cut off.
func TestReports(t *testing.T) {
	p, ctx := newPost(t), t.Context()
	if err := p.north.Report(ctx, device.NodeReport{Size: 7, State: device.InForce}); err != nil || len(p.reports) != 1 || p.reports[0].Node != "north/eir" {
		t.Fatalf("%v, reports %v", err, p.reports)
	}
	wants(t, "a report for another node", p.north.post(ctx, "/v1/reports", device.Encode(device.NodeReport{Node: "south/eir", State: device.Held})), problem.Invalid)
	wants(t, "a report that is too long", p.north.post(ctx, "/v1/reports", make([]byte, maxReport+1)), problem.Invalid)
}

// One Push sends so many segments and no more, oldest first, from a directory of any name.
func TestPushIsBounded(t *testing.T) {
	p, ctx := newPost(t), t.Context()
	spool := filepath.Join(t.TempDir(), "[spool]*")
	if sent, err := p.north.Push(ctx, spool); sent != 0 || err != nil {
		t.Errorf("without a spool: %d sent, %v", sent, err)
	}
	if err := os.Mkdir(spool, 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range maxPush + 6 {
		path := filepath.Join(spool, fmt.Sprintf("%03d.segment", i))
		if err := os.WriteFile(path, []byte(path), 0o600); err != nil {
			t.Fatal(err)
		}
		made := p.now.Add(-time.Duration(i) * time.Minute)
		if err := os.Chtimes(path, made, made); err != nil {
			t.Fatal(err)
		}
	}
	if sent, err := p.north.Push(ctx, spool); sent != maxPush || err != nil {
		t.Errorf("%d sent, %v", sent, err)
	}
	left, err := segments(spool)
	if err != nil || len(left) != 6 || filepath.Base(left[0]) != "005.segment" || filepath.Base(left[5]) != "000.segment" {
		t.Errorf("the newest six are not what is left: %v %v", left, err)
	}
	if sent, err := p.north.Push(ctx, spool); sent != 6 || err != nil {
		t.Errorf("%d sent, %v", sent, err)
	}
}

// trip is a network that answers as a test says.
type trip func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f trip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// drip is a body of which a byte comes at a time, each after a while, until the request is given up.
type drip struct {
	ctx   context.Context
	every time.Duration
	left  int
}

// Read implements io.Reader.
func (d *drip) Read(b []byte) (int, error) {
	if d.left == 0 {
		return 0, io.EOF
	}
	select {
	case <-time.After(d.every):
		d.left--
		b[0] = 'x'
		return 1, nil
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	}
}

// A list is waited for as long as its bytes come, for a large one takes its time; a centre that says
// nothing is not, and neither is one that never ends.
func TestPatience(t *testing.T) {
	for _, x := range []struct {
		name  string
		every time.Duration
		bytes int
		want  string // of the error
		took  time.Duration
	}{
		{"a slow list", 20 * time.Second, 100, "", 2000 * time.Second},
		{"silence", 31 * time.Second, 1, "nothing was heard of it for 30s", 30 * time.Second},
		{"silence in the middle", 31 * time.Second, 100, "nothing was heard of it for 30s", 30 * time.Second},
		{"no end", 20 * time.Second, 1000, "broke off", time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := &Client{Centre: &url.URL{Scheme: "http", Host: "centre"}, Node: "north/eir", Key: ed25519.NewKeyFromSeed(make([]byte, 32)), Now: time.Now}
			c.HTTP = &http.Client{Transport: trip(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 200, Body: io.NopCloser(&drip{r.Context(), x.every, x.bytes}), Request: r}, nil
			})}
			begun := time.Now()
			body, err := c.get(t.Context(), "/lists/north/1.snapshot", maxList)
			if x.want == "" && (err != nil || len(body) != x.bytes) {
				t.Errorf("%s: %d bytes, %v", x.name, len(body), err)
			}
			if x.want != "" && (problem.Of(err) != problem.Busy || !strings.Contains(err.Error(), x.want)) {
				t.Errorf("%s: %v, wanted %q", x.name, err, x.want)
			}
			if took := time.Since(begun); took != x.took {
				t.Errorf("%s: it took %s, not %s", x.name, took, x.took)
			}
		})
	}
}

// What a centre says is read to a bound: whoever has taken it over does not fill a node's memory with
// what should be a line.
func TestAnswersAreBounded(t *testing.T) {
	asked := 0
	c := &Client{Centre: &url.URL{Scheme: "http", Host: "centre"}, Node: "north/eir", Key: ed25519.NewKeyFromSeed(make([]byte, 32)), Now: time.Now}
	c.HTTP = &http.Client{Transport: trip(func(r *http.Request) (*http.Response, error) {
		endless := readFunc(func(b []byte) (int, error) { asked += len(b); return len(b), nil })
		return &http.Response{StatusCode: 200, Body: io.NopCloser(endless), Request: r}, nil
	})}
	for path, most := range map[string]int{"/lists/north/index": maxIndex, "/lists/north/1.snapshot.note": maxManifest} {
		asked = 0
		if _, err := c.get(t.Context(), path, int64(most)); err == nil || !strings.Contains(err.Error(), "longer than") || asked > most+1 {
			t.Errorf("%s: %v after %d bytes", path, err, asked)
		}
	}
	if err := c.Pull(t.Context(), "north", nil); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("an endless index: %v", err)
	}
	if err := c.post(t.Context(), "/v1/reports", []byte("x")); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("an endless answer to a report: %v", err)
	}
}

type readFunc func([]byte) (int, error)

// Read implements io.Reader.
func (f readFunc) Read(b []byte) (int, error) { return f(b) }

// A segment that the centre stumbles over, or refuses, does not hold up those behind it; a centre that
// stumbles over everything is left in peace.
func TestPushPastFailures(t *testing.T) {
	p, spool := newPost(t), t.TempDir()
	for i, body := range []string{"poison", "bad", "good", "poison", "better", "poison", "last"} {
		path := filepath.Join(spool, fmt.Sprintf("%d.segment", i))
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
		made := p.now.Add(time.Duration(i) * time.Minute)
		if err := os.Chtimes(path, made, made); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []struct {
		sent int
		left string
	}{{1, "0 3 4 5 6"}, {1, "0 3 5 6"}, {0, "0 3 5 6"}} {
		sent, err := p.north.Push(t.Context(), spool)
		left, e := segments(spool)
		var names []string
		for _, path := range left {
			names = append(names, strings.TrimSuffix(filepath.Base(path), ".segment"))
		}
		if got := strings.Join(names, " "); err == nil || e != nil || sent != want.sent || got != want.left {
			t.Errorf("%d sent, %v; %s is left, not %s", sent, err, got, want.left)
		}
	}
}

// An answer without a reason, as a proxy gives, does not leave a person without one.
func TestNoReason(t *testing.T) {
	err := refused(http.StatusBadGateway, []byte("<html>"))
	if problem.Of(err) != problem.Busy || !strings.Contains(err.Error(), "502: it says no more") {
		t.Error(err)
	}
}
