package imei_test

import (
	"encoding/hex"
	"testing"

	"github.com/openceir/openceir/imei"
)

func seed(f *testing.F, name string, columns int) {
	for _, row := range vectors(f, name, columns) {
		f.Add(row[0])
	}
}

func FuzzParse(f *testing.F) {
	seed(f, "network.txt", 3)
	f.Fuzz(func(t *testing.T, s string) {
		m, svn, err := imei.ParseFull(s)
		if err != nil {
			return
		}
		if m > imei.Max || m.String() != s[:14] || len(s) == 16 && m.WithSVN(svn) != s {
			t.Fatalf("%q became %v version %v", s, m, svn)
		}
	})
}

func FuzzParseTyped(f *testing.F) {
	seed(f, "typed.txt", 4)
	f.Fuzz(func(t *testing.T, s string) {
		typed, err := imei.ParseTyped(s)
		d, derr := imei.Digits(s)
		if derr == nil {
			if again, err := imei.Digits(d); err != nil || again != d {
				t.Fatalf("Digits is not stable: %q, %q, %q", s, d, again)
			}
			imei.Repair(d)
		}
		if err == nil && (derr != nil || d[:14] != typed.IMEI.String() || len(d) != typed.Count) {
			t.Fatalf("%q: %+v from digits %q (%v)", s, typed, d, derr)
		}
	})
}

func FuzzParseTBCD(f *testing.F) {
	for _, row := range vectors(f, "tbcd.txt", 4) {
		b, _ := hex.DecodeString(row[0])
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, svn, err := imei.ParseTBCD(b)
		if err != nil {
			return
		}
		again := m.AppendTBCD(nil, svn)
		if svn != imei.NoSVN && string(again) != string(b) || string(again[:7]) != string(b[:7]) {
			t.Fatalf("% X became %v version %v, % X", b, m, svn, again)
		}
	})
}

func FuzzParsePEI(f *testing.F) {
	seed(f, "pei.txt", 2)
	f.Fuzz(func(t *testing.T, s string) {
		p, err := imei.ParsePEI(s)
		if err != nil {
			return
		}
		if q, err := imei.ParsePEI(p.String()); err != nil || q != p || len(p.String()) != len(s) {
			t.Fatalf("%q became %+v, then %+v (%v)", s, p, q, err)
		}
	})
}

func FuzzParseURN(f *testing.F) {
	seed(f, "urn.txt", 3)
	f.Fuzz(func(t *testing.T, s string) {
		m, svn, err := imei.ParseURN(s)
		if err != nil {
			return
		}
		if n, v, err := imei.ParseURN(m.URN(svn)); err != nil || n != m || v != svn {
			t.Fatalf("%q became %v version %v, then %v version %v (%v)", s, m, svn, n, v, err)
		}
	})
}

func FuzzParseRange(f *testing.F) {
	seed(f, "range.txt", 2)
	f.Fuzz(func(t *testing.T, s string) {
		r, err := imei.ParseRange(s)
		if err != nil {
			return
		}
		if again, err := imei.ParseRange(r.String()); err != nil || again != r || r.Size() == 0 {
			t.Fatalf("%q became %v, then %v (%v)", s, r, again, err)
		}
	})
}
