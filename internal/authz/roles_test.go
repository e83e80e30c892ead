package authz

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "print docs/roles.md anew")

const head = `# Roles

Who may do what is decided in one table, internal/authz, from which this page is printed. A role ends at its reach; what may be done in it with a case is in [cases.md](cases.md).
Roles with a place are given as ROLE@PLACE, where the place is an organisation, or ORGANISATION/STATION: police officer@police/harbour. An account with roles that end at its own organisation is signed by one person of the directory from there; one with any other role by persons of two organisations. See ceir propose account --help, and ceir accounts.

| role | reach | given as | signed by |
|---|---|---|---|
`

// The page on roles is printed from the table.
func TestPage(t *testing.T) {
	var b strings.Builder
	b.WriteString(head)
	for _, s := range Standings {
		place := map[Reach]string{Organisation: "o", Station: "o/s"}[s.Reach]
		g := Grant{s.Role, place}
		given, signed := "to nobody: it is shown at the door", ""
		switch err := g.Check("o"); {
		case err == nil && place == "":
			given = string(s.Role)
		case err == nil:
			given = string(s.Role) + "@" + map[Reach]string{Organisation: "ORGANISATION", Station: "ORGANISATION/STATION"}[s.Reach]
		case s.Role == Clock || s.Role == Walk:
			given = "to nobody: it is the system itself"
		}
		if g.Check("o") == nil {
			signed = "the organisation"
			if g.National() {
				signed = "two organisations"
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", s.Role, s.Reach, given, signed)
	}
	const page = "../../docs/roles.md"
	if *update {
		if err := os.WriteFile(page, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if is, err := os.ReadFile(page); err != nil || string(is) != b.String() {
		t.Errorf("docs/roles.md is not what the table says (%v): go test ./internal/authz -update", err)
	}
}
