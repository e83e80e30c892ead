package imei

import (
	"fmt"
	"strings"
)

// Range is a run of IMEIs, both ends included, as the GSMA and national lists give them.
type Range struct {
	From, To IMEI
}

// Range returns all IMEIs under the TAC.
func (t TAC) Range() Range { return Range{t.First(), t.Last()} }

// Contains reports whether the IMEI lies in the range.
func (r Range) Contains(m IMEI) bool { return r.From <= m && m <= r.To }

// Size returns how many IMEIs lie in the range, 0 if its ends are the wrong way round.
func (r Range) Size() uint64 {
	if r.To < r.From {
		return 0
	}
	return uint64(r.To-r.From) + 1
}

// TAC returns the type allocation code if the range is exactly all IMEIs under one.
func (r Range) TAC() (TAC, bool) {
	t := r.From.TAC()
	return t, r == t.Range()
}

// Overlaps reports whether the two ranges share an IMEI.
func (r Range) Overlaps(o Range) bool { return r.From <= o.To && o.From <= r.To }

// String returns "from-to" with 14 digits each.
func (r Range) String() string { return r.From.String() + "-" + r.To.String() }

// ParseRange reads "from-to". Each end is 14 digits, or a TAC of 8, which stands for its first
// IMEI as the lower end and its last as the upper. One end alone is the range of just that IMEI
// or TAC. Fifteen digits are refused: a check digit has no place in a range.
func ParseRange(s string) (Range, error) {
	from, to, two := strings.Cut(s, "-")
	if !two {
		to = from
	}
	low, err := parseEnd(from, TAC.First)
	if err != nil {
		return Range{}, fmt.Errorf("reading range %q: %w", s, err)
	}
	high, err := parseEnd(to, TAC.Last)
	if err != nil {
		return Range{}, fmt.Errorf("reading range %q: %w", s, err)
	}
	if high < low {
		return Range{}, fmt.Errorf("reading range %q: its end is below its start", s)
	}
	return Range{low, high}, nil
}

func parseEnd(s string, whole func(TAC) IMEI) (IMEI, error) {
	if len(s) == 8 {
		t, err := ParseTAC(s)
		return whole(t), err
	}
	n, err := digits(s, 14)
	if err != nil {
		return 0, fmt.Errorf("%q: write FROM-TO, each 14 digits of an IMEI or 8 of a TAC", s)
	}
	return IMEI(n), nil
}

// MarshalText implements encoding.TextMarshaler with the form of String.
func (r Range) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *Range) UnmarshalText(b []byte) error {
	v, err := ParseRange(string(b))
	if err != nil {
		return err
	}
	*r = v
	return nil
}
