package s13

import (
	"bytes"

	"github.com/openceir/openceir/diameter"
	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/subscriber"
)

// question is what was found in one ME-Identity-Check-Request (TS 29.272 §7.2.19).
type question struct {
	has      present
	session  []byte // the whole Session-Id AVP
	host     []byte // Origin-Host
	toHost   []byte // Destination-Host
	toRealm  []byte // Destination-Realm
	imei     diameter.AVP
	software []byte
	imsi     subscriber.IMSI
	looped   bool  // a Route-Record names this node
	proxied  bool  // there is a Proxy-Info
	fault    fault // the first in the message
}

// present is the set of AVPs, of those that may occur once, that a message has.
type present uint16

const (
	hasSession present = 1 << iota
	hasAuthState
	hasHost
	hasRealm
	hasToRealm
	hasTerminal
	hasIMEI
	hasToHost
	hasUser
	hasSoftware
	hasVSAI
	hasMEID
)

// required lists what a request must have, in the order of its definition, each with the example
// that Failed-AVP gives of it: the least a value can be, in zeros (RFC 6733 §7.1.5,
// DIAMETER_MISSING_AVP).
var required = [...]struct {
	bit     present
	example []byte
	inside  bool
}{
	{hasSession, diameter.AppendBytes(nil, diameter.SessionID, 0, diameter.Mandatory, make([]byte, 1)), false},
	{hasAuthState, diameter.AppendUint32(nil, diameter.AuthSessionState, 0, diameter.Mandatory, 0), false},
	{hasHost, diameter.AppendBytes(nil, diameter.OriginHost, 0, diameter.Mandatory, make([]byte, 1)), false},
	{hasRealm, diameter.AppendBytes(nil, diameter.OriginRealm, 0, diameter.Mandatory, make([]byte, 1)), false},
	{hasToRealm, diameter.AppendBytes(nil, diameter.DestinationRealm, 0, diameter.Mandatory, make([]byte, 1)), false},
	{hasTerminal, diameter.AppendBytes(nil, TerminalInformation, Vendor, diameter.Mandatory, nil), false},
	{hasIMEI, diameter.AppendBytes(nil, IMEI, Vendor, diameter.Mandatory, make([]byte, 14)), true},
}

const (
	requiredAll = hasSession | hasAuthState | hasHost | hasRealm | hasToRealm | hasTerminal | hasIMEI
)

// read walks the AVPs of a request. It goes on after a fault, for the Proxy-Info and Session-Id
// that the answer must carry, and stops only where the bytes stop making sense.
func (q *question) read(body, self []byte) {
	for len(body) > 0 {
		a, rest, err := diameter.Next(body)
		if err != nil {
			q.blame(diameter.InvalidAVPLength, misfit(a), false)
			return
		}
		body = rest
		switch a.Vendor {
		case 0:
			q.base(a, self)
		case Vendor:
			q.vendor(a)
		default:
			q.unknown(a, false)
		}
	}
}

// base takes an AVP of the base protocol.
func (q *question) base(a diameter.AVP, self []byte) {
	switch a.Code {
	case diameter.SessionID:
		if q.once(hasSession, a, false) {
			q.session = a.Raw
		}
	case diameter.OriginHost:
		if q.once(hasHost, a, false) {
			q.host = a.Data
		}
	case diameter.OriginRealm:
		q.once(hasRealm, a, false)
	case diameter.DestinationHost:
		if q.once(hasToHost, a, false) {
			q.toHost = a.Data
		}
	case diameter.DestinationRealm:
		if q.once(hasToRealm, a, false) {
			q.toRealm = a.Data
		}
	case diameter.UserName:
		if q.once(hasUser, a, false) {
			q.imsi = parseIMSI(a.Data)
		}
	case diameter.AuthSessionState:
		if q.once(hasAuthState, a, false) {
			// 0 and 1 are all there is (RFC 6733 §8.11); no state is kept for either.
			if v, ok := a.Uint32(); !ok {
				q.blame(diameter.InvalidAVPLength, quote(a), false)
			} else if v > 1 {
				q.blame(diameter.InvalidAVPValue, quote(a), false)
			}
		}
	case diameter.VendorSpecificApplicationID:
		q.once(hasVSAI, a, false)
	case diameter.ProxyInfo:
		q.proxied = true
	case diameter.RouteRecord:
		q.looped = q.looped || sameName(a.Data, self)
	default:
		if !known(a.Code) {
			q.unknown(a, false)
		}
	}
}

// vendor takes an AVP of the 3GPP.
func (q *question) vendor(a diameter.AVP) {
	switch a.Code {
	case TerminalInformation:
		if q.once(hasTerminal, a, false) {
			q.terminal(a.Data)
		}
	case SupportedFeatures, IMEI, SoftwareVersion, MEID:
		// Features are not negotiated on S13; the others mean nothing outside their group.
	default:
		q.unknown(a, false)
	}
}

