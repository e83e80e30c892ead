package s13

import (
	"time"

	"github.com/openceir/openceir/diameter"
)

// This file is the peer layer of a Server's connection: capabilities exchange, watchdog and
// disconnection (RFC 6733 §5, RFC 3539 §3.4).

// greet takes the first message, which must be a Capabilities-Exchange-Request (RFC 6733 §5.3).
// It reports false if the connection is to be closed, with the reason in the answer, or without
// one if the peer does not speak the protocol.
func (c *conn) greet(m []byte) bool {
	c.tally.messages++
	h, _ := diameter.ParseHeader(m)
	if h.Version != diameter.Version || !h.IsRequest() || h.Flags&diameter.Error != 0 ||
		h.Application != diameter.Base || h.Command != diameter.CapabilitiesExchange {
		c.server.Stats.Refused.Add(1)
		return false
	}
	var p peer
	p.read(m[diameter.HeaderSize:])
	f := p.judge()
	if f.result == 0 && c.server.Allow != nil && !c.server.Allow(string(p.host), string(p.realm), c.net.RemoteAddr()) {
		f = fault{result: diameter.UnknownPeer}
	}
	result := f.result
	if result == 0 {
		result = diameter.Success
	}
	start := len(c.out)
	c.out = diameter.AppendHeader(c.out, answerHeader(h, result))
	c.out = diameter.AppendUint32(c.out, diameter.ResultCode, 0, diameter.Mandatory, uint32(result))
	c.out = c.voice.appendIdentity(c.out, c.net.LocalAddr())
	if f.result != 0 {
		c.out = appendFault(c.out, &f)
	}
	diameter.Finish(c.out, start)
	if f.result != 0 {
		c.server.Stats.Refused.Add(1)
		c.lingered = true
		return false
	}
	c.server.Stats.Accepted.Add(1)
	c.peer = string(p.host)
	return true
}

// peer is what was found in a Capabilities-Exchange-Request.
type peer struct {
	host, realm []byte
	common      bool // an application of ours, or relay
	secured     bool // Inband-Security-Id was sent ...
	plain       bool // ... and one of them was NO_INBAND_SECURITY
	fault       fault
}

func (p *peer) read(body []byte) {
	for len(body) > 0 {
		a, rest, err := diameter.Next(body)
		if err != nil {
			p.blame(diameter.InvalidAVPLength, misfit(a))
			return
		}
		body = rest
		if a.Vendor != 0 {
			p.unknown(a)
			continue
		}
		switch a.Code {
		case diameter.OriginHost:
			p.host = a.Data
		case diameter.OriginRealm:
			p.realm = a.Data
		case diameter.AuthApplicationID, diameter.AcctApplicationID:
			p.application(a)
		case diameter.VendorSpecificApplicationID:
			p.group(a)
		case diameter.InbandSecurityID:
			v, ok := a.Uint32()
			p.secured, p.plain = true, p.plain || ok && v == 0
		case diameter.HostIPAddress, diameter.ProductName, diameter.SupportedVendorID, diameter.FirmwareRevision:
			// Known, and nothing depends on them.
		default:
			if !known(a.Code) {
				p.unknown(a)
			}
		}
	}
}

// group takes a Vendor-Specific-Application-Id (RFC 6733 §6.11).
func (p *peer) group(g diameter.AVP) {
	for data := g.Data; len(data) > 0; {
		a, rest, err := diameter.Next(data)
		if err != nil {
			p.blame(diameter.InvalidAVPLength, misfit(g))
			return
		}
		if a.Is(diameter.AuthApplicationID, 0) || a.Is(diameter.AcctApplicationID, 0) {
			p.application(a)
		}
		data = rest
	}
}

// application compares an announced application with ours. A relay announces the one number that
// stands for all (RFC 6733 §2.4).
func (p *peer) application(a diameter.AVP) {
	switch v, ok := a.Uint32(); {
	case !ok:
		p.blame(diameter.InvalidAVPLength, quote(a))
	case v == Application || v == diameter.Relay:
		p.common = true
	}
}

func (p *peer) unknown(a diameter.AVP) {
	if a.Mandatory() {
		p.blame(diameter.AVPUnsupported, quote(a))
	}
}

func (p *peer) blame(result diameter.Result, failed []byte) {
	if p.fault.result == 0 {
		p.fault = fault{result: result, failed: failed}
	}
}

