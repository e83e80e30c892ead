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
// text, then rule.
type Changes struct {
	AsOf    device.Day
	Opened  []device.Finding
	Changed []device.Finding // as they are now; Since is kept
	Closed  []Closed
	// Due are the days on which to judge devices again though nothing new is seen: the whole truth
	// about the devices of the scope, so that one that is not here is not due.
	Due     []Due
	Devices int64 // devices with a history, and malformed identifiers that were seen
	Unseen  int64 // devices of the stolen and the barred list never seen
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
	Text string     `json:"text,omitempty"` // of a malformed identifier
	Day  device.Day `json:"day"`            // as soon as this is a complete day
}

// Result says what a pass did with one rule, and on what input.
type Result struct {
	Rule      string   `json:"rule"`
	Version   string   `json:"version"`
	Matched   int64    `json:"matched"` // devices of the scope for which it holds
	Opened    int      `json:"opened"`
	Changed   int      `json:"changed"`
	Closed    int      `json:"closed"`
	Ended     int64    `json:"ended,omitempty"`      // findings that hold no longer and are kept for the rule's gap_days
	Stopped   bool     `json:"stopped,omitempty"`    // it matches more than its share: nothing of it was changed
	Suspended bool     `json:"suspended,omitempty"`  // facts it needs are missing or stale: it opened and closed nothing
	Missing   []string `json:"missing,omitempty"`    // facts, and days that operators have not delivered; it closed nothing
	MoreGaps  int      `json:"more_gaps,omitempty"`  // gaps beyond those listed
	OfMillion int64    `json:"of_million,omitempty"` // share of all devices that match, in millionths
}

// Part is what was found in one scope, before it is settled.
type Part struct {
	Devices, Unseen int64

	asOf    device.Day
	until   device.Day // see Facts.AdoptedUntil
	amnesty Amnesty
	rules   []ruled
	index   map[string]int
	due     []Due
	moving  []Due // when findings can tell something else: see moves
}

// ruled is one rule's changes.
type ruled struct {
	Result
	condition       *Condition // nil of one that was removed
	maxShare        int64
	held            bool // its findings are kept and none is closed
	opened, changed []device.Finding
	closed          []Closed
}

