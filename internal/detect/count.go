package detect

import (
	"fmt"
	"math/bits"
	"strconv"

	"github.com/openceir/openceir/internal/device"
)

// counting is a dimension that can be asked for a window by the bit at which it begins.
type counting interface {
	at(b *bench, start int) bool
}

// subscribers is the simple subscription threshold, Q.5052 §7.1.1: at least so many distinct users
// in the window, where one who is seen with two operators counts once.
type subscribers struct {
	atLeast    int
	identity   identity
	sequential bool // count the peak of simultaneous tenures
	spare      spare
}

func (*subscribers) kind() string { return "subscribers" }

func (d *subscribers) params() []param {
	return append([]param{
		{"at_least", strconv.Itoa(d.atLeast)},
		{"sequential", strconv.FormatBool(d.sequential)},
	}, append(d.spare.params(), d.identity.params()...)...)
}

func (d *subscribers) judge(b *bench, w window) (bool, device.Day) {
	if b.atMost(d.identity) < d.atLeast && !b.h.Truncated {
		return false, 0 // no step makes users of nothing
	}
	now := d.at(b, b.start(w))
	return now, b.nextFlip(d, w, now)
}

// atMost returns a number that the identities of the device do not exceed, without counting them.
func (b *bench) atMost(what identity) int {
	switch what {
	case countUsers:
		return len(b.roots)
	case countMSISDNs:
		return len(b.h.Days)
	}
	return len(b.users)
}

func (d *subscribers) at(b *bench, start int) bool { return d.value(b, start) >= d.atLeast }

// value returns the number of users. Of a truncated history the number is known and the users are
// not: nobody is spared, and any day within the window stands for all.
func (d *subscribers) value(b *bench, start int) int {
	if b.h.Truncated && anyFrom(b.seen, start) && start < b.horizon {
		return max(b.h.Subscribers, len(b.roots))
	}
	g := b.crowdOf(start, &d.spare, d.identity)
	if d.sequential {
		return b.peak(g)
	}
	return g.count()
}

// peak returns the greatest number of users whose tenures, from first to last day in the window,
// cover one night together. By Dilworth that is the least number of people who could explain the
// sightings by using one card after another; where users exist it is at least one.
func (b *bench) peak(g *groups) int {
	if g.count() < 2 {
		return g.count()
	}
	if b.moments == nil {
		b.moments = make([]int16, b.horizon+1)
	}
	clear(b.moments)
	for i := range g.roots {
		first, last := span(g.bits[i*b.words : (i+1)*b.words])
		b.moments[first]++
		b.moments[last]--
	}
	most, now := 1, 0
	for _, change := range b.moments {
		now += int(change)
		most = max(most, now)
	}
	return most
}

// span returns the first and last day of a bitmap that has one.
func span(words []uint64) (first, last int) {
	first = -1
	for w, v := range words {
		if v == 0 {
			continue
		}
		if first < 0 {
			first = w*64 + bits.TrailingZeros64(v)
		}
		last = w*64 + 63 - bits.LeadingZeros64(v)
	}
	return first, last
}

func (d *subscribers) explain(b *bench, w window, evidence map[string]string) (device.Day, int) {
	start := b.start(w)
	n := d.value(b, start)
	b.crowdOf(start, &d.spare, d.identity)
	b.window(start, evidence)
	put(evidence, "subscribers", "%d, threshold %d", n, d.atLeast)
	if b.h.Truncated {
		put(evidence, "truncated", "the history is too long to show; the number is of all subscribers kept")
	} else if d.sequential {
		put(evidence, "sequential", "at least %d people, of %d users one after another", n, b.groups.count())
	}
	return b.firstCounted(start), ratio(n, d.atLeast)
}

