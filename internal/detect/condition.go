package detect

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/openceir/openceir/internal/device"
)

// Effect is what a condition asks for. What follows is for people to decide.
type Effect string

// The effects (3GPP TS 22.016 §3: the black and the grey list).
const (
	Prohibited Effect = "prohibited"
	Tracked    Effect = "tracked"
	None       Effect = "none" // the rule informs people: nothing may follow from it
)

// Condition is one rule: it holds for a device if all its dimensions do.
type Condition struct {
	Name        string // key of its findings: lower-case words joined by hyphens
	Description string // for people: what it finds and whom it spares
	Ground      string // stolen, lost, duplicate, not-allocated, …
	Effect      Effect
	WindowDays  int // complete days up to the day of judgement that its counts look at
	// LookAgainDays is after how many days an open finding is looked at again even if nothing new
	// was seen and no verdict can change: it refreshes the evidence. 0 is never.
	LookAgainDays int
	// Strength is the strength of a finding exactly at the threshold, 1 to 1000. It grows with the
	// smallest ratio of value to threshold among the dimensions that count, up to 1000.
	Strength int
	// GraceDays is after how many days from the first finding a measure may follow.
	GraceDays int
	// GapDays is for how many days a finding outlives what it found, so that its grace goes on if
	// that comes back.
	GapDays int
	Sticky  bool // what was once found stays found
	Amnesty bool // what is found while an amnesty is evaluated is granted it
	// MaxShare is the greatest share of all devices, in millionths, that may match before the rule
	// is stopped as mistaken.
	MaxShare int

	dimensions []term
	maxAge     int   // of the TAC directory, in days; 0 if no dimension asks it
	needs      needs // facts without which it cannot be judged
	unseen     bool  // it can hold for a device that no network saw
	slides     bool  // what it finds tells of a window, and so something else every day
	params     map[string]string
	text       string
	version    string
}

// term is a dimension, or its complement among the devices that were seen, over a window.
type term struct {
	dimension
	inverted bool
	own      window // written at the dimension; zero is the condition's
	window   window // that counts
}

// dimension is one question about a device. Implementations are values of parameters.
type dimension interface {
	kind() string
	params() []param
	// judge says whether it holds on the bench's day and on which later day that changes by time
	// alone (0 never), given the window.
	judge(b *bench, w window) (holds bool, flips device.Day)
	// explain is asked only if it holds: first day, per-mille ratio of value to threshold (0 if it
	// does not count), and evidence.
	explain(b *bench, w window, evidence map[string]string) (since device.Day, ratio int)
}

// param is one parameter, in the text that Load reads.
type param struct{ key, value string }

// Version returns the first 16 hex digits of the SHA-256 of the canonical text.
func (c *Condition) Version() string { return c.version }

// Text returns the canonical text: YAML with every parameter in a fixed order, which Load reads
// back to an equal condition.
func (c *Condition) Text() string { return c.text }

// Params returns the parameters by name, as findings carry them. It is shared: do not change it.
func (c *Condition) Params() map[string]string { return c.params }

// seal computes what is derived from the fields.
func (c *Condition) seal() {
	var b strings.Builder
	fmt.Fprintf(&b, "  - name: %s\n    description: %s\n    ground: %s\n    effect: %s\n", c.Name, strconv.QuoteToASCII(c.Description), c.Ground, c.Effect)
	fmt.Fprintf(&b, "    window_days: %d\n    look_again_days: %d\n    strength: %d\n    max_share: %s\n",
		c.WindowDays, c.LookAgainDays, c.Strength, decimal(c.MaxShare, 6))
	// What was added later is written only where it is used: the versions of older rules stay.
	for _, p := range []param{{"grace_days", strconv.Itoa(c.GraceDays)}, {"gap_days", strconv.Itoa(c.GapDays)},
		{"sticky", strconv.FormatBool(c.Sticky)}, {"amnesty", strconv.FormatBool(c.Amnesty)}} {
		if p.value != "0" && p.value != "false" {
			fmt.Fprintf(&b, "    %s: %s\n", p.key, p.value)
		}
	}
	b.WriteString("    all:\n")
	c.params = map[string]string{"window_days": strconv.Itoa(c.WindowDays)}
	c.unseen = true
	for i := range c.dimensions {
		t := &c.dimensions[i]
		c.ask(t)
		name := t.kind()
		fmt.Fprintf(&b, "      - %s:", name)
		if t.inverted {
			name = "not " + name
		}
		for n, base := 2, name; c.used(name); n++ {
			name = base + " " + strconv.Itoa(n)
		}
		ps := append(t.params(), t.own.params()...)
		if len(ps) == 0 {
			b.WriteString(" {}")
			c.params[name] = "yes"
		}
		b.WriteByte('\n')
		for _, p := range ps {
			fmt.Fprintf(&b, "          %s: %s\n", p.key, p.value)
			c.params[name+"."+p.key] = p.value
		}
		if t.inverted {
			b.WriteString("        invert: true\n")
		}
	}
	c.text = b.String()
	sum := sha256.Sum256([]byte(c.text))
	c.version = hex.EncodeToString(sum[:8])
}

