package identifier

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/openceir/openceir/imei"
)

// spoiled recognises texts from which the identifier cannot be recovered, and says what to do.
func spoiled(in *input) string {
	switch {
	case strings.Trim(in.text, "*# ") == "06" || strings.Trim(in.whole, "*# ") == "06":
		return "this is the code that makes a phone show its IMEI: dial it, and type what the phone shows"
	case scientific(in.text):
		return "a spreadsheet has rounded this number and its last digits are lost: go back to the original, format the column as text, and copy again"
	}
	return ""
}

// scientific recognises 3.52273E+14.
func scientific(s string) bool {
	mantissa, exponent, ok := strings.Cut(strings.ToUpper(s), "E+")
	return ok && only(strings.Replace(strings.Replace(mantissa, ",", ".", 1), ".", "", 1), decimal) && only(exponent, decimal) && len(exponent) <= 2
}

// newIMEI returns a reading as an IMEI with all that its digits themselves say.
func newIMEI(x *Explainer, kind Kind, m imei.IMEI, likelihood int) Candidate {
	c := Candidate{Kind: kind, Canonical: m.String(), Likelihood: likelihood}
	body := m.TAC().Body()
	c.fact("with its check digit", m.WithCheck())
	c.fact("type allocation code", m.TAC().String())
	c.fact("serial number", m.String()[8:])
	c.fact("reporting body", fmt.Sprintf("%02d %s, %s", body.ID, body.Name, body.Status))
	c.allocated(x, m.TAC())
	c.identifying(m)
	c.body(body)
	if x.Observed == nil {
		c.judge(Observation, NotApplicable, "imei.observed/1", "no records of observations given", "")
	} else {
		v, text := x.Observed(m)
		c.judge(Observation, v, "imei.observed/1", text, "").Data = x.ObservedVersion
	}
	return c
}

func (c *Candidate) allocated(x *Explainer, t imei.TAC) {
	const rule = "imei.allocated/1"
	if x.Allocated == nil {
		c.judge(Allocation, NotApplicable, rule, "no TAC directory given", "")
		return
	}
	device, ok := x.Allocated(t)
	if !ok {
		c.judge(Allocation, Fail, rule, fmt.Sprintf("the TAC %s is not in the directory: it was never allocated, or after this edition", t),
			"read the number again from the device itself (*#06#); if it is the same, ask the seller for proof of origin").Data = x.AllocatedVersion
		return
	}
	c.judge(Allocation, Pass, rule, fmt.Sprintf("the TAC %s is allocated to %s", t, device), "compare with the device in your hand").Data = x.AllocatedVersion
}

func (c *Candidate) identifying(m imei.IMEI) {
	const rule = "imei.non-identifying/1"
	if why, ok := imei.NonIdentifying(m); ok {
		c.judge(Plausibility, Fail, rule, "this value identifies no device: "+why,
			"it can be neither reported nor claimed; have the device's true IMEI restored by its maker, or identify it by its EID or serial number").Data = "non-identifying values " + imei.NonIdentifyingVersion
		return
	}
	c.judge(Plausibility, Pass, rule, "it is not a value known to stand on many devices", "").Data = "non-identifying values " + imei.NonIdentifyingVersion
}

func (c *Candidate) body(b imei.Body) {
	const rule = "imei.body/1"
	who := fmt.Sprintf("the first two digits, %02d, ", b.ID)
	v, text, next := Pass, who+"are of a reporting body that allocates now: "+b.Name, ""
	switch b.Status {
	case imei.BodyRetired:
		text = who + "are of a reporting body that has stopped allocating: " + b.Name + "; only old devices have them"
	case imei.BodyHexadecimal:
		text = who + "are of the " + b.Name + ": the device has an MEID as well, with the same digits"
	case imei.BodyTest:
		v, text, next = Warn, who+"are for test equipment", "such a device belongs in a laboratory; networks may refuse it in public service"
	case imei.BodyReserved:
		v, text, next = Warn, who+"are reserved; only a few ranges were ever used", "read the number again from the device itself (*#06#)"
	case imei.BodyUnknown:
		v, text, next = Warn, who+"are of no reporting body known here", "read the number again from the device itself (*#06#); a TAC directory decides"
	}
	c.judge(Plausibility, v, rule, text, next).Data = imei.BodiesVersion
}

