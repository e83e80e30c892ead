package sim

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// Witness reads the register as an outsider would and remembers all that it read.
type Witness struct {
	log    note.Verifier
	nation *nation

	highest time.Time // that the centre's clock ever showed

	texts  []string // of the records
	facts  []*fact
	leaves [][32]byte
	roots  map[uint64][32]byte // by tree size, where asked for
	keys   map[string]uint64
	erased map[uint64]uint64 // record: which record erased its personal part

	directory people
	homes     map[string]string // operator by network
	active    uint64
	policies  map[uint64]*rulePolicy
	current   map[string]uint64 // rule: index of its policy
	list      table             // everything, for whatever stream
}

func newWitness(log note.Verifier, n *nation) *Witness {
	return &Witness{log: log, nation: n, roots: map[uint64][32]byte{}, keys: map[string]uint64{}, erased: map[uint64]uint64{},
		homes: map[string]string{}, policies: map[uint64]*rulePolicy{}, current: map[string]uint64{}, list: table{}}
}

// read compares the register with what was read before, and reads on.
// clock is what the centre's shows.
func (x *Witness) read(r *register, clock time.Time) error {
	if len(r.leaves) < len(x.texts) {
		return fmt.Errorf("the register has %d records, it had %d", len(r.leaves), len(x.texts))
	}
	for i, text := range x.texts {
		if string(r.leaves[i].Text) != text {
			return fmt.Errorf("record %d is another than it was", i)
		}
	}
	clock = clock.Truncate(time.Microsecond)
	x.highest = later(x.highest, clock)
	for _, l := range r.leaves[len(x.texts):] {
		if err := x.next(r, l, clock); err != nil {
			return fmt.Errorf("record %d: %w", len(x.facts), err)
		}
	}
	return x.head(r)
}

// next reads one more record.
func (x *Witness) next(r *register, l ledger.Leaf, clock time.Time) error {
	f, err := readFact(string(l.Text))
	if err != nil {
		return err
	}
	at := uint64(len(x.facts))
	before, twice := x.keys[f.key]
	switch {
	case f.index != at || l.Index != at:
		return fmt.Errorf("it calls itself %d and is kept as %d", f.index, l.Index)
	case twice:
		return fmt.Errorf("it has the key of record %d", before)
	case f.time.Before(later(x.lastTime(), clock)) || f.time.After(later(x.lastTime(), x.highest)):
		return fmt.Errorf("its time is %s, the record before it is of %s and the clock shows %s", f.time, x.lastTime(), clock)
	case string(l.Kind) != f.kind:
		return fmt.Errorf("it is kept as a %s and is a %s", l.Kind, f.kind)
	}
	effect, ok := r.openings[place{at, ledger.PartEffect}]
	if !ok || !commits(f.effect, effect) {
		return fmt.Errorf("its effect is missing or another")
	}
	if personal, ok := r.openings[place{at, ledger.PartPersonal}]; ok != (f.personal != "") || ok && !commits(f.personal, personal) {
		return fmt.Errorf("its personal part is missing or another")
	}
	if f.body = effect.Body; f.kind == "measure" {
		if f.ops, err = readOps(f.body, at); err != nil {
			return err
		}
	}
	if err := x.judge(f); err != nil {
		return fmt.Errorf("a %s by %s that the law forbids: %w", f.kind, f.by, err)
	}
	if f.kind == "erasure" {
		var of uint64
		if _, err := fmt.Sscanf(string(f.body), `{"index":%d,`, &of); err != nil {
			return err
		}
		x.erased[of] = at
	}
	x.keys[f.key] = at
	x.texts, x.facts, x.leaves = append(x.texts, string(l.Text)), append(x.facts, f), append(x.leaves, f.leaf)
	return nil
}

// head checks that the signed head is that of the records.
func (x *Witness) head(r *register) error {
	size := uint64(len(x.leaves))
	if size == 0 {
		return nil
	}
	root := x.root(size)
	n, err := note.Open(r.head.Note, note.VerifierList(x.log))
	if err != nil {
		return fmt.Errorf("the head: %w", err)
	}
	want := fmt.Sprintf("%s\n%d\n%s\n", x.log.Name(), size, base64.StdEncoding.EncodeToString(root[:]))
	if n.Text != want || r.head.Size != size || r.head.Root != root {
		return fmt.Errorf("the head says %q, the records %q", n.Text, want)
	}
	return nil
}

// root returns the root of the first records.
func (x *Witness) root(size uint64) [32]byte {
	root, ok := x.roots[size]
	if !ok {
		root = treeRoot(x.leaves[:size])
		x.roots[size] = root
	}
	return root
}

// fold returns a stream's lines at a ledger size: everything for the nation but pairs, and for an
// operator the pairs of its own subscribers and of those whose home is nobody's. What came into a
// stream is in it until it is dropped. The stream "" has everything.
func (x *Witness) fold(stream string, size uint64) table {
	t := table{}
	homes := map[string]string{}
	for _, f := range x.facts[:size] {
		if f.kind == "directory" {
			homes = readNetworks(f.body)
		}
		for _, o := range f.ops {
			_, there := t[o.key]
			if o.class == "pair" && !there && stream != "" && (stream == list.National || o.home(homes) != "" && o.home(homes) != stream) {
				continue
			}
			t.apply([]op{o})
		}
	}
	return t
}

// home returns the operator of a pair's subscriber, "" if that is none of them.
func (l *line) home(homes map[string]string) string {
	imsi, ok := strings.CutPrefix(l.subscriber, "imsi-")
	if ok && len(imsi) > 6 {
		for _, n := range []int{5, 6} {
			if op := homes[imsi[:n]]; op != "" {
				return op
			}
		}
	}
	return ""
}

// openings checks that everything committed to is still there, or was erased by a record.
func (x *Witness) openings(r *register) error {
	for _, f := range x.facts {
		effect, ok := r.openings[place{f.index, ledger.PartEffect}]
		if !ok || !bytes.Equal(effect.Body, f.body) {
			return fmt.Errorf("the effect of record %d is gone or another", f.index)
		}
		personal, ok := r.openings[place{f.index, ledger.PartPersonal}]
		_, erased := x.erased[f.index]
		if f.personal != "" && ok == erased || ok && !commits(f.personal, personal) {
			return fmt.Errorf("the personal part of record %d is there: %v, erased: %v", f.index, ok, erased)
		}
	}
	return nil
}

// lastTime is the time of the last record.
func (x *Witness) lastTime() time.Time {
	if len(x.facts) == 0 {
		return time.Time{}
	}
	return x.facts[len(x.facts)-1].time
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// prefix reports whether the tree that the head names is one that the register had.
func (x *Witness) prefix(h receipt.Head) bool {
	return h.Size <= uint64(len(x.leaves)) && (h.Size == 0 || [32]byte(h.Root) == x.root(h.Size))
}
