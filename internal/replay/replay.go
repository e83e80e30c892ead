// Package replay reads and writes files of timed attaches: what an EIR was asked, when, by which
// serving node and from which coarse area, so that it can be asked the same again.
//
// A file is text, or the same text compressed by gzip. Its first line is Header; every other line
// is one attach with seven fields separated by commas, never quoted, ended by one line feed:
//
//	time    instant in microseconds since 1970-01-01 UTC; never earlier than the line before
//	imei    as the network sent it: 14 to 16 digits, or a malformed text of at most 32 printable
//	        characters without comma or quote; may be empty
//	imsi    14 or 15 digits, or empty
//	msisdn  5 to 15 digits, or empty
//	rat     2G, 3G, 4G, 5G, or empty where the node did not say
//	node    name of the serving node, at most 64 of a-z, 0-9, dot and hyphen; may be empty
//	area    the number of a device.Area, or empty where not known
//
// Numbers have no leading zeros and no sign, except the zeros that belong to an IMSI. So every
// attach has exactly one line, and reading a file and writing it again gives the same bytes.
// Reading is strict: the first line that is not of this form ends the file with an error that
// names the line. A line is at most LineMax bytes, so a hostile file costs bounded memory.
package replay

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
)

// Header is the first line of a file, without its line feed.
const Header = "time,imei,imsi,msisdn,rat,node,area"

// radios are the texts of the classes, in their order.
var radios = [device.RadioCount]string{"", "2G", "3G", "4G", "5G"}

// Writer writes attaches in the order given. Flush it when done.
type Writer struct {
	out  *bufio.Writer
	line []byte
	last int64
	any  bool
}

// NewWriter returns a writer of uncompressed text.
func NewWriter(w io.Writer) *Writer {
	return &Writer{out: bufio.NewWriterSize(w, 64<<10), line: make([]byte, 0, LineMax)}
}

// Write adds one attach. It refuses one that a Reader would refuse, such as one earlier than the
// one before.
func (w *Writer) Write(a *device.Attach) error {
	if err := w.header(); err != nil {
		return err
	}
	if err := check(a, w.last); err != nil {
		return problem.New(problem.Invalid, "writing attach: %w", err)
	}
	w.last = a.Time
	w.line = appendAttach(w.line[:0], a)
	_, err := w.out.Write(w.line)
	return err
}

// Flush writes what is buffered; a file without attaches still gets its header.
func (w *Writer) Flush() error {
	if err := w.header(); err != nil {
		return err
	}
	return w.out.Flush()
}

func (w *Writer) header() error {
	if w.any {
		return nil
	}
	w.any = true
	_, err := w.out.WriteString(Header + "\n")
	return err
}

// Reader reads attaches one by one.
type Reader struct {
	in    *bufio.Reader
	line  int
	last  int64
	nodes map[string]string
	err   error
}

// NewReader returns a reader of a file, compressed by gzip or not.
func NewReader(r io.Reader) (*Reader, error) {
	in := bufio.NewReaderSize(r, bufferBytes)
	if magic, _ := in.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, problem.New(problem.Invalid, "reading attaches: the file begins like gzip but is damaged: %w", err)
		}
		in = bufio.NewReaderSize(z, bufferBytes)
	}
	rd := &Reader{in: in, nodes: map[string]string{}}
	line, err := rd.next()
	if err == nil && string(line) != Header {
		err = rd.fault(errHeader)
	}
	if err == io.EOF {
		err = problem.New(problem.Invalid, "reading attaches: the file is empty; its first line must be %q", Header)
	}
	if err != nil {
		return nil, err
	}
	return rd, nil
}

// Read fills a with the next attach. It returns io.EOF after the last; any error is final.
func (r *Reader) Read(a *device.Attach) error {
	if r.err != nil {
		return r.err
	}
	line, err := r.next()
	if err == nil {
		if err = r.parse(line, a); err != nil {
			err = r.fault(err)
		}
	}
	r.err = err
	return err
}

// Attaches yields the attaches of a file, compressed or not, until its end or its first error.
func Attaches(r io.Reader) iter.Seq2[device.Attach, error] {
	return func(yield func(device.Attach, error) bool) {
		rd, err := NewReader(r)
		if err != nil {
			yield(device.Attach{}, err)
			return
		}
		for {
			var a device.Attach
			switch err := rd.Read(&a); {
			case err == io.EOF:
				return
			case err != nil:
				yield(device.Attach{}, err)
				return
			}
			if !yield(a, nil) {
				return
			}
		}
	}
}

// File yields the attaches of a named file and closes it.
func File(name string) iter.Seq2[device.Attach, error] {
	return func(yield func(device.Attach, error) bool) {
		f, err := os.Open(name)
		if err != nil {
			yield(device.Attach{}, fmt.Errorf("opening attaches: %w", err))
			return
		}
		defer f.Close()
		Attaches(f)(yield)
	}
}

// next returns the next line without its line feed; it is valid until the following call.
func (r *Reader) next() ([]byte, error) {
	r.line++
	line, err := r.in.ReadSlice('\n')
	switch {
	case len(line) > LineMax || errors.Is(err, bufio.ErrBufferFull):
		return nil, r.fault(errLong)
	case err == io.EOF && len(line) == 0:
		return nil, io.EOF
	case err == io.EOF:
		return nil, r.fault(errCut)
	case err != nil:
		return nil, r.fault(err)
	}
	return line[:len(line)-1], nil
}

func (r *Reader) fault(err error) error {
	return problem.New(problem.Invalid, "reading attaches, line %d: %w", r.line, err)
}
