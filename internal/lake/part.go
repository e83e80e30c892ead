package lake

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/subscriber"
	"github.com/parquet-go/parquet-go"
)

// cursor walks the rows of one part in order, holding a batch of rows and one page of each column.
type cursor[T any] struct {
	file   *os.File // nil if the part was read whole
	path   string
	groups []parquet.RowGroup
	left   int64 // rows left in the current row group
	cols   []column
	names  []string
	load   func(cols []column, rows []T) error // fills rows from the columns
	keep   func(*T) bool                       // says which rows are taken; nil for all
	rows   []T                                 // the current batch
	at     int                                 // of the current row in rows
}

// openDays opens a part of table days. Batches are small when many parts are open.
func (l *Lake) openDays(p device.Part, batch int) (*cursor[device.Days], error) {
	c := &cursor[device.Days]{
		names: []string{"imei", "imsi", "msisdn", "operator", "seen_unknown", "seen_2g", "seen_3g", "seen_4g", "seen_5g"},
		rows:  make([]device.Days, 0, batch),
	}
	c.load = func(cols []column, rows []device.Days) error { return loadDays(cols, rows, p.Month) }
	return c, c.open(l.Path(p), p)
}

func loadDays(cols []column, rows []device.Days, month device.Month) error {
	for i := range rows {
		rows[i].Month = month
	}
	err := errors.Join(
		cols[0].each(len(rows), func(from int, c *column, lo, hi int) {
			for i := lo; i < hi; i++ {
				rows[from+i-lo].IMEI = imei.IMEI(c.number(i))
			}
		}),
		cols[1].each(len(rows), func(from int, c *column, lo, hi int) {
			for i := lo; i < hi; i++ {
				rows[from+i-lo].IMSI = subscriber.IMSI(c.number(i))
			}
		}),
		cols[2].each(len(rows), func(from int, c *column, lo, hi int) {
			for i := lo; i < hi; i++ {
				rows[from+i-lo].MSISDN = subscriber.MSISDN(c.number(i))
			}
		}),
		cols[3].each(len(rows), func(from int, c *column, lo, hi int) {
			for i := lo; i < hi; i++ {
				rows[from+i-lo].Operator = c.names[c.index[i]]
			}
		}))
	for r := range device.RadioCount {
		err = errors.Join(err, cols[4+r].each(len(rows), func(from int, c *column, lo, hi int) {
			for i := lo; i < hi; i++ {
				rows[from+i-lo].Seen[r] = c.uint32s[i]
			}
		}))
	}
	return err
}

// openVisits opens a part of table visits.
func (l *Lake) openVisits(p device.Part, batch int) (*cursor[device.Visit], error) {
	c := &cursor[device.Visit]{
		names: []string{"imei", "imsi", "msisdn", "operator", "area", "from_minute", "to_minute"},
		rows:  make([]device.Visit, 0, batch),
		load:  loadVisits,
	}
	return c, c.open(l.Path(p), p)
}

func loadVisits(cols []column, rows []device.Visit) error {
	return errors.Join(
		cols[0].each(len(rows), func(from int, c *column, lo, hi int) {
			for i := lo; i < hi; i++ {
				rows[from+i-lo].IMEI = imei.IMEI(c.number(i))
			}
		}),
		cols[1].each(len(rows), func(from int, c *column, lo, hi int) {
			for i := lo; i < hi; i++ {
				rows[from+i-lo].Subscriber = subscriber.Of(subscriber.IMSI(c.number(i)), 0)
			}
		}),
		cols[2].each(len(rows), func(from int, c *column, lo, hi int) {
			for i := lo; i < hi; i++ {
				if m := subscriber.MSISDN(c.number(i)); m != 0 {
					rows[from+i-lo].Subscriber = subscriber.Of(0, m)
				}
			}
		}),
		cols[3].each(len(rows), func(from int, c *column, lo, hi int) {
			for i := lo; i < hi; i++ {
				rows[from+i-lo].Operator = c.names[c.index[i]]
			}
		}),
		cols[4].each(len(rows), func(from int, c *column, lo, hi int) {
			for i := lo; i < hi; i++ {
				rows[from+i-lo].Area = device.Area(c.int32s[i])
			}
		}),
		cols[5].each(len(rows), func(from int, c *column, lo, hi int) {
			for i := lo; i < hi; i++ {
				rows[from+i-lo].From = device.Minute(c.int32s[i])
			}
		}),
		cols[6].each(len(rows), func(from int, c *column, lo, hi int) {
			for i := lo; i < hi; i++ {
				rows[from+i-lo].To = device.Minute(c.int32s[i])
			}
		}))
}

