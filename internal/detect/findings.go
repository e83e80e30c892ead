package detect

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/problem"
)

// findings is what was found so far. Buckets are those of the lake, and the one of malformed
// identifiers.
type findings struct {
	ledger.Detection        // the last act's word
	act              uint64 // which that is, 0 if there is none
	parts            [device.Buckets + 1][]ledger.PartRow
	due              [device.Buckets][]ledger.PartRow     // that say when to judge devices again
	older            [device.Buckets + 1][]device.Finding // what a register of the older form has instead of parts
}

// bucketOf returns the bucket of a finding.
func bucketOf(f *device.Finding) int {
	if f.Text != "" {
		return device.Buckets
	}
	return device.BucketOf(f.IMEI)
}

// findings asks for what was found so far.
func (s *Stage[T]) findings(ctx context.Context, view View) (*findings, error) {
	f := &findings{}
	body, act, ok, err := view.LastBody(ctx, ledger.KindFindings)
	if err != nil || !ok {
		return f, err
	}
	f.act = act
	if f.Detection, ok, err = ledger.ReadDetection(body); err != nil {
		return nil, err
	}
	if !ok {
		older, err := view.OlderFindings(ctx)
		for i := range older {
			b := bucketOf(&older[i])
			f.older[b] = append(f.older[b], older[i])
		}
		return f, err
	}
	parts, err := view.FindingParts(ctx)
	for _, p := range parts {
		if p.Part.Bucket < 0 || p.Part.Bucket > device.Buckets {
			return nil, problem.New(problem.Broken, "a part of findings is of bucket %d, which there is not: run ceir ledger verify", p.Part.Bucket)
		}
		f.parts[p.Part.Bucket] = append(f.parts[p.Part.Bucket], p)
	}
	if err != nil {
		return nil, err
	}
	parts, err = view.DueParts(ctx)
	for _, p := range parts {
		if p.Part.Bucket < 0 || p.Part.Bucket >= device.Buckets {
			return nil, problem.New(problem.Broken, "a part of due days is of bucket %d, which there is not: run ceir ledger verify", p.Part.Bucket)
		}
		f.due[p.Part.Bucket] = append(f.due[p.Part.Bucket], p)
	}
	return f, err
}

// open reads the open findings of a bucket.
func (s *Stage[T]) open(ctx context.Context, f *findings, bucket int) ([]device.Finding, error) {
	if f.older[bucket] != nil {
		return f.older[bucket], nil
	}
	return s.Lake.Findings(ctx, partsOf(f.parts[bucket]), bucket)
}

// openBy reads those of the rules that are judged.
func (s *Stage[T]) openBy(ctx context.Context, r *result, bucket int) ([]device.Finding, error) {
	if r.rules == nil {
		return s.open(ctx, r.before, bucket)
	}
	return s.Lake.FindingsBy(ctx, partsOf(r.before.parts[bucket]), bucket, r.rules)
}

func partsOf(rows []ledger.PartRow) []device.Part {
	parts := make([]device.Part, len(rows))
	for i, p := range rows {
		parts[i] = p.Part
	}
	return parts
}

// keep settles what was found, writes what changed into the lake and returns what the act says of it.
func (s *Stage[T]) keep(ctx context.Context, r *result) (*ledger.Detection, error) {
	ch := settle(r.elsewhere(), r.found[:]...)
	texts := r.found[device.Buckets]
	d := &ledger.Detection{Day: r.in.asOf, Delivered: r.in.delivered, By: r.in.by, Rules: map[string]ledger.RuleCount{},
		Devices: ch.Devices - texts.Devices, Unseen: ch.Unseen - texts.Unseen}
	if r.scope != nil {
		d.Devices += r.before.Devices - r.gone.devices
		d.Unseen += r.before.Unseen - r.gone.unseen
	}
	if r.scope != nil || r.rules != nil {
		for rule, n := range r.before.Rules {
			d.Rules[rule] = ledger.RuleCount{Open: n.Open, Ended: n.Ended, Held: n.Held && r.rules != nil && !r.rules[rule]}
		}
		for bucket := range r.open {
			for i := range r.open[bucket] {
				counted(d.Rules, &r.open[bucket][i], -1)
			}
		}
	}
	d.Text = said(ch, d.Devices+texts.Devices, d.Unseen+texts.Unseen)
	if r.rules != nil {
		d.Text["judged"] = fmt.Sprintf("every device by %d rules, which are new, changed or gone", len(r.rules))
	}
	if r.scope != nil {
		d.Text["judged"] = fmt.Sprintf("%d devices: those that files speak of which came or went, and those that were due", r.scope.judged)
	}
	for bucket, part := range r.found {
		rows := part.rows(ch)
		after := overlay(r.open[bucket], rows)
		for i := range after {
			counted(d.Rules, &after[i].Finding, 1)
		}
		if err := s.keepBucket(ctx, r, d, bucket, rows, after); err != nil {
			return nil, err
		}
		if bucket < device.Buckets {
			if err := s.keepDue(ctx, r, d, bucket); err != nil {
				return nil, err
			}
		}
	}
	for i := range ch.Rules {
		n := d.Rules[ch.Rules[i].Rule]
		n.Stopped = ch.Rules[i].Stopped
		d.Rules[ch.Rules[i].Rule] = n
	}
	for _, rule := range texts.rules {
		n := d.Rules[rule.Rule]
		n.Held = rule.held
		d.Rules[rule.Rule] = n
	}
	maps.DeleteFunc(d.Rules, func(_ string, n ledger.RuleCount) bool { return n == ledger.RuleCount{} })
	return d, nil
}

