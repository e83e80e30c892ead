package detect

import (
	"slices"
	"strconv"

	"github.com/openceir/openceir/internal/device"
)

// place is the time and distance conflict, Q.5052 §7.4: two users of the device were in two areas
// at once, or in areas that nobody reaches in the time between, at least so many times
// independently.
//
// Two visits of different users conflict if
//
//   - they overlap by more than overlap_minutes in areas more than overlap_km apart, or
//   - the distance less margin_km takes longer at speed_kmh than the time between them (none if
//     they overlap) and clock_minutes.
//
// margin_km is for large cells and the rounding of places, clock_minutes for clocks that disagree.
// Conflicts are counted in order of the later visit's beginning. One counts if it shares no visit
// with one already counted and begins at least apart_hours after the last of them, so that one
// wrong clock or one misplaced cell is one conflict.
type place struct {
	conflicts  int
	overlapMin int
	overlapKm  int
	speed      int // km/h
	marginKm   int
	clockMin   int
	apartHours int
}

func (*place) kind() string { return "place_conflict" }

func (d *place) params() []param {
	return []param{
		{"conflicts", strconv.Itoa(d.conflicts)},
		{"overlap_minutes", strconv.Itoa(d.overlapMin)},
		{"overlap_km", strconv.Itoa(d.overlapKm)},
		{"speed_kmh", strconv.Itoa(d.speed)},
		{"margin_km", strconv.Itoa(d.marginKm)},
		{"clock_minutes", strconv.Itoa(d.clockMin)},
		{"apart_hours", strconv.Itoa(d.apartHours)},
	}
}

// conflict is a counted one: the two visits and what is impossible about them.
type conflict struct {
	earlier, later *device.Visit
	km             float64
}

func (d *place) judge(b *bench, w window) (bool, device.Day) {
	if len(b.h.Visits) < 2 {
		return false, 0
	}
	if b.settleVisits(); b.visits.lone {
		return false, 0
	}
	start := b.base + device.Day(b.start(w))
	n, _ := d.find(b, b.minute(start), d.conflicts)
	if n == 0 {
		return false, 0 // fewer visits have no more
	}
	return n >= d.conflicts, d.nextFlip(b, start, n >= d.conflicts)
}

// nextFlip returns the first day after asOf on which the answer changes because visits have left
// the window that begins on start, 0 if it never does.
func (d *place) nextFlip(b *bench, start device.Day, now bool) device.Day {
	for day := start + 1; day <= b.asOf+1; day++ {
		from, to := b.minute(day-1), b.minute(day)
		i := firstFrom(b.h.Visits, from)
		if i == len(b.h.Visits) {
			break
		}
		if b.h.Visits[i].From >= to {
			continue // none left
		}
		if n, _ := d.find(b, to, d.conflicts); (n >= d.conflicts) != now {
			return b.asOf + day - start
		}
	}
	return 0
}

// firstFrom returns the index of the first visit that begins at or after the minute.
func firstFrom(visits []device.Visit, from device.Minute) int {
	i, _ := slices.BinarySearchFunc(visits, from, func(v device.Visit, from device.Minute) int { return int(v.From) - int(from) })
	return i
}

// find counts the independent conflicts among visits that begin from the minute on, up to most,
// and returns the first.
func (d *place) find(b *bench, from device.Minute, most int) (n int, first conflict) {
	m := &b.visits
	m.active = m.active[:0]
	m.used = slices.Grow(m.used[:0], len(m.user))[:len(m.user)]
	clear(m.used)
	reach := d.reach()
	next := device.Minute(-1 << 31)
	for i := firstFrom(b.h.Visits, from); i < len(m.user) && n < most; i++ {
		v := &b.h.Visits[i]
		if m.user[i] < 0 {
			continue
		}
		m.active = prune(m.active, b.h.Visits, v.From-reach)
		if v.From >= next {
			for _, j := range m.active {
				if m.used[j] || m.user[j] == m.user[i] {
					continue
				}
				if km, bad := d.conflicting(&b.h.Visits[j], v); bad {
					if n++; n == 1 {
						first = conflict{&b.h.Visits[j], v, km}
					}
					m.used[j], m.used[i] = true, true
					next = v.From + device.Minute(d.apartHours*60)
					break
				}
			}
		}
		m.active = append(m.active, int32(i))
	}
	return n, first
}

// prune drops visits that ended too long ago to conflict with anything, and the oldest if there
// are too many.
func prune(active []int32, visits []device.Visit, since device.Minute) []int32 {
	keep := active[:0]
	for _, j := range active {
		if visits[j].To >= since {
			keep = append(keep, j)
		}
	}
	if over := len(keep) - maxActive; over > 0 {
		keep = append(keep[:0], keep[over:]...)
	}
	return keep
}

// reach returns how many minutes it takes to any place on Earth.
func (d *place) reach() device.Minute {
	const halfway = 20_040 // km
	return device.Minute(max(0, halfway-d.marginKm)*60/d.speed + 1)
}

// conflicting reports whether two visits, sorted by their beginning, cannot be of one device.
func (d *place) conflicting(earlier, later *device.Visit) (km float64, bad bool) {
	if earlier.Area == later.Area {
		return 0, false
	}
	km = earlier.Area.Distance(later.Area)
	between := int(later.From - earlier.To)
	overlap := int(min(earlier.To, later.To) - later.From)
	if overlap > d.overlapMin && km > float64(d.overlapKm) {
		return km, true
	}
	minutes := max(0, between) + d.clockMin
	return km, (km-float64(d.marginKm))*60 > float64(d.speed*minutes)
}

func (d *place) explain(b *bench, w window, evidence map[string]string) (device.Day, int) {
	start := b.base + device.Day(b.start(w))
	n, first := d.find(b, b.minute(start), maxConflicts)
	put(evidence, "window", "%s..%s", start, b.asOf)
	put(evidence, "conflicts", "%d independent, threshold %d", n, d.conflicts)
	day := b.day(first.later.From)
	between := int(first.later.From - first.earlier.To)
	how := "at once"
	if between > 0 {
		how = strconv.Itoa(between) + " minutes between"
	}
	put(evidence, "first_conflict", "%s, areas %d and %d, %.0f km apart, %s", day, first.earlier.Area, first.later.Area, first.km, how)
	return day, ratio(n, d.conflicts)
}
