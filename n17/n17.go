// Package n17 answers, and asks, whether a device may register: the service
// N5g-eir_EquipmentIdentityCheck that the 5G-EIR offers the AMF over N17, TS 29.511.
//
// There is one resource and one method, GET {apiRoot}/n5g-eir-eic/v1/equipment-status. Server
// reads its query, hands it to a Handler, and puts the answer into words: 200 and a status, or a
// problem (RFC 9457, TS 29.571 §5.2.4.1) with the cause that TS 29.500 §5.2.7.2 gives it. It is an
// http.Handler, and Serve runs it as the network wants it, over HTTP/2 alone: with prior
// knowledge in the clear, or over TLS. Client is the AMF's side, for tests and demonstrations.
//
// A permanent equipment identifier (PEI) of a form that holds no IMEI, or of none that is known,
// is no error of form: the schema of TS 29.571 ends in "anything else". It reaches the Handler,
// which is told that it identifies no IMEI.
//
// What fails, fails to allow: a Handler that panics is answered "allowed", and counted. A status
// 404 with cause ERROR_EQUIPMENT_UNKNOWN says that the equipment is unknown; one with another
// cause says that the path is wrong, and nothing about equipment. Bodies of requests are never read.
package n17

import (
	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/subscriber"
)

// Resource is the path of the resource below the API's root (TS 29.511 §6.1.3.2).
const Resource = "/n5g-eir-eic/v1/equipment-status"

// Request is one check, as the Handler gets it.
type Request struct {
	IMEI       imei.IMEI         // the 14 digits, if Identified
	Identified bool              // the PEI holds an IMEI or IMEISV
	SVN        imei.SVN          // software version, imei.NoSVN if not given
	PEI        string            // as it was sent
	IMSI       subscriber.IMSI   // from supi; 0 if absent or of another kind
	MSISDN     subscriber.MSISDN // from gpsi; 0 if absent or of another kind
	Peer       string            // address and port the request came from
	Agent      string            // User-Agent, which begins with the type of the asking function
}

// Answer is what may be said of a device. The zero value is Allowed.
type Answer uint8

// The answers. The first three are EquipmentStatus (TS 29.511 §6.1.6.3.3).
const (
	Allowed    Answer = iota // WHITELISTED
	Prohibited               // BLACKLISTED
	Tracked                  // GREYLISTED
	Unknown                  // 404 ERROR_EQUIPMENT_UNKNOWN: many networks refuse the device
	Invalid                  // 400 MANDATORY_QUERY_PARAM_INCORRECT naming pei
	Unable                   // 500 SYSTEM_FAILURE: the check cannot be made
	Busy                     // 503 NF_CONGESTION: ask another EIR, or later
	answers    = iota
)

// String returns the word for the answer.
func (a Answer) String() string {
	if a < answers {
		return [answers]string{"allowed", "prohibited", "tracked", "unknown", "invalid", "unable", "busy"}[a]
	}
	return "no answer"
}

// Handler decides. Check is called from many goroutines at once.
type Handler interface {
	Check(Request) Answer
}

// HandlerFunc is a function as a Handler.
type HandlerFunc func(Request) Answer

// Check implements Handler.
func (f HandlerFunc) Check(r Request) Answer { return f(r) }
