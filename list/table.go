package list

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/openceir/openceir/imei"
)

// Table holds the lines and answers from them. It is safe for any number of readers as long as
// nobody applies ops to it: an EIR clones, applies, and swaps one pointer.
//
// Lines of single devices stand in blocks, one for each TAC; a block that no op has touched is
// read where it lies in the mapped snapshot. All other lines (ranges, TACs, the mode) are wide.
//
// Tables share blocks. A block is changed in place only by the table that made it, and only until
// that table is cloned; any other copies it first.
type Table struct {
	base   *Snapshot
	blocks map[imei.TAC]*block   // touched since the snapshot
	wide   *block                // every wide line
	broad  *block                // those longer than a TAC once more: few, and looked at by every check
	mine   atomic.Pointer[owner] // whose blocks may be changed in place; nil for nobody's
}

// owner is a mark that is like no other: its address.
type owner struct{ _ byte }

// block is some lines, sorted by Line.Compare.
type block struct {
	lines  []Line
	owner  *owner
	digest atomic.Pointer[[32]byte] // nil until asked for
}

// NewTable returns a table of the snapshot's lines, or an empty one for nil.
func NewTable(base *Snapshot) *Table {
	t := &Table{base: base, blocks: map[imei.TAC]*block{}, wide: new(block), broad: new(block)}
	if base != nil {
		t.wide.lines = base.wide
		for i := range base.wide {
			if base.wide[i].broad() {
				t.broad.lines = append(t.broad.lines, base.wide[i])
			}
		}
	}
	return t
}

// Clone returns a table that can take ops without disturbing readers of t.
func (t *Table) Clone() *Table {
	t.mine.Store(nil)
	return &Table{base: t.base, blocks: maps.Clone(t.blocks), wide: t.wide, broad: t.broad}
}

// device returns the lines of one device, sorted; in buf if they have to be copied.
func (t *Table) device(m imei.IMEI, buf []Line) []Line {
	if b, touched := t.blocks[m.TAC()]; touched {
		return b.device(m)
	}
	return t.base.device(m, buf)
}

func (b *block) device(m imei.IMEI) []Line {
	from := b.from(m)
	to := from
	for to < len(b.lines) && b.lines[to].From == m {
		to++
	}
	return b.lines[from:to]
}

// from returns the place of the first line that does not begin before the device.
func (b *block) from(m imei.IMEI) int {
	i, _ := slices.BinarySearchFunc(b.lines, m, func(l Line, m imei.IMEI) int { return cmp.Compare(l.From, m) })
	return i
}

// serials is the number of devices of a TAC.
const serials = 1_000_000

// broad reports whether the line covers more than a TAC.
func (l *Line) broad() bool { return l.To-l.From >= serials }

// over appends the wide lines that cover the device to buf. Those no longer than a TAC begin less
// than a TAC before it.
func (t *Table) over(m imei.IMEI, buf []Line) []Line {
	lines := t.wide.lines
	for i := t.wide.from(max(m, serials) - serials); i < len(lines) && lines[i].From <= m; i++ {
		if l := &lines[i]; l.Covers(m) && !l.broad() {
			buf = append(buf, *l)
		}
	}
	for i := range t.broad.lines {
		if l := &t.broad.lines[i]; l.Covers(m) {
			buf = append(buf, *l)
		}
	}
	return buf
}

// tac returns all single-device lines of a TAC, sorted; the caller does not change them.
func (t *Table) tac(tac imei.TAC) []Line {
	if b, touched := t.blocks[tac]; touched {
		return b.lines
	}
	return t.base.tac(tac)
}

// Find returns the line with the key.
func (t *Table) Find(k Key) (Line, bool) {
	lines := t.wide.lines
	if k.From == k.To {
		lines = t.device(k.From, nil)
	}
	l := Line{Class: k.Class, From: k.From, To: k.To, Ground: k.Ground, Subscriber: k.Subscriber, Version: k.Version}
	if i, ok := find(lines, &l); ok {
		return lines[i], true
	}
	return Line{}, false
}

// Device returns every line that covers the device, widest last.
func (t *Table) Device(m imei.IMEI) []Line {
	out := t.over(m, slices.Clone(t.device(m, nil)))
	slices.SortStableFunc(out, func(a, b Line) int {
		return cmp.Or(cmp.Compare(a.To-a.From, b.To-b.From), a.Compare(&b))
	})
	return out
}

// Check says whether the ops can be applied: what is dropped must be there.
func (t *Table) Check(ops []Op) error {
	for i := range ops {
		if o := &ops[i]; o.Drop {
			l, ok := t.Find(o.Line.Key())
			if !ok || l.String() != o.Line.String() {
				return fmt.Errorf("there is no line %q to drop", o.Line.String())
			}
		}
	}
	return nil
}

