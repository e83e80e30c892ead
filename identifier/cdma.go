package identifier

import (
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/openceir/openceir/imei"
)

// MEID is the mobile equipment identifier of CDMA: 56 bits, of which the first eight are the
// regional code, A0 or above, or all fourteen digits are decimal and it is an IMEI as well
// (3GPP2 S.R0048).
type MEID uint64

// ESN is the electronic serial number that the MEID replaced: 8 bits of manufacturer and 24 of
// serial number, or 80 and a hash (see MEID.PseudoESN).
type ESN uint32

// ParseMEID reads 14 hexadecimal digits, or 15 with the check digit.
func ParseMEID(s string) (MEID, error) {
	s = strings.ToUpper(s)
	if len(s) != 14 && len(s) != 15 || !only(s, hexadecimal) {
		return 0, formError("meid", s, "write 14 hexadecimal digits, or 15 with the check digit")
	}
	n, _ := strconv.ParseUint(s[:14], 16, 64)
	m := MEID(n)
	if !m.formed() {
		return 0, formError("meid", s, "it begins with A0 or above, or has decimal digits only")
	}
	if len(s) == 15 {
		return m, checked("meid", s[14:], string(m.CheckDigit()))
	}
	return m, nil
}

func (m MEID) formed() bool { return m>>48 >= 0xA0 && m>>56 == 0 || only(m.String(), decimal) }

// ParseMEIDDecimal reads 18 decimal digits, ten for the first 32 bits and eight for the other 24,
// or 19 with the check digit.
func ParseMEIDDecimal(s string) (MEID, error) {
	const want = "write 18 decimal digits, or 19 with the check digit"
	if len(s) != 18 && len(s) != 19 || !only(s, decimal) {
		return 0, formError("meid-decimal", s, want)
	}
	high, _ := strconv.ParseUint(s[:10], 10, 64)
	low, _ := strconv.ParseUint(s[10:18], 10, 64)
	m := MEID(high<<24 | low)
	if high > 0xFFFFFFFF || low > 0xFFFFFF || !m.formed() {
		return 0, formError("meid-decimal", s, "its two parts are not those of an MEID")
	}
	if len(s) == 19 {
		return m, checked("meid-decimal", s[18:], string(Luhn(s[:18])))
	}
	return m, nil
}

// String returns 14 hexadecimal digits.
func (m MEID) String() string { return fmt.Sprintf("%014X", uint64(m)) }

// CheckDigit returns the Luhn digit, in base 10 if all digits are decimal, else in base 16.
func (m MEID) CheckDigit() byte {
	if s := m.String(); !only(s, decimal) {
		return Luhn16(s)
	}
	return Luhn(m.String())
}

// Decimal returns the 18 decimal digits.
func (m MEID) Decimal() string { return fmt.Sprintf("%010d%08d", uint64(m)>>24, uint64(m)&0xFFFFFF) }

// PseudoESN returns the number that a device with an MEID shows where an ESN is asked for: 80 and
// the low 24 bits of the SHA-1 of the seven octets. Different devices share one by design.
func (m MEID) PseudoESN() ESN {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(m))
	sum := sha1.Sum(b[1:])
	return ESN(0x80)<<24 | ESN(sum[17])<<16 | ESN(sum[18])<<8 | ESN(sum[19])
}

// IMEI returns the IMEI that the device also has, if all digits are decimal.
func (m MEID) IMEI() (imei.IMEI, bool) {
	v, err := imei.Parse(m.String())
	return v, err == nil
}

// ParseESN reads 8 hexadecimal digits.
func ParseESN(s string) (ESN, error) {
	s = strings.ToUpper(s)
	n, err := strconv.ParseUint(s, 16, 32)
	if len(s) != 8 || err != nil {
		return 0, formError("esn", s, "write 8 hexadecimal digits")
	}
	return ESN(n), nil
}

// ParseESNDecimal reads 11 decimal digits: three of the manufacturer, eight of the serial number.
func ParseESNDecimal(s string) (ESN, error) {
	if len(s) != 11 || !only(s, decimal) {
		return 0, formError("esn-decimal", s, "write 11 decimal digits")
	}
	maker, _ := strconv.Atoi(s[:3])
	serial, _ := strconv.Atoi(s[3:])
	if maker > 0xFF || serial > 0xFFFFFF {
		return 0, formError("esn-decimal", s, "its first three digits go to 255, the other eight to 16777215")
	}
	return ESN(maker)<<24 | ESN(serial), nil
}

// String returns 8 hexadecimal digits.
func (e ESN) String() string { return fmt.Sprintf("%08X", uint32(e)) }

// Decimal returns 11 decimal digits.
func (e ESN) Decimal() string { return fmt.Sprintf("%03d%08d", uint32(e)>>24, uint32(e)&0xFFFFFF) }

// Pseudo reports whether this is a hash of an MEID, which identifies no device.
func (e ESN) Pseudo() bool { return e>>24 == 0x80 }
