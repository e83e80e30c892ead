package decide

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/list"
)

// release lifts the lines of the rule's own measures whose finding has closed, and makes milder
// those that are harder than its policy; what is closed comes first. The guard lets a rule touch only
// what its policy in force could set, so a harder line is made milder before it is dropped, and what
// can not be had that way waits for people. What holds against a device goes before its pair, which
// waits for as long as its subscriber would be refused without it.
func (r *rule) release(own []list.Line, findings []*device.Finding) error {
	open := make(map[imei.IMEI]bool, len(findings))
	for _, f := range findings {
		if f.Ended == 0 {
			open[f.IMEI] = true
		}
	}
	own = slices.DeleteFunc(own, func(l list.Line) bool { return open[l.From] && r.mild(&l) && l.Ground == r.p.Ground || !r.mayTouch(&l) })
	slices.SortFunc(own, func(a, b list.Line) int {
		return cmp.Or(order(open[a.From])-order(open[b.From]), a.Compare(&b))
	})
	if err := r.soften(own); err != nil {
		return err
	}
	own = slices.DeleteFunc(own, func(l list.Line) bool { return open[l.From] })
	for _, class := range []list.Class{list.Listed, list.Pair} {
		if err := r.drop(own, class); err != nil {
			return err
		}
	}
	return nil
}

// order puts what is closed before what is open.
func order(open bool) int {
	if open {
		return 1
	}
	return 0
}

// mild reports whether the line is not harder than what the policy says.
func (r *rule) mild(l *list.Line) bool { return l.Class == list.Pair || l.Status <= r.p.Status }

// mayTouch reports whether the guard lets the rule drop a line or make it milder. What it can not
// waits for people.
func (r *rule) mayTouch(l *list.Line) bool {
	switch {
	case l.Ground != r.p.Ground:
		r.wait("%q, which only people can lift: the policy of the rule is for another ground now, %s", list.Op{Drop: true, Line: *l}, r.p.Ground)
		return false
	case l.Class == list.Listed && l.Status < r.p.Status: // closed, and not to be made harder for that
		r.wait("%q, which only people can lift: the policy of the rule is for %s now", list.Op{Drop: true, Line: *l}, r.p.Status)
		return false
	}
	return true
}

// soften makes lines as mild as the policy says.
func (r *rule) soften(lines []list.Line) error {
	why := fmt.Sprintf("The policy of the rule %s in force, record %d, says %s.", r.p.Rule, r.p.Index, r.p.Status)
	var changes []change
	for _, l := range lines {
		if r.mild(&l) {
			continue
		}
		l.Status = r.p.Status
		if o := (list.Op{Line: l}); r.afford([]list.Op{o}, true) {
			changes = append(changes, change{o, why})
		}
	}
	return r.append(changes)
}

// drop takes the lines of one class away, those that were to be made milder and were not excepted.
func (r *rule) drop(lines []list.Line, class list.Class) error {
	why := fmt.Sprintf("The rule %s does not hold any more.", r.p.Rule)
	var changes []change
	for _, l := range lines {
		now, stands := r.b.Table().Find(l.Key())
		if l.Class != class || !stands || !r.mild(&now) {
			continue
		}
		o := list.Op{Drop: true, Line: now}
		if n := list.Count(r.b.Table(), []list.Op{o}, r.b.Seen()).Refuses; n > 0 {
			r.wait("%q: it would refuse %d active pairs, for something else holds against them", o, n)
		} else if r.afford([]list.Op{o}, true) {
			changes = append(changes, change{o, why})
		}
	}
	return r.append(changes)
}
