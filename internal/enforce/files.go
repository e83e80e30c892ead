package enforce

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/openceir/openceir/list"
)

// write writes the file and then its manifest: a body without one is not there.
func (f *File) write(dir string) error {
	if err := writeFile(filepath.Join(dir, f.Name), f.Body); err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, f.Name+".note"), f.Manifest)
}

// ReadIndex reads the index of a stream's directory, an empty one if there is none yet.
func ReadIndex(dir string) (*list.Index, error) {
	text, err := os.ReadFile(filepath.Join(dir, "index"))
	if os.IsNotExist(err) {
		return new(list.Index), nil
	}
	if err != nil {
		return nil, err
	}
	return list.ParseIndex(text)
}

// lengthOf returns the length in bytes of a list file whose manifest is there too.
func lengthOf(dir, name string) (int64, error) {
	if _, err := os.Stat(filepath.Join(dir, name+".note")); err != nil {
		return 0, err
	}
	info, err := os.Stat(filepath.Join(dir, name))
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// writeFile replaces a file that has other content: written aside, synced, renamed, the directory
// synced.
func writeFile(path string, data []byte) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
		return nil
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, newFileMark+"*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // nothing after the rename
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// removeUnfinished removes the files of a directory whose writing was cut off. Another process that
// writes there at this moment fails, and tries again at its next look.
func removeUnfinished(dir string) error {
	files, err := os.ReadDir(dir)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, f := range files {
		if !strings.HasPrefix(f.Name(), newFileMark) {
			continue
		}
		if err := remove(filepath.Join(dir, f.Name())); err != nil {
			return err
		}
	}
	return nil
}

// sweep removes the list files of a stream that are older than those kept, and not in the index. What
// it does not know it leaves alone.
func sweep(dir string, x *list.Index) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	named := map[string]bool{x.Snapshot: true}
	for _, name := range x.Deltas {
		named[name] = true
	}
	kinds := map[string][]listFile{}
	for _, f := range files { // with their manifests, which may be there alone
		if l, ok := parseName(strings.TrimSuffix(f.Name(), ".note")); ok && !named[l.name] {
			kinds[l.kind] = append(kinds[l.kind], l)
		}
	}
	for kind, keep := range map[string]int{list.KindSnapshot: keptSnaps - 1, list.KindDelta: keptDeltas - len(x.Deltas)} {
		old := kinds[kind]
		slices.SortFunc(old, func(a, b listFile) int { return cmp.Or(cmp.Compare(b.size, a.size), cmp.Compare(b.name, a.name)) })
		old = slices.Compact(old)
		for _, f := range old[min(keep, len(old)):] {
			if err := remove(filepath.Join(dir, f.name)); err != nil {
				return err
			}
			if err := remove(filepath.Join(dir, f.name+".note")); err != nil {
				return err
			}
		}
	}
	return nil
}

// listFile is the name of a list file, taken apart.
type listFile struct {
	name, kind string
	size       uint64 // ledger size that it leads to
}

func parseName(name string) (l listFile, ok bool) {
	stem, kind, _ := strings.Cut(name, ".")
	if kind == list.KindDelta {
		_, stem, _ = strings.Cut(stem, "-")
	}
	size, err := strconv.ParseUint(stem, 10, 63)
	return listFile{name, kind, size}, err == nil && (kind == list.KindDelta || kind == list.KindSnapshot)
}

// remove removes a file that may be gone already.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}
