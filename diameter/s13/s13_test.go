package s13

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openceir/openceir/diameter"
	"github.com/openceir/openceir/imei"
)

// byDigit answers by the last of the fourteen digits: the answer of that number, white above.
// Malformed identities are answered Invalid.
var byDigit = HandlerFunc(func(r Request) Answer {
	if r.Malformed {
		return Invalid
	}
	if a := Answer(r.IMEI % 10); a < answers {
		return a
	}
	return Allowed
})

const (
	eirHost  = "eir.localdomain"
	eirRealm = "localdomain"
)

// start serves on a port of its own until the test ends.
func start(t testing.TB, s *Server) string {
	t.Helper()
	if s.Handler == nil {
		s.Handler = byDigit
	}
	s.Host, s.Realm = eirHost, eirRealm
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

func dial(t testing.TB, address string, o ClientOptions) *Client {
	t.Helper()
	c, err := Dial(context.Background(), address, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestCheck(t *testing.T) {
	var s Server
	c := dial(t, start(t, &s), ClientOptions{})
	if host, realm := c.Peer(); host != eirHost || realm != eirRealm {
		t.Errorf("the peer is %q of %q", host, realm)
	}
	for _, tt := range []struct {
		query  Query
		answer Answer
		result diameter.Result
	}{
		{Query{IMEI: 35000000000000}, Allowed, 0},
		{Query{IMEI: 35000000000001}, Prohibited, 0},
		{Query{IMEI: 35000000000002, Software: "01", IMSI: 1010000000000}, Tracked, 0},
		{Query{IMEI: 35000000000003}, Unknown, 0},
		{Query{IMEI: 35000000000005}, 0, diameter.UnableToComply},
		{Query{IMEI: 35000000000006}, 0, diameter.TooBusy},
		{Query{Digits: "350000000000017"}, Prohibited, 0},
		{Query{Digits: "3500000000000201"}, Tracked, 0},
		{Query{Digits: "3500000000000"}, 0, diameter.InvalidAVPValue},
		{Query{Digits: "35000000000000123"}, 0, diameter.InvalidAVPValue},
		{Query{Digits: "3500000000000A"}, 0, diameter.InvalidAVPValue},
	} {
		a, err := c.Check(context.Background(), tt.query)
		var e *ResultError
		switch {
		case tt.result != 0 && (!errors.As(err, &e) || e.Result != tt.result):
			t.Errorf("%+v: answered %v, %v; want %v", tt.query, a, err, tt.result)
		case tt.result == 0 && (err != nil || a != tt.answer):
			t.Errorf("%+v: answered %v, %v; want %v", tt.query, a, err, tt.answer)
		}
	}
	c.Close()
	if _, err := c.Check(context.Background(), Query{}); !errors.Is(err, ErrClosed) {
		t.Errorf("a check after Close: %v", err)
	}
}

// TestRequest holds what reaches the Handler.
func TestRequest(t *testing.T) {
	got := make(chan string, 1)
	s := Server{Handler: HandlerFunc(func(r Request) Answer {
		got <- fmt.Sprintf("%v %v %s svn %s imsi %v peer %s origin %s repeated %v",
			r.IMEI, r.Malformed, r.Digits, r.SVN, r.IMSI, r.Peer, r.Origin, r.Repeated)
		return Allowed
	})}
	c := dial(t, start(t, &s), ClientOptions{Host: "mme1.example", Realm: "example"})
	for _, tt := range []struct {
		query Query
		want  string
	}{
		{Query{IMEI: 1}, "00000000000001 false 00000000000001 svn  imsi "},
		{Query{IMEI: 35000000000000, Software: "07", IMSI: 1010000000000}, "35000000000000 false 35000000000000 svn 07 imsi 001010000000000"},
		{Query{Digits: "350000000000019"}, "35000000000001 false 350000000000019 svn  imsi "},
		{Query{Digits: "3500000000000142"}, "35000000000001 false 3500000000000142 svn 42 imsi "},
		{Query{Digits: "3500000000000142", Software: "43"}, "35000000000001 false 3500000000000142 svn 43 imsi "},
		{Query{IMEI: 35000000000000, Software: "x1"}, "35000000000000 false 35000000000000 svn  imsi "},
		{Query{Digits: "null"}, "00000000000000 true null svn  imsi "},
	} {
		if _, err := c.Check(context.Background(), tt.query); err != nil {
			t.Fatal(err)
		}
		want := tt.want + " peer mme1.example origin mme1.example repeated false"
		if g := <-got; g != want {
			t.Errorf("%+v:\n got %s\nwant %s", tt.query, g, want)
		}
	}
}

// TestPanic: what fails, fails to allow, and is counted.
func TestPanic(t *testing.T) {
	s := Server{Handler: HandlerFunc(func(r Request) Answer {
		if r.IMEI%2 == 0 {
			panic("a mistake in the table")
		}
		return 99
	})}
	c := dial(t, start(t, &s), ClientOptions{})
	for m := range imei.IMEI(2) {
		if a, err := c.Check(context.Background(), Query{IMEI: m}); a != Allowed || err != nil {
			t.Errorf("answered %v, %v", a, err)
		}
	}
	c.Close()
	if n := s.Stats.Panics.Load(); n != 2 {
		t.Errorf("%d panics counted", n)
	}
}

// TestManyInFlight asks from many goroutines and wants each to get the answer to its own question.
func TestManyInFlight(t *testing.T) {
	const askers, each = 64, 200
	var s Server
	c := dial(t, start(t, &s), ClientOptions{Window: 48})
	var wg sync.WaitGroup
	for g := range askers {
		wg.Go(func() {
			for i := range each {
				m := imei.IMEI(g*each + i)
				a, err := c.Check(context.Background(), Query{IMEI: m})
				want, bad := Answer(m%10), false
				switch want {
				case Invalid, Unable, Busy:
					want, bad = 0, true
				case Allowed, Prohibited, Tracked, Unknown:
				default:
					want = Allowed
				}
				if a != want || (err != nil) != bad {
					t.Errorf("%v: %v, %v", m, a, err)
				}
			}
		})
	}
	wg.Wait()
	c.Close()
	if n := s.Stats.Checks.Load(); n != askers*each {
		t.Errorf("%d checks counted", n)
	}
	if n := s.Stats.Answered(Prohibited); n != askers*each/10 {
		t.Errorf("%d prohibited counted", n)
	}
}

// TestCancel: a question given up leaves its place to the next, which gets its own answer.
func TestCancel(t *testing.T) {
	release := make(chan struct{})
	s := Server{Handler: HandlerFunc(func(r Request) Answer {
		if r.IMEI == 1 {
			<-release
			return Prohibited
		}
		return Tracked
	})}
	c := dial(t, start(t, &s), ClientOptions{Window: 1})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.Check(ctx, Query{IMEI: 1}); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("the held question: %v", err)
	}
	time.AfterFunc(20*time.Millisecond, func() { close(release) })
	if a, err := c.Check(context.Background(), Query{IMEI: 2}); a != Tracked || err != nil {
		t.Fatalf("the next question: %v, %v", a, err)
	}
}

func TestUnknownPeer(t *testing.T) {
	s := Server{Allow: func(host, realm string, _ net.Addr) bool { return host == "mme1.example" && realm == "example" }}
	address := start(t, &s)
	dial(t, address, ClientOptions{Host: "mme1.example", Realm: "example"})
	_, err := Dial(context.Background(), address, ClientOptions{Host: "mme2.example", Realm: "example"})
	var e *ResultError
	if !errors.As(err, &e) || e.Result != diameter.UnknownPeer || !strings.Contains(e.Text, "add it") {
		t.Errorf("an unknown peer got %v", err)
	}
}

// TestTLS: a listener of TLS serves as one of TCP does, and is shut down as gently.
func TestTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	if err != nil {
		t.Fatal(err)
	}
	s := Server{Host: eirHost, Realm: eirRealm, Handler: byDigit}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(context.Background(), ln) }()
	conn, err := tls.Dial("tcp", ln.Addr().String(), &tls.Config{InsecureSkipVerify: true}) // made a moment ago
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewClient(context.Background(), conn, ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for m := range imei.IMEI(3) {
		if a, err := c.Check(context.Background(), Query{IMEI: m}); a != Answer(m) || err != nil {
			t.Errorf("answered %v, %v", a, err)
		}
	}
	begun := time.Now()
	if err := s.Shutdown(context.Background()); err != nil || time.Since(begun) > disconnectWait/2 {
		t.Errorf("%v after %v", err, time.Since(begun))
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	c.Close()
}

func BenchmarkCheck(b *testing.B) {
	for _, callers := range []int{1, 32, 256} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			s := Server{Handler: HandlerFunc(func(r Request) Answer { return Answer(r.IMEI % 3) })}
			c := dial(b, start(b, &s), ClientOptions{})
			b.ReportAllocs()
			b.ResetTimer()
			var wg sync.WaitGroup
			for g := range callers {
				wg.Go(func() {
					for i := g; i < b.N; i += callers {
						if _, err := c.Check(context.Background(), Query{IMEI: imei.IMEI(i), Software: "01", IMSI: 1010000000000}); err != nil {
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
