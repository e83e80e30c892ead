package identifier_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/openceir/openceir/identifier"
	"github.com/openceir/openceir/imei"
	"pgregory.net/rapid"
)

// parsers are all parsers as text to canonical text.
var parsers = map[string]func(string) (string, error){
	"meid": func(s string) (string, error) { v, err := identifier.ParseMEID(s); return v.String(), err },
	"meid-decimal": func(s string) (string, error) {
		v, err := identifier.ParseMEIDDecimal(s)
		return v.Decimal(), err
	},
	"esn": func(s string) (string, error) { v, err := identifier.ParseESN(s); return v.String(), err },
	"esn-decimal": func(s string) (string, error) {
		v, err := identifier.ParseESNDecimal(s)
		return v.Decimal(), err
	},
	"eui-48": func(s string) (string, error) { v, err := identifier.ParseEUI48(s); return v.String(), err },
	"eui-64": func(s string) (string, error) { v, err := identifier.ParseEUI64(s); return v.String(), err },
	"eid":    identifier.ParseEID, "iccid": identifier.ParseICCID, "gtin": identifier.ParseGTIN, "sscc": identifier.ParseSSCC,
	"vin": identifier.ParseVIN, "drone": identifier.ParseDrone, "pon": identifier.ParsePON, "uuid": identifier.ParseUUID,
	"matter-code": identifier.ParseMatter, "tei": identifier.ParseTEI, "ipei": identifier.ParseIPEI,
	"ueid": func(s string) (string, error) {
		m, err := identifier.ParseUEID(s)
		return identifier.UEIDOfIMEI(m), err
	},
	"gs1": func(s string) (string, error) {
		elements, err := identifier.ParseElements(s)
		text := ""
		for _, e := range elements {
			text += "(" + e.AI + ")" + e.Value
		}
		return text, err
	},
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ kind, text, want string }{
		{"meid", "AF0123450ABCDE", "AF0123450ABCDE"}, {"meid", "af0123450abcdec", "AF0123450ABCDE"}, {"meid", "AF0123450ABCDED", "check"}, {"meid", "9F0123450ABCDE", "form"}, {"meid", "990000000000010", "99000000000001"}, {"meid", "AF0123450ABCD", "form"},
		{"meid-decimal", "2936087365007037100", "293608736500703710"}, {"meid-decimal", "2936087365007037101", "check"}, {"meid-decimal", "268435456000009001", "268435456000009001"}, {"meid-decimal", "429496729600000000", "form"}, {"meid-decimal", "268435456016777216", "form"}, {"meid-decimal", "000000000100000010", "form"},
		{"esn", "82aaaaaa", "82AAAAAA"}, {"esn", "+2AAAAAA", "form"}, {"esn", "82AAAAA", "form"},
		{"esn-decimal", "13011184810", "13011184810"}, {"esn-decimal", "25600000000", "form"}, {"esn-decimal", "25516777216", "form"},
		{"eid", "89001012012341234012345678901224", "89001012012341234012345678901224"}, {"eid", "35244001000000000000000000001239", "35244001000000000000000000001239"}, {"eid", "89044045930000000000001492325336", "check"}, {"eid", "8904404593000000000000149232533", "form"},
		{"iccid", "8900000000000000011", "8900000000000000011"}, {"iccid", "8944110000000000016", "8944110000000000016"}, {"iccid", "8944110000000000017", "check"}, {"iccid", "894411000000000001", "894411000000000001"}, {"iccid", "8844110000000000016", "form"}, {"iccid", "89441100000000000", "form"},
		{"gtin", "9521234543213", "09521234543213"}, {"gtin", "4006381333931", "04006381333931"}, {"gtin", "4006381333932", "check"}, {"gtin", "400638133393", "check"}, {"gtin", "123", "form"}, {"gtin", "400638133393A", "form"},
		{"sscc", "095212341234567891", "095212341234567891"}, {"sscc", "095212341234567892", "check"},
		{"vin", "1m8gdm9axkp042788", "1M8GDM9AXKP042788"}, {"vin", "11111111111111111", "11111111111111111"}, {"vin", "1M8GDM9A1KP042788", "check"}, {"vin", "1M8GDM9AXKPO42788", "form"},
		{"matter-code", "34970112332", "34970112332"}, {"matter-code", "01248123457", "01248123457"}, {"matter-code", "34970112333", "check"}, {"matter-code", "84970112332", "form"}, {"matter-code", "44970112332", "form"},
		{"ipei", "0000100000027", "00001-0000002-7"}, {"ipei", "00001-0000002-8", "check"}, {"ipei", "00001-000000*-8", "form"},
		{"eui-48", "00005e005301", "00-00-5E-00-53-01"}, {"eui-48", "0000.5e00.5301", "00-00-5E-00-53-01"}, {"eui-48", "00:00-5e:00:53:01", "form"}, {"eui-48", "0:0:5e:0:53:1", "form"}, {"eui-48", "0x005e005301", "form"}, {"eui-48", "00_05e005301", "form"},
		{"eui-64", "00005eef10000001", "00-00-5E-EF-10-00-00-01"}, {"eui-64", "+0005eef10000001", "form"},
		{"tei", "00a10200beef010", "00A10200BEEF010"}, {"tei", "00a1", "form"},
		{"drone", "TST151A2B3", "TST151A2B3"}, {"drone", "TST161A2B3", "form"}, {"drone", "TST0", "form"},
		{"pon", "test0000002a", "TEST0000002A"}, {"pon", "TES00000002A", "form"},
		{"uuid", "urn:uuid:123E4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000"}, {"uuid", "123e4567e89b12d3a456426614174000", "form"},
		{"gs1", "(01)09521234543213 (21)SN001", "(01)09521234543213(21)SN001"}, {"gs1", "", "form"}, {"gs1", "(0)1", "form"}, {"gs1", "(01)", "form"}, {"gs1", "01)1", "form"}, {"gs1", strings.Repeat("(10)A", 17), "form"},
		{"ueid", "030000010001070000010203040506", "030000010001070000010203040506"}, {"ueid", "030000010001070000010203040516", "form"}, {"ueid", "020000010001070000010203040506", "form"}, {"ueid", "03000001000107000001020304050A", "form"},
	} {
		got, err := parsers[c.kind](c.text)
		var wrong *identifier.CheckError
		switch {
		case errors.As(err, &wrong):
			got = "check"
		case errors.Is(err, identifier.ErrForm):
			got = "form"
		case err != nil:
			t.Errorf("%s %q: %v", c.kind, c.text, err)
		}
		if got != c.want {
			t.Errorf("%s %q: got %s (%v), want %s", c.kind, c.text, got, err, c.want)
		}
	}
}

