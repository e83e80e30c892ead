package diameter

import "strconv"

// Applications.
const (
	Base  = 0          // the peer layer itself (RFC 6733 §2.4)
	Relay = 0xffffffff // what a relay announces: all applications (RFC 6733 §2.4)
)

// Commands of the peer layer (RFC 6733 §3.1).
const (
	CapabilitiesExchange = 257
	DeviceWatchdog       = 280
	DisconnectPeer       = 282
)

// AVP codes of the base protocol (RFC 6733 §4.5), and of three extensions to it.
const (
	UserName                    = 1
	HostIPAddress               = 257
	AuthApplicationID           = 258
	AcctApplicationID           = 259
	VendorSpecificApplicationID = 260
	SessionID                   = 263
	OriginHost                  = 264
	SupportedVendorID           = 265
	VendorID                    = 266
	FirmwareRevision            = 267
	ResultCode                  = 268
	ProductName                 = 269
	DisconnectCause             = 273
	AuthSessionState            = 277
	OriginStateID               = 278
	FailedAVP                   = 279
	ErrorMessage                = 281
	RouteRecord                 = 282
	DestinationRealm            = 283
	ProxyInfo                   = 284
	DestinationHost             = 293
	ErrorReportingHost          = 294
	OriginRealm                 = 296
	ExperimentalResult          = 297
	ExperimentalResultCode      = 298
	InbandSecurityID            = 299
	DRMP                        = 301 // RFC 7944
	OCSupportedFeatures         = 621 // RFC 7683
	OCOLR                       = 623 // RFC 7683
	Load                        = 650 // RFC 8583
)

// Result is the value of a Result-Code or Experimental-Result-Code AVP (RFC 6733 §7.1).
type Result uint32

// Results. Those from 3000 to 3999 are protocol errors: their answers carry the E bit.
const (
	Success                Result = 2001
	CommandUnsupported     Result = 3001
	UnableToDeliver        Result = 3002
	RealmNotServed         Result = 3003
	TooBusy                Result = 3004
	LoopDetected           Result = 3005
	ApplicationUnsupported Result = 3007
	InvalidHeaderBits      Result = 3008
	UnknownPeer            Result = 3010
	AVPUnsupported         Result = 5001
	InvalidAVPValue        Result = 5004
	MissingAVP             Result = 5005
	TooManyAVPs            Result = 5009 // an AVP occurs too many times
	NoCommonApplication    Result = 5010
	UnsupportedVersion     Result = 5011
	UnableToComply         Result = 5012
	InvalidAVPLength       Result = 5014
	InvalidMessageLength   Result = 5015
	NoCommonSecurity       Result = 5017
)

// IsProtocolError reports whether an answer with this result carries the E bit (RFC 6733 §7.1.3).
func (r Result) IsProtocolError() bool { return r/1000 == 3 }

// String returns the number and, where it is known here, the name that RFC 6733 gives it.
func (r Result) String() string {
	number := strconv.Itoa(int(r))
	for _, n := range resultNames {
		if n.result == r {
			return number + " " + n.name
		}
	}
	return number
}

var resultNames = [...]struct {
	result Result
	name   string
}{
	{Success, "DIAMETER_SUCCESS"},
	{CommandUnsupported, "DIAMETER_COMMAND_UNSUPPORTED"},
	{UnableToDeliver, "DIAMETER_UNABLE_TO_DELIVER"},
	{RealmNotServed, "DIAMETER_REALM_NOT_SERVED"},
	{TooBusy, "DIAMETER_TOO_BUSY"},
	{LoopDetected, "DIAMETER_LOOP_DETECTED"},
	{ApplicationUnsupported, "DIAMETER_APPLICATION_UNSUPPORTED"},
	{InvalidHeaderBits, "DIAMETER_INVALID_HDR_BITS"},
	{UnknownPeer, "DIAMETER_UNKNOWN_PEER"},
	{AVPUnsupported, "DIAMETER_AVP_UNSUPPORTED"},
	{InvalidAVPValue, "DIAMETER_INVALID_AVP_VALUE"},
	{MissingAVP, "DIAMETER_MISSING_AVP"},
	{TooManyAVPs, "DIAMETER_AVP_OCCURS_TOO_MANY_TIMES"},
	{NoCommonApplication, "DIAMETER_NO_COMMON_APPLICATION"},
	{UnsupportedVersion, "DIAMETER_UNSUPPORTED_VERSION"},
	{UnableToComply, "DIAMETER_UNABLE_TO_COMPLY"},
	{InvalidAVPLength, "DIAMETER_INVALID_AVP_LENGTH"},
	{InvalidMessageLength, "DIAMETER_INVALID_MESSAGE_LENGTH"},
	{NoCommonSecurity, "DIAMETER_NO_COMMON_SECURITY"},
}
