package s13

import (
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/openceir/openceir/diameter"
)

// conn is one connection of a Server. All its fields but leaving belong to the goroutine that
// runs it; Shutdown only sets leaving and wakes it by the read deadline.
type conn struct {
	server *Server
	net    net.Conn
	voice  *voice

	in     []byte // what was read; in[:filled] is not yet dealt with
	filled int
	out    []byte // answers not yet written
	tally  tally

	peer     string // Origin-Host of the peer; "" until the capabilities exchange
	nextID   uint32 // of the next request of our own
	tw       time.Duration
	probing  bool      // a watchdog request of ours is unanswered
	parting  bool      // we sent DPR
	quiet    time.Time // since when nothing whole was heard, or the last wait began
	begun    time.Time // since when the message at the head of in is incomplete; zero if none is
	armed    time.Time // the read deadline as it is set
	leaving  atomic.Bool
	lingered bool // the peer is to read a last answer before we close
}

func newConn(s *Server, v *voice, c net.Conn) *conn {
	tw := s.Watchdog
	if tw == 0 {
		tw = watchdogWait
	}
	tw = max(tw, watchdogMin) - watchdogJitter + rand.N(2*watchdogJitter)
	return &conn{server: s, net: c, voice: v, tw: tw, nextID: rand.Uint32(),
		in: make([]byte, readBuffer), quiet: time.Now()}
}

// run serves the connection until either side ends it. A panic here is a mistake of ours, and
// costs this connection, not the node.
func (c *conn) run() {
	defer func() {
		if recover() != nil {
			c.tally.panics++
		}
		c.server.Stats.add(&c.tally)
		c.net.Close()
	}()
	for c.step() {
	}
	if c.flush() && c.lingered {
		c.linger()
	}
}

// step waits for bytes or for a deadline, deals with what there is, and writes what there is to
// say. It reports whether the connection goes on.
func (c *conn) step() bool {
	c.arm()
	if c.leaving.Load() && !c.parting {
		if c.peer == "" {
			return false
		}
		c.part()
		return c.flush()
	}
	n, err := c.net.Read(c.in[c.filled:])
	if n > 0 {
		c.filled += n
		on := c.batch()
		c.server.Stats.add(&c.tally)
		if !on || !c.flush() {
			return false
		}
	}
	if err == nil {
		return true
	}
	return errors.Is(err, os.ErrDeadlineExceeded) && c.expire(time.Now()) && c.flush()
}

// batch deals with every whole message that was read: the peer's watchdog first, then the rest in
// order. It reports false when the connection is to be closed.
func (c *conn) batch() bool {
	rest, heard := c.in[:c.filled], false
	if c.peer == "" {
		m, err := diameter.Frame(rest, maxMessage)
		if m != nil {
			if !c.greet(m) {
				return false
			}
			rest, heard = rest[len(m):], true
		} else if err == nil {
			c.await(rest, false)
			return true
		}
	}
	c.watchdogs(rest)
	for {
		m, err := diameter.Frame(rest, maxMessage)
		if err != nil {
			c.misframed(rest)
			return false
		}
		if m == nil {
			break
		}
		rest, heard = rest[len(m):], true
		if !c.message(m) || len(c.out) > writeBatch && !c.flush() {
			return false
		}
	}
	c.await(rest, heard)
	return true
}

// await keeps the beginning of a message whose end is yet to come.
func (c *conn) await(rest []byte, heard bool) {
	now := time.Now()
	if heard {
		c.quiet, c.probing = now, false
	}
	switch {
	case len(rest) == 0:
		c.begun = time.Time{}
	case heard || c.begun.IsZero():
		c.begun = now
	}
	c.filled = copy(c.in, rest)
}

