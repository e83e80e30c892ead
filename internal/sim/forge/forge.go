// Package forge does what somebody would who has stolen the centre's database and the log's key: it
// appends to the ledger whatever it likes, without asking the guard, and signs lists of it. It is
// there to show, in tests and in the demonstration, that nobody believes them.
package forge

import (
	"bytes"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// Centre is a stolen centre, as far as one stream is concerned.
type Centre struct {
	Stream string
	From   uint64 // ledger size at which the victim stands
	Head   receipt.Head
	Time   time.Time       // of the forged records
	Table  *list.Table     // of the stream at From; nothing happened for the stream since
	Signer note.Signer     // with the log's key
	Hashes tlog.HashReader // of the honest tree
	Policy uint64          // index of a policy in force, 0 if there is none
	Rule   string          // whose it is
	Person string          // an approver whose signature is forged

	grown map[int64]tlog.Hash
}

// Act is a forged record before it has its place.
type Act struct {
	By        receipt.Author
	Authority uint64
	Approvals []receipt.Approval
	Ops       []list.Op
}

// ByRule refuses every device with a line and an act of its own, in the name of a rule that has a
// policy: no person's signature is needed for those, within the ceiling.
func ByRule(c *Centre, all []imei.IMEI) (ops []list.Op, acts []Act) {
	p := list.Prohibited
	for _, m := range all {
		line := list.Line{Class: list.Listed, From: m, To: m, Status: p, Ground: list.Stolen, Version: list.AnyVersion}
		if _, ok := c.Table.Find(line.Key()); ok {
			continue
		}
		acts = append(acts, Act{By: receipt.Author{Sort: receipt.Rule, Name: c.Rule}, Authority: c.Policy, Ops: []list.Op{{Line: line}}})
	}
	return nil, acts
}

// ByForgedApprovals refuses every model, with signatures that are not the approvers'.
func ByForgedApprovals(c *Centre, all []imei.IMEI) (ops []list.Op, acts []Act) {
	var body []list.Op
	last := imei.TAC(0)
	for _, m := range all {
		if tac := m.TAC(); tac != last || len(body) == 0 {
			body = append(body, list.Op{Line: list.Line{Class: list.Listed, From: tac.First(), To: tac.Last(), Status: list.Prohibited, Ground: list.Barred, Version: list.AnyVersion}})
			last = tac
		}
	}
	forged := receipt.Approval{Person: c.Person, Verdict: receipt.Approve, Signature: bytes.Repeat([]byte{7}, 64)}
	return nil, []Act{{By: receipt.Author{Sort: receipt.Office, Name: "decide"}, Approvals: []receipt.Approval{forged}, Ops: body}}
}

// ByNothing switches to a mode in which every unlisted device is unknown, by a line without an act.
func ByNothing(c *Centre, _ []imei.IMEI) (ops []list.Op, acts []Act) {
	return []list.Op{{Line: list.Line{Class: list.Listed, From: 0, To: imei.Max, Status: list.Unknown, Ground: list.Mode, Version: list.AnyVersion, Act: 1}}}, nil
}

// Delta appends the acts to the stolen ledger and signs a delta with their lines, and with ops that
// no act stands behind. It returns the file, its manifest, and the ledger size that it leads to.
func (c *Centre) Delta(ops []list.Op, acts []Act) (body, manifest []byte, size uint64, err error) {
	c.grown = map[int64]tlog.Hash{}
	size = c.Head.Size
	var entries []receipt.Entry
	for i := range acts {
		e, err := c.append(&acts[i], size)
		if err != nil {
			return nil, nil, 0, err
		}
		for _, o := range acts[i].Ops {
			o.Line.Act = size
			ops = append(ops, o)
		}
		entries = append(entries, e)
		size++
	}
	if len(acts) == 0 { // a tree must grow, so that the file is new
		e, err := c.append(&Act{By: receipt.Author{Sort: receipt.Office, Name: "clock"}}, size)
		if err != nil {
			return nil, nil, 0, err
		}
		entries, size = append(entries, e), size+1
	}
	d := list.Delta{Ops: ops}
	if d.Evidence, err = receipt.NewBundle(size, entries, c); err != nil {
		return nil, nil, 0, err
	}
	if d.Growth, err = tlog.ProveTree(int64(size), int64(c.From), c); err != nil {
		return nil, nil, 0, fmt.Errorf("proving the forged tree's growth: %w", err)
	}
	root, err := tlog.TreeHash(int64(size), c)
	if err != nil {
		return nil, nil, 0, err
	}
	after := c.Table.Clone()
	after.Apply(ops)
	m := list.Manifest{Stream: c.Stream, Kind: list.KindDelta, From: c.From, Before: c.Table.Digest(),
		Head: receipt.Head{Size: size, Root: root}, After: after.Digest()}
	body = d.Bytes()
	manifest, err = m.Seal(body, c.Signer)
	return body, manifest, size, err
}

// append hashes a forged record into the tree.
func (c *Centre) append(a *Act, index uint64) (receipt.Entry, error) {
	effect := &receipt.Opening{Body: list.OpsText(a.Ops)}
	content := receipt.Content{Kind: receipt.Measure, Key: receipt.Digest{1, byte(index), byte(index >> 8), byte(index >> 16)},
		By: a.By, Authority: a.Authority, Effect: effect.Commitment()}
	if len(a.Ops) == 0 {
		content.Kind = "note"
	}
	e := receipt.Entry{Effect: effect, Record: &receipt.Record{Index: index, Time: c.Time, Approvals: a.Approvals, Content: content}}
	hashes, err := tlog.StoredHashesForRecordHash(int64(index), e.Record.LeafHash(), c)
	if err != nil {
		return e, fmt.Errorf("hashing a forged record: %w", err)
	}
	for level, h := range hashes {
		c.grown[tlog.StoredHashIndex(level, int64(index>>level))] = h
	}
	return e, nil
}

// ReadHashes implements tlog.HashReader over the honest tree and what was forged onto it.
func (c *Centre) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if h, ok := c.grown[x]; ok {
			out[i] = h
			continue
		}
		h, err := c.Hashes.ReadHashes([]int64{x})
		if err != nil {
			return nil, err
		}
		out[i] = h[0]
	}
	return out, nil
}