// checkDigit judges the fifteenth digit as written.
func (c *Candidate) checkDigit(x *Explainer, m imei.IMEI, digit int) {
	const rule = "imei.check-digit/1"
	want := m.CheckDigit()
	switch {
	case digit < 0:
		c.judge(CheckDigit, NotApplicable, rule, fmt.Sprintf("none is given; on a box it would be %d", want), "")
	case x.FromNetwork:
		c.judge(CheckDigit, NotApplicable, rule, "a network may send a spare 0 in its place, so it is not looked at", "")
	case digit == want:
		c.judge(CheckDigit, Pass, rule, fmt.Sprintf("%d is right; that catches typing errors and proves nothing more", digit), "")
	case digit == 0:
		c.judge(CheckDigit, Warn, rule, fmt.Sprintf("check digit 0, expected %d", want),
			"compare with the original; if this was copied from a network's record, the 0 is a spare digit and means nothing")
	default:
		c.judge(CheckDigit, Warn, rule, fmt.Sprintf("check digit %d, expected %d", digit, want), "a digit was probably mistyped: compare with the original")
	}
}

// readNetworkForms reads 5G PEIs and SIP URNs.
func readNetworkForms(x *Explainer, in *input) []Candidate {
	if m, svn, err := imei.ParseURN(in.whole); err == nil {
		c := newIMEI(x, "imei-urn", m, 99)
		c.Canonical = m.URN(svn)
		c.fact("identity", m.String())
		c.version(svn)
		c.judge(Form, Pass, "imei-urn.form/1", "a name for equipment in SIP (RFC 7254)", "")
		if in.whole[len("urn:gsma:imei:")+16] != '0' {
			c.judge(Form, Warn, "imei-urn.spare/1", "its spare digit is not 0", "nothing: it is not part of the identity")
		}
		return []Candidate{c}
	}
	p, err := imei.ParsePEI(in.whole)
	if err != nil {
		p, err = imei.ParsePEI(in.text)
	}
	if err != nil {
		return nil
	}
	var c Candidate
	if p.Kind == imei.PEIMAC || p.Kind == imei.PEIEUI64 {
		c = Candidate{Kind: "pei", Likelihood: 99}
		local, group := EUI64(p.EUI).Local(), EUI64(p.EUI).Group()
		if p.Kind == imei.PEIMAC {
			local, group = EUI48(p.EUI).Local(), EUI48(p.EUI).Group()
		}
		c.address("pei", local, group, p.EUI == 0, false)
		if p.Untrusted {
			c.judge(Plausibility, Warn, "pei.untrusted/1", "the network does not trust that the address is the equipment's own", "do not identify the equipment by it")
		}
	} else {
		c = newIMEI(x, "pei", p.IMEI, 99)
		c.fact("identity", p.IMEI.String())
		c.version(p.SVN)
		c.judge(CheckDigit, NotApplicable, "pei.check-digit/1", "the last digit may be a check digit or a spare 0, so it is not looked at", "")
	}
	c.Canonical = p.String()
	c.judge(Form, Pass, "pei.form/1", "a permanent equipment identifier of 5G (TS 23.003 §6.4)", "")
	return []Candidate{c}
}

func (c *Candidate) version(v imei.SVN) {
	if v != imei.NoSVN {
		c.fact("software version", v.String()+" (changes with updates; not part of the identity)")
	}
}

// readIMEI reads 14, 15 and 16 digits, and 15 with a software version behind a slash, as phones
// show them.
func readIMEI(x *Explainer, in *input) []Candidate {
	text, svn := in.text, imei.NoSVN
	if i := strings.LastIndexByte(text, '/'); i > 0 {
		if v, err := imei.ParseSVN(strings.TrimSpace(text[i+1:])); err == nil && len(digitsOf(text[:i])) == 15 {
			text, svn = text[:i], v
		}
	}
	table := strings.HasSuffix(text, ".0") && len(text) >= 16 && len(text) <= 17 && only(text[:len(text)-2], decimal)
	if table {
		text = text[:len(text)-2]
	}
	t, err := imei.ParseTyped(text)
	if err != nil {
		return nil
	}
	kind, likelihood := Kind("imei"), 80
	switch {
	case t.Count == 16:
		kind, likelihood, svn = "imeisv", 80, t.SVN
	case t.Count == 15 && !t.Mistyped():
		likelihood = 95
	case t.Count == 15:
		likelihood = 60
	}
	if t.IMEI.TAC().Body().Status == imei.BodyUnknown {
		likelihood -= 25
	}
	c := newIMEI(x, kind, t.IMEI, likelihood)
	c.judge(Form, Pass, "imei.form/1", fmt.Sprintf("%d digits; the first 14 are the identity", t.Count), "")
	if table {
		c.judge(Form, Warn, "imei.table/1", "a spreadsheet added .0 to it", "format the column as text before it loses digits")
	}
	c.version(svn)
	if kind == "imeisv" {
		c.judge(CheckDigit, NotApplicable, "imei.check-digit/1", fmt.Sprintf("16 digits hold a software version instead; on a box the check digit would be %d", t.IMEI.CheckDigit()), "")
	} else {
		c.checkDigit(x, t.IMEI, t.Check)
	}
	return []Candidate{c}
}

