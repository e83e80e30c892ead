package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// Fault is one thing that is not as it must be, with the table and the row where it was found.
type Fault struct {
	Table string `json:"table"`
	Row   string `json:"row,omitempty"`
	Text  string `json:"text"`
}

// Error makes a fault an error: a store yields it for a stored row that can not be read.
func (f Fault) Error() string { return f.String() }

// String returns "table row: text".
func (f Fault) String() string { return strings.TrimSpace(f.Table+" "+f.Row) + ": " + f.Text }

// Report is what Verify found.
type Report struct {
	Size   uint64   `json:"size"`
	Root   string   `json:"root"`
	Faults []Fault  `json:"faults"`
	Erased []string `json:"erased,omitempty"` // "record 12 personal, erased by record 40"
}

// Verify checks the whole register against itself: the signed head, the tree over every record,
// every opening, the guard's judgement of every act, and every row of every derived table against
// the fold. held is a signed head that somebody else has kept, or nil; with it a tail that was cut
// off and a history that was rewritten and signed again are found too.
func Verify(ctx context.Context, tx Tx, log note.Verifier, held []byte) (*Report, error) {
	v := &verifier{ctx: ctx, tx: tx, log: log, report: new(Report), rows: map[Table]map[string]string{},
		state: &State{Table: list.NewTable(nil), Guard: new(list.Guard)}, erased: map[partKey]uint64{}, proposed: map[uint64]string{}}
	for _, step := range []func() error{v.schema, v.head, v.records, v.openings, v.tree, v.derived} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if held != nil {
		v.against(held)
	}
	return v.report, nil
}

// partKey names an opening.
type partKey struct {
	Index uint64
	Part  string
}

type verifier struct {
	ctx    context.Context
	tx     Tx
	log    note.Verifier
	report *Report

	signed   Head                        // as the row says
	proven   uint64                      // size that the head's note signs, 0 if nobody signed it: a gap is not filled beyond it, for anyone can write a huge index
	stored   []tlog.Hash                 // of the tree recomputed, by stored hash index
	commits  []receipt.Content           // by index, only what openings are compared with
	erased   map[partKey]uint64          // opening: record that erased it
	proposed map[uint64]string           // record: digest of the content that it proposes
	found    map[partKey]bool            // openings that are kept
	rows     map[Table]map[string]string // what the fold gives
	state    *State
}

func (v *verifier) fault(table, row, format string, args ...any) {
	if len(v.report.Faults) < maxFaults {
		v.report.Faults = append(v.report.Faults, Fault{table, row, fmt.Sprintf(format, args...)})
	}
}

// unreadable takes a stored row that can not be read for a fault; any other error stays one.
func (v *verifier) unreadable(err error) error {
	var f Fault
	if !errors.As(err, &f) {
		return err
	}
	v.fault(f.Table, f.Row, "%s", f.Text)
	return nil
}

func (v *verifier) schema() error {
	text, err := v.tx.SchemaFault(v.ctx)
	if err == nil && text != "" {
		v.fault("schema", "", "%s", text)
	}
	return err
}

func (v *verifier) head() error {
	h, err := v.tx.Head(v.ctx)
	if err != nil {
		return v.unreadable(fmt.Errorf("reading the head: %w", err))
	}
	v.signed = h
	v.report.Size = h.Size
	if h.Size == 0 && h.Note == nil {
		return nil
	}
	opened, err := receipt.OpenHead(h.Note, v.log)
	if err != nil {
		v.fault("head", "", "%v", err)
		return nil
	}
	v.proven = opened.Size
	if opened != h.Head {
		v.fault("head", "", "its size or root is not what its note signs")
	}
	return nil
}

// ReadHashes makes the recomputed tree a tlog.HashReader.
func (v *verifier) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x >= int64(len(v.stored)) {
			return nil, fmt.Errorf("hash %d is beyond the tree", x)
		}
		out[i] = v.stored[x]
	}
	return out, nil
}

