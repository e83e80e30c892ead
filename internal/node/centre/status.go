package centre

import (
	"context"
	"fmt"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/portal"
	"github.com/openceir/openceir/list"
)

// Status gathers what the status page shows.
func (t *Centre) Status(ctx context.Context) (*portal.Status, error) {
	if _, err := t.Active(ctx); err != nil {
		return nil, err
	}
	return t.Standing(ctx)
}

// Standing is Status without counting the active pairs, for which every day of the window is read:
// what nobody has counted yet is 0.
func (t *Centre) Standing(ctx context.Context) (*portal.Status, error) {
	s := &portal.Status{Log: t.Verifier.Name(), Lines: []portal.Count{}, Rules: []portal.Rule{}, Nodes: []portal.Node{}, Proposals: []portal.Proposal{}}
	if active := t.pairs.known(); active != nil {
		s.Counted = uint64(active.Total())
	}
	err := t.view(ctx, func(tx *Tx) error {
		st := t.state()
		s.Size, s.Root, s.Active = st.Head.Size, st.Head.Root.String(), st.Guard.Active()
		day, ok, err := tx.LastDay(ctx)
		if err != nil {
			return err
		}
		if ok {
			s.Day = day.String()
		}
		for status, n := range st.Table.Count() {
			s.Lines = append(s.Lines, portal.Count{Name: status.String(), N: n})
		}
		open, err := tx.CountFindings(ctx)
		if err != nil {
			return err
		}
		for rule, n := range open {
			f := portal.Rule{Name: rule, Open: int(n), Authority: "shadow: no policy gives it authority"}
			if p, _, ok := st.Guard.Policy(rule); ok {
				f.Authority = fmt.Sprintf("%s, at most %d pairs a day, %d left today", p.Status, p.Ceiling, st.Guard.Left(rule, t.Sequencer.Now()))
				if !p.Status.Refuses() {
					f.Authority = p.Status.String() + ", which refuses nobody"
				}
			}
			s.Rules = append(s.Rules, f)
		}
		nodes, err := tx.Nodes(ctx)
		if err != nil {
			return err
		}
		for _, n := range nodes {
			s.Nodes = append(s.Nodes, portal.Node{Name: n.Node, Size: n.Size, State: n.State, Text: n.Text})
		}
		files, err := tx.Files(ctx, device.FileOperator, "")
		if err != nil {
			return err
		}
		s.Files = len(files)
		return nil
	})
	if err != nil {
		return nil, err
	}
	waiting, err := t.Proposals(ctx)
	for _, p := range waiting {
		if p.Denied != "" {
			continue
		}
		s.Proposals = append(s.Proposals, portal.Proposal{Digest: p.Content.String(), Kind: string(p.Kind), Text: p.Text, Signatures: p.Signatures})
	}
	s.Sort()
	return s, err
}

// Check answers the public question about a device, from the list in memory.
func (t *Centre) Check(m imei.IMEI) list.Answer {
	// The asker is a stranger to every pair, so the answer tells nothing of anybody's.
	return t.state().Table.Decide(&list.Query{IMEI: m, Version: list.AnyVersion, IMSI: 1})
}