// judge settles whether the peer may come in, as far as it depends on what it said.
func (p *peer) judge() fault {
	switch {
	case p.fault.result != 0:
	case len(p.host) == 0:
		p.blame(diameter.MissingAVP, diameter.AppendBytes(nil, diameter.OriginHost, 0, diameter.Mandatory, make([]byte, 1)))
	case len(p.realm) == 0:
		p.blame(diameter.MissingAVP, diameter.AppendBytes(nil, diameter.OriginRealm, 0, diameter.Mandatory, make([]byte, 1)))
	case !p.common:
		p.blame(diameter.NoCommonApplication, nil)
	case p.secured && !p.plain:
		p.blame(diameter.NoCommonSecurity, nil)
	}
	return p.fault
}

// watchdogs answers every Device-Watchdog-Request among the whole messages of b, before any of
// the others. Nothing in such a request is judged: it asks only whether we live.
func (c *conn) watchdogs(b []byte) {
	for {
		m, err := diameter.Frame(b, maxMessage)
		if m == nil || err != nil {
			return
		}
		h, _ := diameter.ParseHeader(m)
		if h.Command == diameter.DeviceWatchdog && h.Application == diameter.Base &&
			h.Version == diameter.Version && h.Flags&(diameter.Request|diameter.Error) == diameter.Request {
			c.appendBaseAnswer(h)
		}
		b = b[len(m):]
	}
}

// appendBaseAnswer appends a successful DWA or DPA (RFC 6733 §5.5.2, §5.4.2). Origin-State-Id
// belongs to the first alone.
func (c *conn) appendBaseAnswer(h diameter.Header) {
	start := len(c.out)
	c.out = diameter.AppendHeader(c.out, answerHeader(h, diameter.Success))
	c.out = diameter.AppendUint32(c.out, diameter.ResultCode, 0, diameter.Mandatory, uint32(diameter.Success))
	c.out = append(c.out, c.voice.origin...)
	if h.Command == diameter.DeviceWatchdog {
		c.out = diameter.AppendUint32(c.out, diameter.OriginStateID, 0, diameter.Mandatory, c.voice.stateID)
	}
	diameter.Finish(c.out, start)
}

// appendBaseRequest appends a request of our own without AVPs beyond the origin.
func (c *conn) appendBaseRequest(command uint32) (start int) {
	start = len(c.out)
	c.nextID++
	c.out = diameter.AppendHeader(c.out, diameter.Header{Flags: diameter.Request, Command: command,
		HopByHop: c.nextID, EndToEnd: c.nextID})
	c.out = append(c.out, c.voice.origin...)
	return start
}

// part asks the peer to disconnect, because this node is going down (RFC 6733 §5.4.1,
// Disconnect-Cause REBOOTING). Questions are answered until the peer agrees.
func (c *conn) part() {
	start := c.appendBaseRequest(diameter.DisconnectPeer)
	c.out = diameter.AppendUint32(c.out, diameter.DisconnectCause, 0, diameter.Mandatory, 0)
	diameter.Finish(c.out, start)
	c.parting, c.quiet = true, time.Now()
}

// probe asks a silent peer whether it lives (RFC 6733 §5.5.1).
func (c *conn) probe() {
	start := c.appendBaseRequest(diameter.DeviceWatchdog)
	c.out = diameter.AppendUint32(c.out, diameter.OriginStateID, 0, diameter.Mandatory, c.voice.stateID)
	diameter.Finish(c.out, start)
	c.probing, c.quiet = true, time.Now()
}

// deadline returns when to stop waiting for bytes.
func (c *conn) deadline() time.Time {
	switch {
	case c.peer == "":
		return c.quiet.Add(handshakeWait)
	case c.parting:
		return c.quiet.Add(disconnectWait)
	case !c.begun.IsZero():
		return c.begun.Add(messageWait)
	}
	return c.quiet.Add(c.tw)
}

// arm sets the read deadline if what is set comes too late or has passed. One that comes too
// early is left: expire then finds that there is nothing to do, which is cheaper than setting
// the deadline at every batch.
func (c *conn) arm() {
	if want := c.deadline(); c.armed.IsZero() || c.armed.After(want) {
		c.armed = want
		c.net.SetReadDeadline(want) //nolint:errcheck // Read will say so.
	}
}

// expire deals with a read deadline that passed. It reports false if the connection is to be
// closed: for a handshake or a message that took too long, or after silence that our watchdog
// request did not end (RFC 3539 §3.4.1).
func (c *conn) expire(now time.Time) bool {
	c.armed = time.Time{}
	switch {
	case now.Before(c.deadline()):
		return true
	case c.parting:
		return false
	case c.peer == "" || !c.begun.IsZero() || c.probing:
		c.server.Stats.Stalled.Add(1)
		return false
	}
	c.probe()
	return true
}
