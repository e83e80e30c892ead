package decide

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/list"
)

// release lifts the lines of the rule's own measures whose finding has closed, and makes milder
// those that are harder than its policy. For each device what holds against it goes first, then the
// pair, which waits for as long as its subscriber would be refused without it.
func (r *rule) release(own []list.Line, findings []ledger.FindingRow) error {
	open := make(map[imei.IMEI]bool, len(findings))
	for i := range findings {
		if f := &findings[i].Finding; f.Ended == 0 {
			open[f.IMEI] = true
		}
	}
	own = slices.DeleteFunc(own, func(l list.Line) bool { return open[l.From] && r.mild(&l) && l.Ground == r.p.Ground })
	slices.SortFunc(own, func(a, b list.Line) int {
		return cmp.Or(order(open[a.From])-order(open[b.From]), cmp.Compare(a.From, b.From), -cmp.Compare(a.Class, b.Class), a.Compare(&b))
	})
	for _, l := range own {
		if err := r.lift(l, open[l.From]); err != nil {
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

// lift takes a line away or, if its finding is open, down to what the policy says. The guard lets a
// rule touch only what its policy in force could set, so a harder line is made milder before it is
// dropped, and what can not be had that way waits for people.
func (r *rule) lift(l list.Line, open bool) error {
	switch {
	case l.Ground != r.p.Ground:
		r.wait("%q, which only people can lift: the policy of the rule is for another ground now, %s", list.Op{Drop: true, Line: l}, r.p.Ground)
		return nil
	case l.Class == list.Listed && l.Status < r.p.Status: // closed, and not to be made harder for that
		r.wait("%q, which only people can lift: the policy of the rule is for %s now", list.Op{Drop: true, Line: l}, r.p.Status)
		return nil
	case !r.mild(&l):
		milder := l
		milder.Status = r.p.Status
		why := fmt.Appendf(nil, "The policy of the rule %s in force, record %d, says %s.\n", r.p.Rule, r.p.Index, r.p.Status)
		act, done, err := r.append(changeKey(r.p.Rule, milder, l.Act), list.Op{Line: milder}, why)
		if err != nil || !done {
			return err
		}
		l, l.Act = milder, act
	}
	if open {
		return nil
	}
	drop := list.Op{Drop: true, Line: l}
	if n := list.Count(r.b.Table(), []list.Op{drop}, r.b.Seen()).Refuses; n > 0 {
		r.wait("%q: it would refuse %d active pairs, for something else holds against them", drop, n)
		return nil
	}
	_, _, err := r.append(liftKey(r.p.Rule, l, l.Act), drop, nil)
	return err
}
