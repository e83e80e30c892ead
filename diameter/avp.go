package diameter

import (
	"encoding/binary"
	"errors"
)

// AVP flags (RFC 6733 §4.1). The other bits are reserved and ignored, the former P bit too.
const (
	VendorBit = 0x80 // V: a vendor identifier follows the header
	Mandatory = 0x40 // M: who does not know this AVP must reject the message
)

const (
	avpHeader       = 8  // code, flags and length
	avpVendorHeader = 12 // the same and a vendor identifier
)

// ErrAVPLength says that an AVP names a length shorter than its own header or longer than what
// is left of its message or group, or that fewer bytes are left than a header has.
var ErrAVPLength = errors.New("the AVP length does not fit the bytes that are there")

// AVP is one attribute-value pair, as slices of the message it was read from.
type AVP struct {
	Code   uint32
	Vendor uint32 // 0 where the V bit is not set
	Flags  uint8
	Data   []byte // without padding
	Raw    []byte // header, data and, as far as it is there, padding
}

// Is reports whether the AVP is that code of that vendor (0 for those of the IETF).
func (a AVP) Is(code, vendor uint32) bool { return a.Code == code && a.Vendor == vendor }

// Mandatory reports whether the M bit is set.
func (a AVP) Mandatory() bool { return a.Flags&Mandatory != 0 }

// Uint32 returns the value of an Unsigned32 or Enumerated AVP, false if it is not four bytes.
func (a AVP) Uint32() (uint32, bool) {
	if len(a.Data) != 4 {
		return 0, false
	}
	return binary.BigEndian.Uint32(a.Data), true
}

// Next returns the first AVP of b and what follows it. On ErrAVPLength the returned AVP holds
// what of the header could be read, for the answer to name it, and Raw is all that was left.
//
// Padding (RFC 6733 §4.1) is skipped whatever it holds. Missing padding at the very end of b is
// accepted: some peers leave it out of the last AVP of a group, and nothing depends on it.
func Next(b []byte) (AVP, []byte, error) {
	if len(b) < avpHeader {
		a := AVP{Raw: b}
		if len(b) >= 4 {
			a.Code = binary.BigEndian.Uint32(b)
		}
		return a, nil, ErrAVPLength
	}
	word := binary.BigEndian.Uint32(b[4:])
	a := AVP{Code: binary.BigEndian.Uint32(b), Flags: uint8(word >> 24)}
	n, head := int(word&0xffffff), avpHeader
	if a.Flags&VendorBit != 0 {
		head = avpVendorHeader
		if len(b) >= head {
			a.Vendor = binary.BigEndian.Uint32(b[avpHeader:])
		}
	}
	if n < head || n > len(b) {
		a.Raw = b
		return a, nil, ErrAVPLength
	}
	padded := min((n+3)&^3, len(b))
	a.Data, a.Raw = b[head:n:n], b[:padded:padded]
	return a, b[padded:], nil
}

// Find returns the first AVP of that code and vendor in b, which is the body of a message or the
// data of a group. It stops at the first AVP that cannot be read.
func Find(b []byte, code, vendor uint32) (AVP, bool) {
	for len(b) > 0 {
		a, rest, err := Next(b)
		if err != nil {
			break
		}
		if a.Is(code, vendor) {
			return a, true
		}
		b = rest
	}
	return AVP{}, false
}

// Open appends the header of an AVP whose data the caller appends next, and returns where it
// begins, for Close. The V bit is set if
// the vendor is not 0.
func Open(b []byte, code, vendor uint32, flags uint8) ([]byte, int) {
	at := len(b)
	b = binary.BigEndian.AppendUint32(b, code)
	if vendor != 0 {
		b = binary.BigEndian.AppendUint32(b, uint32(flags|VendorBit)<<24)
		return binary.BigEndian.AppendUint32(b, vendor), at
	}
	return binary.BigEndian.AppendUint32(b, uint32(flags&^VendorBit)<<24), at
}

// Close fills in the length of the AVP opened at b[at] and pads it.
func Close(b []byte, at int) []byte {
	putLength(b[at+4:], len(b)-at)
	return Pad(b, at)
}

// Pad appends zeros until the bytes from b[at] on are a multiple of four.
func Pad(b []byte, at int) []byte {
	for (len(b)-at)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// AppendBytes appends an AVP with those data.
func AppendBytes(b []byte, code, vendor uint32, flags uint8, data []byte) []byte {
	b, at := Open(b, code, vendor, flags)
	return Close(append(b, data...), at)
}

// AppendString appends an AVP with that text.
func AppendString(b []byte, code, vendor uint32, flags uint8, text string) []byte {
	b, at := Open(b, code, vendor, flags)
	return Close(append(b, text...), at)
}

// AppendUint32 appends an AVP of type Unsigned32 or Enumerated.
func AppendUint32(b []byte, code, vendor uint32, flags uint8, value uint32) []byte {
	b, at := Open(b, code, vendor, flags)
	return Close(binary.BigEndian.AppendUint32(b, value), at)
}