// records reads every record in order, folds it, and rebuilds the tree from it.
func (v *verifier) records() error {
	v.found = map[partKey]bool{}
	next := uint64(0)
	for leaf, err := range v.tx.Leaves(v.ctx, 0) {
		if err != nil {
			if err := v.unreadable(err); err != nil {
				return fmt.Errorf("reading records: %w", err)
			}
			continue
		}
		row := fmt.Sprint(leaf.Index)
		if leaf.Index > next && leaf.Index >= v.proven {
			v.fault("leaves", row, "it is beyond the signed head, and record %d before it is missing", next)
			continue
		}
		for ; next < leaf.Index; next++ {
			v.fault("leaves", fmt.Sprint(next), "the record is missing")
			v.grow(tlog.Hash{})
		}
		v.grow(tlog.RecordHash(leaf.Text))
		v.record(leaf, row)
		next++
	}
	if next != v.signed.Size {
		v.fault("leaves", fmt.Sprint(min(next, v.signed.Size)), "there are %d records, the signed head says %d", next, v.signed.Size)
	}
	h, err := tlog.TreeHash(int64(next), v)
	if err != nil {
		return err
	}
	v.report.Root = h.String()
	if next == v.signed.Size && h != v.signed.Root && next > 0 {
		v.fault("head", "", "the records lead to the root %s, the signed head has %s", h, v.signed.Root)
	}
	return nil
}

func (v *verifier) grow(leaf tlog.Hash) {
	n := int64(len(v.commits))
	v.commits = append(v.commits, receipt.Content{})
	hashes, err := tlog.StoredHashesForRecordHash(n, leaf, v)
	if err != nil {
		panic(fmt.Sprintf("ledger: growing a tree in memory: %v", err)) // reads only what it wrote
	}
	v.stored = append(v.stored, hashes...)
}

func (v *verifier) record(leaf Leaf, row string) {
	e, err := Load(v.ctx, v.tx, leaf)
	if err != nil {
		if err := v.unreadable(err); err != nil {
			v.fault("leaves", row, "%v", err)
		}
		return
	}
	r := e.Record
	if r.Index != leaf.Index || r.Content.Kind != leaf.Kind {
		v.fault("leaves", row, "the row is of record %d (%s), its text of record %d (%s)", leaf.Index, leaf.Kind, r.Index, r.Content.Kind)
		return
	}
	v.commits[leaf.Index] = r.Content
	if err := e.Check(); err != nil {
		v.fault("openings", row, "%v", err)
		return
	}
	for part, o := range map[string]*receipt.Opening{PartEffect: e.Effect, PartPersonal: e.Personal} {
		if o != nil {
			v.found[partKey{r.Index, part}] = true
		}
	}
	if r.Content.Kind == receipt.Proposal && e.Effect != nil {
		if c, err := receipt.ParseContent(e.Effect.Body); err == nil {
			v.proposed[r.Index] = c.Digest().String()
		}
	}
	if err := v.state.admit(e); err != nil {
		v.fault("leaves", row, "the guard refuses it: %v", err)
	}
	changes, err := Fold(e)
	if err != nil {
		v.fault("openings", row, "%v", err)
	}
	v.apply(changes)
	if r.Content.Kind == KindErasure && e.Effect != nil {
		v.erasure(e)
	}
}

// erasure notes what a record erased. That it names the row of what it erased, and no other, is
// checked: it would hide a proposal from people.
func (v *verifier) erasure(e *receipt.Entry) {
	x, err := Decode[Erasure](e.Effect.Body)
	if err != nil {
		return // a fault of its fold already
	}
	v.erased[partKey{x.Index, x.Part}] = e.Record.Index
	if want := v.proposed[x.Index]; x.Proposal != want {
		v.fault("openings", fmt.Sprint(e.Record.Index), "it erases record %d, which proposes %q, and takes away the row of %q", x.Index, want, x.Proposal)
	}
}

func (v *verifier) apply(changes []Change) {
	for _, c := range changes {
		t := v.rows[c.Row.Table()]
		if t == nil {
			t = map[string]string{}
			v.rows[c.Row.Table()] = t
		}
		if c.Drop {
			delete(t, c.Row.Key())
		} else {
			t[c.Row.Key()] = printed(c.Row)
		}
	}
}

// printed is the form in which rows are compared.
func printed(r Row) string { return string(Encode(r)) }

