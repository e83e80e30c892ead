package stats

import (
	"math/bits"
	"slices"
)

// days counts, for each day of a month, how many of the bitmaps added have it.
type days struct {
	lanes   [4]uint64 // eight counters of eight bits each
	pending int       // bitmaps in lanes
	total   [32]int64
}

// spread turns eight days into eight counters.
var spread = spreadTable()

func spreadTable() (t [256]uint64) {
	for i := range t {
		for bit := range 8 {
			t[i] |= uint64(i>>bit&1) << (8 * bit)
		}
	}
	return t
}

// lanesMax is how many bitmaps fit into counters of eight bits.
const lanesMax = 255

func (d *days) add(seen uint32) {
	d.lanes[0] += spread[seen&0xff]
	d.lanes[1] += spread[seen>>8&0xff]
	d.lanes[2] += spread[seen>>16&0xff]
	d.lanes[3] += spread[seen>>24]
	if d.pending++; d.pending == lanesMax {
		d.flush()
	}
}

func (d *days) flush() {
	for i := range d.total {
		d.total[i] += int64(d.lanes[i/8] >> (8 * (i % 8)) & 0xff)
	}
	d.lanes, d.pending = [4]uint64{}, 0
}

// all returns the counts of the days of a month, the first day first.
func (d *days) all(length int) []int64 {
	d.flush()
	return slices.Clone(d.total[:length])
}

// histogram counts how often each value came.
type histogram struct {
	dense [denseMax]int64
	rare  map[int]int64
}

func (h *histogram) add(value int) {
	if value < denseMax {
		h.dense[value]++
		return
	}
	if h.rare == nil {
		h.rare = map[int]int64{}
	}
	h.rare[value]++
}

// each calls f for every value that came, ascending.
func (h *histogram) each(f func(value int, n int64)) {
	for v, n := range h.dense {
		if n > 0 {
			f(v, n)
		}
	}
	var rare []int
	for v := range h.rare {
		rare = append(rare, v)
	}
	slices.Sort(rare)
	for _, v := range rare {
		f(v, h.rare[v])
	}
}

// rules is the set of conditions of a device, by their place.
type rules [rulesMax / 64]uint64

func (r *rules) set(i int)     { r[i/64] |= 1 << (i % 64) }
func (r rules) has(i int) bool { return r[i/64]>>(i%64)&1 == 1 }
func (r rules) none() bool     { return r == rules{} }
func (r rules) any(of rules) bool {
	for i := range r {
		if r[i]&of[i] != 0 {
			return true
		}
	}
	return false
}

func compareRules(a, b rules) int {
	for i := range a { // the set with the earliest condition first, the empty one last
		if x, y := bits.Reverse64(a[i]), bits.Reverse64(b[i]); x != y {
			if x > y {
				return -1
			}
			return 1
		}
	}
	return 0
}
