package list

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/receipt"
)

// Replica is a copy of one stream's table that believes nothing without proof. It begins with a
// snapshot and follows by deltas. A file is applied only if
//
//   - the log signed its manifest, for this stream, and every chunk of it is as signed;
//   - it continues exactly where the replica stands (a delta across a gap, an older file, a second
//     snapshot are refused), and the log's tree grew from the one known before;
//   - every line that it sets or drops is set or dropped by an act that is in the tree;
//   - the acts' signatures suffice for the effect that the replica counts itself, under the sums of
//     24 hours: see Guard;
//   - the table that these acts lead to has the digest that the manifest names; and a snapshot is,
//     byte for byte, what this package writes for that table and its evidence.
//
// Otherwise it is held: nothing changes, and the error says why. All that a held file leaves behind
// is when its announcements were first seen, for their 24 hours run from then by the replica's own
// clock: a file that holds an announcement and its act is believed when it is tried a day later.
//
// A replica sees the acts that it is shown. That the log keeps others back it can not see; nothing
// that they would have forbidden is therefore believed on less than the signatures it needs.
//
// A replica never goes from one snapshot to another, for a snapshot does not show who dropped what
// it lacks. A node that wants fewer files than the chain it has lets another replica begin with the
// newer snapshot, by Again, and keeps those files if they lead to the same head and table.
//
// A replica is owned by one goroutine; the tables that it has returned are free for all.
type Replica struct {
	Stream   string         // operator, or National
	Log      note.Verifier  // of the log's key
	Founders receipt.Digest // digest of the first record's content, pinned out of band; zero accepts any
	Skew     time.Duration  // how far ahead of our clock a record's time may be

	table *Table
	guard Guard
	head  receipt.Head
	heard map[receipt.Digest]time.Time // contents announced: when this replica first saw it
}

// Report is what applying a file did.
type Report struct {
	From, To uint64 // ledger sizes
	Set      int    // lines
	Dropped  int    // lines
	Effect   Effect // summed over the acts, as this replica counted
}

// Table returns the table in force; an empty one before the first snapshot. It is not changed
// afterwards.
func (r *Replica) Table() *Table {
	if r.table == nil {
		return NewTable(nil)
	}
	return r.table
}

// Head returns the tree that the table in force is the fold of.
func (r *Replica) Head() receipt.Head { return r.head }

// Guard returns the guard after the acts so far.
func (r *Replica) Guard() *Guard { return &r.guard }

// Apply verifies a list file under its manifest and brings the table to it. seen is what this
// network saw itself; now is this machine's time. The file is kept: do not change its bytes.
//
// Where nothing was ever seen, as on a new node, what the writer says of a range no longer than a
// TAC is believed, for else no list with a range in it could begin one; a longer one counts as every
// device it could name.
func (r *Replica) Apply(manifest, file []byte, seen Seen, now time.Time) (Report, error) {
	return r.apply(manifest, file, &change{r: r, seen: seen, now: now, clock: now})
}

// Again applies a file that this replica believed before and its owner has kept since. All is
// verified as before, but what the acts do is taken as the writer counted, and when they were
// announced as the log says: what was seen then is no longer known.
func (r *Replica) Again(manifest, file []byte, now time.Time) (Report, error) {
	return r.apply(manifest, file, &change{r: r, seen: Nobody{}, now: now, again: true})
}

func (r *Replica) apply(manifest, file []byte, c *change) (Report, error) {
	m, err := OpenManifest(manifest, r.Log)
	if err == nil {
		err = r.continues(m)
	}
	if err == nil {
		err = m.Check(file)
	}
	if err != nil {
		return Report{}, err
	}
	c.m, c.guard = m, r.guard.Clone()
	c.guard.clock = c.clock
	if r.table == nil {
		c.guard.clock = time.Time{} // it was not there to hear the announcements
	}
	if m.Kind == KindSnapshot {
		err = c.snapshot(file)
	} else {
		err = c.delta(file)
	}
	if err != nil {
		return Report{}, fmt.Errorf("%s of %s to ledger size %d: %w", m.Kind, m.Stream, m.Head.Size, err)
	}
	r.table, r.guard, r.head, r.heard = c.table, *c.guard, m.Head, nil
	return c.report, nil
}

