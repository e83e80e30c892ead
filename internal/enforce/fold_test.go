package enforce

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
	"github.com/openceir/openceir/subscriber"
)

// drawn appends a random act.
func (w *world) drawn(dice *rand.Rand) {
	switch n := dice.IntN(20); {
	case n < 14:
		w.measure(w.drawnOps(dice))
	case n < 15:
		all := map[string][]subscriber.PLMN{"east": {"00103"}, "west": {"00104"}, "north": {"00101"}}
		for _, name := range []string{"west", "north"} {
			if dice.IntN(2) == 0 {
				delete(all, name)
			}
		}
		w.add(receipt.Founding, directory(all).Bytes())
	case n < 16:
		w.add(receipt.Denominator, list.Active{Pairs: 1e9 + uint64(dice.IntN(9)), Day: "2026-11-01"}.Bytes())
	case n < 17:
		p := list.Policy{Rule: "clones", Version: "v1", Status: list.Prohibited, Ground: list.Duplicate, Ceiling: uint64(dice.IntN(9))}
		w.add(receipt.Policy, p.Bytes())
	default:
		w.add(ledger.KindDay, fmt.Appendf(nil, "%d", n)) // concerns no list
	}
}

// drawnOps are ops on few lines, so that they meet.
func (w *world) drawnOps(dice *rand.Rand) string {
	var b strings.Builder
	seen := map[list.Key]bool{}
	for b.Len() == 0 || dice.IntN(3) > 0 {
		l, err := list.ParseLine(drawnLine(dice))
		w.must(err)
		if seen[l.Key()] {
			continue
		}
		seen[l.Key()] = true
		verb := "set "
		if old, there := w.lines.Find(l.Key()); there && dice.IntN(2) == 0 {
			l, verb = old, "drop "
		}
		b.WriteString(verb + l.String() + "\n")
	}
	return b.String()
}

func drawnLine(dice *rand.Rand) string {
	device := fmt.Sprintf("351000%02d%06d", dice.IntN(3), dice.IntN(3))
	switch dice.IntN(6) {
	case 0:
		return "listed " + device[:8] + " tracked not-allocated"
	case 1:
		return "listed " + device + "-35999999999999 tracked mode"
	case 2:
		return "exempt " + device + " allowed test"
	case 3, 4:
		who := []string{"imsi-001030000000001", "imsi-001040000000001", "imsi-001010000000001", "imsi-999990000000001", "msisdn-99912345678"}
		more := []string{"", ",barred"}
		return "pair " + device + " allowed duplicate subscriber " + who[dice.IntN(len(who))] + " overrides duplicate" + more[dice.IntN(2)]
	}
	status := []string{"tracked", "prohibited"}
	return "listed " + device + " " + status[dice.IntN(2)] + " barred"
}

// TestPublishedIsTheFold: over random ledgers, what a stage publishes that remembers, restarts now
// and then and forgets now and then is byte for byte what one publishes that folds the ledger anew
// each time; and it leads nodes to the table of the ledger, folded the long way.
func TestPublishedIsTheFold(t *testing.T) {
	seeds := 12
	if testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			dice := rand.New(rand.NewPCG(uint64(seed), 1))
			w := newWorld(t, byte(seed))
			other := t.TempDir()
			s := w.stage(w.dir)
			followers := map[string]*replica{}
			for range 20 {
				for range dice.IntN(6) {
					w.drawn(dice)
				}
				switch dice.IntN(6) {
				case 0:
					s = w.stage(w.dir)
				case 1:
					for _, f := range s.memory() {
						f.forget(dice.IntN(8))
					}
				}
				w.look(s)
				w.look(w.stage(other))
				if a, b := files(t, w.dir), files(t, other); !maps.Equal(a, b) {
					t.Fatalf("they differ: with memory %v, without %v", slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b)))
				}
				for _, stream := range Streams(w.directoryAt(w.size())) {
					w.replica(stream).begin(w)
					w.compare(dice, s, stream)
					w.follow(s, followers, stream)
				}
			}
		})
	}
}

// memory returns the folds that a stage remembers.
func (s *Stage[T]) memory() map[string]*fold {
	if s.Memory == nil {
		return nil
	}
	return s.Memory.folds
}

