package eir

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/openceir/openceir/list"
)

// chain is a snapshot and deltas that follow one another, as files in the directory of lists: of each
// the body SIZE.list and the manifest SIZE.note, by the ledger size that they lead to. A chain that
// took another's place has its number before the size. The first one is numbered 0 and shows none.
type chain struct {
	number int
	sizes  []uint64 // ascending
}

// note returns the path of a manifest.
func (c *chain) note(dir string, size uint64) string {
	name := fmt.Sprintf("%020d.note", size)
	if c.number > 0 {
		name = fmt.Sprintf("%d-%s", c.number, name)
	}
	return filepath.Join(dir, name)
}

// bodyOf returns the path of the file of a kept manifest.
func bodyOf(note string) string { return strings.TrimSuffix(note, ".note") + ".list" }

// paths returns the files of a chain.
func (c *chain) paths(dir string) (out []string) {
	for _, size := range c.sizes {
		note := c.note(dir, size)
		out = append(out, note, bodyOf(note))
	}
	return out
}

// write writes a file of the chain. The manifest comes last: a body without one is not there.
func (c *chain) write(dir string, size uint64, f *File) error {
	note := c.note(dir, size)
	if err := replace(bodyOf(note), func(w io.Writer) error { _, err := w.Write(f.Body); return err }); err != nil {
		return err
	}
	return replace(note, func(w io.Writer) error { _, err := w.Write(f.Manifest); return err })
}

// keep writes a believed file at the end of the chain, and then removes what it took the place of.
// After one that could not be written no other is, until all is renewed: a chain has no gap.
func (l *Lists) keep(size uint64, f *File) error {
	err := l.append(size, f)
	if err != nil {
		l.gap = true
		return err
	}
	return l.bury()
}

func (l *Lists) append(size uint64, f *File) error {
	switch {
	case l.gap:
		return errors.New("one before it could not be kept either; the node fetches the newest snapshot within the hour")
	case len(l.kept.sizes) >= keptMax:
		return fmt.Errorf("%d files are kept, and the centre has had no snapshot to take their place", len(l.kept.sizes))
	}
	if err := os.MkdirAll(l.Dir, 0o755); err != nil {
		return err
	}
	if err := l.kept.write(l.Dir, size, f); err != nil {
		return err
	}
	l.kept.sizes = append(l.kept.sizes, size)
	return nil
}

// bury removes the files that are of no use any more, but not those of the chain.
func (l *Lists) bury() error {
	alive := l.kept.paths(l.Dir)
	for len(l.dead) > 0 {
		path := l.dead[0]
		if !slices.Contains(alive, path) {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("removing a list file of before: %w", err)
			}
		}
		l.dead = l.dead[1:]
	}
	return nil
}

// Load brings the table to where the kept files lead, verifying each again as when it came. What
// is damaged is told and left out, with all that builds on it: the feed fetches it anew, and it goes
// when that is kept. Where a crash left two chains, the one that leads further counts. It also removes
// what writers that were killed have left; nobody else may be using the directory.
//
// Whatever Load meets, the node can answer afterwards: the error is to be told.
func (l *Lists) Load() error {
	chains, err := l.chains()
	var held []error
	for i := range chains {
		c := &chains[i]
		r, faults := l.read(c)
		if i > 0 && r.Head().Size <= l.Size() {
			l.dead = append(l.dead, c.paths(l.Dir)...)
			continue
		}
		l.dead = append(l.dead, l.kept.paths(l.Dir)...)
		l.Replica, held = r, faults
		l.kept = *c
	}
	l.drop(held)
	if l.Size() > 0 {
		l.Core.Swap(l.Replica.Table(), l.Size())
	}
	return err
}

// drop tells of the files that could not be believed and takes them out of the chain. One fault is
// told for all: what stands on a damaged file fails with it.
func (l *Lists) drop(faults []error) {
	if len(faults) == 0 {
		return
	}
	if more := len(faults) - 1; more > 0 {
		faults[0] = fmt.Errorf("%w (and %d more that build on it)", faults[0], more)
	}
	l.refused(l.Dir, faults[0])
	for _, err := range faults {
		f := new(fault)
		if errors.As(err, &f) {
			bad := chain{l.kept.number, []uint64{f.size}}
			l.dead = append(l.dead, bad.paths(l.Dir)...)
			l.kept.sizes = slices.DeleteFunc(l.kept.sizes, func(s uint64) bool { return s == f.size })
		}
	}
}

// fault says why a kept file was not believed again.
type fault struct {
	size uint64
	path string
	err  error
}

// Error implements error.
func (f *fault) Error() string { return fmt.Sprintf("the kept file %s: %v", f.path, f.err) }

// Unwrap returns the cause.
func (f *fault) Unwrap() error { return f.err }

// chains returns the chains on disk, the newest first, after sweeping what is unfinished.
func (l *Lists) chains() ([]chain, error) {
	err := sweepUnfinished(l.Dir)
	bodies, bodiesErr := filesIn(l.Dir, "", ".list")
	notes, notesErr := filesIn(l.Dir, "", ".note")
	err = errors.Join(err, bodiesErr, notesErr)
	for _, name := range bodies { // a kill between body and manifest
		if _, there := slices.BinarySearch(notes, strings.TrimSuffix(name, ".list")+".note"); !there && notesErr == nil {
			err = errors.Join(err, os.Remove(filepath.Join(l.Dir, name)))
		}
	}
	found := map[int]*chain{}
	for _, name := range notes {
		number, size, ok := parseNote(name)
		if !ok {
			continue // not ours
		}
		if found[number] == nil {
			found[number] = &chain{number: number}
		}
		found[number].sizes = append(found[number].sizes, size)
	}
	var out []chain
	for _, c := range found {
		slices.Sort(c.sizes)
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b chain) int { return cmp.Compare(b.number, a.number) })
	return out, err
}

// parseNote reads the name of a manifest: NUMBER-SIZE.note or SIZE.note.
func parseNote(name string) (number int, size uint64, ok bool) {
	text := strings.TrimSuffix(name, ".note")
	var err error
	if n, rest, numbered := strings.Cut(text, "-"); numbered {
		text = rest
		if number, err = strconv.Atoi(n); err != nil || number <= 0 {
			return 0, 0, false
		}
	}
	size, err = strconv.ParseUint(text, 10, 64)
	c := chain{number: number}
	return number, size, err == nil && filepath.Base(c.note("", size)) == name
}

// read follows a chain with a new replica, past the files that it does not believe.
func (l *Lists) read(c *chain) (r *list.Replica, faults []error) {
	r = l.blank()
	for _, size := range c.sizes {
		path := c.note(l.Dir, size)
		if err := l.follow(r, path); err != nil {
			faults = append(faults, &fault{size, path, err})
		}
	}
	return r, faults
}

func (l *Lists) follow(r *list.Replica, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	manifest, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	body, err := os.ReadFile(bodyOf(path))
	if err != nil {
		return err
	}
	now := l.Core.Now()
	if kept := info.ModTime(); kept.After(now) {
		now = kept // a clock that starts in the past does not cost a node its list
	}
	_, err = r.Again(manifest, body, now)
	return err
}
