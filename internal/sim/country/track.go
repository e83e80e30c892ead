package country

// How movers move. An itinerary begins at midnight where the one of the day before ended, and is a
// handful of way points with straight lines between them.

// Speeds in a straight line, km/h. A road is a fifth longer than the line, so 85 is about 100.
const (
	townSpeed   = 22.0
	roadSpeed   = 60.0
	travelSpeed = 85.0
	airSpeed    = 600.0
	airLeastKm  = 150.0
	hour        = 3600.0 // seconds
)

// mover is a person, a bench or a machine.
type mover struct {
	home, work place
	trips      []trip
	ways       ways
	town       uint8
}

// ways are how a mover spends its days.
type ways uint8

const (
	fixed  ways = iota // never moves
	worker             // goes to work on weekdays
	free               // goes where it likes
)

// trip is a journey over one or more nights.
type trip struct {
	from, to int16 // day of departure and day of return
	at       place
	air      bool
}

// wayPoint is a place at a time, in seconds of the day.
type wayPoint struct {
	at float64
	place
}

// track is one mover's day.
type track struct {
	points [10]wayPoint
	n      int
	air    bool
}

func (t *track) add(at float64, p place) {
	t.points[t.n] = wayPoint{at, p}
	t.n++
}

// leg leaves the present place at a time for another and returns the time of arrival.
func (t *track) leg(at float64, to place, speed float64) float64 {
	from := t.points[t.n-1].place
	arrival := at + from.to(to)/speed*hour
	t.add(at, from)
	t.add(arrival, to)
	return arrival
}

// where returns the place at a second of the day.
func (t *track) where(at float64) place {
	for i := t.n - 1; i >= 0; i-- {
		p := &t.points[i]
		if at < p.at {
			continue
		}
		if i == t.n-1 {
			return p.place
		}
		q := &t.points[i+1]
		f := float32((at - p.at) / max(q.at-p.at, 1))
		return place{p.x + (q.x-p.x)*f, p.y + (q.y-p.y)*f}
	}
	return t.points[0].place
}

// base returns where the mover is at the midnight that begins a day.
func (m *mover) base(day int) place {
	for i := range m.trips {
		if t := &m.trips[i]; int(t.from) < day && day <= int(t.to) {
			return t.at
		}
	}
	return m.home
}

// itinerary fills t with the day of a mover, drawn from the stream of its name.
func (n *nation) itinerary(d dice, id int32, day int, t *track) {
	m := &n.movers[id]
	start, end := m.base(day), m.base(day+1)
	t.n, t.air = 0, false
	t.add(0, start)
	if m.ways == fixed {
		return
	}
	d.name(n.cfg.Seed, forTracks, uint64(id), uint64(day))
	weekday := (int(n.first)+day+3)%7 < 5 // 1970-01-01 was a Thursday
	switch {
	case start != end:
		speed := travelSpeed
		for i := range m.trips {
			if tr := &m.trips[i]; tr.air && (int(tr.from) == day || int(tr.to) == day) && start.to(end) > airLeastKm {
				speed, t.air = airSpeed, true
			}
		}
		t.leg(d.within(8, 14)*hour, end, speed)
	case start != m.home || m.ways == free || !weekday:
		n.leisure(d, start, t)
	default:
		speed := townSpeed
		if m.home.to(m.work) > 10 {
			speed = roadSpeed
		}
		t.leg(d.within(6.5, 9)*hour, m.work, speed)
		t.leg(d.within(16, 18.5)*hour, m.home, speed)
	}
}

// leisure is a day without duties: at home, an errand in town, or an outing to another town.
func (n *nation) leisure(d dice, base place, t *track) {
	leave := d.within(8, 11) * hour
	switch x := d.Float64(); {
	case x < 0.35:
	case x < 0.93:
		there := n.land.around(d, base, 4)
		arrival := t.leg(leave, there, townSpeed)
		t.leg(arrival+d.within(0.5, 4)*hour, base, townSpeed)
	default:
		there := n.land.towns[n.land.someTown(d)]
		to := n.land.around(d, there.at, there.radius)
		if base.to(to) > 150 {
			return
		}
		arrival := t.leg(leave, to, travelSpeed)
		t.leg(arrival+d.within(2, 6)*hour, base, travelSpeed)
	}
}
