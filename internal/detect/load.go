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
	var amnesty Amnesty
	err := mapping(doc.Content[0], "the file", []field{{name: "conditions", required: true, read: func(n *yaml.Node) error {
		var err error
		list, err = conditions(n)
		return err
	}}, {name: "amnesty", read: amnesty.read}})
	if err != nil {
		return nil, err
	}
	return newConditions(list, amnesty), nil
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
		text("effect", oneOf(string(Prohibited), string(Tracked), string(None)), &effect),
		integer("window_days", 1, maxWindow, &c.WindowDays),
		integer("look_again_days", 0, maxWindow, &c.LookAgainDays),
		integer("strength", 1, 1000, &c.Strength),
		number("max_share", 6, 1, 1_000_000, &c.MaxShare),
		integer("grace_days", 0, maxGrace, &c.GraceDays),
		integer("gap_days", 0, maxGrace, &c.GapDays),
		boolean("sticky", &c.Sticky),
		boolean("amnesty", &c.Amnesty),
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
	if c.Effect == None && (c.GraceDays > 0 || c.Amnesty) {
		return c, refuse(n, "condition %q only informs: grace_days and amnesty are of rules that something follows from", c.Name)
	}
	for _, t := range c.dimensions {
		if err := t.fits(n, &c); err != nil {
			return c, err
		}
	}
	return c, nil
}

// fits checks what one key cannot tell.
func (t *term) fits(n *yaml.Node, c *Condition) error {
	active, sp, who := 0, spare{}, countUsers
	switch d := t.dimension.(type) {
	case *average:
		active, sp, who = d.activeDays, d.spare, d.identity
	case *share:
		active, sp, who = d.activeDays, d.spare, d.identity
	case *subscribers:
		sp, who = d.spare, d.identity
	}
	if who != countUsers && sp.household+sp.siblings > 0 {
		return refuse(n, "condition %q counts each %s and spares households or siblings; only users are spared", c.Name, identityNames[who])
	}
	w := t.own
	if w == (window{}) {
		w.days = c.WindowDays
	}
	if active > w.most() {
		return refuse(n, "condition %q asks for %d active days in a window of %d; make one fit the other", c.Name, active, w.most())
	}
	return nil
}

func readTerm(n *yaml.Node) (t term, err error) {
	fields := []field{boolean("invert", &t.inverted)}
	for _, k := range kinds {
		fields = append(fields, field{name: k.name, read: func(v *yaml.Node) error {
			if t.dimension != nil {
				return refuse(v, "one item of the list has one dimension; put %s into its own", k.name)
			}
			d, fields := k.make()
			if k.window >= days {
				fields = append(fields, integer("window_days", 1, maxWindow, &t.own.days))
			}
			if k.window >= months {
				fields = append(fields, integer("window_months", 1, maxWindowMonths, &t.own.months))
			}
			if v.Kind == yaml.ScalarNode && v.Tag == "!!null" && !slices.ContainsFunc(fields, func(f field) bool { return f.required }) {
				t.dimension = d
				return nil
			}
			if err := mapping(v, k.name, fields); err != nil {
				return err
			}
			if t.own.days > 0 && t.own.months > 0 {
				return refuse(v, "%s has window_days and window_months; keep one", k.name)
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

// windowing is what a dimension's own window may be.
type windowing uint8

const (
	none   windowing = iota // it has none
	days                    // so many days
	months                  // or so many calendar months
)

// kinds are the dimensions by name, each with its parameters and their bounds. What is not given
// has the value set here.
var kinds = []struct {
	name   string
	window windowing
	make   func() (dimension, []field)
}{
	{"stolen", none, func() (dimension, []field) { return &stolen{}, nil }},
	{"tac_not_allocated", none, func() (dimension, []field) {
		d := &tacNotAllocated{feedMaxAge: 30}
		return d, []field{
			{name: "delay_days", read: d.readDelays},
			integer("feed_max_age_days", 1, maxWindow, &d.feedMaxAge),
			boolean("include_test", &d.includeTest),
		}
	}},
	{"subscribers", months, func() (dimension, []field) {
		d := &subscribers{}
		return d, append([]field{
			must(integer("at_least", 1, 1_000_000_000, &d.atLeast)),
			d.identity.field(countUsers, countIMSIs, countMSISDNs, countPersons),
			boolean("sequential", &d.sequential),
		}, d.spare.fields()...)
	}},
	{"average_subscribers", months, func() (dimension, []field) {
		d := &average{activeDays: 5}
		return d, append([]field{
			must(number("at_least", 3, 1, 1_000_000_000, &d.atLeast)),
			integer("active_days", 0, maxWindow, &d.activeDays),
			d.identity.field(countUsers, countIMSIs, countMSISDNs, countPersons),
		}, d.spare.fields()...)
	}},
	{"largest_share", months, func() (dimension, []field) {
		d := &share{activeDays: 5}
		return d, append([]field{
			must(number("at_most", 3, 1, 1000, &d.atMost)),
			integer("active_days", 1, maxWindow, &d.activeDays),
			d.identity.field(countUsers, countIMSIs, countMSISDNs),
		}, d.spare.fields()...)
	}},
	{"place_conflict", days, func() (dimension, []field) {
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
	{"malformed", none, func() (dimension, []field) { return &malformed{}, nil }},
	{"barred", none, func() (dimension, []field) { return &barred{}, nil }},
	{"barred_tac", none, func() (dimension, []field) { return &barredTAC{}, nil }},
	{"test_tac", none, func() (dimension, []field) {
		d := &testTAC{}
		return d, []field{boolean("all_bodies", &d.allBodies)}
	}},
	{"monitored", none, func() (dimension, []field) {
		d := &monitored{}
		return d, []field{integer("for_days", 0, maxGrace, &d.forDays)}
	}},
	{"not_registered", none, func() (dimension, []field) { d := &notRegistered{}; return d, d.fields() }},
	{"not_associated", none, func() (dimension, []field) { d := &notAssociated{}; return d, d.fields() }},
	{"radio_mismatch", none, func() (dimension, []field) { return &radioMismatch{}, nil }},
	{"transient", days, func() (dimension, []field) {
		d := &transient{}
		return d, []field{must(integer("numbers_a_day", 1, 1_000_000, &d.numbers))}
	}},
	{"used_by", days, func() (dimension, []field) { d := &usedBy{}; return d, d.fields() }},
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