// compare makes deltas and snapshots between any sizes, with and without memory.
func (w *world) compare(dice *rand.Rand, s *Stage[*view], stream string) {
	w.t.Helper()
	to := 1 + dice.Uint64N(w.size())
	from := dice.Uint64N(to)
	fresh := Publisher{Dir: w.dir, Signer: w.signer}
	for _, p := range []*Publisher{&s.Publisher, &fresh} {
		v := w.view()
		v.size = to
		f, err := p.Delta(w.t.Context(), v, stream, from, w.headAt(to))
		w.must(err)
		m, err := list.OpenManifest(f.Manifest, w.log)
		w.must(err)
		if f.Name != fmt.Sprintf("%d-%d.delta", from, to) || m.From != from || m.Head != w.headAt(to) || m.Stream != stream ||
			m.Before != w.table(stream, from).Digest() || m.After != w.table(stream, to).Digest() {
			w.t.Fatalf("the delta of %s from %d to %d is another's: %+v", stream, from, to, m)
		}
		d, err := list.ParseDelta(f.Body)
		w.must(err)
		table := w.table(stream, from)
		w.must(table.Check(d.Ops))
		if table.Apply(d.Ops); table.Digest() != m.After {
			w.t.Fatalf("the delta of %s from %d to %d leads to another table", stream, from, to)
		}
		for i := range d.Ops {
			if old, there := w.table(stream, from).Find(d.Ops[i].Line.Key()); there && !d.Ops[i].Drop && old == d.Ops[i].Line {
				w.t.Fatalf("the delta of %s from %d to %d sets %q, which is there", stream, from, to, old.String())
			}
		}
	}
	a, err := s.Snapshot(w.t.Context(), w.view(), stream, w.headAt(to))
	w.must(err)
	b, err := fresh.Snapshot(w.t.Context(), w.view(), stream, w.headAt(to))
	w.must(err)
	if string(a.Body) != string(b.Body) || string(a.Manifest) != string(b.Manifest) {
		w.t.Fatalf("the snapshots of %s at %d differ", stream, to)
	}
}

// follow lets nodes that were there from the beginning ask for what is new.
func (w *world) follow(s *Stage[*view], followers map[string]*replica, stream string) {
	w.t.Helper()
	r := followers[stream]
	if r == nil {
		r = w.replica(stream)
		followers[stream] = r
		r.begin(w)
	}
	x, err := ReadIndex(filepath.Join(w.dir, stream))
	w.must(err)
	if x.Size == r.Head().Size {
		return
	}
	f, err := s.Since(w.t.Context(), w.view(), stream, r.Head().Size)
	w.must(err)
	if _, err := r.Apply(f.Manifest, f.Body, elsewhere{}, w.now); err != nil {
		w.t.Fatal(err)
	}
	if r.Head() != w.headAt(x.Size) || r.Table().Digest() != w.table(stream, x.Size).Digest() {
		w.t.Fatal("a node that followed stands elsewhere than the index")
	}
}

// TestCostOfAPublication: it reads what was appended since the last, however long the ledger is.
func TestCostOfAPublication(t *testing.T) {
	w := newWorld(t, 1)
	for i := range 500 {
		w.measure("set " + stolen(i) + "\n")
	}
	s := w.stage(w.dir)
	w.look(s)
	w.measure("set " + stolen(500) + "\n")
	v := w.view()
	if _, _, err := s.Look(t.Context(), v, 0); err != nil {
		t.Fatal(err)
	}
	if most := 1 + 3; *v.opened > most { // once for the tables, once as the evidence of each stream
		t.Errorf("one act was appended, and %d records were opened, not %d", *v.opened, most)
	}
}

// TestForget: the older half goes, with the whole act in the middle, and what is further back is folded anew.
func TestForget(t *testing.T) {
	w := newWorld(t, 1)
	for i := range 10 {
		w.measure("set " + stolen(2*i) + "\nset " + stolen(2*i+1) + "\n")
	}
	m := new(Memory)
	if err := m.follow(t.Context(), w.view(), w.size(), "east"); err != nil {
		t.Fatal(err)
	}
	f := m.folds["east"]
	if f.forget(20); f.since != 0 || len(f.steps) != 20 {
		t.Errorf("20 steps are not too many, and %d are left, since %d", len(f.steps), f.since)
	}
	if f.forget(19); f.since != 8 || len(f.steps) != 8 || f.steps[0].act != 8 {
		t.Errorf("the act 7 is over, and %d steps are left, since %d", len(f.steps), f.since)
	}
	for from := range w.size() {
		c, err := m.change(t.Context(), w.view(), "east", from, w.size())
		w.must(err)
		if c.before.Digest() != w.table("east", from).Digest() {
			t.Errorf("the table at %d is another", from)
		}
	}
	if f.forget(0); f.since != 11 || len(f.steps) != 2 {
		t.Errorf("the act 10 is over, and %d steps are left, since %d", len(f.steps), f.since)
	}
}
