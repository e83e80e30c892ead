package detect

import (
	"math/bits"
	"slices"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// bench is where one device's history lies while it is judged. It is used again for the next
// device, so that judging a device that matches nothing allocates nothing.
//
// The horizon is the days (asOf-horizon, asOf]; bit k of a bitmap is the day base+k, so that the
// last bit is always asOf and a window of n days is the bits from horizon-n on.
type bench struct {
	h     *device.History
	facts *Facts
	asOf  device.Day

	horizon int
	words   int
	base    device.Day
	month   device.Month   // of asOf
	offsets [maxMonths]int // of the first day of month-i, from base
	// monthStarts are the bits at which windows of so many calendar months begin.
	monthStarts [maxWindowMonths + 1]int
	zone        *time.Location
	end         device.Minute // the first minute after asOf

	users    []user
	bits     []uint64 // words for each user
	seen     []uint64 // days on which anybody was seen, also an unknown subscriber
	links    []link
	roots    []int32 // users after continuity that were seen within the horizon
	pairs    int     // distinct subscribers in the last activeDays days
	ever     bool    // seen on a network up to asOf
	radios   uint8   // a bit for each class of radio it was seen on up to asOf
	future   device.Day
	disorder bool

	crowds  [identities]crowd
	marks   *Marks
	marked  Marks
	lastSet *TACSet
	lastTAC imei.TAC
	// lastModel is the place of lastTAC in lastSet.
	lastModel int
	// barredIn is the list in which lastBarred was looked for.
	barredIn   *imei.TAC
	lastBarred imei.TAC
	isBarred   bool

	evidence map[string]string                // being written
	said     map[*Condition]map[string]string // the last of each condition

	groups  groups
	homes   homes
	visits  visitors
	moments []int16
}

// user is a subscription of the device; root is the one it continues, or itself.
type user struct {
	id   subscriber.ID
	root int32
}

// link says that a subscription had a number.
type link struct {
	msisdn subscriber.MSISDN
	user   int32
}

func newBench(horizon int) *bench {
	words := (horizon + 63) / 64
	return &bench{horizon: horizon, words: words, seen: make([]uint64, words), asOf: never,
		evidence: map[string]string{}, said: map[*Condition]map[string]string{}}
}

// lay reads the history once.
func (b *bench) lay(h *device.History, f *Facts, asOf device.Day) {
	b.h, b.facts = h, f
	if b.marks = f.marks; b.marks == nil {
		b.marked = f.Lists.of(h)
		b.marks = &b.marked
	}
	if asOf != b.asOf || f.Zone != b.zone {
		b.turn(asOf, f.Zone)
	}
	if b.read(h.Days); b.disorder || !slices.IsSortedFunc(h.Visits, compareVisits) {
		b.h = sorted(h)
		b.read(b.h.Days)
	}
	h = b.h
	b.join()
	b.visits.ready, b.homes.ready = false, false
	for i := range b.crowds {
		b.crowds[i].ready = false
	}
	b.ever = b.ever || len(h.Visits) > 0 && h.Visits[0].From < b.end
	if n := len(h.Visits); n > 0 && h.Visits[n-1].From >= b.end {
		b.lateVisit()
	}
}

// turn prepares the bench for another day.
func (b *bench) turn(asOf device.Day, zone *time.Location) {
	b.asOf, b.zone = asOf, zone
	b.base = asOf - device.Day(b.horizon) + 1
	b.month, _ = asOf.Month()
	for i := range b.offsets {
		b.offsets[i] = int((b.month - device.Month(i)).First() - b.base)
	}
	for months := range b.monthStarts {
		b.monthStarts[months] = max(0, int(window{months: months}.first(asOf)-b.base))
	}
	b.end = b.minute(asOf + 1)
}

// minute returns the first minute of a civil day of the country.
func (b *bench) minute(d device.Day) device.Minute {
	if b.zone == nil {
		return device.Minute(d) * 1440
	}
	t := d.Time()
	return device.Minute(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, b.zone).Unix() / 60)
}

