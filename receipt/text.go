package receipt

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Digest is a SHA-256 value: of a content, a commitment, a file.
type Digest [32]byte

// String returns 64 hex digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// ParseDigest reads 64 lower-case hex digits.
func ParseDigest(s string) (d Digest, err error) {
	if len(s) != 2*len(d) || strings.ToLower(s) != s {
		return d, fmt.Errorf("reading digest %q: it has 64 lower-case hex digits", s)
	}
	if _, err := hex.Decode(d[:], []byte(s)); err != nil {
		return d, fmt.Errorf("reading digest %q: it has 64 lower-case hex digits", s)
	}
	return d, nil
}

// timeLayout is the only form of an instant in our texts: microseconds, UTC.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// FormatTime writes an instant as our texts do.
func FormatTime(t time.Time) string { return t.UTC().Format(timeLayout) }

// ParseTime reads what FormatTime writes.
func ParseTime(s string) (time.Time, error) {
	t, err := time.Parse(timeLayout, s)
	if err != nil || FormatTime(t) != s { // time.Parse takes a comma for the point too
		return t, fmt.Errorf("reading time %q: it is like %s", s, timeLayout)
	}
	return t, nil
}

// reader takes a text apart line by line: "name value\n". The first error sticks.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

// line returns the next line without its end.
func (r *reader) line() string {
	line, rest, ok := bytes.Cut(r.rest, []byte{'\n'})
	if !ok {
		r.fail("the text ends inside a line")
		return ""
	}
	r.rest = rest
	return string(line)
}

// optional returns the value of the next line if it has the name, else "". A value is never empty.
func (r *reader) optional(name string) string {
	if r.err != nil || !bytes.HasPrefix(r.rest, []byte(name+" ")) {
		return ""
	}
	v := strings.TrimPrefix(r.line(), name+" ")
	if v == "" {
		r.fail("the line %q has no value", name)
	}
	return v
}

// value returns the value of the next line, which must have the name.
func (r *reader) value(name string) string {
	v := r.optional(name)
	if v == "" {
		r.fail("a line %q with a value is missing", name)
	}
	return v
}

func (r *reader) literal(line string) {
	if r.err == nil && r.line() != line {
		r.fail("a line %q is missing", line)
	}
}

// number reads a decimal number as it is written: no sign, no leading zero.
func (r *reader) number(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil || strconv.FormatUint(n, 10) != s {
		r.fail("reading number %q: it is a decimal number without leading zeros", s)
		return 0
	}
	return n
}

func (r *reader) digest(s string) Digest {
	d, err := ParseDigest(s)
	if err != nil && r.err == nil {
		r.err = err
	}
	return d
}

// bytes returns the next n bytes.
func (r *reader) bytes(n uint64) []byte {
	if r.err != nil || n > uint64(len(r.rest)) {
		r.fail("the text is shorter than it says")
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

// decode64 reads n bytes in base64 and only as we write it: the decoder alone skips line ends.
func decode64(s string, n int) ([]byte, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != n || base64.StdEncoding.EncodeToString(b) != s {
		return nil, fmt.Errorf("reading %q: it is %d bytes in base64", s, n)
	}
	return b, nil
}

// word reports whether s can stand as a name in our texts: 1 to 64 of a-z 0-9 . _ -, not
// beginning with a sign.
func word(s string) bool {
	if s == "" || len(s) > 64 || strings.ContainsRune("._-", rune(s[0])) {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}
