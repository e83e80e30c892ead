package authz

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openceir/openceir/internal/problem"
)

var (
	nine = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	bob  = ed25519.NewKeyFromSeed(slices.Repeat([]byte{1}, 32))
	eve  = ed25519.NewKeyFromSeed(slices.Repeat([]byte{2}, 32))
)

func token() *Token {
	return &Token{"police/bob", Grant{PoliceOfficer, "police/harbour"}, "ceir.example", nine, nine.Add(time.Hour)}
}

func keyOf(account string) (ed25519.PublicKey, error) {
	if account == "police/bob" {
		return bob.Public().(ed25519.PublicKey), nil
	}
	return nil, nil
}

func TestToken(t *testing.T) {
	text := "openceir token 1\naccount police/bob\nrole police officer\nplace police/harbour\nlog ceir.example\nbegins 2026-11-24T09:00:00Z\nends 2026-11-24T10:00:00Z\n"
	good := token().Sign(bob)
	if want := base64.RawURLEncoding.EncodeToString([]byte(text)); !strings.HasPrefix(good, want+".") {
		t.Fatalf("it is %s", good)
	}
	for _, at := range []time.Duration{-time.Minute, 0, time.Hour - 1} {
		if got, err := ReadToken(good, "ceir.example", nine.Add(at), keyOf); err != nil || *got != *token() {
			t.Errorf("at %v it reads as %+v, %v", at, got, err)
		}
	}
	change := func(f func(*Token)) string { n := token(); f(n); return n.Sign(bob) }
	statement, signature, _ := strings.Cut(good, ".")
	raw := func(text string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(text)) + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(bob, []byte(text)))
	}
	for name, s := range map[string]string{
		"nothing":               "",
		"no signature":          statement,
		"another's key":         token().Sign(eve),
		"a name of nobody":      change(func(n *Token) { n.Account = "police/eve" }),
		"no name":               change(func(n *Token) { n.Account = "bob" }),
		"another register":      change(func(n *Token) { n.Log = "other.example" }),
		"a life too long":       change(func(n *Token) { n.Ends = nine.Add(TokenLife + time.Second) }),
		"no life":               change(func(n *Token) { n.Ends = nine }),
		"over":                  change(func(n *Token) { n.Begins, n.Ends = nine.Add(-time.Hour), nine }),
		"to come":               change(func(n *Token) { n.Begins, n.Ends = nine.Add(2*time.Minute), nine.Add(time.Hour) }),
		"a line more in it":     change(func(n *Token) { n.Grant.Place = "police/harbour\nlog ceir.example" }),
		"one line short":        raw(strings.Replace(text, "log ceir.example\n", "", 1)),
		"one line more":         raw(text + "more\n"),
		"a time of elsewhere":   raw(strings.Replace(text, "09:00:00Z", "09:00:00+00:00", 1)),
		"a fraction":            raw(strings.Replace(text, "09:00:00Z", "09:00:00.5Z", 1)),
		"another version":       raw(strings.Replace(text, "token 1", "token 2", 1)),
		"lines out of order":    raw(strings.Replace(strings.Replace(text, "begins", "x", 1), "ends", "begins", 1)),
		"padding":               statement + "." + signature + "==",
		"a signature cut":       good[:len(good)-4],
		"very long":             good + strings.Repeat("A", maxToken),
		"a role that was other": base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(text, "officer", "supervisor", 1))) + "." + signature,
	} {
		if got, err := ReadToken(s, "ceir.example", nine, keyOf); !errors.Is(err, ErrToken) || problem.Of(err) != problem.Refused {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for i := range len(good) { // no byte of it can be another
		wrong := []byte(good)
		wrong[i] ^= 1
		if got, err := ReadToken(string(wrong), "ceir.example", nine, keyOf); err == nil {
			t.Fatalf("with byte %d changed it reads as %+v", i, got)
		}
	}
}

func FuzzToken(f *testing.F) {
	f.Add(token().Sign(bob))
	f.Add(token().Sign(eve))
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ReadToken(s, "ceir.example", nine, keyOf)
		if err == nil && got.Sign(bob) != s {
			t.Errorf("%q reads as %+v", s, got)
		}
	})
}
