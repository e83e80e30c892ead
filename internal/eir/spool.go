package eir

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/segment"
	"github.com/openceir/openceir/subscriber"
)

// Spool joins checks into stays and writes them as segments. It is owned by one goroutine.
type Spool struct {
	Dir      string
	Operator device.Operator
	Zone     *time.Location
	Seen     *Seen
	Stats    *Stats
	// Policy decides what of an observation may leave the operator; nil lets all of it.
	Policy func(*device.Attach)

	stays map[stayKey]*segment.Row
	file  *os.File
	out   *segment.Writer
	begun time.Time
}

type stayKey struct {
	imei   string
	imsi   subscriber.IMSI
	msisdn subscriber.MSISDN
	area   device.Area
}

// Run empties the core's ring until ctx ends, then writes out what is left. The ring is the
// core's only way out, so there is one Run.
func (s *Spool) Run(ctx context.Context, c *Core) error {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case o := <-c.ring:
			s.Observe(&o.Attach)
		case <-tick.C:
			s.sweep(c.Now())
		case <-ctx.Done():
			for len(c.ring) > 0 {
				o := <-c.ring
				s.Observe(&o.Attach)
			}
			return s.Close()
		}
	}
}

// Observe takes one check.
func (s *Spool) Observe(a *device.Attach) {
	s.Stats.Observed.Add(1)
	t := time.UnixMicro(a.Time)
	day, minute := device.DayOf(t, s.Zone), device.Minute(t.Unix()/60)
	if m, err := imei.Parse(a.IMEI); err == nil {
		s.Seen.Add(m, subscriber.Of(a.IMSI, a.MSISDN), day)
	}
	if s.Policy != nil {
		s.Policy(a)
	}
	from, first := minute, day
	key := stayKey{a.IMEI, a.IMSI, a.MSISDN, a.Area}
	if r := s.stays[key]; r != nil {
		if minute >= r.From && minute-r.To <= stayGap && minute-r.From < segment.StayMax {
			if r.Radio == a.Radio {
				r.To, r.Last = max(r.To, minute), max(r.Last, day)
				return
			}
			from, first = r.To, r.Last // the stay goes on by another radio
		}
		s.write(r)
	}
	if s.stays == nil {
		s.stays = map[stayKey]*segment.Row{}
	}
	if len(s.stays) >= maxStays {
		s.flush()
	}
	s.stays[key] = &segment.Row{IMEI: a.IMEI, IMSI: a.IMSI, MSISDN: a.MSISDN, Radio: a.Radio, Area: a.Area,
		From: min(from, minute), To: minute, First: min(first, day), Last: day}
}

// sweep writes out the stays that have ended and closes a segment that is old.
func (s *Spool) sweep(now time.Time) {
	ended := device.Minute(now.Unix()/60) - stayGap
	for key, r := range s.stays {
		if r.To < ended {
			s.write(r)
			delete(s.stays, key)
		}
	}
	if s.out != nil && now.Sub(s.begun) > segmentAge {
		s.finish()
	}
}

// flush writes out all stays, in a fixed order.
func (s *Spool) flush() {
	rows := make([]*segment.Row, 0, len(s.stays))
	for _, r := range s.stays {
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b *segment.Row) int {
		if a.From != b.From {
			return int(a.From) - int(b.From)
		}
		return strings.Compare(fmt.Sprint(*a), fmt.Sprint(*b))
	})
	for _, r := range rows {
		s.write(r)
	}
	clear(s.stays)
}

// write puts a row into the open segment. The check never hears of a spool that fails; it is counted.
func (s *Spool) write(r *segment.Row) {
	err := s.open(time.Unix(int64(r.To)*60, 0))
	if err == nil {
		err = s.out.Write(*r)
	}
	if err != nil {
		s.Stats.Unspooled.Add(1)
		return
	}
	s.Stats.Spooled.Add(1)
	if s.out.Full() {
		s.finish()
	}
}

func (s *Spool) open(at time.Time) error {
	if s.out != nil {
		return nil
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(s.Dir, "open-*")
	if err != nil {
		return err
	}
	if s.out, err = segment.NewWriter(f, s.Operator); err != nil {
		f.Close()
		return err
	}
	s.file, s.begun = f, at
	return nil
}

// finish ends the open segment, syncs it and gives it the name by which the feed finds it.
func (s *Spool) finish() error {
	if s.out == nil {
		return nil
	}
	f, out := s.file, s.out
	s.file, s.out = nil, nil
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
	return nil
}

// adopt renames a whole segment to its digest.
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
	return os.Rename(path, filepath.Join(filepath.Dir(path), fmt.Sprintf("%x.segment", h.Sum(nil))))
}

// Close writes out everything that is still in memory.
func (s *Spool) Close() error {
	s.flush()
	return s.finish()
}

// Recover makes whole segments of those that a crash left torn.
func (s *Spool) Recover() error {
	torn, err := filepath.Glob(filepath.Join(s.Dir, "open-*"))
	if err != nil {
		return err
	}
	for _, path := range torn {
		if err := s.recover(path); err != nil {
			return fmt.Errorf("recovering segment %s: %w", path, err)
		}
	}
	return s.finish()
}

func (s *Spool) recover(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if in, err := segment.NewReader(f); err == nil {
		var r segment.Row
		for in.Next(&r) == nil {
			s.write(&r)
		}
	}
	if err := s.finish(); err != nil {
		return err
	}
	return os.Remove(path)
}

// replace writes a file aside, syncs it and renames it over path.
func replace(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // nothing after the rename
	if err = write(f); err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}
