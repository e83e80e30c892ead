package identifier

import (
	"fmt"
	"strings"
)

// Luhn returns the check digit over decimal digits (ISO/IEC 7812-1 annex B): IMEI, ICCID, decimal
// MEID. Like the other functions of this file it returns 0 for a text of other characters.
func Luhn(payload string) byte { return luhn(payload, 10) }

// Luhn16 returns the check digit over hexadecimal digits: the same rule in base 16, for an MEID
// with a letter in it (3GPP2 X.S0008).
func Luhn16(payload string) byte { return luhn(payload, 16) }

func luhn(payload string, base int) byte {
	sum := 0
	for i := 0; i < len(payload); i++ {
		d := strings.IndexByte(hexadecimal[:base], payload[i])
		if d < 0 {
			return 0
		}
		if (len(payload)-i)%2 == 1 {
			d = 2*d/base + 2*d%base
		}
		sum += d
	}
	return hexadecimal[(base-sum%base)%base]
}

// Mod97 returns the two check digits over decimal digits (ISO/IEC 7064 MOD 97-10): EID.
func Mod97(payload string) string {
	return fmt.Sprintf("%02d", 98-remainder97(payload+"00"))
}

func remainder97(digits string) int {
	r := 0
	for i := 0; i < len(digits); i++ {
		r = (r*10 + int(digits[i]-'0')) % 97
	}
	return r
}

// GS1 returns the check digit over decimal digits with the weights 3 and 1 from the right (GS1
// General Specifications §7.9): GTIN, SSCC, GLN.
func GS1(payload string) byte {
	sum := 0
	for i := 0; i < len(payload); i++ {
		d := int(payload[i] - '0')
		if d > 9 || d < 0 {
			return 0
		}
		if (len(payload)-i)%2 == 1 {
			d *= 3
		}
		sum += d
	}
	return decimal[(10-sum%10)%10]
}

// vinValues are the values of the letters A to Z; I, O and Q have none.
const vinValues = "12345678.12345.7.923456789"

// VINCheck returns the check character of a 17-character VIN, which stands at its ninth place
// (49 CFR §565.15; ISO 3779 leaves the place to the maker elsewhere).
func VINCheck(vin string) byte {
	weights := [17]int{8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2}
	if len(vin) != len(weights) {
		return 0
	}
	sum := 0
	for i, w := range weights {
		c := vin[i]
		if c >= 'A' && c <= 'Z' {
			c = vinValues[c-'A']
		}
		if c < '0' || c > '9' {
			return 0
		}
		sum += w * int(c-'0')
	}
	return "0123456789X"[sum%11]
}

// Verhoeff returns the check digit over decimal digits by the dihedral group of the pentagon:
// Matter's manual setup code.
func Verhoeff(payload string) byte {
	c := 0
	for i := 0; i < len(payload); i++ {
		place := len(payload) - i // the check digit itself stands at place 0
		d := int(payload[i] - '0')
		if d > 9 || d < 0 {
			return 0
		}
		c = pentagon(turn(place, d), c)
	}
	for d := 0; d < 10; d++ {
		if pentagon(d, c) == 0 {
			return decimal[d]
		}
	}
	return 0
}

// pentagon composes two symmetries: 0 to 4 rotate, 5 to 9 mirror and rotate.
func pentagon(a, b int) int {
	switch {
	case a < 5 && b < 5:
		return (a + b) % 5
	case a < 5:
		return 5 + (a+b)%5
	case b < 5:
		return 5 + (a-b)%5
	}
	return (5 + a - b) % 5
}

// turn applies the permutation (1 5 8 9 4 2 7 0)(3 6) as often as the place says.
func turn(place, d int) int {
	for ; place > 0; place-- {
		d = int("1576283094"[d] - '0')
	}
	return d
}

// IPEICheck returns the check character of the twelve digits of an IPEI: the sum of digit times
// place, modulo 11, ten written as an asterisk (EN 300 175-6).
func IPEICheck(payload string) byte {
	sum := 0
	for i := 0; i < len(payload); i++ {
		sum += int(payload[i]-'0') * (i + 1)
	}
	return "0123456789*"[sum%11]
}
