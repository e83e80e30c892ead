package adopt

import (
	"fmt"
	"slices"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// equipment reads an identifier in its normal form: fourteen digits, perhaps with more behind them, or
// a malformed one as text.
func equipment(s string) (m imei.IMEI, text string, why string) {
	s = strings.TrimSpace(s)
	if len(s) > 16 || s == "" || strings.Trim(s, "0123456789ABCDEFabcdef*#") != "" {
		return 0, "", "the identifier is not 1 to 16 of the characters 0-9 A-F * #"
	}
	if len(s) >= 14 && strings.Trim(s[:14], "0123456789") == "" {
		m, err := imei.Parse(s[:14])
		if err != nil {
			return 0, "", err.Error()
		}
		return m, "", ""
	}
	return 0, strings.ToUpper(s), ""
}

// day reads a date, 0 for an empty field.
func day(what, s string, today device.Day) (device.Day, string) {
	if s == "" {
		return 0, ""
	}
	d, err := device.ParseDay(s)
	switch {
	case err != nil || d <= 0:
		return 0, fmt.Sprintf("%s %.20q is no day as 20261031 or 2026-10-31", what, s)
	case today != 0 && d > today:
		return 0, fmt.Sprintf("%s %s is in the future", what, d)
	}
	return d, ""
}

// truth reads a boolean as PostgreSQL and Python write it; empty is false.
func truth(what, s string) (bool, string) {
	switch strings.ToLower(s) {
	case "t", "true", "1":
		return true, ""
	case "f", "false", "0", "":
		return false, ""
	}
	return false, fmt.Sprintf("%s %.20q is neither true nor false", what, s)
}

// reasons puts reasons into the one order in which runs keep them.
func reasons(s string) (string, string) {
	if len(s) > maxText {
		return "", fmt.Sprintf("the reasons are longer than %d bytes", maxText)
	}
	words := strings.Split(s, "|")
	for i := range words {
		words[i] = strings.TrimSpace(words[i])
	}
	slices.Sort(words)
	return strings.Join(slices.Compact(words), "|"), ""
}

// numbers reads a subscriber's numbers; ok is false where one is there that is none. One in the other
// form than the register's is a fault: it is not kept, not even among the rows that are left behind.
func (p *reading) numbers(imsi, msisdn string) (i subscriber.IMSI, n subscriber.MSISDN, ok bool, why string) {
	ok = true
	if imsi != "" {
		var err error
		i, err = subscriber.ReadIMSI(imsi)
		ok = err == nil
	}
	if msisdn != "" {
		var err error
		n, err = subscriber.ReadMSISDN(msisdn)
		ok = ok && err == nil
	}
	clear := i != 0 && !i.Pseudonym() || n != 0 && !n.Pseudonym()
	switch {
	case p.Pseudonyms && (clear || !ok):
		return 0, 0, false, "the subscriber's number is no pseudonym, and this register takes no others: let the operators make them with eir pseudonymise"
	case !p.Pseudonyms && (i.Pseudonym() || n.Pseudonym()):
		return 0, 0, false, "the subscriber's number is a pseudonym, and this register takes clear numbers only"
	}
	return i, n, ok && (i != 0 || n != 0), ""
}
