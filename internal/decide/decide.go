// Package decide turns findings and people's signatures into acts.
//
// A finding leads to an automatic measure only under its rule's policy, an act that people signed
// for a ceiling of active pairs a day: the strongest evidence first, until the ceiling is used; the
// rest waits, visibly, as open findings. A rule without a policy is a shadow: its findings are
// kept and nothing follows from them.
//
// The stage compares the lines that a rule set with what its policy in force says of its open
// findings, and brings the one to the other. When a finding closes, what was set on it is lifted;
// under a milder policy a line is replaced by the milder one, under a harder policy by the harder.
// Releases come first, and use up the ceiling like everything else. A line of another ground than
// the policy's, or one milder than a policy that would have to lift it, is beyond what the guard lets
// the rule do: it waits for people, and a note says so. What people lifted stays lifted while the
// finding's episode lasts, whatever the policy becomes.
//
// What a rule does at once is one act of many lines, so that a ceiling of a hundred thousand devices
// costs about what one does; the holder of one device is shown no line but theirs. The pairs of one
// operator's subscribers are an act of their own, which no other operator gets.
//
// Nothing follows from a finding before its days of grace are over, and nothing stands when it no
// longer holds: that a rule remembers it through a gap keeps the grace from beginning anew, not the
// line.
//
// Among the devices that share one identity, the subscriber with the best claim is paired before
// the identity is refused, so that a victim is never cut off for the clone's sake; where no claim
// stands out, nothing is automatic and a person decides.
//
// Whatever needs signatures is announced as a proposal, signed by people one by one, and enacted
// as soon as the guard finds the signatures enough. One denial vetoes.
package decide

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// View is what the stage reads.
type View interface {
	Log
	// FindingsOfRules returns the open findings of rules on devices, in any order and without what they
	// rest on: there are many, and few lead to anything.
	FindingsOfRules(ctx context.Context, rules ...string) (map[string][]*device.Finding, error)
	// FillIn gives findings what they rest on, their parameters and evidence.
	FillIn(ctx context.Context, findings []*device.Finding) error
	// Proposals returns the proposals that are not enacted, and the signatures on each.
	Proposals(ctx context.Context) ([]ledger.ProposalRow, map[receipt.Digest][]ledger.SignatureRow, error)
	// LastDay returns the last complete day that was recorded.
	LastDay(ctx context.Context) (day device.Day, ok bool, err error)
}

// Log is the ledger itself; see ledger.Tx.
type Log interface {
	Head(ctx context.Context) (ledger.Head, error)
	Leaves(ctx context.Context, from uint64, kinds ...receipt.Kind) iter.Seq2[ledger.Leaf, error]
	// Body returns the body of a record's effect.
	Body(ctx context.Context, index uint64) ([]byte, error)
}

// Tx is what it writes through.
type Tx interface {
	View
	Append(d ledger.Draft) (uint64, error)
	Batch() *ledger.Batch
}

// Stage is the stage "decide". It is level-triggered: it compares what stands with what should,
// so that it may look as often as it likes.
type Stage[T Tx] struct {
	// State returns the ledger's state that the view belongs to, or a later one.
	State func() *ledger.State
	// Now is the clock; without one the stage looks only at what is appended.
	Now func() time.Time
	// Zone is the country's, by which days are told; nil for UTC.
	Zone *time.Location
	// Note is told what the stage could not enact and why, for people to see.
	Note func(format string, args ...any)

	looked time.Time // when it last looked at everything
	lifted lifted
}

// lookAgain is after how long the stage looks at everything though nothing was appended that calls
// for it: as time passes, the sums of the guard fall and announcements ripen.
const lookAgain = 10 * time.Minute

// heard are the kinds of records that may let a proposal be enacted. Those in judged change what
// the rules should do too: for them every finding and every line is compared, which in a large
// country takes seconds. The others would have that done for each signature and each measure of a
// person; what those set free for a rule is seen after lookAgain.
var (
	heard = []receipt.Kind{receipt.Proposal, ledger.KindSignature, receipt.Founding, receipt.Measure,
		receipt.Denominator, receipt.Policy, ledger.KindFindings}
	judged = map[receipt.Kind]bool{receipt.Denominator: true, receipt.Policy: true, ledger.KindFindings: true}
)

// Name returns "decide".
func (s *Stage[T]) Name() string { return "decide" }

