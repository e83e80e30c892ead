package decide

import (
	"context"
	"fmt"
	"io"

	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/receipt"
)

// Propose appends the announcement of a draft that people are asked to sign, and returns the
// digest that they sign. text tells them why, and what it would do. Asking again for the same draft
// adds nothing; another content under the draft's key is another proposal, though only one of them
// can come to be.
func Propose(append func(ledger.Draft) (uint64, error), random io.Reader, d ledger.Draft, text string) (receipt.Digest, error) {
	p := ledger.Proposal{EffectSalt: d.Effect.Salt[:], Effect: d.Effect.Body, Text: text}
	if d.Personal != nil {
		p.PersonalSalt, p.Personal = d.Personal.Salt[:], d.Personal.Body
	}
	digest := d.Content.Digest()
	c := receipt.Content{Kind: receipt.Proposal, Key: ledger.KeyOf("proposal", digest.String()),
		By: receipt.Author{Sort: receipt.Office, Name: "decide"}}
	announce, err := ledger.NewDraft(random, c, d.Content.Bytes(), ledger.Encode(p))
	if err == nil {
		_, err = append(announce)
	}
	if err != nil {
		return digest, fmt.Errorf("announcing a %s: %w", d.Content.Kind, err)
	}
	return digest, nil
}

// Sign appends a person's signature on a proposed content; given are those that it has. It is
// refused if the signature is not theirs, if they may not sign this content, or if they denied it
// before: a denial stands. Whether all signatures together suffice is for the guard when it is
// enacted.
func Sign(append func(ledger.Draft) (uint64, error), random io.Reader, d *receipt.Directory, content *receipt.Content, given []ledger.SignatureRow, a receipt.Approval) error {
	for _, g := range given {
		if old, err := receipt.ParseApproval(g.Approval); err == nil && old.Person == a.Person && old.Verdict == receipt.Deny {
			return problem.New(problem.Refused, "%s has denied it, and a denial stands: propose it anew", a.Person)
		}
	}
	author := content.By == receipt.Author{Sort: receipt.Person, Name: a.Person}
	key, known := d.Persons[a.Person]
	switch {
	case !known:
		return problem.New(problem.Refused, "%s is not in the directory of approvers: ask two organisations to add them", a.Person)
	case author && a.Verdict == receipt.Approve:
		return problem.New(problem.Refused, "%s asked for this and can not approve it too: ask another person", a.Person)
	case !author && a.Verdict == receipt.Asks:
		return problem.New(problem.Refused, "%s did not ask for this: approve or deny it", a.Person)
	}
	if err := a.Verify(key, content.Digest()); err != nil {
		return problem.New(problem.Refused, "%w: sign with the key that the directory names", err)
	}
	digest := content.Digest()
	c := receipt.Content{Kind: ledger.KindSignature, Key: ledger.KeyOf("signature", digest.String(), a.Person, string(a.Verdict)),
		By: receipt.Author{Sort: receipt.Office, Name: "decide"}}
	body := ledger.Encode(ledger.Signature{Content: digest.String(), Approval: a.String()})
	draft, err := ledger.NewDraft(random, c, body, nil)
	if err == nil {
		_, err = append(draft)
	}
	return err
}

// enactProposals appends every proposed act whose signatures the guard finds enough.
func (s *Stage[T]) enactProposals(ctx context.Context, tx T) error {
	open, signatures, err := tx.Proposals(ctx)
	if err != nil {
		return fmt.Errorf("reading open proposals: %w", err)
	}
	for _, row := range open {
		d, denied, err := signed(ctx, tx, tx.Batch().Guard().Directory(), row, signatures[row.Content])
		if err != nil {
			return err
		}
		if denied || len(d.Approvals) == 0 {
			continue
		}
		index, err := tx.Append(d)
		switch {
		case err == nil && d.Content.Kind == receipt.Measure:
			if err := s.lifted.add(d.Effect.Body, index, tx.Batch().Time()); err != nil {
				return err
			}
		case err == nil:
		case problem.Of(err) == problem.Broken:
			return err
		default:
			s.note("the proposed %s %.12s waits: %v", d.Content.Kind, row.Content, err)
		}
	}
	return nil
}

// signed makes the draft of a proposal with the signatures so far. A signature of somebody who is no
// longer in the directory, or has another key now, does not count and does not stand in the way of
// the others; a denial stays one.
func signed(ctx context.Context, tx View, people *receipt.Directory, row ledger.ProposalRow, signatures []ledger.SignatureRow) (d ledger.Draft, denied bool, err error) {
	p, err := ledger.Decode[ledger.Proposal](row.Proposal)
	if err != nil {
		return d, false, err
	}
	body, err := tx.Body(ctx, row.Index)
	if err != nil {
		return d, false, err
	}
	content, err := receipt.ParseContent(body)
	if err != nil {
		return d, false, err
	}
	d = ledger.Draft{Content: *content, Proposal: row.Index}
	d.Effect, d.Personal = p.Openings()
	for _, g := range signatures {
		a, err := receipt.ParseApproval(g.Approval)
		if err != nil {
			return d, false, err
		}
		denied = denied || a.Verdict == receipt.Deny
		if people == nil || a.Verify(people.Persons[a.Person], row.Content) != nil {
			continue
		}
		d.Approvals = append(d.Approvals, a)
	}
	return d, denied, nil
}
