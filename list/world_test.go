package list

import (
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/receipt"
	"github.com/openceir/openceir/subscriber"
)

// world is a small ledger with nobody to guard it: whoever writes a test holds the log's key and
// the keys of those persons whom the test says are with them.
type world struct {
	t       testing.TB
	signer  note.Signer
	log     note.Verifier
	entries []receipt.Entry
	hashes  memory
	now     time.Time
	drawn   uint64
}

// memory is a tree in memory.
type memory []tlog.Hash

func (m memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = m[x]
	}
	return out, nil
}

// The persons, two of each of three organisations.
const (
	amina = "ministry/amina"
	bela  = "ministry/bela"
	cyra  = "north/cyra"
	dani  = "north/dani"
	eva   = "police/eva"
	finn  = "police/finn"
)

var everybody = []string{amina, bela, cyra, dani, eva, finn}

// key is a person's private key.
func key(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("test key of " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func public(name string) ed25519.PublicKey { return key(name).Public().(ed25519.PublicKey) }

func directory(persons ...string) *receipt.Directory {
	d := &receipt.Directory{
		Organisations: map[string][]subscriber.PLMN{"ministry": nil, "north": {"00101", "00104"}, "police": nil},
		Persons:       map[string]ed25519.PublicKey{}, Nodes: map[string]ed25519.PublicKey{"north/eir-1": public("node")},
	}
	for _, p := range persons {
		d.Persons[p] = public(p)
	}
	return d
}

// active is the base of shares: one person may change 100 pairs a day, two persons 1,000, two
// organisations 10,000.
const active = 1_000_000

// counter is randomness that is the same each time.
type counter struct{ n *uint64 }

func (c counter) Read(b []byte) (int, error) {
	for i := 0; i < len(b); i += 32 {
		*c.n++
		h := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("test randomness "), *c.n))
		copy(b[i:], h[:])
	}
	return len(b), nil
}

func logKey(t testing.TB, name string) (note.Signer, note.Verifier) {
	n := uint64(0)
	for _, c := range name {
		n = n*31 + uint64(c)
	}
	secret, pub, err := note.GenerateKey(counter{&n}, name)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(pub)
	if err != nil {
		t.Fatal(err)
	}
	return signer, v
}

// newWorld founds a log: its directory and its denominator.
func newWorld(t testing.TB) *world {
	w := &world{t: t, now: time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)}
	w.signer, w.log = logKey(t, "log.example")
	w.add(act{kind: receipt.Founding, body: directory(everybody...).Bytes(), signers: []string{amina, cyra}})
	w.add(act{kind: receipt.Denominator, body: Active{active, "2026-11-01"}.Bytes(), signers: []string{amina, eva}})
	return w
}

// fork is a world in which one can do other things.
func (w *world) fork() *world {
	f := *w
	f.entries, f.hashes = slices.Clip(w.entries), slices.Clip(w.hashes)
	return &f
}

// act says what to append. The zero author is the office "test".
type act struct {
	kind      receipt.Kind
	by        receipt.Author
	authority uint64
	body      []byte
	effect    *receipt.Opening // of the body, if it was drawn before
	personal  []byte
	signers   []string // they approve; the author asks
	approvals []receipt.Approval
	proposal  uint64
	writer    Effect                       // what the writer says that it does
	change    func(*receipt.Record)        // after all is signed
	content   func(*receipt.Content)       // before it is signed
	verdict   map[string]receipt.Verdict   // instead of the usual
	over      func(string) *receipt.Digest // sign another content, nil for this one
}

// add appends an act and returns its index.
func (w *world) add(a act) uint64 {
	e := w.entry(a)
	w.push(e)
	return e.Record.Index
}

func (w *world) push(e receipt.Entry) {
	h, err := tlog.StoredHashesForRecordHash(int64(len(w.entries)), e.Record.LeafHash(), w.hashes)
	if err != nil {
		w.t.Fatal(err)
	}
	w.entries, w.hashes = append(w.entries, e), append(w.hashes, h...)
}

func (w *world) opening(body []byte) *receipt.Opening {
	o, err := receipt.NewOpening(counter{&w.drawn}, body)
	if err != nil {
		w.t.Fatal(err)
	}
	return o
}

func (w *world) entry(a act) receipt.Entry {
	if a.by == (receipt.Author{}) {
		a.by = receipt.Author{Sort: receipt.Office, Name: "test"}
	}
	e := receipt.Entry{Effect: a.effect}
	if e.Effect == nil {
		e.Effect = w.opening(a.body)
	}
	c := receipt.Content{Kind: a.kind, By: a.by, Authority: a.authority, Effect: e.Effect.Commitment()}
	counter{&w.drawn}.Read(c.Key[:])
	if a.personal != nil {
		e.Personal = w.opening(a.personal)
		c.Personal = e.Personal.Commitment()
	}
	if a.content != nil {
		a.content(&c)
	}
	r := &receipt.Record{Index: uint64(len(w.entries)), Time: w.now, Refuses: a.writer.Refuses, Releases: a.writer.Releases,
		Proposal: a.proposal, Approvals: a.approvals, Content: c}
	for _, who := range a.signers {
		v := receipt.Approve
		if a.by == person(who) {
			v = receipt.Asks
		}
		if other, ok := a.verdict[who]; ok {
			v = other
		}
		digest := c.Digest()
		if a.over != nil && a.over(who) != nil {
			digest = *a.over(who)
		}
		r.Approvals = append(r.Approvals, receipt.Sign(key(who), who, v, digest))
	}
	slices.SortStableFunc(r.Approvals, func(a, b receipt.Approval) int { return cmp.Compare(a.Person, b.Person) })
	if a.change != nil {
		a.change(r)
	}
	e.Record = r
	return e
}

