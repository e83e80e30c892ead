package s13

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/openceir/openceir/diameter"
)

// This file is what a Client's two goroutines do.

// present sends a Capabilities-Exchange-Request and reads the answer. It returns what came after.
func (c *Client) present() ([]byte, error) {
	b := diameter.AppendHeader(nil, diameter.Header{Flags: diameter.Request, Command: diameter.CapabilitiesExchange})
	b = c.voice.appendIdentity(b, c.net.LocalAddr())
	diameter.Finish(b, 0)
	if err := c.net.SetDeadline(time.Now().Add(c.options.Timeout)); err != nil {
		return nil, err
	}
	if _, err := c.net.Write(b); err != nil {
		return nil, err
	}
	in, filled := make([]byte, maxAnswer), 0
	for {
		n, err := c.net.Read(in[filled:])
		filled += n
		m, bad := diameter.Frame(in[:filled], maxAnswer)
		if bad != nil {
			return nil, bad
		}
		if m != nil {
			return in[len(m):filled], c.accept(m)
		}
		if err != nil {
			return nil, unexpected(err)
		}
	}
}

// accept judges a Capabilities-Exchange-Answer.
func (c *Client) accept(m []byte) error {
	h, _ := diameter.ParseHeader(m)
	if h.IsRequest() || h.Command != diameter.CapabilitiesExchange {
		return errors.New("the peer did not answer the capabilities exchange, but sent something else")
	}
	body := m[diameter.HeaderSize:]
	if _, err := verdict(h, body); err != nil && !errors.Is(err, errNoStatus) {
		return err
	}
	host, _ := diameter.Find(body, diameter.OriginHost, 0)
	realm, _ := diameter.Find(body, diameter.OriginRealm, 0)
	c.remote.host, c.remote.realm = string(host.Data), string(realm.Data)
	if c.options.DestinationRealm == "" {
		c.options.DestinationRealm = c.remote.realm
	}
	return c.net.SetDeadline(time.Time{})
}

// errNoStatus says that an answer reports success and yet no Equipment-Status.
var errNoStatus = errors.New("the EIR answered success without an Equipment-Status")

// verdict reads an answer: Equipment-Status, Result-Code or Experimental-Result (TS 29.272
// §7.2.20, RFC 6733 §7.1, §7.6).
func verdict(h diameter.Header, body []byte) (Answer, error) {
	var e ResultError
	status := Answer(answers)
	for len(body) > 0 {
		a, rest, err := diameter.Next(body)
		if err != nil {
			return 0, fmt.Errorf("reading an answer of the EIR: %w", err)
		}
		body = rest
		switch v, ok := a.Uint32(); {
		case a.Is(EquipmentStatus, Vendor) && ok && v <= uint32(Tracked):
			status = Answer(v)
		case a.Is(diameter.ResultCode, 0) && ok:
			e.Result = diameter.Result(v)
		case a.Is(diameter.ErrorMessage, 0):
			e.Text = string(a.Data)
		case a.Is(diameter.ExperimentalResult, 0):
			vendor, _ := diameter.Find(a.Data, diameter.VendorID, 0)
			code, _ := diameter.Find(a.Data, diameter.ExperimentalResultCode, 0)
			e.Vendor, _ = vendor.Uint32()
			v, _ := code.Uint32()
			e.Result = diameter.Result(v)
		}
	}
	switch {
	case e.Result == EquipmentUnknown && e.Vendor == Vendor:
		return Unknown, nil
	case e.Result/1000 != 2 || h.Flags&diameter.Error != 0:
		return 0, &e
	case status == answers:
		return 0, errNoStatus
	}
	return status, nil
}

// read takes what the EIR sends until the connection ends. rest is what came with the
// capabilities exchange.
func (c *Client) read(rest []byte) {
	defer c.running.Done()
	in := make([]byte, readBuffer)
	filled := copy(in, rest)
	probing := false
	for {
		rest, err := c.messages(in[:filled])
		if err != nil {
			c.end(err)
			return
		}
		filled = copy(in, rest)
		c.net.SetReadDeadline(time.Now().Add(c.options.Watchdog)) //nolint:errcheck // Read will say so.
		n, err := c.net.Read(in[filled:])
		filled += n
		switch {
		case n > 0:
			probing = false
		case errors.Is(err, os.ErrDeadlineExceeded) && !probing:
			c.probe()
			probing = true
		case err != nil:
			c.end(fmt.Errorf("%w: %w", ErrClosed, unexpected(err)))
			return
		}
	}
}

