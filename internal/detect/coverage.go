package detect

import (
	"fmt"
	"slices"

	"github.com/openceir/openceir/internal/device"
)

// Range is days from one to another, both included.
type Range struct{ From, To device.Day }

// Present says which days of one operator are in the lake.
type Present struct {
	Operator device.Operator
	// Since is the first day that is expected of the operator; 0 is always.
	Since device.Day
	Days  []Range // of the table days, sorted, not overlapping
	Timed []Range // of the table visits; nil where the operator has no timed source
	// TimedSince is the first day that is expected of the timed source, if later than Since.
	TimedSince device.Day
}

// Coverage says what of the expected input there is: one entry for each operator of the
// country. An empty coverage knows nothing, and everything counted is incomplete.
type Coverage []Present

// Gap is days that an operator should have delivered and has not.
type Gap struct {
	Operator device.Operator
	Range
}

// String returns for example "op1 2026-10-03..2026-10-05".
func (g Gap) String() string { return fmt.Sprintf("%s %s..%s", g.Operator, g.From, g.To) }

// Missing returns the days of a window that are not there, by operator in the order of the coverage.
func (c Coverage) Missing(from, to device.Day) []Gap {
	return c.missing(from, to, func(p *Present) []Range { return p.Days })
}

// MissingTimed returns the days of a window without timed sources, among the operators that have
// any.
func (c Coverage) MissingTimed(from, to device.Day) []Gap {
	timed := slices.DeleteFunc(slices.Clone(c), func(p Present) bool { return p.Timed == nil })
	for i := range timed {
		timed[i].Since = max(timed[i].Since, timed[i].TimedSince)
	}
	return timed.missing(from, to, func(p *Present) []Range { return p.Timed })
}

func (c Coverage) missing(from, to device.Day, days func(*Present) []Range) []Gap {
	if len(c) == 0 {
		return []Gap{{"every operator", Range{from, to}}}
	}
	var gaps []Gap
	for i := range c {
		day := max(from, c[i].Since)
		for _, r := range days(&c[i]) {
			if r.From > to || day > to {
				break
			}
			if r.From > day {
				gaps = append(gaps, Gap{c[i].Operator, Range{day, r.From - 1}})
			}
			day = max(day, r.To+1)
		}
		if day <= to {
			gaps = append(gaps, Gap{c[i].Operator, Range{day, to}})
		}
	}
	return gaps
}

// gaps returns what the windows of the condition lack. Facts need no network data, and the first
// sighting that a delay runs from can only be later for what is missing.
func (c *Condition) gaps(cover Coverage, asOf device.Day) []Gap {
	var gaps []Gap
	days, timed := never, never // first days of what is looked at
	for _, t := range c.dimensions {
		switch t.dimension.(type) {
		case *subscribers, *average, *share, *transient, *usedBy:
			days = min(days, t.window.first(asOf))
		case *place:
			timed = min(timed, t.window.first(asOf))
		}
	}
	if days != never {
		gaps = append(gaps, cover.Missing(days, asOf)...)
	}
	if timed != never {
		gaps = append(gaps, cover.MissingTimed(timed, asOf)...)
	}
	return gaps
}
