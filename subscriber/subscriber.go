// Package subscriber names who holds a subscription: the IMSI (E.212, TS 23.003 §2.2), the MSISDN
// (E.164), the home network (PLMN), and the ID by which the register counts subscribers, which is
// the IMSI where it is known and the MSISDN otherwise.
//
// All are plain numbers, so that they are compact in files and tables and readable by other tools.
// An MSISDN never begins with 0. An IMSI may: only MCC 001 (test networks) is assigned below 200,
// so a value under 2x10^13 is a fifteen-digit test IMSI with its leading zeros, a value from there
// to 10^14 a fourteen-digit IMSI, and any other a fifteen-digit one.
//
// An IMSI or MSISDN may be a keyed pseudonym (Key). It has the digits of one of the same network or
// country, of the same length, and bit 63 as its mark; written, it begins with a "p". So clear numbers
// and pseudonyms never equal each other, whatever their digits.
package subscriber

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// IMSI is an international mobile subscription identity; 0 means not known.
type IMSI uint64

// MSISDN is a telephone number with its country code; 0 means not known.
type MSISDN uint64

// ID is the subscriber the register counts: an IMSI, else an MSISDN, else nothing (0).
// Bit 62 marks an MSISDN, bit 63 a keyed pseudonym of either.
type ID uint64

const (
	limit    = 1_000_000_000_000_000 // fifteen digits
	firstMCC = 20_000_000_000_000    // 200 followed by eleven digits

	msisdnMark = 1 << 62
)

// Mark is the bit of a number that is a keyed pseudonym.
const Mark = 1 << 63

// Errors of parsing.
var (
	ErrIMSI   = errors.New("an IMSI has 14 or 15 decimal digits and begins with a mobile country code")
	ErrMSISDN = errors.New("an MSISDN has 5 to 15 decimal digits and begins with a country code")
)

// ParseIMSI reads 14 or 15 digits.
func ParseIMSI(s string) (IMSI, error) {
	if len(s) != 14 && len(s) != 15 {
		return 0, ErrIMSI
	}
	n, err := number(s)
	v := IMSI(n)
	if err != nil || v == 0 || len(v.String()) != len(s) {
		return 0, ErrIMSI
	}
	return v, nil
}

// String returns the 14 or 15 digits, those of a pseudonym after a "p", or "" for an unknown IMSI.
func (i IMSI) String() string {
	if i.Pseudonym() {
		return "p" + i.Digits().String()
	}
	switch {
	case i == 0:
		return ""
	case i < firstMCC:
		return fmt.Sprintf("%015d", uint64(i))
	}
	return strconv.FormatUint(uint64(i), 10)
}

// Pseudonym reports whether the IMSI is a keyed pseudonym.
func (i IMSI) Pseudonym() bool { return i&Mark != 0 }

// Digits returns the IMSI without the mark of a pseudonym: the number that its digits are.
func (i IMSI) Digits() IMSI { return i &^ Mark }

// MCC returns the mobile country code, three digits, or "" for an unknown IMSI.
func (i IMSI) MCC() string {
	if i == 0 {
		return ""
	}
	return i.Digits().String()[:3]
}

// In reports whether the IMSI belongs to the network. An IMSI belongs to no empty network.
func (i IMSI) In(p PLMN) bool {
	return i != 0 && p != "" && strings.HasPrefix(i.Digits().String(), string(p))
}

// ParseMSISDN reads 5 to 15 digits, without a plus sign.
func ParseMSISDN(s string) (MSISDN, error) {
	if len(s) < 5 || len(s) > 15 || s[0] == '0' {
		return 0, ErrMSISDN
	}
	n, err := number(s)
	if err != nil {
		return 0, ErrMSISDN
	}
	return MSISDN(n), nil
}

// Pseudonym reports whether the number is a keyed pseudonym.
func (m MSISDN) Pseudonym() bool { return m&Mark != 0 }

