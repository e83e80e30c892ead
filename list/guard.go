package list

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/openceir/openceir/receipt"
)

// Tier is how much support an act has, or needs.
type Tier int

// The tiers.
const (
	NoOne     Tier = iota // nobody signed
	OnePerson             // one person
	TwoPersons
	TwoOrganisations
	TimeLock // two organisations, and announced in the ledger at least 24 hours before
)

// String says who must sign.
func (t Tier) String() string {
	return [...]string{"nobody's signature", "one person's signature", "two persons' signatures",
		"signatures from two organisations", "signatures from two organisations and a 24-hour announcement"}[t]
}

// Guard decides whether an act has the support that its effect needs. The ledger's writer asks it
// before an act enters, every EIR asks its own before a line is believed, with its own count of
// the effect; there is no way round it in either.
//
// Effects are summed over 24 hours of record time: for each person over what rests on their
// signature, for each rule over its policy's ceiling, and for the nation over everything that
// rests on the same support or less. With A the active pairs of the denominator in force:
//
//	one person              up to min(500, A/10000), at least 1
//	two persons             up to A/1000, at least 1
//	two organisations       up to A/100, at least 1
//	… and a 24-hour announcement    any number
//
// A measure of a rule needs no signature of its own: it rests on the rule's policy, within its
// ceiling, and its support is that of the policy. Releasing a stolen or lost device takes two
// persons; more than 50 a day two organisations.
//
// A directory needs two organisations, and names persons of two, or nobody could change it again;
// the first is record 0. A denominator needs two organisations; a policy what its ceiling and its
// dry run need, or one person to stop the rule with a ceiling of 0.
//
// Admit acts in the ledger's order. The zero Guard has seen none.
type Guard struct {
	directory *receipt.Directory
	active    uint64
	policies  map[uint64]*Standing // by index of the act
	current   map[string]uint64    // rule: index of its policy in force
	proposals map[uint64]proposal
	rules     map[uint64]string // index of a measure: its rule
	last      time.Time
	window    window
	clock     time.Time // a verifier's own, for announcements; zero trusts the records' times
}

type proposal struct {
	content receipt.Digest
	known   time.Time
}

// ErrSupport is wrapped by every refusal that more or other signatures would heal.
var ErrSupport = errors.New("not enough support")

// Clone returns a guard that can admit without changing g.
func (g *Guard) Clone() *Guard {
	c := *g
	c.policies, c.current, c.proposals, c.rules = maps.Clone(g.policies), maps.Clone(g.current), maps.Clone(g.proposals), maps.Clone(g.rules)
	c.window = g.window.clone()
	return &c
}

// Directory returns the directory in force, nil before the first.
func (g *Guard) Directory() *receipt.Directory { return g.directory }

// Active returns the active pairs of the denominator in force.
func (g *Guard) Active() uint64 { return g.active }

// Policy returns a rule's policy in force and the index of its act.
func (g *Guard) Policy(rule string) (Policy, uint64, bool) {
	i, ok := g.current[rule]
	if !ok {
		return Policy{}, 0, false
	}
	return g.policies[i].Policy, i, true
}

// Standing is a policy in force: the policy, the index of its act, and what support it has.
type Standing struct {
	Policy
	Index uint64
	Tier  Tier
}

// Policies returns the policies in force, by rule.
func (g *Guard) Policies() []Standing {
	var out []Standing
	for _, rule := range slices.Sorted(maps.Keys(g.current)) {
		out = append(out, *g.policies[g.current[rule]])
	}
	return out
}

// RuleOf returns the rule whose measure the act with the index was, "" if it was none.
func (g *Guard) RuleOf(act uint64) string { return g.rules[act] }

// limit is the number of pairs that a tier may change in 24 hours.
func (g *Guard) limit(t Tier) uint64 {
	switch t {
	case OnePerson:
		return max(1, min(500, g.active/10_000))
	case TwoPersons:
		return max(1, g.active/1000)
	case TwoOrganisations:
		return max(1, g.active/100)
	case TimeLock:
		return ^uint64(0)
	}
	return 0
}

// Needs returns the least tier that may change so many pairs at once.
func (g *Guard) Needs(pairs uint64) Tier {
	if pairs == 0 {
		return OnePerson
	}
	for t := OnePerson; ; t++ {
		if pairs <= g.limit(t) {
			return t
		}
	}
}

// Left returns how many more pairs a rule's automatic measures may change at the time.
func (g *Guard) Left(rule string, at time.Time) uint64 {
	i, ok := g.current[rule]
	if !ok {
		return 0
	}
	p := g.policies[i]
	return min(left(p.Ceiling, g.window.ofRule(at, rule)), left(g.limit(p.Tier), g.window.upTo(at, p.Tier)))
}

