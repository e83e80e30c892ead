package decide

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// measure acts on a rule's findings, strongest first, as far as its ceiling reaches today.
func (s *Stage[T]) measure(b *ledger.Batch, p list.Standing, waiting []ledger.FindingRow) error {
	for i := range waiting {
		f := &waiting[i].Finding
		if !Waits(b.Table(), f, &p) {
			continue
		}
		if Cost(f, p.Status) > b.Guard().Left(p.Rule, b.Time()) {
			continue // it waits; a weaker one that fits may still be acted on
		}
		if err := s.act(b, p, f); err != nil {
			return err
		}
	}
	return nil
}

// Waits reports whether a policy's rule may act on a finding and has not yet: its line is not in
// the list.
func Waits(t *list.Table, f *device.Finding, p *list.Standing) bool {
	if f.Version != p.Version || !Automatic(f, p.Ground) {
		return false
	}
	acts := Ops(f, &p.Policy)
	line := acts[len(acts)-1][0].Line
	_, stands := t.Find(line.Key())
	return !stands
}

// act appends a finding's measures. Their keys are the digest of rule, version, subject and the
// episode's start, so that looking again adds nothing.
func (s *Stage[T]) act(b *ledger.Batch, p list.Standing, f *device.Finding) error {
	for _, ops := range Ops(f, &p.Policy) {
		key := ledger.KeyOf("automatic", f.Rule, f.Version, f.Since.String(), ops[0].Line.String())
		err := s.append(b, p, key, ops, reason(f))
		if problem.Of(err) == problem.Refused && err != nil {
			s.note("%s of %s waits: %v", f.Rule, f.IMEI, err)
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Stage[T]) append(b *ledger.Batch, p list.Standing, key receipt.Digest, ops []list.Op, why []byte) error {
	c := receipt.Content{Kind: receipt.Measure, Key: key, By: receipt.Author{Sort: receipt.Rule, Name: p.Rule}, Authority: p.Index}
	d, err := ledger.NewDraft(b.Random(), c, list.OpsText(ops), why)
	if err == nil {
		_, err = b.Append(d)
	}
	return err
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

// lift drops the lines of a rule's own measures whose finding has closed: for each device what
// holds against it first, then the pair. In the other order a line that has to wait would cut its
// owner off.
func (s *Stage[T]) lift(b *ledger.Batch, p list.Standing, open map[string]bool) error {
	var gone []list.Line
	for l := range b.Table().Lines() {
		f := device.Finding{IMEI: l.From, Rule: p.Rule}
		if l.One() && l.Ground == p.Ground && !open[f.Key()] && b.Guard().RuleOf(l.Act) == p.Rule {
			gone = append(gone, *l)
		}
	}
	slices.SortFunc(gone, func(a, b list.Line) int {
		return cmp.Or(cmp.Compare(a.From, b.From), -cmp.Compare(a.Class, b.Class), a.Compare(&b))
	})
	waits := map[imei.IMEI]bool{}
	for _, l := range gone {
		if waits[l.From] {
			continue
		}
		key := ledger.KeyOf("lift", p.Rule, l.String(), fmt.Sprint(l.Act))
		err := s.append(b, p, key, []list.Op{{Drop: true, Line: l}}, nil)
		if problem.Of(err) == problem.Refused && err != nil {
			waits[l.From] = true
			s.note("lifting %q waits: %v", l.String(), err)
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}