// Digits returns the number without the mark of a pseudonym.
func (m MSISDN) Digits() MSISDN { return m &^ Mark }

// String returns the digits, those of a pseudonym after a "p", or "" for an unknown number.
func (m MSISDN) String() string {
	switch {
	case m == 0:
		return ""
	case m.Pseudonym():
		return "p" + m.Digits().String()
	}
	return strconv.FormatUint(uint64(m), 10)
}

// Of returns the subscriber: the IMSI if known, else the MSISDN, else 0.
func Of(i IMSI, m MSISDN) ID {
	if i != 0 {
		return ID(i)
	}
	if m != 0 {
		return ID(m) | msisdnMark
	}
	return 0
}

// IMSI returns the IMSI of the subscriber, if that is what the ID holds.
func (id ID) IMSI() (IMSI, bool) {
	if i := IMSI(id).Digits(); i == 0 || i >= limit {
		return 0, false
	}
	return IMSI(id), true
}

// MSISDN returns the MSISDN of the subscriber, if that is what the ID holds.
func (id ID) MSISDN() (MSISDN, bool) {
	if id&msisdnMark == 0 {
		return 0, false
	}
	return MSISDN(id &^ msisdnMark), true
}

// Pseudonym reports whether the ID is a keyed pseudonym.
func (id ID) Pseudonym() bool { return id&Mark != 0 }

// String returns "imsi-DIGITS", "msisdn-DIGITS" (the forms of TS 29.571), for a pseudonym "imsi-pDIGITS"
// or "msisdn-pDIGITS", or "" for nobody.
func (id ID) String() string {
	if m, ok := id.MSISDN(); ok {
		return "msisdn-" + m.String()
	}
	if id == 0 {
		return ""
	}
	return "imsi-" + IMSI(id).String()
}

// Parse reads what String writes for somebody.
func Parse(s string) (ID, error) {
	if d, ok := strings.CutPrefix(s, "imsi-"); ok {
		i, err := ReadIMSI(d)
		return Of(i, 0), err
	}
	if d, ok := strings.CutPrefix(s, "msisdn-"); ok {
		m, err := ReadMSISDN(d)
		return Of(0, m), err
	}
	return 0, fmt.Errorf("reading subscriber %q: write imsi-DIGITS or msisdn-DIGITS", s)
}

// ReadIMSI reads what IMSI.String writes for a known one: digits, or a pseudonym.
func ReadIMSI(s string) (IMSI, error) { return marked(s, ParseIMSI) }

// ReadMSISDN reads what MSISDN.String writes for a known one: digits, or a pseudonym.
func ReadMSISDN(s string) (MSISDN, error) { return marked(s, ParseMSISDN) }

// marked reads digits, or a pseudonym: "p" and digits.
func marked[T ~uint64](s string, parse func(string) (T, error)) (T, error) {
	d, is := strings.CutPrefix(s, "p")
	v, err := parse(d)
	if is && err == nil {
		v |= Mark
	}
	return v, err
}

// PLMN is a mobile country code and network code, five or six digits.
type PLMN string

// ParsePLMN reads five or six digits.
func ParsePLMN(s string) (PLMN, error) {
	if _, err := number(s); err != nil || len(s) < 5 || len(s) > 6 {
		return "", fmt.Errorf("reading PLMN %q: write the country code and network code, five or six digits", s)
	}
	return PLMN(s), nil
}

// MCC returns the mobile country code, or "" for an empty PLMN.
func (p PLMN) MCC() string {
	if len(p) < 3 {
		return ""
	}
	return string(p[:3])
}

// number reads decimal digits; callers have bounded the length to 15.
func number(s string) (uint64, error) {
	if s == "" {
		return 0, strconv.ErrSyntax
	}
	var n uint64
	for i := 0; i < len(s); i++ {
		c := s[i] - '0'
		if c > 9 {
			return 0, strconv.ErrSyntax
		}
		n = n*10 + uint64(c)
	}
	return n, nil
}
