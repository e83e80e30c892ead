package observe

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// sighting is one row of a dump: a device and a subscriber on one day, on one or more radios.
type sighting struct {
	key    uint64 // IMEI << 10 | (day of the month - 1) << 5 | bits of radios
	imsi   subscriber.IMSI
	msisdn subscriber.MSISDN
}

const keyBits = 10

func sightingOf(m imei.IMEI, i subscriber.IMSI, n subscriber.MSISDN, day int, radios uint8) sighting {
	return sighting{uint64(m)<<keyBits | uint64(day-1)<<5 | uint64(radios), i, n}
}

// folder collects sightings by month and bucket. When there are enough of them it folds those of the
// same three identifiers into one row, and when there are enough of such rows, or no more come, it
// writes them as parts of the lake.
type folder struct {
	lake     Sightings
	operator device.Operator
	run      int // sightings held before they are folded
	most     int // folded rows held before they are written
	held     int
	rows     int // of all piles, folded
	piles    map[device.Month]*[device.Buckets]pile
	month    device.Month // of the piles used last
	last     *[device.Buckets]pile
	free     [][]sighting // chunks to be used again
	a, b     []sighting   // for sorting
	spare    []row        // for folding
	parts    []device.Part
}

// pile is the sightings of one month and bucket, in chunks so that growing copies nothing, and what
// was folded of those before.
type pile struct {
	chunks [][]sighting
	n      int
	rows   []row // sorted
}

// row is all sightings of one device by one subscriber in a month.
type row struct {
	imei   imei.IMEI
	imsi   subscriber.IMSI
	msisdn subscriber.MSISDN
	seen   [device.RadioCount]uint32
}

const chunkRows = 1024

func newFolder(lake Sightings, op device.Operator) *folder {
	return &folder{lake: lake, operator: op, run: runRows, most: foldedRows, piles: make(map[device.Month]*[device.Buckets]pile)}
}

// add takes a sighting of a month.
func (f *folder) add(ctx context.Context, month device.Month, bucket int, s sighting) error {
	if f.last == nil || month != f.month {
		if f.piles[month] == nil {
			f.piles[month] = new([device.Buckets]pile)
		}
		f.month, f.last = month, f.piles[month]
	}
	p := &f.last[bucket]
	if p.n%chunkRows == 0 {
		p.chunks = append(p.chunks, f.chunk())
	}
	chunk := &p.chunks[len(p.chunks)-1]
	*chunk = append(*chunk, s)
	p.n++
	if f.held++; f.held < f.run {
		return nil
	}
	if f.compact(); f.rows < f.most {
		return nil
	}
	return f.flush(ctx)
}

func (f *folder) chunk() []sighting {
	if n := len(f.free); n > 0 {
		c := f.free[n-1][:0]
		f.free = f.free[:n-1]
		return c
	}
	return make([]sighting, 0, chunkRows)
}

// compact folds the sightings that are held.
func (f *folder) compact() {
	for _, piles := range f.piles {
		for bucket := range piles {
			p := &piles[bucket]
			if p.n == 0 {
				continue
			}
			f.gather(p)
			before := len(p.rows)
			p.rows, f.spare = f.united(f.spare[:0], p.rows), p.rows
			f.rows += len(p.rows) - before
		}
	}
	f.held = 0
}

// gather moves the sightings of a pile to a, sorted.
func (f *folder) gather(p *pile) {
	f.a = f.a[:0]
	for _, c := range p.chunks {
		f.a = append(f.a, c...)
		f.free = append(f.free, c)
	}
	p.chunks, p.n = p.chunks[:0], 0
	f.sort()
}

// flush writes what is held, a part for each month and bucket.
func (f *folder) flush(ctx context.Context) error {
	months := make([]device.Month, 0, len(f.piles))
	for m := range f.piles {
		months = append(months, m)
	}
	slices.Sort(months)
	for _, month := range months {
		for bucket := range device.Buckets {
			p := &f.piles[month][bucket]
			if p.n == 0 && len(p.rows) == 0 {
				continue
			}
			f.gather(p)
			f.spare = f.united(f.spare[:0], p.rows)
			p.rows = nil
			part, err := f.lake.WriteDays(ctx, month, bucket, f.daysOf(f.spare, month))
			if err != nil {
				return err
			}
			f.parts = append(f.parts, part)
		}
	}
	f.held, f.rows = 0, 0
	return nil
}

