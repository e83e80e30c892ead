package enforce

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

const (
	eastPair    = "pair 35100000000001 allowed duplicate subscriber imsi-001030000000001 overrides duplicate"
	westPair    = "pair 35100000000001 allowed duplicate subscriber imsi-001040000000001 overrides duplicate"
	foreignPair = "pair 35100000000001 allowed duplicate subscriber imsi-999990000000001 overrides duplicate"
)

// TestStreams: the national stream names no subscriber; an operator's has the nation's lines and the
// pairs of its own subscribers and of those who are nobody's.
func TestStreams(t *testing.T) {
	w := newWorld(t, 1)
	w.measure("set " + stolen(0) + "\n")
	w.measure("set " + eastPair + "\nset " + westPair + "\nset " + foreignPair + "\n")
	w.look(w.stage(w.dir))
	for stream, pairs := range map[string][]string{
		list.National: nil,
		"east":        {eastPair, foreignPair},
		"west":        {westPair, foreignPair},
	} {
		r := w.replica(stream)
		r.begin(w)
		want := append([]string{stolen(0)}, pairs...)
		if got := lines(r.Table()); !slices.Equal(got, want) {
			t.Errorf("the stream %s has %q, not %q", stream, got, want)
		}
	}
	for name, text := range files(t, filepath.Join(w.dir, list.National)) {
		if strings.Contains(text, "imsi-") {
			t.Errorf("the national file %s names a subscriber", name)
		}
	}
	if organisations, _ := os.ReadDir(w.dir); len(organisations) != 4 { // and the head
		t.Errorf("published are %v", organisations)
	}
}

// TestNames: what files there are after each publication, and that the head is the one they lead to.
func TestNames(t *testing.T) {
	w := newWorld(t, 1)
	for i := range 40 {
		w.measure("set " + stolen(i) + "\n")
	}
	s := w.stage(w.dir)
	w.look(s) // at size 42
	x := (&list.Index{Size: 42, Snapshot: "42.snapshot"})
	w.published("first", x, "42.snapshot")
	w.measure("set " + stolen(40) + "\n")
	w.look(s)
	x.Size, x.Deltas = 43, []string{"42-43.delta"}
	w.published("a delta", x, "42.snapshot", "42-43.delta")
	w.add("day", []byte("any"))
	w.look(s)
	w.published("nothing for a list", x, "42.snapshot", "42-43.delta")
	w.measure("set " + westPair + "\n")
	w.look(s)
	w.published("nothing for the nation", x, "42.snapshot", "42-43.delta")
	w.measure("set " + stolen(41) + "\n")
	w.measure("drop " + stolen(41) + "\n")
	w.look(s)
	w.published("nothing in the end", x, "42.snapshot", "42-43.delta")
	w.add(receipt.Denominator, list.Active{Pairs: 1e9, Day: "2026-11-02"}.Bytes())
	w.look(s)
	x.Size, x.Deltas = 48, []string{"42-43.delta", "43-48.delta"}
	w.published("authority", x, "42.snapshot", "42-43.delta", "43-48.delta")
}

// published compares the national stream with what it should be.
func (w *world) published(when string, x *list.Index, names ...string) {
	w.t.Helper()
	got := files(w.t, filepath.Join(w.dir, list.National))
	if got["index"] != string(x.Bytes()) {
		w.t.Errorf("%s: the index is\n%s", when, got["index"])
	}
	want := []string{"index"}
	for _, name := range names {
		want = append(want, name, name+".note")
	}
	slices.Sort(want)
	if have := slices.Sorted(maps.Keys(got)); !slices.Equal(have, want) {
		w.t.Errorf("%s: there are %v, not %v", when, have, want)
	}
	text, err := os.ReadFile(filepath.Join(w.dir, "head"))
	w.must(err)
	h, err := receipt.OpenHead(text, w.log)
	w.must(err)
	if h != w.headAt(w.size()) {
		w.t.Errorf("%s: the head is of size %d, not %d", when, h.Size, w.size())
	}
	w.replica(list.National).begin(w)
}

