package identifier

import (
	"errors"
	"fmt"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/subscriber"
)

// reading makes a candidate from what a parser returned: the form passes and the check digit
// passes or warns, or there is no candidate at all. A kind without a check digit passes "".
func reading(kind Kind, canonical string, err error, likelihood int, form, check string) (Candidate, bool) {
	c := Candidate{Kind: kind, Canonical: canonical, Likelihood: likelihood}
	var wrong *CheckError
	switch {
	case err == nil:
		if check != "" {
			c.judge(CheckDigit, Pass, string(kind)+".check-digit/1", check+" is right; that catches typing errors and proves nothing more", "")
		}
	case errors.As(err, &wrong):
		c.Likelihood /= 2
		c.judge(CheckDigit, wrongCheck(kind), string(kind)+".check-digit/1", fmt.Sprintf("check digit %s, expected %s", wrong.Got, wrong.Want), "a character was probably mistyped: compare with the original")
	default:
		return Candidate{}, false
	}
	c.judge(Form, Pass, string(kind)+".form/1", form, "")
	return c, true
}

// wrongCheck returns the verdict on a wrong check digit: a failure only where every valid value
// has a right one. An MEID's is not part of it, a VIN's and an ICCID's is not always set.
func wrongCheck(kind Kind) Verdict {
	switch kind {
	case "eid", "gtin", "sscc", "matter-code":
		return Fail
	}
	return Warn
}

func one(c Candidate, ok bool) []Candidate {
	if !ok {
		return nil
	}
	return []Candidate{c}
}

func readMEID(_ *Explainer, in *input) []Candidate {
	if m, err := ParseMEID(in.compact); m != 0 {
		likelihood := 90
		if v, both := m.IMEI(); both {
			if in.label != "meid" && v.TAC().Body().Status != imei.BodyHexadecimal {
				return nil // an IMEI, and no device that has one alone calls it an MEID
			}
			likelihood = 50
		}
		check := ""
		if len(in.compact) == 15 {
			check = "the check digit"
		}
		c, _ := reading("meid", m.String(), err, likelihood, "14 hexadecimal digits, beginning with the code of a region", check)
		if check == "" {
			c.judge(CheckDigit, NotApplicable, "meid.check-digit/1", fmt.Sprintf("none is given; on a label it would be %c", m.CheckDigit()), "")
		}
		return []Candidate{c.meid(m)}
	}
	m, err := ParseMEIDDecimal(in.compact)
	if m == 0 {
		return nil
	}
	check := ""
	if len(in.compact) == 19 {
		check = "the check digit"
	}
	c, _ := reading("meid-decimal", m.Decimal(), err, 70, "ten digits and eight, the decimal form of an MEID", check)
	return []Candidate{c.meid(m)}
}

func (c Candidate) meid(m MEID) Candidate {
	c.fact("hexadecimal", m.String())
	c.fact("decimal", m.Decimal()+", check digit "+string(Luhn(m.Decimal())))
	c.fact("pseudo-ESN", m.PseudoESN().String())
	if v, ok := m.IMEI(); ok {
		c.fact("IMEI", v.String())
		c.identifying(v)
	}
	return c
}

func readESN(_ *Explainer, in *input) []Candidate {
	e, err := ParseESN(in.compact)
	kind, likelihood, form := Kind("esn"), 60, "8 hexadecimal digits"
	switch {
	case err == nil && only(in.compact, decimal):
		likelihood = 15
	case err != nil:
		if e, err = ParseESNDecimal(in.compact); err != nil {
			return nil
		}
		kind, likelihood, form = "esn-decimal", 35, "three digits of the maker and eight of the serial number"
	}
	c, _ := reading(kind, e.String(), nil, likelihood, form, "")
	c.fact("decimal", e.Decimal())
	if e.Pseudo() {
		c.Kind = "pesn"
		c.judge(Plausibility, Fail, "esn.pseudo/1", "this is a hash of an MEID, which many devices share: it identifies none", "ask for the MEID")
	}
	return []Candidate{c}
}

func readEID(_ *Explainer, in *input) []Candidate {
	eid, err := ParseEID(in.compact)
	return one(reading("eid", eid, err, 97, "32 digits, the number of an eSIM chip", "the two-digit check"))
}