func newPart(conditions *Conditions, f *Facts, cover Coverage, asOf device.Day) *Part {
	part := &Part{asOf: asOf, until: f.AdoptedUntil, amnesty: conditions.amnesty, index: map[string]int{}}
	for i := range conditions.list {
		c := &conditions.list[i]
		missing := c.Lacks(f, asOf)
		r := ruled{Result: Result{Rule: c.Name, Version: c.version, Suspended: len(missing) > 0, Missing: missing}, condition: c, maxShare: int64(c.MaxShare)}
		gaps := c.gaps(cover, asOf)
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

// compare sets what holds now against what was open, and against what another system had found. It
// returns the earliest day on which a finding that is kept without being judged is due, 0 if there is
// none.
func (p *Part) compare(found, open []device.Finding, adopted []device.Adopted) (again device.Day) {
	for i := range adopted {
		if f, ok := p.stuck(&adopted[i], found, open); ok {
			found = append(found, f)
		}
	}
	for i := range found {
		f := &found[i]
		var was *device.Finding
		if at := slices.IndexFunc(open, func(o device.Finding) bool { return o.Rule == f.Rule }); at >= 0 {
			was = &open[at]
		}
		again = earlier(again, p.holds(f, was, of(adopted, f.Rule)))
	}
	for i := range open {
		o := &open[i]
		if !slices.ContainsFunc(found, func(f device.Finding) bool { return f.Rule == o.Rule }) {
			again = earlier(again, p.ceased(o, of(adopted, o.Rule)))
		}
	}
	return again
}

// holds settles a finding that holds, and was open as o or not at all; over is what another system
// had found, if it had.
func (p *Part) holds(f, o *device.Finding, over *device.Adopted) (again device.Day) {
	r := &p.rules[p.index[f.Rule]]
	r.Matched++
	f.Incomplete = r.held
	was := o
	if o != nil && o.Ended != 0 && p.asOf-o.Ended > device.Day(r.condition.GapDays) {
		was = nil // it came back too late: a new episode, with grace of its own
	}
	if was != nil {
		f.Since = was.Since
		if was.Ended == 0 && was.Again > p.asOf && f.Again > was.Again {
			f.Again = was.Again // it will be looked at sooner anyway, and nothing has changed
			again = was.Again
		}
	}
	again = earlier(again, p.state(r.condition, f, p.continued(r.condition, f, was, over)))
	switch {
	case o == nil:
		r.opened = append(r.opened, *f)
	case !same(f, o):
		r.changed = append(r.changed, *f)
	}
	return again
}

// state settles the days of a finding, and returns when the amnesty changes them.
func (p *Part) state(c *Condition, f, was *device.Finding) (again device.Day) {
	c.state(f, was, p.amnesty, p.asOf)
	if f.Amnesty && f.Block == 0 {
		return p.amnesty.EvaluationEnds + 1
	}
	return 0
}

// ceased settles an open finding that was not found again.
func (p *Part) ceased(o *device.Finding, over *device.Adopted) (again device.Day) {
	at, known := p.index[o.Rule]
	if !known {
		at = p.removed(o.Rule)
	}
	r := &p.rules[at]
	if r.condition == nil {
		r.closed = append(r.closed, Closed{*o, "the rule was removed"})
		return 0
	}
	gap := device.Day(r.condition.GapDays)
	kept := *o
	switch {
	case r.held:
		again = p.asOf + 1
		kept.Incomplete = true
	case r.condition.Sticky && o.Ended == 0:
		kept.Incomplete = false
	case o.Ended == 0 && gap > 0:
		kept.Ended, kept.Again = p.asOf, p.asOf+gap
	case o.Ended == 0 || p.asOf-o.Ended >= gap:
		r.closed = append(r.closed, Closed{*o, "it no longer holds"})
		return 0
	}
	if kept.Ended == 0 {
		r.Matched++
		if o.Found != 0 {
			again = earlier(again, p.state(r.condition, &kept, p.continued(r.condition, &kept, o, over)))
		}
	} else {
		r.Ended++
		again = earlier(again, kept.Ended+gap)
	}
	if !same(&kept, o) {
		r.changed = append(r.changed, kept)
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
		a.Pairs == b.Pairs && a.Again == b.Again && a.Incomplete == b.Incomplete &&
		a.Found == b.Found && a.Block == b.Block && a.Ended == b.Ended && a.Amnesty == b.Amnesty && maps.Equal(a.Evidence, b.Evidence)
}

// Settle puts parts together, stops each rule that matches more than its share of devices, and
// returns what changed. The order of the parts does not matter.
func Settle(elsewhere Base, parts ...*Part) *Changes {
	c := settle(elsewhere, parts...)
	for _, p := range parts {
		c.Due = append(c.Due, p.due...)
		for i := range p.rules {
			if r := &p.rules[i]; !c.stopped(r.Rule) {
				c.Opened = append(c.Opened, r.opened...)
				c.Changed = append(c.Changed, r.changed...)
				c.Closed = append(c.Closed, r.closed...)
			}
		}
	}
	c.sort()
	return c
}

// settle does what Settle does, and leaves the findings where they are.
func settle(elsewhere Base, parts ...*Part) *Changes {
	c := &Changes{}
	devices := elsewhere.Devices
	rules := map[string][]*ruled{} // of each part
	var order []string
	for _, p := range parts {
		c.AsOf = max(c.AsOf, p.asOf)
		c.Devices += p.Devices
		c.Unseen += p.Unseen
		for i := range p.rules {
			r := &p.rules[i]
			if rules[r.Rule] == nil {
				order = append(order, r.Rule)
			}
			rules[r.Rule] = append(rules[r.Rule], r)
		}
	}
	devices += c.Devices + c.Unseen
	slices.SortStableFunc(order, func(a, b string) int { // removed rules last, by name
		switch x, y := rules[a][0].Version == "", rules[b][0].Version == ""; {
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
		c.Rules = append(c.Rules, settleRule(rules[name], devices, elsewhere.Matched[name]))
	}
	return c
}

// settleRule settles one rule: beyond its share it changes nothing.
func settleRule(parts []*ruled, devices, elsewhere int64) Result {
	r := parts[0].Result
	r.Matched, r.Ended = 0, 0
	for _, p := range parts {
		r.Matched += p.Matched
		r.Ended += p.Ended
	}
	all := r.Matched + elsewhere
	if devices > 0 {
		r.OfMillion = all * 1_000_000 / devices
	}
	if r.Stopped = all > shareFloor && all*1_000_000 > parts[0].maxShare*devices; !r.Stopped {
		for _, p := range parts {
			r.Opened, r.Changed, r.Closed = r.Opened+len(p.opened), r.Changed+len(p.changed), r.Closed+len(p.closed)
		}
	}
	return r
}

// stopped reports whether a rule was stopped.
func (c *Changes) stopped(rule string) bool {
	return slices.ContainsFunc(c.Rules, func(r Result) bool { return r.Rule == rule && r.Stopped })
}

// sort puts everything into an order that does not depend on the order of the work.
func (c *Changes) sort() {
	byFinding := func(a, b device.Finding) int { return compareFindings(&a, &b) } // no two have one key
	slices.SortFunc(c.Opened, byFinding)
	slices.SortFunc(c.Changed, byFinding)
	slices.SortFunc(c.Closed, func(a, b Closed) int { return byFinding(a.Finding, b.Finding) })
	slices.SortStableFunc(c.Due, func(a, b Due) int { return cmp.Or(cmp.Compare(a.IMEI, b.IMEI), cmp.Compare(a.Text, b.Text)) })
}
