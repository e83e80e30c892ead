package list

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// number reads a decimal number as it is written: no sign, no leading zero.
func number(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil || strconv.FormatUint(n, 10) != s {
		return 0, fmt.Errorf("reading number %q: it is a decimal number without leading zeros", s)
	}
	return n, nil
}

// decode32 reads 32 bytes in base64, only as we write them: the decoder alone skips line ends.
func decode32(s string) (out [32]byte, err error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != len(out) || base64.StdEncoding.EncodeToString(b) != s {
		return out, fmt.Errorf("reading %q: it is 32 bytes in base64", s)
	}
	return [32]byte(b), nil
}

// scanner takes a text apart line by line. The first error sticks.
type scanner struct {
	rest string
	err  error
}

func (s *scanner) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf(format, args...)
	}
}

func (s *scanner) line() string {
	line, rest, ok := strings.Cut(s.rest, "\n")
	if !ok {
		s.fail("it ends inside a line")
	}
	s.rest = rest
	return line
}

// count reads a line "name N".
func (s *scanner) count(name string, most uint64) uint64 {
	v, ok := strings.CutPrefix(s.line(), name+" ")
	n, err := number(v)
	if !ok || err != nil || n > most {
		s.fail("a line %q with a number up to %d is missing", name, most)
	}
	return n
}

// values reads lines "name value" in the order of the names, and nothing else. A value is never
// empty.
func values(text []byte, names ...string) ([]string, error) {
	s := &scanner{rest: string(text)}
	out := make([]string, len(names))
	for i, name := range names {
		v, ok := strings.CutPrefix(s.line(), name+" ")
		if !ok || v == "" {
			s.fail("line %d is not %q with its value", i+1, name)
		}
		out[i] = v
	}
	if s.rest != "" {
		s.fail("it has the lines %s and no more", strings.Join(names, ", "))
	}
	return out, s.err
}
