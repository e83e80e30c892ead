package ledger

import (
	"cmp"
	"fmt"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// Fold returns what a record changes in the derived tables. It is the only definition of those
// tables: the sequencer writes by it and Verify compares by it.
func Fold(e *receipt.Entry) ([]Change, error) {
	r := e.Record
	c := &r.Content
	out := []Change{put(ActRow{c.Key, r.Index, c.Kind, c.Digest()})}
	more, err := foldKind(e)
	if err != nil {
		return nil, fmt.Errorf("folding record %d (%s): %w", r.Index, c.Kind, err)
	}
	return append(out, more...), nil
}

func put(r Row) Change  { return Change{Row: r} }
func drop(r Row) Change { return Change{Drop: true, Row: r} }

func foldKind(e *receipt.Entry) ([]Change, error) {
	kind, index := e.Record.Content.Kind, e.Record.Index
	if e.Effect == nil {
		return nil, fmt.Errorf("the opening of its effect is missing")
	}
	body := e.Effect.Body
	switch kind {
	case receipt.Measure:
		return foldMeasure(index, body)
	case receipt.Proposal:
		return foldProposal(e)
	case KindFile:
		return foldFile(index, body)
	case KindWithdrawal:
		w, err := Decode[Withdrawal](body)
		return []Change{put(WithdrawalRow{w.File, index, w.Reason})}, err
	case KindFindings:
		return foldFindings(index, body)
	case KindStep:
		s, err := Decode[Step](body)
		return []Change{put(CursorRow{s.Stage, s.Upto, index})}, cmp.Or(err, count(s.Upto))
	case KindSignature:
		return foldSignature(index, body)
	case KindErasure:
		return foldErasure(body)
	case KindLists:
		return foldLists(e)
	case KindAdopt:
		return foldAdopt(e)
	case KindCase:
		return foldCase(e)
	case KindAccount:
		return foldAccount(e)
	case KindNode:
		n, err := Decode[device.NodeReport](body)
		return []Change{put(NodeRow{n.Node, index, n.Size, n.State, n.Text})}, cmp.Or(err, count(n.Size))
	}
	return nil, nil
}

func foldMeasure(index uint64, body []byte) ([]Change, error) {
	ops, err := list.ParseOps(body, index)
	if err != nil {
		return nil, err
	}
	var out []Change
	seen := map[SubjectRow]bool{}
	for i := range ops {
		s := SubjectRow{index, ops[i].Line.From, ops[i].Line.To}
		if !seen[s] {
			seen[s] = true
			out = append(out, put(s))
		}
	}
	return out, nil
}

func foldProposal(e *receipt.Entry) ([]Change, error) {
	c, err := receipt.ParseContent(e.Effect.Body)
	if err != nil {
		return nil, err
	}
	if e.Personal == nil {
		if e.Record.Content.Personal == (receipt.Digest{}) {
			return nil, fmt.Errorf("it does not show what is proposed")
		}
		return nil, nil // erased: the erasure takes the row away
	}
	p, err := Decode[Proposal](e.Personal.Body)
	if err != nil {
		return nil, err
	}
	if err := p.opens(c); err != nil {
		return nil, fmt.Errorf("what people would read is not what they would sign: %w", err)
	}
	return []Change{put(ProposalRow{c.Digest(), e.Record.Index, c.Kind, c.By.String(), e.Personal.Body})}, nil
}

// foldErasure drops what repeats the erased text. The record itself is not looked at: it has lost
// the text by the time that Verify folds it again.
func foldErasure(body []byte) ([]Change, error) {
	x, err := Decode[Erasure](body)
	switch {
	case err != nil:
		return nil, err
	case x.Part != PartPersonal:
		return nil, fmt.Errorf("it erases the part %q: only a personal part can be erased", x.Part)
	case x.Proposal == "":
		return nil, count(x.Index)
	}
	content, err := receipt.ParseDigest(x.Proposal)
	return []Change{drop(ProposalRow{Content: content})}, cmp.Or(err, count(x.Index))
}

func foldFile(index uint64, body []byte) ([]Change, error) {
	f, err := Decode[device.File](body)
	if err != nil {
		return nil, err
	}
	parts := f.Parts
	f.Parts = nil
	out := []Change{put(FileRow{index, f}), drop(WithdrawalRow{File: f.Digest})} // adopted again, it is in force again
	for _, p := range parts {
		out = append(out, put(PartRow{f.Digest, p}))
	}
	return out, nil
}

func foldSignature(index uint64, body []byte) ([]Change, error) {
	s, err := Decode[Signature](body)
	if err != nil {
		return nil, err
	}
	content, err := receipt.ParseDigest(s.Content)
	if err != nil {
		return nil, err
	}
	a, err := receipt.ParseApproval(s.Approval)
	if err != nil {
		return nil, err
	}
	return []Change{put(SignatureRow{content, a.Person, index, s.Approval})}, nil
}
