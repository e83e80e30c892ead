package authz

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/receipt"
)

// Token is a statement that somebody acts in one of their roles for a while, signed with the key of
// their account. It is all that a request says of its caller. What the account allows is asked anew for
// every request, so that an account that was closed is closed at once.
//
// The statement is seven lines:
//
//	openceir token 1
//	account police/bob
//	role police officer
//	place police/harbour
//	log ceir.example
//	begins 2026-11-24T09:00:00Z
//	ends 2026-11-24T10:00:00Z
//
// A request carries it and its Ed25519 signature, each in base64 (RFC 4648 section 5, no padding), with
// a full stop between: Authorization: Bearer STATEMENT.SIGNATURE (RFC 6750).
type Token struct {
	Account string // ORGANISATION/NAME
	Grant   Grant
	Log     string // name of the log of the register that it is for
	Begins  time.Time
	Ends    time.Time
}

const (
	tokenHead = "openceir token 1"
	// TokenLife is the longest life of a token: a working day.
	TokenLife = 12 * time.Hour
	// tokenSkew is how far the clocks of those who sign and of the register may be apart.
	tokenSkew = time.Minute
	// maxToken is the longest token, in bytes: its names are short.
	maxToken = 2 << 10
)

// names of the lines after the first, in their order.
var tokenLines = [...]string{"account", "role", "place", "log", "begins", "ends"}

func (t *Token) text() string {
	at := func(i time.Time) string { return i.UTC().Format(time.RFC3339) }
	values := [...]string{t.Account, string(t.Grant.Role), t.Grant.Place, t.Log, at(t.Begins), at(t.Ends)}
	lines := []string{tokenHead}
	for i, v := range values {
		lines = append(lines, tokenLines[i]+" "+v)
	}
	return strings.Join(lines, "\n") + "\n"
}

// Sign returns the token as requests carry it.
func (t *Token) Sign(key ed25519.PrivateKey) string {
	text := t.text()
	return base64.RawURLEncoding.EncodeToString([]byte(text)) + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(text)))
}

// ErrToken is that a token shows nothing: it is malformed, forged, for another register or out of its
// time. Who carries it is nobody.
var ErrToken = problem.New(problem.Refused, "the token does not show who you are: make a new one with ceir token")

// ReadToken reads what Sign returns and checks its signature with the key that keyOf gives for the
// account, its time and the register that it is for. Whether the account grants what it claims is for
// the caller. The error is ErrToken, or that of keyOf.
func ReadToken(s, log string, now time.Time, keyOf func(account string) (ed25519.PublicKey, error)) (*Token, error) {
	t, text, signature, err := parseToken(s)
	if err != nil {
		return nil, fmt.Errorf("%w (%v)", ErrToken, err)
	}
	key, err := keyOf(t.Account)
	if err != nil {
		return nil, err
	}
	switch {
	case len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, text, signature):
		return nil, ErrToken // the same for a forged name and a forged signature
	case t.Log != log:
		return nil, fmt.Errorf("%w (it is for the register %q)", ErrToken, t.Log)
	case t.Ends.Sub(t.Begins) > TokenLife || !t.Ends.After(t.Begins):
		return nil, fmt.Errorf("%w (it lives for more than %v, or not at all)", ErrToken, TokenLife)
	case now.Before(t.Begins.Add(-tokenSkew)) || !now.Before(t.Ends):
		return nil, fmt.Errorf("%w (it is from %s to %s)", ErrToken, t.Begins.Format(time.RFC3339), t.Ends.Format(time.RFC3339))
	}
	return t, nil
}

// parseToken reads a token's form.
func parseToken(s string) (t *Token, text, signature []byte, err error) {
	if len(s) > maxToken {
		return nil, nil, nil, fmt.Errorf("it is longer than %d bytes", maxToken)
	}
	statement, signed, _ := strings.Cut(s, ".")
	strict := base64.RawURLEncoding.Strict()
	if text, err = strict.DecodeString(statement); err != nil {
		return nil, nil, nil, fmt.Errorf("its statement is no base64")
	}
	if signature, err = strict.DecodeString(signed); err != nil || len(signature) != ed25519.SignatureSize {
		return nil, nil, nil, fmt.Errorf("it has no signature")
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) != len(tokenLines)+2 || lines[0] != tokenHead || lines[len(lines)-1] != "" {
		return nil, nil, nil, fmt.Errorf("it is no %s", tokenHead)
	}
	var values [len(tokenLines)]string
	for i, name := range tokenLines {
		got, value, _ := strings.Cut(lines[i+1], " ")
		if got != name {
			return nil, nil, nil, fmt.Errorf("line %d does not tell its %s", i+2, name)
		}
		values[i] = value
	}
	t = &Token{Account: values[0], Grant: Grant{Role(values[1]), values[2]}, Log: values[3]}
	var endErr error
	t.Begins, err = time.Parse(time.RFC3339, values[4])
	t.Ends, endErr = time.Parse(time.RFC3339, values[5])
	if err != nil || endErr != nil || !receipt.IsName(t.Account) || t.text() != string(text) {
		return nil, nil, nil, fmt.Errorf("its name or its times are not written as they are")
	}
	return t, text, signature, nil
}
