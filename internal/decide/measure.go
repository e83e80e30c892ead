package decide

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// rule brings what one rule has set to what its policy in force says, in one transaction.
type rule struct {
	b     *ledger.Batch
	p     list.Standing
	today device.Day // the last complete day
	left  uint64     // active pairs that it may still change today; asking the guard is dear while a day's old acts are in its sums
	waits int        // measures that the guard, or the ceiling, does not let it take now
	why   string     // of the first of them
}

// linesOf returns the lines in the list that rules set, by rule.
func linesOf(b *ledger.Batch) map[string][]list.Line {
	out := map[string][]list.Line{}
	for l := range b.Table().Lines() {
		if of := b.Guard().RuleOf(l.Act); of != "" {
			out[of] = append(out[of], *l)
		}
	}
	return out
}

// measure acts on the rule's findings, strongest first, as far as its ceiling reaches today.
func (r *rule) measure(findings []ledger.FindingRow) error {
	if r.p.Ceiling == 0 {
		return nil // stopped, also where it would cost nothing
	}
	for i := range findings {
		f := &findings[i].Finding
		if !r.asksFor(f) {
			continue
		}
		if Cost(f, r.p.Status) > r.left {
			continue // it waits; a weaker one that fits may still be acted on
		}
		if err := r.act(f); err != nil {
			return err
		}
	}
	return nil
}

// Waits reports whether a policy's rule may act on a finding and has not yet: its line is not in
// the list.
func Waits(t *list.Table, f *device.Finding, p *list.Standing, today device.Day) bool {
	_, may, stands := standing(t, f, p, today)
	return may && !stands
}

// standing returns the line that stands where a finding's would, and whether the rule may act on
// the finding at all.
func standing(t *list.Table, f *device.Finding, p *list.Standing, today device.Day) (l list.Line, may, stands bool) {
	if f.Version != p.Version || !Automatic(f, p.Ground, today) {
		return l, false, false
	}
	acts := Ops(f, &p.Policy)
	l, stands = t.Find(acts[len(acts)-1][0].Line.Key())
	return l, true, stands
}

// asksFor reports whether a finding asks for a line that does not stand, or for a harder one than
// the rule itself set. What others set there is theirs; what is too hard is released, not set.
func (r *rule) asksFor(f *device.Finding) bool {
	l, may, stands := standing(r.b.Table(), f, &r.p, r.today)
	return may && (!stands || l.Status < r.p.Status && r.b.Guard().RuleOf(l.Act) == r.p.Rule)
}

// act appends a finding's measures. If one waits, or people took it back, those after it wait too:
// nobody is refused whose pair can not be set before.
func (r *rule) act(f *device.Finding) error {
	for _, ops := range Ops(f, &r.p.Policy) {
		l := ops[0].Line
		old, stands := r.b.Table().Find(l.Key())
		if stands && old.Status == l.Status {
			continue
		}
		key := changeKey(r.p.Rule, l, old.Act)
		if !stands {
			var free bool
			var err error
			if key, free, err = r.episodeKey(f, l); err != nil || !free {
				return err
			}
		}
		if _, done, err := r.append(key, ops[0], reason(f)); err != nil || !done {
			return err
		}
	}
	return nil
}

// append appends a measure of one line under the policy. done is false if the guard refuses it for
// now: it waits.
func (r *rule) append(key receipt.Digest, o list.Op, why []byte) (index uint64, done bool, err error) {
	ops := []list.Op{o}
	count := list.Count(r.b.Table(), ops, r.b.Seen())
	if n := count.Pairs(); n > r.left {
		r.wait("%q: it changes %d active pairs, and today %d more may be changed", o, n, r.left)
		return 0, false, nil
	}
	c := receipt.Content{Kind: receipt.Measure, Key: key, By: receipt.Author{Sort: receipt.Rule, Name: r.p.Rule}, Authority: r.p.Index}
	d, err := ledger.NewDraft(r.b.Random(), c, list.OpsText(ops), why)
	if err == nil {
		index, err = r.b.Append(d)
	}
	if err != nil && problem.Of(err) == problem.Refused {
		r.wait("%q: %v", o, err)
		return 0, false, nil
	}
	r.left = r.b.Guard().Left(r.p.Rule, r.b.Time())
	return index, err == nil, err
}

// wait counts a measure that can not be taken now. The first says why: there may be millions.
func (r *rule) wait(format string, o list.Op, args ...any) {
	if r.waits++; r.waits == 1 {
		r.why = fmt.Sprintf(format, append([]any{strings.TrimSuffix(string(list.OpsText([]list.Op{o})), "\n")}, args...)...)
	}
}

// reason is the personal part of an automatic measure: what its holder may read in the receipt, a
// line for each thing that the rule saw. It names no subscriber.
func reason(f *device.Finding) []byte {
	b := fmt.Appendf(nil, "The rule %s, version %s, holds since %s.\n", f.Rule, f.Version, f.Since)
	for _, name := range slices.Sorted(maps.Keys(f.Evidence)) {
		b = fmt.Appendf(b, "%s: %s\n", strings.ReplaceAll(name, "_", " "), f.Evidence[name])
	}
	for _, name := range slices.Sorted(maps.Keys(f.Params)) {
		b = fmt.Appendf(b, "parameter %s: %s\n", strings.ReplaceAll(name, "_", " "), f.Params[name])
	}
	return b
}