// openings checks that each opening is committed to, and each commitment opened or erased.
func (v *verifier) openings() error {
	for o, err := range v.tx.AllOpenings(v.ctx) {
		if err != nil {
			if err := v.unreadable(err); err != nil {
				return fmt.Errorf("reading openings: %w", err)
			}
			continue
		}
		row := fmt.Sprintf("%d %s", o.Index, o.Part)
		switch {
		case o.Part != PartEffect && o.Part != PartPersonal:
			v.fault("openings", row, "there is no such part")
		case o.Index >= uint64(len(v.commits)):
			v.fault("openings", row, "there is no such record")
		default:
			c := v.commits[o.Index]
			want := c.Effect
			if o.Part == PartPersonal {
				want = c.Personal
			}
			if c.Kind != "" && o.Commitment() != want {
				v.fault("openings", row, "it is not what the record commits to")
			}
			if by, ok := v.erased[partKey{o.Index, o.Part}]; ok {
				v.fault("openings", row, "record %d says that it was erased", by)
			}
		}
	}
	for i, c := range v.commits {
		if c.Kind == "" {
			continue // a fault already
		}
		v.kept(uint64(i), PartEffect)
		if c.Personal != (receipt.Digest{}) {
			v.kept(uint64(i), PartPersonal)
		}
	}
	return nil
}

func (v *verifier) kept(index uint64, part string) {
	key := partKey{index, part}
	if v.found[key] {
		return
	}
	if by, ok := v.erased[key]; ok {
		v.report.Erased = append(v.report.Erased, fmt.Sprintf("record %d %s, erased by record %d", index, part, by))
		return
	}
	v.fault("openings", fmt.Sprintf("%d %s", index, part), "the opening is missing, and no record says that it was erased")
}

// tree compares the stored blocks with the tree rebuilt.
func (v *verifier) tree() error {
	want := map[blockID][]tlog.Hash{}
	for i, h := range v.stored {
		level, n := tlog.SplitStoredHashIndex(int64(i))
		id := blockID{level, uint64(n) / BlockSize}
		want[id] = append(want[id], h)
	}
	for b, err := range v.tx.AllBlocks(v.ctx) {
		if err != nil {
			if err := v.unreadable(err); err != nil {
				return fmt.Errorf("reading the tree: %w", err)
			}
			continue
		}
		id := blockID{b.Level, b.Number}
		row := fmt.Sprintf("level %d block %d", b.Level, b.Number)
		if w := want[id]; len(w) != len(b.Hashes) {
			v.fault("blocks", row, "it has %d hashes, the records give %d", len(b.Hashes), len(w))
		} else {
			for i := range w {
				if w[i] != b.Hashes[i] {
					v.fault("blocks", row, "hash %d is not what the records give", i)
				}
			}
		}
		delete(want, id)
	}
	for id := range want {
		v.fault("blocks", fmt.Sprintf("level %d block %d", id.level, id.number), "it is missing")
	}
	return nil
}

// derived compares every row of every derived table with the fold.
func (v *verifier) derived() error {
	for _, t := range Tables {
		want := v.rows[t]
		for r, err := range v.tx.Rows(v.ctx, t) {
			if err != nil {
				if err := v.unreadable(err); err != nil {
					return fmt.Errorf("reading %s: %w", t, err)
				}
				continue
			}
			w, ok := want[r.Key()]
			switch {
			case !ok:
				v.fault(string(t), r.Key(), "no record of the ledger gives this row")
			case w != printed(r):
				v.fault(string(t), r.Key(), "it is not what the ledger gives")
			}
			delete(want, r.Key())
		}
		for key := range want {
			v.fault(string(t), key, "the ledger gives this row and it is missing")
		}
	}
	return nil
}

// against compares the records with a head that somebody else has kept.
func (v *verifier) against(held []byte) {
	h, err := receipt.OpenHead(held, v.log)
	switch {
	case err != nil:
		v.fault("head held elsewhere", "", "%v", err)
		return
	case h.Size > uint64(len(v.commits)):
		v.fault("leaves", "", "a head held elsewhere has %d records and there are only %d: the tail was cut", h.Size, len(v.commits))
		return
	}
	root, err := tlog.TreeHash(int64(h.Size), v)
	if err != nil || root != h.Root {
		v.fault("leaves", "", "the first %d records are not those of a head held elsewhere: the history was rewritten", h.Size)
	}
}