func TestMEIDForms(t *testing.T) {
	for _, c := range []struct{ meid, check, decimal, last, pesn string }{
		{"A00000049259B1", "C", "268435456409591217", "2", "80AA8863"},
		{"A1000009ABCDEF", "C", "270113178511259375", "0", "801A04AB"},
		{"AF0123450ABCDE", "C", "293608736500703710", "0", "8016B128"},
		{"A0000000002329", "9", "268435456000009001", "3", ""},
		{"FF000001123456", "", "", "", "800737E1"},
	} {
		m, err := identifier.ParseMEID(c.meid)
		if err != nil || m.String() != c.meid {
			t.Errorf("%s: %v (%v)", c.meid, m, err)
		}
		got := fmt.Sprint(string(m.CheckDigit()), m.Decimal(), string(identifier.Luhn(m.Decimal())), m.PseudoESN())
		if want := fmt.Sprint(or(c.check, string(m.CheckDigit())), or(c.decimal, m.Decimal()), or(c.last, string(identifier.Luhn(m.Decimal()))), or(c.pesn, m.PseudoESN().String())); got != want {
			t.Errorf("%s: got %s, want %s", c.meid, got, want)
		}
		if !m.PseudoESN().Pseudo() {
			t.Errorf("%s: pseudo-ESN %v does not say so", c.meid, m.PseudoESN())
		}
	}
	m, _ := identifier.ParseMEID("99000000000001")
	if v, ok := m.IMEI(); !ok || v != 99000000000001 {
		t.Errorf("the IMEI of %v is %v %v", m, v, ok)
	}
	e, _ := identifier.ParseESN("A1B2C3D4")
	if e.Decimal() != "16111715540" || e.Pseudo() {
		t.Errorf("%v is %s", e, e.Decimal())
	}
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

func TestSGTIN(t *testing.T) {
	gtin, serial, err := identifier.ParseSGTIN("urn:epc:id:sgtin:9521234.054321.SN002")
	if gtin != "09521234543213" || serial != "SN002" || err != nil {
		t.Errorf("got %s %s (%v)", gtin, serial, err)
	}
	for _, bad := range []string{"", "urn:epc:id:sgtin:", "urn:epc:id:sgtin:9521234.054321", "urn:epc:id:sgtin:9521234.054321.", "urn:epc:id:sgtin:9521234.5432.1", "urn:epc:id:sgtin:A521234.054321.1"} {
		if _, _, err := identifier.ParseSGTIN(bad); !errors.Is(err, identifier.ErrForm) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// A UEID of type IMEI holds the IMEI it was made of.
func TestPropertyUEID(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := imei.IMEI(rapid.Uint64Range(0, uint64(imei.Max)).Draw(t, "m"))
		if got, err := identifier.ParseUEID(identifier.UEIDOfIMEI(m)); err != nil || got != m {
			t.Fatalf("%v became %v (%v)", m, got, err)
		}
	})
}

// MEIDs survive both of their forms, and their check digit catches any one wrong digit.
func TestPropertyMEID(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := identifier.MEID(rapid.Uint64Range(0xA0<<48, 1<<56-1).Draw(t, "m"))
		full := m.String() + string(m.CheckDigit())
		if got, err := identifier.ParseMEID(full); err != nil || got != m {
			t.Fatalf("%v became %v (%v)", m, got, err)
		}
		if got, err := identifier.ParseMEIDDecimal(m.Decimal()); err != nil || got != m {
			t.Fatalf("%v became %v (%v)", m, got, err)
		}
	})
}

