package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/node/centre"
	"github.com/openceir/openceir/receipt"
)

func (a *app) accounts() *cobra.Command {
	return &cobra.Command{
		Use:   "accounts",
		Short: "show who may act in which role",
		Args:  args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.open(c.Context(), func(t *centre.Centre) error {
				all, err := t.Accounts(c.Context())
				if err != nil {
					return err
				}
				if all == nil {
					all = []ledger.AccountRow{}
				}
				return a.print(all, accountsText(all))
			})
		},
	}
}

func accountsText(all []ledger.AccountRow) string {
	if len(all) == 0 {
		return "Nobody has an account yet: see ceir propose account --help.\n"
	}
	var b strings.Builder
	for _, r := range all {
		switch {
		case r.PublicKey == "":
			fmt.Fprintf(&b, "%s: closed since record %d\n", r.Name, r.Index)
		case len(r.Grants) == 0:
			fmt.Fprintf(&b, "%s: no role since record %d\n", r.Name, r.Index)
		default:
			roles := make([]string, len(r.Grants))
			for i, g := range r.Grants {
				roles[i] = centre.GrantText(g)
			}
			fmt.Fprintf(&b, "%s: %s, since record %d\n", r.Name, strings.Join(roles, ", "), r.Index)
		}
	}
	return b.String()
}

func (a *app) proposeAccount() *cobra.Command {
	var key string
	var roles []string
	c := &cobra.Command{
		Use:   "account ORGANISATION/NAME --key PUBLICKEY --role ROLE[@PLACE]...",
		Short: "ask that somebody may act in roles, or, without a key, that their account is closed",
		Long: "account asks for all that somebody may do from now on: what they could do before and is not named\n" +
			"is taken from them. One person of the directory signs it where every role ends at their own\n" +
			"organisation, persons of two organisations sign it where one reaches further. docs/roles.md has the\n" +
			"roles; ceir key draws the key.",
		Example: "  ceir propose account police/bob --key PUBLICKEY --role 'police officer@police/harbour'\n" +
			"  ceir propose account ministry/zoe --key PUBLICKEY --role 'case officer'\n" +
			"  ceir propose account police/bob",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			account := ledger.Account{Name: args[0], PublicKey: key}
			for _, r := range roles {
				account.Grants = append(account.Grants, centre.ReadGrant(r))
			}
			return a.announce(c, func(t *centre.Centre) (receipt.Digest, error) { return t.ProposeAccount(c.Context(), account) })
		},
	}
	c.Flags().StringVar(&key, "key", "", "public key, as ceir key prints it; without one the account is closed")
	c.Flags().StringArrayVar(&roles, "role", nil, "a role, with its place where it has one: ROLE or ROLE@PLACE")
	return c
}
