package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/openceir/openceir/internal/node/centre"
	"github.com/openceir/openceir/internal/problem"
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
		if err := d.authorise(ctx, rule.name, rule.status); err != nil {
			return err
		}
	}
	return d.untilNothingWaits(ctx)
}

// authorise lets people sign a policy for a rule. One that would refuse too many for two
// organisations to sign at once is announced, and a day passes.
func (d *Demo) authorise(ctx context.Context, rule string, status list.Status) error {
	dry, err := d.Centre.DryRun(ctx, rule, status)
	if err != nil || dry.Automatic == 0 {
		return err
	}
	digest, dry, err := d.Centre.ProposePolicy(ctx, rule, status, max(1, dry.Pairs)) // 0 would stop the rule
	if err != nil {
		return err
	}
	if err := d.sign(ctx, digest); err != nil {
		return err
	}
	if _, _, ok := d.Centre.Guard().Policy(rule); !ok {
		d.say("  %-16s would refuse %d pairs: more than anyone may sign for at once. It is announced; a day passes.", rule, dry.Pairs)
		if err := d.nextDay(ctx); err != nil {
			return err
		}
	}
	switch p, _, ok := d.Centre.Guard().Policy(rule); {
	case !ok:
		return fmt.Errorf("the policy of %s was signed and announced, and is not in force", rule)
	case !status.Refuses():
		d.say("  %-16s may set %s on its %d findings, which refuses nobody", rule, status, dry.Automatic)
	default:
		d.say("  %-16s may set %s on %d of its %d findings, %d pairs, at most %d a day", rule, status, dry.Automatic, dry.Findings, dry.Pairs, p.Ceiling)
	}
	return nil
}

// maxDays bounds how long the demonstration lets days pass for what waits.
const maxDays = 10

// untilNothingWaits lets days pass while findings wait for what may still be changed in a day.
func (d *Demo) untilNothingWaits(ctx context.Context) error {
	for range maxDays {
		waiting, err := d.Centre.Waiting(ctx)
		if err != nil || waiting == 0 {
			return err
		}
		d.say("  %d findings wait, because the day's limit is reached; a day passes.", waiting)
		if err := d.nextDay(ctx); err != nil {
			return err
		}
	}
	return nil
}

// nextDay lets every node hear what was announced, and a day pass.
func (d *Demo) nextDay(ctx context.Context) error {
	if err := d.Centre.Run(ctx, 0); err != nil {
		return err
	}
	for _, n := range d.nodes {
		if err := n.Sync(ctx); err != nil {
			return err
		}
	}
	d.ahead.Add(int64(24*time.Hour + time.Minute))
	return d.Centre.Run(ctx, 0)
}

// sign lets one person of each organisation approve a content, and enacts it. The centre that serves
// may have enacted it after the first, where one suffices: the second then has nothing left to sign.
func (d *Demo) sign(ctx context.Context, content receipt.Digest) error {
	for _, who := range []centre.Signer{d.people[0], d.people[2]} {
		if err := d.Centre.Sign(ctx, content, who, receipt.Approve); err != nil && problem.Of(err) != problem.Conflict {
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
		d.Result.Decisions += l.N
	}
	acts, err := d.Centre.CountKind(ctx, receipt.Measure)
	if err != nil {
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
	d.say("%d decisions in %d acts: %d devices prohibited, %d tracked, %d owners paired with theirs. Each node has\nverified the list, line by line, and put it in force.", d.Result.Decisions, acts,
		d.Result.Lists[list.Prohibited.String()], d.Result.Lists[list.Tracked.String()], d.Result.Lists[list.Allowed.String()])
	return nil
}
