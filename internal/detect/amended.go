package detect

import (
	"context"

	"github.com/openceir/openceir/internal/ledger"
)

// amended returns the rules that a run has to judge where nothing happened since the last, of the same
// day, but that other conditions were put in force: those that are new or changed, and those that are
// gone. What the others found stands, and so do their due days. It returns nil if all have to be judged:
// where the new conditions look back to another day, ask for other lists or have another amnesty, and
// where the last run leaves something to do. What operators have delivered must be known.
func (s *Stage[T]) amended(ctx context.Context, view T, before *findings, in *inputs) (map[string]bool, error) {
	if before.Delivered == nil || before.Day != in.asOf || len(in.adopted.Parts) > 0 {
		return nil, nil
	}
	for leaf, err := range view.Leaves(ctx, before.Upto, triggers...) {
		if err != nil || leaf.Kind != ledger.KindConditions && leaf.Kind != ledger.KindDay {
			return nil, err
		}
	}
	was, err := conditionsBefore(ctx, view, before.Upto)
	if err != nil || before.By != s.by(was) || !was.alike(in.conditions) {
		return nil, err
	}
	rules := map[string]bool{}
	for i := range was.list {
		if c := in.conditions.Find(was.list[i].Name); c == nil || c.version != was.list[i].version {
			rules[was.list[i].Name] = true
		}
	}
	for _, r := range newPart(in.conditions, in.facts, in.coverage, in.asOf).rules {
		n := before.Rules[r.Rule]
		switch {
		case was.Find(r.Rule) == nil:
			rules[r.Rule] = true
		case !rules[r.Rule] && (n.Stopped || n.Held != r.held):
			return nil, nil
		}
	}
	return rules, nil
}

// conditionsBefore returns the conditions that were in force before a record.
func conditionsBefore(ctx context.Context, view View, record uint64) (*Conditions, error) {
	last, there := uint64(0), false
	for leaf, err := range view.Leaves(ctx, 0, ledger.KindConditions) {
		if err != nil {
			return nil, err
		}
		if leaf.Index < record {
			last, there = leaf.Index, true
		}
	}
	if !there {
		return Default(), nil
	}
	body, err := view.Body(ctx, last)
	if err != nil {
		return nil, err
	}
	return Load(body)
}

// alike reports whether two sets of rules look at the same of every device, so that a rule that both
// have finds the same.
func (s *Conditions) alike(o *Conditions) bool {
	for _, kind := range factKinds {
		if s.Asks(kind) != o.Asks(kind) {
			return false
		}
	}
	return s.horizon == o.horizon && s.amnesty == o.amnesty
}
