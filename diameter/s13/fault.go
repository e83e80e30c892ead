package s13

import (
	"github.com/openceir/openceir/diameter"
)

// fault is why a request is answered with an error. The zero value is no fault.
type fault struct {
	result diameter.Result
	text   string // Error-Message: what is wrong and what to do
	failed []byte // the AVP for Failed-AVP, nil for none
	inside bool   // failed was found, or is missing, in Terminal-Information
}

// The texts of Error-Message AVPs (RFC 6733 §7.3), one for each result this node can give.
func explain(r diameter.Result) string {
	switch r {
	case diameter.CommandUnsupported:
		return "this application has no such command: send 324 (ME-Identity-Check)"
	case diameter.UnableToDeliver:
		return "Destination-Host is another node and nothing is relayed here: mend the routing, or leave it out"
	case diameter.RealmNotServed:
		return "Destination-Realm is not served here: mend the routing, or the realm of this node"
	case diameter.TooBusy:
		return "overloaded: ask another EIR, or again later"
	case diameter.LoopDetected:
		return "a Route-Record names this node, the request is going round: mend the routing"
	case diameter.ApplicationUnsupported:
		return "this node serves application 16777252 (S13, S13') only"
	case diameter.InvalidHeaderBits:
		return "a request must not have the E bit set"
	case diameter.UnknownPeer:
		return "this Origin-Host is not among the peers of this node: add it to the configuration here"
	case diameter.AVPUnsupported:
		return "the AVP in Failed-AVP is not known here and has the M bit set: leave it out or clear the bit"
	case diameter.InvalidAVPValue:
		return "the AVP in Failed-AVP has a value that it cannot have; an IMEI has 14, 15 or 16 decimal digits"
	case diameter.MissingAVP:
		return "the AVP in Failed-AVP is required: send it"
	case diameter.TooManyAVPs:
		return "the AVP in Failed-AVP may occur once only: send one"
	case diameter.NoCommonApplication:
		return "no common application: announce 16777252 (S13, S13') of vendor 10415, or relay"
	case diameter.UnsupportedVersion:
		return "the protocol version must be 1"
	case diameter.UnableToComply:
		return "the check cannot be made at present: ask another EIR, or again later"
	case diameter.InvalidAVPLength:
		return "the AVP in Failed-AVP has a length that does not fit the message"
	case diameter.InvalidMessageLength:
		return "the message length must be a multiple of 4 from 20 to 4096: the connection is closed, connect again"
	case diameter.NoCommonSecurity:
		return "security is not negotiated inside the exchange: offer Inband-Security-Id 0, or TLS from the start"
	}
	return ""
}

// misfit returns what Failed-AVP says of an AVP whose length is wrong: its header and as many
// zeros as its type needs at least, none here (RFC 6733 §7.1.5, DIAMETER_INVALID_AVP_LENGTH).
func misfit(a diameter.AVP) []byte {
	return diameter.AppendBytes(nil, a.Code, a.Vendor, a.Flags&diameter.Mandatory, nil)
}

// quote returns the AVP as it is to be quoted in Failed-AVP: whole, or its header if it is long.
func quote(a diameter.AVP) []byte {
	if len(a.Raw) > failedMax {
		return misfit(a)
	}
	return a.Raw
}

// appendFault appends Error-Message and Failed-AVP.
func appendFault(b []byte, f *fault) []byte {
	text := f.text
	if text == "" {
		text = explain(f.result)
	}
	b = diameter.AppendString(b, diameter.ErrorMessage, 0, 0, text)
	if f.failed == nil {
		return b
	}
	b, outer := diameter.Open(b, diameter.FailedAVP, 0, diameter.Mandatory)
	inner := len(b)
	if f.inside {
		// An AVP in a group is quoted in its group, alone (RFC 6733 §7.5).
		b, inner = diameter.Open(b, TerminalInformation, Vendor, diameter.Mandatory)
	}
	at := len(b)
	b = diameter.Pad(append(b, f.failed...), at)
	if f.inside {
		b = diameter.Close(b, inner)
	}
	return diameter.Close(b, outer)
}
