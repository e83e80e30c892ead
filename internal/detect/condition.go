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
	// MaxShare is the greatest share of all devices, in millionths, that may match before the rule
	// is stopped as mistaken.
	MaxShare int

	dimensions []term
	maxAge     int // of the TAC directory, in days; 0 if no dimension asks it
	params     map[string]string
	text       string
	version    string
}

// term is a dimension, or its complement.
type term struct {
	dimension
	inverted bool
}

// dimension is one question about a device. Implementations are values of parameters.
type dimension interface {
	kind() string
	params() []param
	// judge says whether it holds on the bench's day and on which later day that changes by time
	// alone (0 never), given the window in days.
	judge(b *bench, window int) (holds bool, flips device.Day)
	// explain is asked only if it holds: first day, per-mille ratio of value to threshold (0 if it
	// does not count), and evidence.
	explain(b *bench, window int, evidence map[string]string) (since device.Day, ratio int)
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
	fmt.Fprintf(&b, "    window_days: %d\n    look_again_days: %d\n    strength: %d\n    max_share: %s\n    all:\n",
		c.WindowDays, c.LookAgainDays, c.Strength, decimal(c.MaxShare, 6))
	c.params = map[string]string{"window_days": strconv.Itoa(c.WindowDays)}
	for _, t := range c.dimensions {
		if d, ok := t.dimension.(*tacNotAllocated); ok && (c.maxAge == 0 || d.feedMaxAge < c.maxAge) {
			c.maxAge = d.feedMaxAge
		}
		name := t.kind()
		fmt.Fprintf(&b, "      - %s:", name)
		if t.inverted {
			name = "not " + name
		}
		for n, base := 2, name; c.used(name); n++ {
			name = base + " " + strconv.Itoa(n)
		}
		ps := t.params()
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
	horizon int // days kept as bitmaps
	benches sync.Pool
}

func newConditions(list []Condition) *Conditions {
	s := &Conditions{list: list, horizon: minHorizon}
	for i := range list {
		list[i].seal()
		s.horizon = max(s.horizon, list[i].WindowDays)
	}
	s.benches.New = func() any { return newBench(s.horizon) }
	return s
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

// Horizon returns how many days of a history, up to the day of judgement, the rules look at closely.
func (s *Conditions) Horizon() int { return s.horizon }

// Text returns the canonical text of all conditions, which Load reads back.
func (s *Conditions) Text() string {
	var b strings.Builder
	b.WriteString("conditions:\n")
	for i := range s.list {
		b.WriteString(s.list[i].text)
	}
	return b.String()
}
