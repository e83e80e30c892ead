package demo

import (
	"context"
	"fmt"

	"github.com/openceir/openceir/internal/node/centre"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// detect judges the country as of its last day.
func (d *Demo) detect(ctx context.Context) error {
	if err := d.Centre.Run(ctx, d.config.Last); err != nil {
		return err
	}
	s, err := d.Centre.Status(ctx)
	if err != nil {
		return err
	}
	d.say("Detection, as of %s. Every rule is a shadow so far: nothing follows from its findings.", s.Day)
	for _, r := range s.Rules {
		d.Result.Findings[r.Name] = int64(r.Open)
		d.say("  %-16s %6d findings", r.Name, r.Open)
	}
	return d.measureDetection(ctx)
}

// rules are given authority in this order, so that the clearest grounds have the first claim on
// what may be changed in a day. Who holds a device with a number nobody allocated has done nothing
// wrong that they know of: it is tracked until somebody has told them.
var rules = []struct {
	name   string
	status list.Status
}{{"stolen", list.Prohibited}, {"duplicate-place", list.Prohibited}, {"not-allocated", list.Tracked}}

// decide lets people sign the base of the guard and a policy for each rule, and enacts what the
// policies allow.
func (d *Demo) decide(ctx context.Context) error {
	digest, err := d.Centre.ProposeActive(ctx)
	if err != nil {
		return err
	}
	if err := d.sign(ctx, digest); err != nil {
		return err
	}
	most := d.Centre.Guard().Active() / 100
	d.say("Two organisations signed the base of the guard: %d active pairs of device and subscriber, so that at\nmost %d may be newly refused in a day, whoever signs, unless it was announced a day before.", d.Centre.Guard().Active(), most)
	for _, rule := range rules {
		dry, err := d.Centre.DryRun(ctx, rule.name, rule.status)
		if err != nil {
			return err
		}
		if dry.Automatic == 0 {
			continue
		}
		digest, dry, err := d.Centre.ProposePolicy(ctx, rule.name, rule.status, min(dry.Pairs, max(1, most)))
		if err != nil {
			return err
		}
		if err := d.sign(ctx, digest); err != nil {
			return err
		}
		p, _, ok := d.Centre.Guard().Policy(rule.name)
		if !ok {
			d.say("  %-16s would refuse %d pairs: too many to sign for today, it waits its 24 hours", rule.name, dry.Pairs)
			continue
		}
		if !p.Status.Refuses() {
			d.say("  %-16s may set %s on its %d findings, which refuses nobody", rule.name, p.Status, dry.Automatic)
			continue
		}
		d.say("  %-16s may set %s on %d of its %d findings, %d pairs, at most %d a day", rule.name, p.Status, dry.Automatic, dry.Findings, dry.Pairs, p.Ceiling)
	}
	return nil
}

// sign lets one person of each organisation approve a content, and enacts it.
func (d *Demo) sign(ctx context.Context, content receipt.Digest) error {
	for _, who := range []centre.Signer{d.people[0], d.people[2]} {
		if err := d.Centre.Sign(ctx, content, who, receipt.Approve); err != nil {
			return err
		}
	}
	return d.Centre.Run(ctx, 0)
}

// publish waits until every node has verified the list and put it in force.
func (d *Demo) publish(ctx context.Context) error {
	if err := d.Centre.Run(ctx, 0); err != nil {
		return err
	}
	s, err := d.Centre.Status(ctx)
	if err != nil {
		return err
	}
	for _, l := range s.Lines {
		d.Result.Lists[l.Name] = l.N
	}
	if d.Result.Decisions, err = d.Centre.CountKind(ctx, receipt.Measure); err != nil {
		return err
	}
	for _, n := range d.nodes {
		if err := n.Sync(ctx); err != nil {
			return fmt.Errorf("node %s: %w", n.config.Node, err)
		}
		if n.Lists.Size() == 0 {
			return fmt.Errorf("node %s has no list", n.config.Node)
		}
	}
	d.say("%d decisions: %d devices prohibited, %d tracked, %d owners paired with theirs. Each node has verified the\nlist, line by line, and put it in force.", d.Result.Decisions,
		d.Result.Lists[list.Prohibited.String()], d.Result.Lists[list.Tracked.String()], d.Result.Lists[list.Allowed.String()])
	return nil
}
