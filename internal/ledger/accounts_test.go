package ledger_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/openceir/openceir/internal/authz"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/internal/store/storetest"
	"github.com/openceir/openceir/receipt"
)

// Who may act in which role is signed by those who answer for it, and by nobody less.
func TestAccounts(t *testing.T) {
	s := story(t)
	key := base64.StdEncoding.EncodeToString(slices.Repeat([]byte{7}, 32))
	officer := authz.Grant{Role: authz.PoliceOfficer, Place: "north/harbour"}
	national := authz.Grant{Role: authz.CaseOfficer}
	account := func(name string, grants ...authz.Grant) ledger.Account {
		return ledger.Account{Name: name, PublicKey: key, Grants: grants}
	}
	keyless := account("north/bob", officer)
	keyless.PublicKey = ""
	short := account("north/bob")
	short.PublicKey = "c2hvcnQ="
	for _, c := range []struct {
		name    string
		body    ledger.Account
		signers []string
		want    problem.Kind
		text    string
	}{
		{"nobody", account("north/bob", officer), nil, problem.Refused, "of a person of north"},
		{"a person of another organisation", account("north/bob", officer), []string{"south/dina"}, problem.Refused, "of a person of north"},
		{"a stranger", account("north/bob", officer), []string{"east/eve"}, problem.Refused, "not in the directory"},
		{"one for the whole country", account("ministry/bob", national), []string{"ministry/amina"}, problem.Refused, "two organisations, for it reaches beyond ministry"},
		{"two of one organisation", account("ministry/bob", national), []string{"ministry/amina", "ministry/bela"}, problem.Refused, "two organisations"},
		{"one role of many", account("north/bob", officer, national), []string{"north/chidi"}, problem.Refused, "two organisations"},
		{"to read nothing and change everything", account("north/bob", authz.Grant{Role: authz.IdentityAdmin}), []string{"north/chidi"}, problem.Refused, "two organisations"},
		{"another's station", account("south/bob", officer), []string{"south/dina", "north/chidi"}, problem.Invalid, "own organisation"},
		{"the clock", account("north/bob", authz.Grant{Role: authz.Clock}), []string{"north/chidi", "south/dina"}, problem.Invalid, "no role"},
		{"twice", account("north/bob", officer, officer), []string{"north/chidi"}, problem.Invalid, "twice"},
		{"a name in capitals", account("north/Bob", officer), []string{"north/chidi"}, problem.Invalid, "small letters"},
		{"closed with a role", keyless, []string{"north/chidi"}, problem.Invalid, "grants nothing"},
		{"a short key", short, []string{"north/chidi"}, problem.Invalid, "no public key"},
		{"very many", account("north/bob", slices.Repeat([]authz.Grant{officer}, 33)...), []string{"north/chidi"}, problem.Invalid, "more than 32"},
		{"an officer", account("north/bob", officer), []string{"north/chidi"}, "", ""},
		{"an officer, by two others", account("north/carl", officer), []string{"south/dina", "ministry/amina"}, "", ""},
		{"a case officer", account("ministry/bob", national), []string{"ministry/amina", "north/chidi"}, "", ""},
		{"closed", ledger.Account{Name: "north/carl"}, []string{"north/chidi"}, "", ""},
	} {
		d := s.Draft(t, c.name, receipt.Content{Kind: ledger.KindAccount, By: storetest.Office("people")}, ledger.Encode(c.body), nil, c.signers...)
		_, err := s.Seq.Submit(t.Context(), d)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (problem.Of(err) != c.want || !strings.Contains(err.Error(), c.text)):
			t.Errorf("%s: %v, want %v with %q", c.name, err, c.want, c.text)
		}
	}
	got := map[string]int{}
	err := s.Store.View(t.Context(), func(tx ledger.Tx) error {
		for row, err := range tx.Rows(t.Context(), ledger.Accounts) {
			if err != nil {
				return err
			}
			got[row.Key()] = len(row.(ledger.AccountRow).Grants)
		}
		return nil
	})
	if err != nil || got["north/bob"] != 1 || got["north/carl"] != 0 || got["ministry/bob"] != 1 || len(got) != 5 {
		t.Errorf("the accounts are %v, %v", got, err)
	}
	s.Clean(t)
	again := s.Sequencer(t, s.Store) // another process reads the same, and goes on
	if _, err := again.Fresh(t.Context()); err != nil {
		t.Error(err)
	}
}
