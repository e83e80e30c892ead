// Package cases is the one engine on which every sort of case runs: reports of lost and stolen devices,
// identities on several devices, appeals, exemptions, policies.
//
// A sort of case is a Machine, which is data: its states, what the person concerned is told in each, and
// the steps between them with the roles that may take them. Machines are checked (Machine.Check): every
// state can be reached, every case can end, no step is without a role and a line of audit, nobody is
// refused and nothing is opened again without a reason. [docs/cases.md] is printed from them.
//
// A case is the fold of its events, and an event is one step: Open begins a case, Take takes a step or
// says why not. Both are pure. A Desk keeps events in the ledger, and Verify plays what is kept again.
// An event says how many events its author had seen, so that of two who act on the same case at once one
// is told. Time passing is an event too: the clock takes the step that a state waits for when its days
// are over.
package cases

import (
	"slices"
	"strings"

	"github.com/openceir/openceir/internal/authz"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
)

// Actor is who takes a step, as the door knows them.
type Actor struct {
	Name string // of a person in the register's form, or the token of a citizen; of the system, empty
	Role authz.Role
}

// Event is one step of a case.
type Event struct {
	Step   string
	By     Actor
	Day    device.Day
	Reason string
	After  int // events that whoever takes the step has seen
}

// Case is where a case stands.
type Case struct {
	Machine *Machine
	State   string
	Since   device.Day // when it came to the state
	Events  int
	// Hands are the persons who had a hand in the measure that the case is about.
	Hands []string

	did []deed
}

// deed says that somebody took a step.
type deed struct{ step, name string }

// Opened is the name of the first event of every case.
const Opened = "open"

// Open begins a case. hands are the persons who had a hand in the measure that it is about.
func Open(m *Machine, by Actor, day device.Day, hands ...string) (*Case, error) {
	if err := by.named(Opened); err != nil {
		return nil, err
	}
	if !slices.Contains(m.Opens, by.Role) {
		return nil, problem.New(problem.Refused, "a %s may not open a case of the sort %s", by.Role, m.Name)
	}
	return &Case{Machine: m, State: m.States[0].Name, Since: day, Events: 1, Hands: hands, did: []deed{{Opened, by.Name}}}, nil
}

// named refuses a person without a name: the door has let in somebody whom it does not know.
func (a *Actor) named(step string) error {
	if standing, _ := authz.Of(a.Role); standing.People && a.Name == "" {
		return problem.New(problem.Broken, "a %s without a name took %q", a.Role, step)
	}
	return nil
}

// Due returns the day on which the clock takes the next step, and which that is; false if it waits for
// nothing.
func (c *Case) Due() (day device.Day, step string, ok bool) {
	s, there := c.Machine.State(c.State)
	if !there || s.Then == "" {
		return 0, "", false
	}
	return c.Since + device.Day(s.Days), s.Then, true
}

// Outcome returns how the case ended, empty while it is open.
func (c *Case) Outcome() Outcome {
	s, there := c.Machine.State(c.State)
	if !there {
		return ""
	}
	return s.Outcome
}

// Take returns the case after an event. The error says what stands against it and what can be done.
func (c *Case) Take(e Event) (*Case, error) {
	if e.After != c.Events {
		return nil, problem.New(problem.Conflict, "the case went on meanwhile (%d events, you saw %d): look again", c.Events, e.After)
	}
	s, there := c.Machine.Step(e.Step, c.State)
	if !there {
		return nil, problem.New(problem.Refused, "a %s that is %s can not %q: %s", c.Machine.Name, c.State, e.Step, c.offers(e.By.Role))
	}
	if err := c.may(s, &e); err != nil {
		return nil, err
	}
	next := *c
	next.Events++
	next.did = append(slices.Clip(c.did), deed{s.Name, e.By.Name})
	if to := s.Leads(c.State); to != c.State {
		next.State, next.Since = to, e.Day
	}
	return &next, nil
}

// may says what stands against somebody taking a step.
func (c *Case) may(s *Step, e *Event) error {
	if err := e.By.named(s.Name); err != nil {
		return err
	}
	switch {
	case !slices.Contains(s.Who, e.By.Role):
		return problem.New(problem.Refused, "a %s may not %q: %s", e.By.Role, s.Name, c.offers(e.By.Role))
	case s.Reasoned && strings.TrimSpace(e.Reason) == "":
		return problem.New(problem.Invalid, "say why: %q needs a reason that the person concerned can read", s.Name)
	case s.Stranger && slices.Contains(c.Hands, e.By.Name):
		return problem.New(problem.Refused, "%s had a hand in the measure: let somebody decide who had none", e.By.Name)
	case e.By.Role == authz.Clock:
		if day, step, waits := c.Due(); !waits || step != s.Name || e.Day < day {
			return problem.New(problem.Refused, "the time for %q has not come", s.Name)
		}
	}
	for _, step := range s.Apart {
		if slices.Contains(c.did, deed{step, e.By.Name}) {
			return problem.New(problem.Refused, "%s did %q on this case and can not do %q too: ask another person", e.By.Name, step, s.Name)
		}
	}
	return nil
}

// offers says what a role may do with the case now.
func (c *Case) offers(r authz.Role) string {
	var names []string
	for _, s := range c.Machine.From(c.State) {
		if slices.Contains(s.Who, r) {
			names = append(names, s.Name)
		}
	}
	if len(names) == 0 {
		return "there is nothing that a " + string(r) + " can do with it now"
	}
	return "a " + string(r) + " can " + strings.Join(names, ", ")
}