// ask notes what a term asks for.
func (c *Condition) ask(t *term) {
	if t.window = t.own; t.own == (window{}) {
		t.window = window{days: c.WindowDays}
	}
	c.needs |= needsOf(t)
	switch d := t.dimension.(type) {
	case *subscribers, *average, *share, *transient, *usedBy, *place:
		c.slides = c.slides || !t.inverted
	case *stolen, *barred:
		c.unseen = c.unseen && !t.inverted
		return
	case *tacNotAllocated:
		if c.maxAge == 0 || d.feedMaxAge < c.maxAge {
			c.maxAge = d.feedMaxAge
		}
	}
	c.unseen = false
}

// used reports whether an earlier dimension has the name among the parameters.
func (c *Condition) used(name string) bool {
	for key := range c.params {
		if key == name || strings.HasPrefix(key, name+".") {
			return true
		}
	}
	return false
}

// decimal prints n as a number with the given number of decimals, without trailing zeros.
func decimal(n, places int) string {
	unit := 1
	for range places {
		unit *= 10
	}
	s := strconv.Itoa(n / unit)
	if n%unit != 0 {
		s += "." + strings.TrimRight(fmt.Sprintf("%0*d", places, n%unit), "0")
	}
	return s
}

// Conditions is a set of rules that are judged together. It is immutable and may be used by many
// goroutines.
type Conditions struct {
	list    []Condition
	amnesty Amnesty
	horizon int // days kept as bitmaps
	benches sync.Pool
}

func newConditions(list []Condition, amnesty Amnesty) *Conditions {
	s := &Conditions{list: list, amnesty: amnesty, horizon: minHorizon}
	for i := range list {
		list[i].seal()
		s.horizon = max(s.horizon, list[i].WindowDays)
		for _, t := range list[i].dimensions {
			s.horizon = max(s.horizon, t.window.most())
		}
	}
	s.benches.New = func() any { return newBench(s.horizon) }
	return s
}

// only returns some of the rules, which see of a device what all of them together do.
func (s *Conditions) only(rules map[string]bool) *Conditions {
	var list []Condition
	for i := range s.list {
		if rules[s.list[i].Name] {
			list = append(list, s.list[i])
		}
	}
	some := newConditions(list, s.amnesty)
	some.horizon = s.horizon
	return some
}

// All returns the conditions in the order of the file. It is shared: do not change it.
func (s *Conditions) All() []Condition { return s.list }

// Find returns the condition of that name, nil if there is none.
func (s *Conditions) Find(name string) *Condition {
	for i := range s.list {
		if s.list[i].Name == name {
			return &s.list[i]
		}
	}
	return nil
}

// Asks reports whether any rule asks for facts of a kind.
func (s *Conditions) Asks(kind device.FileKind) bool {
	for i := range s.list {
		for j := range s.list[i].dimensions {
			if readsOf(s.list[i].dimensions[j].dimension)&needOf[kind] != 0 {
				return true
			}
		}
	}
	return false
}

// Horizon returns how many days of a history, up to the day of judgement, the rules look at closely.
func (s *Conditions) Horizon() int { return s.horizon }

// Text returns the canonical text of all conditions, which Load reads back.
func (s *Conditions) Text() string {
	var b strings.Builder
	if s.amnesty != (Amnesty{}) {
		fmt.Fprintf(&b, "amnesty:\n  evaluation_ends: %s\n  ends: %s\n", s.amnesty.EvaluationEnds, s.amnesty.Ends)
	}
	b.WriteString("conditions:\n")
	for i := range s.list {
		b.WriteString(s.list[i].text)
	}
	return b.String()
}
