package eir

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
	"github.com/openceir/openceir/subscriber"
)

// ledger is a small log and what it publishes for the stream "north". Two organisations sign
// everything, unless told otherwise.
type ledger struct {
	t       testing.TB
	signer  note.Signer
	log     note.Verifier
	entries []receipt.Entry
	hashes  tree
	now     time.Time
	drawn   drawer
}

type tree []tlog.Hash

func (m tree) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, x := range at {
		out[i] = m[x]
	}
	return out, nil
}

// drawer is randomness that is the same each time.
type drawer uint64

func (d *drawer) Read(b []byte) (int, error) {
	for i := 0; i < len(b); i += 32 {
		*d++
		h := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(*d)))
		copy(b[i:], h[:])
	}
	return len(b), nil
}

var signers = []string{"ministry/amina", "north/cyra"}

func keyOf(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func newLedger(t testing.TB) *ledger {
	w := &ledger{t: t, now: time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)}
	secret, public, err := note.GenerateKey(&w.drawn, "log.example")
	w.must(err)
	w.signer, err = note.NewSigner(secret)
	w.must(err)
	w.log, err = note.NewVerifier(public)
	w.must(err)
	d := &receipt.Directory{Organisations: map[string][]subscriber.PLMN{"ministry": nil, "north": {"00101"}},
		Persons: map[string]ed25519.PublicKey{}, Nodes: map[string]ed25519.PublicKey{}}
	for _, s := range signers {
		d.Persons[s] = keyOf(s).Public().(ed25519.PublicKey)
	}
	w.add(receipt.Founding, d.Bytes(), signers...)
	w.add(receipt.Denominator, list.Active{Pairs: 1_000_000, Day: "2026-11-01"}.Bytes(), signers...)
	return w
}

func (w *ledger) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *ledger) size() uint64 { return uint64(len(w.entries)) }

// add appends an act.
func (w *ledger) add(kind receipt.Kind, body []byte, by ...string) {
	w.t.Helper()
	w.now = w.now.Add(time.Second)
	effect, err := receipt.NewOpening(&w.drawn, body)
	w.must(err)
	c := receipt.Content{Kind: kind, By: receipt.Author{Sort: receipt.Office, Name: "test"}, Effect: effect.Commitment()}
	w.drawn.Read(c.Key[:])
	r := &receipt.Record{Index: w.size(), Time: w.now, Content: c}
	for _, who := range by {
		r.Approvals = append(r.Approvals, receipt.Sign(keyOf(who), who, receipt.Approve, c.Digest()))
	}
	hashes, err := tlog.StoredHashesForRecordHash(int64(r.Index), r.LeafHash(), w.hashes)
	w.must(err)
	w.entries, w.hashes = append(w.entries, receipt.Entry{Record: r, Effect: effect}), append(w.hashes, hashes...)
}

// device is one of those that the ledger speaks of.
func deviceNo(n int) imei.IMEI { return imei.New(35227301, uint32(n)) }

// block refuses a device.
func (w *ledger) block(n int, by ...string) {
	w.t.Helper()
	if by == nil {
		by = signers
	}
	w.add(receipt.Measure, fmt.Appendf(nil, "set listed %s prohibited barred\n", deviceNo(n)), by...)
}

// release lifts that.
func (w *ledger) release(n int) {
	w.t.Helper()
	w.add(receipt.Measure, fmt.Appendf(nil, "drop listed %s prohibited barred\n", deviceNo(n)), signers...)
}

func (w *ledger) head(size uint64) receipt.Head {
	root, err := tlog.TreeHash(int64(size), w.hashes)
	w.must(err)
	return receipt.Head{Size: size, Root: root}
}

func (w *ledger) ops(from, to uint64) (ops []list.Op) {
	for _, e := range w.entries[from:to] {
		if e.Record.Content.Kind == receipt.Measure {
			more, err := list.ParseOps(e.Effect.Body, e.Record.Index)
			w.must(err)
			ops = append(ops, more...)
		}
	}
	return ops
}

func (w *ledger) table(size uint64) *list.Table {
	t := list.NewTable(nil)
	t.Apply(w.ops(0, size))
	return t
}

// evidence proves the entries from one size to another of which keep says so.
func (w *ledger) evidence(from, to uint64, keep func(*receipt.Entry) bool) *receipt.Bundle {
	some := slices.Clone(w.entries[from:to])
	some = slices.DeleteFunc(some, func(e receipt.Entry) bool { return !keep(&e) })
	b, err := receipt.NewBundle(to, some, w.hashes)
	w.must(err)
	return b
}

// snapshot publishes the table at a size, and shows of the acts only those that keep allows.
func (w *ledger) snapshot(size uint64, keep func(*receipt.Entry) bool) File {
	t := w.table(size)
	live := map[uint64]bool{}
	for l := range t.Lines() {
		live[l.Act] = true
	}
	body, err := t.Snapshot(w.evidence(0, size, func(e *receipt.Entry) bool {
		return (e.Record.Content.Kind != receipt.Measure || live[e.Record.Index]) && (keep == nil || keep(e))
	}))
	w.must(err)
	return w.seal(&list.Manifest{Stream: "north", Kind: list.KindSnapshot, Before: list.NewTable(nil).Digest(), Head: w.head(size), After: t.Digest()}, body)
}

// delta publishes the change from one size to another.
func (w *ledger) delta(from, to uint64) File {
	d := list.Delta{Ops: w.ops(from, to), Evidence: w.evidence(from, to, func(*receipt.Entry) bool { return true })}
	var err error
	d.Growth, err = tlog.ProveTree(int64(to), int64(from), w.hashes)
	w.must(err)
	return w.seal(&list.Manifest{Stream: "north", Kind: list.KindDelta, From: from, Before: w.table(from).Digest(), Head: w.head(to), After: w.table(to).Digest()}, d.Bytes())
}

func (w *ledger) seal(m *list.Manifest, body []byte) File {
	manifest, err := m.Seal(body, w.signer)
	w.must(err)
	return File{fmt.Sprintf("%s to %d", m.Kind, m.Head.Size), manifest, body}
}

// node is a node's lists, and what was told.
type node struct {
	*Lists
	told []string
}

// boot starts a node on a directory, from what it has kept.
func (w *ledger) boot(dir string) *node {
	w.t.Helper()
	n := new(node)
	n.Lists = &Lists{Dir: dir, Core: NewCore(func() time.Time { return w.now }), Seen: func() list.Seen { return new(Seen).Count(0) },
		Replica: &list.Replica{Stream: "north", Log: w.log, Founders: w.entries[0].Record.Content.Digest(), Skew: time.Minute},
		Refused: func(name string, err error) { n.told = append(n.told, name+": "+err.Error()) }}
	w.must(n.Load())
	return n
}

// take gives a node a file, which must be believed.
func (w *ledger) take(n *node, f File) {
	w.t.Helper()
	_, err := n.Take(f.Name, f.Manifest, f.Body)
	w.must(err)
}

// follow takes a node from where it is to the newest size.
func (w *ledger) follow(n *node) {
	w.t.Helper()
	if n.Size() == 0 {
		w.take(n, w.snapshot(w.size(), nil))
	} else {
		w.take(n, w.delta(n.Size(), w.size()))
	}
}

// answers are the answers for the first so many devices: x for prohibited, a point for allowed.
func (n *node) answers(devices int) string {
	out := make([]byte, devices)
	for i := range out {
		out[i] = '.'
		q := list.Query{IMEI: deviceNo(i), Version: list.AnyVersion}
		if n.Core.answer(&q).Status == list.Prohibited {
			out[i] = 'x'
		}
	}
	return string(out)
}
