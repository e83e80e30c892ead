package centre

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"github.com/openceir/openceir/internal/decide"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// office is the author of proposals that the system prepares for people.
func office(name string) receipt.Author { return receipt.Author{Sort: receipt.Office, Name: name} }

// propose announces a draft for people to sign.
func (t *Centre) propose(ctx context.Context, kind receipt.Kind, by receipt.Author, body, personal []byte, text string) (digest receipt.Digest, err error) {
	err = t.do(ctx, func(tx *Tx) error {
		var key receipt.Digest
		if _, err := t.Sequencer.Random.Read(key[:]); err != nil {
			return err
		}
		d, err := ledger.NewDraft(t.Sequencer.Random, receipt.Content{Kind: kind, Key: key, By: by}, body, personal)
		if err != nil {
			return err
		}
		digest, err = decide.Propose(tx.Append, t.Sequencer.Random, d, text)
		return err
	})
	return digest, err
}

// ProposeMeasure announces a change of the list.
func (t *Centre) ProposeMeasure(ctx context.Context, by receipt.Author, ops []list.Op, why string) (receipt.Digest, error) {
	if err := t.checkForm(ops); err != nil {
		return receipt.Digest{}, err
	}
	count := list.Count(t.state().Table, ops, t.seen())
	need := t.state().Guard.Needs(count.Refuses + count.Releases)
	text := fmt.Sprintf("%q: it newly refuses %d active pairs and releases %d. By itself it needs %s.", why, count.Refuses, count.Releases, need)
	return t.propose(ctx, receipt.Measure, by, list.OpsText(ops), []byte(why), text)
}

// checkForm refuses pairs whose subscribers are named in the other form than the register's: no query
// could ever be compared with them.
func (t *Centre) checkForm(ops []list.Op) error {
	pseudonyms := t.Config.HasPseudonyms()
	for i := range ops {
		switch o := &ops[i]; {
		case o.Drop || o.Line.Class != list.Pair || o.Line.Subscriber.Pseudonym() == pseudonyms:
		case pseudonyms:
			return problem.New(problem.Invalid, "the pair of %s names a clear number, and this register takes pseudonyms only: ask the operator for the pseudonym of the subscriber", o.Line.From)
		default:
			return problem.New(problem.Invalid, "the pair of %s names a pseudonym, and this register takes clear numbers only", o.Line.From)
		}
	}
	return nil
}

// ProposeActive announces the count of active pairs as the base of every share.
func (t *Centre) ProposeActive(ctx context.Context) (receipt.Digest, error) {
	a, err := t.Active(ctx)
	if err != nil {
		return receipt.Digest{}, err
	}
	if a == nil || a.Total() == 0 {
		return receipt.Digest{}, problem.New(problem.Refused, "nobody was seen yet: import operators' files and run ceir run --as-of DAY first")
	}
	_, day := a.Window()
	body := list.Active{Pairs: uint64(a.Total()), Day: day.String()}.Bytes()
	text := fmt.Sprintf("%d pairs of device and subscriber were active in the 30 days to %s, on %d of which there is data.", a.Total(), day, a.DaysCovered())
	return t.propose(ctx, receipt.Denominator, office("decide"), body, nil, text)
}

// DryRun is what a rule would do if it had authority.
type DryRun struct {
	Rule, Version string
	Ground        list.Ground
	Status        list.Status
	Findings      int    // open
	Automatic     int    // of them, such as may lead to a measure without a person, once their grace is over
	Pairs         uint64 // active pairs that those would newly refuse
}

// DryRun counts what a rule would do now with a status, or, for 0, with the one its condition asks
// for. The status may be milder than that, not harder.
func (t *Centre) DryRun(ctx context.Context, rule string, status list.Status) (d DryRun, err error) {
	err = t.view(ctx, func(tx *Tx) error {
		c, err := t.condition(ctx, tx, rule)
		if err != nil {
			return err
		}
		d.Rule, d.Version = rule, c.Version()
		if d.Ground, err = list.ParseGround(c.Ground); err != nil {
			return err
		}
		asked, err := list.ParseStatus(string(c.Effect))
		if err != nil {
			return err
		}
		if d.Status = cmp.Or(status, asked); d.Status > asked {
			return problem.New(problem.Refused, "the rule %s asks for %s: a policy can be milder, not harder", rule, asked)
		}
		findings, err := tx.FindingsOfRules(ctx, rule)
		for _, f := range findings[rule] {
			d.Findings++
			if decide.Automatic(f, d.Ground, math.MaxInt32) {
				d.Automatic++
				d.Pairs += decide.Cost(f, d.Status)
			}
		}
		return err
	})
	return d, err
}