// average is the average subscription threshold, Q.5052 §7.1.2: users on an average day on which
// the device was seen, if it was seen on enough days. One user with two operators on a day counts
// once.
//
// Of other identities than users only the days on which any of them was seen are counted, as the
// peers do it.
type average struct {
	atLeast    int // in thousandths
	activeDays int
	identity   identity
	spare      spare
}

func (*average) kind() string { return "average_subscribers" }

func (d *average) params() []param {
	return append([]param{
		{"at_least", decimal(d.atLeast, 3)},
		{"active_days", strconv.Itoa(d.activeDays)},
	}, append(d.spare.params(), d.identity.params()...)...)
}

func (d *average) judge(b *bench, w window) (bool, device.Day) {
	if b.atMost(d.identity)*1000 < d.atLeast {
		return false, 0 // a day has no more users than there are
	}
	now := d.at(b, b.start(w))
	return now, b.nextFlip(d, w, now)
}

func (d *average) at(b *bench, start int) bool {
	sum, days := d.value(b, start)
	return days >= max(1, d.activeDays) && sum*1000 >= d.atLeast*days
}

// value returns the sum over days of users, and the days on which anybody was seen.
func (d *average) value(b *bench, start int) (sum, days int) {
	if days = b.daysSeen(d.identity, start); days < d.activeDays {
		return 0, days
	}
	for _, v := range b.crowdOf(start, &d.spare, d.identity).bits {
		sum += bits.OnesCount64(v)
	}
	return sum, days
}

// daysSeen returns the days of the window on which anybody was seen: for users whoever it was, for
// other identities one of them.
func (b *bench) daysSeen(what identity, start int) (days int) {
	if what == countUsers {
		for w, v := range b.seen {
			days += bits.OnesCount64(v & mask(w, start))
		}
		return days
	}
	c := b.crowd(what)
	for w := range b.words {
		any := uint64(0)
		for i := range c.n {
			any |= c.bits[i*b.words+w]
		}
		days += bits.OnesCount64(any & mask(w, start))
	}
	return days
}

func (d *average) explain(b *bench, w window, evidence map[string]string) (device.Day, int) {
	start := b.start(w)
	sum, days := d.value(b, start)
	b.window(start, evidence)
	put(evidence, "average_subscribers", "%s on %d days, threshold %s", decimal(sum*100/days, 2), days, decimal(d.atLeast, 3))
	return b.firstCounted(start), ratio(sum*1000/days, d.atLeast)
}

// ratio returns value over threshold in thousandths.
func ratio(value, threshold int) int { return int(min(int64(value)*1000/int64(threshold), 1_000_000)) }

// window writes what counting dimensions share: the days looked at, and who was spared.
func (b *bench) window(start int, evidence map[string]string) {
	put(evidence, "window", "%s..%s", b.base+device.Day(start), b.asOf)
	if b.groups.brief > 0 {
		put(evidence, "spared_brief", "%d seen too briefly to count", b.groups.brief)
	}
	if b.groups.homes > 0 {
		put(evidence, "spared_household", "%d who share a home and were never apart, counted as one each home", b.groups.homes)
	}
	if b.groups.pairs > 0 {
		put(evidence, "spared_siblings", "2 cards that move together, counted once")
	}
}

// put writes evidence, under a numbered name if another dimension took the plain one for something
// else.
func put(evidence map[string]string, key, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	name := key
	for n := 2; ; n++ {
		if old, taken := evidence[name]; !taken || old == text {
			break
		}
		name = key + " " + strconv.Itoa(n)
	}
	evidence[name] = text
}

// firstCounted returns the first day of the window on which a counted user was seen; where the
// history is truncated, on which anybody was.
func (b *bench) firstCounted(start int) device.Day {
	first := b.horizon - 1
	if b.h.Truncated || b.groups.count() == 0 {
		return b.anySeen(start)
	}
	for i := range b.groups.roots {
		f, _ := span(b.groups.bits[i*b.words : (i+1)*b.words])
		first = min(first, f)
	}
	return b.base + device.Day(first)
}
