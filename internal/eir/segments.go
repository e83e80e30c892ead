package eir

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/openceir/openceir/internal/segment"
)

// openSegment is the segment that rows are written to. It is a file "open-*" until it is whole;
// then it takes the name by which the feed finds it. The zero value is none.
type openSegment struct {
	file  *os.File
	out   *segment.Writer // nil if no segment is open
	begun time.Time       // when it was first settled
}

// write puts a row into the open segment. The check never hears of a spool that fails; it is counted.
func (s *Spool) write(r *segment.Row) {
	err := s.begin()
	if err == nil {
		err = s.open.out.Write(*r)
	}
	if err != nil {
		s.Stats.Unspooled.Add(1)
		if s.open.out != nil && s.open.out.Flush() != nil {
			s.finish() // the disk is full or broken: the next row tries another file
		}
		return
	}
	if s.open.out.Full() {
		s.finish()
	}
}

// begin opens a segment if none is open.
func (s *Spool) begin() error {
	if s.open.out != nil {
		return nil
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(s.Dir, "open-*")
	if err != nil {
		return err
	}
	out, err := segment.NewWriter(f, s.Operator)
	if err != nil {
		return errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	s.open = openSegment{file: f, out: out}
	return nil
}

// settle syncs what is written so far and finishes a segment that is old. A crash then costs the rows
// of one flushEvery, and the stays that go on: those are in memory until they end.
func (s *Spool) settle(now time.Time) {
	switch {
	case s.open.out == nil:
		return
	case s.open.begun.IsZero():
		s.open.begun = now
	case now.Sub(s.open.begun) >= segmentAge:
		s.finish()
		return
	}
	if s.open.out.Flush() != nil || s.open.file.Sync() != nil {
		s.finish()
	}
}

// finish ends the open segment, syncs it and gives it its name. Where that fails its rows count as
// not spooled; the file stays for Recover, which saves what it can of it.
func (s *Spool) finish() error {
	if s.open.out == nil {
		return nil
	}
	f, out := s.open.file, s.open.out
	s.open = openSegment{}
	err := out.Close()
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = adopt(f.Name())
	}
	if err != nil {
		s.Stats.Unspooled.Add(uint64(out.Rows()))
		return fmt.Errorf("ending segment %s: %w", f.Name(), err)
	}
	s.Stats.Spooled.Add(uint64(out.Rows()))
	return nil
}

// adopt renames a whole segment to its digest. If we crash before the directory is synced it may
// have its old name again: Recover adopts it again.
func adopt(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := os.Rename(path, filepath.Join(dir, fmt.Sprintf("%x.segment", h.Sum(nil)))); err != nil {
		return err
	}
	return syncDir(dir)
}

// Recover makes whole segments of those that a crash left torn. What can not be read or written anew
// stays for the next start, and the rest is recovered all the same: the error is to be told, and
// nothing for a node not to answer by.
func (s *Spool) Recover() error {
	torn, err := filesIn(s.Dir, "open-", "")
	for _, name := range torn {
		if e := s.recover(filepath.Join(s.Dir, name)); e != nil {
			err = errors.Join(err, fmt.Errorf("recovering segment %s, it stays for the next start: %w", name, e))
		}
	}
	return err
}

func (s *Spool) recover(path string) error {
	rows, whole, err := readTorn(path)
	switch {
	case err != nil:
		return err
	case whole:
		return adopt(path)
	case len(rows) == 0:
		return os.Remove(path)
	}
	before := s.Stats.Unspooled.Load()
	for i := range rows {
		s.write(&rows[i])
	}
	if err := s.finish(); err != nil {
		return err
	}
	if n := s.Stats.Unspooled.Load() - before; n > 0 {
		return fmt.Errorf("%d of its rows could not be written anew", n)
	}
	return os.Remove(path)
}

// readTorn reads what is whole of a segment. A disk that does not give its bytes is an error; what
// is wrong with the bytes only ends the rows.
func readTorn(path string) (rows []segment.Row, whole bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	in, err := segment.NewReader(f)
	var r segment.Row
	for err == nil {
		if err = in.Next(&r); err == nil {
			rows = append(rows, r)
		}
	}
	if disk := new(fs.PathError); errors.As(err, &disk) {
		return nil, false, err
	}
	return rows, err == io.EOF, nil
}