// An IMEI typed in any usual way is the best reading of what was typed.
func TestPropertyTypedIMEI(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tac := rapid.SampledFrom([]imei.TAC{35000001, 86123456, 1234567, 45000000}).Draw(t, "tac")
		m := imei.New(tac, rapid.Uint32Range(0, 999_999).Draw(t, "serial"))
		s := m.WithCheck()
		mark := rapid.SampledFrom([]string{"", " ", "-", ".", "/", "\u00a0", "\u2013"}).Draw(t, "mark")
		text := rapid.SampledFrom([]string{"", "IMEI ", "imei: ", "IMEI1: "}).Draw(t, "label") + strings.Join([]string{s[:2], s[2:8], s[8:14], s[14:]}, mark)
		c := identifier.Explain(text).Candidates[0]
		if c.Kind != "imei" || c.Canonical != m.String() || c.Verdict(identifier.CheckDigit) != identifier.Pass {
			t.Fatalf("%q is read as %s %s", text, c.Kind, c.Canonical)
		}
	})
}

// What a parser prints it reads again as the same, and no text makes it panic.
func FuzzParsers(f *testing.F) {
	for _, row := range table(f) {
		f.Add(row[0])
	}
	for _, entry := range identifier.Catalogue() {
		for _, example := range entry.Examples {
			f.Add(example)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, parse := range parsers {
			v, err := parse(s)
			if err != nil {
				continue
			}
			if again, err := parse(v); err != nil || again != v {
				t.Fatalf("%s %q became %q, then %q (%v)", name, s, v, again, err)
			}
		}
		identifier.ParseSGTIN(s)
		for _, sum := range []func(string) byte{identifier.Luhn, identifier.Luhn16, identifier.GS1, identifier.VINCheck, identifier.Verhoeff, identifier.IPEICheck} {
			sum(s)
		}
		identifier.Mod97(s)
	})
}
