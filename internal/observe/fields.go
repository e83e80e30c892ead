package observe

import (
	"bytes"
	"errors"

	"github.com/openceir/openceir/internal/device"
)

var (
	errQuoteOpen  = errors.New("a quote is not closed on its line")
	errQuoteAfter = errors.New("text follows a closing quote")
	errFields     = errors.New("the line has too many fields")
)

// splitter cuts lines into fields. A field may stand in double quotes, where a doubled quote is one
// quote; a quote inside an unquoted field is itself. No field spans lines.
type splitter struct {
	comma   byte
	fields  [][]byte
	scratch []byte // unquoted text of fields that had doubled quotes
}

// split returns the trimmed fields of a line, valid until the next call.
func (s *splitter) split(line []byte) ([][]byte, error) {
	s.fields, s.scratch = s.fields[:0], s.scratch[:0]
	if cap(s.scratch) < len(line) {
		s.scratch = make([]byte, 0, len(line)) // fields point into it: it must not move
	}
	for {
		field, rest, more, err := s.field(line)
		if err != nil {
			return nil, err
		}
		if len(s.fields) == fieldsMax {
			return nil, errFields
		}
		s.fields = append(s.fields, field)
		if !more {
			return s.fields, nil
		}
		line = rest
	}
}

func (s *splitter) field(line []byte) (field, rest []byte, more bool, err error) {
	lead := bytes.TrimLeft(line, " \t")
	if len(lead) == 0 || lead[0] != '"' {
		field, rest, more = bytes.Cut(line, []byte{s.comma})
		return bytes.Trim(field, " \t"), rest, more, nil
	}
	start := len(s.scratch)
	for b := lead[1:]; ; {
		i := bytes.IndexByte(b, '"')
		if i < 0 {
			return nil, nil, false, errQuoteOpen
		}
		s.scratch = append(s.scratch, b[:i]...)
		if b = b[i+1:]; len(b) > 0 && b[0] == '"' {
			s.scratch = append(s.scratch, '"')
			b = b[1:]
			continue
		}
		after, rest, more := bytes.Cut(b, []byte{s.comma})
		if len(bytes.Trim(after, " \t")) > 0 {
			return nil, nil, false, errQuoteAfter
		}
		return bytes.Trim(s.scratch[start:], " \t"), rest, more, nil
	}
}

// parseDay reads YYYYMMDD from the year 2000 on.
func parseDay(b []byte) (device.Day, bool) {
	if len(b) != 8 || !allDigits(b) || b[0] < '2' {
		return 0, false
	}
	d, err := device.ParseDay(string(b))
	return d, err == nil
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if c-'0' > 9 {
			return false
		}
	}
	return true
}

// inAlphabet reports whether a text is of the alphabet of IMEIs in the layouts.
func inAlphabet(b []byte) bool {
	for _, c := range b {
		switch {
		case '0' <= c && c <= '9', 'A' <= c && c <= 'F', 'a' <= c && c <= 'f', c == '*', c == '#':
		default:
			return false
		}
	}
	return true
}

// number reads up to 16 digits.
func number(b []byte) uint64 {
	var n uint64
	for _, c := range b {
		n = n*10 + uint64(c-'0')
	}
	return n
}
