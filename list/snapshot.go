package list

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
	"sort"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/receipt"
	"github.com/openceir/openceir/subscriber"
)

// A snapshot file is the whole table as an EIR maps it, little-endian:
//
//	0    "OCEIRSN1"
//	8    seven sections, each as offset and length in bytes (two 64-bit numbers), in this order:
//	     shapes    text: what lines have in common, one a line, see shape
//	     tacs      44 bytes each, ascending: TAC, its first device entry, its first pair entry
//	               (32-bit each), digest of its block (32 bytes); the last is a stop, TAC 4294967295
//	     devices    8 bytes each, by IMEI: serial number in the low 20 bits and shape in the high 12
//	               of a 32-bit number; number of its act (32-bit)
//	     pairs     24 bytes each, by IMEI and subscriber: as a device entry, then the subscriber
//	               (64-bit), the grounds overridden (32-bit, bit g for ground g) and 32 bits of zero
//	     wide      24 bytes each, in the order of Line.Compare: first and last IMEI (64-bit), shape,
//	               number of its act (32-bit)
//	     acts      8 bytes each, ascending: the ledger index of the act with this number
//	     evidence  a receipt.Bundle with every act above and what gave them authority
//
// Sections follow each other at multiples of 8, filled up with zeros. A line costs 8 bytes, a pair
// 24. Overrides are no part of a shape, so that no list has more shapes than 12 bits can number.
const snapshotMagic = "OCEIRSN1"

const (
	secShapes = iota
	secTACs
	secDevices
	secPairs
	secWide
	secActs
	secEvidence
	sections

	headerLen = 8 + sections*16
	tacLen    = 44
	deviceLen = 8
	pairLen   = 24
	wideLen   = 24
	maxTAC    = 99_999_999
	stop      = ^uint32(0)
)

// Snapshot is a snapshot file, read in place. A table reads a nil Snapshot as an empty one.
type Snapshot struct {
	sec    [sections][]byte
	shapes []Line // subject and act are empty
	wide   []Line
}

// Evidence returns the bundle that proves the snapshot's lines.
func (s *Snapshot) Evidence() (*receipt.Bundle, error) {
	return receipt.ParseBundle(s.sec[secEvidence])
}

// OpenSnapshot reads the structure of a snapshot file, which it keeps: do not change its bytes. It
// checks no more than that reading stays inside the file: verify the manifest's chunks first, the
// acts and the form after (Replica does).
func OpenSnapshot(file []byte) (*Snapshot, error) {
	s := new(Snapshot)
	if len(file) < headerLen || string(file[:8]) != snapshotMagic {
		return nil, fmt.Errorf("opening snapshot: it does not begin with %s and its sections", snapshotMagic)
	}
	for i := range s.sec {
		off, n := le64(file[8+16*i:]), le64(file[16+16*i:])
		if off > uint64(len(file)) || n > uint64(len(file))-off {
			return nil, fmt.Errorf("opening snapshot: section %d lies outside the file", i)
		}
		s.sec[i] = file[off : off+n]
	}
	if err := s.readShapes(); err != nil {
		return nil, fmt.Errorf("opening snapshot: %w", err)
	}
	if err := s.checkTACs(); err != nil {
		return nil, fmt.Errorf("opening snapshot: %w", err)
	}
	if err := s.readWide(); err != nil {
		return nil, fmt.Errorf("opening snapshot: %w", err)
	}
	return s, nil
}

func (s *Snapshot) readWide() error {
	s.wide = make([]Line, len(s.sec[secWide])/wideLen)
	for i := range s.wide {
		e := s.sec[secWide][wideLen*i:]
		l := s.line(imei.IMEI(le64(e)), imei.IMEI(le64(e[8:])), le32(e[16:]), le32(e[20:]))
		if err := l.check(); err != nil || l.One() || l.Class == 0 {
			return fmt.Errorf("the wide entry %d is not the line of a range (%v)", i, err)
		}
		if s.wide[i] = l; i > 0 && s.wide[i-1].Compare(&l) >= 0 {
			return fmt.Errorf("the wide lines are out of order at entry %d", i)
		}
	}
	return nil
}

