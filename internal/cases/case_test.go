package cases

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/openceir/openceir/internal/authz"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
)

// story takes steps one after the other; each is "name role step", with a reason after a colon. A line
// that begins with "!" must be refused, with the words after "->" in the refusal.
func story(t *testing.T, c *Case, lines ...string) *Case {
	t.Helper()
	day := c.Since
	for _, line := range lines {
		text, refused := strings.CutPrefix(line, "! ")
		text, words, _ := strings.Cut(text, " -> ")
		text, reason, _ := strings.Cut(text, ": ")
		f := strings.SplitN(text, "/", 3)
		if f[1] == "clock" {
			day += 1000
		}
		e := Event{Step: f[2], By: Actor{f[0], authz.Role(f[1])}, Day: day, Reason: reason, After: c.Events}
		next, err := c.Take(e)
		switch {
		case refused && (err == nil || !strings.Contains(err.Error(), words)):
			t.Fatalf("%s: %v", line, err)
		case !refused && err != nil:
			t.Fatalf("%s: %v", line, err)
		case !refused:
			c = next
		}
	}
	return c
}

func opened(t *testing.T, m *Machine, by Actor, day device.Day, hands ...string) *Case {
	t.Helper()
	c, err := Open(m, by, day, hands...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOpen(t *testing.T) {
	for _, m := range Machines {
		for _, s := range authz.Standings {
			may := slices.Contains(m.Opens, s.Role)
			if _, err := Open(m, Actor{"ann", s.Role}, 1); (err == nil) != may || !may && problem.Of(err) != problem.Refused {
				t.Errorf("a %s opens a %s: %v", s.Role, m.Name, err)
			}
			if _, err := Open(m, Actor{"", s.Role}, 1); err == nil && s.People {
				t.Errorf("a %s without a name opens a %s", s.Role, m.Name)
			}
		}
	}
}

func TestReport(t *testing.T) {
	c := opened(t, &report, Actor{"ann", authz.Citizen}, 100)
	c = story(t, c,
		"! ann/citizen/block -> can not",
		"ann/citizen/confirm",
		"! ann/citizen/block -> may not",
		"! bob/help desk/block -> can note",
		"/walk/watch",
		"ann/citizen/block",
		"/walk/enforce",
		"carl/police officer/find",
		"! carl/police supervisor/restore for them: she said so -> did",
		"! dora/police supervisor/restore for them -> say why",
		"dora/police supervisor/restore for them: she showed her card at the counter",
		"/walk/complete")
	if c.State != "restored" || c.Outcome() != Granted {
		t.Errorf("it is %s", c.State)
	}
	c = story(t, c, "! ann/citizen/reopen -> say why", "ann/citizen/reopen: stolen again")
	if c.State != "received" || c.Outcome() != "" {
		t.Errorf("opened again it is %s", c.State)
	}
}

func TestAppeal(t *testing.T) {
	c := opened(t, &appeal, Actor{"ann", authz.Citizen}, 100, "emil", "fay")
	c = story(t, c,
		"! emil/appeals officer/take up -> had a hand",
		"/clock/escalate",
		"! fay/appeals officer/stay -> had a hand",
		"/walk/stay",
		"gil/appeals officer/take up",
		"gil/appeals officer/ask: the invoice, please",
		"/clock/go on",
		"! ann/appeals officer/uphold -> say why",
		"gil/appeals officer/refuse: the invoice is of another device",
		"! gil/appeals officer/reopen: I was wrong -> ask another person",
		"hugo/court/reopen: order 12 of the district court")
	if c.State != "filed" {
		t.Errorf("it is %s", c.State)
	}
}

// A clerk and a clock that come too early, too late, twice or with nothing.
func TestTake(t *testing.T) {
	c := opened(t, &exemption, Actor{"ann", authz.CaseOfficer}, 100)
	for name, e := range map[string]Event{
		"the time":         {Step: "forget", By: Actor{"", authz.Clock}, Day: 129, After: 1},
		"went on":          {Step: "refuse", By: Actor{"bob", authz.CaseOfficer}, Day: 100, Reason: "no", After: 0},
		"say why":          {Step: "refuse", By: Actor{"bob", authz.CaseOfficer}, Day: 100, Reason: " \n", After: 1},
		"without a name":   {Step: "refuse", By: Actor{"", authz.CaseOfficer}, Day: 100, Reason: "no", After: 1},
		"can not \"end\"":  {Step: "end", By: Actor{"", authz.Clock}, Day: 9999, After: 1},
		"another person":   {Step: "approve", By: Actor{"ann", authz.CaseOfficer}, Day: 100, Reason: "yes", After: 1},
		"may not \"note\"": {Step: "note", By: Actor{"ann", authz.Citizen}, Day: 100, After: 1},
	} {
		if _, err := c.Take(e); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("wanted %s, got %v", name, err)
		}
	}
	if day, step, ok := c.Due(); !ok || day != 130 || step != "forget" {
		t.Errorf("due is %v %s %v", day, step, ok)
	}
	c = story(t, c, "bob/case officer/approve: she is in danger")
	if day, step, ok := c.Due(); !ok || day != 100+365 || step != "end" {
		t.Errorf("due is %v %s %v", day, step, ok)
	}
}

// Whatever is tried, in any order and by anybody, a case is where its machine has it, what is refused
// changes nothing, and no rule of the machine is ever broken by what was taken.
func TestAnyWalk(t *testing.T) {
	taken, ended := map[string]int{}, map[Outcome]int{}
	seeds := uint64(400)
	if testing.Short() {
		seeds = 100
	}
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 5))
		for _, m := range Machines {
			walk(t, r, m, taken, ended)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	for _, m := range Machines {
		for _, s := range m.Steps {
			if taken[m.Name+" "+s.Name] == 0 {
				t.Errorf("%s: the step %q was never taken", m.Name, s.Name)
			}
		}
	}
	for _, o := range []Outcome{Granted, Refused, Withdrawn, Lapsed} {
		if ended[o] == 0 {
			t.Errorf("no case ended as %s", o)
		}
	}
}