// terminal walks Terminal-Information (TS 29.272 §7.3.3).
func (q *question) terminal(group []byte) {
	for len(group) > 0 {
		a, rest, err := diameter.Next(group)
		if err != nil {
			q.blame(diameter.InvalidAVPLength, misfit(a), true)
			return
		}
		group = rest
		switch {
		case a.Is(IMEI, Vendor):
			if q.once(hasIMEI, a, true) {
				q.imei = a
			}
		case a.Is(SoftwareVersion, Vendor):
			if q.once(hasSoftware, a, true) {
				q.software = a.Data
			}
		case a.Is(MEID, Vendor):
			q.once(hasMEID, a, true)
		default:
			q.unknown(a, true)
		}
	}
}

// known reports whether an AVP of the base protocol that a request need not have is known here:
// it may be there and changes nothing.
func known(code uint32) bool {
	switch code {
	case diameter.DRMP, diameter.OriginStateID, diameter.AuthApplicationID, diameter.AcctApplicationID,
		diameter.VendorID, diameter.OCSupportedFeatures, diameter.OCOLR, diameter.Load:
		return true
	}
	return false
}

// once marks an AVP as present and reports whether it is the first of its kind.
func (q *question) once(bit present, a diameter.AVP, inside bool) bool {
	if q.has&bit != 0 {
		q.blame(diameter.TooManyAVPs, quote(a), inside)
		return false
	}
	q.has |= bit
	return true
}

// unknown takes an AVP that nobody here knows: ignored, unless the M bit forbids it (RFC 6733 §4.1).
func (q *question) unknown(a diameter.AVP, inside bool) {
	if a.Mandatory() {
		q.blame(diameter.AVPUnsupported, quote(a), inside)
	}
}

// blame keeps the first fault.
func (q *question) blame(result diameter.Result, failed []byte, inside bool) {
	if q.fault.result == 0 {
		q.fault = fault{result: result, failed: failed, inside: inside}
	}
}

// judge settles, once the request is read, whether it can be asked: first whether it is meant
// for this node at all, then whether it was sound, then whether it was complete.
func (q *question) judge(host, realm []byte) {
	switch {
	case q.looped:
		q.fault = fault{result: diameter.LoopDetected}
	case q.has&hasToRealm != 0 && !sameName(q.toRealm, realm):
		q.fault = fault{result: diameter.RealmNotServed}
	case q.has&hasToHost != 0 && !sameName(q.toHost, host):
		q.fault = fault{result: diameter.UnableToDeliver}
	case q.fault.result == 0 && q.has&requiredAll != requiredAll:
		for _, r := range required {
			if q.has&r.bit == 0 {
				q.fault = fault{result: diameter.MissingAVP, failed: r.example, inside: r.inside}
				return
			}
		}
	}
}

// request returns the question as the Handler gets it.
func (q *question) request(h diameter.Header, peer string) Request {
	m, svn, err := imei.ParseFull(string(q.imei.Data))
	if q.has&hasSoftware != 0 {
		svn = version(q.software)
	}
	return Request{
		IMEI:      m,
		Malformed: err != nil,
		Digits:    q.imei.Data,
		SVN:       svn,
		IMSI:      q.imsi,
		Peer:      peer,
		Origin:    q.host,
		Repeated:  h.Flags&diameter.Retransmitted != 0,
	}
}

// version reads a software version, and takes one that cannot be read for none: it only narrows a
// line of a list, and a device is not refused for its absence.
func version(b []byte) imei.SVN {
	if len(b) != 2 || b[0]-'0' > 9 || b[1]-'0' > 9 {
		return imei.NoSVN
	}
	return imei.SVN(b[0]-'0')*10 + imei.SVN(b[1]-'0')
}

// parseIMSI reads what subscriber.ParseIMSI reads, without allocating, and 0 for all else: a
// User-Name may be something other than an IMSI, and the check is then made without it.
func parseIMSI(b []byte) subscriber.IMSI {
	if len(b) != 14 && len(b) != 15 {
		return 0
	}
	var n uint64
	for _, c := range b {
		if c -= '0'; c > 9 {
			return 0
		}
		n = n*10 + uint64(c)
	}
	// Which numbers are fourteen digits and which fifteen is told in the package comment there.
	short := n >= 20_000_000_000_000 && n < 100_000_000_000_000
	if short != (len(b) == 14) {
		return 0
	}
	return subscriber.IMSI(n)
}

// sameName compares two DiameterIdentities, which are domain names (RFC 6733 §4.3.1).
func sameName(a, b []byte) bool { return bytes.Equal(a, b) || bytes.EqualFold(a, b) }