// continues checks that the file is the next one for this replica.
func (r *Replica) continues(m *Manifest) error {
	switch {
	case m.Stream != r.Stream:
		return fmt.Errorf("the file is for the stream %s, this replica follows %s: ask for that one", m.Stream, r.Stream)
	case m.Kind == KindSnapshot && r.table != nil:
		return fmt.Errorf("a snapshot only begins a replica; this one stands at ledger size %d: ask for the delta from there", r.head.Size)
	case m.Kind == KindDelta && m.From != r.head.Size:
		return fmt.Errorf("the delta begins at ledger size %d, this replica stands at %d: ask for the delta from there", m.From, r.head.Size)
	case m.Head.Size <= r.head.Size:
		return fmt.Errorf("the file leads to ledger size %d, this replica is already at %d: ask for a newer one", m.Head.Size, r.head.Size)
	case m.From != r.head.Size || m.Before != r.Table().Digest():
		return fmt.Errorf("the file changes another table than the one here at ledger size %d: compare the heads with others and tell the log's owner", r.head.Size)
	}
	return nil
}

// change is one file on its way to being believed.
type change struct {
	r      *Replica
	m      *Manifest
	seen   Seen
	now    time.Time
	clock  time.Time // for the guard: see Guard
	again  bool
	guard  *Guard
	ops    []Op // as the file says, in the order of the acts
	proof  *receipt.Bundle
	table  *Table // the table before, to which acts are applied as they are admitted
	report Report
}

// snapshot follows the acts to the table they lead to, and then reads it from the file if that is
// what we would have written: nothing else in the file needs to be believed.
func (c *change) snapshot(file []byte) error {
	s, err := OpenSnapshot(file)
	if err != nil {
		return err
	}
	if c.proof, err = s.Evidence(); err != nil {
		return err
	}
	mapped := NewTable(s)
	for l := range mapped.Lines() {
		c.ops = append(c.ops, Op{Line: *l})
	}
	slices.SortStableFunc(c.ops, func(a, b Op) int { return cmp.Compare(a.Line.Act, b.Line.Act) })
	c.table = NewTable(nil)
	if err := c.verify(); err != nil {
		return err
	}
	again, err := c.table.Snapshot(c.proof)
	if err == nil && !bytes.Equal(again, file) {
		err = fmt.Errorf("it is not written as snapshots are: ask the log's owner for one that is")
	}
	c.table = mapped
	return err
}

func (c *change) delta(file []byte) error {
	d, err := ParseDelta(file)
	if err != nil {
		return err
	}
	if h := c.r.head; h.Size > 0 {
		if err := tlog.CheckTree(d.Growth, int64(c.m.Head.Size), c.m.Head.Root, int64(h.Size), h.Root); err != nil {
			return fmt.Errorf("the log did not grow from the tree known here (%d records): its history was rewritten; keep this file and tell the others who follow the log", h.Size)
		}
	} else if len(d.Growth) > 0 {
		return fmt.Errorf("it proves growth from nothing")
	}
	c.ops, c.proof, c.table = d.Ops, d.Evidence, c.r.Table().Clone()
	if err := c.table.Check(c.ops); err != nil {
		return err
	}
	return c.verify()
}