// readShapes reads the shapes: each is the text of a line for device 0, without what a pair entry
// adds, or for a wide line for the range of devices 0 and 1.
func (s *Snapshot) readShapes() error {
	for text := range strings.Lines(string(s.sec[secShapes])) {
		l, err := parseLine(strings.TrimSuffix(text, "\n"))
		if err == nil && l.String()+"\n" != text {
			err = fmt.Errorf("the shape %q is not written as shapes are", text)
		}
		if s.shapes = append(s.shapes, l); err == nil && len(s.shapes) > maxShapes {
			err = fmt.Errorf("it has more than %d shapes", maxShapes)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Snapshot) checkTACs() error {
	t := s.sec[secTACs]
	devices, pairs := uint64(len(s.sec[secDevices])), uint64(len(s.sec[secPairs]))
	if len(t) < tacLen || len(t)%tacLen != 0 || le32(t[len(t)-tacLen:]) != stop {
		return fmt.Errorf("the TAC section has no stop")
	}
	if last := t[len(t)-tacLen:]; uint64(le32(last[4:]))*deviceLen != devices || uint64(le32(last[8:]))*pairLen != pairs {
		return fmt.Errorf("the TAC section does not end where the entries end")
	}
	for i := tacLen; i < len(t); i += tacLen {
		a, b := t[i-tacLen:], t[i:]
		if le32(a) > maxTAC || le32(a) >= le32(b) || le32(a[4:]) > le32(b[4:]) || le32(a[8:]) > le32(b[8:]) {
			return fmt.Errorf("the TAC section is out of order at entry %d", i/tacLen)
		}
	}
	return nil
}

func le32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }
func le64(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

// line makes a line of its parts; one with a shape or an act that the file does not have comes
// out without class or act and so proves nothing.
func (s *Snapshot) line(from, to imei.IMEI, shape, act uint32) Line {
	var l Line
	if uint64(shape) < uint64(len(s.shapes)) {
		l = s.shapes[shape]
	}
	l.From, l.To = from, to
	if acts := s.sec[secActs]; uint64(act) < uint64(len(acts))/8 {
		l.Act = le64(acts[8*int(act):])
	}
	return l
}

// span returns the entries of a TAC: [d0, d1) of the devices, [p0, p1) of the pairs.
func (s *Snapshot) span(tac imei.TAC) (row []byte, d0, d1, p0, p1 int) {
	if s == nil {
		return nil, 0, 0, 0, 0
	}
	t := s.sec[secTACs]
	i := sort.Search(len(t)/tacLen, func(i int) bool { return le32(t[i*tacLen:]) >= uint32(tac) })
	a := t[i*tacLen:]
	if le32(a) != uint32(tac) || le32(a) == stop {
		return nil, 0, 0, 0, 0
	}
	b := a[tacLen:]
	return a, int(le32(a[4:])), int(le32(b[4:])), int(le32(a[8:])), int(le32(b[8:]))
}

const serialMask = 1<<20 - 1

// entries appends the lines of a TAC with serials in [from, to].
func (s *Snapshot) entries(out []Line, tac imei.TAC, from, to uint32) []Line {
	_, d0, d1, p0, p1 := s.span(tac)
	n := len(out)
	if d0 < d1 {
		for e := within(s.sec[secDevices][d0*deviceLen:d1*deviceLen], deviceLen, from, to); len(e) > 0; e = e[deviceLen:] {
			m := imei.New(tac, le32(e)&serialMask)
			out = append(out, s.line(m, m, le32(e)>>20, le32(e[4:])))
		}
	}
	if p0 < p1 {
		for e := within(s.sec[secPairs][p0*pairLen:p1*pairLen], pairLen, from, to); len(e) > 0; e = e[pairLen:] {
			m := imei.New(tac, le32(e)&serialMask)
			l := s.line(m, m, le32(e)>>20, le32(e[4:]))
			l.Subscriber, l.Overrides = subscriber.ID(le64(e[8:])), Grounds(le32(e[16:]))
			out = append(out, l)
		}
	}
	slices.SortFunc(out[n:], func(a, b Line) int { return a.Compare(&b) })
	return out
}

// within returns the part of the entries, so many bytes each, with serials in [from, to]. Entries
// out of order are not found; none that a serial number can not have is returned.
func within(b []byte, size int, from, to uint32) []byte {
	serial := func(i int) uint32 { return le32(b[size*i:]) & serialMask }
	i := sort.Search(len(b)/size, func(i int) bool { return serial(i) >= from })
	j := i
	for j < len(b)/size && serial(j) <= min(to, serials-1) {
		j++
	}
	return b[size*i : size*j]
}

func (s *Snapshot) device(m imei.IMEI, buf []Line) []Line {
	return s.entries(buf, m.TAC(), m.Serial(), m.Serial())
}

func (s *Snapshot) tac(tac imei.TAC) []Line { return s.entries(nil, tac, 0, serialMask) }

func (s *Snapshot) digest(tac imei.TAC) (d [32]byte) {
	if row, _, _, _, _ := s.span(tac); row != nil {
		copy(d[:], row[12:])
	}
	return d
}

func (s *Snapshot) tacs() iter.Seq[imei.TAC] {
	return func(yield func(imei.TAC) bool) {
		if s == nil {
			return
		}
		for t := s.sec[secTACs]; le32(t) != stop; t = t[tacLen:] {
			if !yield(imei.TAC(le32(t))) {
				return
			}
		}
	}
}

// Snapshot writes the table as a snapshot file with the evidence for its lines.
func (t *Table) Snapshot(evidence *receipt.Bundle) ([]byte, error) {
	w := snapshotWriter{shapes: map[Line]uint32{}, acts: map[uint64]uint32{}}
	for l := range t.Lines() {
		w.acts[l.Act] = 0
	}
	for i, a := range sortedKeys(w.acts) {
		w.acts[a] = uint32(i)
		w.sec[secActs] = binary.LittleEndian.AppendUint64(w.sec[secActs], a)
	}
	for _, tac := range t.tacs() {
		w.tac(tac, t.tac(tac), t.tacDigest(tac))
	}
	w.tac(imei.TAC(stop), nil, [32]byte{})
	for i := range t.wide.lines {
		l := &t.wide.lines[i]
		b := binary.LittleEndian.AppendUint64(w.sec[secWide], uint64(l.From))
		b = binary.LittleEndian.AppendUint64(b, uint64(l.To))
		b = binary.LittleEndian.AppendUint32(b, w.shape(l))
		w.sec[secWide] = binary.LittleEndian.AppendUint32(b, w.acts[l.Act])
	}
	w.sec[secEvidence] = evidence.Bytes()
	return w.file()
}

type snapshotWriter struct {
	sec    [sections][]byte
	shapes map[Line]uint32
	acts   map[uint64]uint32
}

func sortedKeys(m map[uint64]uint32) []uint64 {
	keys := make([]uint64, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (w *snapshotWriter) tac(tac imei.TAC, lines []Line, digest [32]byte) {
	row := binary.LittleEndian.AppendUint32(w.sec[secTACs], uint32(tac))
	row = binary.LittleEndian.AppendUint32(row, uint32(len(w.sec[secDevices])/deviceLen))
	row = binary.LittleEndian.AppendUint32(row, uint32(len(w.sec[secPairs])/pairLen))
	w.sec[secTACs] = append(row, digest[:]...)
	for i := range lines {
		l := &lines[i]
		sec := secDevices
		if l.Class == Pair {
			sec = secPairs
		}
		b := binary.LittleEndian.AppendUint32(w.sec[sec], l.From.Serial()|w.shape(l)<<20)
		b = binary.LittleEndian.AppendUint32(b, w.acts[l.Act])
		if l.Class == Pair {
			b = binary.LittleEndian.AppendUint64(b, uint64(l.Subscriber))
			b = binary.LittleEndian.AppendUint64(b, uint64(l.Overrides))
		}
		w.sec[sec] = b
	}
}

// shape returns the number of the line's shape, adding it if it is new.
func (w *snapshotWriter) shape(l *Line) uint32 {
	s := *l
	s.From, s.To, s.Subscriber, s.Overrides, s.Act = 0, 0, 0, 0, 0
	if !l.One() {
		s.To = 1
	}
	n, ok := w.shapes[s]
	if !ok {
		n = uint32(len(w.shapes))
		w.shapes[s] = n
		w.sec[secShapes] = append(append(w.sec[secShapes], s.String()...), '\n')
	}
	return n
}

func (w *snapshotWriter) file() ([]byte, error) {
	if len(w.shapes) > maxShapes {
		return nil, fmt.Errorf("writing snapshot: %d shapes of lines, the format holds %d", len(w.shapes), maxShapes)
	}
	var out bytes.Buffer
	out.WriteString(snapshotMagic)
	at := uint64(headerLen)
	for _, s := range w.sec {
		out.Write(binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, at), uint64(len(s))))
		at += (uint64(len(s)) + 7) &^ 7
	}
	for _, s := range w.sec {
		out.Write(s)
		out.Write(make([]byte, -len(s)&7))
	}
	return out.Bytes(), nil
}
