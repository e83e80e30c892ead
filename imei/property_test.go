package imei_test

import (
	"fmt"
	"testing"

	"github.com/openceir/openceir/imei"
	"pgregory.net/rapid"
)

// slowLuhn is the check digit by its definition (TS 23.003 annex B.2), over text: double every
// second digit from the right, write all digits out, add them, and see what is missing to the
// next ten. It shares nothing with the code under test.
func slowLuhn(s string) byte {
	written := ""
	for i := 0; i < len(s); i++ {
		d := s[i : i+1]
		if (len(s)-i)%2 == 1 {
			d = map[string]string{"0": "0", "1": "2", "2": "4", "3": "6", "4": "8", "5": "10", "6": "12", "7": "14", "8": "16", "9": "18"}[d]
		}
		written += d
	}
	sum := 0
	for _, c := range written {
		for v := '0'; v < c; v++ {
			sum++
		}
	}
	missing := byte('0')
	for ; sum%10 != 0; sum++ {
		missing++
	}
	return missing
}

func anyIMEI() *rapid.Generator[imei.IMEI] {
	return rapid.Custom(func(t *rapid.T) imei.IMEI {
		return imei.IMEI(rapid.Uint64Range(0, uint64(imei.Max)).Draw(t, "imei"))
	})
}

func anySVN() *rapid.Generator[imei.SVN] {
	return rapid.Custom(func(t *rapid.T) imei.SVN {
		if rapid.Bool().Draw(t, "none") {
			return imei.NoSVN
		}
		return imei.SVN(rapid.Uint8Range(0, 99).Draw(t, "svn"))
	})
}

func TestPropertyLuhn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyIMEI().Draw(t, "m")
		if got, want := byte('0'+m.CheckDigit()), slowLuhn(m.String()); got != want {
			t.Fatalf("%v: check digit %c, want %c", m, got, want)
		}
		// Every error of a single digit is caught (identifiers: Luhn).
		b := []byte(m.WithCheck())
		i := rapid.IntRange(0, 14).Draw(t, "i")
		b[i] = '0' + (b[i]-'0'+rapid.ByteRange(1, 9).Draw(t, "by"))%10
		if typed, err := imei.ParseTyped(string(b)); err != nil || !typed.Mistyped() {
			t.Fatalf("%s is not seen as mistyped (%v)", b, err)
		}
	})
}

func TestPropertyPrintParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, v := anyIMEI().Draw(t, "m"), anySVN().Draw(t, "v")
		same := func(form string, got imei.IMEI, svn imei.SVN, err error) {
			if err != nil || got != m || svn != v {
				t.Fatalf("%s: %v version %v became %v version %v (%v)", form, m, v, got, svn, err)
			}
		}
		got, svn, err := imei.ParseFull(m.WithSVN(v))
		same("digits", got, svn, err)
		got, svn, err = imei.ParseTBCD(m.AppendTBCD(nil, v))
		same("TBCD", got, svn, err)
		got, svn, err = imei.ParseTBCD(m.AppendTBCD([]byte{1}, v)[1:8])
		if v == imei.NoSVN {
			same("TBCD of seven octets", got, svn, err)
		}
		got, svn, err = imei.ParseURN(m.URN(v))
		same("URN", got, svn, err)
		pei := imei.PEI{Kind: imei.PEIIMEISV, IMEI: m, SVN: v}
		if v == imei.NoSVN {
			pei.Kind = imei.PEIIMEI
		}
		pei, err = imei.ParsePEI(pei.String())
		same("PEI", pei.IMEI, pei.SVN, err)
		typed, err := imei.ParseTyped(m.WithCheck())
		if err != nil || typed.IMEI != m || typed.Mistyped() {
			t.Fatalf("%v typed with its check digit: %+v (%v)", m, typed, err)
		}
		if imei.New(m.TAC(), m.Serial()) != m || !m.TAC().Range().Contains(m) {
			t.Fatalf("%v is not its TAC and serial number", m)
		}
	})
}

func TestPropertyRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyIMEI().Draw(t, "a"), anyIMEI().Draw(t, "b")
		r := imei.Range{From: min(a, b), To: max(a, b)}
		if got, err := imei.ParseRange(r.String()); err != nil || got != r {
			t.Fatalf("%v became %v (%v)", r, got, err)
		}
		m := anyIMEI().Draw(t, "m")
		if r.Contains(m) != (r.From.String() <= m.String() && m.String() <= r.To.String()) {
			t.Fatalf("%v contains %v: %v", r, m, r.Contains(m))
		}
	})
}

// A number that lost its zeros is always among the proposals, whichever of the two forms it had.
func TestPropertyRepair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := imei.IMEI(rapid.Uint64Range(1e12, 1e13-1).Draw(t, "m")) // one zero to lose
		checked := rapid.Bool().Draw(t, "checked")
		text := m.String()
		if checked {
			text = m.WithCheck()
		}
		for _, h := range imei.Repair(text[1:]) {
			if h.IMEI == m && h.Check == checked && h.Zeros == 1 {
				return
			}
		}
		t.Fatalf("%s: %v is not among %v", text[1:], m, imei.Repair(text[1:]))
	})
}

func TestAllocations(t *testing.T) {
	var tbcd = imei.IMEI(35227301738634).AppendTBCD(nil, 12)
	buf := make([]byte, 0, 64)
	for name, f := range map[string]func(){
		"Parse 14":       func() { sink, _ = imei.Parse("35227301738634") },
		"Parse 15":       func() { sink, _ = imei.Parse("352273017386340") },
		"Parse 16":       func() { sink, _ = imei.Parse("3522730173863412") },
		"Parse bad":      func() { sink, _ = imei.Parse("35227301738A34") },
		"ParseFull":      func() { sink, _, _ = imei.ParseFull("3522730173863412") },
		"ParseTBCD":      func() { sink, _, _ = imei.ParseTBCD(tbcd) },
		"ParsePEI":       func() { p, _ := imei.ParsePEI("imeisv-3522730173863412"); sink = p.IMEI },
		"ParsePEI bad":   func() { p, _ := imei.ParsePEI("imeisv-352273017386341"); sink = p.IMEI },
		"NonIdentifying": func() { imei.NonIdentifying(35227301738634) },
		"Body":           func() { imei.TAC(86000000).Test() },
		"Append":         func() { buf = imei.IMEI(35227301738634).Append(buf[:0]) },
		"AppendTBCD":     func() { buf = imei.IMEI(35227301738634).AppendTBCD(buf[:0], 1) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

var sink imei.IMEI

func BenchmarkParse14(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sink, _ = imei.Parse("35227301738634")
	}
}

func BenchmarkParse16(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sink, _, _ = imei.ParseFull("3522730173863412")
	}
}

func BenchmarkParseTBCD(b *testing.B) {
	octets := imei.IMEI(35227301738634).AppendTBCD(nil, imei.NoSVN)
	b.ReportAllocs()
	for b.Loop() {
		sink, _, _ = imei.ParseTBCD(octets)
	}
}

func BenchmarkParsePEI(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		p, _ := imei.ParsePEI("imei-352273017386340")
		sink = p.IMEI
	}
}

func BenchmarkNonIdentifying(b *testing.B) {
	for b.Loop() {
		imei.NonIdentifying(86000000654321)
	}
}

func ExampleParseTyped() {
	t, _ := imei.ParseTyped("35-227301-738634-1")
	fmt.Println(t.IMEI, t.IMEI.TAC(), t.Mistyped(), t.IMEI.CheckDigit())
	// Output: 35227301738634 35227301 true 0
}

func ExampleRepair() {
	for _, h := range imei.Repair("4400152020002") {
		fmt.Println(h.IMEI, h.Zeros, h.Check)
	}
	// Output:
	// 04400152020002 1 false
	// 00440015202000 2 true
}
