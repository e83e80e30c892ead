// Package enforce publishes the list: the ledger's measures, folded into a table for each stream
// and written as files that any web server or cache can hand out.
//
//	head                           signed head of the ledger
//	STREAM/index                   what there is, for an EIR to choose from; see list.Index
//	STREAM/SIZE.snapshot[.note]    table at ledger size SIZE, and its manifest
//	STREAM/FROM-TO.delta[.note]    change between two sizes, and its manifest
//
// There is one stream for the nation and one for each operator. An operator's stream holds all
// that its EIR needs: the nation's lines and the pairs of its own subscribers. The national stream
// holds no pairs, for it is public and a pair names a subscriber.
//
// A table is a pure fold of the ledger. It is kept in memory between publications (Memory), with the
// last changes so that they can be taken back: a publication costs what was appended since the one
// before, and so does the delta from where a node stands that was away (Publisher.Since). A delta
// from further back than the memory reaches is made by folding the ledger anew.
//
// A new snapshot is written when the deltas since the last are together as long as it, or 256: what
// snapshots cost stays in proportion to what was decided, and a node that begins fetches at most
// twice the list. Of older files the directory keeps one snapshot more and the last 1,024 deltas.
//
// A file is written and synced before the index names it, and removed only when the index names it
// no more. If we crash between, the file is there and nobody knows; it is written again or swept.
package enforce

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"slices"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
	"github.com/openceir/openceir/subscriber"
)

// View is what the stage reads of the register.
type View interface {
	Head(ctx context.Context) (ledger.Head, error)
	Leaves(ctx context.Context, from uint64, kinds ...receipt.Kind) iter.Seq2[ledger.Leaf, error]
	Opening(ctx context.Context, index uint64, part string) (ledger.StoredOpening, bool, error)
	Hashes(ctx context.Context) tlog.HashReader
}

// InStream reports whether a line belongs into a stream: a pair only into that of its subscriber's
// home operator, or into every operator's if the subscriber's home is none of them. What once came
// into a stream follows its acts there, though the directory has given the subscriber another home
// since: else the stream would never hear that the line was dropped.
func InStream(stream string, l *list.Line, d *receipt.Directory) bool {
	if l.Class != list.Pair {
		return true
	}
	if stream == list.National {
		return false
	}
	imsi, ok := l.Subscriber.IMSI()
	home := ""
	if ok {
		home = d.Home(subscriber.IMSI(imsi))
	}
	return home == "" || home == stream
}

