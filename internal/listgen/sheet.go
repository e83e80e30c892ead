package listgen

import (
	"bufio"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

// sheet is one CSV file while it is written. Lines end with CR LF (RFC 4180 §2).
type sheet struct {
	device.ListFile
	path string
	file *os.File
	out  *bufio.Writer
	sum  hash.Hash
	line []byte
}

// newSheet begins a file with its header.
func newSheet(path string, about device.ListFile, header string) (*sheet, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, fmt.Errorf("beginning a list: %w", err)
	}
	s := &sheet{ListFile: about, path: path, file: f, out: bufio.NewWriterSize(f, sheetBuffer), sum: md5.New()}
	s.line = append(s.line, header...)
	if err := s.end(); err != nil {
		f.Close()
		return nil, err
	}
	s.Rows = 0
	return s, nil
}

// end ends the line, and counts it.
func (s *sheet) end() error {
	s.line = append(s.line, '\r', '\n')
	s.sum.Write(s.line)
	s.Rows++
	s.Bytes += int64(len(s.line))
	_, err := s.out.Write(s.line)
	s.line = s.line[:0]
	if err != nil {
		return fmt.Errorf("writing a list: %w", err)
	}
	return nil
}

// close writes what is left, and fills in the digest.
func (s *sheet) close() error {
	s.MD5 = hex.EncodeToString(s.sum.Sum(nil))
	err := s.out.Flush()
	if closeErr := s.file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("writing a list: %w", err)
	}
	return nil
}

// columns write the rows of one run.
type columns struct {
	check   bool // append check digits
	amnesty bool // the notifications say whether an amnesty was granted
}

// header returns the names of a list's columns.
func (c *columns) header(list string) string {
	switch {
	case list == Blacklist:
		return "imei,block_date,reasons"
	case list == Exceptions:
		return "imei,imsi,msisdn"
	case c.amnesty:
		return "imei,imsi,msisdn,block_date,reasons,amnesty_granted"
	}
	return "imei,imsi,msisdn,block_date,reasons"
}

func (c *columns) refusal(b []byte, r *device.Refusal) []byte {
	b = c.equipment(b, r.IMEI, r.Text)
	b = append(b, ',')
	b = appendDay(b, r.Block)
	b = append(b, ',')
	return appendField(b, r.Reasons)
}

func (c *columns) notice(b []byte, n *device.Notice) []byte {
	b = c.equipment(b, n.IMEI, n.Text)
	b = append(b, ',')
	b = appendIMSI(b, n.IMSI)
	b = append(b, ',')
	b = append(b, n.MSISDN.String()...)
	b = append(b, ',')
	b = appendDay(b, n.Block)
	b = append(b, ',')
	b = appendField(b, n.Reasons)
	switch {
	case c.amnesty && n.Amnesty:
		b = append(b, ",True"...)
	case c.amnesty:
		b = append(b, ",False"...)
	}
	return b
}

func (c *columns) exception(b []byte, e *device.Exception) []byte {
	b = c.equipment(b, e.IMEI, "")
	b = append(b, ',')
	b = appendIMSI(b, e.IMSI)
	b = append(b, ',')
	return append(b, e.MSISDN.String()...)
}

// equipment appends 14 digits, 15 with the check digit, or the text of a malformed identifier.
func (c *columns) equipment(b []byte, m imei.IMEI, text string) []byte {
	if text != "" {
		return appendField(b, text)
	}
	b = m.Append(b)
	if c.check {
		b = append(b, byte('0'+m.CheckDigit()))
	}
	return b
}

func appendDay(b []byte, d device.Day) []byte {
	return d.Time().AppendFormat(b, "20060102")
}

// appendField quotes a text if it must be.
func appendField(b []byte, s string) []byte {
	if !strings.ContainsAny(s, ",\"\r\n") {
		return append(b, s...)
	}
	b = append(b, '"')
	b = append(b, strings.ReplaceAll(s, `"`, `""`)...)
	return append(b, '"')
}

// book is the files of one run while they are written: it takes rows and knows where they go.
type book struct {
	dir     string
	full    bool
	columns columns
	sheets  map[sheetKey]*sheet
	order   []*sheet
}

type sheetKey struct {
	list     string
	operator device.Operator
	change   string
}

// open begins every file that a run has for the operator ("" for the country's), so that an
// empty list is a file too.
func (b *book) open(list string, op device.Operator) error {
	all := changes[list]
	if b.full {
		all = append([]string{""}, all...)
	}
	for _, change := range all {
		path := filepath.Join(b.dir, fmt.Sprintf("%d.csv", len(b.order)))
		s, err := newSheet(path, device.ListFile{List: list, Operator: op, Delta: change}, b.columns.header(list))
		if err != nil {
			return err
		}
		b.sheets[sheetKey{list, op, change}] = s
		b.order = append(b.order, s)
	}
	return nil
}

// sheet returns where a row goes, nil if it is in no file. An operator that is not one of the
// country's any more still has rows of days when it was.
func (b *book) sheet(list string, op device.Operator, change string) (*sheet, error) {
	key := sheetKey{list, op, change}
	if s := b.sheets[key]; s != nil || change == "" && !b.full {
		return s, nil
	}
	err := b.open(list, op)
	return b.sheets[key], err
}

func (b *book) refusal(change string, r *device.Refusal) error {
	s, err := b.sheet(Blacklist, "", change)
	if s == nil || err != nil {
		return err
	}
	s.line = b.columns.refusal(s.line, r)
	return s.end()
}

func (b *book) notice(change string, n *device.Notice) error {
	s, err := b.sheet(Notifications, n.Operator, change)
	if s == nil || err != nil {
		return err
	}
	s.line = b.columns.notice(s.line, n)
	return s.end()
}

func (b *book) exception(change string, e *device.Exception) error {
	s, err := b.sheet(Exceptions, e.Operator, change)
	if s == nil || err != nil {
		return err
	}
	s.line = b.columns.exception(s.line, e)
	return s.end()
}

// close ends every file. Only the first error is told.
func (b *book) close() error {
	var first error
	for _, s := range b.order {
		if err := s.close(); first == nil {
			first = err
		}
	}
	return first
}
