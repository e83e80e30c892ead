package lake

import (
	"context"
	"math/bits"
	"slices"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

// Active counts the distinct (IMEI, subscriber) pairs seen in a window of 30 days. It is what the
// guard weighs a change with, so a device that was only ever seen without a known subscriber counts
// as one pair: nothing that is in use weighs nothing.
//
// A device takes eight bytes. It does not change and may be read by many at once.
type Active struct {
	from, to device.Day
	covered  uint32   // bit i: day from+i has data
	devices  []uint64 // sorted: IMEI << pairBits | min(pairs, pairMask)
	blocks   []uint64 // pairs of each blockLen devices, summed
	above    map[imei.IMEI]int
	total    int
}

const (
	pairBits = 17 // an IMEI takes 47 bits
	pairMask = 1<<pairBits - 1
	blockLen = 512
)

// Active reads the pairs seen in the 30 days that end with asOf, which should be the last complete
// day. Only parts of table days that touch the window are read.
func (l *Lake) Active(ctx context.Context, parts []device.Part, asOf device.Day) (*Active, error) {
	a := &Active{from: asOf - windowDays + 1, to: asOf, above: make(map[imei.IMEI]int)}
	first, _ := a.from.Month()
	last, _ := asOf.Month()
	window := make([]uint32, last-first+1)
	for d := a.from; d <= a.to; d++ {
		m, n := d.Month()
		window[m-first] |= 1 << (n - 1)
	}
	var within []device.Part
	rows := int64(0)
	for _, p := range parts {
		if p.Table == TableDays && p.Month >= first && p.Month <= last {
			within = append(within, p)
			rows += p.Rows
		}
	}
	a.devices = make([]uint64, 0, rows)
	seen := make([]uint32, len(window))
	var ends []int
	for bucket := range device.Buckets {
		picked, err := pick(within, TableDays, bucket)
		if err != nil {
			return nil, err
		}
		days, err := openMerge(picked, l.openDays, compareDays)
		if err != nil {
			return nil, err
		}
		err = a.count(ctx, days, first, window, seen)
		days.close()
		if err != nil {
			return nil, err
		}
		ends = append(ends, len(a.devices))
	}
	for i, in := range seen {
		a.cover(first+device.Month(i), in)
	}
	a.index(ends)
	return a, nil
}

// count takes the devices of one bucket, and notes the days on which any was seen. Rows come in the
// order of subscriber within a device.
func (a *Active) count(ctx context.Context, days *merge[device.Days], first device.Month, window, on []uint32) error {
	n := 0
	for d := days.head(); d != nil; {
		m, pairs, seen := d.IMEI, 0, false
		previous := d.Subscriber()
		previous = ^previous
		for ; d != nil && d.IMEI == m; d = days.head() {
			if n++; n%(1<<16) == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			if in := d.All() & window[d.Month-first]; in != 0 {
				seen = true
				on[d.Month-first] |= in
				if s := d.Subscriber(); s != 0 && s != previous {
					previous = s
					pairs++
				}
			}
			if err := days.next(); err != nil {
				return err
			}
		}
		if seen {
			a.add(m, max(1, pairs))
		}
	}
	return nil
}

func (a *Active) cover(m device.Month, in uint32) {
	// Bit 0 of in is the month's first day, bit 0 of covered the window's.
	if shift := int(m.First() - a.from); shift >= 0 {
		a.covered |= in << shift
	} else {
		a.covered |= in >> -shift
	}
}

func (a *Active) add(m imei.IMEI, pairs int) {
	if pairs >= pairMask {
		a.above[m] = pairs
	}
	a.devices = append(a.devices, uint64(m)<<pairBits|uint64(min(pairs, pairMask)))
	a.total += pairs
}

// index puts the devices, which are sorted within each bucket, in order.
func (a *Active) index(ends []int) {
	a.devices = joinRuns(a.devices, make([]uint64, len(a.devices)), ends)
	a.blocks = make([]uint64, (len(a.devices)+blockLen-1)/blockLen)
	for i, d := range a.devices {
		a.blocks[i/blockLen] += uint64(a.pairs(d))
	}
}

// joinRuns merges sorted runs, two by two, and returns the one of both slices that has the result.
func joinRuns(from, to []uint64, ends []int) []uint64 {
	for len(ends) > 1 {
		var joined []int
		begin := 0
		for i := 0; i < len(ends); i += 2 {
			middle, end := ends[i], ends[min(i+1, len(ends)-1)]
			x, y, out := from[begin:middle], from[middle:end], to[begin:end]
			for k := range out {
				if len(y) == 0 || len(x) > 0 && x[0] < y[0] {
					out[k], x = x[0], x[1:]
				} else {
					out[k], y = y[0], y[1:]
				}
			}
			joined = append(joined, end)
			begin = end
		}
		from, to, ends = to, from, joined
	}
	return from
}

func (a *Active) pairs(d uint64) int {
	if n := int(d & pairMask); n < pairMask {
		return n
	}
	return a.above[imei.IMEI(d>>pairBits)]
}

// find returns the place of the first device that is not below m.
func (a *Active) find(m imei.IMEI) int {
	i, _ := slices.BinarySearch(a.devices, uint64(m)<<pairBits)
	return i
}

// Pairs returns the pairs of one device, 0 if it was not seen in the window.
func (a *Active) Pairs(m imei.IMEI) int {
	if i := a.find(m); i < len(a.devices) && imei.IMEI(a.devices[i]>>pairBits) == m {
		return a.pairs(a.devices[i])
	}
	return 0
}

// InRange returns the pairs of all devices from one IMEI to another, both included.
func (a *Active) InRange(from, to imei.IMEI) int {
	if from > to {
		return 0
	}
	n := 0
	for i, end := a.find(from), a.find(to+1); i < end; {
		if i%blockLen == 0 && i+blockLen <= end {
			n += int(a.blocks[i/blockLen])
			i += blockLen
			continue
		}
		n += a.pairs(a.devices[i])
		i++
	}
	return n
}

// Total returns the pairs of all devices.
func (a *Active) Total() int { return a.total }

// Devices returns how many distinct devices were seen in the window.
func (a *Active) Devices() int { return len(a.devices) }

// DaysCovered returns on how many of the 30 days any device was seen.
func (a *Active) DaysCovered() int { return bits.OnesCount32(a.covered) }

// Window returns the first and last day of the window.
func (a *Active) Window() (from, to device.Day) { return a.from, a.to }