// message deals with one message of an open connection, RFC 6733 §5.6 state Open.
func (c *conn) message(m []byte) bool {
	c.tally.messages++
	h, _ := diameter.ParseHeader(m)
	body := m[diameter.HeaderSize:]
	if !h.IsRequest() {
		// A DWA has done its work by being heard. Other answers are to nothing we asked.
		return !(c.parting && h.Application == diameter.Base && h.Command == diameter.DisconnectPeer)
	}
	switch {
	case h.Version != diameter.Version:
		c.refuse(h, diameter.UnsupportedVersion, nil) // its body may be anything
	case h.Flags&diameter.Error != 0:
		c.refuse(h, diameter.InvalidHeaderBits, body)
	case h.Application == Application && h.Command == Command:
		c.check(h, body)
	case h.Application == diameter.Base && h.Command == diameter.DeviceWatchdog:
		// Answered before the batch.
	case h.Application == diameter.Base && h.Command == diameter.DisconnectPeer:
		c.appendBaseAnswer(h)
		c.lingered = true
		return false
	case h.Application == diameter.Base && h.Command == diameter.CapabilitiesExchange:
		// It has presented itself; changing that in mid-connection is another command (RFC 6737).
		c.refuse(h, diameter.UnableToComply, body)
	case h.Application == Application || h.Application == diameter.Base:
		c.refuse(h, diameter.CommandUnsupported, body)
	default:
		c.refuse(h, diameter.ApplicationUnsupported, body)
	}
	return true
}

// check answers an ME-Identity-Check-Request.
func (c *conn) check(h diameter.Header, body []byte) {
	var q question
	q.read(body, c.voice.host)
	q.judge(c.voice.host, c.voice.realm)
	if q.fault.result != 0 {
		c.tally.faulty++
		c.out = c.voice.appendRefusal(c.out, h, &q.fault, body)
		return
	}
	r := q.request(h, c.peer)
	a := c.decide(r)
	c.tally.checks++
	c.tally.answered[a]++
	if r.Malformed {
		c.tally.malformed++
	}
	switch a {
	case Invalid:
		q.blame(diameter.InvalidAVPValue, quote(q.imei), true)
	case Unable:
		q.blame(diameter.UnableToComply, nil, false)
	case Busy:
		q.blame(diameter.TooBusy, nil, false)
	default:
		c.out = c.voice.appendAnswer(c.out, h, &q, a, body)
		return
	}
	c.out = c.voice.appendRefusal(c.out, h, &q.fault, body)
}

// decide asks the Handler, and allows where it does not answer.
func (c *conn) decide(r Request) (a Answer) {
	defer func() {
		if recover() != nil {
			c.tally.panics++
			a = Allowed
		}
	}()
	if a = c.server.Handler.Check(r); a >= answers {
		c.tally.panics++
		a = Allowed
	}
	return a
}

// refuse answers a request with an error that names no AVP.
func (c *conn) refuse(h diameter.Header, result diameter.Result, body []byte) {
	c.tally.faulty++
	c.out = c.voice.appendRefusal(c.out, h, &fault{result: result}, body)
}

// misframed answers, if it looks like a request of a peer that presented itself, a message whose
// length cannot be true (RFC 6733 §7.1.5, DIAMETER_INVALID_MESSAGE_LENGTH).
func (c *conn) misframed(b []byte) {
	c.server.Stats.Broken.Add(1)
	if c.peer == "" {
		return
	}
	if h, _ := diameter.ParseHeader(b); h.Version == diameter.Version && h.IsRequest() {
		c.refuse(h, diameter.InvalidMessageLength, nil)
	}
	c.lingered = true // for the answers to what came before, too
}

// flush writes the answers. A peer that does not read them in time loses the connection.
func (c *conn) flush() bool {
	if len(c.out) == 0 {
		return true
	}
	if err := c.net.SetWriteDeadline(time.Now().Add(writeWait)); err != nil {
		return false
	}
	_, err := c.net.Write(c.out)
	c.out = c.out[:0]
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.server.Stats.Stalled.Add(1)
	}
	return err == nil
}

// linger lets the peer read our last answer: it ends our side of the connection and throws away
// what still comes, within bounds.
func (c *conn) linger() {
	half, ok := c.net.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil || c.net.SetReadDeadline(time.Now().Add(lingerWait)) != nil {
		return
	}
	for left := lingerBytes; left > 0; {
		n, err := c.net.Read(c.in)
		if left -= n; err != nil {
			return
		}
	}
}
