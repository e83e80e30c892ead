package country

import (
	"math"
	"strconv"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// planner adds people, devices and what they do to a nation, from one stream of chance.
type planner struct {
	*nation
	dice
	bySort  [sorts][]int32 // models that people use
	weights [sorts][]float64
	idle    []int32   // models that nobody uses
	byOp    []float64 // cumulative shares
	issued  []uint64  // subscriptions by operator
	block   []uint64  // numbers given out in sequence by operator
	foreign uint64    // visiting subscriptions
	pool    []int32   // uses of people to whom nothing has happened yet
	fake    []imei.TAC
	faked   map[imei.IMEI]bool
}

func newPlanner(n *nation) *planner {
	n.models = newModels(newDice(n.cfg.Seed, forModels), n.cfg.Population, n.cfg.Last)
	p := &planner{nation: n, dice: newDice(n.cfg.Seed, forPeople),
		issued: make([]uint64, len(n.ops)), block: make([]uint64, len(n.ops)), faked: map[imei.IMEI]bool{}}
	n.uses = make([]use, 0, n.cfg.Population*5/4)
	n.faces = make([]face, 0, n.cfg.Population*5/4)
	var sums [sorts]float64
	known := map[imei.TAC]bool{}
	for i := range n.models {
		m := &n.models[i]
		known[m.tac] = true
		switch {
		case m.weight > 0:
			sums[m.sort] += m.weight
			p.bySort[m.sort] = append(p.bySort[m.sort], int32(i))
			p.weights[m.sort] = append(p.weights[m.sort], sums[m.sort])
		case !m.second && m.sort == smartphone:
			p.idle = append(p.idle, int32(i))
		}
	}
	sum := 0.0
	for _, op := range n.ops {
		sum += op.Share
		p.byOp = append(p.byOp, sum)
	}
	p.fake = p.fakeTACs(known)
	return p
}

// fakeTACs makes codes up that are in no directory. A third begin with 1, which no allocated code
// does; none of them is an allocated code that lost its zero.
func (p *planner) fakeTACs(known map[imei.TAC]bool) []imei.TAC {
	var fake []imei.TAC
	for len(fake) < 24 {
		body := [...]imei.TAC{12, 35, 14, 86, 17, 99}[len(fake)%6]
		t := body*1_000_000 + imei.TAC(p.IntN(800_000)) + 50_000
		if len(fake)%2 == 0 && body > 17 || known[t] {
			continue
		}
		known[t] = true
		fake = append(fake, t)
	}
	return fake
}

// count returns how many a share of the population is, at least one unless the share is zero.
func (p *planner) count(share float64) int {
	if share <= 0 {
		return 0
	}
	return max(1, int(math.Round(share*float64(p.cfg.Population))))
}

// monthly is count for a share per month.
func (p *planner) monthly(share float64) int { return p.count(share * float64(p.days) / 30) }

func (p *planner) someOp() uint8 { return uint8(p.weighted(p.byOp)) }

// otherOp returns an operator other than the given one, if there are two.
func (p *planner) otherOp(op uint8) uint8 {
	for range 50 {
		if other := p.someOp(); other != op {
			return other
		}
	}
	return uint8((int(op) + 1) % len(p.ops))
}

// newSim issues a subscription: IMSI and number look random, and no two are equal. The last tenth
// of both is for those issued in sequence.
func (p *planner) newSim(op uint8) int32 {
	k := p.issued[op]
	p.issued[op]++
	plmn, key := p.ops[op].PLMN, p.cfg.Seed+uint64(op)<<32
	p.sims = append(p.sims, sim{op: op, imsi: home(plmn, scatter(k, room(plmn)/10*9, key+1)), msisdn: number(op, scatter(k, 90_000_000, key+2))})
	return int32(len(p.sims) - 1)
}

// nextSim issues a subscription whose IMSI and number follow those of the last one so issued.
func (p *planner) nextSim(op uint8) int32 {
	k := p.block[op]
	p.block[op]++
	p.sims = append(p.sims, sim{op: op, imsi: home(p.ops[op].PLMN, room(p.ops[op].PLMN)/20*19+k), msisdn: number(op, 90_000_000+k)})
	return int32(len(p.sims) - 1)
}

// room returns how many subscriptions a network can number.
func room(plmn subscriber.PLMN) uint64 {
	if len(plmn) == 6 {
		return 1_000_000_000
	}
	return 10_000_000_000
}

// home returns the IMSI of a network and a number below its room.
func home(plmn subscriber.PLMN, msin uint64) subscriber.IMSI {
	network, _ := strconv.ParseUint(string(plmn), 10, 64) // checked with the configuration
	return subscriber.IMSI(network*room(plmn) + msin)
}

// number returns a telephone number: country code, 50 and on for the operator, eight digits.
func number(op uint8, digits uint64) subscriber.MSISDN {
	return subscriber.MSISDN((99950+uint64(op))*100_000_000 + digits)
}

// person settles somebody in a town.
func (p *planner) person(town int) int32 {
	t := &p.land.towns[town]
	m := mover{home: p.land.around(p.dice, t.at, t.radius), ways: free, town: uint8(town)}
	if p.chance(0.6) {
		m.ways = worker
		m.work = p.land.around(p.dice, t.at, t.radius*0.7)
		if p.chance(0.1) {
			m.work = p.land.around(p.dice, t.at, 25)
		}
		if m.home.to(m.work) > 60 {
			m.work = m.home
		}
	}
	for from := 2; from+20 < p.days; from += 30 {
		if !p.chance(0.1) {
			continue
		}
		there := p.land.towns[p.land.someTown(p.dice)]
		start := from + p.IntN(12)
		m.trips = append(m.trips, trip{from: int16(start), to: int16(start + p.between(1, 6)),
			at: p.land.around(p.dice, there.at, there.radius), air: p.chance(0.05)})
	}
	p.movers = append(p.movers, m)
	return int32(len(p.movers) - 1)
}

func (p *planner) somebody() int32 { return p.person(p.land.someTown(p.dice)) }

// installed is a mover that stays where it is.
func (p *planner) installed() int32 {
	t := p.land.someTown(p.dice)
	at := p.land.around(p.dice, p.land.towns[t].at, p.land.towns[t].radius)
	p.movers = append(p.movers, mover{home: at, town: uint8(t)})
	return int32(len(p.movers) - 1)
}

// model picks a model of a sort by popularity, with a serial number left to give.
func (p *planner) model(s sort) (int32, uint32) {
	if len(p.bySort[s]) == 0 {
		s = smartphone
	}
	for {
		i := p.bySort[s][p.weighted(p.weights[s])]
		if serial, ok := p.models[i].nextSerial(); ok {
			return i, serial
		}
	}
}

// genuine sells a new device of a sort, and returns its only face or the first of its two.
func (p *planner) genuine(kind Kind, s sort, slots int) int32 {
	i, serial := p.model(s)
	m := &p.models[i]
	p.devices++
	first := p.face(face{device: p.devices, model: i, imei: imei.New(m.tac, serial), kind: kind, radio: m.radio})
	registered := p.chance(0.9) && kind != KindRoamer
	p.faces[first].registered = registered
	if slots == 2 {
		twin := p.face(face{device: p.devices, model: m.sibling, imei: imei.New(p.models[m.sibling].tac, serial+1), kind: kind, radio: m.radio})
		p.faces[twin].registered = registered
	}
	return first
}

// phone sells a phone with one IMEI.
func (p *planner) phone(kind Kind) int32 {
	s := smartphone
	if p.chance(0.2) {
		s = featurePhone
	}
	return p.genuine(kind, s, 1)
}

// forged makes a device that shows an IMEI not its own, at most as capable as the model it claims.
func (p *planner) forged(kind Kind, model int32, m imei.IMEI) int32 {
	p.devices++
	radio := device.Radio(p.between(int(device.Radio2G), int(device.Radio4G)))
	if model >= 0 {
		radio = min(radio, p.models[model].radio)
	}
	return p.face(face{device: p.devices, model: model, imei: m, kind: kind, radio: radio})
}

func (p *planner) face(f face) int32 {
	p.faces = append(p.faces, f)
	return int32(len(p.faces) - 1)
}

// use plans a use on the subscription's own network.
func (p *planner) use(sim, face, mover int32, from, to int, h habit) int32 {
	p.uses = append(p.uses, use{sim: sim, face: face, mover: mover, from: int16(from), to: int16(to),
		op: p.sims[sim].op, habit: h, sure: from > 0, firstSeen: -1, lastSeen: -1})
	return int32(len(p.uses) - 1)
}

// whole plans a use over all the period.
func (p *planner) whole(sim, face, mover int32, h habit) int32 {
	return p.use(sim, face, mover, 0, p.days-1, h)
}

// follow ends a use the day before a day, and continues the same subscription behind another face
// from that day on.
func (p *planner) follow(u, face int32, day int) int32 {
	was := p.uses[u]
	p.uses[u].to = int16(day - 1)
	return p.use(was.sim, face, was.mover, day, int(was.to), was.habit)
}

// someHabit picks one of the three classes.
func (p *planner) someHabit() habit {
	switch x := p.Float64(); {
	case x < 0.20:
		return heavy
	case x < 0.65:
		return regular
	}
	return sparse
}

// take returns the use of one person to whom nothing has happened yet, false if nobody is left.
func (p *planner) take() (int32, bool) {
	if len(p.pool) == 0 {
		return 0, false
	}
	u := p.pool[len(p.pool)-1]
	p.pool = p.pool[:len(p.pool)-1]
	return u, true
}
