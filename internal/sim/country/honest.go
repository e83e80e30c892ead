package country

import (
	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// sharedValue is what some genuine modems all show: a default their maker left, in a test range
// and known to identify nothing.
const sharedValue imei.IMEI = 440015202000

// machines plans everything that nobody telephones with.
func (p *planner) machines() {
	for range p.count(p.rates.IoT) {
		s := p.newSim(p.someOp())
		if p.chance(0.2) {
			p.sims[s].msisdn = 0
		}
		m := p.installed()
		if p.chance(0.2) {
			p.movers[m].ways = free // on a vehicle
		}
		p.whole(s, p.genuine(KindIoT, module, 1), m, machine)
	}
	for range p.count(p.rates.MiFi) {
		p.whole(p.newSim(p.someOp()), p.genuine(KindMiFi, hotspot, 1), p.somebody(), regular)
	}
	for i := range p.count(p.rates.Test) {
		p.devices++
		m := imei.New(imei.TAC(101701+i%16*100), uint32(p.IntN(1000)*1000+i%1000))
		f := p.face(face{device: p.devices, model: -1, imei: m, kind: KindTest, radio: device.Radio5G})
		p.whole(p.newSim(p.someOp()), f, p.installed(), sparse)
	}
	for range p.count(p.rates.SharedValue) {
		p.devices++
		f := p.face(face{device: p.devices, model: -1, imei: sharedValue, kind: KindSharedValue, radio: device.Radio3G})
		p.whole(p.newSim(p.someOp()), f, p.installed(), machine)
	}
}

// families plans phones that two to four cards share.
func (p *planner) families() {
	for range p.count(p.rates.Family) {
		f, m := p.phone(KindFamily), p.somebody()
		for range p.between(2, 4) {
			h := regular
			if p.chance(0.5) {
				h = sparse
			}
			p.whole(p.newSim(p.someOp()), f, m, h)
		}
	}
}

// twoSlots plans phones with two IMEIs, used with two cards or with one.
func (p *planner) twoSlots() {
	for range p.count(p.rates.DualSIM) {
		f, m, op := p.genuine(KindDualSIM, smartphone, 2), p.somebody(), p.someOp()
		p.whole(p.newSim(op), f, m, p.someHabit())
		if p.chance(0.6) {
			op = p.otherOp(op)
		}
		p.whole(p.newSim(op), f+1, m, p.someHabit())
	}
	for range p.count(p.rates.TwoSlots) {
		f := p.genuine(KindDualSIM, smartphone, 2)
		u := p.whole(p.newSim(p.someOp()), f, p.somebody(), p.someHabit())
		if p.chance(0.3) { // the card moves to the other slot
			p.follow(u, f+1, p.between(2, p.days-2))
		}
	}
}

// singles plans everybody else: one card, one phone. The pool is those who were there from the
// beginning, in random order.
func (p *planner) singles() {
	left := p.cfg.Population - len(p.sims) - p.count(p.rates.Cloned)
	joined := p.monthly(p.rates.Joined)
	for i := range left {
		s, f, m := p.newSim(p.someOp()), p.phone(KindHonest), p.somebody()
		if i < joined && left > 4*joined {
			p.use(s, f, m, p.between(1, p.days-2), p.days-1, p.someHabit())
			continue
		}
		p.pool = append(p.pool, p.whole(s, f, m, p.someHabit()))
	}
	p.Shuffle(len(p.pool), func(i, j int) { p.pool[i], p.pool[j] = p.pool[j], p.pool[i] })
}

// visitors plans people from abroad, some of whom change networks on the way.
func (p *planner) visitors() {
	before := len(p.sims)
	for range p.monthly(p.rates.Roamers) {
		p.foreign++
		op := p.someOp()
		p.sims = append(p.sims, sim{op: op, imsi: home(foreignPLMN, scatter(p.foreign, room(foreignPLMN), p.cfg.Seed)), msisdn: p.abroad(p.foreign)})
		s, f, m := int32(len(p.sims)-1), p.phone(KindRoamer), p.somebody()
		p.movers[m].ways, p.movers[m].trips = free, nil
		from := p.between(0, p.days-4)
		to := min(from+p.between(2, 13), p.days-1)
		u := p.use(s, f, m, from, to, visitor)
		if to-from > 4 && p.chance(0.15) {
			p.uses[p.follow(u, f, from+(to-from)/2)].op = p.otherOp(op)
		}
	}
	p.roamers = len(p.sims) - before
}

// unused registers devices that are never switched on.
func (p *planner) unused() {
	for range p.count(p.rates.Unused) {
		p.faces[p.phone(KindUnused)].registered = true
	}
}

// abroad returns the telephone number of the k-th visitor.
func (p *planner) abroad(k uint64) subscriber.MSISDN {
	const numbers = 10_000_000_000
	return subscriber.MSISDN(foreignCode*numbers + scatter(k, numbers, p.cfg.Seed))
}
