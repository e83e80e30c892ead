package tidy

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
	"github.com/openceir/openceir/subscriber"
)

// sample is the small country that the worked examples of docs/formats speak of: six records, made
// with keys and salts that anyone can make again. Keys are Ed25519 keys whose seed is the SHA-256
// of their owner's name, salts the SHA-256 of "salt N", N from 1.
type sample struct {
	signer note.Signer
	log    note.Verifier
	logKey string // the log's public key, as it is given to verifiers
	salts  int

	directory *receipt.Directory
	entries   []receipt.Entry
	hashes    tree
}

const (
	sampleLog = "openceir.example/ceir"
	amina     = "ministry/amina"
	bela      = "police/bela"
	node1     = "north/eir-1"
)

// sampleDevice is of the test range, as no device of the example is anybody's.
var sampleDevice = imei.New(101701, 42)

func sampleKey(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func public(name string) ed25519.PublicKey { return sampleKey(name).Public().(ed25519.PublicKey) }

// tree is a ledger's tree in memory.
type tree []tlog.Hash

func (t tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x >= int64(len(t)) {
			return nil, fmt.Errorf("hash %d is beyond the tree", x)
		}
		out[i] = t[x]
	}
	return out, nil
}

func newSample(t *testing.T) *sample {
	s := &sample{directory: &receipt.Directory{
		Organisations: map[string][]subscriber.PLMN{"ministry": nil, "police": nil, "north": {"00101"}},
		Persons:       map[string]ed25519.PublicKey{amina: public(amina), bela: public(bela)},
		Nodes:         map[string]ed25519.PublicKey{node1: public(node1)},
	}}
	seed := sha256.Sum256([]byte(sampleLog))
	skey, vkey, err := note.GenerateKey(&once{seed[:]}, sampleLog)
	s.logKey = vkey
	if err == nil {
		s.signer, err = note.NewSigner(skey)
	}
	if err == nil {
		s.log, err = note.NewVerifier(vkey)
	}
	if err != nil {
		t.Fatal(err)
	}
	device := sampleDevice
	victim := sampleDevice + 1
	someone, err := subscriber.ParseIMSI("001010123456789")
	if err != nil {
		t.Fatal(err)
	}
	stolen := list.Line{Class: list.Listed, From: device, To: device, Status: list.Prohibited, Ground: list.Stolen, Version: list.AnyVersion}
	copied := stolen
	copied.From, copied.To, copied.Ground = victim, victim, list.Duplicate
	pair := list.Line{Class: list.Pair, From: victim, To: victim, Status: list.Allowed, Ground: list.Duplicate, Version: list.AnyVersion,
		Subscriber: subscriber.Of(someone, 0), Overrides: list.GroundSet(list.Duplicate)}
	model := stolen
	model.From, model.To, model.Ground = imei.TAC(101799).First(), imei.TAC(101799).Last(), list.NotAllocated
	both := []string{amina, bela}
	policy := &list.Policy{Rule: "stolen-list", Version: "3fa94be07d11c2aa", Status: list.Prohibited, Ground: list.Stolen, Ceiling: 300, DryRun: 274}
	s.append(t, receipt.Founding, "office setup", 0, s.directory.Bytes(), nil, both...)
	s.append(t, receipt.Denominator, "person "+amina, 0, list.Active{Pairs: 4_000_000, Day: "2026-11-22"}.Bytes(), nil, both...)
	s.append(t, receipt.Policy, "person "+amina, 0, policy.Bytes(), nil, amina)
	s.append(t, receipt.Measure, "rule stolen-list", 2, list.OpsText([]list.Op{{Line: stolen}}), []byte("Reported to the police on 2026-11-20."))
	s.append(t, receipt.Measure, "person "+bela, 0, list.OpsText([]list.Op{{Line: pair}, {Line: copied}, {Line: model}}), nil, both...)
	s.append(t, receipt.Measure, "person "+amina, 0, list.OpsText([]list.Op{{Drop: true, Line: stolen}}), []byte("Found again by its owner."), both...)
	return s
}

// once reads its bytes, then nothing: a key is drawn from it.
type once struct{ rest []byte }

func (o *once) Read(p []byte) (int, error) {
	n := copy(p, o.rest)
	o.rest = o.rest[n:]
	return n, nil
}

func (s *sample) opening(body []byte) *receipt.Opening {
	s.salts++
	return &receipt.Opening{Salt: sha256.Sum256(fmt.Appendf(nil, "salt %d", s.salts)), Body: body}
}