func readICCID(_ *Explainer, in *input) []Candidate {
	v, err := ParseICCID(in.compact)
	check := ""
	if len(v) == 19 {
		check = "the check digit"
	}
	c, ok := reading("iccid", v, err, 92, fmt.Sprintf("%d digits beginning with 89, the number of a SIM card or profile", len(v)), check)
	if !ok {
		return nil
	}
	if len(v) == 20 {
		if v[18] == Luhn(v[:18]) {
			c.judge(CheckDigit, Pass, "iccid.check-digit/1", "the nineteenth of its digits is the right check digit", "")
		} else {
			c.judge(CheckDigit, Warn, "iccid.check-digit/1", "its nineteenth digit is not the check digit; some issuers use none", "compare with the original")
		}
	}
	c.fact("country code", countryCode(v[2:]))
	c.judge(Plausibility, Warn, "iccid.card/1", "this names a SIM card or profile, not a device", "for the device, look for the IMEI: dial *#06#")
	return []Candidate{c}
}

// readEUI reads hardware addresses.
func readEUI(_ *Explainer, in *input) []Candidate {
	likelihood := 60
	divided := strings.ContainsAny(in.text, ":-.")
	switch {
	case divided:
		likelihood = 96
	case only(in.compact, decimal):
		likelihood = 20
	}
	if e, err := ParseEUI48(in.text); err == nil {
		c, _ := reading("eui-48", e.String(), nil, likelihood, "six pairs of hexadecimal digits", "")
		c.address("eui-48", e.Local(), e.Group(), e == 0, e.Documentation())
		return []Candidate{c}
	}
	if e, err := ParseEUI64(in.text); err == nil {
		c, _ := reading("eui-64", e.String(), nil, likelihood, "eight pairs of hexadecimal digits", "")
		c.address("eui-64", e.Local(), e.Group(), e == 0, false)
		return []Candidate{c}
	}
	return nil
}

// address judges whether a hardware address can identify one device.
func (c *Candidate) address(kind Kind, local, group, zero, documentation bool) {
	c.judge(CheckDigit, NotApplicable, string(kind)+".check-digit/1", "an address has no check digit", "")
	rule := string(kind) + ".address/1"
	switch {
	case zero:
		c.judge(Plausibility, Fail, rule, "all zeros identify no device", "read the address again from the device")
	case group:
		c.judge(Plausibility, Fail, rule, "the group bit is set: this addresses many receivers, no device", "read the address again from the device")
	case local:
		c.judge(Plausibility, Fail, rule, "the local bit is set: the address is randomised or made up, and identifies no device", "use the address on the device's label, or switch off the private address for this network")
	case documentation:
		c.judge(Plausibility, Warn, rule, "this range is kept for examples in documents", "read the address again from the device")
	default:
		c.judge(Plausibility, Pass, rule, "a globally administered address of one interface", "a device may have several; all can be changed in software")
	}
}

func readUUID(_ *Explainer, in *input) []Candidate {
	u, err := ParseUUID(in.whole)
	if err != nil {
		if u, err = ParseUUID(in.text); err != nil {
			return nil
		}
	}
	c, _ := reading("uuid", u, nil, 97, "32 hexadecimal digits in groups of 8-4-4-4-12", "")
	v, text := Pass, "version "+u[14:15]
	if strings.IndexByte("89ab", u[19]) < 0 || strings.IndexByte("12345678", u[14]) < 0 {
		v, text = Warn, "its version and variant bits are not those of RFC 9562"
	}
	c.judge(Plausibility, v, "uuid.version/1", text, "a UUID names something in software; for the device, look for the IMEI: dial *#06#")
	return []Candidate{c}
}

func readTrade(_ *Explainer, in *input) []Candidate {
	var out []Candidate
	if v, err := ParseGTIN(in.compact); v != "" && (err == nil || in.label == "gtin") {
		likelihood := map[int]int{8: 35, 12: 58, 13: 75, 14: 40}[len(in.compact)]
		c, ok := reading("gtin", v, err, likelihood, fmt.Sprintf("%d digits, the number of a product under a barcode", len(in.compact)), "the check digit")
		if ok {
			c.judge(Plausibility, Warn, "gtin.model/1", "this names a product, not one device", "for the device, look for the IMEI: dial *#06#")
			out = append(out, c)
		}
	}
	if v, err := ParseSSCC(in.compact); v != "" && (err == nil || in.label == "sscc") {
		out = append(out, one(reading("sscc", v, err, 65, "18 digits, the number of a pallet or carton", "the check digit"))...)
	}
	if gtin, serial, err := ParseSGTIN(in.whole); err == nil {
		c, _ := reading("sgtin", "(01)"+gtin+"(21)"+serial, nil, 99, "a product and a serial number, as RFID tags carry them", "")
		out = append(out, c)
	}
	return out
}

