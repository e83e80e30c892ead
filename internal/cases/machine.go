package cases

import (
	"fmt"
	"slices"

	"github.com/openceir/openceir/internal/authz"
)

// Machine is the life of one sort of case, as data.
type Machine struct {
	Name  string
	About string       // one sentence
	Opens []authz.Role // who may open one
	// Claims says that such a case claims devices for somebody, and so can not be about a value that
	// names no single device.
	Claims bool
	States []State // a case begins in the first
	Steps  []Step
}

// State is where a case stands.
type State struct {
	Name string
	Told string // what the person whom it concerns is told
	// Outcome is how the case ended; empty while it is open.
	Outcome Outcome
	// After so many days the clock takes the step Then; 0 for never.
	Days int
	Then string
}

// Outcome is how a case ended.
type Outcome string

// The four outcomes.
const (
	Granted   Outcome = "granted"   // what was asked was done, or what was found proved true
	Refused   Outcome = "refused"   // it was not, and the person was told why
	Withdrawn Outcome = "withdrawn" // whoever asked took it back
	Lapsed    Outcome = "lapsed"    // nobody did what was waited for
)

// Step is what may be done with a case.
type Step struct {
	Name string
	From []string // states; nil for every open one
	To   string   // state; empty to stay
	Who  []authz.Role
	// Apart names steps. Whoever took one of them on this case may not take this one.
	Apart []string
	// Stranger says that it is not for anybody who had a hand in the measure that the case is about.
	Stranger bool
	// Reasoned says that whoever takes it writes why.
	Reasoned bool
	Audit    string // what is recorded of it, a sentence
}

// Machines are all sorts of cases.
var Machines = []*Machine{&report, &duplicate, &appeal, &exemption, &policy}

// Find returns the machine of that name.
func Find(name string) (*Machine, bool) {
	i := slices.IndexFunc(Machines, func(m *Machine) bool { return m.Name == name })
	if i < 0 {
		return nil, false
	}
	return Machines[i], true
}

// State returns the state of that name.
func (m *Machine) State(name string) (*State, bool) {
	i := slices.IndexFunc(m.States, func(s State) bool { return s.Name == name })
	if i < 0 {
		return nil, false
	}
	return &m.States[i], true
}

// Step returns the step of that name from a state.
func (m *Machine) Step(name, from string) (*Step, bool) {
	for _, s := range m.From(from) {
		if s.Name == name {
			return s, true
		}
	}
	return nil, false
}

// From returns the steps that may be taken in a state.
func (m *Machine) From(state string) (out []*Step) {
	s, there := m.State(state)
	for _, steps := range [][]Step{m.Steps, always} {
		for i := range steps {
			if from := steps[i].From; slices.Contains(from, state) || from == nil && there && s.Outcome == "" {
				out = append(out, &steps[i])
			}
		}
	}
	return out
}

// Leads returns the state after a step from a state.
func (s *Step) Leads(from string) string {
	if s.To == "" {
		return from
	}
	return s.To
}

// Check says everything that is wrong with a machine: what can not be reached, has no end, nobody may
// do, or leaves no trace.
func (m *Machine) Check() (faults []string) {
	c := check{m: m}
	if m.Name == "" || m.About == "" || len(m.States) == 0 {
		c.fault("it has no name, no sentence about it, or no states")
		return c.faults
	}
	c.roles("opening", m.Opens)
	if len(m.Opens) == 0 {
		c.fault("nobody may open it")
	}
	c.names()
	for i := range m.Steps {
		c.step(&m.Steps[i])
	}
	for i := range m.States {
		c.state(&m.States[i])
	}
	c.reach()
	return c.faults
}

// check gathers faults.
type check struct {
	m      *Machine
	faults []string
}

func (c *check) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

// names must tell one state from another, and one step from another that leads out of the same state.
func (c *check) names() {
	states := map[string]bool{}
	for _, s := range c.m.States {
		if states[s.Name] {
			c.fault("two states are called %q", s.Name)
		}
		states[s.Name] = true
	}
	for _, s := range c.m.States {
		from := map[string]bool{}
		for _, step := range c.m.From(s.Name) {
			if from[step.Name] {
				c.fault("two steps %q lead out of %q", step.Name, s.Name)
			}
			from[step.Name] = true
		}
	}
}

