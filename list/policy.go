package list

import (
	"errors"
	"fmt"
	"time"

	"github.com/openceir/openceir/receipt"
)

// Policy gives a rule authority: what its automatic measures may set, and how many active pairs a
// day they may refuse. It is the body of an act of kind policy, signed at the tier of the larger
// of its ceiling and its dry run. Its text:
//
//	rule stolen-list
//	version 3fa94be07d11c2aa      of the condition that was tried
//	status prohibited
//	ground stolen
//	ceiling 300                   active pairs in 24 hours; 0 stops the rule
//	dry-run 274                   active pairs that the rule would have refused at once
type Policy struct {
	Rule    string
	Version string
	Status  Status
	Ground  Ground
	Ceiling uint64
	DryRun  uint64
}

// Bytes returns the policy's text.
func (p *Policy) Bytes() []byte {
	return fmt.Appendf(nil, "rule %s\nversion %s\nstatus %s\nground %s\nceiling %d\ndry-run %d\n",
		p.Rule, p.Version, p.Status, p.Ground, p.Ceiling, p.DryRun)
}

// ParsePolicy reads a policy's text.
func ParsePolicy(text []byte) (*Policy, error) {
	v, err := values(text, "rule", "version", "status", "ground", "ceiling", "dry-run")
	if err != nil {
		return nil, fmt.Errorf("reading policy: %w", err)
	}
	p := &Policy{Rule: v[0], Version: v[1]}
	errs := make([]error, 4)
	p.Status, errs[0] = ParseStatus(v[2])
	p.Ground, errs[1] = ParseGround(v[3])
	p.Ceiling, errs[2] = number(v[4])
	p.DryRun, errs[3] = number(v[5])
	_, rule := receipt.ParseAuthor(receipt.Rule + " " + p.Rule)
	switch err := errors.Join(append(errs, rule)...); {
	case err != nil:
		return nil, fmt.Errorf("reading policy: %w", err)
	case p.Status != Tracked && p.Status != Prohibited:
		return nil, fmt.Errorf("reading policy: a rule's measures track or prohibit, not %s", p.Status)
	case string(p.Bytes()) != string(text):
		return nil, fmt.Errorf("reading policy: the text does not print back to the same bytes")
	}
	return p, nil
}

// Active is how many (device, subscriber) pairs were seen in the 30 complete days up to a day: the
// base of every share in the guard. It is the body of an act of kind denominator, signed by two
// organisations. Its text:
//
//	active 112345
//	day 2026-11-22
type Active struct {
	Pairs uint64
	Day   string
}

// Bytes returns the text.
func (a Active) Bytes() []byte { return fmt.Appendf(nil, "active %d\nday %s\n", a.Pairs, a.Day) }

// ParseActive reads the text.
func ParseActive(text []byte) (a Active, err error) {
	v, err := values(text, "active", "day")
	if err == nil {
		a.Day = v[1]
		a.Pairs, err = number(v[0])
	}
	if err == nil && a.Pairs > maxActive {
		err = fmt.Errorf("no nation has %d active pairs", a.Pairs)
	}
	if err == nil {
		_, err = time.Parse(time.DateOnly, a.Day)
	}
	if err != nil {
		return Active{}, fmt.Errorf("reading denominator: %w", err)
	}
	return a, nil
}
