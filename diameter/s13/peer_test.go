package s13

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openceir/openceir/diameter"
)

// inMemory is a listener of connections in memory, so that time can be simulated.
type inMemory struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newInMemory() *inMemory {
	return &inMemory{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *inMemory) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *inMemory) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *inMemory) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }
func (l *inMemory) dial(t testing.TB) *wire {
	ours, theirs := net.Pipe()
	l.conns <- theirs
	return &wire{t: t, c: ours}
}

// greeted connects and exchanges capabilities.
func (l *inMemory) greeted(t testing.TB) *wire {
	p := l.dial(t)
	p.send(greeting(ourApplication))
	if r := result(t, p.receive()); r != diameter.Success {
		t.Fatalf("the capabilities exchange was answered %v", r)
	}
	return p
}

// simulated runs a test against a server in a bubble of simulated time. The server has ended when
// simulated returns, or the test fails.
func simulated(t *testing.T, s *Server, test func(t *testing.T, ln *inMemory)) {
	synctest.Test(t, func(t *testing.T) {
		if s.Handler == nil {
			s.Handler = byDigit
		}
		s.Host, s.Realm = eirHost, eirRealm
		ln := newInMemory()
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- s.Serve(ctx, ln) }()
		test(t, ln)
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
		if n := s.Stats.Open.Load(); n != 0 {
			t.Errorf("%d connections are left", n)
		}
		time.Sleep(5 * time.Second) // simulated: for goroutines of the test itself to notice
	})
}

func base(command uint32, id uint32) diameter.Header {
	return diameter.Header{Flags: diameter.Request, Command: command, HopByHop: id, EndToEnd: id}
}

var (
	watchdogRequest = message(base(diameter.DeviceWatchdog, 77), avpHost, avpRealm)
	partingRequest  = message(base(diameter.DisconnectPeer, 78), avpHost, avpRealm, unhex("00000111 4000000c 00000002"))
)

// agree answers a request of the server's own with success.
func agree(request []byte) []byte {
	h, _ := diameter.ParseHeader(request)
	h.Flags = 0
	return message(h, unhex("0000010c 4000000c 000007d1"), avpHost, avpRealm)
}

func TestCapabilities(t *testing.T) {
	group := func(inside ...string) []byte {
		b, at := diameter.Open(nil, diameter.VendorSpecificApplicationID, 0, diameter.Mandatory)
		return diameter.Close(append(b, unhex(inside...)...), at)
	}
	for _, tt := range []struct {
		name   string
		cer    []byte
		result diameter.Result // 0 if the connection is closed without a word
	}{
		{"our application", greeting(ourApplication), diameter.Success},
		{"our application outside a group", greeting(unhex("00000102 4000000c 01000024")), diameter.Success},
		{"among others", greeting(group("0000010a4000000c000028af 000001024000000c01000023"), ourApplication), diameter.Success},
		{"a relay", greeting(unhex("00000102 4000000c ffffffff")), diameter.Success},
		{"a relay for accounting", greeting(unhex("00000103 4000000c ffffffff")), diameter.Success},
		{"no security wanted", greeting(ourApplication, unhex("0000012b 4000000c 00000001"), unhex("0000012b 4000000c 00000000")), diameter.Success},
		{"everything known", greeting(ourApplication, unhex("00000116 4000000c 00000001"), unhex("00000109 4000000c 000028af"), unhex("0000010b 0000000c 00000001"), unhex("00002328 00000008")), diameter.Success},
		{"no application", greeting(), diameter.NoCommonApplication},
		{"another application", greeting(group("0000010a4000000c000028af 000001024000000c01000023")), diameter.NoCommonApplication},
		{"only TLS within", greeting(ourApplication, unhex("0000012b 4000000c 00000001")), diameter.NoCommonSecurity},
		{"no Origin-Host", message(base(diameter.CapabilitiesExchange, 1), avpRealm, ourApplication), diameter.MissingAVP},
		{"no Origin-Realm", message(base(diameter.CapabilitiesExchange, 1), avpHost, ourApplication), diameter.MissingAVP},
		{"unknown AVP with M", greeting(ourApplication, unhex("00002328 40000008")), diameter.AVPUnsupported},
		{"unknown vendor's AVP with M", greeting(ourApplication, unhex("00000101 c000000c 00000001")), diameter.AVPUnsupported},
		{"AVP length wrong", greeting(ourApplication, unhex("00002328 00000007")), diameter.InvalidAVPLength},
		{"AVP length wrong in the group", greeting(group("0000010a4000000f000028af")), diameter.InvalidAVPLength},
		{"application of two bytes", greeting(unhex("00000102 4000000a 0100 0000")), diameter.InvalidAVPLength},
		{"a check first", workedECR, 0},
		{"a watchdog first", watchdogRequest, 0},
		{"an answer first", agree(greeting(ourApplication)), 0},
		{"another protocol", []byte("GET / HTTP/1.1\r\nHost: eir\r\n\r\n"), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			simulated(t, new(Server), func(t *testing.T, ln *inMemory) {
				p := ln.dial(t)
				p.send(tt.cer)
				m := p.receive()
				if tt.result == 0 {
					if m != nil {
						t.Errorf("answered %x", m)
					}
					return
				}
				if r := result(t, m); r != tt.result {
					t.Errorf("answered %v, want %v", r, tt.result)
				}
				want := unhex("00000108 40000017 6569722e6c6f63616c646f6d61696e 00 00000128 40000013 6c6f63616c646f6d61696e 00" +
					"00000101 4000000e 0001 7f000001 0000 0000010a 4000000c 00000000 0000010d 00000010 4f70656e43454952")
				if !bytes.Contains(m, want) || !bytes.Contains(m, ourApplication) {
					t.Errorf("it does not say who we are: %x", m)
				}
				if tt.result == diameter.Success {
					p.send(partingRequest)
					p.receive()
				}
				if m := p.receive(); m != nil {
					t.Errorf("the connection goes on: %x", m)
				}
			})
		})
	}
}

