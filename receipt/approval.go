package receipt

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"strings"
)

// Verdict is what a person means by signing.
type Verdict string

// The verdicts.
const (
	Asks    Verdict = "asks"    // the author's own signature: this is my request
	Approve Verdict = "approve" // I agree that it be done
	Deny    Verdict = "deny"    // I veto it: it can not enter the ledger any more
)

// Approval is one person's signature on a content: Ed25519 over the text
//
//	openceir approval 1
//	VERDICT
//	PERSON
//	CONTENT DIGEST, 64 hex digits
//
// so that a signature for one verdict, person or content is none for another.
type Approval struct {
	Person    string // ORGANISATION/NAME
	Verdict   Verdict
	Signature []byte
}

func approvalText(person string, v Verdict, content Digest) []byte {
	return fmt.Appendf(nil, "openceir approval 1\n%s\n%s\n%s\n", v, person, content)
}

// Sign makes a person's approval of a content.
func Sign(key ed25519.PrivateKey, person string, v Verdict, content Digest) Approval {
	return Approval{person, v, ed25519.Sign(key, approvalText(person, v, content))}
}

// Verify checks the signature with the person's public key.
func (a Approval) Verify(key ed25519.PublicKey, content Digest) error {
	if len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, approvalText(a.Person, a.Verdict, content), a.Signature) {
		return fmt.Errorf("the approval of %s is forged or for another content", a.Person)
	}
	return nil
}

// String returns "PERSON VERDICT SIGNATURE", the signature in base64.
func (a Approval) String() string {
	return a.Person + " " + string(a.Verdict) + " " + base64.StdEncoding.EncodeToString(a.Signature)
}

// ParseApproval reads what String writes.
func ParseApproval(s string) (Approval, error) {
	f := strings.Split(s, " ")
	if len(f) == 3 && IsName(f[0]) {
		sig, err := decode64(f[2], ed25519.SignatureSize)
		v := Verdict(f[1])
		if err == nil && (v == Asks || v == Approve || v == Deny) {
			return Approval{f[0], v, sig}, nil
		}
	}
	return Approval{}, fmt.Errorf("reading approval %q: write ORGANISATION/NAME, asks, approve or deny, and the signature", s)
}

// personName reports whether s is ORGANISATION/NAME.
// IsName reports whether a text is the name of a person or node, ORGANISATION/NAME: small letters, digits
// and . _ -, of which neither part begins with one of the last three.
func IsName(s string) bool {
	org, name, ok := strings.Cut(s, "/")
	return ok && word(org) && word(name)
}