// readElements reads a GS1 element string and, in it, the identifiers that it carries.
func readElements(x *Explainer, in *input) []Candidate {
	elements, err := ParseElements(in.text)
	if err != nil {
		return nil
	}
	c, _ := reading("gs1", "", nil, 97, fmt.Sprintf("%d fields of a GS1 label", len(elements)), "")
	var inner []Candidate
	for _, e := range elements {
		c.Canonical += "(" + e.AI + ")" + e.Value
		switch e.AI {
		case "01":
			c.element(e, func(s string) (string, error) {
				if len(s) != 14 {
					return "", formError("gtin", s, "14 digits")
				}
				return ParseGTIN(s)
			})
		case "00":
			c.element(e, ParseSSCC)
		case "21":
			c.fact("serial number (21)", e.Value)
		case "8002":
			inner = telephone(x, e.Value)
			if len(inner) == 0 {
				c.judge(Form, Fail, "gs1.8002/1", "field (8002) holds no IMEI or MEID", "compare with the label")
			}
		}
	}
	for i := range inner {
		inner[i].fact("taken from", "field (8002) of a GS1 label")
		inner[i].Likelihood = 98 - i
	}
	return append(inner, c)
}

// element judges a field that has a check digit of its own.
func (c *Candidate) element(e Element, parse func(string) (string, error)) {
	rule := "gs1." + e.AI + "/1"
	v, err := parse(e.Value)
	var wrong *CheckError
	switch {
	case err == nil:
		c.judge(CheckDigit, Pass, rule, "the check digit of field ("+e.AI+") is right", "")
	case errors.As(err, &wrong):
		c.judge(CheckDigit, Fail, rule, fmt.Sprintf("field (%s): check digit %s, expected %s", e.AI, wrong.Got, wrong.Want), "compare with the label")
	default:
		c.judge(Form, Fail, rule, "field ("+e.AI+") does not have its form", "compare with the label")
	}
	if v != "" {
		c.fact("field ("+e.AI+")", v)
	}
}

// telephone reads what AI (8002) may hold: an IMEI or an MEID (GS1 General Specifications §3.9.2).
func telephone(x *Explainer, value string) []Candidate {
	in := &input{whole: value, text: value}
	in.squeeze()
	if c := readIMEI(x, in); c != nil {
		return c
	}
	return readMEID(x, in)
}

func readVIN(_ *Explainer, in *input) []Candidate {
	v, err := ParseVIN(in.compact)
	likelihood := 85
	if only(in.compact, decimal) {
		if err != nil && in.label != "vin" {
			return nil // a long number, most likely of something else
		}
		likelihood = 20
	}
	return one(reading("vin", v, err, likelihood, "17 letters and digits, the number of a vehicle", "the check character"))
}

func readIMSI(_ *Explainer, in *input) []Candidate {
	v, err := subscriber.ParseIMSI(in.compact)
	region, known := imsiRegions[v.MCC()[:min(1, len(v.MCC()))]]
	if err != nil || !known && v.MCC() != "001" {
		return nil
	}
	c, _ := reading("imsi", v.String(), nil, 40, fmt.Sprintf("%d digits beginning with a mobile country code", len(v.String())), "")
	if len(v.String()) == 14 {
		c.Likelihood = 20
	}
	if v.MCC() == "001" {
		region = "test networks"
	}
	c.fact("mobile country code", v.MCC()+" ("+region+")")
	c.judge(Plausibility, Warn, "imsi.subscription/1", "this names a subscription, not a device", "for the device, look for the IMEI: dial *#06#")
	return []Candidate{c}
}

// imsiRegions are the regions of mobile country codes by first digit (E.212).
var imsiRegions = map[string]string{
	"2": "Europe", "3": "North America and the Caribbean", "4": "Asia and the Middle East",
	"5": "Australia and Oceania", "6": "Africa", "7": "South and Central America", "9": "worldwide networks",
}