// ProposePolicy announces a rule's policy with a status (0 for the one its condition asks for) and
// a daily ceiling of active pairs.
func (t *Centre) ProposePolicy(ctx context.Context, rule string, status list.Status, ceiling uint64) (receipt.Digest, DryRun, error) {
	d, err := t.DryRun(ctx, rule, status)
	if err != nil {
		return receipt.Digest{}, d, err
	}
	p := list.Policy{Rule: rule, Version: d.Version, Status: d.Status, Ground: d.Ground, Ceiling: ceiling, DryRun: d.Pairs}
	need := t.state().Guard.Needs(max(ceiling, d.Pairs))
	text := fmt.Sprintf("The rule %s would set %s on %d of its %d findings, %d active pairs, at most %d a day. It needs %s.",
		rule, d.Status, d.Automatic, d.Findings, d.Pairs, ceiling, need)
	if ceiling == 0 {
		text = fmt.Sprintf("It stops the rule %s, also where it would cost nobody anything: with a ceiling of 0 it sets no line. It needs %s.", rule, need)
	}
	digest, err := t.propose(ctx, receipt.Policy, office("decide"), p.Bytes(), nil, text)
	return digest, d, err
}

// Waiting returns how many findings wait under a policy in force because its ceiling, or the
// nation's limit, is reached for today.
func (t *Centre) Waiting(ctx context.Context) (n int, err error) {
	err = t.view(ctx, func(tx *Tx) error {
		st := t.state()
		today, _, err := tx.LastDay(ctx)
		if err != nil {
			return err
		}
		policies := st.Guard.Policies()
		findings, err := tx.FindingsOfRules(ctx, decide.Rules(policies)...)
		if err != nil {
			return err
		}
		for _, p := range policies {
			for _, f := range findings[p.Rule] {
				if decide.Waits(st.Table, f, &p, today) {
					n++
				}
			}
		}
		return nil
	})
	return n, err
}

// Proposal is a content that is not in force, as people read it.
type Proposal struct {
	Content    receipt.Digest `json:"-"`
	Digest     string         `json:"content"` // Content, which people sign
	Kind       receipt.Kind   `json:"kind"`
	By         string         `json:"by"`
	Text       string         `json:"text"`       // why, and what it would do
	Body       string         `json:"body"`       // what will be in force
	Signatures []string       `json:"signatures"` // who signed, and how
	Denied     string         `json:"denied,omitempty"`
}

// Proposals returns what waits for signatures, and what was denied.
func (t *Centre) Proposals(ctx context.Context) (out []Proposal, err error) {
	err = t.view(ctx, func(tx *Tx) error {
		rows, signatures, err := tx.Proposals(ctx)
		if err != nil {
			return err
		}
		for _, row := range rows {
			p, err := readProposal(row, signatures[row.Content])
			if err != nil {
				return err
			}
			out = append(out, p)
		}
		return nil
	})
	return out, err
}

func readProposal(row ledger.ProposalRow, signatures []ledger.SignatureRow) (Proposal, error) {
	p, err := ledger.Decode[ledger.Proposal](row.Proposal)
	if err != nil {
		return Proposal{}, err
	}
	out := Proposal{Content: row.Content, Digest: row.Content.String(), Kind: row.Kind, By: row.By, Text: p.Text, Body: string(p.Effect), Signatures: []string{}}
	for _, s := range signatures {
		a, err := receipt.ParseApproval(s.Approval)
		if err != nil {
			return out, err
		}
		if a.Verdict == receipt.Deny {
			out.Denied = a.Person
		}
		out.Signatures = append(out.Signatures, a.Person+" ("+string(a.Verdict)+")")
	}
	return out, nil
}

// Sign records a person's verdict on a proposed content.
func (t *Centre) Sign(ctx context.Context, content receipt.Digest, s Signer, v receipt.Verdict) error {
	return t.do(ctx, func(tx *Tx) error {
		row, ok, err := tx.Proposal(ctx, content)
		if err != nil {
			return err
		}
		if !ok {
			return problem.New(problem.NotFound, "nothing with the digest %s is proposed: see ceir approve without arguments", content)
		}
		body, err := tx.Body(ctx, row.Index)
		if err != nil {
			return err
		}
		c, err := receipt.ParseContent(body)
		if err != nil {
			return err
		}
		if err := t.settled(ctx, tx, c); err != nil {
			return err
		}
		given, err := tx.SignaturesOf(ctx, content)
		if err != nil {
			return err
		}
		a := receipt.Sign(s.Key, s.Person, v, content)
		return decide.Sign(tx.Append, t.Sequencer.Random, tx.Batch().Guard().Directory(), c, given, a)
	})
}

// settled refuses a signature that would change nothing any more.
func (t *Centre) settled(ctx context.Context, tx *Tx, c *receipt.Content) error {
	if act, ok, err := tx.ActByKey(ctx, c.Key); err != nil || ok {
		return cmp.Or(err, problem.New(problem.Conflict, "it is in force already, since record %d", act.Index))
	}
	_, signatures, err := tx.Proposals(ctx)
	if err != nil {
		return err
	}
	for _, row := range signatures[c.Digest()] {
		if a, err := receipt.ParseApproval(row.Approval); err != nil {
			return err
		} else if a.Verdict == receipt.Deny {
			return problem.New(problem.Conflict, "%s has denied it, which nobody can overrule: propose it anew", a.Person)
		}
	}
	return nil
}