// Streams returns the streams of a directory: the nation's and one for each organisation that runs
// a network.
func Streams(d *receipt.Directory) []string {
	out := []string{list.National}
	if d == nil {
		return out
	}
	for name, plmns := range d.Organisations {
		if len(plmns) > 0 {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// Publisher makes list files.
type Publisher struct {
	Dir    string
	Signer note.Signer // the log's key
	Memory *Memory     // nil to fold the ledger anew for each file
}

// File is a list file with its signed manifest.
type File struct {
	Name     string // within the stream's directory
	Body     []byte
	Manifest []byte
}

// Snapshot makes the table of a stream at a head.
func (p *Publisher) Snapshot(ctx context.Context, view View, stream string, head receipt.Head) (*File, error) {
	c, err := p.Memory.change(ctx, view, stream, head.Size, head.Size)
	if err != nil {
		return nil, err
	}
	acts := map[uint64]bool{}
	for l := range c.after.Lines() {
		acts[l.Act] = true
	}
	proof, err := evidence(ctx, view, 0, head.Size, acts)
	if err != nil {
		return nil, err
	}
	body, err := c.after.Snapshot(proof)
	if err != nil {
		return nil, err
	}
	m := list.Manifest{Stream: stream, Kind: list.KindSnapshot, Before: list.NewTable(nil).Digest(), Head: head, After: c.after.Digest()}
	return p.seal(fmt.Sprintf("%d.snapshot", head.Size), &m, body)
}

// Delta makes the change of a stream's table from an earlier ledger size to a head.
func (p *Publisher) Delta(ctx context.Context, view View, stream string, from uint64, head receipt.Head) (*File, error) {
	c, err := p.Memory.change(ctx, view, stream, from, head.Size)
	if err != nil {
		return nil, err
	}
	d, err := c.delta(ctx, view)
	if err != nil {
		return nil, err
	}
	return p.sealDelta(stream, c, d, head)
}

// Since makes the delta of a stream from an earlier ledger size to where it is published. What a
// node asks has one answer until the next publication, manifest and file fit each other, and nodes
// stand only where the index can say that there is nothing new for them.
func (p *Publisher) Since(ctx context.Context, view View, stream string, from uint64) (*File, error) {
	x, err := ReadIndex(filepath.Join(p.Dir, stream))
	if err != nil {
		return nil, err
	}
	if from >= x.Size {
		return nil, problem.New(problem.NotFound, "the stream %s is published to ledger size %d, there is nothing after %d", stream, x.Size, from)
	}
	head, err := view.Head(ctx)
	if err != nil {
		return nil, err
	}
	if x.Size > head.Size {
		return nil, problem.New(problem.Busy, "the stream %s was published a moment ago: ask again", stream)
	}
	if head.Root, err = tlog.TreeHash(int64(x.Size), view.Hashes(ctx)); err != nil {
		return nil, fmt.Errorf("reading the tree of %d records: %w", x.Size, err)
	}
	return p.Delta(ctx, view, stream, from, receipt.Head{Size: x.Size, Root: head.Root})
}

// delta proves the change and, if it is one from an earlier tree, that the tree grew.
func (c *change) delta(ctx context.Context, view View) (*list.Delta, error) {
	acts := map[uint64]bool{}
	for i := range c.ops {
		acts[c.ops[i].Line.Act] = true
	}
	d := &list.Delta{Ops: c.ops}
	var err error
	if d.Evidence, err = evidence(ctx, view, c.from, c.size, acts); err != nil {
		return nil, err
	}
	if c.from > 0 {
		if d.Growth, err = tlog.ProveTree(int64(c.size), int64(c.from), view.Hashes(ctx)); err != nil {
			return nil, fmt.Errorf("proving growth from %d to %d: %w", c.from, c.size, err)
		}
	}
	return d, nil
}

// evidence returns the measures with these indexes and every other act since a ledger size, which
// give authority, with one proof. The personal parts stay at the centre.
func evidence(ctx context.Context, view View, from, size uint64, measures map[uint64]bool) (*receipt.Bundle, error) {
	var entries []receipt.Entry
	for leaf, err := range leaves(ctx, view, from, size) {
		if err != nil {
			return nil, err
		}
		if leaf.Kind == receipt.Measure && !measures[leaf.Index] {
			continue
		}
		r, err := receipt.ParseRecord(leaf.Text)
		if err != nil {
			return nil, fmt.Errorf("record %d: %w", leaf.Index, err)
		}
		effect, err := effectOf(ctx, view, leaf.Index)
		if err != nil {
			return nil, err
		}
		entries = append(entries, receipt.Entry{Record: r, Effect: effect})
	}
	return receipt.NewBundle(size, entries, view.Hashes(ctx))
}

func (p *Publisher) sealDelta(stream string, c *change, d *list.Delta, head receipt.Head) (*File, error) {
	m := list.Manifest{Stream: stream, Kind: list.KindDelta, From: c.from, Before: c.before.Digest(), Head: head, After: c.after.Digest()}
	return p.seal(fmt.Sprintf("%d-%d.delta", c.from, head.Size), &m, d.Bytes())
}

func (p *Publisher) seal(name string, m *list.Manifest, body []byte) (*File, error) {
	msg, err := m.Seal(body, p.Signer)
	return &File{name, body, msg}, err
}
