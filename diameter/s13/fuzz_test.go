package s13

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"

	"github.com/openceir/openceir/diameter"
	"github.com/openceir/openceir/subscriber"
)

// seeds is what the tables of the other tests hold.
func seeds(add func([]byte)) {
	add(workedECR)
	add(watchdogRequest)
	add(partingRequest)
	add(greeting(ourApplication))
	for i, tt := range faults {
		h := diameter.Header{Flags: tt.flags, Command: tt.cmd, Application: tt.app, HopByHop: uint32(i)}
		add(message(h, tt.avps...))
		add(append(message(h, tt.avps...), workedECR...))
	}
	add(append(bytes.Clone(workedECR), unhex("01000000 c0000144 01000024 00000007 00000008")...))
	add(append(bytes.Clone(workedECR), watchdogRequest[:15]...))
}

// script is a connection whose peer says what is written there, in pieces of a size, and hangs up.
type script struct {
	net.Conn
	input  []byte
	piece  int
	output []byte
}

func (s *script) Read(b []byte) (int, error) {
	if len(s.input) == 0 {
		return 0, io.EOF
	}
	n := copy(b, s.input[:min(s.piece, len(s.input))])
	s.input = s.input[n:]
	return n, nil
}

func (s *script) Write(b []byte) (int, error)      { s.output = append(s.output, b...); return len(b), nil }
func (s *script) Close() error                     { return nil }
func (s *script) LocalAddr() net.Addr              { return nil }
func (s *script) SetReadDeadline(time.Time) error  { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }

// FuzzConnection feeds the whole loop of a connection, capabilities exchanged or not, whatever
// comes, cut into pieces of any size. It must end, send well-formed messages only, and give each
// whole request that it could frame, up to a disconnection, exactly one answer.
func FuzzConnection(f *testing.F) {
	seeds(func(b []byte) { f.Add(true, uint16(0), b); f.Add(false, uint16(6), b) })
	f.Fuzz(func(t *testing.T, greeted bool, piece uint16, input []byte) {
		if greeted {
			input = append(greeting(ourApplication), input...)
		}
		s := &Server{Host: eirHost, Realm: eirRealm, Handler: byDigit}
		peer := &script{input: input, piece: int(piece) + 1}
		newConn(s, s.voice(), peer).run()
		if n := s.Stats.Panics.Load(); n != 0 {
			t.Fatalf("%d panics", n)
		}
		if greeted {
			compare(t, input, peer.output)
		}
	})
}

// compare checks the answers against the requests.
func compare(t *testing.T, input, output []byte) {
	var want []diameter.Header
	first := true
	for {
		m, err := diameter.Frame(input, maxMessage)
		if m == nil || err != nil {
			break
		}
		input = input[len(m):]
		h, _ := diameter.ParseHeader(m)
		if h.IsRequest() {
			want = append(want, h)
		}
		if !first && h.IsRequest() && h.Flags&diameter.Error == 0 && h.Version == 1 && h.Application == 0 && h.Command == diameter.DisconnectPeer {
			break
		}
		first = false
	}
	for len(output) > 0 {
		m, err := diameter.Frame(output, 1<<20)
		if m == nil || err != nil {
			t.Fatalf("what was sent is no message: %x", output)
		}
		output = output[len(m):]
		wellFormed(t, m)
		got, _ := diameter.ParseHeader(m)
		if result(t, m) == diameter.InvalidMessageLength {
			continue
		}
		i := 0
		for i < len(want) && (want[i].HopByHop != got.HopByHop || want[i].EndToEnd != got.EndToEnd ||
			want[i].Command != got.Command || want[i].Application != got.Application) {
			i++
		}
		if i == len(want) {
			// A watchdog after the end of the conversation, in the same batch, may be answered.
			if got.Command == diameter.DeviceWatchdog {
				continue
			}
			t.Fatalf("an answer to nothing: %+v", got)
		}
		want = append(want[:i], want[i+1:]...)
	}
	if len(want) > 0 {
		t.Fatalf("%d requests unanswered, the first %+v", len(want), want[0])
	}
}

// FuzzRequest reads requests without a connection, for speed: every one is judged, and what the
// Handler gets is consistent.
func FuzzRequest(f *testing.F) {
	seeds(func(b []byte) { f.Add(b) })
	v := newVoice(eirHost, eirRealm, "OpenCEIR", 1)
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := diameter.Frame(b, maxMessage)
		if m == nil || err != nil {
			return
		}
		h, _ := diameter.ParseHeader(m)
		var q question
		q.read(m[diameter.HeaderSize:], v.host)
		q.judge(v.host, v.realm)
		if q.fault.result != 0 {
			wellFormed(t, v.appendRefusal(nil, answerHeader(h, q.fault.result), &q.fault, m[diameter.HeaderSize:]))
			return
		}
		r := q.request(h, "peer")
		if r.Malformed != (r.IMEI.String() != string(r.Digits[:min(14, len(r.Digits))])) && !r.Malformed {
			t.Fatalf("%+v", r)
		}
		wellFormed(t, v.appendAnswer(nil, h, &q, Tracked, m[diameter.HeaderSize:]))
	})
}

// FuzzIMSI: our reading of an IMSI is that of the package subscriber.
func FuzzIMSI(f *testing.F) {
	for _, s := range []string{"001010000000000", "20801000000000", "208010000000000", "00000000000000", "000000000000000", "02000000000000", "099999999999999", "20801000000000x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, _ := subscriber.ParseIMSI(s)
		if got := parseIMSI([]byte(s)); got != want {
			t.Fatalf("%q: %d, want %d", s, got, want)
		}
	})
}

// FuzzAnswer: our Client reads whatever an EIR answers without harm.
func FuzzAnswer(f *testing.F) {
	f.Add(agree(watchdogRequest))
	f.Add(workedECR)
	f.Fuzz(func(t *testing.T, b []byte) {
		c := &Client{voice: newVoice("h", "r", "p", 1), slots: make([]slot, 4), wake: make(chan struct{}, 1), gone: make(chan struct{})}
		for i := range c.slots {
			c.slots[i] = slot{number: uint32(i), waiting: true, reply: make(chan reply, 1)}
		}
		c.messages(b)
	})
}
