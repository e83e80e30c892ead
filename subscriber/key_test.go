package subscriber

import (
	"bytes"
	"crypto/aes"
	"encoding/hex"
	"math/rand/v2"
	"testing"
)

// TestFF1 uses the samples that NIST published for FF1 with decimal digits.
func TestFF1(t *testing.T) {
	const long = "2b7e151628aed2a6abf7158809cf4f3cef4359d8d580aa4f7f036d6f04fc6a94"
	for _, c := range []struct {
		key, tweak string
		want       uint64
	}{
		{long[:32], "", 2433477484},
		{long[:32], "39383736353433323130", 6124200773},
		{long[:48], "", 2830668132},
		{long[:48], "39383736353433323130", 2496655549},
		{long, "", 6657667009},
		{long, "39383736353433323130", 1001623463},
	} {
		secret, _ := hex.DecodeString(c.key)
		tweak, _ := hex.DecodeString(c.tweak)
		block, err := aes.NewCipher(secret)
		if err != nil {
			t.Fatal(err)
		}
		const plain = 123456789 // with a zero in front
		if got := ff1(block, tweak, 10, plain, encrypt); got != c.want {
			t.Errorf("AES-%d, tweak %q: %010d, want %010d", 4*len(c.key), c.tweak, got, c.want)
		}
		if got := ff1(block, tweak, 10, c.want, decrypt); got != plain {
			t.Errorf("AES-%d, tweak %q: back to %010d", 4*len(c.key), c.tweak, got)
		}
	}
}

func testKey(t testing.TB, fill byte) *Key {
	k, err := NewKey(bytes.Repeat([]byte{fill}, KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestPermutation holds the pseudonyms of all numbers with the same head against each other.
func TestPermutation(t *testing.T) {
	k := testKey(t, 1)
	for rest := 2; rest <= 4; rest++ {
		seen := make([]bool, powers[rest])
		for x := range powers[rest] {
			y := k.change('m', 3, rest, 254*powers[rest]+x, encrypt)
			if y/powers[rest] != 254 || seen[y%powers[rest]] {
				t.Fatalf("%d digits: %d becomes %d, which is taken or of another country", rest, x, y)
			}
			seen[y%powers[rest]] = true
		}
	}
}

func TestPseudonyms(t *testing.T) {
	k, other := testKey(t, 1), testKey(t, 2)
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		i := IMSI(firstMCC + r.Uint64N(limit-firstMCC))
		if r.IntN(10) == 0 {
			i = IMSI(1_010_000_000_000 + r.Uint64N(10_000_000_000)) // a test network
		}
		m := MSISDN(r.Uint64N(powers[5+r.IntN(11)]) + 10_000)
		if m >= limit {
			continue
		}
		p, q := k.IMSI(i), k.MSISDN(m)
		switch {
		case !p.Pseudonym() || !q.Pseudonym() || p.String()[0] != 'p' || q.String()[0] != 'p':
			t.Fatalf("%s and %s are not marked", p, q)
		case p.String()[1:7] != i.String()[:6] || len(p.String()) != len(i.String())+1 || p.MCC() != i.MCC():
			t.Fatalf("the pseudonym %s of %s is of another network or length", p, i)
		case len(q.String()) != len(m.String())+1:
			t.Fatalf("the pseudonym %s of %s has another length", q, m)
		case k.RevealIMSI(p) != i || k.RevealMSISDN(q) != m:
			t.Fatalf("%s and %s are not read back", p, q)
		case k.IMSI(p) != p || k.MSISDN(q) != q:
			t.Fatalf("a pseudonym of the pseudonym %s or %s", p, q)
		case len(m.String()) > 10 && (other.IMSI(i) == p && other.MSISDN(m) == q):
			t.Fatalf("two keys agree on %s and %s", i, m)
		}
		if a, b := k.AppendIMSI(nil, []byte(i.String())), k.AppendMSISDN(nil, []byte(m.String())); string(a) != p.String() || string(b) != q.String() {
			t.Fatalf("as texts %s and %s, as numbers %s and %s", a, b, p, q)
		}
		for _, id := range []ID{Of(i, m), Of(0, m)} {
			who := k.Of(id)
			back, err := Parse(who.String())
			if err != nil || back != who || !who.Pseudonym() || who == id || k.Reveal(who) != id || k.Reveal(id) != id {
				t.Fatalf("%s becomes %s and is read as %s: %v", id, who, back, err)
			}
		}
		var back IMSI
		text, _ := p.MarshalText()
		if err := back.UnmarshalText(text); err != nil || back != p {
			t.Fatalf("%s is read as %s: %v", text, back, err)
		}
	}
	if k.IMSI(0) != 0 || k.MSISDN(0) != 0 || k.Of(0) != 0 {
		t.Error("nobody has a pseudonym")
	}
}

// TestMalformed keeps malformed digits malformed, and their lengths.
func TestMalformed(t *testing.T) {
	k := testKey(t, 4)
	for _, digits := range []string{"6", "639021", "6390211", "63902123456", "19902123456789", "09902123456789"} {
		p := string(k.AppendIMSI(nil, []byte(digits)))
		if _, err := ReadIMSI(p); err == nil || len(p) != len(digits)+1 || len(digits) > 7 && p[1:] == digits {
			t.Errorf("%s becomes %s", digits, p)
		}
	}
	for _, digits := range []string{"2", "25", "2547", "0712345678", "00"} {
		p := string(k.AppendMSISDN(nil, []byte(digits)))
		if _, err := ReadMSISDN(p); err == nil || len(p) != len(digits)+1 || len(digits) > 4 && p[1:] == digits {
			t.Errorf("%s becomes %s", digits, p)
		}
	}
}

// TestHome tells that networks and countries stay readable.
func TestHome(t *testing.T) {
	k := testKey(t, 3)
	i, _ := ParseIMSI("639021234567890")
	if p := k.IMSI(i); !p.In("63902") || p.In("63903") {
		t.Errorf("%s is not of 63902", p)
	}
	for text, code := range map[string]string{"12125550123": "1", "79161234567": "7", "33123456789": "33", "254712345678": "254", "861390000000": "86", "8801712345678": "880"} {
		m, _ := ParseMSISDN(text)
		if p := k.MSISDN(m).String(); p[1:1+len(code)] != code {
			t.Errorf("the pseudonym %s of %s is of another country", p, text)
		}
	}
}

// TestNoOtherForm keeps pseudonyms out where a network or a person gives a number.
func TestNoOtherForm(t *testing.T) {
	if _, err := ParseIMSI("p639021234567890"); err == nil {
		t.Error("a pseudonym is taken for an IMSI")
	}
	if _, err := ParseMSISDN("p254712345678"); err == nil {
		t.Error("a pseudonym is taken for a number")
	}
	for _, s := range []string{"imsi-pp639021234567890", "imsi-p", "msisdn-p0123456", "pseudonym-8000000000000001"} {
		if id, err := Parse(s); err == nil {
			t.Errorf("%q is taken for %s", s, id)
		}
	}
	if _, err := NewKey(make([]byte, 16)); err == nil {
		t.Error("a short secret is taken")
	}
}

func BenchmarkPseudonym(b *testing.B) {
	k := testKey(b, 1)
	for b.Loop() {
		k.IMSI(639021234567890)
	}
}
