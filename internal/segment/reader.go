package segment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// Reader reads one segment, a block at a time. Input may be hostile: it holds at most BlockMax
// bytes and reads at most Max.
type Reader struct {
	r        io.Reader
	operator device.Operator
	buf      []byte
	block    []byte // what is left of the current block of rows
	base     device.Minute
	rows     int
	err      error
}

// NewReader reads the header of a segment.
func NewReader(r io.Reader) (*Reader, error) {
	s := &Reader{r: io.LimitReader(r, Max+1), buf: make([]byte, BlockMax)}
	var head [len(magic)]byte
	if _, err := io.ReadFull(s.r, head[:]); err != nil {
		return nil, torn(err)
	}
	if string(head[:]) != magic {
		return nil, fmt.Errorf("this is not an observation segment of version 1: it begins with %q, not %q", head[:], magic)
	}
	kind, payload, err := s.read()
	if err != nil {
		return nil, err
	}
	if kind != 'H' || len(payload) == 0 || len(payload) > operatorMax || !printable(string(payload)) {
		return nil, errors.New("the segment does not begin with its operator's name")
	}
	s.operator = device.Operator(payload)
	return s, nil
}

// Operator returns the operator that the segment says it is of.
func (s *Reader) Operator() device.Operator { return s.operator }

// Next reads the next row. It returns io.EOF after the last row of a whole segment, and ErrTorn
// after the last whole row of a torn one; all rows returned before an error are good.
func (s *Reader) Next(r *Row) error {
	for s.err == nil && len(s.block) == 0 {
		s.err = s.advance()
	}
	if s.err != nil {
		return s.err
	}
	if s.rows++; s.rows > RowsMax {
		s.err = fmt.Errorf("the segment has more than %d rows", RowsMax)
		return s.err
	}
	d := decoder{b: s.block}
	*r = d.row(s.base)
	if err := r.check(); d.bad || err != nil {
		if d.bad {
			err = errors.New("it is cut short")
		}
		s.err = fmt.Errorf("row %d of the segment is malformed: %w", s.rows, err)
		return s.err
	}
	s.block, s.base = d.b, r.From
	return nil
}

// advance goes to the next block of rows, or finds the end.
func (s *Reader) advance() error {
	kind, payload, err := s.read()
	if err != nil {
		return err
	}
	switch kind {
	case 'R':
		s.block, s.base = payload, 0
		return nil
	case 'E':
		d := decoder{b: payload}
		if n := d.uvarint(); d.bad || len(d.b) > 0 || n != uint64(s.rows) {
			return fmt.Errorf("the segment's end says %d rows, it has %d", n, s.rows)
		}
		if n, _ := io.ReadFull(s.r, s.buf[:1]); n > 0 {
			return errors.New("bytes follow the end of the segment")
		}
		return io.EOF
	}
	return fmt.Errorf("the segment has a block of kind %q", kind)
}

// read reads one block.
func (s *Reader) read() (kind byte, payload []byte, err error) {
	var head [8]byte
	if _, err := io.ReadFull(s.r, head[:]); err != nil {
		return 0, nil, torn(err)
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n == 0 || n > BlockMax {
		return 0, nil, fmt.Errorf("%w: a block says it has %d bytes", ErrTorn, n)
	}
	b := s.buf[:n]
	if _, err := io.ReadFull(s.r, b); err != nil {
		return 0, nil, torn(err)
	}
	if crc32.Checksum(b, castagnoli) != binary.LittleEndian.Uint32(head[4:]) {
		return 0, nil, fmt.Errorf("%w: the check of a block does not fit", ErrTorn)
	}
	return b[0], b[1:], nil
}

func torn(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrTorn
	}
	return err
}

// decoder takes values off the front of a block; bad says that there were not enough bytes or that
// a number was too large.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) row(base device.Minute) (r Row) {
	r.IMEI = d.imei()
	r.IMSI = subscriber.IMSI(d.uvarint())
	r.MSISDN = subscriber.MSISDN(d.uvarint())
	r.Radio = device.Radio(d.byte())
	r.Area = device.Area(d.small())
	r.From = device.Minute(d.signed() + int64(base))
	r.To = r.From + device.Minute(d.small())
	r.First = device.Day(d.signed() + int64(r.From)/1440)
	r.Last = r.First + device.Day(d.small())
	return r
}

func (d *decoder) imei() string {
	n := int(d.byte())
	if n >= 128 {
		if n -= 128; n > len(d.b) {
			d.bad = true
			return ""
		}
		text := string(d.b[:n])
		d.b = d.b[n:]
		return text
	}
	digits := strconv.FormatUint(d.uvarint(), 10)
	if n == 0 || n > 16 || len(digits) > n {
		d.bad = true
		return ""
	}
	return "0000000000000000"[:n-len(digits)] + digits
}

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.bad = true
		return 0
	}
	c := d.b[0]
	d.b = d.b[1:]
	return c
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.bad = true
		return 0
	}
	d.b = d.b[n:]
	return v
}

// small reads a uvarint that fits into 31 bits.
func (d *decoder) small() int64 {
	v := d.uvarint()
	if v > 1<<31-1 {
		d.bad = true
		return 0
	}
	return int64(v)
}

// signed reads a varint that fits into 32 bits.
func (d *decoder) signed() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 || v != int64(int32(v)) {
		d.bad = true
		return 0
	}
	d.b = d.b[n:]
	return v
}