func left(limit, used uint64) uint64 { return limit - min(limit, used) }

// Admit verifies an act's signatures and support for the effect and, if they suffice, counts it.
// at is the record's time. Acts of kinds that change nobody's service are admitted as they are. On
// an error nothing has changed.
func (g *Guard) Admit(e *receipt.Entry, count Effect, at time.Time) error {
	err := g.admit(e, count, at)
	if err != nil {
		return fmt.Errorf("record %d (%s by %s): %w", e.Record.Index, e.Record.Content.Kind, e.Record.Content.By, err)
	}
	g.last = at
	return nil
}

func (g *Guard) admit(e *receipt.Entry, count Effect, at time.Time) error {
	c := &e.Record.Content
	if at.Before(g.last) {
		return fmt.Errorf("its time %s lies before that of the record before it", receipt.FormatTime(at))
	}
	switch c.Kind {
	case receipt.Founding, receipt.Denominator, receipt.Policy, receipt.Proposal, receipt.Measure:
	default:
		return nil
	}
	if e.Effect == nil {
		return fmt.Errorf("its effect is not shown, so nothing can rest on it")
	}
	if c.Kind == receipt.Founding {
		return g.admitDirectory(e)
	}
	if g.directory == nil {
		return fmt.Errorf("there is no directory of approvers before it")
	}
	support, err := g.directory.Support(e.Record)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSupport, err)
	}
	switch c.Kind {
	case receipt.Denominator:
		return g.admitDenominator(e, tierOf(support))
	case receipt.Policy:
		return g.admitPolicy(e, tierOf(support), at)
	case receipt.Proposal:
		return g.admitProposal(e, at)
	}
	return g.admitMeasure(e, support, count, at)
}

func tierOf(s receipt.Support) Tier {
	switch {
	case len(s.Organisations) >= 2:
		return TwoOrganisations
	case len(s.Persons) >= 2:
		return TwoPersons
	}
	return Tier(len(s.Persons))
}

func need(have, want Tier, what string) error {
	if have < want {
		return fmt.Errorf("%w: %s needs %s and has %s", ErrSupport, what, want, have)
	}
	return nil
}

func (g *Guard) admitDirectory(e *receipt.Entry) error {
	next, err := receipt.ParseDirectory(e.Effect.Body)
	if err != nil {
		return err
	}
	by := g.directory
	if by == nil {
		by = next // the founders vouch for themselves; whoever follows the log has pinned them
		if e.Record.Index != 0 {
			return fmt.Errorf("the directory that founds the log is record 0")
		}
	}
	support, err := by.Support(e.Record)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSupport, err)
	}
	if err := need(tierOf(support), TwoOrganisations, "a directory"); err != nil {
		return err
	}
	if len(organisations(next)) < 2 {
		return fmt.Errorf("it names persons of fewer than two organisations, so that nobody could ever change it again: name more")
	}
	g.directory = next
	return nil
}

// organisations returns those that have persons in the directory.
func organisations(d *receipt.Directory) map[string]bool {
	out := map[string]bool{}
	for name := range d.Persons {
		org, _, _ := strings.Cut(name, "/")
		out[org] = true
	}
	return out
}

func (g *Guard) admitDenominator(e *receipt.Entry, have Tier) error {
	a, err := ParseActive(e.Effect.Body)
	if err == nil {
		err = need(have, TwoOrganisations, "the denominator")
	}
	if err == nil {
		g.active = a.Pairs
	}
	return err
}

func (g *Guard) admitPolicy(e *receipt.Entry, have Tier, at time.Time) error {
	p, err := ParsePolicy(e.Effect.Body)
	if err != nil {
		return err
	}
	if have == TwoOrganisations && g.announced(e, at) == nil {
		have = TimeLock
	}
	want := g.Needs(max(p.Ceiling, p.DryRun))
	if p.Ceiling == 0 {
		want = OnePerson // anyone may stop a rule
	}
	if err := need(have, want, fmt.Sprintf("a policy for %d pairs a day, %d at once,", p.Ceiling, p.DryRun)); err != nil {
		return err
	}
	if g.policies == nil {
		g.policies, g.current = map[uint64]*Standing{}, map[string]uint64{}
	}
	g.policies[e.Record.Index] = &Standing{*p, e.Record.Index, have}
	g.current[p.Rule] = e.Record.Index
	return nil
}

