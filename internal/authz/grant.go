package authz

import (
	"strings"

	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/receipt"
)

// Grant lets somebody act in a role, at the place where it has its reach.
type Grant struct {
	Role Role `json:"role"`
	// Place is the organisation where the role ends there, ORGANISATION/STATION where it ends at a
	// station, and empty for the others.
	Place string `json:"place,omitempty"`
}

// Check says what is wrong with a grant to somebody of an organisation. Citizens and visitors are shown
// to be who they are at the door, and the system is nobody's role: neither is granted.
func (g Grant) Check(organisation string) error {
	s, known := Of(g.Role)
	if !known || g.Role == Clock || g.Role == Walk || g.Role == Anyone || s.Reach == Own {
		return problem.New(problem.Invalid, "%q is no role that is given to anybody: see docs/roles.md", g.Role)
	}
	at, station, _ := strings.Cut(g.Place, "/")
	switch {
	case s.Reach == Organisation && g.Place != organisation:
		return problem.New(problem.Invalid, "a %s of %s acts for %s, and for no other organisation: write %s as the place", g.Role, organisation, organisation, organisation)
	case s.Reach == Station && (at != organisation || !receipt.IsName(at+"/"+station)):
		return problem.New(problem.Invalid, "a %s acts at a station of their own organisation: write %s/STATION as the place", g.Role, organisation)
	case s.Reach != Organisation && s.Reach != Station && g.Place != "":
		return problem.New(problem.Invalid, "a %s acts at no place, and %q is one", g.Role, g.Place)
	}
	return nil
}

// National reports whether the role reaches beyond the organisation: to the whole country, or to what
// the whole country rests on.
func (g Grant) National() bool {
	s, _ := Of(g.Role)
	return s.Reach == Country || s.Reach == Nothing
}

// Caller is somebody who has shown who they are, in the role that they act in.
type Caller struct {
	Name string // ORGANISATION/NAME
	Grant
}

// Organisation returns the caller's.
func (c *Caller) Organisation() string {
	organisation, _, _ := strings.Cut(c.Name, "/")
	return organisation
}

// Reaches reports whether the caller's role reaches what is at a place: ORGANISATION, perhaps with a
// STATION, or empty for what the centre itself has.
func (c *Caller) Reaches(place string) bool {
	s, _ := Of(c.Role)
	organisation, _, _ := strings.Cut(place, "/")
	switch s.Reach {
	case Country:
		return true
	case Organisation:
		return organisation == c.Place
	case Station:
		return place == c.Place
	}
	return false
}
