package centre

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/openceir/openceir/internal/authz"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/receipt"
)

// Accounts returns what people and programs may do, by name, closed accounts too.
func (t *Centre) Accounts(ctx context.Context) (out []ledger.AccountRow, err error) {
	err = t.view(ctx, func(tx *Tx) error {
		for row, err := range tx.Rows(ctx, ledger.Accounts) {
			if err != nil {
				return err
			}
			out = append(out, row.(ledger.AccountRow))
		}
		return nil
	})
	slices.SortFunc(out, func(a, b ledger.AccountRow) int { return strings.Compare(a.Name, b.Name) })
	return out, err
}

// ProposeAccount announces all that somebody is to be allowed. Whoever signs reads what they could do
// before.
func (t *Centre) ProposeAccount(ctx context.Context, a ledger.Account) (receipt.Digest, error) {
	if err := a.Check(); err != nil {
		return receipt.Digest{}, problem.New(problem.Invalid, "%w", err)
	}
	all, err := t.Accounts(ctx)
	if err != nil {
		return receipt.Digest{}, err
	}
	var before ledger.Account
	for _, o := range all {
		switch {
		case o.Name == a.Name:
			before = o.Account
		case o.PublicKey == a.PublicKey && a.PublicKey != "":
			return receipt.Digest{}, problem.New(problem.Conflict, "the key of %s is that of %s: each draws their own with ceir key", a.Name, o.Name)
		}
	}
	if d := t.state().Guard.Directory(); d != nil {
		for name, key := range d.Persons {
			if name != a.Name && base64.StdEncoding.EncodeToString(key) == a.PublicKey {
				return receipt.Digest{}, problem.New(problem.Conflict, "the key of %s is that of the approver %s: each draws their own with ceir key", a.Name, name)
			}
		}
	}
	text := fmt.Sprintf("%s may act as %s. Until now: %s. It needs %s.", a.Name, may(&a), may(&before), a.Needs())
	if a.PublicKey == "" {
		text = fmt.Sprintf("The account of %s is closed. Until now: %s. It needs %s.", a.Name, may(&before), a.Needs())
	}
	return t.propose(ctx, ledger.KindAccount, office("people"), device.Encode(a), nil, text)
}

// may says what an account allows.
func may(a *ledger.Account) string {
	roles := make([]string, len(a.Grants))
	for i, g := range a.Grants {
		roles[i] = GrantText(g)
	}
	return cmp.Or(strings.Join(roles, ", "), "nothing")
}

// GrantText writes a grant as people read and write it: ROLE or ROLE@PLACE.
func GrantText(g authz.Grant) string {
	if g.Place == "" {
		return string(g.Role)
	}
	return string(g.Role) + "@" + g.Place
}

// ReadGrant reads what GrantText writes.
func ReadGrant(s string) authz.Grant {
	role, place, _ := strings.Cut(s, "@")
	return authz.Grant{Role: authz.Role(role), Place: place}
}