func person(name string) receipt.Author { return receipt.Author{Sort: receipt.Person, Name: name} }

func rule(name string) receipt.Author { return receipt.Author{Sort: receipt.Rule, Name: name} }

// measure appends a measure of the ops, a line each, signed by the persons.
func (w *world) measure(ops string, signers ...string) uint64 {
	return w.add(act{kind: receipt.Measure, body: []byte(ops), signers: signers})
}

// propose announces an act and returns it as it is to be added.
func (w *world) propose(a act) act {
	a.effect = w.opening(a.body)
	e := w.entry(a)
	a.content = func(c *receipt.Content) { *c = e.Record.Content }
	a.proposal = w.add(act{kind: receipt.Proposal, body: e.Record.Content.Bytes()})
	return a
}

func (w *world) size() uint64 { return uint64(len(w.entries)) }

func (w *world) head() receipt.Head {
	root, err := tlog.TreeHash(int64(len(w.entries)), w.hashes)
	if err != nil {
		w.t.Fatal(err)
	}
	return receipt.Head{Size: w.size(), Root: root}
}

// table folds the measures up to a size.
func (w *world) table(size uint64) *Table {
	t := NewTable(nil)
	for _, e := range w.entries[:size] {
		if e.Record.Content.Kind == receipt.Measure {
			ops, err := ParseOps(e.Effect.Body, e.Record.Index)
			if err != nil {
				w.t.Fatal(err)
			}
			t.Apply(ops)
		}
	}
	return t
}

// evidence proves what gives authority from a size on, and the acts.
func (w *world) evidence(from uint64, acts map[uint64]bool) *receipt.Bundle {
	var out []receipt.Entry
	for _, e := range w.entries[from:] {
		switch e.Record.Content.Kind {
		case receipt.Founding, receipt.Denominator, receipt.Policy, receipt.Proposal:
			out = append(out, e)
		case receipt.Measure:
			if acts[e.Record.Index] {
				out = append(out, e)
			}
		}
	}
	b, err := receipt.NewBundle(w.size(), out, w.hashes)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// file is a list file with what it is made of, so that a test can change it.
type file struct {
	w        *world
	m        Manifest
	delta    *Delta
	table    *Table
	evidence *receipt.Bundle
	signer   note.Signer
}

func (w *world) snapshot() *file {
	t := w.table(w.size())
	acts := map[uint64]bool{}
	for l := range t.Lines() {
		acts[l.Act] = true
	}
	return &file{w: w, table: t, evidence: w.evidence(0, acts), signer: w.signer,
		m: Manifest{Stream: "north", Kind: KindSnapshot, Before: NewTable(nil).Digest(), Head: w.head(), After: t.Digest()}}
}

func (w *world) delta(from uint64) *file {
	before, after := w.table(from), w.table(w.size())
	f := &file{w: w, table: after, signer: w.signer, delta: new(Delta),
		m: Manifest{Stream: "north", Kind: KindDelta, From: from, Before: before.Digest(), Head: w.head(), After: after.Digest()}}
	acts := map[uint64]bool{}
	for _, e := range w.entries[from:] {
		if e.Record.Content.Kind == receipt.Measure {
			ops, _ := ParseOps(e.Effect.Body, e.Record.Index)
			f.delta.Ops = append(f.delta.Ops, ops...)
			acts[e.Record.Index] = true
		}
	}
	var err error
	if f.delta.Growth, err = tlog.ProveTree(int64(w.size()), int64(from), w.hashes); err != nil {
		w.t.Fatal(err)
	}
	f.delta.Evidence = w.evidence(from, acts)
	return f
}

// with changes a file before it is written.
func (f *file) with(change func(*file)) *file {
	change(f)
	return f
}

func (f *file) body() []byte {
	if f.delta != nil {
		return f.delta.Bytes()
	}
	b, err := f.table.Snapshot(f.evidence)
	if err != nil {
		f.w.t.Fatal(err)
	}
	return b
}

// sealed writes and signs the file.
func (f *file) sealed() (manifest, body []byte) {
	body = f.body()
	return f.over(body), body
}

// over signs the manifest for other bytes.
func (f *file) over(body []byte) []byte {
	manifest, err := f.m.Seal(body, f.signer)
	if err != nil {
		f.w.t.Fatal(err)
	}
	return manifest
}

// census is what a network saw: pairs by device.
type census map[imei.IMEI]int

func (c census) Pairs(m imei.IMEI) int { return c[m] }

func (c census) InRange(from, to imei.IMEI) (n int) {
	for m, pairs := range c {
		if from <= m && m <= to {
			n += pairs
		}
	}
	return n
}

func mustIMEI(t testing.TB, s string) imei.IMEI {
	m, err := imei.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// lines repeats an op for devices of a TAC from a serial number on.
func lines(op string, tac string, first, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, op+"\n", fmt.Sprintf("%s%06d", tac, first+i))
	}
	return b.String()
}

func (w *world) replica() *Replica {
	return &Replica{Stream: "north", Log: w.log, Founders: w.entries[0].Record.Content.Digest(), Skew: time.Minute}
}

func apply(t testing.TB, r *Replica, f *file, seen Seen, now time.Time) Report {
	t.Helper()
	m, b := f.sealed()
	report, err := r.Apply(m, b, seen, now)
	if err != nil {
		t.Fatal(err)
	}
	if r.Table().Digest() != f.m.After || r.Head() != f.m.Head {
		t.Fatal("an applied file left another table or head than it names")
	}
	return report
}
