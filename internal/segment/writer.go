package segment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/openceir/openceir/internal/device"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Writer writes one segment. It collects rows into blocks; Flush writes out what is collected, and
// after the caller has synced the file those rows survive a crash. Close writes the end.
type Writer struct {
	w     io.Writer
	block []byte // eight bytes for length and check, then the payload being collected
	base  device.Minute
	rows  int
	bytes int
	err   error // the first error of the writer below; nothing is written after it
}

// NewWriter begins a segment of an operator.
func NewWriter(w io.Writer, op device.Operator) (*Writer, error) {
	if op == "" || len(op) > operatorMax || !printable(string(op)) {
		return nil, fmt.Errorf("beginning a segment: %q is not an operator's name", op)
	}
	s := &Writer{w: w}
	s.write([]byte(magic))
	s.reset('H')
	s.block = append(s.block, op...)
	s.emit()
	return s, s.err
}

// Write adds a row. A row that a segment cannot hold, and one that no longer fits (Full), is
// refused without harm to the others.
func (s *Writer) Write(r Row) error {
	if s.err != nil {
		return s.err
	}
	if err := r.check(); err != nil {
		return fmt.Errorf("writing a row to a segment: %w", err)
	}
	if s.Full() {
		return errors.New("writing a row to a segment: it is full; close it and begin another")
	}
	if len(s.block)-8+rowMax > BlockMax {
		s.emit()
	}
	b := appendIMEI(s.block, r.IMEI)
	b = binary.AppendUvarint(b, uint64(r.IMSI))
	b = binary.AppendUvarint(b, uint64(r.MSISDN))
	b = append(b, byte(r.Radio))
	b = binary.AppendUvarint(b, uint64(r.Area))
	b = binary.AppendVarint(b, int64(r.From)-int64(s.base))
	b = binary.AppendUvarint(b, uint64(r.To-r.From))
	b = binary.AppendVarint(b, int64(r.First)-int64(r.From)/1440)
	b = binary.AppendUvarint(b, uint64(r.Last-r.First))
	s.block, s.base = b, r.From
	s.rows++
	return s.err
}

// Full reports whether the segment takes no more rows.
func (s *Writer) Full() bool {
	return s.rows == RowsMax || s.bytes+len(s.block)+rowMax+2*64 > Max
}

// Rows returns the rows written so far.
func (s *Writer) Rows() int { return s.rows }

// Flush writes out the rows collected so far.
func (s *Writer) Flush() error {
	if len(s.block) > 9 {
		s.emit()
	}
	return s.err
}

// Close writes the rest and the end. It does not close the writer below.
func (s *Writer) Close() error {
	if s.Flush() != nil {
		return s.err
	}
	s.reset('E')
	s.block = binary.AppendUvarint(s.block, uint64(s.rows))
	s.emit()
	err := s.err
	if err == nil {
		s.err = errors.New("the segment is closed")
	}
	return err
}

func (s *Writer) reset(kind byte) {
	s.block, s.base = append(s.block[:0], 0, 0, 0, 0, 0, 0, 0, 0, kind), 0
}

// emit writes the block that is collected and begins one of rows.
func (s *Writer) emit() {
	payload := s.block[8:]
	binary.LittleEndian.PutUint32(s.block, uint32(len(payload)))
	binary.LittleEndian.PutUint32(s.block[4:], crc32.Checksum(payload, castagnoli))
	s.write(s.block)
	s.reset('R')
}

func (s *Writer) write(b []byte) {
	if s.err == nil {
		_, s.err = s.w.Write(b)
		s.bytes += len(b)
	}
}

func appendIMEI(b []byte, text string) []byte {
	if len(text) < 1 || len(text) > 16 {
		return append(append(b, byte(128+len(text))), text...)
	}
	var n uint64
	for i := range len(text) {
		c := text[i] - '0'
		if c > 9 {
			return append(append(b, byte(128+len(text))), text...)
		}
		n = n*10 + uint64(c)
	}
	return binary.AppendUvarint(append(b, byte(len(text))), n)
}