// sort orders a by (IMEI, IMSI, MSISDN): by radix for the IMEI, then within each device.
func (f *folder) sort() {
	f.a, f.b = radix(f.a, f.b)
	for lo := 0; lo < len(f.a); {
		hi := lo + 1
		for hi < len(f.a) && f.a[hi].key>>keyBits == f.a[lo].key>>keyBits {
			hi++
		}
		if hi-lo > 1 {
			slices.SortFunc(f.a[lo:hi], func(x, y sighting) int {
				if x.imsi != y.imsi {
					return cmp.Compare(x.imsi, y.imsi)
				}
				return cmp.Compare(x.msisdn, y.msisdn)
			})
		}
		lo = hi
	}
}

// radix sorts by IMEI, eleven bits at a time from the lowest, and returns the sorted slice and the
// other one. Digits in which all rows agree cost one look.
func radix(a, b []sighting) (sorted, other []sighting) {
	if len(a) < 512 {
		slices.SortFunc(a, func(x, y sighting) int { return cmp.Compare(x.key>>keyBits, y.key>>keyBits) })
		return a, b
	}
	const bits, digits = 11, 5 // 55 bits hold the 47 of an IMEI
	var counts [digits][1 << bits]uint32
	for i := range a {
		k := a[i].key >> keyBits
		for d := range digits {
			counts[d][k>>(d*bits)&(1<<bits-1)]++
		}
	}
	b = slices.Grow(b[:0], len(a))[:len(a)]
	for d := range digits {
		shift := keyBits + d*bits
		c := &counts[d]
		if c[a[0].key>>shift&(1<<bits-1)] == uint32(len(a)) {
			continue
		}
		sum := uint32(0)
		for i := range c {
			c[i], sum = sum, sum+c[i]
		}
		for i := range a {
			at := &c[a[i].key>>shift&(1<<bits-1)]
			b[*at] = a[i]
			*at++
		}
		a, b = b, a
	}
	return a, b
}

// united appends to the rows the earlier ones and those that the sightings in a fold into.
func (f *folder) united(to, early []row) []row {
	for i := 0; i < len(f.a); {
		var r row
		if r, i = fold(f.a, i); len(early) > 0 {
			n := 0
			for n < len(early) && early[n].compare(&r) < 0 {
				n++
			}
			if to = append(to, early[:n]...); n < len(early) && early[n].compare(&r) == 0 {
				for radio := range r.seen {
					r.seen[radio] |= early[n].seen[radio]
				}
				n++
			}
			early = early[n:]
		}
		to = append(to, r)
	}
	return append(to, early...)
}

// fold returns the row of the sighting i of sorted ones and of those that follow with the same three
// identifiers, and where the next one begins.
func fold(sorted []sighting, i int) (row, int) {
	first := &sorted[i]
	r := row{imei: imei.IMEI(first.key >> keyBits), imsi: first.imsi, msisdn: first.msisdn}
	for ; i < len(sorted); i++ {
		s := &sorted[i]
		if s.key>>keyBits != first.key>>keyBits || s.imsi != r.imsi || s.msisdn != r.msisdn {
			break
		}
		day := uint32(1) << (s.key >> 5 & 31)
		for radio, bits := 0, s.key&31; bits != 0; radio, bits = radio+1, bits>>1 {
			if bits&1 != 0 {
				r.seen[radio] |= day
			}
		}
	}
	return r, i
}

func (r *row) compare(q *row) int {
	switch {
	case r.imei != q.imei:
		return cmp.Compare(r.imei, q.imei)
	case r.imsi != q.imsi:
		return cmp.Compare(r.imsi, q.imsi)
	}
	return cmp.Compare(r.msisdn, q.msisdn)
}

// daysOf yields rows as the lake has them.
func (f *folder) daysOf(rows []row, month device.Month) iter.Seq[*device.Days] {
	return func(yield func(*device.Days) bool) {
		d := device.Days{Operator: f.operator, Month: month}
		for i := range rows {
			r := &rows[i]
			d.IMEI, d.IMSI, d.MSISDN, d.Seen = r.imei, r.imsi, r.msisdn, r.seen
			if !yield(&d) {
				return
			}
		}
	}
}
