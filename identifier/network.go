package identifier

import (
	"strings"

	"github.com/openceir/openceir/imei"
)

// ParsePON reads the serial number of an optical network unit: four letters of the vendor and
// eight hexadecimal digits (G.984.3, G.988).
func ParsePON(s string) (string, error) {
	s = strings.ToUpper(s)
	if len(s) != 12 || !only(s[:4], capital) || !only(s[4:], hexadecimal) {
		return "", formError("pon", s, "write four letters and eight hexadecimal digits")
	}
	return s, nil
}

// ParseUUID reads 32 hexadecimal digits in groups of 8-4-4-4-12, with or without urn:uuid: or
// braces (RFC 9562 §4), and returns them in lower case.
func ParseUUID(s string) (string, error) {
	u := strings.ToLower(s)
	u = strings.TrimPrefix(u, "urn:uuid:")
	if strings.HasPrefix(u, "{") && strings.HasSuffix(u, "}") {
		u = u[1 : len(u)-1]
	}
	parts := strings.Split(u, "-")
	ok := len(parts) == 5
	for i, n := range [...]int{8, 4, 4, 4, 12} {
		ok = ok && len(parts[i]) == n && only(strings.ToUpper(parts[i]), hexadecimal)
	}
	if !ok {
		return "", formError("uuid", s, "write 32 hexadecimal digits in groups of 8-4-4-4-12")
	}
	return u, nil
}

// ParseMatter reads the manual setup code of a Matter device, 11 digits or 21 where vendor and
// product are in it; the last is a check digit (Matter Core Specification §5.1.4).
func ParseMatter(s string) (string, error) {
	if len(s) != 11 && len(s) != 21 || !only(s, decimal) {
		return "", formError("matter-code", s, "write 11 or 21 digits")
	}
	if long := s[0] >= '4'; s[0] > '7' || long != (len(s) == 21) {
		return "", formError("matter-code", s, "its first digit is 0 to 3 for 11 digits, 4 to 7 for 21")
	}
	last := len(s) - 1
	return s, checked("matter-code", s[last:], string(Verhoeff(s[:last])))
}

// ParseTEI reads the equipment identity of a TETRA terminal: 14 hexadecimal digits, or 15 with the
// spare digit, which is 0 (EN 300 392-1).
func ParseTEI(s string) (string, error) {
	s = strings.ToUpper(s)
	if len(s) != 14 && len(s) != 15 || !only(s, hexadecimal) {
		return "", formError("tei", s, "write 14 or 15 hexadecimal digits")
	}
	return s, nil
}

// ParseIPEI reads the identity of a DECT handset: five digits of the maker, seven of the serial
// number, and the check character (EN 300 175-6).
func ParseIPEI(s string) (string, error) {
	plain := strings.ReplaceAll(s, "-", "")
	if len(plain) != 13 || !only(plain[:12], decimal) || !only(plain[12:], decimal+"*") {
		return "", formError("ipei", s, "write 12 digits and a digit or asterisk")
	}
	return plain[:5] + "-" + plain[5:12] + "-" + plain[12:], checked("ipei", plain[12:], string(IPEICheck(plain[:12])))
}

// UEIDOfIMEI returns the universal entity ID of type 3 that holds an IMEI: the type and one octet
// for each of the 14 digits (RFC 9711 §4.2.1.1), as hexadecimal digits.
func UEIDOfIMEI(m imei.IMEI) string {
	s := "03"
	for _, d := range m.String() {
		s += "0" + string(d)
	}
	return s
}

// ParseUEID reads a universal entity ID of type 3 and returns the IMEI in it.
func ParseUEID(s string) (imei.IMEI, error) {
	if len(s) == 30 && s[:2] == "03" {
		text := ""
		for i := 2; i < 30; i += 2 {
			if s[i] == '0' {
				text += s[i+1 : i+2]
			}
		}
		if m, err := imei.Parse(text); err == nil && len(text) == 14 {
			return m, nil
		}
	}
	return 0, formError("ueid", s, "write 03 and 14 octets, each one decimal digit of the IMEI")
}
