package observe

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/openceir/openceir/internal/problem"
)

// source is a file that is being taken in: its bytes as received, and the stream of text in it.
type source struct {
	path   string
	name   string // base name as received
	base   string // base name without extension
	digest string
	file   *os.File
	info   os.FileInfo
	text   io.Reader
}

// openSource hashes the file and opens its text.
func openSource(ctx context.Context, path string, progress func(done, total int64)) (*source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, problem.New(problem.NotFound, "%w: give the path of a file that can be read", err)
	}
	s := &source{path: path, file: f, name: filepath.Base(path)}
	s.base = strings.TrimSuffix(s.name, filepath.Ext(s.name))
	if err := s.open(ctx, progress); err != nil {
		f.Close()
		return nil, err
	}
	return s, nil
}

func (s *source) open(ctx context.Context, progress func(done, total int64)) (err error) {
	if s.info, err = s.file.Stat(); err != nil {
		return fmt.Errorf("opening %s: %w", s.name, err)
	}
	size := s.info.Size()
	switch {
	case !s.info.Mode().IsRegular():
		return problem.New(problem.Invalid, "%s is not a regular file", s.path)
	case size == 0:
		return problem.New(problem.Invalid, "%s is empty: even a file without rows has its header", s.name)
	case size > sourceMax:
		return problem.New(problem.Invalid, "%s has %d bytes, more than the %d that are taken: split it by days", s.name, size, int64(sourceMax))
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, contextReader{ctx, s.file}); err != nil {
		return fmt.Errorf("reading %s: %w", s.name, err)
	}
	s.digest = hex.EncodeToString(sum.Sum(nil))
	head := make([]byte, 4)
	n, err := s.file.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading %s: %w", s.name, err)
	}
	whole := &meter{r: s.file, total: size, progress: progress, left: -1}
	switch zipped := strings.EqualFold(filepath.Ext(s.name), ".zip"); {
	case bytes.HasPrefix(head[:n], []byte("PK\x03\x04")), bytes.HasPrefix(head[:n], []byte("PK\x05\x06")):
		s.text, err = s.member(whole, size)
	case zipped:
		err = problem.New(problem.Invalid, "%s is named .zip and is not a zip: send it again, perhaps as plain text named .csv", s.name)
	case bytes.HasPrefix(head[:n], []byte{0x1f, 0x8b}):
		err = problem.New(problem.Invalid, "%s is compressed with gzip: send a zip with one member, or plain text", s.name)
	default:
		s.text = io.NewSectionReader(whole, 0, size)
	}
	return err
}

func (s *source) close() { s.file.Close() }

// unchanged makes sure that what was parsed is what was hashed.
func (s *source) unchanged() error {
	now, err := s.file.Stat()
	if err != nil {
		return fmt.Errorf("reading %s: %w", s.name, err)
	}
	if now.Size() != s.info.Size() || !now.ModTime().Equal(s.info.ModTime()) {
		return problem.New(problem.Busy, "%s was written to while it was read: wait until it is complete and import it again", s.name)
	}
	return nil
}

// member opens the one member of a zip.
func (s *source) member(r *meter, size int64) (io.Reader, error) {
	invalid := func(format string, args ...any) error {
		return problem.New(problem.Invalid, "zip %s "+format, append([]any{s.name}, args...)...)
	}
	r.left = directoryMax
	z, err := zip.NewReader(r, size)
	if errors.Is(err, errDirectory) {
		return nil, invalid("has a directory of more than %d bytes: it must have exactly one member", directoryMax)
	}
	if err != nil {
		return nil, invalid("is truncated or damaged (%w): send it again, by a transfer that checks sizes", err)
	}
	if len(z.File) != 1 {
		return nil, invalid("has %d members: it must have exactly one, named like the zip", len(z.File))
	}
	f := z.File[0]
	ext := filepath.Ext(f.Name)
	switch {
	case strings.TrimSuffix(f.Name, ext) != s.base || !strings.EqualFold(ext, ".csv") && !strings.EqualFold(ext, ".txt"):
		return nil, invalid("has the member %.80q: it must be named %s.csv or %s.txt, without folders", f.Name, s.base, s.base)
	case !f.Mode().IsRegular():
		return nil, invalid("has a member that is not a regular file")
	case f.Flags&1 != 0:
		return nil, invalid("is encrypted: send it without a password, over a protected connection")
	case f.Method != zip.Store && f.Method != zip.Deflate:
		return nil, invalid("is compressed by method %d: use deflate, as every zip tool does by default", f.Method)
	case f.UncompressedSize64 > unpackedMax:
		return nil, invalid("says it unpacks to %d bytes, more than the %d that are taken: split it by days", f.UncompressedSize64, int64(unpackedMax))
	case f.UncompressedSize64 > ratioFloor && f.UncompressedSize64/ratioMax > f.CompressedSize64:
		return nil, invalid("says it unpacks to %d bytes from %d, more than %d to 1: such a file is a bomb, or holds nothing but repetition; send it plain if it is meant", f.UncompressedSize64, f.CompressedSize64, ratioMax)
	}
	raw, err := f.OpenRaw()
	if err != nil {
		return nil, invalid("is truncated or damaged (%w): send it again", err)
	}
	r.left = -1 // the directory is read; what follows is bounded by its own limits
	if f.Method == zip.Deflate {
		raw = flate.NewReader(bufio.NewReaderSize(raw, 64<<10))
	}
	return &unpacker{r: raw, name: s.name, want: f, sum: crc32.NewIEEE()}, nil
}

// unpacker lets no more out of a zip than it says it holds, which member has judged, and compares
// what came out with its checksum.
type unpacker struct {
	r    io.Reader
	name string
	want *zip.File
	n    uint64
	sum  hash.Hash32
}

func (u *unpacker) Read(b []byte) (int, error) {
	n, err := u.r.Read(b)
	u.n += uint64(n)
	u.sum.Write(b[:n])
	switch {
	case u.n > u.want.UncompressedSize64:
		return 0, problem.New(problem.Invalid, "zip %s unpacks to more than the %d bytes it says: it is damaged or made to deceive; send it again", u.name, u.want.UncompressedSize64)
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF):
		return n, problem.New(problem.Invalid, "zip %s is truncated or damaged after %d bytes (%w): send it again", u.name, u.n, err)
	case u.n != u.want.UncompressedSize64 || u.sum.Sum32() != u.want.CRC32:
		return n, problem.New(problem.Invalid, "zip %s does not unpack to what its checksum says: send it again", u.name)
	}
	return n, io.EOF
}

var errDirectory = errors.New("the directory of the zip is too large")

// meter reports progress, and while left is not negative reads at most that many bytes.
type meter struct {
	r        io.ReaderAt
	total    int64
	left     int64
	done     int64
	told     int64 // what progress was told last
	progress func(done, total int64)
}

func (m *meter) ReadAt(b []byte, at int64) (int, error) {
	if m.left >= 0 {
		if m.left -= int64(len(b)); m.left < 0 {
			m.left = 0
			return 0, errDirectory
		}
		return m.r.ReadAt(b, at)
	}
	n, err := m.r.ReadAt(b, at)
	m.done = max(m.done, at+int64(n))
	if m.progress != nil && (m.done-m.told >= chunkBytes || m.done == m.total && m.told < m.done) {
		m.told = m.done
		m.progress(m.done, m.total)
	}
	return n, err
}

// contextReader ends a long read when its context does.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(b)
}
