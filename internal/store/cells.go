package store

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/receipt"
)

// cells takes the columns of one stored row in their order. It believes nothing: a value that this
// package would not have written is an error, the first of which sticks, so that no changed value
// can be read as the one it was.
type cells struct {
	values []any
	at     int
	err    error
}

func (c *cells) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("column %d: %w", c.at, fmt.Errorf(format, args...))
	}
}

// take returns the next value, which must be of the type that the drivers give for its column.
func take[T any](c *cells) (v T) {
	if c.at >= len(c.values) {
		c.fail("there are only %d columns", len(c.values))
		return v
	}
	v, ok := c.values[c.at].(T)
	c.at++
	if !ok {
		c.fail("%T is not a value for it", c.values[c.at-1])
	}
	return v
}

func (c *cells) integer() int64 { return take[int64](c) }
func (c *cells) text() string   { return take[string](c) }
func (c *cells) bytes() []byte  { return take[[]byte](c) }

// number reads an index, a size or a count.
func (c *cells) number() uint64 {
	n := c.integer()
	if n < 0 {
		c.fail("%d is negative", n)
	}
	return uint64(n)
}

// int32 reads a day, a month or another small number.
func (c *cells) int32() int32 {
	n := c.integer()
	if n < math.MinInt32 || n > math.MaxInt32 {
		c.fail("%d is out of range", n)
	}
	return int32(n)
}

func (c *cells) imei() imei.IMEI {
	n := c.integer()
	if n < 0 || n >= 100_000_000_000_000 {
		c.fail("%d is no IMEI of 14 digits", n)
	}
	return imei.IMEI(n)
}

// flag reads 0 or 1.
func (c *cells) flag() bool {
	n := c.integer()
	if n < 0 || n > 1 {
		c.fail("%d is neither 0 nor 1", n)
	}
	return n == 1
}

// flag is what the method flag reads.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func (c *cells) digest() receipt.Digest {
	d, err := receipt.ParseDigest(c.text())
	if err != nil {
		c.fail("%w", err)
	}
	return d
}

// jsonOf writes a map as JSON text, {} for none.
func jsonOf[V any](m map[string]V) string {
	if len(m) == 0 {
		return "{}"
	}
	return string(ledger.Encode(m))
}

// jsonTo reads what jsonOf writes.
func jsonTo[V any](c *cells) map[string]V {
	var m map[string]V
	s := c.text()
	if err := json.Unmarshal([]byte(s), &m); err != nil {
		c.fail("%w", err)
	} else if jsonOf(m) != s {
		c.fail("the text does not print back to the same bytes")
	}
	if len(m) == 0 {
		return nil
	}
	return m
}

// readJSON reads what ledger.Encode writes.
func readJSON[T any](c *cells) T {
	v, err := ledger.Decode[T]([]byte(c.text()))
	if err != nil {
		c.fail("%w", err)
	}
	return v
}
