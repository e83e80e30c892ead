package decide

import (
	"cmp"
	"context"
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

// maxLines is the most lines that one act of a rule has: enough that the act itself costs nothing,
// few enough that the excerpt for one device's holder is made in a moment.
const maxLines = 1 << 13

// rule brings what one rule has set to what its policy in force says, in one transaction.
type rule struct {
	b      *ledger.Batch
	p      list.Standing
	lifted *lifted
	today  device.Day // the last complete day
	left   uint64     // active pairs that it may still change today; asking the guard is dear while a day's old acts are in its sums
	fillIn func(context.Context, []*device.Finding) error
	waits  int    // measures that the guard, or the ceiling, does not let it take now
	why    string // of the first of them
}

// change is a line that a rule sets or drops, and what the device's holder may read of it.
type change struct {
	op  list.Op
	why string // one line, without its end
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

// measure acts on the rule's findings, strongest first, as far as its ceiling reaches today. The
// pairs come first: where one waits, or people took it back, its device is not refused.
func (r *rule) measure(ctx context.Context, findings []*device.Finding) error {
	if r.p.Ceiling == 0 {
		return nil // stopped, also where it would cost nothing
	}
	var chosen []*device.Finding
	var opsOf [][]list.Op
	for _, f := range r.asking(findings) {
		if Cost(f, r.p.Status) > r.left {
			continue // it waits; a weaker one that fits may still be acted on
		}
		var ops []list.Op
		for _, o := range Ops(f, &r.p.Policy) {
			if old, stands := r.b.Table().Find(o.Line.Key()); !stands || old.Status != o.Line.Status {
				ops = append(ops, o)
			}
		}
		if slices.ContainsFunc(ops, func(o list.Op) bool { return r.lifted.holds(f, o.Line.Key()) }) || !r.afford(ops, false) {
			continue
		}
		chosen, opsOf = append(chosen, f), append(opsOf, ops)
	}
	if err := r.fillIn(ctx, chosen); err != nil {
		return fmt.Errorf("reading what its findings rest on: %w", err)
	}
	var pairs, lines []change
	needs := map[list.Key]list.Key{} // line: pair
	for i, ops := range opsOf {
		why, last := reason(chosen[i]), len(ops)-1
		lines = append(lines, change{ops[last], why})
		for _, o := range ops[:last] {
			pairs = append(pairs, change{o, why})
			needs[ops[last].Line.Key()] = o.Line.Key()
		}
	}
	if err := r.append(pairs); err != nil {
		return err
	}
	return r.append(slices.DeleteFunc(lines, func(c change) bool {
		pair, has := needs[c.op.Line.Key()]
		_, stands := r.b.Table().Find(pair)
		return has && !stands
	}))
}

// asking returns the findings that ask for something, strongest first, those of equal strength by
// IMEI.
func (r *rule) asking(findings []*device.Finding) (out []*device.Finding) {
	for _, f := range findings {
		if r.asksFor(f) {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b *device.Finding) int {
		return cmp.Or(cmp.Compare(b.Strength, a.Strength), cmp.Compare(a.IMEI, b.IMEI))
	})
	return out
}

// afford takes from what the rule may still change today what the ops change. If there is not so
// much left it takes nothing, and they wait; told says whether people are told why.
func (r *rule) afford(ops []list.Op, told bool) bool {
	count := list.Count(r.b.Table(), ops, r.b.Seen())
	n := count.Pairs()
	if n <= r.left {
		r.left -= n
		return true
	}
	if told {
		r.wait("%q: it changes %d active pairs, and today %d more may be changed", ops[0], n, r.left)
	}
	return false
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
	ops := Ops(f, &p.Policy)
	l, stands = t.Find(ops[len(ops)-1].Line.Key())
	return l, true, stands
}

// asksFor reports whether a finding asks for a line that does not stand, or for a harder one than
// the rule itself set. What others set there is theirs; what is too hard is released, not set.
func (r *rule) asksFor(f *device.Finding) bool {
	l, may, stands := standing(r.b.Table(), f, &r.p, r.today)
	return may && (!stands || l.Status < r.p.Status && r.b.Guard().RuleOf(l.Act) == r.p.Rule)
}

// append appends the changes under the policy in few acts. Those of pairs are for the operator of
// the subscriber and no other's eyes, so that each operator's have acts of their own.
func (r *rule) append(changes []change) error {
	homes := map[string][]change{}
	for _, c := range changes {
		home := ""
		if imsi, ok := c.op.Line.Subscriber.IMSI(); ok {
			home = r.b.Guard().Directory().Home(imsi)
		}
		homes[home] = append(homes[home], c)
	}
	for _, home := range slices.Sorted(maps.Keys(homes)) {
		for act := range slices.Chunk(homes[home], maxLines) {
			if err := r.act(act); err != nil {
				return err
			}
		}
	}
	r.left = r.b.Guard().Left(r.p.Rule, r.b.Time())
	return nil
}

// act appends one act. If the guard refuses it for now it is tried by halves, so that only what
// really may not be done waits.
func (r *rule) act(changes []change) error {
	ops := make([]list.Op, len(changes))
	var why []byte
	for i, c := range changes {
		ops[i] = c.op
		why = append(append(why, c.why...), '\n')
	}
	c := receipt.Content{Kind: receipt.Measure, Key: ledger.KeyOf("automatic", r.p.Rule, fmt.Sprint(r.b.Size())),
		By: receipt.Author{Sort: receipt.Rule, Name: r.p.Rule}, Authority: r.p.Index}
	d, err := ledger.NewDraft(r.b.Random(), c, list.OpsText(ops), why)
	if err == nil {
		_, err = r.b.Append(d)
	}
	switch half := len(changes) / 2; {
	case err == nil || problem.Of(err) != problem.Refused:
		return err
	case half == 0:
		r.wait("%q: %v", ops[0], err)
		return nil
	default:
		if err := r.act(changes[:half]); err != nil {
			return err
		}
		return r.act(changes[half:])
	}
}

// wait counts a measure that can not be taken now. The first says why: there may be millions.
func (r *rule) wait(format string, o list.Op, args ...any) {
	if r.waits++; r.waits == 1 {
		r.why = fmt.Sprintf(format, append([]any{strings.TrimSuffix(string(list.OpsText([]list.Op{o})), "\n")}, args...)...)
	}
}

// reason is what the holder of a device may read of an automatic measure in the receipt: what the
// rule saw, on one line. It names no subscriber.
func reason(f *device.Finding) string {
	b := fmt.Appendf(nil, "The rule %s, version %s, holds since %s.", f.Rule, f.Version, f.Since)
	b = items(b, " Seen:", f.Evidence)
	return string(items(b, " Parameters:", f.Params))
}

// items writes texts by name, in the order of their names.
func items(b []byte, title string, of map[string]string) []byte {
	if len(of) == 0 {
		return b
	}
	b = append(b, title...)
	for i, name := range slices.Sorted(maps.Keys(of)) {
		if i > 0 {
			b = append(b, ';')
		}
		b = fmt.Appendf(b, " %s: %s", strings.ReplaceAll(name, "_", " "), strings.ReplaceAll(of[name], "\n", " "))
	}
	return append(b, '.')
}
