package eir

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openceir/openceir/receipt"
)

// names are what is in a directory.
func names(t testing.TB, dir string) (out []string) {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		out = append(out, e.Name())
	}
	return out
}

// flip turns one bit of a file round.
func flip(t testing.TB, path string, at int) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[at] ^= 4
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// three is a ledger and a directory with a snapshot (devices 0 and 1 refused) and two deltas (2
// refused; 0 released and 3 refused).
func three(t testing.TB) (*ledger, string) {
	w, dir := newLedger(t), filepath.Join(t.TempDir(), "lists")
	w.block(0)
	w.block(1)
	n := w.boot(dir)
	w.follow(n)
	w.block(2)
	w.follow(n)
	w.release(0)
	w.block(3)
	w.follow(n)
	if got := n.answers(5); got != ".xxx." || len(names(t, dir)) != 6 {
		t.Fatalf("the node answers %s and keeps %v", got, names(t, dir))
	}
	return w, dir
}

// A node that starts again with nothing but its files answers as before, whatever its directory is
// called and wherever its clock stands, and goes on from there.
func TestLoad(t *testing.T) {
	w, dir := three(t)
	odd := filepath.Join(filepath.Dir(dir), "[x]*?")
	if err := os.Rename(dir, odd); err != nil {
		t.Fatal(err)
	}
	late := w.now
	for _, now := range []time.Time{w.now, time.Unix(0, 0), w.now.AddDate(20, 0, 0)} {
		w.now = now
		n := w.boot(odd)
		if got := n.answers(5); got != ".xxx." || n.Size() != w.size() || len(n.told) > 0 {
			t.Fatalf("at %s the node answers %s at size %d, told %v", now, got, n.Size(), n.told)
		}
	}
	w.now = late
	w.block(4)
	n := w.boot(odd)
	w.follow(n)
	if got := w.boot(odd).answers(5); got != ".xxxx" {
		t.Errorf("after one more delta it answers %s", got)
	}
}

// Whatever bit is turned in a kept file, the node starts, believes only what is proved, says that a
// file was held, and takes what it lacks anew; then nothing damaged is left.
func TestDamagedFiles(t *testing.T) {
	w, dir := three(t)
	kept := names(t, dir)
	want := []string{".....", "xx...", "xxx..", ".xxx."} // after so many whole files
	for i, name := range kept {
		whole, err := os.ReadFile(filepath.Join(dir, name))
		w.must(err)
		for _, at := range []int{0, 9, len(whole) / 3, len(whole) / 2, len(whole) - 1} {
			w.damaged(dir, name, at, want[i/2])
		}
		w.must(os.WriteFile(filepath.Join(dir, name), whole, 0o600))
	}
}

func (w *ledger) damaged(dir, name string, at int, want string) {
	w.t.Helper()
	copied := filepath.Join(w.t.TempDir(), "copy")
	w.must(os.CopyFS(copied, os.DirFS(dir)))
	flip(w.t, filepath.Join(copied, name), at)
	n := w.boot(copied)
	if got := n.answers(5); got != want || len(n.told) != 1 || !strings.Contains(n.told[0], copied) {
		w.t.Fatalf("with byte %d of %s damaged it answers %s, not %s, and told %q", at, name, got, want, n.told)
	}
	w.follow(n)
	again := w.boot(copied)
	if got := again.answers(5); got != ".xxx." || len(again.told) > 0 {
		w.t.Fatalf("mended from byte %d of %s it answers %s, told %q, with %v", at, name, got, again.told, names(w.t, copied))
	}
}

// A file that is not there, or not a file, does not keep a node from starting.
func TestMissingFiles(t *testing.T) {
	w, dir := three(t)
	kept := names(t, dir)
	for i, name := range kept {
		copied := filepath.Join(t.TempDir(), "copy")
		w.must(os.CopyFS(copied, os.DirFS(dir)))
		w.must(os.Remove(filepath.Join(copied, name)))
		if i%2 == 0 {
			w.must(os.Mkdir(filepath.Join(copied, name), 0o700))
		}
		want := []string{".....", "xx...", "xxx.."}[i/2]
		if got := w.boot(copied).answers(5); got != want {
			t.Errorf("without %s it answers %s, not %s", name, got, want)
		}
	}
	n := &node{Lists: &Lists{Dir: filepath.Join(dir, kept[0]), Core: NewCore(time.Now), Replica: w.boot(dir).blank()}}
	if err := n.Load(); err == nil || n.answers(5) != "....." {
		t.Errorf("a directory that is a file: %v, answers %s", err, n.answers(5))
	}
}

