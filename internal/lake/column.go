package lake

import (
	"errors"
	"fmt"
	"io"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
	"github.com/parquet-go/parquet-go"
)

// column reads one column of one row group, a page at a time. Pages of different columns end at
// different rows, so each column keeps its own place.
type column struct {
	pages parquet.Pages
	page  parquet.Page
	at    int // rows of the page already given
	value int // values of the page already given: fewer than rows where the column has nulls
	rows  int // rows of the page

	absent bool // the part has no such column: reading it does nothing

	// The page's data, one of these.
	defined []byte // definition levels of a nullable column, nil otherwise
	int64s  []int64
	int32s  []int32
	uint32s []uint32
	bytes   []byte   // texts that have no dictionary, one after the other; or numbers of 16 bytes
	offsets []uint32 // where each text begins, and the end
	index   []int32  // into names
	names   []device.Operator
	dict    parquet.Dictionary // that names were made from
}

func (c *column) close() {
	if c.page != nil {
		parquet.Release(c.page)
		c.page = nil
	}
	if c.pages != nil {
		c.pages.Close()
		c.pages = nil
	}
}

// more makes sure that the page has rows left; false at the end of the row group.
func (c *column) more() (bool, error) {
	for c.at == c.rows {
		if c.page != nil {
			parquet.Release(c.page)
			c.page = nil
		}
		page, err := c.pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		c.page, c.at, c.value, c.rows = page, 0, 0, int(page.NumRows())
		if err := c.unpack(); err != nil {
			return false, err
		}
	}
	return true, nil
}

// unpack finds the page's values.
func (c *column) unpack() error {
	data := c.page.Data()
	c.int64s, c.int32s, c.uint32s, c.index, c.defined = nil, nil, nil, nil, c.page.DefinitionLevels()
	c.bytes, c.offsets = nil, nil
	if d := c.page.Dictionary(); d != nil {
		c.index = data.Int32()
		return c.learn(d)
	}
	have := 0
	switch kind := c.page.Type().Kind(); kind {
	case parquet.Int64:
		c.int64s = data.Int64()
		have = len(c.int64s)
	case parquet.Int32:
		c.int32s, c.uint32s = data.Int32(), data.Uint32()
		have = len(c.int32s)
	case parquet.ByteArray:
		c.bytes, c.offsets = data.ByteArray()
		have = max(0, len(c.offsets)-1)
	case parquet.FixedLenByteArray:
		var size int
		if c.bytes, size = data.FixedLenByteArray(); size != 16 {
			return fmt.Errorf("a column of %d bytes where 16 belong", size)
		}
		have = len(c.bytes) / size
	default:
		return fmt.Errorf("a column of %s where numbers belong", kind)
	}
	want := c.rows
	if len(c.defined) > 0 {
		want = 0
		for _, d := range c.defined {
			want += int(d)
		}
	}
	if have < want {
		return fmt.Errorf("a page has %d values for %d rows", have, want)
	}
	return nil
}

// learn turns a dictionary of operators into names, once.
func (c *column) learn(d parquet.Dictionary) error {
	if d != c.dict {
		c.dict, c.names = d, c.names[:0]
		for i := range int32(d.Len()) {
			v := d.Index(i)
			if v.Kind() != parquet.ByteArray {
				return fmt.Errorf("a dictionary of %s where names belong", v.Kind())
			}
			c.names = append(c.names, device.Operator(v.String()))
		}
	}
	for _, i := range c.index {
		if uint(i) >= uint(len(c.names)) {
			return fmt.Errorf("a page names entry %d of a dictionary of %d", i, len(c.names))
		}
	}
	return nil
}

// each calls set for the next n rows, a page's stretch at a time: set(from, c, lo, hi) must take
// rows lo to hi of the page to the rows from "from" on.
func (c *column) each(n int, set func(from int, c *column, lo, hi int)) error {
	if c.absent {
		return nil
	}
	for from := 0; from < n; {
		ok, err := c.more()
		if err != nil {
			return err
		}
		if !ok {
			return problem.New(problem.Broken, "a column ends before the others")
		}
		k := min(n-from, c.rows-c.at)
		set(from, c, c.at, c.at+k)
		c.at, from = c.at+k, from+k
	}
	return nil
}

// number returns row i of a nullable or plain column of 64-bit numbers; rows must be taken in order.
func (c *column) number(i int) uint64 {
	if len(c.defined) == 0 {
		return uint64(c.int64s[i])
	}
	if c.defined[i] == 0 {
		return 0
	}
	c.value++
	return uint64(c.int64s[c.value-1])
}

// day returns row i of a column of dates, 0 where there is none; rows must be taken in order.
func (c *column) day(i int) device.Day {
	if len(c.defined) == 0 {
		return device.Day(c.int32s[i])
	}
	if c.defined[i] == 0 {
		return 0
	}
	c.value++
	return device.Day(c.int32s[c.value-1])
}

// text returns row i of a column of texts, as a copy if the column has no dictionary.
func (c *column) text(i int) string {
	if c.index != nil {
		return string(c.names[c.index[i]])
	}
	return string(c.bytes[c.offsets[i]:c.offsets[i+1]])
}

// is reports whether a row's text is this one, without making a string of it.
func (c *column) is(i int, text string) bool {
	if c.index != nil {
		return string(c.names[c.index[i]]) == text
	}
	return string(c.bytes[c.offsets[i]:c.offsets[i+1]]) == text
}