// Look finds out whether anything was appended or time has passed, and leaves the work to the write.
func (s *Stage[T]) Look(ctx context.Context, view T, after uint64) (func(context.Context, T) error, uint64, error) {
	now := s.looked
	if s.Now != nil {
		now = s.Now()
	}
	all := now.Sub(s.looked) >= lookAgain
	if !all && s.State().Head.Size == after {
		return nil, after, nil
	}
	head, err := view.Head(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("reading the ledger's head: %w", err)
	}
	some := all
	for leaf, err := range view.Leaves(ctx, after, heard...) {
		if err != nil {
			return nil, 0, fmt.Errorf("reading the ledger from record %d: %w", after, err)
		}
		some = true
		if all = all || judged[leaf.Kind] || s.Now == nil; all {
			break
		}
	}
	switch {
	case all:
		return func(ctx context.Context, tx T) error {
			err := s.write(ctx, tx)
			if err == nil {
				s.looked = now // not before: what failed is tried again at once
			}
			return err
		}, head.Size, nil
	case some:
		return s.enactProposals, head.Size, nil
	}
	return nil, head.Size, nil
}

// write does everything that there is to do.
func (s *Stage[T]) write(ctx context.Context, tx T) error {
	s.lifted.zone = cmp.Or(s.Zone, time.UTC)
	if err := s.lifted.follow(ctx, tx); err != nil {
		return err
	}
	if err := s.enactProposals(ctx, tx); err != nil {
		return err
	}
	today, _, err := tx.LastDay(ctx)
	if err != nil {
		return fmt.Errorf("reading the last complete day: %w", err)
	}
	b := tx.Batch()
	own := linesOf(b)
	policies := b.Guard().Policies()
	found, err := tx.FindingsOfRules(ctx, Rules(policies)...)
	if err != nil {
		return fmt.Errorf("reading the findings: %w", err)
	}
	for _, p := range policies {
		findings := found[p.Rule]
		r := rule{b: b, p: p, lifted: &s.lifted, today: today, left: b.Guard().Left(p.Rule, b.Time()), fillIn: tx.FillIn}
		if err := r.release(own[p.Rule], findings); err != nil {
			return fmt.Errorf("lifting what the policy of %s no longer says: %w", p.Rule, err)
		}
		if err := r.measure(ctx, findings); err != nil {
			return fmt.Errorf("acting on what %s finds: %w", p.Rule, err)
		}
		if r.waits > 0 {
			s.note("%d measures of %s wait, among them %s", r.waits, p.Rule, r.why)
		}
	}
	return nil
}

// Rules returns the rules of policies.
func Rules(policies []list.Standing) (out []string) {
	for _, p := range policies {
		out = append(out, p.Rule)
	}
	return out
}

func (s *Stage[T]) note(format string, args ...any) {
	if s.Note != nil {
		s.Note(format, args...)
	}
}

// Automatic reports whether a finding may lead to a measure without a person on a day: it holds, its
// days of grace are over, its input was complete, its IMEI names one device and not whoever shows
// that value (0, that of a malformed identifier, is such a value), and if its ground is that several
// devices share an identity, one claim stands out.
func Automatic(f *device.Finding, g list.Ground, today device.Day) bool {
	_, nobody := imei.NonIdentifying(f.IMEI)
	return f.Ended == 0 && f.Block != 0 && f.Block <= today && !f.Incomplete && !nobody && (g != list.Duplicate || f.Best != 0)
}

// Cost returns how many active pairs a finding's measure would newly refuse: none if its status
// does not refuse, else all, as the guard counts them (see list.Count), and at least one.
func Cost(f *device.Finding, s list.Status) uint64 {
	if !s.Refuses() {
		return 0
	}
	return uint64(max(1, f.Pairs))
}

// Ops returns what a finding leads to under a policy: for a duplicate first the pair of the best
// claim, then the line.
func Ops(f *device.Finding, p *list.Policy) []list.Op {
	var ops []list.Op
	if p.Ground == list.Duplicate && f.Best != 0 {
		ops = append(ops, list.Op{Line: list.Line{Class: list.Pair, From: f.IMEI, To: f.IMEI, Status: list.Allowed,
			Ground: p.Ground, Subscriber: f.Best, Overrides: list.GroundSet(p.Ground), Version: list.AnyVersion}})
	}
	return append(ops, list.Op{Line: list.Line{Class: list.Listed, From: f.IMEI, To: f.IMEI, Status: p.Status,
		Ground: p.Ground, Version: list.AnyVersion}})
}
