package sim

import (
	"crypto/ed25519"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

type (
	ed25519Key    = ed25519.PrivateKey
	ed25519Public = ed25519.PublicKey
)

// thief appends whatever he likes to a copy of the tree and signs a delta of it for one node.
// Beside package forge, whose acts are measures only, he writes records of every kind.
type thief struct {
	w       *World
	o       *operator
	honest  *register // nil for none
	size    uint64    // of the tree so far
	time    time.Time
	grown   map[int64]tlog.Hash
	ops     []list.Op
	entries []receipt.Entry
}

// thief has what came to the node, and appends there: what came since is rewritten.
func (w *World) thief(o *operator) (*thief, bool) {
	return &thief{w: w, o: o, honest: w.memory.state(), size: o.Size(), time: w.forgedTime(), grown: map[int64]tlog.Hash{}}, o.matters()
}

// otherLog is a log of his own from the first record on, in which he is everybody.
func (w *World) otherLog(o *operator) *thief {
	h := &thief{w: w, o: o, honest: new(register), time: w.now.Truncate(time.Microsecond), grown: map[int64]tlog.Hash{}}
	own := *w
	own.keys = map[string]ed25519Key{"ministry/x": w.newKey(), "regulator/y": w.newKey()}
	d := &receipt.Directory{Organisations: w.directory.Organisations, Nodes: w.directory.Nodes,
		Persons: map[string]ed25519Public{"ministry/x": own.public("ministry/x"), "regulator/y": own.public("regulator/y")}}
	h.w = &own
	h.enact(own.draft(receipt.Founding, office("founders"), 0, d.Bytes(), "ministry/x", "regulator/y"), 0)
	pairs := list.Active{Pairs: 900_000, Day: "2026-11-22"}
	h.enact(own.draft(receipt.Denominator, office("founders"), 0, pairs.Bytes(), "ministry/x", "regulator/y"), 0)
	h.signed(refuseAll(w.nation.devices[:1]), "ministry/x", "regulator/y")
	return h
}

// add appends a record of any kind, with any approvals.
func (h *thief) add(kind receipt.Kind, by receipt.Author, authority uint64, body []byte, approvals []receipt.Approval) {
	d := h.w.draft(kind, by, authority, body)
	d.Approvals = approvals
	h.enact(d, 0)
}

func (h *thief) measure(by receipt.Author, authority uint64, ops []list.Op, approvals []receipt.Approval) {
	h.add(receipt.Measure, by, authority, list.OpsText(ops), approvals)
}

// signed appends a measure with true signatures.
func (h *thief) signed(ops []list.Op, by ...string) {
	h.enact(h.w.draft(receipt.Measure, office("decide"), 0, list.OpsText(ops), by...), 0)
}

// enact appends a draft as it is.
func (h *thief) enact(d ledger.Draft, proposal uint64) {
	approvals := slices.Clone(d.Approvals)
	slices.SortFunc(approvals, func(a, b receipt.Approval) int { return strings.Compare(a.Person, b.Person) })
	e := receipt.Entry{Effect: d.Effect, Record: &receipt.Record{Index: h.size, Time: h.time, Proposal: proposal, Approvals: approvals, Content: d.Content}}
	hashes, err := tlog.StoredHashesForRecordHash(int64(h.size), e.Record.LeafHash(), h)
	h.w.must(err)
	for level, hash := range hashes {
		h.grown[tlog.StoredHashIndex(level, int64(h.size>>level))] = hash
	}
	if d.Content.Kind == receipt.Measure {
		ops, err := list.ParseOps(d.Effect.Body, h.size)
		h.w.must(err)
		h.ops = append(h.ops, ops...)
	}
	h.entries = append(h.entries, e)
	h.size++
}

// ReadHashes implements tlog.HashReader.
func (h *thief) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		hash, ok := h.grown[x]
		if !ok {
			one, err := h.honest.ReadHashes([]int64{x})
			if err != nil {
				return nil, err
			}
			hash = one[0]
		}
		out[i] = hash
	}
	return out, nil
}

// file signs what was appended as a list file.
func (h *thief) file() (file, bool) {
	from := h.o.Size()
	table := h.o.lists.Replica.Table().Clone()
	m := list.Manifest{Stream: h.o.name, Kind: list.KindDelta, From: from, Before: table.Digest(), Head: receipt.Head{Size: h.size}}
	root, err := tlog.TreeHash(int64(h.size), h)
	h.w.must(err)
	m.Head.Root = root
	shown := slices.DeleteFunc(h.entries, func(e receipt.Entry) bool { return e.Record.Index < from })
	proof, err := receipt.NewBundle(h.size, shown, h)
	h.w.must(err)
	table.Apply(h.ops)
	m.After = table.Digest()
	var body []byte
	if from == 0 {
		m.Kind = list.KindSnapshot
		body, err = table.Snapshot(proof)
	} else {
		d := list.Delta{Ops: h.ops, Evidence: proof}
		d.Growth, err = tlog.ProveTree(int64(h.size), int64(from), h)
		h.w.must(err)
		body = d.Bytes()
	}
	h.w.must(err)
	manifest, err := m.Seal(body, h.w.signer)
	h.w.must(err)
	return file{"", manifest, body}, true
}
