package eir

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// unfinished begins the names of files that replace has not put in their place.
const unfinished = ".new-"

// replace writes a file aside, syncs it, renames it over path and syncs the directory. If we crash
// before the rename, path is as it was, and a file aside is left for sweepUnfinished.
func replace(path string, write func(io.Writer) error) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, unfinished+"*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // nothing after the rename
	if err = write(f); err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err == nil {
		err = syncDir(dir)
	}
	return err
}

// syncDir makes the names in a directory survive a crash.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// sweepUnfinished removes what writers that were killed have left aside in a directory. Nobody may
// be writing there.
func sweepUnfinished(dir string) error {
	left, err := filesIn(dir, unfinished, "")
	for _, name := range left {
		err = errors.Join(err, os.Remove(filepath.Join(dir, name)))
	}
	return err
}

// filesIn returns the names of the files in a directory that begin and end so, sorted; none if there
// is no directory. Unlike filepath.Glob it takes the directory's own name for what it is.
func filesIn(dir, begin, end string) (names []string, err error) {
	all, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range all {
		if name := e.Name(); strings.HasPrefix(name, begin) && strings.HasSuffix(name, end) {
			names = append(names, name)
		}
	}
	return names, err
}