// Whoever kills the node between any two steps of keeping loses nothing that was kept before, and
// leaves nothing behind the next start.
func TestKilledWhileKeeping(t *testing.T) {
	w, dir := three(t)
	whole := names(t, dir)
	last := strings.TrimSuffix(whole[len(whole)-1], ".note")
	for _, left := range []map[string]string{
		{".new-1": "half a bod"},
		{last + ".list": "", ".new-2": "half a manif"},
		{last + ".list": ""},
	} {
		copied := filepath.Join(t.TempDir(), "copy")
		w.must(os.CopyFS(copied, os.DirFS(dir)))
		w.must(os.Remove(filepath.Join(copied, last+".note")))
		if _, body := left[last+".list"]; !body {
			w.must(os.Remove(filepath.Join(copied, last+".list")))
		}
		for name, text := range left {
			if text != "" {
				w.must(os.WriteFile(filepath.Join(copied, name), []byte(text), 0o600))
			}
		}
		n := w.boot(copied)
		if got := n.answers(5); got != "xxx.." || len(n.told) > 0 {
			t.Errorf("killed with %v it answers %s and told %q", left, got, n.told)
		}
		if now := names(t, copied); !slices.Equal(now, whole[:4]) {
			t.Errorf("killed with %v there is %v, not %v", left, now, whole[:4])
		}
	}
}

// A file that can not be kept is in force all the same, and said. Nothing is kept behind the gap; when
// there is room again all is renewed, and a node that starts is where it was.
func TestFullDisk(t *testing.T) {
	w, dir := three(t)
	n := w.boot(dir)
	n.Dir = filepath.Join(dir, "full") // a file stands where the directory was
	w.must(os.WriteFile(n.Dir, nil, 0o600))
	w.block(4)
	f := w.delta(n.Size(), w.size())
	r, err := n.Take(f.Name, f.Manifest, f.Body)
	if err == nil || !strings.Contains(err.Error(), "is in force, but can not be kept") || r.To != w.size() || n.answers(5) != ".xxxx" {
		t.Fatalf("on a full disk: %v, report %+v, answers %s", err, r, n.answers(5))
	}
	w.must(os.Remove(n.Dir))
	n.Dir = dir
	w.release(1)
	f = w.delta(n.Size(), w.size())
	if _, err = n.Take(f.Name, f.Manifest, f.Body); err == nil {
		t.Error("a file behind a gap was kept")
	}
	if again := w.boot(dir); again.answers(5) != ".xxx." || len(again.told) > 0 {
		t.Errorf("killed now it answers %s and told %q", again.answers(5), again.told)
	}
	if !n.Due() {
		t.Fatal("the kept files lead elsewhere, and are not due to be renewed")
	}
	if n.Due() {
		t.Error("they are due again at once: each try fetches a snapshot")
	}
	w.must(n.Renew([]File{w.snapshot(w.size(), nil)}))
	if again := w.boot(dir); again.answers(5) != "..xxx" || len(again.told) > 0 || len(names(t, dir)) != 2 {
		t.Errorf("renewed it answers %s, told %q, keeps %v", again.answers(5), again.told, names(t, dir))
	}
	w.block(0)
	w.follow(n)
	if again := w.boot(dir); again.answers(5) != "x.xxx" || len(names(t, dir)) != 4 {
		t.Errorf("one delta after that it answers %s, keeps %v", again.answers(5), names(t, dir))
	}
}

// A long chain is replaced by a newer snapshot and the deltas from there, again and again, and a kill
// at any moment of that costs nothing.
func TestRenew(t *testing.T) {
	w, dir := three(t)
	n := w.boot(dir)
	for round := range 3 {
		for i := range 3 {
			w.block(10 + 3*round + i)
			w.follow(n)
		}
		before := filepath.Join(t.TempDir(), "before")
		w.must(os.CopyFS(before, os.DirFS(dir)))
		want, size := n.answers(20), w.size()
		w.must(n.Renew([]File{w.snapshot(size-2, nil), w.delta(size-2, size)}))
		if kept := names(t, dir); len(kept) != 4 {
			t.Fatalf("a snapshot and a delta are kept as %v", kept)
		}
		if again := w.boot(dir); again.answers(20) != want || again.Size() != size || len(again.told) > 0 {
			t.Fatalf("renewed it answers %s at %d, not %s at %d; told %q", again.answers(20), again.Size(), want, size, again.told)
		}
		w.killedWhileRenewing(before, dir, want)
	}
}

// killedWhileRenewing has both chains on disk, the new one up to each of its files.
func (w *ledger) killedWhileRenewing(before, after, want string) {
	w.t.Helper()
	renewed := names(w.t, after)
	slices.SortFunc(renewed, func(a, b string) int { // as they are written
		return strings.Compare(strings.Replace(a, ".list", ".a", 1), strings.Replace(b, ".list", ".a", 1))
	})
	for n := range len(renewed) + 1 {
		copied := filepath.Join(w.t.TempDir(), "copy")
		w.must(os.CopyFS(copied, os.DirFS(before)))
		for _, name := range renewed[:n] {
			data, err := fs.ReadFile(os.DirFS(after), name)
			w.must(err)
			w.must(os.WriteFile(filepath.Join(copied, name), data, 0o600))
		}
		again := w.boot(copied)
		if got := again.answers(20); got != want || len(again.told) > 0 {
			w.t.Fatalf("killed after %d of %v it answers %s, not %s; told %q", n, renewed, got, want, again.told)
		}
		w.block(30)
		w.follow(again)
		last := w.boot(copied)
		if chains, err := last.chains(); err != nil || len(chains) != 1 || len(last.told) > 0 || last.Size() != w.size() {
			w.t.Fatalf("killed after %d of %v, and one delta later, there is %v (%v), told %q", n, renewed, names(w.t, copied), err, last.told)
		}
		w.entries, w.hashes = w.entries[:w.size()-1], w.hashes[:tlogStored(w.size()-1)]
	}
}