// TestCapabilitiesAgain: a peer that presented itself cannot become another.
func TestCapabilitiesAgain(t *testing.T) {
	simulated(t, new(Server), func(t *testing.T, ln *inMemory) {
		p := ln.greeted(t)
		p.send(greeting(ourApplication))
		if r := result(t, p.receive()); r != diameter.UnableToComply {
			t.Errorf("answered %v", r)
		}
		p.c.Close()
	})
}

// TestWatchdogFirst: in one batch, the watchdog is answered before the work that came before it,
// and the work in order.
func TestWatchdogFirst(t *testing.T) {
	simulated(t, new(Server), func(t *testing.T, ln *inMemory) {
		p := ln.dial(t)
		var batch []byte
		batch = append(batch, greeting(ourApplication)...)
		for i := range 100 {
			b := bytes.Clone(workedECR)
			b[19] = byte(i)
			batch = append(batch, b...)
		}
		batch = append(append(batch, watchdogRequest...), partingRequest...)
		batch = append(batch, workedECR...) // after the end
		p.send(batch)
		p.receive()
		m := p.receive()
		h, _ := diameter.ParseHeader(m)
		if h.Command != diameter.DeviceWatchdog || h.HopByHop != 77 || h.EndToEnd != 77 || h.Flags != 0 || result(t, m) != diameter.Success {
			t.Fatalf("first came %+v", h)
		}
		if _, ok := diameter.Find(m[diameter.HeaderSize:], diameter.OriginStateID, 0); !ok {
			t.Error("no Origin-State-Id")
		}
		for i := range 100 {
			if h, _ := diameter.ParseHeader(p.receive()); h.Command != Command || h.EndToEnd != uint32(i) {
				t.Fatalf("answer %d is %+v", i, h)
			}
		}
		if h, _ := diameter.ParseHeader(p.receive()); h.Command != diameter.DisconnectPeer || h.HopByHop != 78 {
			t.Errorf("then came %+v", h)
		}
		if m := p.receive(); m != nil {
			t.Errorf("after the end: %x", m)
		}
	})
}

// TestBytewise: however the bytes are cut, the answers are the same.
func TestBytewise(t *testing.T) {
	simulated(t, new(Server), func(t *testing.T, ln *inMemory) {
		p := ln.dial(t)
		all := append(append(greeting(ourApplication), workedECR...), watchdogRequest...)
		go func() {
			for _, b := range all {
				p.c.Write([]byte{b})
			}
		}()
		for _, want := range []uint32{diameter.CapabilitiesExchange, Command, diameter.DeviceWatchdog} {
			if h, _ := diameter.ParseHeader(p.receive()); h.Command != want {
				t.Errorf("got %+v, want command %d", h, want)
			}
		}
		p.c.Close()
	})
}

