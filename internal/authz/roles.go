// Package authz says who may do what: the roles that people and programs act in, and how far each
// role reaches. It is data, read at every door and in every case; nothing in a request says who the
// caller is.
package authz

import "slices"

// Role is a bundle of rights. What somebody may do with it ends at its reach.
type Role string

// The roles. To ask for a thing and to approve it are different rights, and nobody uses both on one
// thing: see Apart in package cases, and the guard.
const (
	Anyone           Role = "anyone"                 // not known
	Citizen          Role = "citizen"                // shown to be who they are, by a code or a national identity
	Visitor          Role = "visitor"                // the same, for a time
	OperatorAgent    Role = "operator agent"         // at the desk of an operator, for a customer who is there
	OperatorManager  Role = "operator EIR manager"   // receives lists and acknowledges them
	PoliceOfficer    Role = "police officer"         // of a station
	PoliceSupervisor Role = "police supervisor"      // hands cases over, closes them
	HelpDesk         Role = "help desk"              // sees masked data, sends messages again
	CaseOfficer      Role = "case officer"           // decides in the first instance
	AppealsOfficer   Role = "appeals officer"        // decides appeals, never on what they decided before
	Court            Role = "court"                  // enters what a court ordered
	PolicyAuthor     Role = "policy author"          // drafts rules and simulates them
	PolicyApprover   Role = "policy approver"        // puts into force what another drafted
	BulkApprover     Role = "bulk approver"          // the second signature on many
	Auditor          Role = "auditor"                // reads everything, changes nothing
	SystemAdmin      Role = "system administrator"   // machines, keys, copies; reads no personal data
	IdentityAdmin    Role = "identity administrator" // people and their roles
	Program          Role = "program"                // another system, under its own key
	Clock            Role = "clock"                  // this system, when a time has come
	Walk             Role = "walk"                   // this system, when detection, decision or enforcement moved on
)

// Reach is how far a role goes.
type Reach string

// The reaches, from the narrowest.
const (
	Nothing      Reach = "nothing personal"
	Own          Reach = "their own"
	Station      Reach = "their station"
	Organisation Reach = "their organisation"
	Country      Reach = "the country"
)

// Standing is what a role is for.
type Standing struct {
	Role  Role
	Reach Reach
	// People says that the role is taken by a person who signs in. The others are nobody, or this system.
	People bool
}

// Standings is the table of roles.
var Standings = []Standing{
	{Anyone, Nothing, false},
	{Citizen, Own, true},
	{Visitor, Own, true},
	{OperatorAgent, Organisation, true},
	{OperatorManager, Organisation, true},
	{PoliceOfficer, Station, true},
	{PoliceSupervisor, Organisation, true},
	{HelpDesk, Country, true},
	{CaseOfficer, Country, true},
	{AppealsOfficer, Country, true},
	{Court, Country, true},
	{PolicyAuthor, Nothing, true},
	{PolicyApprover, Nothing, true},
	{BulkApprover, Country, true},
	{Auditor, Country, true},
	{SystemAdmin, Nothing, true},
	{IdentityAdmin, Nothing, true},
	{Program, Organisation, false},
	{Clock, Country, false},
	{Walk, Country, false},
}

// Of returns the standing of a role.
func Of(r Role) (Standing, bool) {
	i := slices.IndexFunc(Standings, func(s Standing) bool { return s.Role == r })
	if i < 0 {
		return Standing{}, false
	}
	return Standings[i], true
}
