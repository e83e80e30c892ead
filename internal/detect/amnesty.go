package detect

import (
	"go.yaml.in/yaml/v3"

	"github.com/openceir/openceir/internal/device"
)

// Amnesty is the two days of an amnesty, zero where there is none. Up to EvaluationEnds, what rules
// that take part find is granted it: no measure may follow. From then on a measure may follow at
// Ends. What is found later has the rule's own grace.
type Amnesty struct{ EvaluationEnds, Ends device.Day }

// Amnesty returns the days of the amnesty, zero if there is none.
func (s *Conditions) Amnesty() Amnesty { return s.amnesty }

func (a *Amnesty) read(n *yaml.Node) error {
	err := mapping(n, "amnesty", []field{must(day("evaluation_ends", &a.EvaluationEnds)), must(day("ends", &a.Ends))})
	if err == nil && a.Ends <= a.EvaluationEnds {
		err = refuse(n, "the amnesty ends on %s, its evaluation on %s; it must end later", a.Ends, a.EvaluationEnds)
	}
	return err
}

// day reads a calendar day.
func day(key string, into *device.Day) field {
	return field{name: key, read: func(n *yaml.Node) error {
		d, err := device.ParseDay(n.Value)
		if n.Kind != yaml.ScalarNode || err != nil || d <= 0 {
			return refuse(n, "%s must be a day as 2026-10-31, not %s", key, shape(n))
		}
		*into = d
		return nil
	}}
}

// state settles the days of a finding that holds on asOf: was is the finding as it was open, nil if
// there was none.
func (c *Condition) state(f, was *device.Finding, a Amnesty, asOf device.Day) {
	f.Found = asOf
	if was != nil && was.Found != 0 {
		f.Found, f.Block, f.Amnesty = was.Found, was.Block, was.Amnesty
	}
	eligible := c.Amnesty && c.Effect != None
	switch {
	case c.Effect == None:
		f.Block, f.Amnesty = 0, false
	case eligible && asOf <= a.EvaluationEnds && (f.Found == asOf || f.Amnesty):
		f.Block, f.Amnesty = 0, true
	case f.Amnesty && eligible:
		f.Block = a.Ends // set by the amnesty, whatever the rule's grace
	case f.Amnesty || f.Block == 0: // the rule has left the amnesty, or something may follow now
		f.Block, f.Amnesty = asOf+device.Day(c.GraceDays), false
	}
}