// TestSilence: a silent peer is asked for life after Tw, and loses the connection if it is silent
// for Tw more (RFC 3539 §3.4.1).
func TestSilence(t *testing.T) {
	s := new(Server)
	simulated(t, s, func(t *testing.T, ln *inMemory) {
		p := ln.greeted(t)
		within := func(what string, since time.Time) {
			t.Helper()
			if d := time.Since(since); d < watchdogWait-watchdogJitter || d > watchdogWait+watchdogJitter {
				t.Errorf("%s after %v", what, d)
			}
		}
		for range 3 {
			quiet := time.Now()
			m := p.receive()
			if h, _ := diameter.ParseHeader(m); h.Command != diameter.DeviceWatchdog || !h.IsRequest() {
				t.Fatalf("got %+v", h)
			}
			within("asked", quiet)
			time.Sleep(10 * time.Second)
			p.send(agree(m))
		}
		quiet := time.Now()
		p.receive()
		within("asked", quiet)
		quiet = time.Now()
		if m := p.receive(); m != nil {
			t.Errorf("got %x", m)
		}
		within("closed", quiet)
		if n := s.Stats.Stalled.Load(); n != 1 {
			t.Errorf("%d counted", n)
		}
	})
}

// TestWatchdogFloor: Tw is never below six seconds.
func TestWatchdogFloor(t *testing.T) {
	simulated(t, &Server{Watchdog: time.Millisecond}, func(t *testing.T, ln *inMemory) {
		p := ln.greeted(t)
		quiet := time.Now()
		p.receive()
		if d := time.Since(quiet); d < watchdogMin-watchdogJitter || d > watchdogMin+watchdogJitter {
			t.Errorf("asked after %v", d)
		}
		p.c.Close()
	})
}

// TestSlowPeers: who does not present himself, drips bytes, or does not read, loses the
// connection in time, and only his.
func TestSlowPeers(t *testing.T) {
	for _, tt := range []struct {
		name  string
		limit time.Duration
		act   func(t *testing.T, ln *inMemory) net.Conn
	}{
		{"says nothing", handshakeWait, func(t *testing.T, ln *inMemory) net.Conn { return ln.dial(t).c }},
		{"drips its first message", handshakeWait, func(t *testing.T, ln *inMemory) net.Conn {
			p := ln.dial(t)
			go drip(p.c, greeting(ourApplication))
			return p.c
		}},
		{"drips a request", messageWait, func(t *testing.T, ln *inMemory) net.Conn {
			p := ln.greeted(t)
			go drip(p.c, workedECR)
			return p.c
		}},
		{"does not read", writeWait, func(t *testing.T, ln *inMemory) net.Conn {
			p := ln.greeted(t)
			p.send(bytes.Repeat(workedECR, 200))
			time.Sleep(2 * writeWait)
			return p.c
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := new(Server)
			simulated(t, s, func(t *testing.T, ln *inMemory) {
				honest := ln.greeted(t)
				begun := time.Now()
				c := tt.act(t, ln)
				if _, err := io.Copy(io.Discard, c); err != nil {
					t.Error(err)
				}
				if d := time.Since(begun); d > 3*tt.limit {
					t.Errorf("it kept its connection for %v", d)
				}
				if n := s.Stats.Stalled.Load(); n != 1 {
					t.Errorf("%d counted", n)
				}
				honest.send(workedECR)
				m := honest.receive()
				for h, _ := diameter.ParseHeader(m); h.IsRequest(); h, _ = diameter.ParseHeader(m) {
					honest.send(agree(m))
					m = honest.receive()
				}
				if r := result(t, m); r != diameter.Success {
					t.Errorf("an honest peer is answered %v", r)
				}
				honest.c.Close()
			})
		})
	}
}

// drip sends one byte every two seconds.
func drip(c net.Conn, b []byte) {
	for i := range b {
		if _, err := c.Write(b[i : i+1]); err != nil {
			return
		}
		time.Sleep(2 * time.Second)
	}
}