func (s *sample) append(t *testing.T, kind receipt.Kind, by string, authority uint64, effect, personal []byte, signers ...string) {
	index := uint64(len(s.entries))
	author, err := receipt.ParseAuthor(by)
	if err != nil {
		t.Fatal(err)
	}
	e := receipt.Entry{Effect: s.opening(effect)}
	c := receipt.Content{Kind: kind, Key: sha256.Sum256(fmt.Appendf(nil, "key %d", index)), By: author, Authority: authority, Effect: e.Effect.Commitment()}
	if personal != nil {
		e.Personal = s.opening(personal)
		c.Personal = e.Personal.Commitment()
	}
	e.Record = &receipt.Record{Index: index, Time: time.Date(2026, 11, 23, 10, 0, int(index), 0, time.UTC), Content: c}
	if kind == receipt.Measure {
		e.Record.Refuses, e.Record.Releases = 1, 0
		if index == 5 {
			e.Record.Refuses, e.Record.Releases = 0, 1
		}
	}
	for _, p := range signers {
		v := receipt.Approve
		if author == (receipt.Author{Sort: receipt.Person, Name: p}) {
			v = receipt.Asks
		}
		e.Record.Approvals = append(e.Record.Approvals, receipt.Sign(sampleKey(p), p, v, c.Digest()))
	}
	hashes, err := tlog.StoredHashesForRecordHash(int64(index), e.Record.LeafHash(), s.hashes)
	if err != nil {
		t.Fatal(err)
	}
	s.entries, s.hashes = append(s.entries, e), append(s.hashes, hashes...)
}

// head returns the tree's head at a size, and its signed note.
func (s *sample) head(t *testing.T, size uint64) (receipt.Head, []byte) {
	root, err := tlog.TreeHash(int64(size), s.hashes)
	if err != nil {
		t.Fatal(err)
	}
	h := receipt.Head{Size: size, Root: root}
	msg, err := h.Sign(s.signer)
	if err != nil {
		t.Fatal(err)
	}
	return h, msg
}

// bundle returns some records with their proof in the tree of a size.
func (s *sample) bundle(t *testing.T, size uint64, personal bool, indices ...int) *receipt.Bundle {
	var entries []receipt.Entry
	for _, i := range indices {
		e := s.entries[i]
		if !personal {
			e.Personal = nil
		}
		entries = append(entries, e)
	}
	b, err := receipt.NewBundle(size, entries, s.hashes)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// files returns the snapshot at size 5 and the delta to 6, each with its manifest, after a replica
// has believed both.
func (s *sample) files(t *testing.T) (snapshot, snapshotNote, delta, deltaNote []byte, table *list.Table) {
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	five, _ := s.head(t, 5)
	six, _ := s.head(t, 6)
	table = list.NewTable(nil)
	empty := table.Digest()
	for _, i := range []int{3, 4} {
		ops, err := list.ParseOps(s.entries[i].Effect.Body, uint64(i))
		must(err)
		table.Apply(ops)
	}
	snapshot, err := table.Snapshot(s.bundle(t, 5, false, 0, 1, 2, 3, 4))
	must(err)
	m := list.Manifest{Stream: "north", Kind: list.KindSnapshot, Before: empty, Head: five, After: table.Digest()}
	snapshotNote, err = m.Seal(snapshot, s.signer)
	must(err)

	ops, err := list.ParseOps(s.entries[5].Effect.Body, 5)
	must(err)
	growth, err := tlog.ProveTree(6, 5, s.hashes)
	must(err)
	d := list.Delta{Ops: ops, Growth: growth, Evidence: s.bundle(t, 6, false, 5)}
	after := table.Clone()
	after.Apply(ops)
	delta = d.Bytes()
	m = list.Manifest{Stream: "north", Kind: list.KindDelta, From: 5, Before: table.Digest(), Head: six, After: after.Digest()}
	deltaNote, err = m.Seal(delta, s.signer)
	must(err)

	r := &list.Replica{Stream: "north", Log: s.log, Founders: s.entries[0].Record.Content.Digest()}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	// The range of record 4 names a whole type: the network saw one device of it.
	_, err = r.Apply(snapshotNote, snapshot, oneEach{}, now)
	must(err)
	_, err = r.Apply(deltaNote, delta, oneEach{}, now)
	must(err)
	return snapshot, snapshotNote, delta, deltaNote, table
}

// oneEach is a network that saw one subscriber with every device and in every range.
type oneEach struct{}

func (oneEach) Pairs(imei.IMEI) int              { return 1 }
func (oneEach) InRange(imei.IMEI, imei.IMEI) int { return 1 }