// Apply sets and drops lines, each op after those before it.
func (t *Table) Apply(ops []Op) {
	me := t.mine.Load()
	if me == nil {
		me = new(owner)
		t.mine.Store(me)
	}
	var single []*Op
	for i := range ops {
		if o := &ops[i]; o.Line.One() {
			single = append(single, o)
		} else {
			t.wide = t.wide.writable(me).apply(o)
			if o.Line.broad() {
				t.broad = t.broad.writable(me).apply(o)
			}
		}
	}
	if len(single) > 1 {
		slices.SortStableFunc(single, func(a, b *Op) int { return a.Line.Compare(&b.Line) })
	}
	for len(single) > 0 {
		tac, n := single[0].Line.From.TAC(), 1
		for n < len(single) && single[n].Line.From.TAC() == tac {
			n++
		}
		b, touched := t.blocks[tac]
		if !touched {
			b = &block{lines: t.base.tac(tac), owner: me}
		}
		t.blocks[tac] = b.writable(me).apply(single[:n]...)
		single = single[n:]
	}
}

// writable returns the block itself if it is the table's own, else a copy that is.
func (b *block) writable(me *owner) *block {
	if b.owner == me {
		return b
	}
	return &block{lines: slices.Clone(b.lines), owner: me}
}

// fewOps is up to how many ops a block takes one by one: each of them moves the lines behind it.
const fewOps = 8

// apply applies ops that are sorted by their lines, those of one line in their order.
func (b *block) apply(ops ...*Op) *block {
	if len(ops) > fewOps {
		b.lines = merge(b.lines, ops)
	} else {
		for _, o := range ops {
			b.lines = applyTo(b.lines, o)
		}
	}
	b.digest.Store(nil)
	return b
}

// merge returns sorted lines after sorted ops, of which the last on a line decides.
func merge(lines []Line, ops []*Op) []Line {
	out := make([]Line, 0, len(lines)+len(ops))
	for i, o := range ops {
		if i+1 < len(ops) && ops[i+1].Line.Compare(&o.Line) == 0 {
			continue
		}
		n, found := find(lines, &o.Line)
		out = append(out, lines[:n]...)
		if lines = lines[n:]; found {
			lines = lines[1:]
		}
		if !o.Drop {
			out = append(out, o.Line)
		}
	}
	return append(out, lines...)
}

func find(lines []Line, l *Line) (int, bool) {
	return slices.BinarySearchFunc(lines, l, func(a Line, b *Line) int { return a.Compare(b) })
}

// applyTo applies an op to sorted lines, in place where it can.
func applyTo(lines []Line, o *Op) []Line {
	i, found := find(lines, &o.Line)
	switch {
	case o.Drop && found:
		return slices.Delete(lines, i, i+1)
	case o.Drop:
		return lines
	case found:
		lines[i] = o.Line
		return lines
	}
	return slices.Insert(lines, i, o.Line)
}

// Lines returns every line: TAC by TAC those of single devices, then the wide ones.
func (t *Table) Lines() iter.Seq[*Line] {
	return func(yield func(*Line) bool) {
		for _, tac := range t.tacs() {
			for _, l := range t.tac(tac) {
				if !yield(&l) {
					return
				}
			}
		}
		for _, l := range t.wide.lines {
			if !yield(&l) {
				return
			}
		}
	}
}

// tacs returns the TACs that have lines of single devices, ascending.
func (t *Table) tacs() []imei.TAC {
	var out []imei.TAC
	for tac, b := range t.blocks {
		if len(b.lines) > 0 {
			out = append(out, tac)
		}
	}
	for tac := range t.base.tacs() {
		if _, touched := t.blocks[tac]; !touched {
			out = append(out, tac)
		}
	}
	slices.Sort(out)
	return out
}

// Count returns the number of lines by status.
func (t *Table) Count() map[Status]int {
	n := map[Status]int{}
	for l := range t.Lines() {
		n[l.Status]++
	}
	return n
}

// Digest names the table's content: SHA-256 over "openceir table 1\n", the digest of the wide
// lines, then for each TAC its eight digits and the digest of its block. A block's digest is
// SHA-256 over its lines in order, each as "ACT LINE\n". Equal tables have equal digests, and
// unequal digests of a TAC say where two tables differ.
func (t *Table) Digest() [32]byte {
	h := sha256.New()
	h.Write([]byte("openceir table 1\n"))
	wide := t.wide.sum()
	h.Write(wide[:])
	for _, tac := range t.tacs() {
		d := t.tacDigest(tac)
		h.Write([]byte(tac.String()))
		h.Write(d[:])
	}
	return [32]byte(h.Sum(nil))
}

func (t *Table) tacDigest(tac imei.TAC) [32]byte {
	if b, touched := t.blocks[tac]; touched {
		return b.sum()
	}
	return t.base.digest(tac)
}

// sum returns the block's digest. Readers who ask at once compute the same.
func (b *block) sum() [32]byte {
	if d := b.digest.Load(); d != nil {
		return *d
	}
	d := digestLines(b.lines)
	b.digest.Store(&d)
	return d
}

func digestLines(lines []Line) [32]byte {
	h := sha256.New()
	var text []byte
	for i := range lines {
		text = append(strconv.AppendUint(text[:0], lines[i].Act, 10), ' ')
		text = append(lines[i].append(text), '\n')
		h.Write(text)
	}
	return [32]byte(h.Sum(nil))
}