// TestShutdown: every peer is asked to disconnect, is answered until it agrees, and the server
// waits for it, though not for ever.
func TestShutdown(t *testing.T) {
	s := new(Server)
	simulated(t, s, func(t *testing.T, ln *inMemory) {
		polite, deaf, fresh := ln.greeted(t), ln.greeted(t), ln.dial(t)
		begun := time.Now()
		ended := make(chan error)
		go func() { ended <- s.Shutdown(context.Background()) }()
		m := polite.receive()
		h, _ := diameter.ParseHeader(m)
		cause, _ := diameter.Find(m[diameter.HeaderSize:], diameter.DisconnectCause, 0)
		if v, ok := cause.Uint32(); h.Command != diameter.DisconnectPeer || !h.IsRequest() || !ok || v != 0 {
			t.Errorf("got %+v, cause %d", h, v)
		}
		polite.send(workedECR)
		if r := result(t, polite.receive()); r != diameter.Success {
			t.Errorf("before it agreed, it was answered %v", r)
		}
		polite.send(agree(m))
		if m := polite.receive(); m != nil {
			t.Errorf("the connection goes on: %x", m)
		}
		if d := time.Since(begun); d != 0 {
			t.Errorf("the polite peer waited %v", d)
		}
		if m := fresh.receive(); m != nil {
			t.Errorf("one that had not presented itself got %x", m)
		}
		deaf.receive()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if d := time.Since(begun); d != disconnectWait {
			t.Errorf("the deaf peer had %v", d)
		}
	})
}

// TestShutdownImpatient: what remains when the caller's time is up is closed.
func TestShutdownImpatient(t *testing.T) {
	s := new(Server)
	simulated(t, s, func(t *testing.T, ln *inMemory) {
		ln.greeted(t)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if err := s.Serve(context.Background(), newInMemory()); !errors.Is(err, ErrClosed) {
			t.Errorf("serving again: %v", err)
		}
	})
}

// TestTooManyConnections: the one above the bound is closed at once, the others are served.
func TestTooManyConnections(t *testing.T) {
	s := new(Server)
	simulated(t, s, func(t *testing.T, ln *inMemory) {
		all := make([]*wire, maxConnections)
		for i := range all {
			all[i] = ln.dial(t)
		}
		if _, err := ln.dial(t).c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("one more: %v", err)
		}
		last := all[maxConnections-1]
		last.send(greeting(ourApplication))
		if r := result(t, last.receive()); r != diameter.Success {
			t.Errorf("answered %v", r)
		}
		for _, p := range all {
			p.c.Close()
		}
		synctest.Wait()
		if n := s.Stats.Open.Load(); n != 0 || s.Stats.Refused.Load() != 1 {
			t.Errorf("%d open, %d refused", n, s.Stats.Refused.Load())
		}
	})
}

// TestClientPeer: the Client answers watchdogs, asks a silent server for life, and gives up.
func TestClientPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		p := &wire{t: t, c: theirs}
		go func() {
			cer := p.receive()
			h, _ := diameter.ParseHeader(cer)
			h.Flags = 0
			p.send(message(h, unhex("0000010c 4000000c 000007d1"), avpHost, avpRealm), watchdogRequest)
			m := p.receive()
			for h, _ := diameter.ParseHeader(m); h.IsRequest(); h, _ = diameter.ParseHeader(m) {
				m = p.receive() // the check may come first; it is never answered
			}
			if r := result(t, m); r != diameter.Success {
				t.Errorf("the watchdog was answered %v", r)
			}
			io.Copy(io.Discard, theirs)
		}()
		c, err := NewClient(context.Background(), ours, ClientOptions{})
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		if _, err := c.Check(context.Background(), Query{}); err == nil || time.Since(begun) != defaultTimeout {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		<-c.gone
		if d := time.Since(begun); d != 2*watchdogWait {
			t.Errorf("it gave up after %v", d)
		}
		if _, err := c.Check(context.Background(), Query{}); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		c.Close()
	})
}

// TestClientDisconnected: a server that shuts down is let go, and what is under way is told.
func TestClientDisconnected(t *testing.T) {
	s := new(Server)
	simulated(t, s, func(t *testing.T, ln *inMemory) {
		p := ln.dial(t)
		c, err := NewClient(context.Background(), p.c, ClientOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if _, err := c.Check(context.Background(), Query{}); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		c.Close()
	})
}

// TestNoServer: what does not answer as a Diameter peer is told from one that refuses.
func TestNoServer(t *testing.T) {
	for _, answer := range []string{"", "HTTP/1.1 400 Bad Request\r\n\r\n", string(workedECR)} {
		ours, theirs := net.Pipe()
		go func() {
			io.ReadAtLeast(theirs, make([]byte, 4096), 1)
			theirs.Write([]byte(answer))
			theirs.Close()
		}()
		if _, err := NewClient(context.Background(), ours, ClientOptions{}); err == nil {
			t.Errorf("%q passed for a capabilities exchange", answer)
		}
	}
	ours, _ := net.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := NewClient(ctx, ours, ClientOptions{}); err == nil {
		t.Error("a cancelled context connected")
	}
}
