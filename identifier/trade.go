package identifier

import (
	"fmt"
	"strings"
)

// ParseGTIN reads a trade item number of 8, 12, 13 or 14 digits and returns its 14-digit form
// (GS1 General Specifications §3.3.2).
func ParseGTIN(s string) (string, error) {
	switch len(s) {
	case 8, 12, 13, 14:
	default:
		return "", formError("gtin", s, "write 8, 12, 13 or 14 digits")
	}
	if !only(s, decimal) {
		return "", formError("gtin", s, "write 8, 12, 13 or 14 digits")
	}
	last := len(s) - 1
	return strings.Repeat("0", 14-len(s)) + s, checked("gtin", s[last:], string(GS1(s[:last])))
}

// ParseSSCC reads a logistic unit number of 18 digits (GS1 General Specifications §3.3.1).
func ParseSSCC(s string) (string, error) {
	if len(s) != 18 || !only(s, decimal) {
		return "", formError("sscc", s, "write 18 digits")
	}
	return s, checked("sscc", s[17:], string(GS1(s[:17])))
}

// Element is one field of a GS1 element string: an application identifier and its value.
type Element struct {
	AI    string `json:"ai"`
	Value string `json:"value"`
}

// maxElements bounds an element string: no label holds more.
const maxElements = 16

// ParseElements reads a GS1 element string as it is printed below a barcode, with application
// identifiers in parentheses (GS1 General Specifications §3.2): "(01)09521234543213(21)SN001".
func ParseElements(s string) ([]Element, error) {
	var out []Element
	for rest := s; rest != ""; {
		ai, value, ok := strings.Cut(strings.TrimSpace(rest), ")")
		if !ok || len(ai) < 3 || len(ai) > 5 || ai[0] != '(' || !only(ai[1:], decimal) || len(out) == maxElements {
			return nil, formError("gs1", s, "write (AI)value, for example (01)09521234543213(21)SN001")
		}
		rest = ""
		if i := strings.IndexByte(value, '('); i >= 0 {
			value, rest = value[:i], value[i:]
		}
		value = strings.TrimSpace(value)
		if value == "" || len(value) > 90 {
			return nil, formError("gs1", s, fmt.Sprintf("the value of (%s) has 1 to 90 characters", ai[1:]))
		}
		out = append(out, Element{ai[1:], value})
	}
	if out == nil {
		return nil, formError("gs1", s, "it is empty")
	}
	return out, nil
}

// ParseSGTIN reads the name of one trade item in RFID tags, urn:epc:id:sgtin:PREFIX.ITEM.SERIAL,
// and returns its GTIN and serial number (GS1 EPC Tag Data Standard §6.3.1).
func ParseSGTIN(s string) (gtin, serial string, err error) {
	const prefix = "urn:epc:id:sgtin:"
	if len(s) > len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		parts := strings.SplitN(s[len(prefix):], ".", 3)
		if len(parts) == 3 && len(parts[0])+len(parts[1]) == 13 && len(parts[0]) >= 6 && len(parts[0]) <= 12 &&
			only(parts[0]+parts[1], decimal) && parts[2] != "" && len(parts[2]) <= 20 {
			payload := parts[1][:1] + parts[0] + parts[1][1:]
			return payload + string(GS1(payload)), parts[2], nil
		}
	}
	return "", "", formError("sgtin", s, "write urn:epc:id:sgtin:PREFIX.ITEM.SERIAL, prefix and item of 13 digits together")
}

// ParseVIN reads a vehicle's number: 17 letters and digits without I, O and Q (ISO 3779). A wrong
// check character is an error only in the sense of CheckError: outside North America and China
// makers need not set it.
func ParseVIN(s string) (string, error) {
	s = strings.ToUpper(s)
	if len(s) != 17 || !only(s, decimal+"ABCDEFGHJKLMNPRSTUVWXYZ") {
		return "", formError("vin", s, "write 17 letters and digits without I, O and Q")
	}
	return s, checked("vin", s[8:9], string(VINCheck(s)))
}

// ParseDrone reads the serial number of an unmanned aircraft: four characters of the maker, one
// that says how many follow (1 to 9, A to F), and those (ANSI/CTA-2063-A).
func ParseDrone(s string) (string, error) {
	s = strings.ToUpper(s)
	if len(s) < 6 || len(s) > 20 || !only(s, decimal+"ABCDEFGHJKLMNPQRSTUVWXYZ") {
		return "", formError("drone", s, "write 6 to 20 letters and digits without I and O")
	}
	if n := strings.IndexByte(hexadecimal, s[4]); n < 1 || n != len(s)-5 {
		return "", formError("drone", s, "its fifth character says how many follow")
	}
	return s, nil
}
