package list

import (
	"crypto/sha256"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/openceir/openceir/imei"
)

// Table holds the lines and answers from them. It is safe for any number of readers as long as
// nobody applies ops to it: an EIR clones, applies, and swaps one pointer.
//
// Lines of single devices stand in blocks, one for each TAC; a block that no op has touched is
// read where it lies in the mapped snapshot. All other lines (ranges, TACs, the mode) are wide.
type Table struct {
	base   *Snapshot
	blocks map[imei.TAC]*block // touched since the snapshot; never changed once here
	wide   []Line              // sorted by Line.Compare; never changed in place
}

type block struct {
	lines  []Line // of single devices of one TAC, sorted by Line.Compare
	digest [32]byte
}

// NewTable returns a table of the snapshot's lines, or an empty one for nil.
func NewTable(base *Snapshot) *Table {
	t := &Table{base: base, blocks: map[imei.TAC]*block{}}
	if base != nil {
		t.wide = base.wide
	}
	return t
}

// Clone returns a table that can take ops without disturbing readers of t.
func (t *Table) Clone() *Table {
	return &Table{t.base, maps.Clone(t.blocks), t.wide}
}

// device returns the lines of one device, sorted.
func (t *Table) device(m imei.IMEI) []Line {
	b, touched := t.blocks[m.TAC()]
	if !touched {
		return t.base.device(m)
	}
	return b.device(m)
}

func (b *block) device(m imei.IMEI) []Line {
	from, _ := slices.BinarySearchFunc(b.lines, m, func(l Line, m imei.IMEI) int { return int(int64(l.From) - int64(m)) })
	to := from
	for to < len(b.lines) && b.lines[to].From == m {
		to++
	}
	return b.lines[from:to]
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
	lines := t.wide
	if k.From == k.To {
		lines = t.device(k.From)
	}
	for i := range lines {
		if lines[i].Key() == k {
			return lines[i], true
		}
	}
	return Line{}, false
}

// Device returns every line that covers the device, widest last.
func (t *Table) Device(m imei.IMEI) []Line {
	out := slices.Clone(t.device(m))
	for i := range t.wide {
		if t.wide[i].Covers(m) {
			out = append(out, t.wide[i])
		}
	}
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

// Apply sets and drops lines.
func (t *Table) Apply(ops []Op) {
	touched := map[imei.TAC][]Op{}
	wide := t.wide
	for _, o := range ops {
		if o.Line.One() {
			touched[o.Line.From.TAC()] = append(touched[o.Line.From.TAC()], o)
		} else {
			wide = applyTo(slices.Clone(wide), []Op{o})
		}
	}
	t.wide = wide
	for tac, ops := range touched {
		lines := applyTo(slices.Clone(t.tac(tac)), ops)
		t.blocks[tac] = &block{lines, digestLines(lines)}
	}
}

// applyTo applies ops to sorted lines, in place where it can.
func applyTo(lines []Line, ops []Op) []Line {
	for _, o := range ops {
		i, found := slices.BinarySearchFunc(lines, &o.Line, func(l Line, m *Line) int { return l.Compare(m) })
		switch {
		case o.Drop && found:
			lines = slices.Delete(lines, i, i+1)
		case o.Drop:
		case found:
			lines[i] = o.Line
		default:
			lines = slices.Insert(lines, i, o.Line)
		}
	}
	return lines
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
		for i := range t.wide {
			if !yield(&t.wide[i]) {
				return
			}
		}
	}
}

// tacs returns the TACs that have lines of single devices, ascending.
func (t *Table) tacs() []imei.TAC {
	set := map[imei.TAC]bool{}
	for tac, b := range t.blocks {
		if len(b.lines) > 0 {
			set[tac] = true
		}
	}
	for tac := range t.base.tacs() {
		if _, touched := t.blocks[tac]; !touched {
			set[tac] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
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
	wide := digestLines(t.wide)
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
		return b.digest
	}
	return t.base.digest(tac)
}

func digestLines(lines []Line) [32]byte {
	h := sha256.New()
	for i := range lines {
		fmt.Fprintf(h, "%d %s\n", lines[i].Act, lines[i].String())
	}
	return [32]byte(h.Sum(nil))
}
