package list

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

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
//   - the table after it has the digest that the manifest names.
//
// Otherwise it is held: nothing changes, and the error says why.
type Replica struct {
	Stream   string
	Log      note.Verifier
	Founders receipt.Digest // digest of the first record's content, pinned out of band; zero accepts any
	Skew     time.Duration  // how far ahead of our clock a record's time may be

	table *Table
	guard Guard
	head  receipt.Head
}

// Report is what applying a file did.
type Report struct {
	From, To uint64 // ledger sizes
	Set      int    // lines
	Dropped  int
	Effect   Effect
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
// network saw itself; now is this machine's time.
func (r *Replica) Apply(manifest, file []byte, seen Seen, now time.Time) (Report, error) {
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
	c := &change{r: r, m: m, seen: seen, now: now, guard: r.guard.Clone()}
	if m.Kind == KindSnapshot {
		err = c.snapshot(file)
	} else {
		err = c.delta(file)
	}
	if err == nil {
		err = c.verify()
	}
	if err != nil {
		return Report{}, fmt.Errorf("%s of %s to ledger size %d: %w", m.Kind, m.Stream, m.Head.Size, err)
	}
	r.table, r.guard, r.head = c.table, *c.guard, m.Head
	return c.report, nil
}

// continues checks that the file is the next one for this replica.
func (r *Replica) continues(m *Manifest) error {
	switch {
	case m.Stream != r.Stream:
		return fmt.Errorf("the file is for the stream %s, this replica follows %s", m.Stream, r.Stream)
	case m.Kind == KindSnapshot && r.table != nil:
		return fmt.Errorf("a snapshot only begins a replica; this one stands at ledger size %d: ask for the delta from there", r.head.Size)
	case m.Kind == KindDelta && (m.From != r.head.Size || m.Before != r.Table().Digest()):
		return fmt.Errorf("the delta begins at ledger size %d, this replica stands at %d: ask for the delta from there", m.From, r.head.Size)
	case m.Head.Size <= r.head.Size && r.table != nil:
		return fmt.Errorf("the file leads to ledger size %d, this replica is already at %d", m.Head.Size, r.head.Size)
	}
	return nil
}

// change is one file on its way to being believed.
type change struct {
	r      *Replica
	m      *Manifest
	seen   Seen
	now    time.Time
	guard  *Guard
	ops    []Op
	proof  *receipt.Bundle
	work   *Table // the table before, to which acts are applied as they are admitted
	table  *Table // the table after
	report Report
}

func (c *change) snapshot(file []byte) error {
	s, err := OpenSnapshot(file)
	if err != nil {
		return err
	}
	if c.proof, err = s.Evidence(); err != nil {
		return err
	}
	c.table, c.work = NewTable(s), NewTable(nil)
	for l := range c.table.Lines() {
		if err := l.check(); err != nil || l.Class == 0 {
			return fmt.Errorf("the line %q means nothing (%v)", l.String(), err)
		}
		c.ops = append(c.ops, Op{Line: *l})
	}
	slices.SortStableFunc(c.ops, func(a, b Op) int { return cmp.Compare(a.Line.Act, b.Line.Act) })
	return c.blocks()
}

// blocks recomputes the digests that the snapshot claims for its TACs, on which the table's rests.
func (c *change) blocks() error {
	for _, tac := range c.table.tacs() {
		if digestLines(c.table.tac(tac)) != c.table.tacDigest(tac) {
			return fmt.Errorf("the block of TAC %s does not have the digest it claims", tac)
		}
	}
	return nil
}

func (c *change) delta(file []byte) error {
	d, err := ParseDelta(file)
	if err != nil {
		return err
	}
	c.ops, c.proof, c.work = d.Ops, d.Evidence, c.r.Table().Clone()
	h := c.r.head
	if h.Size > 0 {
		if err := tlog.CheckTree(d.Growth, int64(c.m.Head.Size), c.m.Head.Root, int64(h.Size), h.Root); err != nil {
			return fmt.Errorf("the log did not grow from the tree known here (%d records): its history was rewritten", h.Size)
		}
	}
	if err := c.work.Check(c.ops); err != nil {
		return err
	}
	c.table = c.work.Clone()
	c.table.Apply(c.ops)
	return nil
}

// verify follows the acts in the ledger's order and believes each only with its proof.
func (c *change) verify() error {
	if err := c.proof.Verify(c.m.Head); err != nil {
		return err
	}
	if c.table.Digest() != c.m.After {
		return fmt.Errorf("the table after it does not have the digest that the manifest names")
	}
	if err := c.founders(); err != nil {
		return err
	}
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
	return nil
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
func (c *change) act(e *receipt.Entry, ops []Op) error {
	rec := e.Record
	var count Effect
	if rec.Content.Kind == receipt.Measure {
		if err := authorised(e, ops); err != nil {
			return err
		}
		count = Count(c.work, ops, c.seen)
		c.work.Apply(ops)
	} else if len(ops) > 0 {
		return fmt.Errorf("the line %q rests on record %d, which is a %s and no measure", ops[0].Line.String(), rec.Index, rec.Content.Kind)
	}
	if rec.Time.After(c.now.Add(c.r.Skew)) {
		return fmt.Errorf("record %d is from %s, which is in the future", rec.Index, receipt.FormatTime(rec.Time))
	}
	if c.r.table != nil && rec.Index < c.r.head.Size {
		return fmt.Errorf("record %d is older than the table it changes", rec.Index)
	}
	if err := c.guard.Admit(e, count, rec.Time); err != nil {
		return err
	}
	if c.r.table != nil {
		c.guard.heard(rec.Index, c.now)
	}
	for i := range ops {
		if ops[i].Drop {
			c.report.Dropped++
		} else {
			c.report.Set++
		}
	}
	c.report.Effect.Refuses += count.Refuses
	c.report.Effect.Releases += count.Releases
	c.report.Effect.Thefts += count.Thefts
	return nil
}

// authorised checks that the act really sets and drops these lines.
func authorised(e *receipt.Entry, ops []Op) error {
	if e.Effect == nil {
		return fmt.Errorf("the effect of record %d is not shown", e.Record.Index)
	}
	all, err := ParseOps(e.Effect.Body, e.Record.Index)
	if err != nil {
		return fmt.Errorf("record %d: %w", e.Record.Index, err)
	}
	texts := make(map[string]bool, len(all))
	for i := range all {
		texts[all[i].String()] = true
	}
	for i := range ops {
		if !texts[ops[i].String()] {
			return fmt.Errorf("record %d does not say %q", e.Record.Index, ops[i].String())
		}
	}
	return nil
}

// Clone returns a guard that can admit without changing g.
func (g *Guard) Clone() *Guard {
	c := *g
	c.policies, c.current, c.proposals, c.rules = maps.Clone(g.policies), maps.Clone(g.current), maps.Clone(g.proposals), maps.Clone(g.rules)
	return &c
}

// heard notes when a proposal reached a verifier that does not take the log's word for time: its
// 24 hours run from then.
func (g *Guard) heard(index uint64, now time.Time) {
	if p, ok := g.proposals[index]; ok && p.known.Before(now) {
		p.known = now
		g.proposals[index] = p
	}
}
