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
// A file is written and synced before the index names it; if we crash between, the next run writes
// the same bytes again. A table is a pure fold of the ledger, so a delta from any earlier size can
// be made at any time.
package enforce

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
	"github.com/openceir/openceir/subscriber"
)

// View is what the stage reads of the register.
type View interface {
	Head(ctx context.Context) (ledger.Head, error)
	Leaves(ctx context.Context, from uint64, kinds ...receipt.Kind) iter.Seq2[ledger.Leaf, error]
	Openings(ctx context.Context, index uint64) ([]ledger.StoredOpening, error)
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
}

// fold is a stream's table at a ledger size, and what changed since an earlier size.
type fold struct {
	table   *list.Table
	before  *list.Table // at the earlier size
	touched map[list.Key]list.Op
	acts    []receipt.Entry // what a verifier needs since the earlier size: authority and measures
}

// foldTo folds the ledger to a size for a stream, noting what changed from an earlier size on.
func foldTo(ctx context.Context, view View, stream string, from, size uint64) (*fold, error) {
	f := &fold{table: list.NewTable(nil), touched: map[list.Key]list.Op{}}
	var d *receipt.Directory
	for leaf, err := range view.Leaves(ctx, 0, receipt.Founding, receipt.Denominator, receipt.Policy, receipt.Proposal, receipt.Measure) {
		if err != nil {
			return nil, fmt.Errorf("reading the ledger: %w", err)
		}
		if leaf.Index >= size {
			break
		}
		if f.before == nil && leaf.Index >= from {
			f.before = f.table.Clone()
		}
		e, err := entry(ctx, view, leaf)
		if err != nil {
			return nil, err
		}
		if leaf.Kind == receipt.Founding {
			if d, err = receipt.ParseDirectory(e.Effect.Body); err != nil {
				return nil, err
			}
		}
		if err := f.add(e, stream, d, leaf.Index >= from); err != nil {
			return nil, err
		}
	}
	if f.before == nil {
		f.before = f.table.Clone()
	}
	return f, nil
}

// entry reads a record with the opening of its effect. The personal part stays at the centre.
func entry(ctx context.Context, view View, leaf ledger.Leaf) (receipt.Entry, error) {
	r, err := receipt.ParseRecord(leaf.Text)
	if err != nil {
		return receipt.Entry{}, err
	}
	e := receipt.Entry{Record: r}
	openings, err := view.Openings(ctx, leaf.Index)
	if err != nil {
		return e, fmt.Errorf("reading the opening of record %d: %w", leaf.Index, err)
	}
	for i := range openings {
		if openings[i].Part == ledger.PartEffect {
			e.Effect = &openings[i].Opening
		}
	}
	if e.Effect == nil {
		return e, fmt.Errorf("the effect of record %d is not kept", leaf.Index)
	}
	return e, nil
}

func (f *fold) add(e receipt.Entry, stream string, d *receipt.Directory, recent bool) error {
	if e.Record.Content.Kind != receipt.Measure {
		if recent {
			f.acts = append(f.acts, e)
		}
		return nil
	}
	all, err := list.ParseOps(e.Effect.Body, e.Record.Index)
	if err != nil {
		return fmt.Errorf("record %d: %w", e.Record.Index, err)
	}
	ops := slices.DeleteFunc(all, func(o list.Op) bool {
		_, there := f.table.Find(o.Line.Key()) // set when the subscriber's home was another
		return !there && !InStream(stream, &o.Line, d)
	})
	if len(ops) == 0 {
		return nil
	}
	f.table.Apply(ops)
	if recent {
		f.acts = append(f.acts, e)
		for _, o := range ops {
			f.touched[o.Line.Key()] = o
		}
	}
	return nil
}

// ops returns the net change since the earlier size, in the order of the acts.
func (f *fold) ops() []list.Op {
	var out []list.Op
	for k, o := range f.touched {
		old, had := f.before.Find(k)
		if o.Drop && !had || !o.Drop && had && old == o.Line {
			continue
		}
		if o.Drop {
			act := o.Line.Act
			o.Line = old
			o.Line.Act = act
		}
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b list.Op) int {
		if a.Line.Act != b.Line.Act {
			return int(int64(a.Line.Act) - int64(b.Line.Act))
		}
		return a.Line.Compare(&b.Line)
	})
	return out
}

// evidence returns the acts that ops rest on, and everything that gives authority, with one proof.
func (f *fold) evidence(ctx context.Context, view View, size uint64, acts map[uint64]bool) (*receipt.Bundle, error) {
	entries := slices.DeleteFunc(f.acts, func(e receipt.Entry) bool {
		return e.Record.Content.Kind == receipt.Measure && !acts[e.Record.Index]
	})
	return receipt.NewBundle(size, entries, view.Hashes(ctx))
}

// File is a list file with its signed manifest.
type File struct {
	Name     string // within the stream's directory
	Body     []byte
	Manifest []byte
	Changed  bool // it changes something, authority included
}

// Snapshot makes the table of a stream at the head.
func (p *Publisher) Snapshot(ctx context.Context, view View, stream string, head receipt.Head) (*File, error) {
	f, err := foldTo(ctx, view, stream, 0, head.Size)
	if err != nil {
		return nil, err
	}
	acts := map[uint64]bool{}
	for l := range f.table.Lines() {
		acts[l.Act] = true
	}
	proof, err := f.evidence(ctx, view, head.Size, acts)
	if err != nil {
		return nil, err
	}
	body, err := f.table.Snapshot(proof)
	if err != nil {
		return nil, err
	}
	m := list.Manifest{Stream: stream, Kind: list.KindSnapshot, Before: list.NewTable(nil).Digest(), Head: head, After: f.table.Digest()}
	return p.seal(fmt.Sprintf("%d.snapshot", head.Size), &m, body, true)
}

// Delta makes the change of a stream's table from an earlier ledger size to the head.
func (p *Publisher) Delta(ctx context.Context, view View, stream string, from uint64, head receipt.Head) (*File, error) {
	f, err := foldTo(ctx, view, stream, from, head.Size)
	if err != nil {
		return nil, err
	}
	d := list.Delta{Ops: f.ops()}
	acts := map[uint64]bool{}
	for i := range d.Ops {
		acts[d.Ops[i].Line.Act] = true
	}
	if d.Evidence, err = f.evidence(ctx, view, head.Size, acts); err != nil {
		return nil, err
	}
	if from > 0 {
		if d.Growth, err = tlog.ProveTree(int64(head.Size), int64(from), view.Hashes(ctx)); err != nil {
			return nil, fmt.Errorf("proving growth from %d to %d: %w", from, head.Size, err)
		}
	}
	m := list.Manifest{Stream: stream, Kind: list.KindDelta, From: from, Before: f.before.Digest(), Head: head, After: f.table.Digest()}
	return p.seal(fmt.Sprintf("%d-%d.delta", from, head.Size), &m, d.Bytes(), len(d.Evidence.Entries) > 0)
}

func (p *Publisher) seal(name string, m *list.Manifest, body []byte, changed bool) (*File, error) {
	msg, err := m.Seal(body, p.Signer)
	return &File{name, body, msg, changed}, err
}