// TestMemoryAhead: somebody asked for a delta of a later ledger than the stage now sees.
func TestMemoryAhead(t *testing.T) {
	w := newWorld(t, 1)
	s := w.stage(w.dir)
	w.look(s)
	w.add("day", []byte("any"))
	v := w.view()
	w.add(receipt.Denominator, list.Active{Pairs: 1e9, Day: "2026-11-02"}.Bytes())
	w.measure("set " + stolen(0) + "\n")
	if err := s.Memory.follow(t.Context(), w.view(), w.size(), "east"); err != nil {
		t.Fatal(err)
	}
	if _, upto, err := s.Look(t.Context(), v, 0); err != nil || upto != v.size {
		t.Fatalf("it looked up to %d, not %d: %v", upto, v.size, err)
	}
	if x := w.replica("east").begin(w); x.Size != 2 {
		t.Errorf("nothing happened, and published is\n%s", x.Bytes())
	}
	w.look(s)
	if x := w.replica("east").begin(w); x.Size != w.size() {
		t.Errorf("published is\n%s", x.Bytes())
	}
}

// TestAskedMeanwhile: nodes ask while the stage publishes, and are believed.
func TestAskedMeanwhile(t *testing.T) {
	w := newWorld(t, 1)
	for i := range 30 {
		w.measure("set " + stolen(i) + "\n")
	}
	s := w.stage(w.dir)
	s.Memory = new(Memory)
	begin := w.view()
	begin.size = 5
	_, _, err := s.Look(t.Context(), begin, 0)
	w.must(err)
	asked := make(chan error)
	for range 2 {
		r, p := w.replica("east"), s.Publisher
		r.begin(w)
		go func() {
			for r.Head().Size < w.size() {
				f, err := p.Since(context.Background(), w.view(), "east", r.Head().Size)
				if problem.Of(err) == problem.NotFound && err != nil {
					continue
				}
				if err == nil {
					_, err = r.Apply(f.Manifest, f.Body, elsewhere{}, w.now)
				}
				if err != nil {
					asked <- err
					return
				}
			}
			asked <- nil
		}()
	}
	for size := begin.size + 1; size <= w.size(); size++ {
		v := w.view()
		v.size = size
		if _, _, err := s.Look(t.Context(), v, 0); err != nil {
			t.Error(err)
		}
	}
	w.must(errors.Join(<-asked, <-asked))
}

// TestTwice: publishing again what is published touches no file.
func TestTwice(t *testing.T) {
	w := newWorld(t, 1)
	w.measure("set " + stolen(0) + "\nset " + eastPair + "\n")
	s := w.stage(w.dir)
	w.look(s)
	stat := func() map[string]os.FileInfo {
		out := map[string]os.FileInfo{}
		for name := range files(t, w.dir) {
			info, err := os.Stat(filepath.Join(w.dir, name))
			w.must(err)
			out[name] = info
		}
		return out
	}
	before := stat()
	w.look(s)
	w.look(w.stage(w.dir))
	after := stat()
	if len(before) != len(after) {
		t.Errorf("there were %d files, there are %d", len(before), len(after))
	}
	for name, info := range before {
		if !os.SameFile(info, after[name]) {
			t.Errorf("%s was written again", name)
		}
	}
}