func (c *check) step(s *Step) {
	if s.Name == "" || s.From != nil && len(s.From) == 0 || len(s.Who) == 0 || s.Audit == "" {
		c.fault("step %q: it has no name, leads from nowhere, nobody may take it, or it leaves no trace", s.Name)
	}
	to, there := c.m.State(s.To)
	if !there && s.To != "" {
		c.fault("step %q leads to %q, which there is not", s.Name, s.To)
	}
	for _, from := range s.From {
		switch was, there := c.m.State(from); {
		case !there:
			c.fault("step %q leads from %q, which there is not", s.Name, from)
		case was.Outcome != "" && to != nil && to.Outcome != "":
			c.fault("step %q leads from the end %q to the end %q: what is closed can only be opened again", s.Name, from, s.To)
		case was.Outcome != "" && !s.Reasoned:
			c.fault("step %q opens %q again without a reason", s.Name, from)
		}
	}
	if there && to.Outcome == Refused && !s.Reasoned {
		c.fault("step %q refuses without a reason", s.Name)
	}
	c.roles(fmt.Sprintf("step %q", s.Name), s.Who)
	if slices.Contains(s.Who, authz.Clock) && !c.awaited(s) {
		c.fault("step %q is for the clock, and no state it leads from waits for it", s.Name)
	}
	for _, name := range s.Apart {
		if name != Opened && !slices.ContainsFunc(c.m.Steps, func(o Step) bool { return o.Name == name }) {
			c.fault("step %q is to be apart from %q, which there is not", s.Name, name)
		}
	}
}

// roles checks who may do a thing: somebody who is known, or the system.
func (c *check) roles(what string, who []authz.Role) {
	for _, r := range who {
		if _, known := authz.Of(r); !known || r == authz.Anyone {
			c.fault("%s is for %q, which is no role for it", what, r)
		}
	}
}

// awaited reports whether a state that the step leads from waits for it.
func (c *check) awaited(s *Step) bool {
	return slices.ContainsFunc(s.From, func(from string) bool {
		was, there := c.m.State(from)
		return there && was.Then == s.Name
	})
}

func (c *check) state(s *State) {
	if s.Name == "" || s.Told == "" {
		c.fault("state %q: it has no name, or nobody is told of it", s.Name)
	}
	if s.Outcome != "" && !slices.Contains([]Outcome{Granted, Refused, Withdrawn, Lapsed}, s.Outcome) {
		c.fault("state %q ends as %q, which is no outcome", s.Name, s.Outcome)
	}
	if (s.Days > 0) != (s.Then != "") || s.Days < 0 || s.Outcome != "" && s.Days != 0 {
		c.fault("state %q: days without a step, a step without days, or a clock that runs after the end", s.Name)
		return
	}
	if s.Then != "" {
		if step, there := c.m.Step(s.Then, s.Name); !there || !slices.Contains(step.Who, authz.Clock) {
			c.fault("state %q waits for the step %q, which the clock can not take from there", s.Name, s.Then)
		}
	}
}

// reach checks that every state can be reached, and that from every open one the case can end.
func (c *check) reach() {
	reached := c.reachable(c.m.States[0].Name)
	for _, s := range c.m.States {
		if !reached[s.Name] {
			c.fault("state %q can not be reached", s.Name)
		}
		after := c.reachable(s.Name)
		if !slices.ContainsFunc(c.m.States, func(e State) bool { return e.Outcome != "" && after[e.Name] }) {
			c.fault("from the state %q no case ends", s.Name)
		}
	}
}

// reachable returns the states that a case can come to from one, and that one.
func (c *check) reachable(from string) map[string]bool {
	reached := map[string]bool{from: true}
	for todo := []string{from}; len(todo) > 0; todo = todo[1:] {
		for _, s := range c.m.From(todo[0]) {
			if to := s.Leads(todo[0]); !reached[to] {
				reached[to] = true
				todo = append(todo, to)
			}
		}
	}
	return reached
}
