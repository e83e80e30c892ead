package enforce

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// Stage is the stage "enforce". What it publishes is files; it writes nothing to the register.
type Stage[T View] struct {
	Publisher
	// State returns the ledger's state that the view belongs to.
	State func() *ledger.State
}

// snapshotEvery is the number of deltas after which a new snapshot is written, so that a node that
// starts does not have to fetch many files.
const snapshotEvery = 16

// Name returns "enforce".
func (s *Stage[T]) Name() string { return "enforce" }

// Look publishes what changed for each stream since its last file.
func (s *Stage[T]) Look(ctx context.Context, view T, after uint64) (func(context.Context, T) error, uint64, error) {
	head, err := view.Head(ctx) // the state may be ahead of the view
	if err != nil || head.Size == 0 || head.Size == after {
		return nil, head.Size, err
	}
	for _, stream := range Streams(s.State().Guard.Directory()) {
		if err := s.publish(ctx, view, stream, head.Head); err != nil {
			return nil, after, fmt.Errorf("publishing the stream %s: %w", stream, err)
		}
	}
	if err := writeFile(filepath.Join(s.Dir, "head"), head.Note); err != nil {
		return nil, after, err
	}
	return nil, head.Size, nil
}

func (s *Stage[T]) publish(ctx context.Context, view T, stream string, head receipt.Head) error {
	dir := filepath.Join(s.Dir, stream)
	index, err := ReadIndex(dir)
	if err != nil {
		return err
	}
	if index.Size == head.Size {
		return nil
	}
	if index.Size > 0 {
		f, err := s.Delta(ctx, view, stream, index.Size, head)
		if err != nil || !f.Changed {
			return err
		}
		if err := f.write(dir); err != nil {
			return err
		}
		index.Deltas = append(index.Deltas, f.Name)
	}
	if index.Size == 0 || len(index.Deltas) >= snapshotEvery {
		f, err := s.Snapshot(ctx, view, stream, head)
		if err != nil {
			return err
		}
		if err := f.write(dir); err != nil {
			return err
		}
		index.Snapshot, index.Deltas = f.Name, nil
	}
	index.Size = head.Size
	return writeFile(filepath.Join(dir, "index"), index.Bytes())
}

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

// writeFile replaces a file: written aside, synced, renamed, the directory synced.
func writeFile(path string, data []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".new-*")
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
