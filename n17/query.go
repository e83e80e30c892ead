package n17

import (
	"net/url"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/subscriber"
)

// query is what was found in the query string (TS 29.511 §6.1.3.2.3.1), unescaped.
type query struct {
	pei, supi, gpsi, features string
	has                       [4]bool
}

// parseQuery reads a query string of at most maxQuery bytes. Unknown parameters are ignored
// (TS 29.501 §5.3.13). A plus sign stands for itself, as in RFC 3986: no identifier has a space,
// and some have a plus. A parameter given twice is refused: two readers might take either.
func parseQuery(raw string) (query, *Problem) {
	var q query
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		key, value, _ := strings.Cut(pair, "=")
		key, err := url.PathUnescape(key)
		if err != nil {
			return q, &Problem{Status: 400, Cause: CauseBadSyntax, Detail: "the name of a query parameter is not escaped as RFC 3986 says"}
		}
		number, into := q.place(key)
		if into == nil {
			continue
		}
		if q.has[number] {
			return q, incorrect(key, "it may be given once only")
		}
		q.has[number] = true
		if *into, err = url.PathUnescape(value); err != nil {
			return q, incorrect(key, "it is not escaped as RFC 3986 says")
		}
	}
	return q, q.judge()
}

// place returns where the value of a parameter goes, nil if it is unknown.
func (q *query) place(key string) (number int, into *string) {
	switch key {
	case "pei":
		return 0, &q.pei
	case "supi":
		return 1, &q.supi
	case "gpsi":
		return 2, &q.gpsi
	case "supported-features":
		return 3, &q.features
	}
	return 0, nil
}

// judge checks the parameters against their schemas (TS 29.571 §5.3.2, §5.2.2). The patterns of
// Pei, Supi and Gpsi end in "any text", so that only text of no line at all falls through.
func (q *query) judge() *Problem {
	switch {
	case !q.has[0]:
		return parameter(CauseParamMissing, "pei", "it is required: send pei=imei-, imeisv-, mac- or eui- and the value")
	case !line(q.pei):
		return incorrect("pei", "it is empty or has control characters: send imei- and 15 digits, or imeisv- and 16")
	case q.has[1] && !line(q.supi):
		return incorrect("supi", "it is empty or has control characters: send imsi- and the digits, or leave it out")
	case q.has[2] && !line(q.gpsi):
		return incorrect("gpsi", "it is empty or has control characters: send msisdn- and the digits, or leave it out")
	case !hexadecimal(q.features):
		return incorrect("supported-features", "it has hexadecimal digits only")
	}
	return nil
}

func incorrect(name, reason string) *Problem {
	if name == "pei" {
		return parameter(CauseParamIncorrect, name, reason)
	}
	return parameter(CauseOptionIncorrect, name, reason)
}

// line reports whether the text is what ^.+$ matches, and free of control characters, which no
// identifier has and which must not travel on into logs.
func line(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] == 0x7f {
			return false
		}
	}
	return s != ""
}

func hexadecimal(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c-'0' > 9 && c|0x20-'a' > 5 {
			return false
		}
	}
	return true
}

// request returns the question as the Handler gets it, but for where it came from. A SUPI or GPSI
// that holds no IMSI or telephone number is as good as none: the check is made without it.
func (q *query) request() Request {
	r := Request{PEI: q.pei, SVN: imei.NoSVN}
	if p, err := imei.ParsePEI(q.pei); err == nil && (p.Kind == imei.PEIIMEI || p.Kind == imei.PEIIMEISV) {
		r.IMEI, r.SVN, r.Identified = p.IMEI, p.SVN, true
	}
	if digits, ok := strings.CutPrefix(q.supi, "imsi-"); ok {
		r.IMSI, _ = subscriber.ParseIMSI(digits)
	}
	if digits, ok := strings.CutPrefix(q.gpsi, "msisdn-"); ok {
		r.MSISDN, _ = subscriber.ParseMSISDN(digits)
	}
	return r
}
