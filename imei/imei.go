// Package imei holds the identity of mobile equipment: the IMEI as 14 digits, its type allocation
// code, ranges of both, and the textual and binary forms in which networks and people write it.
//
// Identity is the 14 digits TAC (8) and serial number (6), TS 23.003 §6.2.1. The fifteenth digit
// (check or spare) and the software version never take part in equality, indexing or list
// membership; they travel beside the identity where a form carries them. The check digit is
// computed by Luhn over the 14 digits and is looked at only in what a person typed, scanned or
// declared: the radio sends a spare 0 in its place, which is never evidence against a device.
//
// The package does no I/O and its network path (Parse of 14 to 16 digits) does not allocate.
package imei

import (
	"errors"
	"fmt"
)

// IMEI is the 14-digit identity as a number from 0 to 99999999999999. The zero value is the
// all-zero IMEI, which is a real (non-identifying) value seen on networks, not "absent".
type IMEI uint64

// TAC is the 8-digit type allocation code, the first eight digits of an IMEI.
type TAC uint32

// Max is the largest IMEI.
const Max IMEI = 99_999_999_999_999

const serials = 1_000_000 // serial numbers under one TAC

var (
	// ErrLength says that the text does not have 14, 15 or 16 digits.
	ErrLength = errors.New("an IMEI has 14 digits, or 15 with its check digit, or 16 with its software version")
	// ErrDigit says that a character is not a decimal digit.
	ErrDigit = errors.New("an IMEI has decimal digits only")
)

// New returns the IMEI of a TAC and a serial number. It panics if either is out of range.
func New(tac TAC, serial uint32) IMEI {
	if tac > 99_999_999 || serial >= serials {
		panic(fmt.Sprintf("imei.New(%d, %d): out of range", tac, serial))
	}
	return IMEI(tac)*serials + IMEI(serial)
}

// TAC returns the first eight digits.
func (m IMEI) TAC() TAC { return TAC(m / serials) }

// Serial returns the last six digits.
func (m IMEI) Serial() uint32 { return uint32(m % serials) }

// String returns the 14 digits.
func (m IMEI) String() string { return string(m.Append(make([]byte, 0, 14))) }

// Append appends the 14 digits to b.
func (m IMEI) Append(b []byte) []byte { return appendDigits(b, uint64(m), 14) }

// CheckDigit returns the Luhn digit over the 14 digits, as a number 0 to 9 (TS 23.003 annex B).
func (m IMEI) CheckDigit() int {
	sum, double := 0, true
	for n := uint64(m); n > 0; n /= 10 {
		d := int(n % 10)
		if double {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
		double = !double
	}
	return (10 - sum%10) % 10
}

// WithCheck returns the 15 digits a person reads on the box: the identity and its check digit.
func (m IMEI) WithCheck() string {
	return string(append(m.Append(make([]byte, 0, 15)), byte('0'+m.CheckDigit())))
}

// First returns the lowest IMEI under the TAC.
func (t TAC) First() IMEI { return IMEI(t) * serials }

// Last returns the highest IMEI under the TAC.
func (t TAC) Last() IMEI { return IMEI(t)*serials + serials - 1 }

// String returns the 8 digits.
func (t TAC) String() string { return string(appendDigits(make([]byte, 0, 8), uint64(t), 8)) }

// ParseTAC reads exactly eight digits.
func ParseTAC(s string) (TAC, error) {
	n, err := digits(s, 8)
	if err != nil {
		return 0, fmt.Errorf("reading TAC %q: a TAC has eight decimal digits", s)
	}
	return TAC(n), nil
}

// Parse reads an IMEI as a network writes it: 14 digits, 15 (the last, check or spare, is ignored)
// or 16 (the last two, the software version, are ignored). It does not allocate.
func Parse(s string) (IMEI, error) {
	if len(s) < 14 || len(s) > 16 {
		return 0, ErrLength
	}
	if len(s) > 14 {
		if _, err := digits(s[14:], len(s)-14); err != nil {
			return 0, err
		}
	}
	n, err := digits(s[:14], 14)
	return IMEI(n), err
}

func digits(s string, want int) (uint64, error) {
	if len(s) != want {
		return 0, ErrLength
	}
	var n uint64
	for i := 0; i < len(s); i++ {
		c := s[i] - '0'
		if c > 9 {
			return 0, ErrDigit
		}
		n = n*10 + uint64(c)
	}
	return n, nil
}

func appendDigits(b []byte, n uint64, width int) []byte {
	for i := 0; i < width; i++ {
		b = append(b, '0')
	}
	for i := len(b) - 1; n > 0 && i >= len(b)-width; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return b
}