func readMSISDN(_ *Explainer, in *input) []Candidate {
	plus := strings.HasPrefix(in.text, "+")
	v, err := subscriber.ParseMSISDN(strings.TrimPrefix(strings.NewReplacer("(", "", ")", "").Replace(in.compact), "+"))
	if err != nil || !plus && len(in.compact) < 9 {
		return nil
	}
	likelihood := 96
	if !plus {
		likelihood = map[int]int{9: 40, 10: 45, 11: 45, 12: 45, 13: 30}[len(in.compact)]
		likelihood = max(likelihood, 10)
	}
	c, _ := reading("msisdn", v.String(), nil, likelihood, fmt.Sprintf("%d digits, as telephone numbers have with their country code", len(v.String())), "")
	c.fact("country code", countryCode(v.String()))
	c.judge(Plausibility, Warn, "msisdn.subscription/1", "this names a subscription, not a device", "for the device, look for the IMEI: dial *#06#")
	return []Candidate{c}
}

// countryCode returns the country code at the start of a number (E.164): one digit in zones 1 and
// 7, two where the table says so, else three.
func countryCode(s string) string {
	const two = " 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98 "
	switch {
	case len(s) < 3:
		return s
	case s[0] == '1' || s[0] == '7':
		return s[:1]
	case strings.Contains(two, " "+s[:2]+" "):
		return s[:2]
	}
	return s[:3]
}

func readTAC(x *Explainer, in *input) []Candidate {
	t, err := imei.ParseTAC(in.compact)
	if err != nil {
		return nil
	}
	c, _ := reading("tac", t.String(), nil, 70, "8 digits, the part of an IMEI that names the model", "")
	body := t.Body()
	if body.Status == imei.BodyUnknown {
		c.Likelihood = 30
	}
	c.fact("reporting body", fmt.Sprintf("%02d %s, %s", body.ID, body.Name, body.Status))
	c.fact("IMEIs", t.Range().String())
	c.allocated(x, t)
	c.body(body)
	return []Candidate{c}
}

func readPON(_ *Explainer, in *input) []Candidate {
	v, err := ParsePON(in.compact)
	return one(reading("pon", v, err, 85, "four letters of the vendor and eight hexadecimal digits", ""))
}

func readMatter(_ *Explainer, in *input) []Candidate {
	v, err := ParseMatter(in.compact)
	if err != nil && in.label == "" {
		return nil
	}
	c, ok := reading("matter-code", v, err, 50, fmt.Sprintf("%d digits, the setup code of a household device", len(v)), "the check digit")
	if !ok {
		return nil
	}
	c.judge(Plausibility, Warn, "matter.secret/1", "a setup code opens the device and does not identify it", "keep it to yourself")
	return []Candidate{c}
}

func readIPEI(_ *Explainer, in *input) []Candidate {
	v, err := ParseIPEI(strings.ReplaceAll(in.text, " ", "-"))
	if err != nil && in.label != "ipei" {
		return nil
	}
	likelihood := 15
	if strings.Contains(in.text, "-") || strings.HasSuffix(in.text, "*") {
		likelihood = 88
	}
	return one(reading("ipei", v, err, likelihood, "maker and serial number of a cordless telephone", "the check character"))
}

func readTEI(_ *Explainer, in *input) []Candidate {
	v, err := ParseTEI(in.compact)
	if only(v, decimal) && in.label != "tei" {
		return nil
	}
	const likelihood = 30
	return one(reading("tei", v, err, likelihood, fmt.Sprintf("%d hexadecimal digits, as TETRA terminals have", len(v)), ""))
}

func readDrone(_ *Explainer, in *input) []Candidate {
	v, err := ParseDrone(in.compact)
	likelihood := 45
	if only(in.compact, decimal) {
		likelihood = 3
	}
	return one(reading("drone", v, err, likelihood, "maker, length and serial number of an unmanned aircraft", ""))
}

func readUEID(x *Explainer, in *input) []Candidate {
	m, err := ParseUEID(in.compact)
	if err != nil {
		return nil
	}
	c := newIMEI(x, "ueid", m, 90)
	c.fact("IMEI", m.String())
	c.Canonical = in.compact
	c.judge(Form, Pass, "ueid.form/1", "an entity's name of type 3, which holds an IMEI (RFC 9711)", "")
	c.judge(Plausibility, Warn, "ueid.signed/1", "the name alone proves nothing", "verify the signed token that it came in")
	return []Candidate{c}
}
