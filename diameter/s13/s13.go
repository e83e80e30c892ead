// Package s13 answers, and asks, whether a device may attach: the ME Identity Check of the
// Diameter interfaces S13 (MME to EIR) and S13' (SGSN to EIR), TS 29.272 clauses 6 and 7.
//
// Server is the EIR's side: it speaks the peer layer of RFC 6733 (capabilities exchange,
// watchdog, disconnection) and hands every ME-Identity-Check-Request to a Handler. Client is the
// MME's side, for tests, demonstrations and agents beside other EIRs.
//
// One goroutine owns one connection. It reads what has arrived into one buffer, walks every
// whole message in place, appends the answers to a second buffer and writes that once for the
// whole batch. Watchdog requests of the batch are answered first, so that a peer with much work
// queued still hears at once that we live. What does not depend on the request is encoded before
// the first one comes; Session-Id and Proxy-Info are copied as they lie. The path of a good
// request allocates nothing.
//
// What fails, fails to allow: a Handler that panics is answered "allowed", and counted. What the
// peer gets wrong is answered by RFC 6733 §7 with an Error-Message that says what to mend; only a
// message whose length cannot be true costs the peer its connection, because where the next
// message begins is then unknown. Nothing a peer sends ends the process.
//
// Two liberties are taken on purpose. A peer may hold several connections under one identity: an
// MME that lost one without our noticing must not wait for our watchdog before it may come back.
// And a request whose P bit is not set is answered all the same.
package s13

import (
	"errors"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/subscriber"
)

// Application is the identifier of S13 and S13' (TS 29.272 §7.1.8).
const Application = 16777252

// Command is the code of ME-Identity-Check-Request and -Answer (TS 29.272 §7.2.19, §7.2.20).
const Command = 324

// Vendor is the 3GPP's number, under which the AVPs of the application are.
const Vendor = 10415

// AVP codes of the 3GPP that the application uses (TS 29.272 §7.3).
const (
	SupportedFeatures   = 628
	TerminalInformation = 1401
	IMEI                = 1402
	SoftwareVersion     = 1403
	EquipmentStatus     = 1445
	MEID                = 1471 // 3GPP2-MEID: read past, never used on S13
)

// EquipmentUnknown is the Experimental-Result-Code DIAMETER_ERROR_EQUIPMENT_UNKNOWN (TS 29.272 §7.4.3.6).
const EquipmentUnknown = 5422

// Request is one check, as the Handler gets it. Byte slices belong to the server and are valid
// only until Check returns.
type Request struct {
	IMEI      imei.IMEI       // the 14 digits; 0 if Malformed
	Malformed bool            // Digits are not 14, 15 or 16 decimal digits
	Digits    []byte          // what the IMEI AVP holds, as it came
	SVN       imei.SVN        // software version, imei.NoSVN if not given
	IMSI      subscriber.IMSI // from User-Name; 0 if absent or not an IMSI
	Peer      string          // Origin-Host of the connection's capabilities exchange
	Origin    []byte          // Origin-Host of the request: another host than Peer behind an agent
	Repeated  bool            // the T bit: possibly asked before, after a failover
}

// Answer is what may be said of a device. The zero value is Allowed.
type Answer uint8

// The answers. The first three have the values of Equipment-Status (TS 29.272 §7.3.51).
const (
	Allowed    Answer = iota // WHITELISTED
	Prohibited               // BLACKLISTED
	Tracked                  // GREYLISTED
	Unknown                  // Experimental-Result 5422 and no Result-Code: many networks refuse the device
	Invalid                  // 5004 naming the IMEI AVP: the usual answer to a malformed IMEI
	Unable                   // 5012: the check cannot be made
	Busy                     // 3004: ask another EIR, or later
	answers    = iota
)

// String returns the word for the answer.
func (a Answer) String() string {
	if a < answers {
		return [answers]string{"allowed", "prohibited", "tracked", "unknown", "invalid", "unable", "busy"}[a]
	}
	return "no answer"
}

// Handler decides. Check is called from many goroutines at once and should return in
// microseconds: the connection's later requests wait for it.
type Handler interface {
	Check(Request) Answer
}

// HandlerFunc is a function as a Handler.
type HandlerFunc func(Request) Answer

// Check implements Handler.
func (f HandlerFunc) Check(r Request) Answer { return f(r) }

// ErrClosed is returned by what was called after, or was under way at, Shutdown or Close.
var ErrClosed = errors.New("the S13 connection is closed")
