package observe

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/subscriber"
)

// Pseudonymise writes a file of any layout that has a column imsi or msisdn, under the name it has, into
// the directory out, with keyed pseudonyms in place of the numbers in these columns, and returns its path
// and rows. A file that is zipped comes out zipped.
//
// Nothing that a person could read a number from passes: a field that is not 1 to 15 digits becomes "?",
// and a line with more or fewer fields than the header as well, so that a register refuses and counts
// it as it would have done. All else stays as it was. An error leaves nothing behind.
func Pseudonymise(ctx context.Context, path, out string, key *subscriber.Key) (to string, rows int64, err error) {
	src, err := openSource(ctx, path, nil)
	if err != nil {
		return "", 0, err
	}
	defer src.close()
	to = filepath.Join(out, src.name)
	if _, err := os.Lstat(to); err == nil {
		return "", 0, problem.New(problem.Conflict, "%s is there already: remove it, or name another directory", to)
	}
	f, err := os.CreateTemp(out, ".pseudonymise-*")
	if err != nil {
		return "", 0, problem.New(problem.Invalid, "beginning %s: %w", to, err)
	}
	defer os.Remove(f.Name()) // after the rename there is nothing to remove
	defer f.Close()
	w := io.Writer(f)
	var z *zip.Writer
	if strings.EqualFold(filepath.Ext(src.name), ".zip") {
		z = zip.NewWriter(f)
		z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
		if w, err = z.Create(src.base + ".csv"); err != nil {
			return "", 0, err
		}
	}
	c := &coverer{w: bufio.NewWriterSize(w, 1<<16), key: key}
	if err := c.run(ctx, newLines(src.name, src.text)); err != nil {
		return "", 0, err
	}
	if z != nil {
		err = z.Close()
	}
	if err := errors.Join(err, src.unchanged(), f.Chmod(0o600), f.Sync(), f.Close()); err != nil {
		return "", 0, err
	}
	return to, c.rows, os.Rename(f.Name(), to)
}

// coverer writes lines anew with pseudonyms.
type coverer struct {
	w            *bufio.Writer
	key          *subscriber.Key
	columns      int
	imsi, msisdn int // the columns of the numbers, -1 if there is none
	rows         int64
	split        splitter
	line         []byte
}

func (c *coverer) run(ctx context.Context, text *lines) error {
	head, err := text.next()
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := c.header(text.name, head); err != nil {
		return err
	}
	for {
		line, err := text.next()
		if errors.Is(err, io.EOF) {
			return c.w.Flush()
		}
		if err != nil {
			return err
		}
		if len(line) == 0 {
			continue
		}
		if c.rows++; c.rows%(1<<16) == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if _, err := c.w.Write(c.cover(line)); err != nil {
			return err
		}
	}
}

func (c *coverer) header(name string, head []byte) error {
	if bytes.IndexByte(head, '\r') >= 0 {
		return wrongHeader(name, head, "the names of the columns")
	}
	c.imsi, c.msisdn, c.split = -1, -1, splitter{comma: ','}
	for i, field := range strings.Split(string(head), ",") {
		switch c.columns++; {
		case field == "imsi" && c.imsi < 0:
			c.imsi = i
		case field == "msisdn" && c.msisdn < 0:
			c.msisdn = i
		case strings.Contains(strings.ToLower(field), "imsi"), strings.Contains(strings.ToLower(field), "msisdn"):
			return problem.New(problem.Invalid, "%s: the column %.40q of the header may hold numbers, and only one column imsi and one column msisdn are known: correct the header", name, field)
		}
	}
	if c.imsi < 0 && c.msisdn < 0 {
		return problem.New(problem.Invalid, "%s: the first line is %.120q, which has neither a column imsi nor a column msisdn: there is nothing to replace", name, head)
	}
	_, err := c.w.Write(append(bytes.Clone(head), '\n'))
	return err
}

// cover returns a line with pseudonyms, valid until the next call.
func (c *coverer) cover(line []byte) []byte {
	fields, err := c.split.split(line)
	b := c.line[:0]
	if err != nil || len(fields) != c.columns {
		return append(b, "?\n"...)
	}
	for i, field := range fields {
		switch {
		case i == c.imsi:
			b = covered(b, field, c.key.AppendIMSI)
		case i == c.msisdn:
			b = covered(b, field, c.key.AppendMSISDN)
		case bytes.ContainsAny(field, "\",\r"):
			b = append(append(append(b, '"'), bytes.ReplaceAll(field, []byte(`"`), []byte(`""`))...), '"')
		default:
			b = append(b, field...)
		}
		b = append(b, ',')
	}
	b[len(b)-1] = '\n'
	c.line = b
	return b
}

// covered appends the pseudonym of a field.
func covered(b, field []byte, pseudonym func(b, digits []byte) []byte) []byte {
	switch {
	case len(field) == 0:
		return b
	case len(field) > 15 || !allDigits(field):
		return append(b, '?')
	}
	return pseudonym(b, field)
}
