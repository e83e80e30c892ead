package receipt

import (
	"bytes"
	"encoding/base64"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Entry is a record with the openings that its holder may see.
type Entry struct {
	Record   *Record
	Effect   *Opening // nil if it was erased or is not for this holder
	Personal *Opening // nil likewise
}

// Check verifies that the openings are those that the record commits to.
func (e *Entry) Check() error {
	c := &e.Record.Content
	if e.Effect != nil && e.Effect.Shown != nil && c.Kind != Measure {
		return fmt.Errorf("record %d is a %s, and of its effect only some lines are shown: only measures are shown in part", e.Record.Index, c.Kind)
	}
	if e.Effect != nil {
		if err := e.Effect.Open(c.Effect); err != nil {
			return fmt.Errorf("effect of record %d: %w", e.Record.Index, err)
		}
	}
	if e.Personal != nil {
		if err := e.Personal.Open(c.Personal); err != nil {
			return fmt.Errorf("personal part of record %d: %w", e.Record.Index, err)
		}
	}
	return nil
}

// About returns the entry of a measure with only those lines of its effect that keep picks: what the
// holder of one device may see of an act that speaks of many. Where a rule gives its reasons a line
// for each line of the effect, those of the same lines are shown, else all that it says.
func (e *Entry) About(keep func(line []byte) bool) *Entry {
	if e.Effect == nil || e.Effect.Shown != nil || e.Record.Content.Kind != Measure {
		return e
	}
	out := *e
	lines := linesOf(e.Effect.Body)
	kept := make([]bool, len(lines))
	for i, line := range lines {
		kept[i] = keep(line)
	}
	mine := func(i int, _ []byte) bool { return kept[i] }
	out.Effect = e.Effect.Excerpt(mine)
	if e.Personal != nil && e.Record.Content.By.Sort == Rule && len(lines) > 1 && len(linesOf(e.Personal.Body)) == len(lines) {
		out.Personal = e.Personal.Excerpt(mine)
	}
	return &out
}

// Bundle is some entries, ascending by index, and one proof that all are in the tree of a size.
// Its text:
//
//	openceir bundle 1
//	size 4211
//	entries 2
//	record 812                 so many bytes of the record follow at once
//	…
//	effect SALT 96             salt in base64, so many bytes of the body follow, then \n; only if given
//	…
//	personal-excerpt 50000     lines of the whole body, of which only some are shown
//	line 17 SALT               place and salt in base64, for each line shown
//	path HASH                  for each hash that proves them
//	body 40                    so many bytes, the lines shown, follow, then \n
//	…
//	proof 13
//	HASH                       base64, a line each
type Bundle struct {
	Size    uint64
	Entries []Entry
	Proof   []tlog.Hash
}

// NewBundle proves the entries against the tree of the size.
func NewBundle(size uint64, entries []Entry, hashes tlog.HashReader) (*Bundle, error) {
	indices := make([]uint64, len(entries))
	for i := range entries {
		indices[i] = entries[i].Record.Index
	}
	proof, err := Prove(size, indices, hashes)
	if err != nil {
		return nil, fmt.Errorf("proving %d records: %w", len(entries), err)
	}
	return &Bundle{size, entries, proof}, nil
}

// Verify checks every opening, and every record's inclusion in the tree with the head.
func (b *Bundle) Verify(h Head) error {
	if b.Size != h.Size {
		return fmt.Errorf("the bundle is for a tree of %d records, the head has %d", b.Size, h.Size)
	}
	indices := make([]uint64, len(b.Entries))
	leaves := make([]tlog.Hash, len(b.Entries))
	for i := range b.Entries {
		if err := b.Entries[i].Check(); err != nil {
			return err
		}
		indices[i], leaves[i] = b.Entries[i].Record.Index, b.Entries[i].Record.LeafHash()
	}
	root, err := Root(b.Size, indices, leaves, b.Proof)
	if err != nil {
		return err
	}
	if root != h.Root {
		return fmt.Errorf("the records are not in the ledger: the proof leads to another root")
	}
	return nil
}

// Bytes returns the bundle's text.
func (b *Bundle) Bytes() []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "openceir bundle 1\nsize %d\nentries %d\n", b.Size, len(b.Entries))
	for i := range b.Entries {
		e := &b.Entries[i]
		text := e.Record.Bytes()
		fmt.Fprintf(&out, "record %d\n", len(text))
		out.Write(text)
		e.Effect.write(&out, "effect")
		e.Personal.write(&out, "personal")
	}
	fmt.Fprintf(&out, "proof %d\n", len(b.Proof))
	for _, h := range b.Proof {
		out.WriteString(base64.StdEncoding.EncodeToString(h[:]))
		out.WriteByte('\n')
	}
	return out.Bytes()
}

// ParseBundle reads a bundle's text. It believes nothing: call Verify.
func ParseBundle(text []byte) (*Bundle, error) {
	r := &reader{rest: text}
	b := r.bundle()
	if r.err == nil && len(r.rest) > 0 {
		r.fail("something follows the proof")
	}
	if r.err != nil {
		return nil, fmt.Errorf("reading bundle: %w", r.err)
	}
	return b, nil
}

func (r *reader) bundle() *Bundle {
	b := new(Bundle)
	r.literal("openceir bundle 1")
	b.Size = r.number(r.value("size"))
	n := r.number(r.value("entries"))
	if n > maxEntries {
		r.fail("more than %d entries", maxEntries)
	}
	for i := uint64(0); i < n && r.err == nil; i++ {
		b.Entries = append(b.Entries, r.entry())
	}
	n = r.number(r.value("proof"))
	for i := uint64(0); i < n && r.err == nil; i++ {
		b.Proof = append(b.Proof, tlog.Hash(r.base64(r.line())))
	}
	return b
}

func (r *reader) entry() (e Entry) {
	text := r.bytes(r.number(r.value("record")))
	if r.err == nil {
		e.Record, r.err = ParseRecord(text)
	}
	e.Effect = r.opening("effect")
	e.Personal = r.opening("personal")
	return e
}

// base64 reads 32 bytes.
func (r *reader) base64(s string) (out [32]byte) {
	b, err := decode64(s, len(out))
	if err != nil {
		r.fail("%w", err)
	}
	copy(out[:], b)
	return out
}