// verify follows the acts in the ledger's order and believes each only with its proof.
func (c *change) verify() error {
	if err := c.proof.Verify(c.m.Head); err != nil {
		return err
	}
	if err := c.founders(); err != nil {
		return err
	}
	c.hear()
	c.report = Report{From: c.r.head.Size, To: c.m.Head.Size}
	rest := c.ops
	for i := range c.proof.Entries {
		e := &c.proof.Entries[i]
		n := 0
		for n < len(rest) && rest[n].Line.Act == e.Record.Index {
			n++
		}
		if err := c.act(e, rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	if len(rest) > 0 {
		return fmt.Errorf("the line %q has no act: nothing shows who decided it", rest[0].Line.String())
	}
	if c.table.Digest() != c.m.After {
		return fmt.Errorf("the table after it does not have the digest that the manifest names")
	}
	return nil
}

// announces returns the digest of the content that an entry announces.
func announces(e *receipt.Entry) (receipt.Digest, bool) {
	if e.Record.Content.Kind != receipt.Proposal || e.Effect == nil {
		return receipt.Digest{}, false
	}
	c, err := receipt.ParseContent(e.Effect.Body)
	if err != nil {
		return receipt.Digest{}, false
	}
	return c.Digest(), true
}

// hear notes when this replica first saw each announcement that is in the tree.
func (c *change) hear() {
	if c.guard.clock.IsZero() {
		return
	}
	for i := range c.proof.Entries {
		content, ok := announces(&c.proof.Entries[i])
		if _, known := c.r.heard[content]; !ok || known || len(c.r.heard) >= maxHeard {
			continue
		}
		if c.r.heard == nil {
			c.r.heard = map[receipt.Digest]time.Time{}
		}
		c.r.heard[content] = c.now
	}
}

// founders compares the log's first record with the one pinned.
func (c *change) founders() error {
	if c.r.table != nil || c.r.Founders == (receipt.Digest{}) {
		return nil
	}
	for i := range c.proof.Entries {
		if e := c.proof.Entries[i].Record; e.Index == 0 && e.Content.Digest() == c.r.Founders {
			return nil
		}
	}
	return fmt.Errorf("the log does not begin with the founding directory that this replica was given")
}

// act admits one act with the ops that rest on it.
func (c *change) act(e *receipt.Entry, claimed []Op) error {
	rec := e.Record
	if rec.Time.After(c.now.Add(c.r.Skew)) {
		return fmt.Errorf("record %d is from %s, which is in the future: if the clock here is right, wait until then", rec.Index, receipt.FormatTime(rec.Time))
	}
	if rec.Index < c.r.head.Size {
		return fmt.Errorf("record %d is older than the table it changes: ask for the delta again", rec.Index)
	}
	var count Effect
	if rec.Content.Kind == receipt.Measure {
		ops, err := authorised(e, claimed)
		if err != nil {
			return err
		}
		count = c.count(rec, ops)
		c.table.Apply(ops)
	} else if len(claimed) > 0 {
		return fmt.Errorf("the line %q rests on record %d, which is a %s and no measure", claimed[0].Line.String(), rec.Index, rec.Content.Kind)
	}
	if err := c.guard.Admit(e, count, rec.Time); err != nil {
		return err
	}
	if content, ok := announces(e); ok && !c.guard.clock.IsZero() {
		at, heard := c.r.heard[content]
		if !heard {
			at = c.now // more announcements than are remembered
		}
		c.guard.heard(rec.Index, at)
	}
	for i := range claimed {
		if claimed[i].Drop {
			c.report.Dropped++
		} else {
			c.report.Set++
		}
	}
	c.report.Effect.Add(count)
	return nil
}

// count says what an act does.
func (c *change) count(rec *receipt.Record, ops []Op) Effect {
	claimed := Effect{Refuses: rec.Refuses, Releases: rec.Releases}
	if c.again {
		claimed.Thefts = Count(c.table, ops, Nobody{}).Thefts
		return claimed
	}
	if c.seen != nil && c.seen.InRange(0, imei.Max) > 0 {
		return Count(c.table, ops, c.seen)
	}
	ranges := uint64(0)
	for i := range ops {
		if !ops[i].Line.One() {
			ranges++
		}
	}
	return Count(c.table, ops, unseen(claimed.Pairs()/max(1, ranges)+1))
}

// unseen is Seen where nothing was, but for what the writer says of each of an act's short ranges.
type unseen uint64

func (unseen) Pairs(imei.IMEI) int { return 0 }

func (u unseen) InRange(from, to imei.IMEI) int {
	if to-from < serials {
		return int(u)
	}
	return 0
}

// authorised checks that the act really sets and drops these lines, and returns them as the act
// says them. A line is dropped by its key: what it said before does not matter.
func authorised(e *receipt.Entry, claimed []Op) ([]Op, error) {
	if e.Effect == nil {
		return nil, fmt.Errorf("the effect of record %d is not shown", e.Record.Index)
	}
	all, err := ParseOps(e.Effect.Body, e.Record.Index)
	if err != nil {
		return nil, fmt.Errorf("record %d: %w", e.Record.Index, err)
	}
	said := make(map[Key]*Op, len(all))
	for i := range all {
		said[all[i].Line.Key()] = &all[i]
	}
	out := make([]Op, len(claimed))
	for i := range claimed {
		o := said[claimed[i].Line.Key()]
		if o == nil || o.Drop != claimed[i].Drop || !o.Drop && o.String() != claimed[i].String() {
			return nil, fmt.Errorf("record %d does not say %q", e.Record.Index, claimed[i].String())
		}
		out[i] = *o
	}
	return out, nil
}