// counted adds a finding to the counts, or takes it away.
func counted(rules map[string]ledger.RuleCount, f *device.Finding, by int64) {
	n := rules[f.Rule]
	n.Open += by
	if f.Ended != 0 {
		n.Ended += by
	}
	rules[f.Rule] = n
}

// keepBucket writes a part with what changed, or one with all that is open where the parts have
// become many or what they change is much of what there is. after is what is open of the devices that
// were judged.
func (s *Stage[T]) keepBucket(ctx context.Context, r *result, d *ledger.Detection, bucket int, rows, after []ledger.FindingRow) error {
	parts := r.before.parts[bucket]
	if len(rows) == 0 && len(r.before.older[bucket]) == 0 {
		return nil
	}
	if crowded(parts, len(rows)) {
		d.Gone = append(d.Gone, gone(parts)...)
		if r.scope != nil && bucket < device.Buckets || r.rules != nil {
			all, err := s.open(ctx, r.before, bucket)
			if err != nil {
				return err
			}
			after = overlay(all, rows)
		}
		rows = after
	}
	if len(rows) == 0 {
		return nil
	}
	p, err := s.Lake.WriteFindings(ctx, bucket, rows)
	d.Added = append(d.Added, p)
	return err
}

// crowded reports whether so many more changes are written as a part of all that there is.
func crowded(parts []ledger.PartRow, rows int) bool {
	changed := int64(rows)
	for i, p := range parts {
		if i > 0 {
			changed += p.Part.Rows
		}
	}
	return len(parts) == 0 || len(parts) == maxFindingParts || changed*mergeShare > parts[0].Part.Rows
}

// gone names parts that are to count no longer.
func gone(parts []ledger.PartRow) (out []ledger.FindingPart) {
	for _, p := range parts {
		out = append(out, ledger.FindingPart{Act: p.BroughtBy(), Digest: p.Part.Digest})
	}
	return out
}

// rows returns the changes that were settled as parts of the lake have them.
func (p *Part) rows(settled *Changes) []ledger.FindingRow {
	n := 0
	for i := range p.rules {
		r := &p.rules[i]
		n += len(r.opened) + len(r.changed) + len(r.closed)
	}
	out := make([]ledger.FindingRow, 0, n)
	for i := range p.rules {
		r := &p.rules[i]
		if settled.stopped(r.Rule) {
			continue
		}
		for k := range r.opened {
			out = append(out, ledger.FindingRow{Finding: r.opened[k]})
		}
		for k := range r.changed {
			out = append(out, ledger.FindingRow{Finding: r.changed[k]})
		}
		for k := range r.closed {
			out = append(out, ledger.FindingRow{Finding: r.closed[k].Finding, Closed: true})
		}
		r.opened, r.changed, r.closed = nil, nil, nil // there may be many
	}
	slices.SortFunc(out, func(x, y ledger.FindingRow) int { return compareFindings(&x.Finding, &y.Finding) })
	return out
}

func compareFindings(a, b *device.Finding) int {
	if c := cmp.Compare(a.IMEI, b.IMEI); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.Text, b.Text), cmp.Compare(a.Rule, b.Rule))
}

// overlay returns what is open after changes. Both are sorted.
func overlay(open []device.Finding, changes []ledger.FindingRow) []ledger.FindingRow {
	if len(open) == 0 {
		return changes // all are opened
	}
	out := make([]ledger.FindingRow, 0, len(open)+len(changes))
	for len(open) > 0 || len(changes) > 0 {
		c := -1
		switch {
		case len(open) == 0:
			c = 1
		case len(changes) > 0:
			c = compareFindings(&open[0], &changes[0].Finding)
		}
		if c < 0 {
			out = append(out, ledger.FindingRow{Finding: open[0]})
			open = open[1:]
			continue
		}
		if !changes[0].Closed {
			out = append(out, changes[0])
		}
		changes = changes[1:]
		if c == 0 {
			open = open[1:]
		}
	}
	return out
}

// unchanged refuses to write after another process has judged: what it wrote is not what this run
// compared with.
func (f *findings) unchanged(ctx context.Context, view View) error {
	_, act, _, err := view.LastBody(ctx, ledger.KindFindings)
	if err == nil && act != f.act {
		err = problem.New(problem.Conflict, "another process has judged the country meanwhile (record %d): run again", act)
	}
	return err
}
