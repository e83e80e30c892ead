package detect

import (
	"cmp"
	"maps"
	"slices"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

// Base counts what is outside the scope of a pass, so that a rule's share is one of all devices
// even if a pass judges few.
type Base struct {
	Devices int64            // devices known outside the scope
	Matched map[string]int64 // open findings outside the scope, by rule
}

// Changes is what a pass found different from the findings that were open. All are sorted by IMEI,
// then rule.
type Changes struct {
	AsOf    device.Day
	Opened  []device.Finding
	Changed []device.Finding // as they are now; Since is kept
	Closed  []Closed
	// Due are the days on which to judge devices again though nothing new is seen: the whole truth
	// about the devices of the scope, so that one that is not here is not due.
	Due     []Due
	Devices int64 // devices with a history
	Unseen  int64 // devices of the stolen list never seen
	Rules   []Result
}

// Closed is a finding that was open, and why it no longer is.
type Closed struct {
	Finding device.Finding `json:"finding"`
	Why     string         `json:"why"`
}

// Due says when to judge a device again.
type Due struct {
	IMEI imei.IMEI  `json:"imei"`
	Day  device.Day `json:"day"` // as soon as this is a complete day
}

// Result says what a pass did with one rule, and on what input.
type Result struct {
	Rule      string   `json:"rule"`
	Version   string   `json:"version"`
	Matched   int64    `json:"matched"` // devices of the scope for which it holds
	Opened    int      `json:"opened"`
	Changed   int      `json:"changed"`
	Closed    int      `json:"closed"`
	Stopped   bool     `json:"stopped,omitempty"`    // it matches more than its share: nothing of it was changed
	Suspended bool     `json:"suspended,omitempty"`  // facts it needs are missing or stale: it opened and closed nothing
	Missing   []string `json:"missing,omitempty"`    // days that operators have not delivered; it closed nothing
	MoreGaps  int      `json:"more_gaps,omitempty"`  // gaps beyond those listed
	OfMillion int64    `json:"of_million,omitempty"` // share of all devices that match, in millionths
}

// Part is what was found in one scope, before it is settled.
type Part struct {
	Devices, Unseen int64

	asOf  device.Day
	rules []ruled
	index map[string]int
	due   []Due
}

// ruled is one rule's changes.
type ruled struct {
	Result
	maxShare        int64
	held            bool // its findings are kept and none is closed
	opened, changed []device.Finding
	closed          []Closed
}

func newPart(p *Pass) *Part {
	part := &Part{asOf: p.AsOf, index: map[string]int{}}
	for i := range p.Conditions.list {
		c := &p.Conditions.list[i]
		r := ruled{Result: Result{Rule: c.Name, Version: c.version, Suspended: c.Suspended(&p.Facts, p.AsOf)}, maxShare: int64(c.MaxShare)}
		gaps := c.gaps(p.Coverage, p.AsOf)
		r.held = r.Suspended || len(gaps) > 0
		r.MoreGaps = max(0, len(gaps)-maxGaps)
		for _, g := range gaps[:len(gaps)-r.MoreGaps] {
			r.Missing = append(r.Missing, g.String())
		}
		part.index[c.Name] = i
		part.rules = append(part.rules, r)
	}
	return part
}

// compare sets what holds now against what was open. It returns the earliest day on which a
// finding that is kept without being judged is due, 0 if there is none.
func (p *Part) compare(found, open []device.Finding) (again device.Day) {
	for i := range found {
		f := &found[i]
		r := &p.rules[p.index[f.Rule]]
		r.Matched++
		f.Incomplete = r.held
		was := slices.IndexFunc(open, func(o device.Finding) bool { return o.Rule == f.Rule })
		if was < 0 {
			r.opened = append(r.opened, *f)
			continue
		}
		o := &open[was]
		f.Since = o.Since
		if o.Again > p.asOf && f.Again > o.Again {
			f.Again = o.Again // it will be looked at sooner anyway, and nothing has changed
			again = earlier(again, o.Again)
		}
		if !same(f, o) {
			r.changed = append(r.changed, *f)
		}
	}
	for i := range open {
		o := &open[i]
		if slices.ContainsFunc(found, func(f device.Finding) bool { return f.Rule == o.Rule }) {
			continue
		}
		at, known := p.index[o.Rule]
		if !known {
			at = p.removed(o.Rule)
		}
		r := &p.rules[at]
		switch {
		case !known || r.Version == "":
			r.closed = append(r.closed, Closed{*o, "the rule was removed"})
		case r.held:
			r.Matched++
			again = earlier(again, p.asOf+1)
			if !o.Incomplete {
				kept := *o
				kept.Incomplete = true
				r.changed = append(r.changed, kept)
			}
		default:
			r.closed = append(r.closed, Closed{*o, "it no longer holds"})
		}
	}
	return again
}

// removed makes a place for the findings of a rule that is no longer among the conditions.
func (p *Part) removed(rule string) int {
	p.index[rule] = len(p.rules)
	p.rules = append(p.rules, ruled{Result: Result{Rule: rule}, maxShare: 1_000_000})
	return len(p.rules) - 1
}

// same reports whether nothing that is kept of a finding has changed.
func same(a, b *device.Finding) bool {
	return a.Version == b.Version && a.Since == b.Since && a.Strength == b.Strength && a.Best == b.Best &&
		a.Pairs == b.Pairs && a.Again == b.Again && a.Incomplete == b.Incomplete && maps.Equal(a.Evidence, b.Evidence)
}

// Settle puts parts together, stops each rule that matches more than its share of devices, and
// returns what changed. The order of the parts does not matter.
func Settle(elsewhere Base, parts ...*Part) *Changes {
	c := &Changes{}
	devices := elsewhere.Devices
	rules := map[string]*ruled{}
	var order []string
	for _, p := range parts {
		c.AsOf = max(c.AsOf, p.asOf)
		c.Devices += p.Devices
		c.Unseen += p.Unseen
		c.Due = append(c.Due, p.due...)
		for i := range p.rules {
			r := &p.rules[i]
			sum, ok := rules[r.Rule]
			if !ok {
				sum = &ruled{Result: r.Result, maxShare: r.maxShare}
				sum.Matched = elsewhere.Matched[r.Rule]
				rules[r.Rule] = sum
				order = append(order, r.Rule)
			}
			sum.Matched += r.Matched
			sum.opened = append(sum.opened, r.opened...)
			sum.changed = append(sum.changed, r.changed...)
			sum.closed = append(sum.closed, r.closed...)
		}
	}
	devices += c.Devices + c.Unseen
	slices.SortStableFunc(order, func(a, b string) int { // removed rules last, by name
		switch x, y := rules[a].Version == "", rules[b].Version == ""; {
		case x != y && y:
			return -1
		case x != y:
			return 1
		case x:
			return cmp.Compare(a, b)
		}
		return 0
	})
	for _, name := range order {
		c.add(rules[name], devices, elsewhere.Matched[name])
	}
	c.sort()
	return c
}

// add settles one rule: a rule beyond its share changes nothing.
func (c *Changes) add(r *ruled, devices, elsewhere int64) {
	all := r.Matched
	r.Matched -= elsewhere
	if devices > 0 {
		r.OfMillion = all * 1_000_000 / devices
	}
	if all > shareFloor && all*1_000_000 > r.maxShare*devices {
		r.Stopped = true
	} else {
		r.Opened, r.Changed, r.Closed = len(r.opened), len(r.changed), len(r.closed)
		c.Opened = append(c.Opened, r.opened...)
		c.Changed = append(c.Changed, r.changed...)
		c.Closed = append(c.Closed, r.closed...)
	}
	c.Rules = append(c.Rules, r.Result)
}

// sort puts everything into an order that does not depend on the order of the work.
func (c *Changes) sort() {
	byFinding := func(a, b device.Finding) int {
		return cmp.Or(cmp.Compare(a.IMEI, b.IMEI), cmp.Compare(a.Rule, b.Rule))
	}
	slices.SortStableFunc(c.Opened, byFinding)
	slices.SortStableFunc(c.Changed, byFinding)
	slices.SortStableFunc(c.Closed, func(a, b Closed) int { return byFinding(a.Finding, b.Finding) })
	slices.SortStableFunc(c.Due, func(a, b Due) int { return cmp.Compare(a.IMEI, b.IMEI) })
}
