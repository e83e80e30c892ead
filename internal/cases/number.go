package cases

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"github.com/openceir/openceir/internal/problem"
)

// Number names a case: 55 bits drawn at random, so that a million guesses against a million cases find
// one in some thirty thousand tries of that. It is no secret: whoever knows it still has to show who
// they are.
//
// People read it, type it and say it: eleven characters of Crockford's base 32, which has no I, L, O and
// U, and a twelfth to check them, in groups of four: 7K4Q-2QX9-MBPS. The check is a sum in the field of
// 32 elements, each character multiplied by its own power of the generator; it finds every one character
// that is wrong, and every two that changed places.
type Number uint64

const (
	numberChars = 11 // without the check
	numberBits  = 5 * numberChars
	alphabet    = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
)

// NewNumber draws a number.
func NewNumber(random io.Reader) (Number, error) {
	var b [8]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return 0, fmt.Errorf("drawing a case number: %w", err)
	}
	return Number(binary.BigEndian.Uint64(b[:]) >> (64 - numberBits)), nil
}

// String returns the number as people read it.
func (n Number) String() string {
	b := make([]byte, 0, 14)
	for i := range numberChars {
		b = append(b, alphabet[n.digit(i)])
		if i%4 == 3 {
			b = append(b, '-')
		}
	}
	return string(append(b, alphabet[n.check()]))
}

// digit returns character i, from the left.
func (n Number) digit(i int) uint8 {
	return uint8(n>>(5*(numberChars-1-i))) & 31
}

// check returns the last character.
func (n Number) check() (sum uint8) {
	for i := range numberChars {
		sum ^= times(n.digit(i), powers[i])
	}
	return sum
}

// powers are those of the generator x from the first on. The check itself counts as the power 0.
var powers = func() (p [numberChars]uint8) {
	for i, x := 0, uint8(1); i < len(p); i++ {
		x = times(x, 2)
		p[i] = x
	}
	return p
}()

// times multiplies in GF(32), modulo x^5 + x^2 + 1.
func times(a, b uint8) (product uint8) {
	for ; b != 0; b >>= 1 {
		if b&1 != 0 {
			product ^= a
		}
		if a <<= 1; a&32 != 0 {
			a ^= 0b100101
		}
	}
	return product
}

// ParseNumber reads a number as people write it: in either case, with or without the hyphens, with spaces,
// and with the letters that are taken for digits.
func ParseNumber(s string) (Number, error) {
	if len(s) > 64 {
		return 0, problem.New(problem.Invalid, "a case number has twelve characters: look at the message that you were sent")
	}
	var digits []uint8
	for _, c := range strings.ToUpper(s) {
		switch c {
		case ' ', '-', '\u2010', '\u2011', '\u2013', '\u00a0':
			continue
		case 'O':
			c = '0'
		case 'I', 'L':
			c = '1'
		}
		at := strings.IndexRune(alphabet, c)
		if at < 0 {
			return 0, problem.New(problem.Invalid, "a case number has no %q: look at the message that you were sent", c)
		}
		digits = append(digits, uint8(at))
	}
	if len(digits) != numberChars+1 {
		return 0, problem.New(problem.Invalid, "a case number has twelve characters, this has %d: look at the message that you were sent", len(digits))
	}
	var n Number
	for _, d := range digits[:numberChars] {
		n = n<<5 | Number(d)
	}
	if n.check() != digits[numberChars] {
		return 0, problem.New(problem.Invalid, "the case number %s is mistyped: read each character again", s)
	}
	return n, nil
}