// open opens the part and stands before its first row.
func (c *cursor[T]) open(path string, p device.Part) error {
	c.path = path
	file, whole, err := openPart(path, p)
	if err != nil {
		return err
	}
	c.file = whole
	return c.guard(func() error {
		c.groups = file.RowGroups()
		c.cols = make([]column, len(c.names))
		if file.NumRows() != p.Rows {
			return fmt.Errorf("it has %d rows, the manifest says %d", file.NumRows(), p.Rows)
		}
		for _, name := range c.names {
			if _, ok := file.Schema().Lookup(name); !ok {
				return fmt.Errorf("it has no column %q", name)
			}
		}
		return nil
	})
}

// openPart opens the Parquet file. A small part is read whole and its descriptor given back: a
// bucket may have thousands of them.
func openPart(path string, p device.Part) (*parquet.File, *os.File, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, problem.New(problem.Broken, "part %s is named by the register but is not there: restore it from a backup or another copy of the lake, or withdraw the file it came from", path)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("opening part: %w", err)
	}
	info, err := f.Stat()
	if err == nil && info.Size() != p.Bytes {
		err = problem.New(problem.Broken, "part %s has %d bytes, the register says %d: restore it from a backup", path, info.Size(), p.Bytes)
	}
	var src io.ReaderAt = f
	if err == nil && p.Bytes <= smallPart {
		b := make([]byte, p.Bytes)
		if _, err = io.ReadFull(f, b); err == nil {
			f.Close()
			f, src = nil, bytes.NewReader(b)
		}
	}
	var file *parquet.File
	if err == nil {
		err = guard(path, func() (err error) {
			file, err = parquet.OpenFile(src, p.Bytes, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(readBuffer))
			return err
		})
	}
	if err != nil && f != nil {
		f.Close()
		f = nil
	}
	return file, f, err
}

// guard names the part in an error, and turns a decoder's panic over damaged bytes into one.
func guard(path string, do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the decoder gave up: %v", r)
		}
		if err != nil {
			err = problem.New(problem.Broken, "part %s is damaged: %w; restore it from a backup, or withdraw the file it came from and import that again", path, err)
		}
	}()
	return do()
}

func (c *cursor[T]) guard(do func() error) error {
	err := guard(c.path, do)
	if err != nil {
		c.close()
	}
	return err
}

func (c *cursor[T]) close() {
	for i := range c.cols {
		c.cols[i].close()
	}
	if c.file != nil {
		c.file.Close()
		c.file = nil
	}
}

// head returns the current row. The cursor must stand on one.
func (c *cursor[T]) head() *T { return &c.rows[c.at] }

// next goes to the next row; false after the last, when the part is closed.
func (c *cursor[T]) next() (bool, error) {
	if c.at++; c.at < len(c.rows) {
		return true, nil
	}
	c.at = 0
	err := c.guard(c.fillKept)
	if err == nil && len(c.rows) == 0 {
		c.close()
	}
	return len(c.rows) > 0 && err == nil, err
}

// fillKept loads the next batch that has a row to be taken; none at the end.
func (c *cursor[T]) fillKept() error {
	for {
		if err := c.fill(); err != nil || c.keep == nil || len(c.rows) == 0 {
			return err
		}
		kept := 0
		for i := range c.rows {
			if c.keep(&c.rows[i]) {
				c.rows[kept] = c.rows[i]
				kept++
			}
		}
		if c.rows = c.rows[:kept]; kept > 0 {
			return nil
		}
	}
}

// fill loads the next batch; none at the end.
func (c *cursor[T]) fill() error {
	for c.left == 0 {
		for i := range c.cols {
			c.cols[i].close()
		}
		if len(c.groups) == 0 {
			c.rows = c.rows[:0]
			return nil
		}
		group := c.groups[0]
		c.groups, c.left = c.groups[1:], group.NumRows()
		chunks := group.ColumnChunks()
		for i, name := range c.names {
			leaf, _ := group.Schema().Lookup(name)
			c.cols[i] = column{pages: chunks[leaf.ColumnIndex].Pages(), names: c.cols[i].names}
		}
	}
	c.rows = c.rows[:min(int64(cap(c.rows)), c.left)]
	c.left -= int64(len(c.rows))
	clear(c.rows)
	return c.load(c.cols, c.rows)
}

// Verify reads a part whole and compares it with its digest.
func (l *Lake) Verify(p device.Part) error {
	path := l.Path(p)
	f, err := os.Open(path)
	if err != nil {
		return problem.New(problem.Broken, "part %s cannot be read: %w; restore it from a backup, or withdraw the file it came from", path, err)
	}
	defer f.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	if err != nil {
		return problem.New(problem.Broken, "reading part %s: %w", path, err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != p.Digest || n != p.Bytes {
		return problem.New(problem.Broken, "part %s is damaged: its digest is %s over %d bytes, the register says %d bytes; restore it from a backup, or withdraw the file it came from and import that again", path, got, n, p.Bytes)
	}
	return nil
}
