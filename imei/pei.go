package imei

import (
	"errors"
	"fmt"
	"strings"
)

// Errors of the textual forms that networks use.
var (
	ErrPEI = errors.New("a PEI is imei- and 15 digits, imeisv- and 16 digits, mac- and 6 or eui- and 8 pairs of hexadecimal digits")
	ErrURN = errors.New("an IMEI URN is urn:gsma:imei:8 digits-6 digits-1 digit, then optionally ;svn= and 2 digits")
)

// PEIKind says which identity a PEI holds.
type PEIKind uint8

// The kinds of PEI.
const (
	PEIIMEI   PEIKind = iota // IMEI with check or spare digit
	PEIIMEISV                // IMEI with software version
	PEIMAC                   // MAC address (EUI-48) of equipment that has no IMEI
	PEIEUI64                 // IEEE extended unique identifier (EUI-64)
)

// PEI is the permanent equipment identifier of 5G (TS 23.003 §6.4, TS 29.571 §5.3.2).
type PEI struct {
	Kind      PEIKind
	IMEI      IMEI   // of PEIIMEI and PEIIMEISV
	SVN       SVN    // of PEIIMEISV, else NoSVN
	EUI       uint64 // of PEIMAC (48 bits) and PEIEUI64
	Untrusted bool   // the network does not trust the MAC address to be the equipment's own
}

// ParsePEI reads a PEI. The fifteenth digit of an IMEI is a check digit or a spare 0 and is not
// looked at. The IMEI forms do not allocate.
func ParsePEI(s string) (PEI, error) {
	kind, rest, _ := strings.Cut(s, "-")
	p := PEI{SVN: NoSVN}
	ok := false
	switch kind {
	case "imei":
		m, err := Parse(rest)
		p.Kind, p.IMEI, ok = PEIIMEI, m, err == nil && len(rest) == 15
	case "imeisv":
		m, svn, err := ParseFull(rest)
		p.Kind, p.IMEI, p.SVN, ok = PEIIMEISV, m, svn, err == nil && len(rest) == 16
	case "mac":
		rest, p.Untrusted = strings.CutSuffix(rest, "-untrusted")
		p.Kind = PEIMAC
		p.EUI, ok = pairs(rest, 6)
	case "eui":
		p.Kind = PEIEUI64
		p.EUI, ok = pairs(rest, 8)
	}
	if !ok {
		return PEI{SVN: NoSVN}, ErrPEI
	}
	return p, nil
}

// String returns the PEI as TS 29.571 writes it, an IMEI with its check digit.
func (p PEI) String() string {
	switch p.Kind {
	case PEIIMEI:
		return "imei-" + p.IMEI.WithCheck()
	case PEIIMEISV:
		return "imeisv-" + p.IMEI.WithSVN(p.SVN)
	case PEIMAC:
		if p.Untrusted {
			return "mac" + hexPairs(p.EUI, 6) + "-untrusted"
		}
		return "mac" + hexPairs(p.EUI, 6)
	}
	return "eui" + hexPairs(p.EUI, 8)
}

// pairs reads n pairs of hexadecimal digits with dashes between them.
func pairs(s string, n int) (uint64, bool) {
	if len(s) != 3*n-1 {
		return 0, false
	}
	var v uint64
	for i := 0; i < len(s); i++ {
		if i%3 == 2 {
			if s[i] != '-' {
				return 0, false
			}
			continue
		}
		d := strings.IndexByte("0123456789abcdef", s[i]|0x20)
		if d < 0 || s[i] < '0' {
			return 0, false
		}
		v = v<<4 | uint64(d)
	}
	return v, true
}

func hexPairs(v uint64, n int) string {
	var b []byte
	for i := n - 1; i >= 0; i-- {
		b = fmt.Appendf(b, "-%02X", byte(v>>(8*i)))
	}
	return string(b)
}

// URN returns the name of the equipment in SIP (RFC 7254 §4): the spare digit is 0, and the
// software version is a parameter where there is one.
func (m IMEI) URN(v SVN) string {
	s := m.String()
	urn := "urn:gsma:imei:" + s[:8] + "-" + s[8:] + "-0"
	if v <= 99 {
		urn += ";svn=" + v.String()
	}
	return urn
}

// ParseURN reads an IMEI URN (RFC 7254 §4). "urn:gsma:imei" is read without regard to case, the
// spare digit is not looked at (some equipment puts its check digit there), a vers= parameter and
// other parameters are allowed and passed over.
func ParseURN(s string) (IMEI, SVN, error) {
	const prefix = "urn:gsma:imei:"
	if len(s) < len(prefix) || len(s) > typedMax || !strings.EqualFold(s[:len(prefix)], prefix) {
		return 0, NoSVN, ErrURN
	}
	name, rest, more := strings.Cut(s[len(prefix):], ";")
	if len(name) != 17 || name[8] != '-' || name[15] != '-' {
		return 0, NoSVN, ErrURN
	}
	m, err := Parse(name[:8] + name[9:15] + name[16:])
	if err != nil {
		return 0, NoSVN, ErrURN
	}
	svn := NoSVN
	for i := 0; more; i++ {
		var param string
		param, rest, more = strings.Cut(rest, ";")
		key, value, _ := strings.Cut(param, "=")
		if strings.EqualFold(key, "svn") {
			if svn, err = ParseSVN(value); err != nil || i > 0 {
				return 0, NoSVN, ErrURN // the grammar puts it first, once
			}
		} else if key == "" {
			return 0, NoSVN, ErrURN
		}
	}
	return m, svn, nil
}
