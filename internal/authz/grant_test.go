package authz

import (
	"strings"
	"testing"

	"github.com/openceir/openceir/internal/problem"
)

func TestGrant(t *testing.T) {
	for _, c := range []struct {
		role     Role
		place    string
		want     string // of the refusal, empty for none
		national bool
	}{
		{CaseOfficer, "", "", true},
		{CaseOfficer, "police", "acts at no place", true},
		{IdentityAdmin, "", "", true},
		{PoliceOfficer, "police/harbour", "", false},
		{PoliceOfficer, "police", "write police/STATION", false},
		{PoliceOfficer, "police/", "write police/STATION", false},
		{PoliceOfficer, "police/a/b", "write police/STATION", false},
		{PoliceOfficer, "police/Harbour", "write police/STATION", false},
		{PoliceOfficer, "ministry/harbour", "write police/STATION", false},
		{PoliceSupervisor, "police", "", false},
		{PoliceSupervisor, "ministry", "no other organisation", false},
		{PoliceSupervisor, "", "no other organisation", false},
		{Program, "police", "", false},
		{Citizen, "", "no role", false},
		{Walk, "", "no role", true},
		{Clock, "", "no role", true},
		{Anyone, "", "no role", true},
		{"king", "", "no role", false},
	} {
		g := Grant{c.role, c.place}
		err := g.Check("police")
		if (err == nil) != (c.want == "") || err != nil && (problem.Of(err) != problem.Invalid || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: %v, want %q", g, err, c.want)
		}
		if g.National() != c.national {
			t.Errorf("%+v: it is national: %v", g, g.National())
		}
	}
}