func (g *Guard) admitProposal(e *receipt.Entry, at time.Time) error {
	c, err := receipt.ParseContent(e.Effect.Body)
	if err != nil {
		return err
	}
	if g.proposals == nil {
		g.proposals = map[uint64]proposal{}
	}
	g.proposals[e.Record.Index] = proposal{c.Digest(), at}
	return nil
}

// heard notes when a proposal reached a verifier that does not take the log's word for time: its
// 24 hours run from then.
func (g *Guard) heard(index uint64, at time.Time) {
	if p, ok := g.proposals[index]; ok && p.known.Before(at) {
		p.known = at
		g.proposals[index] = p
	}
}

// announced says whether the act was proposed in the ledger, with the same content, 24 hours before.
func (g *Guard) announced(e *receipt.Entry, at time.Time) error {
	p, ok := g.proposals[e.Record.Proposal]
	if !ok || p.content != e.Record.Content.Digest() {
		return fmt.Errorf("%w: it was never announced in the ledger; propose it first", ErrSupport)
	}
	if !g.clock.IsZero() {
		at = g.clock
	}
	if due := p.known.Add(day); at.Before(due) {
		return fmt.Errorf("%w: it was announced less than 24 hours before; it can be done from %s", ErrSupport, receipt.FormatTime(due))
	}
	return nil
}

func (g *Guard) admitMeasure(e *receipt.Entry, s receipt.Support, count Effect, at time.Time) error {
	new := effect{at: at, persons: s.Persons, tier: tierOf(s), pairs: count.Pairs(), thefts: min(count.Thefts, maxEffect)}
	if e.Record.Content.Authority != 0 {
		if err := g.underPolicy(e, &new); err != nil {
			return err
		}
	}
	if err := g.sums(&new, e, at); err != nil {
		return err
	}
	g.window.add(new)
	if new.rule != "" {
		if g.rules == nil {
			g.rules = map[uint64]string{}
		}
		g.rules[e.Record.Index] = new.rule
	}
	return nil
}

// underPolicy checks a measure that rests on its rule's policy instead of signatures.
func (g *Guard) underPolicy(e *receipt.Entry, new *effect) error {
	c := &e.Record.Content
	p, ok := g.policies[c.Authority]
	if !ok || c.By != (receipt.Author{Sort: receipt.Rule, Name: p.Rule}) || g.current[p.Rule] != c.Authority {
		return fmt.Errorf("%w: record %d is not the policy in force of its author", ErrSupport, c.Authority)
	}
	ops, err := ParseOps(e.Effect.Body, e.Record.Index)
	if err != nil {
		return err
	}
	for i := range ops {
		l := &ops[i].Line
		within := l.Class == Pair && l.Ground == p.Ground && l.Overrides == GroundSet(p.Ground) ||
			l.Class == Listed && l.One() && l.Status == p.Status && l.Ground == p.Ground
		if !within {
			return fmt.Errorf("%w: its policy does not cover the line %q", ErrSupport, l.String())
		}
	}
	new.rule, new.tier = p.Rule, max(new.tier, p.Tier)
	return nil
}

// sums holds the 24-hour sums, this act included, against the limits.
func (g *Guard) sums(new *effect, e *receipt.Entry, at time.Time) error {
	if new.tier == NoOne {
		return need(NoOne, max(OnePerson, g.Needs(new.pairs)), fmt.Sprintf("changing %d active pairs", new.pairs))
	}
	if new.thefts > 0 {
		want, thefts := TwoPersons, new.thefts+g.window.released(at)
		if thefts > 50 {
			want = TwoOrganisations
		}
		if err := need(new.tier, want, fmt.Sprintf("releasing %d stolen or lost devices in a day", thefts)); err != nil {
			return err
		}
	}
	if new.rule != "" {
		p := g.policies[e.Record.Content.Authority]
		if rule := new.pairs + g.window.ofRule(at, new.rule); rule > p.Ceiling {
			return fmt.Errorf("%w: the rule's ceiling is %d pairs a day and this would make %d; the rest waits", ErrSupport, p.Ceiling, rule)
		}
	}
	most := new.pairs + g.window.upTo(at, new.tier)
	if new.rule == "" {
		for _, p := range new.persons {
			most = max(most, new.pairs+g.window.ofPerson(at, p))
		}
	}
	if most <= g.limit(new.tier) {
		return nil
	}
	if new.tier == TwoOrganisations && new.rule == "" {
		new.tier = TimeLock
		return g.announced(e, at)
	}
	return need(new.tier, g.Needs(most), fmt.Sprintf("changing %d active pairs within 24 hours", most))
}
