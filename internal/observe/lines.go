package observe

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/openceir/openceir/internal/problem"
)

// lines cuts a text into lines. It finds what no layout allows (another encoding than UTF-8, byte
// order marks, NUL bytes, lines without end) before anything looks at the content, and holds one
// chunk of the text.
type lines struct {
	name string
	r    io.Reader
	buf  []byte
	at   int   // start of the next line in buf
	good int   // end of what was checked; everything before it is whole lines, except at the end
	n    int64 // lines given
	err  error // why there is no more, io.EOF at the end
}

func newLines(name string, r io.Reader) *lines {
	return &lines{name: name, r: r, buf: make([]byte, 0, chunkBytes+lineMax)}
}

// next returns the next line without its end, valid until the following call. At the end of the
// text the error is io.EOF.
func (l *lines) next() ([]byte, error) {
	for {
		if i := bytes.IndexByte(l.buf[l.at:l.good], '\n'); i >= 0 {
			return l.cut(l.at+i, l.at+i+1)
		}
		if l.err != nil {
			if l.at < l.good && errors.Is(l.err, io.EOF) {
				return l.cut(l.good, l.good)
			}
			return nil, l.err
		}
		l.fill()
	}
}

func (l *lines) cut(end, next int) ([]byte, error) {
	line := l.buf[l.at:end]
	l.at = next
	l.n++
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	if len(line) > lineMax {
		l.err = l.tooLong()
		return nil, l.err
	}
	return line, nil
}

func (l *lines) tooLong() error {
	return problem.New(problem.Invalid, "%s: line %d is longer than %d bytes: a line end or a closing quote is missing there; correct it and import again", l.name, l.n+1, lineMax)
}

// fill reads on, and checks the whole lines that are there.
func (l *lines) fill() {
	first := l.n == 0 && l.good == 0 && len(l.buf) == 0
	rest := copy(l.buf[:cap(l.buf)], l.buf[l.at:])
	l.buf, l.good, l.at = l.buf[:rest], l.good-l.at, 0
	for len(l.buf) < cap(l.buf) && l.err == nil {
		n, err := l.r.Read(l.buf[len(l.buf):cap(l.buf)])
		l.buf = l.buf[:len(l.buf)+n]
		l.err = err
	}
	if l.err == nil || errors.Is(l.err, io.EOF) {
		if err := l.check(first); err != nil {
			l.buf, l.good, l.err = l.buf[:0], 0, err
			l.at = 0
		}
	}
}

// check looks at the new whole lines, or at all that is left at the end.
func (l *lines) check(first bool) error {
	if first {
		if err := mark(l.name, l.buf); err != nil {
			return err
		}
	}
	end := bytes.LastIndexByte(l.buf, '\n') + 1
	if l.err != nil {
		end = len(l.buf)
	}
	if end == l.good && l.err != nil {
		return nil
	}
	if end <= l.good {
		return l.tooLong() // a full buffer without a line end
	}
	fresh := l.buf[l.good:end]
	if i := bytes.IndexByte(fresh, 0); i >= 0 {
		return problem.New(problem.Invalid, "%s: line %d has a NUL byte: the file is binary, damaged, or UTF-16; save it as UTF-8 text", l.name, l.line(i))
	}
	if !utf8.Valid(fresh) {
		i := 0
		for i < len(fresh) {
			r, size := utf8.DecodeRune(fresh[i:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			i += size
		}
		return problem.New(problem.Invalid, "%s: line %d is not UTF-8 (byte 0x%02x): the file is perhaps in Latin-1 or a Windows code page; save it as UTF-8", l.name, l.line(i), fresh[i])
	}
	l.good = end
	return nil
}

// line returns the number of the line that holds byte i of what is being checked.
func (l *lines) line(i int) int64 {
	return l.n + 1 + int64(bytes.Count(l.buf[l.at:l.good+i], []byte{'\n'}))
}

// mark refuses what the first bytes of a text tell.
func mark(name string, b []byte) error {
	for _, m := range []struct{ prefix, what string }{
		{"\xef\xbb\xbf", "a byte order mark: save it as UTF-8 without it"},
		{"\xff\xfe", "the mark of UTF-16: save it as UTF-8"},
		{"\xfe\xff", "the mark of UTF-16: save it as UTF-8"},
		{"PK\x03\x04", "another zip inside the zip: zip the text itself"},
		{"\x1f\x8b", "a gzip stream inside the zip: zip the text itself"},
	} {
		if bytes.HasPrefix(b, []byte(m.prefix)) {
			return problem.New(problem.Invalid, "%s begins with %s", name, m.what)
		}
	}
	return nil
}
