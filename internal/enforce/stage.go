package enforce

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// Stage is the stage "enforce". What it publishes is files; it writes nothing to the register.
type Stage[T View] struct {
	Publisher
	// State returns the ledger's state that the view belongs to.
	State func() *ledger.State

	begun bool // the leavings of a crash are gone
}

// Name returns "enforce".
func (s *Stage[T]) Name() string { return "enforce" }

// Look publishes what changed for each stream since its last file.
func (s *Stage[T]) Look(ctx context.Context, view T, after uint64) (func(context.Context, T) error, uint64, error) {
	head, err := view.Head(ctx) // the state may be ahead of the view
	if err != nil || head.Size == 0 || head.Size == after {
		return nil, head.Size, err
	}
	streams := Streams(s.State().Guard.Directory())
	if err := s.begin(streams); err != nil {
		return nil, after, err
	}
	shelves := make([]*list.Index, len(streams)) // what is published
	for i, stream := range streams {
		if shelves[i], err = ReadIndex(filepath.Join(s.Dir, stream)); err != nil {
			return nil, after, fmt.Errorf("reading what is published of the stream %s: %w", stream, err)
		}
	}
	quiet, err := quiet(ctx, view, shelves, head.Size)
	if err == nil && !quiet {
		err = s.Memory.follow(ctx, view, head.Size, streams...)
	}
	if err != nil {
		return nil, after, err
	}
	for i, stream := range streams {
		if err := s.publish(ctx, view, stream, shelves[i], quiet, head.Head); err != nil {
			return nil, after, fmt.Errorf("publishing the stream %s: %w", stream, err)
		}
	}
	if err := writeFile(filepath.Join(s.Dir, "head"), head.Note); err != nil {
		return nil, after, err
	}
	return nil, head.Size, nil
}

// begin clears what a crash left, once.
func (s *Stage[T]) begin(streams []string) error {
	if s.Memory == nil {
		s.Memory = new(Memory)
	}
	if s.begun {
		return nil
	}
	for _, dir := range append(streams, "") {
		if err := removeUnfinished(filepath.Join(s.Dir, dir)); err != nil {
			return err
		}
	}
	s.begun = true
	return nil
}

// quiet reports whether no act of those that lists and their evidence are made of came since each
// stream was published: the tables are what they were, and none has to be known.
func quiet(ctx context.Context, view View, shelves []*list.Index, size uint64) (bool, error) {
	from := size
	for _, x := range shelves {
		from = min(from, x.Size)
	}
	for _, err := range leaves(ctx, view, from, size) {
		return false, err
	}
	return true, nil
}

// publish writes the delta of a stream since its last publication x, if it says anything, and a new
// snapshot if one is due; then the index that names them.
func (s *Stage[T]) publish(ctx context.Context, view T, stream string, x *list.Index, quiet bool, head receipt.Head) error {
	dir := filepath.Join(s.Dir, stream)
	if x.Size > head.Size {
		return problem.New(problem.Broken, "it is published to ledger size %d and the ledger has %d records: unless another process has just published, the register was restored from an old copy, and no node will follow it", x.Size, head.Size)
	}
	if quiet || x.Size == head.Size {
		return nil
	}
	if x.Size > 0 {
		f, err := s.next(ctx, view, stream, x.Size, head)
		if err != nil || f == nil {
			return err
		}
		if err := f.write(dir); err != nil {
			return err
		}
		x.Deltas = append(x.Deltas, f.Name)
	}
	due := snapshotDue(dir, x)
	if due {
		f, err := s.Snapshot(ctx, view, stream, head)
		if err != nil {
			return err
		}
		if err := f.write(dir); err != nil {
			return err
		}
		x.Snapshot, x.Deltas = f.Name, nil
	}
	x.Size = head.Size
	if err := writeFile(filepath.Join(dir, "index"), x.Bytes()); err != nil || !due {
		return err
	}
	return sweep(dir, x)
}

// next makes the delta since a publication, nil if nothing happened that a node should know.
func (s *Stage[T]) next(ctx context.Context, view T, stream string, from uint64, head receipt.Head) (*File, error) {
	c, err := s.Memory.change(ctx, view, stream, from, head.Size)
	if err != nil || len(c.ops) == 0 && !c.authority {
		return nil, err
	}
	d, err := c.delta(ctx, view)
	if err != nil || len(d.Evidence.Entries) == 0 {
		return nil, err
	}
	return s.sealDelta(stream, c, d, head)
}

// snapshotDue reports whether a node that begins would better fetch a new snapshot: there is none, or
// its deltas are too many, or together as long as it, or something of all this is missing.
func snapshotDue(dir string, x *list.Index) bool {
	if x.Snapshot == "" || len(x.Deltas) >= maxDeltas {
		return true
	}
	left, err := lengthOf(dir, x.Snapshot)
	for _, name := range x.Deltas {
		n, missing := lengthOf(dir, name)
		if left -= n; missing != nil {
			err = missing
		}
	}
	return err != nil || left <= 0
}
