package subscriber_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/openceir/openceir/subscriber"
	"pgregory.net/rapid"
)

func TestParseIMSI(t *testing.T) {
	for _, s := range []string{"001010123456789", "999700000000001", "208011234567890", "20801123456789", "310150123456789", "20000000000000", "99999999999999", "100000000000000", "001000000000000"} {
		i, err := subscriber.ParseIMSI(s)
		if err != nil || i.String() != s || i.MCC() != s[:3] {
			t.Errorf("%s became %q, MCC %q (%v)", s, i, i.MCC(), err)
		}
	}
	for _, s := range []string{
		"", "0", "1234567890123", "2080112345678901", "20801123456789A", "-20801123456789", "+2080112345678", " 20801123456789",
		"000000000000000", "00000000000000", // no subscriber
		"00101012345678",  // a test IMSI that lost a digit would read as another one's
		"020000000000000", // a leading zero that is not a test network's
		"10000000000000",  // fourteen digits with an MCC below 200
	} {
		if i, err := subscriber.ParseIMSI(s); err == nil || i != 0 {
			t.Errorf("%q became %q", s, i)
		}
	}
}

func TestParseMSISDN(t *testing.T) {
	for _, s := range []string{"442079460123", "12025550143", "10000", "999999999999999"} {
		m, err := subscriber.ParseMSISDN(s)
		if err != nil || m.String() != s {
			t.Errorf("%s became %q (%v)", s, m, err)
		}
	}
	for _, s := range []string{"", "1234", "0442079460123", "+442079460123", "1234567890123456", "44 2079460123", "44207946012A"} {
		if m, err := subscriber.ParseMSISDN(s); err == nil || m != 0 {
			t.Errorf("%q became %q", s, m)
		}
	}
}

func TestNetworks(t *testing.T) {
	home, err := subscriber.ParsePLMN("00101")
	if err != nil || home.MCC() != "001" {
		t.Fatalf("PLMN %q, MCC %q (%v)", home, home.MCC(), err)
	}
	i, _ := subscriber.ParseIMSI("001010123456789")
	if !i.In(home) || i.In("00102") || i.In("") || subscriber.IMSI(0).In(home) {
		t.Error("a subscriber is in the wrong network")
	}
	for _, s := range []string{"", "0010", "0010101", "0010A", "-0101"} {
		if _, err := subscriber.ParsePLMN(s); err == nil {
			t.Errorf("%q is read as a network", s)
		}
	}
	if subscriber.PLMN("").MCC() != "" || subscriber.IMSI(0).MCC() != "" {
		t.Error("nobody has a country")
	}
}

func TestID(t *testing.T) {
	const mark = 1 << 63 // of a pseudonym
	i, _ := subscriber.ParseIMSI("001010123456789")
	m, _ := subscriber.ParseMSISDN("442079460123")
	for _, c := range []struct {
		id   subscriber.ID
		text string
	}{
		{subscriber.Of(i, m), "imsi-001010123456789"},
		{subscriber.Of(i, 0), "imsi-001010123456789"},
		{subscriber.Of(0, m), "msisdn-442079460123"},
		{subscriber.Of(i|mark, m|mark), "imsi-p001010123456789"},
		{subscriber.Of(0, m|mark), "msisdn-p442079460123"},
	} {
		got, err := subscriber.Parse(c.text)
		if c.id.String() != c.text || err != nil || got != c.id {
			t.Errorf("%s: prints %s, reads as %v (%v)", c.text, c.id, got, err)
		}
		gotI, isI := c.id.IMSI()
		gotM, isM := c.id.MSISDN()
		if isI != strings.HasPrefix(c.text, "imsi") || isM != strings.HasPrefix(c.text, "msisdn") || c.id.Pseudonym() != strings.Contains(c.text, "-p") {
			t.Errorf("%s is taken for another kind", c.text)
		}
		if isI && gotI.Digits() != i || isM && gotM.Digits() != m || !isI && gotI != 0 || !isM && gotM != 0 {
			t.Errorf("%s holds %v, %v", c.text, gotI, gotM)
		}
	}
	if subscriber.Of(0, 0) != 0 || subscriber.ID(0).String() != "" {
		t.Error("nobody is somebody")
	}
	for _, s := range []string{"", "imsi-", "imsi-1", "msisdn-", "msisdn-0123456", "001010123456789", "p001010123456789", "imsi-p", "imsi-p1", "imsi-pp001010123456789", "imsi-P001010123456789", "msisdn-p0123456"} {
		if id, err := subscriber.Parse(s); err == nil || id != 0 {
			t.Errorf("%q became %v", s, id)
		}
	}
}

