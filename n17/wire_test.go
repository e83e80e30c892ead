package n17

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/openceir/openceir/imei"
)

// tool runs a program of others and returns what it printed. Where it is not installed the test
// fails, unless only short tests are wanted.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if testing.Short() {
			t.Skip(name + " is not installed")
		}
		t.Fatal(name + ", an independent client, is not installed: run make deps")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

// TestCurl asks with curl over HTTP/2 with prior knowledge.
func TestCurl(t *testing.T) {
	root := "http://" + start(t, &Server{Instance: "8d3c3e5a"})
	for _, tt := range []struct{ target, want string }{
		{Resource + "?pei=imei-350000000000015&supi=imsi-001010000000000", `{"status":"BLACKLISTED"}` + "\n2 200 application/json"},
		{Resource + "?pei=imeisv-3500000000000200", `{"status":"GREYLISTED"}` + "\n2 200 application/json"},
		{Resource + "?pei=imei-350000000000031", `{"title":"Not Found","status":404,"detail":"the equipment is not known","cause":"ERROR_EQUIPMENT_UNKNOWN"}` + "\n2 404 application/problem+json"},
		{Resource, `"cause":"MANDATORY_QUERY_PARAM_MISSING","invalidParams":[{"param":"pei","reason":"it is required: send pei=imei-, imeisv-, mac- or eui- and the value"}]}` + "\n2 400 application/problem+json"},
		{"/n5g-eir-eic/v1/", `"cause":"RESOURCE_URI_STRUCTURE_NOT_FOUND"}` + "\n2 404 application/problem+json"},
		{"//n5g-eir-eic/v1/../v1/equipment-status?pei=imei-350000000000015", `"cause":"RESOURCE_URI_STRUCTURE_NOT_FOUND"}` + "\n2 404 application/problem+json"},
	} {
		out := tool(t, "curl", "-sS", "--path-as-is", "--http2-prior-knowledge", "-w", "\n%{http_version} %{http_code} %{content_type}", root+tt.target)
		if !strings.HasSuffix(out, tt.want) {
			t.Errorf("%s:\n got %s\nwant %s", tt.target, out, tt.want)
		}
	}
}

