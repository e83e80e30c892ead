package eir

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// Seen remembers which (device, subscriber) pairs this network saw in the last 30 days: the node's
// own measure of what a change of the list would do. It is kept in a file, now and then and at the
// end: a node that is killed forgets what was new since.
//
// The days are those of the observations. A clock that jumped ahead must not silence the measure, so
// whoever asks says what day it is: the 30 days end then or with the newest day seen, whichever is
// earlier. In doubt too many pairs are counted, which asks for more signatures.
type Seen struct {
	mu      sync.RWMutex // guards the rest
	pairs   map[pair]device.Day
	newest  device.Day
	missed  uint64    // pairs not taken because there were maxSeen
	changed bool      // since it was saved
	next    time.Time // when Keep saves again
}

// pair is a device and who used it.
type pair struct {
	device imei.IMEI
	who    subscriber.ID
}

// sighting is a pair and the last day on which it was seen.
type sighting struct {
	pair
	day device.Day
}

// Add notes a pair seen on a day.
func (s *Seen) Add(m imei.IMEI, who subscriber.ID, day device.Day) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := pair{m, who}
	last, known := s.pairs[p]
	switch {
	case known && day <= last:
		return
	case !known && len(s.pairs) >= maxSeen:
		s.missed++
		return
	case s.pairs == nil:
		s.pairs = map[pair]device.Day{}
	}
	s.pairs[p], s.changed = day, true
	s.newest = max(s.newest, day)
}

// Missed returns how many sightings of further pairs were not taken because there were too many.
func (s *Seen) Missed() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.missed
}

// each returns all sightings, in no order. It holds the lock for seenBreath of them at a time, so that
// nobody waits for a long walk: a pair that comes meanwhile may or may not be among them.
func (s *Seen) each() iter.Seq[sighting] {
	return func(yield func(sighting) bool) {
		s.mu.RLock()
		defer s.mu.RUnlock()
		n := 0
		for p, day := range s.pairs { // the language allows a map to change between two steps
			if !yield(sighting{p, day}) {
				return
			}
			if n++; n%seenBreath == 0 {
				s.mu.RUnlock()
				s.mu.RLock()
			}
		}
	}
}

// sorted returns all sightings by device and subscriber.
func (s *Seen) sorted() []sighting {
	all := slices.Collect(s.each())
	slices.SortFunc(all, func(a, b sighting) int {
		return cmp.Or(cmp.Compare(a.device, b.device), cmp.Compare(a.who, b.who))
	})
	return all
}

// over returns the last day that no longer counts on a day.
func (s *Seen) over(today device.Day) device.Day {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return min(s.newest, today) - seenDays
}

// Count returns the pairs seen in the last 30 days as they are now. today is the day by the node's
// clock.
func (s *Seen) Count(today device.Day) *Counted {
	over, c := s.over(today), &Counted{below: []int{0}}
	for _, p := range s.sorted() {
		if p.day <= over {
			continue
		}
		if n := len(c.devices); n == 0 || c.devices[n-1] != p.device {
			c.devices, c.below = append(c.devices, p.device), append(c.below, c.below[n])
		}
		c.below[len(c.devices)]++
	}
	return c
}

// Counted is a count of pairs that does not change. It implements list.Seen.
type Counted struct {
	devices []imei.IMEI // sorted
	below   []int       // below[i] is the pairs of devices[:i]
}

// Pairs implements list.Seen.
func (c *Counted) Pairs(m imei.IMEI) int { return c.InRange(m, m) }

// InRange implements list.Seen.
func (c *Counted) InRange(from, to imei.IMEI) int {
	i, _ := slices.BinarySearch(c.devices, from)
	j, found := slices.BinarySearch(c.devices, to)
	if found {
		j++
	}
	return c.below[max(i, j)] - c.below[i]
}

// Forget drops the pairs that were last seen more than 30 days ago. today is the day by the node's
// clock.
func (s *Seen) Forget(today device.Day) {
	over := s.over(today)
	var old []pair
	for p := range s.each() {
		if p.day <= over {
			old = append(old, p.pair)
		}
	}
	for some := range slices.Chunk(old, seenBreath) {
		s.drop(some, over)
	}
}

func (s *Seen) drop(pairs []pair, over device.Day) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range pairs {
		if s.pairs[p] <= over { // it was not seen again meanwhile
			delete(s.pairs, p)
			s.changed = true
		}
	}
}

// seenMagic begins the file of pairs; each pair follows as IMEI and subscriber (64-bit) and day
// (32-bit), little-endian, sorted; then the CRC-32C of all of it.
const seenMagic = "OCEIRPA2"

const pairLen = 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Keep forgets what is old and saves the pairs, if something is new and it is time: every
// saveEvery, and less often where the file is large. A save that failed is tried again as late as
// one that did not.
func (s *Seen) Keep(path string, now time.Time, today device.Day) error {
	if !s.due(now) {
		return nil
	}
	s.Forget(today)
	return s.Save(path)
}

// due reports whether it is time to save, and if so says when the next time is. The first look only
// begins the waiting.
func (s *Seen) due(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait := savePause(len(s.pairs))
	begun := !s.next.IsZero() && s.next.Sub(now) <= wait // a clock that was put back begins anew
	if begun && (now.Before(s.next) || !s.changed) {
		return false
	}
	s.next = now.Add(wait)
	return begun
}

// savePause returns how long to wait before so many pairs are saved.
func savePause(pairs int) time.Duration {
	return max(saveEvery, time.Duration(pairs)*pairLen*time.Second/saveRate)
}

// Save writes the pairs to a file, replacing it at once or not at all.
func (s *Seen) Save(path string) error {
	s.mu.Lock()
	s.changed = false // what comes from here on may miss the file
	s.mu.Unlock()
	data := s.encode()
	err := replace(path, func(w io.Writer) error { _, err := w.Write(data); return err })
	if err != nil {
		s.mu.Lock()
		s.changed = true
		s.mu.Unlock()
		return fmt.Errorf("saving what was seen: %w", err)
	}
	return nil
}

func (s *Seen) encode() []byte {
	all := s.sorted()
	b := make([]byte, 0, len(seenMagic)+len(all)*pairLen+4)
	b = append(b, seenMagic...)
	for _, p := range all {
		b = binary.LittleEndian.AppendUint64(b, uint64(p.device))
		b = binary.LittleEndian.AppendUint64(b, uint64(p.who))
		b = binary.LittleEndian.AppendUint32(b, uint32(p.day))
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// Load reads what Save wrote, and removes what a Save that was killed left beside it. A file that is
// not there holds nothing; of one that is damaged nothing is taken. Nobody may be saving.
func (s *Seen) Load(path string) error {
	if err := sweepUnfinished(filepath.Dir(path)); err != nil {
		return fmt.Errorf("sweeping beside %s: %w", path, err)
	}
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	body := data[:max(0, len(data)-4)]
	if !bytes.HasPrefix(body, []byte(seenMagic)) || (len(body)-len(seenMagic))%pairLen != 0 ||
		crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(data[len(body):]) {
		return fmt.Errorf("reading %s: it is not a file of seen pairs, or damaged; the next save replaces it", path)
	}
	for b := body[len(seenMagic):]; len(b) > 0; b = b[pairLen:] {
		s.Add(imei.IMEI(binary.LittleEndian.Uint64(b)), subscriber.ID(binary.LittleEndian.Uint64(b[8:])),
			device.Day(int32(binary.LittleEndian.Uint32(b[16:]))))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed = false
	return nil
}
