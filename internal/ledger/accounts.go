package ledger

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/openceir/openceir/internal/authz"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// KindAccount says what somebody may do from now on; body: Account. One person of the directory signs
// it where all that it grants ends at their own organisation, two organisations sign it elsewhere.
const KindAccount receipt.Kind = "account"

// Account is the body of KindAccount: all that somebody may do. What they could do before and is not
// here, they can do no longer.
type Account struct {
	Name string `json:"name"` // ORGANISATION/NAME
	// PublicKey is the Ed25519 public key with which they show who they are, in base64; empty, and the account
	// is closed.
	PublicKey string        `json:"key,omitempty"`
	Grants    []authz.Grant `json:"grants,omitempty"`
}

// AccountRow is what somebody may do now.
type AccountRow struct {
	Account
	Index uint64
}

func (r AccountRow) Table() Table { return Accounts }
func (r AccountRow) Key() string  { return r.Name }

// Check says what is wrong with an account.
func (a *Account) Check() error {
	organisation, _, _ := strings.Cut(a.Name, "/")
	key, err := base64.StdEncoding.Strict().DecodeString(a.PublicKey)
	switch {
	case !receipt.IsName(a.Name):
		return fmt.Errorf("%q is no name of a person or program: write ORGANISATION/NAME in small letters", a.Name)
	case a.PublicKey == "" && len(a.Grants) > 0:
		return fmt.Errorf("a closed account grants nothing: give the key of %s, or no role", a.Name)
	case a.PublicKey != "" && (err != nil || len(key) != ed25519.PublicKeySize):
		return fmt.Errorf("the key of %s is no public key as ceir key prints it", a.Name)
	case len(a.Grants) > maxGrants:
		return fmt.Errorf("%s has more than %d roles", a.Name, maxGrants)
	}
	for i, g := range a.Grants {
		if err := g.Check(organisation); err != nil {
			return err
		}
		if slices.Contains(a.Grants[:i], g) {
			return fmt.Errorf("the role %s is granted to %s twice", g.Role, a.Name)
		}
	}
	return nil
}

func foldAccount(e *receipt.Entry) ([]Change, error) {
	a, err := Decode[Account](e.Effect.Body)
	if err != nil {
		return nil, err
	}
	return []Change{put(AccountRow{a, e.Record.Index})}, a.Check()
}

// Needs says whose signatures an account needs.
func (a *Account) Needs() string {
	organisation, _, _ := strings.Cut(a.Name, "/")
	if slices.ContainsFunc(a.Grants, authz.Grant.National) {
		return fmt.Sprintf("%s, for it reaches beyond %s", list.TwoOrganisations, organisation)
	}
	return fmt.Sprintf("the signature of a person of %s, or %s", organisation, list.TwoOrganisations)
}

// signedAccount checks that those stand behind an account who must.
func signedAccount(e *receipt.Entry, s receipt.Support) error {
	if e.Effect == nil {
		return fmt.Errorf("what it grants is missing")
	}
	a, err := Decode[Account](e.Effect.Body)
	organisation, _, _ := strings.Cut(a.Name, "/")
	switch {
	case err != nil:
		return err
	case len(s.Organisations) >= 2:
		return nil
	case !slices.Contains(s.Organisations, organisation) || slices.ContainsFunc(a.Grants, authz.Grant.National):
		return fmt.Errorf("it needs %s", a.Needs())
	}
	return nil
}
