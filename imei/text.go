package imei

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// SVN is the software version number that a 16-digit IMEI carries in its last two digits,
// 0 to 99, or NoSVN (TS 23.003 §6.2.2). It changes with every update and is never identity.
type SVN uint8

// NoSVN says that the written form carried no software version.
const NoSVN SVN = 255

// String returns two digits, or "" for NoSVN.
func (v SVN) String() string {
	if v > 99 {
		return ""
	}
	return string([]byte{'0' + byte(v/10), '0' + byte(v%10)})
}

// ParseSVN reads exactly two digits.
func ParseSVN(s string) (SVN, error) {
	n, err := digits(s, 2)
	if err != nil {
		return NoSVN, fmt.Errorf("reading software version %q: it has two decimal digits", s)
	}
	return SVN(n), nil
}

// ParseFull reads what Parse reads and also returns the software version that a 16-digit value
// carries. It does not allocate.
func ParseFull(s string) (IMEI, SVN, error) {
	m, err := Parse(s)
	if err != nil || len(s) != 16 {
		return m, NoSVN, err
	}
	return m, SVN(s[14]-'0')*10 + SVN(s[15]-'0'), nil
}

// WithSVN returns the 16 digits of the IMEISV, or the 14 digits alone for NoSVN.
func (m IMEI) WithSVN(v SVN) string { return m.String() + v.String() }

// MarshalText implements encoding.TextMarshaler with the 14 digits: as a number, a JSON reader
// or a spreadsheet would drop the leading zeros.
func (m IMEI) MarshalText() ([]byte, error) { return m.Append(make([]byte, 0, 14)), nil }

// UnmarshalText implements encoding.TextUnmarshaler; it accepts what Parse accepts.
func (m *IMEI) UnmarshalText(b []byte) error {
	v, err := Parse(string(b))
	if err != nil {
		return fmt.Errorf("reading IMEI %q: %w", b, err)
	}
	*m = v
	return nil
}

// MarshalText implements encoding.TextMarshaler with the eight digits.
func (t TAC) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *TAC) UnmarshalText(b []byte) error {
	v, err := ParseTAC(string(b))
	if err != nil {
		return err
	}
	*t = v
	return nil
}

// typedMax bounds what ParseTyped looks at: sixteen digits of three bytes each with a separator
// after each fit several times over, a pasted page does not.
const typedMax = 256

// Digits returns the decimal digits of a text that a person typed, as ASCII. Spaces, dots, dashes
// and slashes between digits are dropped; Arabic-Indic, Persian and full-width digits are
// converted. Any other character is an error that names it.
func Digits(text string) (string, error) {
	if len(text) > typedMax {
		return "", fmt.Errorf("the text is longer than %d bytes: give one number at a time", typedMax)
	}
	var b strings.Builder
	for i, r := range text {
		if r == utf8.RuneError {
			return "", fmt.Errorf("byte %d is not valid UTF-8: type the number again", i+1)
		}
		if d, ok := Digit(r); ok {
			b.WriteByte(d)
		} else if !Separator(r) {
			return "", fmt.Errorf("character %d is %+q: %w", utf8.RuneCountInString(text[:i])+1, r, ErrDigit)
		}
	}
	return b.String(), nil
}

// Digit returns the ASCII digit of a decimal digit in the scripts that people type numbers in:
// ASCII, Arabic-Indic (U+0660), Persian and Urdu (U+06F0), full-width (U+FF10).
func Digit(r rune) (byte, bool) {
	for _, zero := range [...]rune{'0', 0x0660, 0x06F0, 0xFF10} {
		if r >= zero && r <= zero+9 {
			return byte('0' + r - zero), true
		}
	}
	return 0, false
}

// Separator reports whether a character is one that labels and people put between digits: a
// space of any width, a dot, a dash of any length, a slash.
func Separator(r rune) bool {
	switch r {
	case ' ', '.', '-', '/', 0xA0, 0x2007, 0x2009, 0x202F, 0x3000, // spaces
		0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2212, 0xFF0D, // dashes
		0xFF0E, 0xFF0F: // full-width dot and slash
		return true
	}
	return false
}

// Typed is an IMEI as a person typed, scanned or declared it.
type Typed struct {
	IMEI  IMEI
	Count int // digits given: 14, 15 or 16
	Check int // the fifteenth of 15 digits, -1 if there were 14 or 16
	SVN   SVN // the last two of 16 digits, else NoSVN
}

// ParseTyped reads what a person typed: see Digits for the characters, and 14, 15 or 16 digits.
// A wrong check digit is not an error here, since the text may have been copied from a network's
// record; ask Mistyped. A value that lost its leading zeros is refused; ask Repair.
func ParseTyped(text string) (Typed, error) {
	d, err := Digits(text)
	if err != nil {
		return Typed{}, err
	}
	m, svn, err := ParseFull(d)
	if err != nil {
		return Typed{}, fmt.Errorf("%w; this has %d", err, len(d))
	}
	t := Typed{IMEI: m, Count: len(d), Check: -1, SVN: svn}
	if len(d) == 15 {
		t.Check = int(d[14] - '0')
	}
	return t, nil
}

// Mistyped reports whether a check digit was given and contradicts the 14 digits. It is evidence
// only about the typing: nothing the radio sent may be judged by it (TS 23.003 §6.2.1).
func (t Typed) Mistyped() bool { return t.Check >= 0 && t.Check != t.IMEI.CheckDigit() }

// Hypothesis is what a number may have been before a spreadsheet or an integer column dropped its
// leading zeros. It is a proposal for a person to confirm, never a replacement.
type Hypothesis struct {
	IMEI  IMEI
	Zeros int  // leading zeros put back
	Check bool // the number is taken to end in a check digit, which is right
}

// Repair proposes what 12, 13 or 14 ASCII digits may have been: the 14 digits with one or two
// zeros lost, or the 15 with one or two lost where the last then is the right check digit. It
// proposes nothing for a value that begins with 0, because then no zero was lost.
func Repair(d string) []Hypothesis {
	if len(d) < 12 || len(d) > 14 || d[0] == '0' {
		return nil
	}
	n, err := digits(d, len(d))
	if err != nil {
		return nil
	}
	var out []Hypothesis
	if len(d) < 14 {
		out = append(out, Hypothesis{IMEI: IMEI(n), Zeros: 14 - len(d)})
	}
	if m := IMEI(n / 10); len(d) > 12 && m.CheckDigit() == int(n%10) {
		out = append(out, Hypothesis{IMEI: m, Zeros: 15 - len(d), Check: true})
	}
	return out
}