func digitsOf(s string) string {
	d, _ := imei.Digits(s)
	return d
}

// readStripped proposes what a number was before its leading zeros were lost.
func readStripped(x *Explainer, in *input) []Candidate {
	if strings.Contains(in.text, ":") {
		return nil
	}
	d := digitsOf(in.text)
	var out []Candidate
	for _, h := range imei.Repair(d) {
		likelihood := 45
		switch {
		case len(d) == 14 && h.IMEI.TAC().Body().Status != imei.BodyCurrent:
			continue // fourteen digits are an IMEI as they are
		case len(d) == 14:
			likelihood = 30
		case h.Check:
			likelihood = 55
		}
		c := newIMEI(x, "imei", h.IMEI, likelihood)
		zeros := fmt.Sprintf("%d leading zeros were", h.Zeros)
		if h.Zeros == 1 {
			zeros = "one leading zero was"
		}
		c.Hypothesis = fmt.Sprintf("%s lost, as happens in spreadsheets and number columns", zeros)
		c.judge(Form, Fail, "imei.stripped/1", fmt.Sprintf("%d digits; an IMEI has 14, or 15 with its check digit", len(d)),
			fmt.Sprintf("compare with the original: is it %s?", h.IMEI.WithCheck()))
		digit := -1
		if h.Check {
			digit = h.IMEI.CheckDigit()
		}
		c.checkDigit(x, h.IMEI, digit)
		out = append(out, c)
	}
	return out
}

// readTBCD reads the eight octets of a signalling trace.
func readTBCD(x *Explainer, in *input) []Candidate {
	b, err := hex.DecodeString(in.compact)
	paired := len(strings.Fields(in.text)) == 8
	if err != nil || len(b) != 8 || !paired && in.compact[14] != 'F' {
		return nil
	}
	m, svn, err := imei.ParseTBCD(b)
	if err != nil {
		return nil
	}
	c := newIMEI(x, "imei-tbcd", m, 85)
	if svn != imei.NoSVN {
		c.Likelihood = 50
	}
	c.Canonical = m.WithSVN(svn)
	c.version(svn)
	c.judge(Form, Pass, "imei-tbcd.form/1", "eight octets with swapped digits, as signalling carries an IMEI (TS 29.002)", "")
	c.judge(CheckDigit, NotApplicable, "imei-tbcd.check-digit/1", "a network may send a spare 0 in its place, so it is not looked at", "")
	return []Candidate{c}
}

// lookalikes are letters that eyes and scanners take for digits.
var lookalikes = strings.NewReplacer("O", "0", "I", "1", "L", "1", "S", "5", "B", "8", "Z", "2")

// readLetters proposes an IMEI where a few letters stand for digits and the check digit agrees.
func readLetters(x *Explainer, in *input) []Candidate {
	fixed := lookalikes.Replace(in.compact)
	if len(fixed) != 15 || fixed == in.compact || !only(fixed, decimal) {
		return nil
	}
	t, err := imei.ParseTyped(fixed)
	if err != nil || t.Mistyped() {
		return nil
	}
	c := newIMEI(x, "imei", t.IMEI, 60)
	c.Hypothesis = "a letter was read for a digit that looks like it"
	c.judge(Form, Fail, "imei.letters/1", "an IMEI has digits only", fmt.Sprintf("compare with the original: is it %s?", fixed))
	c.checkDigit(x, t.IMEI, t.Check)
	return []Candidate{c}
}

// lastResort is asked when no reader knew the text: it takes digits for an IMEI of the wrong
// length, and else the text for a maker's serial number.
func lastResort(in *input) []Candidate {
	d := in.compact
	if only(d, decimal) && (in.label == "imei" || len(d) >= 9 && len(d) <= 18) {
		c := Candidate{Kind: "imei", Canonical: d, Likelihood: 20}
		c.judge(Form, Fail, "imei.form/1", fmt.Sprintf("%d digits; an IMEI has 14, or 15 with its check digit, or 16 with its software version", len(d)), "count again, and compare with the original")
		return []Candidate{c}
	}
	if len(d) < 5 || len(d) > 24 || !only(d, decimal+capital) || !strings.ContainsAny(d, decimal) {
		return nil
	}
	c := Candidate{Kind: "serial", Canonical: d, Likelihood: 10}
	c.judge(Form, Pass, "serial.form/1", "letters and digits, as makers use for serial numbers", "")
	c.judge(Plausibility, Warn, "serial.alone/1", "a serial number identifies a device only together with its maker and model", "look for the IMEI: dial *#06#, or read the box")
	return []Candidate{c}
}
