package adopt

import (
	"archive/zip"
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
)

// source is a file of the directory, hashed.
type source struct {
	file  *os.File
	about device.AdoptedFile
	size  int64
}

func open(ctx context.Context, path string) (*source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, problem.New(problem.NotFound, "%w: give a directory whose files can be read", err)
	}
	s := &source{file: f, about: device.AdoptedFile{Name: filepath.Base(path)}}
	if err := s.hash(ctx); err != nil {
		f.Close()
		return nil, err
	}
	return s, nil
}

func (s *source) hash(ctx context.Context) error {
	info, err := s.file.Stat()
	if err != nil {
		return fmt.Errorf("reading %s: %w", s.about.Name, err)
	}
	switch s.size = info.Size(); {
	case !info.Mode().IsRegular():
		return problem.New(problem.Invalid, "%s is not a regular file", s.about.Name)
	case s.size == 0:
		return problem.New(problem.Invalid, "%s is empty: even a file without rows has its header; export it again", s.about.Name)
	case s.size > maxSource:
		return problem.New(problem.Invalid, "%s has %d bytes, more than the %d that are read", s.about.Name, s.size, int64(maxSource))
	}
	sum := sha256.New()
	buf := make([]byte, 1<<20)
	for err == nil {
		var n int
		n, err = s.file.Read(buf)
		sum.Write(buf[:n])
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading %s: %w", s.about.Name, err)
	}
	s.about.Digest = hex.EncodeToString(sum.Sum(nil))
	return nil
}

func (s *source) close() { s.file.Close() }

// text opens the text of the file, or of the one member of a zip that is meant by its name.
func (s *source) text(meant func(member string) bool) (io.Reader, error) {
	if !strings.EqualFold(filepath.Ext(s.about.Name), ".zip") {
		return io.NewSectionReader(s.file, 0, s.size), nil
	}
	z, err := zip.NewReader(s.file, s.size)
	if err != nil {
		return nil, problem.New(problem.Invalid, "zip %s is truncated or damaged (%w): export it again", s.about.Name, err)
	}
	if len(z.File) > maxMembers {
		return nil, problem.New(problem.Invalid, "zip %s has %d members: a list has a full file and its deltas", s.about.Name, len(z.File))
	}
	var found *zip.File
	for _, f := range z.File {
		if !meant(f.Name) {
			continue
		}
		if found != nil {
			return nil, problem.New(problem.Invalid, "zip %s has both %.80q and %.80q: keep one", s.about.Name, found.Name, f.Name)
		}
		found = f
	}
	switch {
	case found == nil:
		return nil, problem.New(problem.Invalid, "zip %s has no full list, only deltas or other files: generate full lists and export them", s.about.Name)
	case found.UncompressedSize64 > maxUnpacked:
		return nil, problem.New(problem.Invalid, "zip %s says it unpacks to %d bytes, more than the %d that are read", s.about.Name, found.UncompressedSize64, int64(maxUnpacked))
	case found.UncompressedSize64 > ratioFloor && found.UncompressedSize64/maxRatio > found.CompressedSize64:
		return nil, problem.New(problem.Invalid, "zip %s says it unpacks to %d bytes from %d: such a file is a bomb; unpack it yourself if it is meant", s.about.Name, found.UncompressedSize64, found.CompressedSize64)
	}
	r, err := found.Open()
	if err != nil {
		return nil, problem.New(problem.Invalid, "zip %s is damaged (%w): export it again", s.about.Name, err)
	}
	return io.LimitReader(r, int64(found.UncompressedSize64)+1), nil // the zip reader itself compares size and checksum
}

// rows gives the fields of each row after the header, which must be one of the headers; header tells
// which one. take says what is wrong with a row, and such rows are listed.
func (s *source) rows(ctx context.Context, in io.Reader, headers []string, take func(line int64, header int, fields []string) (why string), wrong *faults) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, maxLine), maxLine)
	header, n := -1, int64(0)
	var fields []string
	for lines.Scan() {
		n++
		line := lines.Text()
		if n == 1 {
			for i, h := range headers {
				if line == h {
					header = i
				}
			}
			if header < 0 {
				return problem.New(problem.Invalid, "%s has the header %.120q; it must be %q", s.about.Name, line, strings.Join(headers, `" or "`))
			}
			continue
		}
		if line == "" {
			continue
		}
		if s.about.Rows++; s.about.Rows > maxRows {
			return problem.New(problem.Invalid, "%s has more than %d rows, which is more than is read", s.about.Name, maxRows)
		}
		if n%(1<<14) == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		why := ""
		if fields, why = split(fields[:0], line); why == "" {
			if want := 1 + strings.Count(headers[header], ","); len(fields) != want {
				why = fmt.Sprintf("it has %d fields, the header %d", len(fields), want)
			} else {
				why = take(n, header, fields)
			}
		}
		if why != "" {
			wrong.add(s.about.Name, n, why)
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return problem.New(problem.Invalid, "%s: line %d is longer than %d bytes: a line end is missing there", s.about.Name, n+1, maxLine)
	case err != nil:
		return problem.New(problem.Invalid, "%s is damaged after line %d (%w): export it again", s.about.Name, n, err)
	case n == 0:
		return problem.New(problem.Invalid, "%s has no header", s.about.Name)
	}
	return nil
}

// split cuts a line at its commas, RFC 4180 §2. A field has no line end in it.
func split(to []string, line string) (fields []string, why string) {
	if !utf8.ValidString(line) {
		return to, "it is not UTF-8"
	}
	if strings.IndexFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f }) >= 0 {
		return to, "it has control characters"
	}
	if !strings.Contains(line, `"`) {
		for {
			field, rest, more := strings.Cut(line, ",")
			to = append(to, field)
			if !more {
				return to, ""
			}
			line = rest
		}
	}
	for {
		if !strings.HasPrefix(line, `"`) {
			field, rest, more := strings.Cut(line, ",")
			if strings.Contains(field, `"`) {
				return to, "a quote stands within a field"
			}
			to = append(to, field)
			if !more {
				return to, ""
			}
			line = rest
			continue
		}
		var field strings.Builder
		line = line[1:]
		for {
			part, rest, closed := strings.Cut(line, `"`)
			if !closed {
				return to, "a quote is not closed"
			}
			field.WriteString(part)
			if line = rest; !strings.HasPrefix(line, `"`) {
				break
			}
			field.WriteByte('"')
			line = line[1:]
		}
		to = append(to, field.String())
		if line == "" {
			return to, ""
		}
		if line[0] != ',' {
			return to, "something stands behind a closing quote"
		}
		line = line[1:]
	}
}