// TestSnapshotWhenDue: a snapshot comes when the deltas are as long as the last, or too many.
func TestSnapshotWhenDue(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, n int) {
		for name, n := range map[string]int{name: n, name + ".note": 1} {
			if err := os.WriteFile(filepath.Join(dir, name), make([]byte, n), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	file("10.snapshot", 100)
	file("10-11.delta", 60)
	file("11-12.delta", 39)
	file("12-13.delta", 1)
	var many []string
	for i := range maxDeltas {
		file(fmt.Sprintf("%d-%d.delta", 20+i, 21+i), 0)
		many = append(many, fmt.Sprintf("%d-%d.delta", 20+i, 21+i))
	}
	for _, tt := range []struct {
		snapshot string
		deltas   []string
		due      bool
	}{
		{"", nil, true},
		{"10.snapshot", nil, false},
		{"10.snapshot", []string{"10-11.delta", "11-12.delta"}, false},
		{"10.snapshot", []string{"10-11.delta", "11-12.delta", "12-13.delta"}, true},
		{"10.snapshot", many[1:], false},
		{"10.snapshot", many, true},
		{"9.snapshot", nil, true},
		{"10.snapshot", []string{"9-10.delta"}, true},
	} {
		if due := snapshotDue(dir, &list.Index{Snapshot: tt.snapshot, Deltas: tt.deltas}); due != tt.due {
			t.Errorf("with %s and %d deltas %v due: %v", tt.snapshot, len(tt.deltas), tt.deltas[:min(3, len(tt.deltas))], due)
		}
	}
	if err := os.Remove(filepath.Join(dir, "10-11.delta.note")); err != nil {
		t.Fatal(err)
	}
	if !snapshotDue(dir, &list.Index{Snapshot: "10.snapshot", Deltas: []string{"10-11.delta"}}) {
		t.Error("a delta without its manifest is not missed")
	}
}

// TestSweep: of what the index does not name, one snapshot and so many deltas stay, and all that is
// no list file.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	want := map[string]bool{}
	file := func(name string, stays bool) {
		for _, name := range []string{name, name + ".note"} {
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if stays {
				want[name] = true
			}
		}
	}
	const size = 9_000 // a digit more than the oldest: names do not sort as sizes do
	for i := range keptDeltas + 20 {
		file(fmt.Sprintf("%d-%d.delta", size-i-1, size-i), i < keptDeltas)
	}
	file("9000.snapshot", true)
	file("990.snapshot", false)
	file("8990.snapshot", true)
	file("8000.snapshot", false)
	file("100-200.delta", true) // strange, but in the index
	file("notes", true)
	file("x.snapshot", true)
	file("7000.snapshot.bak", true)
	if err := os.WriteFile(filepath.Join(dir, "50-60.delta.note"), nil, 0o600); err != nil {
		t.Fatal(err) // its body went before a crash
	}
	// One delta of the index counts as kept.
	delete(want, fmt.Sprintf("%d-%d.delta", size-keptDeltas, size-keptDeltas+1))
	delete(want, fmt.Sprintf("%d-%d.delta.note", size-keptDeltas, size-keptDeltas+1))
	for range 2 {
		if err := sweep(dir, &list.Index{Size: size, Snapshot: "9000.snapshot", Deltas: []string{"100-200.delta"}}); err != nil {
			t.Fatal(err)
		}
		got := files(t, dir)
		for name := range got {
			if !want[name] {
				t.Errorf("%s stays", name)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d files stay, not %d", len(got), len(want))
		}
	}
}

// TestBounded: however long it publishes, the directory does not grow.
func TestBounded(t *testing.T) {
	w := newWorld(t, 1)
	s := w.stage(w.dir)
	for i := range 60 {
		w.measure("set " + stolen(i%7) + "\n")
		w.look(s)
		x := w.replica("east").begin(w)
		got := files(t, filepath.Join(w.dir, "east"))
		snapshots := 0
		for name := range got {
			if strings.HasSuffix(name, ".snapshot") {
				snapshots++
			}
		}
		if snapshots > keptSnaps || len(got) != 1+2*(snapshots+i) {
			t.Fatalf("after %d publications there are %d files, %d of them snapshots; the index is\n%s", i+1, len(got), snapshots, x.Bytes())
		}
	}
}

// crashing is a signer that fails some signatures later: between one file and the next.
type crashing struct {
	note.Signer
	after *int
}

func (c crashing) Sign(msg []byte) ([]byte, error) {
	if *c.after--; *c.after < 0 {
		return nil, fmt.Errorf("the power is gone")
	}
	return c.Signer.Sign(msg)
}

// TestCrash: wherever a publication is cut off, the directory leads to a table of the ledger, and the
// next look completes it, in the same process or in one that has just started.
func TestCrash(t *testing.T) {
	for _, restart := range []bool{false, true} {
		w := newWorld(t, 1)
		w.measure("set " + stolen(0) + "\n")
		w.look(w.stage(w.dir))
		s := w.stage(w.dir)
		for cut := range 12 {
			w.measure("set " + stolen(cut+1) + "\nset " + stolen(cut+100) + "\n")
			left := cut
			v := w.view()
			if cut%2 == 0 {
				v.failAfter = &left
			} else {
				s.Signer = crashing{w.signer, &left}
			}
			_, _, err := s.Look(t.Context(), v, 0)
			s.Signer = w.signer
			for _, stream := range []string{list.National, "east", "west"} {
				w.replica(stream).begin(w)
			}
			if restart {
				s = w.stage(w.dir)
			}
			if err != nil && cut%3 == 0 {
				w.measure("drop " + stolen(cut+100) + "\n") // the ledger has gone on
			}
			w.look(s)
			for _, stream := range []string{list.National, "east", "west"} {
				if r := w.replica(stream); r.begin(w).Size != w.size() {
					t.Errorf("the stream %s is not complete after a crash at %d", stream, cut)
				}
			}
		}
	}
}

// TestCrashBeforeIndex: all is written but the index. Then the same files are written again, or, if
// the ledger has gone on, others; what nobody knows goes with time.
func TestCrashBeforeIndex(t *testing.T) {
	w := newWorld(t, 1)
	for i := range 20 {
		w.measure("set " + stolen(i) + "\n")
	}
	w.look(w.stage(w.dir))
	index := filepath.Join(w.dir, "east", "index")
	old, err := os.ReadFile(index)
	w.must(err)
	w.measure("set " + stolen(20) + "\n")
	w.look(w.stage(w.dir))
	done := files(t, w.dir)
	w.must(os.WriteFile(index, old, 0o600))
	w.replica("east").begin(w)
	w.look(w.stage(w.dir))
	if again := files(t, w.dir); !maps.Equal(done, again) {
		t.Error("the same was not written again")
	}
	w.must(os.WriteFile(index, old, 0o600))
	w.measure("set " + stolen(21) + "\n")
	w.look(w.stage(w.dir))
	if x := w.replica("east").begin(w); !slices.Equal(x.Deltas, []string{"22-24.delta"}) {
		t.Errorf("the index is\n%s", x.Bytes())
	}
}

// TestLeavings: what a crash left half written is removed by the next process.
func TestLeavings(t *testing.T) {
	w := newWorld(t, 1)
	w.look(w.stage(w.dir))
	clean := files(t, w.dir)
	for _, dir := range []string{"", "east", list.National} {
		w.must(os.WriteFile(filepath.Join(w.dir, dir, ".new-123"), []byte("half"), 0o600))
	}
	w.look(w.stage(w.dir))
	if got := files(t, w.dir); !maps.Equal(clean, got) {
		t.Errorf("there are %v", slices.Sorted(maps.Keys(got)))
	}
}

// TestOldCopy: a ledger that is shorter than what was published is not published.
func TestOldCopy(t *testing.T) {
	w := newWorld(t, 1)
	w.measure("set " + stolen(0) + "\n")
	w.look(w.stage(w.dir))
	before := files(t, w.dir)
	v := w.view()
	v.size--
	if _, _, err := w.stage(w.dir).Look(t.Context(), v, 0); err == nil || !strings.Contains(err.Error(), "restored from an old copy") {
		t.Errorf("it is published: %v", err)
	}
	if !maps.Equal(before, files(t, w.dir)) {
		t.Error("something was written")
	}
}

// TestSince: a node asks for what is published, whatever the ledger holds by now.
func TestSince(t *testing.T) {
	w := newWorld(t, 1)
	s := w.stage(w.dir)
	ask := func(stream string, from uint64) ([]byte, error) {
		f, err := s.Since(t.Context(), w.view(), stream, from)
		if err != nil {
			return nil, err
		}
		return f.Body, nil
	}
	if _, err := ask("east", 1); problem.Of(err) != problem.NotFound {
		t.Errorf("nothing is published: %v", err)
	}
	w.look(s)
	from := w.size()
	w.measure("set " + stolen(0) + "\n")
	w.look(s)
	upto := w.size()
	body, err := ask("east", from)
	w.must(err)
	w.measure("set " + stolen(1) + "\n")
	w.add("day", []byte("any"))
	again, err := ask("east", from)
	if err != nil || !bytes.Equal(body, again) {
		t.Errorf("the same question has another answer (%v)", err)
	}
	r := w.replica("east")
	r.begin(w)
	if r.Head().Size != upto {
		t.Fatal("the index is ahead of what was published")
	}
	for _, from := range []uint64{upto, upto + 1, w.size()} {
		if _, err := ask("east", from); problem.Of(err) != problem.NotFound || err == nil {
			t.Errorf("something is after %d: %v", from, err)
		}
	}
	v := w.view()
	v.size = from
	if _, err := s.Since(t.Context(), v, "east", 1); problem.Of(err) != problem.Busy || err == nil {
		t.Errorf("a view of before the publication: %v", err)
	}
}
