package detect

import (
	"math/bits"
	"strconv"

	"github.com/openceir/openceir/internal/device"
)

// transient holds for a device that passes through numbers as a SIM box does: in the window it was
// seen with MSISDNs (of 12 to 15 digits) on at least so many number-days for each day of the
// window, the numbers are at least two and equally far apart, and one operator saw it.
type transient struct{ numbers int }

func (*transient) kind() string { return "transient" }
func (d *transient) params() []param {
	return []param{{"numbers_a_day", strconv.Itoa(d.numbers)}}
}

func (d *transient) judge(b *bench, w window) (bool, device.Day) {
	if b.atMost(countMSISDNs) < 2 {
		return false, 0
	}
	now := d.at(b, b.start(w), w)
	return now, b.nextFlip(windowed{d, w}, w, now)
}

// windowed asks for the length of the window that it was given, not of what is left of it.
type windowed struct {
	d *transient
	w window
}

func (x windowed) at(b *bench, start int) bool { return x.d.at(b, start, x.w) }

func (d *transient) at(b *bench, start int, w window) bool {
	return d.numberDays(b, start) >= d.numbers*w.days && b.evenlySpaced(start) && b.oneOperator(start)
}

// numberDays returns the sum over days of the numbers seen.
func (d *transient) numberDays(b *bench, start int) (sum int) {
	c := b.crowd(countMSISDNs)
	for i, v := range c.bits {
		sum += bits.OnesCount64(v & mask(i%b.words, start))
	}
	return sum
}

// evenlySpaced reports whether the numbers of the window are at least two and one distance apart.
func (b *bench) evenlySpaced(start int) bool {
	c := b.crowd(countMSISDNs)
	n, last, step, at := 0, uint64(0), uint64(0), -1
	label := uint64(0)
	for _, l := range c.rows { // by number; rows without a day of the horizon have no bits
		if l.label == label || !b.within(&b.h.Days[l.row]) {
			continue
		}
		label = l.label
		if at++; !anyFrom(c.bits[at*b.words:(at+1)*b.words], start) {
			continue
		}
		switch n++; {
		case n == 2:
			step = label - last
		case n > 2 && label-last != step:
			return false
		}
		last = label
	}
	return n >= 2
}

// within reports whether a row has bits in the bench.
func (b *bench) within(row *device.Days) bool {
	back := int(b.month - row.Month)
	return b.past(row) != 0 && back < len(b.offsets) && b.offsets[back] >= -31
}

// oneOperator reports whether one operator has all the sightings of the window.
func (b *bench) oneOperator(start int) bool {
	var op device.Operator
	for i := range b.h.Days {
		row := &b.h.Days[i]
		if !b.within(row) {
			continue
		}
		if _, high := bitsOf(b.past(row)); b.offsets[int(b.month-row.Month)]+high < start {
			continue
		}
		if op != "" && row.Operator != op {
			return false
		}
		op = row.Operator
	}
	return true
}

func (d *transient) explain(b *bench, w window, evidence map[string]string) (device.Day, int) {
	start := b.start(w)
	put(evidence, "window", "%s..%s", b.base+device.Day(start), b.asOf)
	put(evidence, "transient", "%d number-days of evenly spaced numbers, threshold %d", d.numberDays(b, start), d.numbers*w.days)
	return b.anySeen(start), 0
}

// bitsOf returns the lowest and highest bit of a month that has one.
func bitsOf(days uint32) (low, high int) {
	return bits.TrailingZeros32(days), 31 - bits.LeadingZeros32(days)
}

// share is the largest share: it holds for a device on which nobody stands out, of whose days in
// the window the busiest user was seen on at most a part. An honest phone has one holder who is
// there nearly always; of a cloned identity each holder has a part of the days. One user is no
// share.
type share struct {
	atMost     int // in thousandths
	activeDays int
	identity   identity
	spare      spare
}

func (*share) kind() string { return "largest_share" }

func (d *share) params() []param {
	return append([]param{
		{"at_most", decimal(d.atMost, 3)},
		{"active_days", strconv.Itoa(d.activeDays)},
	}, append(d.spare.params(), d.identity.params()...)...)
}

func (d *share) judge(b *bench, w window) (bool, device.Day) {
	if b.atMost(d.identity) < 2 {
		return false, 0
	}
	now := d.at(b, b.start(w))
	return now, b.nextFlip(d, w, now)
}

func (d *share) at(b *bench, start int) bool {
	most, days := d.value(b, start)
	return days >= d.activeDays && most > 0 && most*1000 <= d.atMost*days
}

// value returns the days of the busiest of two users or more, and of the device.
func (d *share) value(b *bench, start int) (most, days int) {
	if days = b.daysSeen(d.identity, start); days < d.activeDays {
		return 0, days
	}
	g := b.crowdOf(start, &d.spare, d.identity)
	for i := range g.count() {
		if g.count() < 2 {
			break
		}
		sum := 0
		for _, v := range g.bits[i*b.words : (i+1)*b.words] {
			sum += bits.OnesCount64(v)
		}
		most = max(most, sum)
	}
	return most, days
}

func (d *share) explain(b *bench, w window, evidence map[string]string) (device.Day, int) {
	start := b.start(w)
	most, days := d.value(b, start)
	b.window(start, evidence)
	put(evidence, "largest_share", "%d of %d days, at most %s", most, days, decimal(d.atMost, 3))
	return b.firstCounted(start), ratio(d.atMost*days, max(1, most*1000))
}
