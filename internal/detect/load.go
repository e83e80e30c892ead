package detect

import (
	"bytes"
	_ "embed" // the default conditions
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/openceir/openceir/internal/problem"
)

//go:embed conditions.yaml
var defaults []byte

// Default returns the rules this register starts with.
func Default() *Conditions {
	s, err := Load(defaults)
	if err != nil {
		panic(fmt.Sprintf("the embedded conditions: %v", err)) // a test loads them
	}
	return s
}

// DefaultText returns the file behind Default, with its comments, for people to start from.
func DefaultText() []byte { return slices.Clone(defaults) }

// Load reads a file of conditions. It is strict: a key that does not exist, is written twice or is
// missing, a value of the wrong type or out of range is an error that names the line and says what
// would be right.
func Load(file []byte) (*Conditions, error) {
	if len(file) > maxFile {
		return nil, problem.New(problem.Invalid, "the conditions have %d bytes; at most %d are read", len(file), maxFile)
	}
	var doc, second yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(file))
	if err := d.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, problem.New(problem.Invalid, "the conditions are empty; write conditions: and a list")
	} else if err != nil {
		return nil, problem.New(problem.Invalid, "the conditions are not YAML: %w", err)
	}
	if err := d.Decode(&second); err == nil {
		return nil, refuse(&second, "a second document begins; write one")
	} else if !errors.Is(err, io.EOF) {
		return nil, problem.New(problem.Invalid, "the conditions are not YAML: %w", err)
	}
	if len(doc.Content) != 1 {
		return nil, problem.New(problem.Invalid, "the conditions are empty; write conditions: and a list")
	}
	var list []Condition
	err := mapping(doc.Content[0], "the file", []field{{name: "conditions", required: true, read: func(n *yaml.Node) error {
		var err error
		list, err = conditions(n)
		return err
	}}})
	if err != nil {
		return nil, err
	}
	return newConditions(list), nil
}

func conditions(n *yaml.Node) ([]Condition, error) {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		return nil, refuse(n, "conditions must be a list of at least one condition, not %s", shape(n))
	}
	if len(n.Content) > maxConditions {
		return nil, refuse(n, "there are %d conditions; at most %d are judged", len(n.Content), maxConditions)
	}
	var list []Condition
	for _, item := range n.Content {
		c, err := condition(item)
		if err != nil {
			return nil, err
		}
		for i := range list {
			if list[i].Name == c.Name {
				return nil, refuse(item, "the name %q is taken by an earlier condition; choose another", c.Name)
			}
		}
		list = append(list, c)
	}
	return list, nil
}

func condition(n *yaml.Node) (Condition, error) {
	c := Condition{WindowDays: 30, Strength: 500, MaxShare: 10_000}
	var effect string
	err := mapping(n, "a condition", []field{
		text("name", word, &c.Name),
		text("description", prose, &c.Description),
		text("ground", word, &c.Ground),
		text("effect", oneOf(string(Prohibited), string(Tracked)), &effect),
		integer("window_days", 1, maxWindow, &c.WindowDays),
		integer("look_again_days", 0, maxWindow, &c.LookAgainDays),
		integer("strength", 1, 1000, &c.Strength),
		number("max_share", 6, 1, 1_000_000, &c.MaxShare),
		{name: "all", required: true, read: func(n *yaml.Node) error {
			if n.Kind != yaml.SequenceNode || len(n.Content) == 0 || len(n.Content) > maxDimensions {
				return refuse(n, "all must be a list of 1 to %d dimensions", maxDimensions)
			}
			for _, item := range n.Content {
				t, err := readTerm(item)
				if err != nil {
					return err
				}
				c.dimensions = append(c.dimensions, t)
			}
			return nil
		}},
	})
	if err != nil {
		return c, err
	}
	c.Effect = Effect(effect)
	for _, t := range c.dimensions {
		if a, ok := t.dimension.(*average); ok && a.activeDays > c.WindowDays {
			return c, refuse(n, "condition %q asks for %d active days in a window of %d; make one fit the other", c.Name, a.activeDays, c.WindowDays)
		}
	}
	return c, nil
}

