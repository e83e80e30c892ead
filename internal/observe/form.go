package observe

import (
	"errors"
	"fmt"

	"github.com/openceir/openceir/subscriber"
)

// form is whether subscribers' numbers come as keyed pseudonyms, "p" and digits, or clear. A register has
// one form: with two, a subscriber would be two, and what was promised not to leave an operator would
// be there.
type form bool

const pseudonyms form = true

// errForm is of a number in the other form. It refuses the file, not only its row.
var (
	errForm      = errors.New("nothing of the file was kept")
	errClear     = fmt.Errorf("a subscriber's number is clear, and this register takes pseudonyms only: let the operator make them with eir pseudonymise; %w", errForm)
	errPseudonym = fmt.Errorf("a subscriber's number is a pseudonym, and this register takes clear numbers only: send the file as it was before; %w", errForm)
)

// next skips the p of a field that is not empty; b begins with the field. It reports whether what is
// left can be digits of this form.
func (f form) next(b []byte) ([]byte, bool) {
	if f == pseudonyms && len(b) > 0 && b[0] != ',' {
		return b[1:], b[0] == 'p' && len(b) > 1 && b[1] != ','
	}
	return b, true
}

// bare returns a field without its p. What is no number at all comes back as it is.
func (f form) bare(b []byte) ([]byte, error) {
	marked := len(b) > 1 && b[0] == 'p' && allDigits(b[1:])
	switch {
	case marked && f == pseudonyms:
		return b[1:], nil
	case marked:
		return nil, errPseudonym
	case f == pseudonyms && len(b) > 0 && allDigits(b):
		return nil, errClear
	}
	return b, nil
}

// mark marks a number that was read from bare digits; 0, the unknown, stays.
func (f form) mark(v uint64) uint64 {
	if f == pseudonyms && v != 0 {
		v |= subscriber.Mark
	}
	return v
}

// text returns a field as it came, from what bare returned.
func (f form) text(bare []byte) string {
	if f == pseudonyms && len(bare) > 0 && allDigits(bare) {
		return "p" + string(bare)
	}
	return string(bare)
}

// check says whether a number that is known has the form.
func (f form) check(id subscriber.ID) error {
	switch {
	case id == 0 || id.Pseudonym() == bool(f):
		return nil
	case f == pseudonyms:
		return errClear
	}
	return errPseudonym
}