// day returns the civil day of a minute.
func (b *bench) day(m device.Minute) device.Day {
	zone := b.zone
	if zone == nil {
		zone = time.UTC
	}
	return device.DayOf(time.Unix(int64(m)*60, 0), zone)
}

// sorted returns a history in order. The lake gives it so; by hand anything comes.
func sorted(h *device.History) *device.History {
	c := *h
	c.Days, c.Visits = slices.Clone(h.Days), slices.Clone(h.Visits)
	slices.SortStableFunc(c.Days, func(a, b device.Days) int { return compareDays(&a, &b) })
	slices.SortStableFunc(c.Visits, compareVisits)
	return &c
}

func compareVisits(a, b device.Visit) int { return int(a.From) - int(b.From) }

func compareDays(a, b *device.Days) int {
	if a.IMSI != b.IMSI {
		return compare(uint64(a.IMSI), uint64(b.IMSI))
	}
	return compare(uint64(a.MSISDN), uint64(b.MSISDN))
}

func compare(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// read fills the users and their bitmaps from the rows up to asOf, and notes the first day beyond.
func (b *bench) read(rows []device.Days) {
	b.users, b.bits, b.links = b.users[:0], b.bits[:0], b.links[:0]
	clear(b.seen)
	b.future, b.disorder = never, false
	b.ever, b.radios = false, 0
	for i := range rows {
		row := &rows[i]
		if i > 0 && compareDays(&rows[i-1], row) > 0 {
			b.disorder = true
			return
		}
		days := b.past(row)
		if days == 0 {
			continue
		}
		b.ever = true
		b.hear(row, days)
		at := -1
		if id := row.Subscriber(); id != 0 {
			at = b.userOf(id, row.MSISDN)
		}
		back := int(b.month - row.Month)
		if back >= len(b.offsets) || b.offsets[back] < -31 {
			continue
		}
		set(b.seen, b.offsets[back], days)
		if at >= 0 {
			set(b.bits[at*b.words:(at+1)*b.words], b.offsets[back], days)
		}
	}
}

// hear notes on which radios the row was seen on the days.
func (b *bench) hear(row *device.Days, days uint32) {
	for r, seen := range row.Seen {
		if seen&days != 0 {
			b.radios |= 1 << r
		}
	}
}

// past returns the row's days up to asOf, bit 0 the 1st of its month.
func (b *bench) past(row *device.Days) uint32 {
	days := row.All()
	if row.Month < b.month || days == 0 {
		return days
	}
	first := row.Month.First()
	keep := uint32(0)
	if row.Month == b.month {
		keep = 1<<uint(b.asOf-first+1) - 1
	}
	if later := days &^ keep; later != 0 {
		b.future = min(b.future, first+device.Day(bits.TrailingZeros32(later)))
	}
	return days & keep
}

// userOf returns the index of the row's subscription: rows are sorted, so it is the last or new.
func (b *bench) userOf(id subscriber.ID, msisdn subscriber.MSISDN) int {
	last := len(b.users) - 1
	if last < 0 || b.users[last].id != id {
		last++
		b.users = append(b.users, user{id, int32(last)})
		for range b.words {
			b.bits = append(b.bits, 0)
		}
	}
	if n := len(b.links); msisdn != 0 && (n == 0 || b.links[n-1] != link{msisdn, int32(last)}) {
		b.links = append(b.links, link{msisdn, int32(last)})
	}
	return last
}

// set adds a month's days to a bitmap, the first of the month at the offset.
func set(words []uint64, offset int, days uint32) {
	v := uint64(days)
	if offset < 0 {
		v >>= uint(-offset)
		offset = 0
	}
	w, s := offset>>6, uint(offset&63)
	words[w] |= v << s
	if s > 32 && w+1 < len(words) {
		words[w+1] |= v >> (64 - s)
	}
}

// of returns a user's bitmap.
func (b *bench) of(u int32) []uint64 { return b.bits[int(u)*b.words : int(u+1)*b.words] }

// join counts the active pairs, and then makes subscriptions that share a number one: Q.Suppl.73,
// portability and replaced cards.
func (b *bench) join() {
	b.pairs = 0
	for u := range b.users {
		if anyFrom(b.of(int32(u)), b.horizon-activeDays) {
			b.pairs++
		}
	}
	if b.h.Truncated && b.pairs > 0 {
		b.pairs = max(b.pairs, b.h.Subscribers)
	}
	if len(b.users) > 1 && len(b.links) > 1 {
		b.follow()
	}
	b.roots = b.roots[:0]
	for u := range b.users {
		if b.users[u].root == int32(u) && anyFrom(b.of(int32(u)), 0) {
			b.roots = append(b.roots, int32(u))
		}
	}
}

// follow unites the users behind each number that few enough share.
func (b *bench) follow() {
	slices.SortFunc(b.links, func(x, y link) int {
		if c := compare(uint64(x.msisdn), uint64(y.msisdn)); c != 0 {
			return c
		}
		return int(x.user - y.user)
	})
	united := false
	for i := 0; i < len(b.links); {
		j, distinct := i+1, 1
		for ; j < len(b.links) && b.links[j].msisdn == b.links[i].msisdn; j++ {
			if b.links[j].user != b.links[j-1].user {
				distinct++
			}
		}
		for k := i + 1; k < j && distinct > 1 && distinct <= maxLinked; k++ {
			x, y := b.root(b.links[i].user), b.root(b.links[k].user)
			b.users[max(x, y)].root = min(x, y)
			united = true
		}
		i = j
	}
	for u := 0; united && u < len(b.users); u++ {
		r := b.root(int32(u))
		b.users[u].root = r
		if int(r) != u {
			or(b.of(r), b.of(int32(u)))
		}
	}
}

// root returns the first user that u continues. Roots are always smaller, so this ends.
func (b *bench) root(u int32) int32 {
	for b.users[u].root != u {
		u = b.users[u].root
	}
	return u
}

func or(into, from []uint64) {
	for i := range into {
		into[i] |= from[i]
	}
}

// anyFrom reports whether a bitmap has a day at or after the start.
func anyFrom(words []uint64, start int) bool {
	for w := max(start, 0) >> 6; w < len(words); w++ {
		v := words[w]
		if w == start>>6 {
			v &= ^uint64(0) << uint(start&63)
		}
		if v != 0 {
			return true
		}
	}
	return false
}

// tac returns the type allocation code, false for an identifier whose first eight characters are
// no digits.
func (b *bench) tac() (imei.TAC, bool) {
	if b.h.Text == "" {
		return b.h.IMEI.TAC(), true
	}
	return tacOf(b.h.Text)
}

// nonIdentifying reports whether the value is known to identify no device.
func (b *bench) nonIdentifying() bool {
	if b.h.Text != "" {
		return false
	}
	_, none := imei.NonIdentifying(b.h.IMEI)
	return none
}

// firstSeen returns the first day up to asOf on which the device was seen, never if there is none.
func (b *bench) firstSeen() device.Day {
	first := never
	for i := range b.h.Days {
		if days := b.past(&b.h.Days[i]); days != 0 {
			first = min(first, b.h.Days[i].Month.First()+device.Day(bits.TrailingZeros32(days)))
		}
	}
	return first
}

// lateVisit notes the day of the first visit after asOf: it is known, but its day has not come.
func (b *bench) lateVisit() {
	at, _ := slices.BinarySearchFunc(b.h.Visits, b.end, func(v device.Visit, end device.Minute) int {
		return int(v.From) - int(end)
	})
	b.future = min(b.future, b.day(b.h.Visits[at].From))
}
