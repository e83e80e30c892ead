package eir

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"os"
	"slices"
	"sync"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// Seen remembers which (device, subscriber) pairs this network saw in the last 30 days: the node's
// own measure of what a change of the list would do.
type Seen struct {
	mu    sync.RWMutex // guards the rest
	pairs map[imei.IMEI]map[subscriber.ID]device.Day
	today device.Day
}

// Add notes a pair seen on a day.
func (s *Seen) Add(m imei.IMEI, who subscriber.ID, day device.Day) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pairs == nil {
		s.pairs = map[imei.IMEI]map[subscriber.ID]device.Day{}
	}
	if s.pairs[m] == nil {
		s.pairs[m] = map[subscriber.ID]device.Day{}
	}
	s.pairs[m][who] = max(day, s.pairs[m][who])
	s.today = max(s.today, day)
}

// Count returns the pairs seen in the last 30 days as they are now.
func (s *Seen) Count() *Counted {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c := &Counted{devices: sortedIMEIs(s.pairs), below: make([]int, 1, len(s.pairs)+1)}
	for _, m := range c.devices {
		n := 0
		for _, day := range s.pairs[m] {
			if day > s.today-seenDays {
				n++
			}
		}
		c.below = append(c.below, c.below[len(c.below)-1]+n)
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

// Forget drops the pairs that were last seen more than 30 days ago.
func (s *Seen) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for m, whos := range s.pairs {
		for who, day := range whos {
			if day <= s.today-seenDays {
				delete(whos, who)
			}
		}
		if len(whos) == 0 {
			delete(s.pairs, m)
		}
	}
}

// seenMagic begins the file of pairs; each pair follows as IMEI and subscriber (64-bit) and day
// (32-bit), little-endian, sorted; then the CRC-32C of all of it.
const seenMagic = "OCEIRPA2"

const pairLen = 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Save writes the pairs to a file, replacing it.
func (s *Seen) Save(path string) error {
	data := s.encode() // nobody waits for the disk
	return replace(path, func(w io.Writer) error { _, err := w.Write(data); return err })
}

func (s *Seen) encode() []byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b := []byte(seenMagic)
	for _, m := range sortedIMEIs(s.pairs) {
		for _, who := range slices.Sorted(maps.Keys(s.pairs[m])) {
			b = binary.LittleEndian.AppendUint64(b, uint64(m))
			b = binary.LittleEndian.AppendUint64(b, uint64(who))
			b = binary.LittleEndian.AppendUint32(b, uint32(s.pairs[m][who]))
		}
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func sortedIMEIs(pairs map[imei.IMEI]map[subscriber.ID]device.Day) []imei.IMEI {
	out := make([]imei.IMEI, 0, len(pairs))
	for m := range pairs {
		out = append(out, m)
	}
	slices.Sort(out)
	return out
}

// Load reads what Save wrote; a file that is not there holds nothing.
func (s *Seen) Load(path string) error {
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
		return fmt.Errorf("reading %s: it is not a file of seen pairs, or damaged; remove it and the node counts anew", path)
	}
	for b := body[len(seenMagic):]; len(b) > 0; b = b[pairLen:] {
		s.Add(imei.IMEI(binary.LittleEndian.Uint64(b)), subscriber.ID(binary.LittleEndian.Uint64(b[8:])),
			device.Day(int32(binary.LittleEndian.Uint32(b[16:]))))
	}
	return nil
}
