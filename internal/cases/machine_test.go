package cases

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/openceir/openceir/internal/authz"
)

var update = flag.Bool("update", false, "print docs/cases.md anew")

func TestMachines(t *testing.T) {
	names := map[string]bool{}
	for _, m := range Machines {
		for _, f := range m.Check() {
			t.Errorf("%s: %s", m.Name, f)
		}
		if names[m.Name] {
			t.Errorf("two machines are called %s", m.Name)
		}
		names[m.Name] = true
		if found, ok := Find(m.Name); !ok || found != m {
			t.Errorf("%s is not found", m.Name)
		}
	}
}

// Each fault that a machine may have is found, and named.
func TestCheck(t *testing.T) {
	sound := func() *Machine {
		return &Machine{Name: "sound", About: "Nothing is wrong with it.", Opens: []authz.Role{authz.Citizen},
			States: []State{{Name: "a", Told: "a", Days: 1, Then: "end"}, {Name: "b", Told: "b"}, {Name: "z", Told: "z", Outcome: Granted}},
			Steps: []Step{
				{Name: "go", From: []string{"a"}, To: "b", Who: system, Audit: "went"},
				{Name: "end", From: []string{"a", "b"}, To: "z", Who: []authz.Role{authz.Clock, authz.CaseOfficer}, Audit: "ended"},
				{Name: "reopen", From: []string{"z"}, To: "a", Who: []authz.Role{authz.Court}, Reasoned: true, Audit: "opened again"},
			}}
	}
	if f := sound().Check(); f != nil {
		t.Fatal(f)
	}
	for want, spoil := range map[string]func(*Machine){
		"nobody may open it":                       func(m *Machine) { m.Opens = nil },
		`opening is for "nobody"`:                  func(m *Machine) { m.Opens[0] = "nobody" },
		"no sentence about it":                     func(m *Machine) { m.About = "" },
		`two states are called "b"`:                func(m *Machine) { m.States[0].Name = "b" },
		`two steps "end" lead out of "a"`:          func(m *Machine) { m.Steps[0].Name = "end" },
		`two steps "note" lead out of "a"`:         func(m *Machine) { m.Steps[0].Name = "note" },
		`step "go": it has no name`:                func(m *Machine) { m.Steps[0].Who = nil },
		`step "end": it has no name`:               func(m *Machine) { m.Steps[1].Audit = "" },
		`leads to "y", which there is not`:         func(m *Machine) { m.Steps[0].To = "y" },
		`leads from "y", which there is not`:       func(m *Machine) { m.Steps[0].From = []string{"y"} },
		`from the end "z" to the end "z"`:          func(m *Machine) { m.Steps[2].To = "z" },
		`opens "z" again without a reason`:         func(m *Machine) { m.Steps[2].Reasoned = false },
		`step "end" refuses without a reason`:      func(m *Machine) { m.States[2].Outcome = Refused },
		`is for "nobody", which is no role`:        func(m *Machine) { m.Steps[0].Who = []authz.Role{"nobody"} },
		`is for "anyone", which is no role`:        func(m *Machine) { m.Steps[0].Who = []authz.Role{authz.Anyone} },
		`step "go" is for the clock`:               func(m *Machine) { m.Steps[0].Who = clock },
		`apart from "stop", which there is not`:    func(m *Machine) { m.Steps[0].Apart = []string{"stop"} },
		`state "b": it has no name, or nobody`:     func(m *Machine) { m.States[1].Told = "" },
		`ends as "well", which is no outcome`:      func(m *Machine) { m.States[2].Outcome = "well" },
		`state "a": days without a step`:           func(m *Machine) { m.States[0].Then = "" },
		`waits for the step "go", which the clock`: func(m *Machine) { m.States[1].Days, m.States[1].Then = 1, "go" },
		`a clock that runs after the end`:          func(m *Machine) { m.States[2].Days, m.States[2].Then = 1, "reopen" },
		`state "b" can not be reached`:             func(m *Machine) { m.Steps[0].To = "z" },
		`from the state "b" no case ends`:          func(m *Machine) { m.Steps[1].From = []string{"a"} },
	} {
		m := sound()
		spoil(m)
		if f := m.Check(); !slices.ContainsFunc(f, func(s string) bool { return strings.Contains(s, want) }) {
			t.Errorf("wanted %q, found %q", want, f)
		}
	}
}

// The page on cases is printed from the machines.
func TestPage(t *testing.T) {
	var b strings.Builder
	b.WriteString(head)
	row := func(s *Step, from, to string) {
		rules := []string{}
		if s.Reasoned {
			rules = append(rules, "with a reason")
		}
		if s.Stranger {
			rules = append(rules, "who had no hand in the measure")
		}
		if len(s.Apart) > 0 {
			rules = append(rules, "who did not "+strings.Join(s.Apart, ", "))
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", s.Name, from, to, names(s.Who), strings.Join(rules, "; "))
	}
	claims := map[bool]string{true: " It claims devices, and so is never about a value that names no single device."}
	const steps = "\n| step | from | to | who | |\n|---|---|---|---|---|\n"
	for _, m := range Machines {
		fmt.Fprintf(&b, "\n## %s\n\n%s Opened by %s.%s\n\n| state | what the person concerned is told | then |\n|---|---|---|\n", strings.ToUpper(m.Name[:1])+m.Name[1:], m.About, names(m.Opens), claims[m.Claims])
		for _, s := range m.States {
			then := string(s.Outcome)
			switch {
			case then != "":
				then = "closed: " + then
			case s.Days > 0:
				then = fmt.Sprintf("after %d days: %s", s.Days, s.Then)
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", s.Name, s.Told, then)
		}
		b.WriteString(steps)
		for i := range m.Steps {
			s := &m.Steps[i]
			from, to := strings.Join(s.From, ", "), s.To
			if s.From == nil {
				from = "every open state"
			}
			if to == "" {
				to = "(stays)"
			}
			row(s, from, to)
		}
	}
	b.WriteString("\n## Always\n\nIn every open case:\n" + steps)
	for i := range always {
		row(&always[i], "every open state", "(stays)")
	}
	const page = "../../docs/cases.md"
	if *update {
		if err := os.WriteFile(page, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if is, err := os.ReadFile(page); err != nil || string(is) != b.String() {
		t.Errorf("docs/cases.md is not what the machines say (%v): go test ./internal/cases -update", err)
	}
}

func names(roles []authz.Role) string {
	out := make([]string, len(roles))
	for i, r := range roles {
		out[i] = string(r)
	}
	return strings.Join(out, ", ")
}

const head = `# Cases

Every sort of case runs on one engine, internal/cases. What follows is printed from the data it runs on: the states of each sort, what the person whom it concerns is told, and who may do what. Nobody takes a step that is not here.
The parts of the system that act by themselves are called clock, when a time has come, and walk, when detection, decisions or enforcement moved on.

Each step is an act in the ledger, and verification plays every case again. Officers open cases and take steps through the API: see [register.md](register.md). What is not there yet: the door for citizens, evidence, and that a case leads to a measure; the steps of "walk" are taken by nobody so far.
`