// TestNghttp asks with nghttp and looks at the frames: no error, and the header we mean to send.
func TestNghttp(t *testing.T) {
	root := "http://" + start(t, new(Server))
	out := tool(t, "nghttp", "-v", root+Resource+"?pei=imei-350000000000015")
	for _, want := range []string{":status: 200", "content-type: application/json", "content-length: 24", `{"status":"BLACKLISTED"}`,
		fmt.Sprintf("[SETTINGS_MAX_FRAME_SIZE(0x05):%d]", maxFrame),
		fmt.Sprintf("[SETTINGS_MAX_CONCURRENT_STREAMS(0x03):%d]", maxStreams)} {
		if !strings.Contains(strings.ReplaceAll(out, "\n ", " "), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Contains(out, "RST_STREAM") || strings.Contains(out, "recv GOAWAY") || strings.Contains(out, "invalid") {
		t.Errorf("an error in\n%s", out)
	}
}

// TestH2load asks for many devices on many streams: every answer must have its status.
func TestH2load(t *testing.T) {
	var s Server
	root := "http://" + start(t, &s)
	var list bytes.Buffer
	for i := range 500 {
		fmt.Fprintf(&list, "%s%s?pei=imei-%s\n", root, Resource, imei.IMEI(35_000_000_000_000+i/3*10+i%3).WithCheck())
	}
	file := filepath.Join(t.TempDir(), "targets")
	if err := os.WriteFile(file, list.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	out := tool(t, "h2load", "-n", "5000", "-c", "4", "-m", "32", "-i", file)
	if !regexp.MustCompile(`status codes: 5000 2xx, 0 3xx, 0 4xx, 0 5xx`).MatchString(out) {
		t.Error(out)
	}
	if a, p, g := s.Stats.Answered(Allowed), s.Stats.Answered(Prohibited), s.Stats.Answered(Tracked); a+p+g != 5000 || p == 0 || g == 0 {
		t.Errorf("%d allowed, %d prohibited, %d tracked", a, p, g)
	}
	t.Log(regexp.MustCompile(`finished in.*`).FindString(out))
}

// certificate makes one for 127.0.0.1, and the roots that trust it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

func TestTLS(t *testing.T) {
	cert, roots := certificate(t)
	s := &Server{TLS: &tls.Config{Certificates: []tls.Certificate{cert}}}
	address := start(t, s)
	c := NewClient("https://"+address, &tls.Config{RootCAs: roots})
	defer c.Close()
	if a, err := c.Check(context.Background(), Query{IMEI: 35000000000001, SVN: imei.NoSVN}); a != Prohibited || err != nil {
		t.Errorf("%v, %v", a, err)
	}
	out := tool(t, "curl", "-sSk", "-w", " %{http_version}", "https://"+address+Resource+"?pei=imei-350000000000015")
	if out != `{"status":"BLACKLISTED"} 2` {
		t.Error(out)
	}
	// HTTP/1 is not spoken.
	before := s.Stats.Checks.Load()
	old, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots, NextProtos: []string{"http/1.1"}})
	if err != nil {
		return
	}
	defer old.Close()
	if out := askOld(old); bytes.Contains(out, []byte("200")) || s.Stats.Checks.Load() != before {
		t.Errorf("HTTP/1.1 was answered %q", out)
	}
}

// askOld asks in HTTP/1 and returns all that comes back.
func askOld(c net.Conn) []byte {
	c.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprintf(c, "GET %s?pei=imei-350000000000015 HTTP/1.1\r\nHost: eir\r\n\r\n", Resource)
	out, _ := io.ReadAll(c)
	return out
}

// TestOldHTTP: HTTP/1 gets no answer of ours.
func TestOldHTTP(t *testing.T) {
	var s Server
	c, err := net.Dial("tcp", start(t, &s))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if out := askOld(c); bytes.Contains(out, []byte("200")) || s.Stats.Checks.Load() != 0 {
		t.Errorf("answered %q", out)
	}
}

// plainHTTP2 is a client of net/http, for requests that Client would not send.
func plainHTTP2() *http.Client {
	t := &http.Transport{Protocols: new(http.Protocols)}
	t.Protocols.SetUnencryptedHTTP2(true)
	return &http.Client{Transport: t, Timeout: 20 * time.Second}
}

// TestLimits: a header too large and a body are turned away without harm to the next request.
func TestLimits(t *testing.T) {
	var s Server
	root := "http://" + start(t, &s)
	c := plainHTTP2()
	defer c.CloseIdleConnections()
	ask := func(header string, body io.Reader) (int, error) {
		r, err := http.NewRequest(http.MethodGet, root+Resource+"?pei=imei-350000000000015", body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("3gpp-Sbi-Client-Credentials", header)
		w, err := c.Do(r)
		if err != nil {
			return 0, err
		}
		defer w.Body.Close()
		_, err = io.Copy(io.Discard, w.Body)
		return w.StatusCode, err
	}
	if code, err := ask(strings.Repeat("x", 4<<10), nil); code != 200 || err != nil {
		t.Errorf("a header of 4 KiB: %d, %v", code, err)
	}
	if code, err := ask(strings.Repeat("x", 2*maxHeader), nil); code == 200 {
		t.Errorf("a header of %d bytes: %d, %v", 2*maxHeader, code, err)
	}
	// The body is not waited for: it never ends.
	body, never := io.Pipe()
	defer never.Close()
	if code, err := ask("", body); code != 200 || err != nil {
		t.Errorf("an endless body: %d, %v", code, err)
	}
	if code, err := ask("", nil); code != 200 || err != nil {
		t.Errorf("the next request: %d, %v", code, err)
	}
}

// TestTooManyConnections: those above the bound are closed at once, and the count comes back to 0.
func TestTooManyConnections(t *testing.T) {
	var s Server
	h := s.httpServer()
	for range maxConnections {
		h.ConnState(nil, http.StateNew)
	}
	ours, theirs := net.Pipe()
	h.ConnState(theirs, http.StateNew)
	if _, err := ours.Read(make([]byte, 1)); err != io.EOF || s.Stats.Refused.Load() != 1 {
		t.Errorf("one more: %v", err)
	}
	for range maxConnections + 1 {
		h.ConnState(nil, http.StateClosed)
	}

	c := NewClient("http://"+start(t, &s), nil)
	if _, err := c.Check(context.Background(), Query{}); err != nil || s.Stats.Open.Load() != 1 {
		t.Errorf("%v, %d open", err, s.Stats.Open.Load())
	}
	c.Close()
	for begun := time.Now(); s.Stats.Open.Load() != 0; time.Sleep(time.Millisecond) {
		if time.Since(begun) > 10*time.Second {
			t.Fatalf("%d open", s.Stats.Open.Load())
		}
	}
}

// TestShutdown: a request under way is answered, later ones are not taken.
func TestShutdown(t *testing.T) {
	asked, release := make(chan struct{}), make(chan struct{})
	s := &Server{Handler: HandlerFunc(func(Request) Answer { close(asked); <-release; return Tracked })}
	c := NewClient("http://"+start(t, s), nil)
	defer c.Close()
	answer := make(chan error)
	go func() {
		a, err := c.Check(context.Background(), Query{})
		if a != Tracked {
			err = fmt.Errorf("%v, %w", a, err)
		}
		answer <- err
	}()
	<-asked
	ended := make(chan error)
	go func() { ended <- s.Shutdown(context.Background()) }()
	time.AfterFunc(50*time.Millisecond, func() { close(release) })
	if err := <-answer; err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := c.Check(context.Background(), Query{}); err == nil {
		t.Error("answered after Shutdown")
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(context.Background(), ln); !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("serving again: %v", err)
	}
}

// TestReset: a peer that opens streams and resets them at once, thousands of times, costs itself
// its requests at most; another is served as before.
func TestReset(t *testing.T) {
	var s Server
	root := "http://" + start(t, &s)
	hasty := plainHTTP2()
	defer hasty.CloseIdleConnections()
	if w, err := hasty.Get(root + Resource); err == nil { // so that all that follows shares one connection
		w.Body.Close()
	}
	for range 2000 {
		ctx, cancel := context.WithCancel(context.Background())
		r, _ := http.NewRequestWithContext(ctx, http.MethodGet, root+Resource+"?pei=imei-350000000000015", nil)
		go cancel()
		if w, err := hasty.Do(r); err == nil {
			w.Body.Close()
		}
		cancel()
	}
	c := NewClient(root, nil)
	defer c.Close()
	if a, err := c.Check(context.Background(), Query{IMEI: 1, SVN: imei.NoSVN}); a != Prohibited || err != nil {
		t.Errorf("%v, %v", a, err)
	}
}