func readTerm(n *yaml.Node) (t term, err error) {
	fields := []field{boolean("invert", &t.inverted)}
	for _, k := range kinds {
		fields = append(fields, field{name: k.name, read: func(v *yaml.Node) error {
			if t.dimension != nil {
				return refuse(v, "one item of the list has one dimension; put %s into its own", k.name)
			}
			d, fields := k.make()
			if v.Kind == yaml.ScalarNode && v.Tag == "!!null" && len(fields) == 0 {
				t.dimension = d
				return nil
			}
			if err := mapping(v, k.name, fields); err != nil {
				return err
			}
			t.dimension = d
			return nil
		}})
	}
	if err = mapping(n, "a dimension", fields); err == nil && t.dimension == nil {
		err = refuse(n, "a dimension is missing; write one of %s", kindNames())
	}
	return t, err
}

// kinds are the dimensions by name, each with its parameters and their bounds. What is not given
// has the value set here.
var kinds = []struct {
	name string
	make func() (dimension, []field)
}{
	{"stolen", func() (dimension, []field) { return &stolen{}, nil }},
	{"tac_not_allocated", func() (dimension, []field) {
		d := &tacNotAllocated{feedMaxAge: 30}
		return d, []field{
			{name: "delay_days", read: d.readDelays},
			integer("feed_max_age_days", 1, maxWindow, &d.feedMaxAge),
			boolean("include_test", &d.includeTest),
		}
	}},
	{"subscribers", func() (dimension, []field) {
		d := &subscribers{}
		return d, append([]field{
			must(integer("at_least", 1, 1_000_000_000, &d.atLeast)),
			boolean("sequential", &d.sequential),
		}, d.spare.fields()...)
	}},
	{"average_subscribers", func() (dimension, []field) {
		d := &average{activeDays: 5}
		return d, append([]field{
			must(number("at_least", 3, 1, 1_000_000_000, &d.atLeast)),
			integer("active_days", 1, maxWindow, &d.activeDays),
		}, d.spare.fields()...)
	}},
	{"place_conflict", func() (dimension, []field) {
		d := &place{conflicts: 2, overlapMin: 1, overlapKm: 50, speed: 1000, marginKm: 30, clockMin: 10, apartHours: 12}
		return d, []field{
			integer("conflicts", 1, maxConflicts, &d.conflicts),
			integer("overlap_minutes", 0, 1440, &d.overlapMin),
			integer("overlap_km", 1, 20_000, &d.overlapKm),
			integer("speed_kmh", 100, 20_000, &d.speed),
			integer("margin_km", 0, 20_000, &d.marginKm),
			integer("clock_minutes", 0, 1440, &d.clockMin),
			integer("apart_hours", 0, 240, &d.apartHours),
		}
	}},
}

func must(f field) field {
	f.required = true
	return f
}

func kindNames() string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return strings.Join(names, ", ")
}

// word accepts lower-case words joined by hyphens.
func word(s string) string {
	for i, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z':
		case i > 0 && (c >= '0' && c <= '9' || c == '-' && s[i-1] != '-' && i < len(s)-1):
		default:
			return "write lower-case letters and digits, words joined by single hyphens"
		}
	}
	if len(s) == 0 || len(s) > maxName {
		return fmt.Sprintf("write 1 to %d characters", maxName)
	}
	return ""
}

func prose(s string) string {
	if len(s) == 0 || len(s) > maxText {
		return fmt.Sprintf("write 1 to %d bytes", maxText)
	}
	for _, c := range s {
		if c < ' ' || c == 0x7f || c == 0xFFFD {
			return "write one line of text without control characters"
		}
	}
	return ""
}

func oneOf(words ...string) func(string) string {
	return func(s string) string {
		if slices.Contains(words, s) {
			return ""
		}
		return "write " + strings.Join(words, " or ")
	}
}