func walk(t *testing.T, r *rand.Rand, m *Machine, taken map[string]int, ended map[Outcome]int) {
	people := []string{"ann", "bob", "carl", "dora"}
	steps := append(slices.Clone(m.Steps), always...)
	c := opened(t, m, Actor{people[0], m.Opens[len(m.Opens)-1]}, 0, people[1])
	by := map[string][]string{Opened: {people[0]}}
	day := device.Day(0)
	for range 200 {
		s := &steps[r.IntN(len(steps))]
		if now := m.From(c.State); len(now) > 0 && r.IntN(3) > 0 { // mostly what is not hopeless
			s = now[r.IntN(len(now))]
		}
		role := authz.Standings[r.IntN(len(authz.Standings))].Role
		if r.IntN(3) > 0 {
			role = s.Who[r.IntN(len(s.Who))]
		}
		who := people[r.IntN(len(people))]
		if role == authz.Clock || role == authz.Walk {
			who = ""
		}
		day += device.Day(r.IntN(40))
		e := Event{Step: s.Name, By: Actor{who, role}, Day: day, Reason: []string{"", "so it is"}[r.IntN(2)], After: c.Events - r.IntN(10)/9}
		was := fmt.Sprint(*c)
		next, err := c.Take(e)
		if fmt.Sprint(*c) != was {
			t.Errorf("%s: taking %q changed the case it was taken on", m.Name, e.Step)
		}
		if err != nil {
			if kind := problem.Of(err); kind == problem.Broken || errors.Is(err, problem.NotFound) {
				t.Errorf("%s: %v", m.Name, err)
			}
			continue
		}
		lawful(t, m, c, next, &e, by)
		by[e.Step] = append(by[e.Step], who)
		taken[m.Name+" "+e.Step]++
		if o := next.Outcome(); o != "" && c.Outcome() == "" {
			ended[o]++
		}
		c = next
	}
}

// lawful asks each rule of the machine again, from its data alone.
func lawful(t *testing.T, m *Machine, was, is *Case, e *Event, by map[string][]string) {
	t.Helper()
	matches := 0
	for _, s := range append(slices.Clone(m.Steps), always...) {
		if s.Name != e.Step || s.From != nil && !slices.Contains(s.From, was.State) {
			continue
		}
		matches++
		to := s.To
		if to == "" {
			to = was.State
		}
		broken := ""
		switch {
		case is.State != to || is.Events != was.Events+1 || e.After != was.Events:
			broken = "it is somewhere else"
		case !slices.Contains(s.Who, e.By.Role):
			broken = "the role"
		case s.Reasoned && e.Reason == "":
			broken = "no reason"
		case s.Stranger && slices.Contains(was.Hands, e.By.Name):
			broken = "no stranger"
		case slices.ContainsFunc(s.Apart, func(a string) bool { return slices.Contains(by[a], e.By.Name) }):
			broken = "not apart"
		case was.Outcome() != "" && s.From == nil:
			broken = "it is closed"
		case e.By.Role == authz.Clock:
			for _, st := range m.States {
				if st.Name == was.State && (st.Then != s.Name || e.Day < was.Since+device.Day(st.Days)) {
					broken = "too early"
				}
			}
		}
		if broken != "" {
			t.Errorf("%s: %q by %v from %s to %s: %s", m.Name, e.Step, e.By, was.State, is.State, broken)
		}
	}
	if matches != 1 {
		t.Errorf("%s: %q from %s is %d steps", m.Name, e.Step, was.State, matches)
	}
}
