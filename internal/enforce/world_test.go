package enforce

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
	"github.com/openceir/openceir/subscriber"
)

// world is a ledger in memory. Everything in it is signed as it must be, so that a list.Replica
// believes what is published of it.
type world struct {
	t       testing.TB
	random  *rand.ChaCha8
	signer  note.Signer
	log     note.Verifier
	entries []receipt.Entry
	hashes  tree
	lines   *list.Table // of all streams, so that what is dropped is there
	now     time.Time
	dir     string
}

type tree []tlog.Hash

func (h tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = h[x]
	}
	return out, nil
}

func key(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("test key of " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

// directory names the approvers, and operators by their networks.
func directory(operators map[string][]subscriber.PLMN) *receipt.Directory {
	d := &receipt.Directory{Organisations: map[string][]subscriber.PLMN{"ministry": nil, "police": nil},
		Persons: map[string]ed25519.PublicKey{}, Nodes: map[string]ed25519.PublicKey{}}
	for _, p := range []string{"ministry/amina", "police/bela"} {
		d.Persons[p] = key(p).Public().(ed25519.PublicKey)
	}
	for name, plmns := range operators {
		d.Organisations[name] = plmns
	}
	return d
}

var twoOperators = map[string][]subscriber.PLMN{"east": {"00103"}, "west": {"00104"}}

// newWorld founds a ledger with two operators and a nation of a thousand million.
func newWorld(t testing.TB, seed byte) *world {
	w := &world{t: t, random: rand.NewChaCha8([32]byte{seed}), lines: list.NewTable(nil), now: time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC), dir: t.TempDir()}
	secret, public, err := note.GenerateKey(w.random, "log.example")
	w.must(err)
	w.signer, err = note.NewSigner(secret)
	w.must(err)
	w.log, err = note.NewVerifier(public)
	w.must(err)
	w.add(receipt.Founding, directory(twoOperators).Bytes())
	w.add(receipt.Denominator, list.Active{Pairs: 1e9, Day: "2026-11-01"}.Bytes())
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// add appends an act that two organisations have signed, and returns its index.
func (w *world) add(kind receipt.Kind, body []byte) uint64 {
	w.t.Helper()
	effect, err := receipt.NewOpening(w.random, body)
	w.must(err)
	c := receipt.Content{Kind: kind, By: receipt.Author{Sort: receipt.Office, Name: "test"}, Effect: effect.Commitment()}
	w.random.Read(c.Key[:])
	w.now = w.now.Add(time.Second)
	r := &receipt.Record{Index: w.size(), Time: w.now, Content: c}
	for _, p := range []string{"ministry/amina", "police/bela"} {
		r.Approvals = append(r.Approvals, receipt.Sign(key(p), p, receipt.Approve, c.Digest()))
	}
	h, err := tlog.StoredHashesForRecordHash(int64(r.Index), r.LeafHash(), w.hashes)
	w.must(err)
	w.hashes = append(w.hashes, h...)
	w.entries = append(w.entries, receipt.Entry{Record: r, Effect: effect})
	if kind == receipt.Measure {
		ops, err := list.ParseOps(body, r.Index)
		w.must(err)
		w.must(w.lines.Check(ops))
		w.lines.Apply(ops)
	}
	return r.Index
}

func (w *world) measure(ops string) uint64 {
	w.t.Helper()
	return w.add(receipt.Measure, []byte(ops))
}

func (w *world) size() uint64 { return uint64(len(w.entries)) }

func (w *world) headAt(size uint64) receipt.Head {
	root, err := tlog.TreeHash(int64(size), w.hashes)
	w.must(err)
	return receipt.Head{Size: size, Root: root}
}

// view is the ledger at a size. With failAfter it fails that many questions later.
type view struct {
	w         *world
	size      uint64
	failAfter *int
	opened    *int // openings read so far
}

func (w *world) view() *view { return &view{w: w, size: w.size(), opened: new(int)} }

var errView = errors.New("the register is gone")

func (v *view) fails() error {
	if v.failAfter != nil {
		if *v.failAfter--; *v.failAfter < 0 {
			return errView
		}
	}
	return nil
}

func (v *view) Head(context.Context) (ledger.Head, error) {
	h := v.w.headAt(v.size)
	text, err := h.Sign(v.w.signer)
	return ledger.Head{Head: h, Note: text}, errors.Join(err, v.fails())
}

func (v *view) Leaves(_ context.Context, from uint64, kinds ...receipt.Kind) iter.Seq2[ledger.Leaf, error] {
	return func(yield func(ledger.Leaf, error) bool) {
		for i := from; i < v.size; i++ {
			r := v.w.entries[i].Record
			if slices.Contains(kinds, r.Content.Kind) && !yield(ledger.Leaf{Index: i, Kind: r.Content.Kind, Text: r.Bytes()}, nil) {
				return
			}
		}
	}
}

func (v *view) Opening(_ context.Context, index uint64, part string) (ledger.StoredOpening, bool, error) {
	*v.opened++
	return ledger.StoredOpening{Index: index, Part: part, Opening: *v.w.entries[index].Effect}, true, v.fails()
}

func (v *view) Hashes(context.Context) tlog.HashReader { return v.w.hashes }

// directoryAt returns the directory in force at a size.
func (w *world) directoryAt(size uint64) *receipt.Directory {
	var d *receipt.Directory
	for _, e := range w.entries[:size] {
		if e.Record.Content.Kind == receipt.Founding {
			var err error
			d, err = receipt.ParseDirectory(e.Effect.Body)
			w.must(err)
		}
	}
	return d
}

// stage is a stage that has just started, publishing into a directory.
func (w *world) stage(dir string) *Stage[*view] {
	state := func() *ledger.State {
		g := new(list.Guard)
		for _, e := range w.entries {
			if e.Record.Content.Kind == receipt.Founding {
				w.must(g.Admit(&e, list.Effect{}, e.Record.Time))
			}
		}
		return &ledger.State{Guard: g}
	}
	return &Stage[*view]{Publisher: Publisher{Dir: dir, Signer: w.signer}, State: state}
}

func (w *world) look(s *Stage[*view]) {
	w.t.Helper()
	write, upto, err := s.Look(w.t.Context(), w.view(), 0)
	if err != nil || write != nil || upto != w.size() {
		w.t.Fatalf("the stage looked up to %d of %d, to write %v: %v", upto, w.size(), write != nil, err)
	}
}

// table folds a stream the long way.
func (w *world) table(stream string, size uint64) *list.Table {
	t := list.NewTable(nil)
	var d *receipt.Directory
	for _, e := range w.entries[:size] {
		switch e.Record.Content.Kind {
		case receipt.Founding:
			d = w.directoryAt(e.Record.Index + 1)
		case receipt.Measure:
			ops, err := list.ParseOps(e.Effect.Body, e.Record.Index)
			w.must(err)
			t.Apply(slices.DeleteFunc(ops, func(o list.Op) bool {
				_, there := t.Find(o.Line.Key())
				return !there && !InStream(stream, &o.Line, d)
			}))
		}
	}
	return t
}

// replica follows a stream by the files of a directory alone.
type replica struct {
	list.Replica
	dir string
}

func (w *world) replica(stream string) *replica {
	return &replica{list.Replica{Stream: stream, Log: w.log, Founders: w.entries[0].Record.Content.Digest()}, filepath.Join(w.dir, stream)}
}

func (r *replica) take(w *world, name string) {
	w.t.Helper()
	body, err := os.ReadFile(filepath.Join(r.dir, name))
	w.must(err)
	manifest, err := os.ReadFile(filepath.Join(r.dir, name+".note"))
	w.must(err)
	if _, err := r.Apply(manifest, body, elsewhere{}, w.now); err != nil {
		w.t.Fatalf("%s is not believed: %v", name, err)
	}
}

// elsewhere is a network that saw one device, which no line is about.
type elsewhere struct{ list.Nobody }

func (elsewhere) InRange(from, to imei.IMEI) int {
	if from == 0 && to == imei.Max {
		return 1
	}
	return 0
}

// begin takes what the index offers to a new node.
func (r *replica) begin(w *world) *list.Index {
	w.t.Helper()
	x, err := ReadIndex(r.dir)
	w.must(err)
	for _, name := range append([]string{x.Snapshot}, x.Deltas...) {
		r.take(w, name)
	}
	if r.Head() != w.headAt(x.Size) || r.Table().Digest() != w.table(r.Stream, x.Size).Digest() {
		w.t.Fatalf("the files of %s lead to size %d and another table than the ledger of size %d", r.Stream, r.Head().Size, x.Size)
	}
	return x
}

// lines returns the lines of a table as text.
func lines(t *list.Table) (out []string) {
	for l := range t.Lines() {
		out = append(out, l.String())
	}
	return out
}

// files returns what stands in a directory and below it: names and contents.
func files(t testing.TB, dir string) map[string]string {
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		out[strings.TrimPrefix(path, dir+"/")] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func stolen(serial int) string { return fmt.Sprintf("listed 35100000%06d prohibited stolen", serial) }