func TestJSON(t *testing.T) {
	type record struct {
		I subscriber.IMSI
		M subscriber.MSISDN
		S subscriber.ID
		P subscriber.ID
		N subscriber.IMSI
		O subscriber.ID `json:",omitempty"`
	}
	i, _ := subscriber.ParseIMSI("001010123456789")
	in := record{I: i, M: 442079460123, S: subscriber.Of(0, 442079460123), P: subscriber.Of(1<<63|639021234567890, 0)}
	b, err := json.Marshal(in)
	const want = `{"I":"001010123456789","M":"442079460123","S":"msisdn-442079460123","P":"imsi-p639021234567890","N":""}`
	if err != nil || string(b) != want {
		t.Fatalf("got %s (%v)", b, err)
	}
	var out record
	if err := json.Unmarshal(b, &out); err != nil || out != in {
		t.Fatalf("got %+v (%v)", out, err)
	}
	for _, bad := range []string{`{"I":"1"}`, `{"M":"0"}`, `{"S":"1"}`} {
		if json.Unmarshal([]byte(bad), &out) == nil || out != in {
			t.Errorf("%s was read", bad)
		}
	}
}

func TestPropertyPrintParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mcc := rapid.SampledFrom([]string{"001", "208", "310", "724", "999"}).Draw(t, "mcc")
		msin := rapid.StringMatching(`[0-9]{12}`).Draw(t, "msin")
		if mcc != "001" && rapid.Bool().Draw(t, "fourteen") {
			msin = msin[1:]
		}
		i, err := subscriber.ParseIMSI(mcc + msin)
		if err != nil || i.String() != mcc+msin {
			t.Fatalf("%s%s became %q (%v)", mcc, msin, i, err)
		}
		if id, err := subscriber.Parse(subscriber.Of(i, 0).String()); err != nil || id != subscriber.ID(i) {
			t.Fatalf("%v became %v (%v)", i, id, err)
		}
	})
}

func FuzzParseIMSI(f *testing.F) {
	f.Add("001010123456789")
	f.Add("20801123456789")
	f.Fuzz(func(t *testing.T, s string) {
		if i, err := subscriber.ParseIMSI(s); err == nil && i.String() != s {
			t.Fatalf("%q became %q", s, i)
		}
		if m, err := subscriber.ParseMSISDN(s); err == nil && m.String() != s {
			t.Fatalf("%q became %q", s, m)
		}
		if p, err := subscriber.ParsePLMN(s); err == nil && (string(p) != s || len(p.MCC()) != 3) {
			t.Fatalf("%q became %q", s, p)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add("imsi-001010123456789")
	f.Add("msisdn-442079460123")
	f.Add("pseudonym-8000000000000abc")
	f.Fuzz(func(t *testing.T, s string) {
		if id, err := subscriber.Parse(s); err == nil && (id.String() != s || id == 0) {
			t.Fatalf("%q became %v", s, id)
		}
	})
}

func FuzzID(f *testing.F) {
	f.Add(uint64(1) << 62)
	f.Fuzz(func(t *testing.T, n uint64) {
		s := subscriber.ID(n).String()
		if id, err := subscriber.Parse(s); err == nil && id != subscriber.ID(n) {
			t.Fatalf("%d became %s became %d", n, s, uint64(id))
		}
	})
}
