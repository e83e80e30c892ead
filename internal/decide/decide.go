// Package decide turns findings and people's signatures into acts.
//
// A finding leads to an automatic measure only under its rule's policy, an act that people signed
// for a ceiling of active pairs a day: the strongest evidence first, until the ceiling is used; the
// rest waits, visibly, as open findings. A rule without a policy is a shadow: its findings are
// kept and nothing follows from them. When a finding closes, what was set on it is lifted.
//
// Among the devices that share one identity, the subscriber with the best claim is paired before
// the identity is refused, so that a victim is never cut off for the clone's sake; where no claim
// stands out, nothing is automatic and a person decides.
//
// Whatever needs signatures is announced as a proposal, signed by people one by one, and enacted
// as soon as the guard finds the signatures enough. One denial vetoes.
package decide

import (
	"context"
	"fmt"
	"time"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// View is what the stage reads.
type View interface {
	// FindingsByStrength returns a rule's open findings, strongest first.
	FindingsByStrength(ctx context.Context, rule string, limit int) ([]ledger.FindingRow, error)
	// Proposals returns the proposals that are not enacted, and the signatures on each.
	Proposals(ctx context.Context) ([]ledger.ProposalRow, map[receipt.Digest][]ledger.SignatureRow, error)
	// ProposedContent returns the content that a proposal announced.
	ProposedContent(ctx context.Context, index uint64) (*receipt.Content, error)
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
	// State returns the ledger's state that the view belongs to.
	State func() *ledger.State
	// Now is the clock; without one the stage looks only at what is appended.
	Now func() time.Time
	// Note is told what the stage could not enact and why, for people to see.
	Note func(format string, args ...any)

	looked time.Time
}

// lookAgain is after how long the stage looks though nothing was appended: as time passes, the sums
// of the guard fall and announcements ripen.
const lookAgain = 10 * time.Minute

// Name returns "decide".
func (s *Stage[T]) Name() string { return "decide" }

// Look finds out whether anything was appended or time has passed, and leaves the work to the write.
func (s *Stage[T]) Look(_ context.Context, _ T, after uint64) (func(context.Context, T) error, uint64, error) {
	size, now := s.State().Head.Size, s.looked
	if s.Now != nil {
		now = s.Now()
	}
	if size == after && now.Sub(s.looked) < lookAgain {
		return nil, after, nil
	}
	s.looked = now
	return s.write, size, nil
}

func (s *Stage[T]) write(ctx context.Context, tx T) error {
	if err := s.enactProposals(ctx, tx); err != nil {
		return fmt.Errorf("enacting proposals: %w", err)
	}
	b := tx.Batch()
	for _, p := range b.Guard().Policies() {
		open := map[string]bool{}
		waiting, err := tx.FindingsByStrength(ctx, p.Rule, MaxFindings)
		if err != nil {
			return fmt.Errorf("reading the findings of %s: %w", p.Rule, err)
		}
		for _, row := range waiting {
			open[row.Finding.Key()] = true
		}
		if err := s.lift(b, p, open); err != nil {
			return fmt.Errorf("lifting what %s no longer finds: %w", p.Rule, err)
		}
		if err := s.measure(b, p, waiting); err != nil {
			return fmt.Errorf("acting on what %s finds: %w", p.Rule, err)
		}
	}
	return nil
}

func (s *Stage[T]) note(format string, args ...any) {
	if s.Note != nil {
		s.Note(format, args...)
	}
}

// MaxFindings bounds how many open findings of one rule are looked at: more than a rule that is not
// stopped can have in the largest country.
const MaxFindings = 50_000_000

// Automatic reports whether a finding may lead to a measure without a person: its input was
// complete, and if its ground is that several devices share an identity, one claim stands out.
func Automatic(f *device.Finding, g list.Ground) bool {
	return !f.Incomplete && (g != list.Duplicate || f.Best != 0)
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
func Ops(f *device.Finding, p *list.Policy) [][]list.Op {
	var acts [][]list.Op
	if p.Ground == list.Duplicate && f.Best != 0 {
		acts = append(acts, []list.Op{{Line: list.Line{Class: list.Pair, From: f.IMEI, To: f.IMEI, Status: list.Allowed,
			Ground: p.Ground, Subscriber: f.Best, Overrides: list.GroundSet(p.Ground), Version: list.AnyVersion}}})
	}
	return append(acts, []list.Op{{Line: list.Line{Class: list.Listed, From: f.IMEI, To: f.IMEI, Status: p.Status,
		Ground: p.Ground, Version: list.AnyVersion}}})
}