// messages deals with every whole message in b and returns the rest.
func (c *Client) messages(b []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		m, err := diameter.Frame(b, maxAnswer)
		if m == nil || err != nil {
			return b, err
		}
		b = b[len(m):]
		h, _ := diameter.ParseHeader(m)
		switch {
		case h.IsRequest() && h.Application == diameter.Base &&
			(h.Command == diameter.DeviceWatchdog || h.Command == diameter.DisconnectPeer):
			c.appendBaseAnswer(h)
			c.hurry()
			// After a DPA it is the other side that closes (RFC 6733 §5.4.2).
		case h.IsRequest():
			f := fault{result: diameter.CommandUnsupported}
			c.out = c.voice.appendRefusal(c.out, h, &f, m[diameter.HeaderSize:])
			c.hurry()
		case h.Application == diameter.Base && h.Command == diameter.DisconnectPeer:
			return b, ErrClosed
		default:
			c.deliver(h, m)
		}
	}
}

// deliver hands an answer to who waits for it. The caller holds mu.
func (c *Client) deliver(h diameter.Header, m []byte) {
	number := h.HopByHop & 0xffff
	if int(number) >= len(c.slots) {
		return
	}
	s := &c.slots[number]
	if !s.waiting || s.generation<<16|number != h.HopByHop {
		return
	}
	s.waiting = false
	if s.raw {
		s.reply <- reply{message: append([]byte(nil), m...)}
		return
	}
	a, err := verdict(h, m[diameter.HeaderSize:])
	s.reply <- reply{answer: a, err: err}
}

// appendBaseAnswer appends a DWA or DPA. The caller holds mu.
func (c *Client) appendBaseAnswer(h diameter.Header) {
	start := len(c.out)
	c.out = diameter.AppendHeader(c.out, answerHeader(h, diameter.Success))
	c.out = diameter.AppendUint32(c.out, diameter.ResultCode, 0, diameter.Mandatory, uint32(diameter.Success))
	c.out = append(c.out, c.voice.origin...)
	diameter.Finish(c.out, start)
}

// appendBaseRequest appends a request of the peer layer. Its answer needs no slot: that of a
// watchdog does its work by being heard, that of a disconnection is the only one of its kind.
func (c *Client) appendBaseRequest(b []byte, command, code, value uint32) []byte {
	start := len(b)
	b = diameter.AppendHeader(b, diameter.Header{Flags: diameter.Request, Command: command,
		HopByHop: maxWindow - 1, EndToEnd: uint32(c.session)})
	b = append(b, c.voice.origin...)
	b = diameter.AppendUint32(b, code, 0, diameter.Mandatory, value)
	diameter.Finish(b, start)
	return b
}

// probe asks a silent EIR whether it lives (RFC 6733 §5.5.1).
func (c *Client) probe() {
	c.mu.Lock()
	c.out = c.appendBaseRequest(c.out, diameter.DeviceWatchdog, diameter.OriginStateID, c.voice.stateID)
	c.mu.Unlock()
	c.hurry()
}

// write writes what has gathered, all at once, until the connection ends.
func (c *Client) write() {
	defer c.running.Done()
	var spare []byte
	for {
		select {
		case <-c.wake:
		case <-c.gone:
			return
		}
		c.mu.Lock()
		b := c.out
		c.out = spare[:0]
		c.mu.Unlock()
		c.net.SetWriteDeadline(time.Now().Add(writeWait)) //nolint:errcheck // Write will say so.
		if _, err := c.net.Write(b); err != nil {
			c.net.Close() // the reader ends the rest
			<-c.gone
			return
		}
		spare = b
	}
}

// end records why the connection ended, once, and closes it.
func (c *Client) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	c.err = err
	c.net.Close()
	close(c.gone)
}

// unexpected turns the bare end of a stream into words.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("the peer closed the connection")
	}
	return err
}
