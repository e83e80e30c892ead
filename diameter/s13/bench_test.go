package s13

import (
	"bytes"
	"net"
	"testing"

	"github.com/openceir/openceir/diameter"
)

// idle returns a connection that is open and not running, for its inner loop alone.
func idle(h Handler) *conn {
	s := &Server{Host: eirHost, Realm: eirRealm, Handler: h}
	_, theirs := net.Pipe()
	c := newConn(s, s.voice(), theirs)
	c.peer = "mme.localdomain"
	return c
}

var white = HandlerFunc(func(Request) Answer { return Allowed })

// TestNoAllocation: the path of a good request allocates nothing, with Proxy-Info or without.
func TestNoAllocation(t *testing.T) {
	c := idle(white)
	h := diameter.Header{Flags: plain, Command: Command, Application: Application}
	for name, m := range map[string][]byte{
		"worked":              workedECR,
		"with Proxy-Info":     message(h, with(proxy1, proxy2)...),
		"with 16 digits":      message(h, without(avpTerminal, terminal("0000057a c000001c 000028af", text("3500000000000142")))...),
		"malformed, allowed":  message(h, without(avpTerminal, terminal("0000057a c0000010 000028af", text("null")))...),
		"name in other case":  message(h, without(avpToRealm, unhex("0000011b 40000013", text("LocalDomain"), "00"))...),
		"watchdog and checks": append(append([]byte{}, watchdogRequest...), workedECR...),
	} {
		c.out = make([]byte, 0, 4096)
		if n := testing.AllocsPerRun(100, func() {
			c.filled = copy(c.in, m)
			c.batch()
			c.out = c.out[:0]
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// BenchmarkBatch is what the server does for each message of a full batch, system calls apart.
func BenchmarkBatch(b *testing.B) {
	const batch = 256
	c := idle(white)
	in := bytes.Repeat(workedECR, batch)
	c.out = make([]byte, 0, 2*writeBatch)
	b.ReportAllocs()
	b.SetBytes(int64(len(workedECR)))
	for i := 0; i < b.N; i += batch {
		c.filled = copy(c.in, in)
		c.batch()
		c.out = c.out[:0]
	}
}
