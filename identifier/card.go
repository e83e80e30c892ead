package identifier

import "strings"

// ParseICCID reads the number of a SIM card or profile, 18 to 20 digits that begin with 89, and
// returns it. Nineteen digits end in a check digit (E.118); of twenty some issuers let the
// nineteenth be it, others none, and eighteen have none.
func ParseICCID(s string) (string, error) {
	if len(s) == 20 && s[19]|0x20 == 'f' {
		s = s[:19] // the filler of the card's file (TS 51.011 §10.1.1)
	}
	if len(s) < 18 || len(s) > 20 || !only(s, decimal) || !strings.HasPrefix(s, "89") {
		return "", formError("iccid", s, "write 18 to 20 digits that begin with 89")
	}
	if len(s) == 19 {
		return s, checked("iccid", s[18:], string(Luhn(s[:18])))
	}
	return s, nil
}

// ParseEID reads the number of an eUICC (an eSIM): 32 digits, the last two a check, so that the
// whole modulo 97 is 1 (GSMA SGP.29). It need not begin with 89.
func ParseEID(s string) (string, error) {
	if len(s) != 32 || !only(s, decimal) {
		return "", formError("eid", s, "write 32 digits")
	}
	return s, checked("eid", s[30:], Mod97(s[:30]))
}
