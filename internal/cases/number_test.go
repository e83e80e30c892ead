package cases

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestNumber(t *testing.T) {
	for n, want := range map[Number]string{
		0: "0000-0000-0000",
		// The last character alone is 1: its weight is x^11, which is x^2 + x + 1, that is 7.
		1: "0000-0000-0017",
		// The first is 1: its weight is x, that is 2.
		1 << 50: "1000-0000-0002",
	} {
		if got := n.String(); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
	for _, written := range []string{"1000-0000-0002", "100000000002", " looo oooo OOO2 ", "i000\u20110000\u20110002"} {
		if n, err := ParseNumber(written); err != nil || n != 1<<50 {
			t.Errorf("%q is %s, %v", written, n, err)
		}
	}
	for written, want := range map[string]string{"": "twelve", "1000-0000-000": "twelve", "1000-0000-0003": "mistyped",
		"1000-0000-000U": "has no", "1000-0000-000\u0660": "has no", strings.Repeat("0", 65): "twelve"} {
		if _, err := ParseNumber(written); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", written, err)
		}
	}
	if n, err := NewNumber(bytes.NewReader(bytes.Repeat([]byte{255}, 8))); err != nil || n != 1<<numberBits-1 {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := NewNumber(bytes.NewReader(nil)); err == nil {
		t.Error("nothing was drawn, and it is a number")
	}
}

// Every number reads back, and no wrong character, and no two that changed places, make another number.
func TestMistypedNumber(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		n := Number(r.Uint64() >> (64 - numberBits))
		text := []byte(strings.ReplaceAll(n.String(), "-", ""))
		if got, err := ParseNumber(string(text)); err != nil || got != n {
			t.Fatalf("%s reads as %s, %v", n, got, err)
		}
		for i := range text {
			for _, c := range []byte(alphabet) {
				wrong := bytes.Clone(text)
				if wrong[i] = c; c == text[i] {
					continue
				}
				if _, err := ParseNumber(string(wrong)); err == nil {
					t.Errorf("%s for %s is taken", wrong, text)
				}
			}
			for k := range i {
				wrong := bytes.Clone(text)
				if wrong[i], wrong[k] = wrong[k], wrong[i]; text[i] == text[k] {
					continue
				}
				if _, err := ParseNumber(string(wrong)); err == nil {
					t.Errorf("%s for %s is taken", wrong, text)
				}
			}
		}
	}
}

func FuzzNumber(f *testing.F) {
	f.Add("7K4Q-2QX9-MBPS")
	f.Add("1000-0000-0002")
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParseNumber(s)
		if err != nil {
			return
		}
		if again, err := ParseNumber(n.String()); err != nil || again != n {
			t.Errorf("%q is %s, which is %s, %v", s, n, again, err)
		}
	})
}
