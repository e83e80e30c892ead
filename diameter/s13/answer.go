package s13

import (
	"net"

	"github.com/openceir/openceir/diameter"
)

// voice is what this node says of itself, encoded before the first request comes.
type voice struct {
	host, realm []byte
	product     string
	stateID     uint32
	origin      []byte          // Origin-Host, Origin-Realm
	grace       []byte          // Vendor-Specific-Application-Id, first in every ME-Identity-Check-Answer
	tail        [answers][]byte // what follows Session-Id, for the answers that name no AVP
}

func newVoice(host, realm, product string, stateID uint32) *voice {
	v := &voice{host: []byte(host), realm: []byte(realm), product: product, stateID: stateID}
	v.origin = diameter.AppendBytes(v.origin, diameter.OriginHost, 0, diameter.Mandatory, v.host)
	v.origin = diameter.AppendBytes(v.origin, diameter.OriginRealm, 0, diameter.Mandatory, v.realm)
	v.grace = appendApplication(nil)
	for a := Allowed; a <= Tracked; a++ {
		b := v.appendBody(nil, diameter.Success)
		v.tail[a] = diameter.AppendUint32(b, EquipmentStatus, Vendor, diameter.Mandatory, uint32(a))
	}
	v.tail[Unknown] = v.appendUnknown(nil)
	return v
}

// appendApplication appends Vendor-Specific-Application-Id {Vendor-Id, Auth-Application-Id}.
func appendApplication(b []byte) []byte {
	b, at := diameter.Open(b, diameter.VendorSpecificApplicationID, 0, diameter.Mandatory)
	b = diameter.AppendUint32(b, diameter.VendorID, 0, diameter.Mandatory, Vendor)
	b = diameter.AppendUint32(b, diameter.AuthApplicationID, 0, diameter.Mandatory, Application)
	return diameter.Close(b, at)
}

// appendBody appends what an ME-Identity-Check-Answer with a Result-Code has after Session-Id
// (TS 29.272 §7.2.20). Auth-Session-State is always NO_STATE_MAINTAINED.
func (v *voice) appendBody(b []byte, result diameter.Result) []byte {
	b = append(b, v.grace...)
	b = diameter.AppendUint32(b, diameter.ResultCode, 0, diameter.Mandatory, uint32(result))
	b = diameter.AppendUint32(b, diameter.AuthSessionState, 0, diameter.Mandatory, 1)
	return append(b, v.origin...)
}

// appendUnknown appends the same with DIAMETER_ERROR_EQUIPMENT_UNKNOWN, which is an
// Experimental-Result and leaves no room for a Result-Code (TS 29.272 §7.4.3.6, RFC 6733 §7.6).
func (v *voice) appendUnknown(b []byte) []byte {
	b = append(b, v.grace...)
	b, at := diameter.Open(b, diameter.ExperimentalResult, 0, diameter.Mandatory)
	b = diameter.AppendUint32(b, diameter.VendorID, 0, diameter.Mandatory, Vendor)
	b = diameter.AppendUint32(b, diameter.ExperimentalResultCode, 0, diameter.Mandatory, EquipmentUnknown)
	b = diameter.Close(b, at)
	b = diameter.AppendUint32(b, diameter.AuthSessionState, 0, diameter.Mandatory, 1)
	return append(b, v.origin...)
}

// answerHeader returns the header of the answer to a request: the P bit and both identifiers are
// kept, the R bit is cleared (RFC 6733 §6.2), the E bit is for protocol errors alone (§7.2).
func answerHeader(h diameter.Header, result diameter.Result) diameter.Header {
	h.Flags &= diameter.Proxiable
	if result.IsProtocolError() {
		h.Flags |= diameter.Error
	}
	return h
}

// appendAnswer appends the answer to a question that the Handler could answer.
func (v *voice) appendAnswer(b []byte, h diameter.Header, q *question, a Answer, body []byte) []byte {
	start := len(b)
	b = diameter.AppendHeader(b, answerHeader(h, diameter.Success))
	b = append(b, q.session...)
	b = append(b, v.tail[a]...)
	if q.proxied {
		b = appendProxies(b, body)
	}
	diameter.Finish(b, start)
	return b
}

// appendRefusal appends the answer to a request at fault, whatever its command is. body is what
// follows the request's header, nil where that cannot be read. The answer to a check keeps the
// form of its command unless the E bit gives it the general one (RFC 6733 §7.2).
func (v *voice) appendRefusal(b []byte, h diameter.Header, f *fault, body []byte) []byte {
	start := len(b)
	b = diameter.AppendHeader(b, answerHeader(h, f.result))
	if s, ok := diameter.Find(body, diameter.SessionID, 0); ok {
		b = append(b, s.Raw...)
	}
	if h.Application == Application && h.Command == Command && !f.result.IsProtocolError() {
		b = v.appendBody(b, f.result)
	} else {
		b = diameter.AppendUint32(b, diameter.ResultCode, 0, diameter.Mandatory, uint32(f.result))
		b = append(b, v.origin...)
	}
	b = appendFault(b, f)
	b = appendProxies(b, body)
	diameter.Finish(b, start)
	return b
}

// appendProxies copies every Proxy-Info, in order (RFC 6733 §6.2). Agents find there what they
// need to send the answer back.
func appendProxies(b, body []byte) []byte {
	for len(body) > 0 {
		a, rest, err := diameter.Next(body)
		if err != nil {
			break
		}
		if a.Is(diameter.ProxyInfo, 0) {
			at := len(b)
			b = diameter.Pad(append(b, a.Raw...), at)
		}
		body = rest
	}
	return b
}

// appendIdentity appends what CER and CEA say of a node after its origin (RFC 6733 §5.3).
// Vendor-Id 0 says that the node has no number of its own.
func (v *voice) appendIdentity(b []byte, local net.Addr) []byte {
	b = append(b, v.origin...)
	b = diameter.AppendBytes(b, diameter.HostIPAddress, 0, diameter.Mandatory, address(local))
	b = diameter.AppendUint32(b, diameter.VendorID, 0, diameter.Mandatory, 0)
	b = diameter.AppendString(b, diameter.ProductName, 0, 0, v.product)
	b = diameter.AppendUint32(b, diameter.OriginStateID, 0, diameter.Mandatory, v.stateID)
	b = diameter.AppendUint32(b, diameter.SupportedVendorID, 0, diameter.Mandatory, Vendor)
	return appendApplication(b)
}

// address returns the value of a Host-IP-Address: family 1 or 2 and the octets (RFC 6733 §4.3.1).
// A connection without an address, such as one in memory, is given the loopback's.
func address(a net.Addr) []byte {
	ip := net.IPv4(127, 0, 0, 1)
	if t, ok := a.(*net.TCPAddr); ok && t.IP != nil {
		ip = t.IP
	}
	if four := ip.To4(); four != nil {
		return append([]byte{0, 1}, four...)
	}
	return append([]byte{0, 2}, ip.To16()...)
}
