package country

import (
	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

const (
	countryCode = "999"   // of telephone numbers; assigned to nobody
	foreignCode = 899     // of visitors' telephone numbers; assigned to nobody
	foreignPLMN = "99970" // of visitors' subscriptions; a private network
)

// nation is the plan of a country: who holds what, where and when. Indexes are int32, days count
// from the first of the period.
type nation struct {
	cfg       Config
	rates     Rates
	ops       []Operator
	first     device.Day
	days      int // of the period
	timedFrom int // first day with timed attaches

	land   *land
	models []model
	sims   []sim
	movers []mover
	faces  []face
	uses   []use

	devices  int32 // physical devices
	roamers  int
	thefts   []theft
	missing  []int // by operator: the day its files lack, or -1
	late     []int // by operator: the day delivered in the next file, or -1
	stripped []int // by operator: faces whose leading zero its files may lose
}

// sim is one subscription.
type sim struct {
	imsi   subscriber.IMSI
	msisdn subscriber.MSISDN
	op     uint8 // whose network it is; of a visitor, the first network visited
}

// face is one IMEI that one device shows.
type face struct {
	device     int32
	model      int32 // of the directory, what the TAC says; -1 for none
	imei       imei.IMEI
	kind       Kind
	radio      device.Radio // the best that the device can really do
	registered bool
	stripped   bool // some of its rows lose their leading zero
}

// use is one subscription behind one face with one mover for a time.
type use struct {
	sim, face, mover int32
	from, to         int16 // days, both included
	op               uint8 // the network it is on
	habit            habit
	sure             bool // seen without fault on its first day

	// Filled in while the dumps are written, each by one goroutine.
	firstSeen, lastSeen int16 // days, -1 for never
	timed               int16 // days seen among the timed
}

// habit is how often a use is seen.
type habit struct {
	daily    float32 // probability of being seen on a day
	attaches float32 // mean number on a day it is seen, at least 1
	hours    hours
}

// hours are the times of day at which a use is seen.
type hours uint8

const (
	waking  hours = iota // from morning to night
	opening              // while shops are open
	always               // day and night
)

// Three classes of subscribers, with a mean of 11 days in 30 and of 1.5 attaches a day.
var (
	heavy   = habit{daily: 0.85, attaches: 5.5}
	regular = habit{daily: 0.38, attaches: 3}
	sparse  = habit{daily: 0.09, attaches: 2}
	busy    = habit{daily: 0.97, attaches: 9} // the rare few
	bench   = habit{daily: 0.95, attaches: 1.6, hours: opening}
	machine = habit{daily: 0.90, attaches: 1.2, hours: always}
	boxed   = habit{daily: 0.97, attaches: 5, hours: always}
	visitor = habit{daily: 0.80, attaches: 3}
)

// plan makes the country up. It is one thread: its order is its result.
func plan(cfg Config) (*nation, error) {
	cfg, err := cfg.resolved()
	if err != nil {
		return nil, err
	}
	n := &nation{cfg: cfg, rates: *cfg.Rates, ops: cfg.Operators, first: cfg.first(), days: cfg.days()}
	n.timedFrom = n.days - cfg.TimedDays
	n.land = newLand(newDice(cfg.Seed, forLand))
	p := newPlanner(n)
	p.machines()
	p.boxes()
	p.bulkClones()
	p.fakes()
	p.families()
	p.twoSlots()
	p.singles()
	p.singleClones()
	p.events()
	p.repairs()
	p.theftsOf()
	p.visitors()
	p.unused()
	p.faults()
	return n, nil
}

func (n *nation) summary() Summary {
	s := Summary{First: n.first, Last: n.cfg.Last, TimedFrom: n.first + device.Day(n.timedFrom),
		Subscribers: len(n.sims) - n.roamers, Roamers: n.roamers, Devices: int(n.devices), Faces: len(n.faces),
		Kinds: map[Kind]int{}, RowsOf: map[device.Operator]int64{}, SubscriberNo: map[device.Operator]int{},
		MissingDay: map[device.Operator]device.Day{}, LateDay: map[device.Operator]device.Day{}}
	for i := range n.faces {
		s.Kinds[n.faces[i].kind]++
	}
	for _, m := range n.sims[:len(n.sims)-n.roamers] {
		s.SubscriberNo[n.ops[m.op].Name]++
	}
	for i, op := range n.ops {
		if n.missing[i] >= 0 {
			s.MissingDay[op.Name] = n.first + device.Day(n.missing[i])
		}
		if n.late[i] >= 0 {
			s.LateDay[op.Name] = n.first + device.Day(n.late[i])
		}
	}
	return s
}