// tlogStored is the number of hashes that a tree of a size keeps.
func tlogStored(size uint64) (n uint64) {
	for ; size > 0; size /= 2 {
		n += size
	}
	return n
}

// What does not lead to exactly what is in force does not take the place of the kept files, whoever
// signed it: they would be believed at the next start without a count.
func TestRenewBelievesNothingNew(t *testing.T) {
	w, dir := three(t)
	n := w.boot(dir)
	d, err := receipt.ParseDirectory(w.entries[0].Effect.Body)
	w.must(err)
	d.Nodes["north/eir"] = keyOf("node").Public().(ed25519.PublicKey)
	w.add(receipt.Founding, d.Bytes(), signers...)
	w.add("note", nil) // it changes nothing but the tree
	w.follow(n)
	kept, size := names(t, dir), n.Size()
	now := w.now
	w.block(4) // published, and not yet taken here
	isDirectory := func(e *receipt.Entry) bool { return e.Record.Index == size-2 }
	damaged := w.snapshot(size, nil)
	damaged.Body = bytes.Clone(damaged.Body)
	damaged.Body[len(damaged.Body)/2] ^= 1
	for what, files := range map[string][]File{
		"something newer":              {w.snapshot(w.size(), nil)},
		"one record less":              {w.snapshot(size-1, nil)},
		"nothing":                      nil,
		"a delta without its snapshot": {w.delta(size-1, size)},
		"a damaged snapshot":           {damaged},
		"a directory kept back":        {w.snapshot(size, func(e *receipt.Entry) bool { return !isDirectory(e) })},
		"as many files as there were":  {w.snapshot(3, nil), w.delta(3, 4), w.delta(4, 5), w.delta(5, size)},
	} {
		if err := n.Renew(files); err == nil {
			t.Errorf("%s took the place of the kept files", what)
		}
		if !slices.Equal(names(t, dir), kept) {
			t.Fatalf("%s changed what is kept to %v", what, names(t, dir))
		}
	}
	w.now = now
	if again := w.boot(dir); again.Size() != size || len(again.told) > 0 {
		t.Errorf("afterwards the node starts at %d, told %q", again.Size(), again.told)
	}
}

// Kept files are many only for so long.
func TestChainIsBounded(t *testing.T) {
	w, dir := three(t)
	n := w.boot(dir)
	if n.Due() {
		t.Error("three files are too many")
	}
	n.kept.sizes = slices.Repeat([]uint64{1}, maxChain+1)
	if !n.Due() || n.Due() {
		t.Error("a long chain is not due once")
	}
	w.now = w.now.Add(renewEvery)
	if !n.Due() {
		t.Error("an hour later it is not due again")
	}
	n.kept.sizes = slices.Repeat([]uint64{1}, keptMax)
	w.block(4)
	f := w.delta(n.Size(), w.size())
	if _, err := n.Take(f.Name, f.Manifest, f.Body); err == nil || n.answers(5) != ".xxxx" || len(names(t, dir)) != 6 {
		t.Errorf("with no room in the chain: %v, answers %s, %d files", err, n.answers(5), len(names(t, dir)))
	}
}

// A file that is not believed changes nothing, is counted, and is told with its name.
func TestHeld(t *testing.T) {
	w, dir := three(t)
	n := w.boot(dir)
	w.block(4, "north/cyra")
	w.block(5, "nobody/here")
	f := w.delta(n.Size(), w.size())
	r, err := n.Take(f.Name, f.Manifest, f.Body)
	if err == nil || r.To != 0 || n.answers(6) != ".xxx.." || n.Core.Stats.Held.Load() != 1 || n.Core.Stats.HeldInAll.Load() != 1 {
		t.Errorf("an act that nobody of the directory signed: %v, report %+v, answers %s", err, r, n.answers(6))
	}
	if len(n.told) != 1 || !strings.HasPrefix(n.told[0], f.Name) {
		t.Errorf("told %q", n.told)
	}
	if len(names(t, dir)) != 6 {
		t.Errorf("it is kept: %v", names(t, dir))
	}
}

// Names that are not ours are let alone.
func TestNotesOfOthers(t *testing.T) {
	for name, want := range map[string]string{
		"00000000000000000042.note":    "0 42 true",
		"7-00000000000000000042.note":  "7 42 true",
		"42.note":                      "0 42 false",
		"07-00000000000000000042.note": "7 42 false",
		"0-00000000000000000042.note":  "0 0 false",
		"-1-00000000000000000042.note": "0 0 false",
		"readme.note":                  "0 0 false",
	} {
		number, size, ok := parseNote(name)
		if got := fmt.Sprint(number, size, ok); got != want {
			t.Errorf("%s is read as %s, not %s", name, got, want)
		}
	}
}
