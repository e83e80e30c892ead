package country

import (
	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

// bulkClones plans values that many handsets share: two large ones whose genuine device, if there
// ever was one, is unknown, and small groups, half of them with the genuine device among them.
func (p *planner) bulkClones() {
	for _, share := range []float64{p.rates.BulkLarge, p.rates.BulkSecond} {
		if share > 0 {
			p.bulk(max(5, p.count(share)), false)
		}
	}
	victim := true
	for left := p.count(p.rates.BulkSmall); left > 0; victim = !victim {
		size := max(5, min(left, p.between(5, 12)))
		if p.chance(0.25) {
			size = max(5, min(left, p.between(20, 60)))
		}
		left -= size
		p.bulk(size, victim)
	}
}

func (p *planner) bulk(handsets int, victim bool) {
	mi, serial := p.model(smartphone)
	m, from := imei.New(p.models[mi].tac, serial), 0
	if victim {
		p.devices++
		f := p.face(face{device: p.devices, model: mi, imei: m, kind: KindCloneVictim, radio: p.models[mi].radio, registered: true})
		p.suffer(p.whole(p.newSim(p.someOp()), f, p.somebody(), regular))
		from = p.days / 4
	}
	for range handsets {
		f := p.forged(KindBulkClone, mi, m)
		start := from
		if victim || p.chance(0.15) {
			start = p.between(from, p.days*2/3)
		}
		p.use(p.newSim(p.someOp()), f, p.somebody(), start, p.days-1, p.someHabit())
	}
}

// suffer makes the use that of a victim: seen often, and from the first day.
func (p *planner) suffer(u int32) {
	p.uses[u].sure = true
	p.uses[u].habit = heavy
	if p.chance(0.4) {
		p.uses[u].habit = regular
	}
	p.faces[p.uses[u].face].kind = KindCloneVictim
}

// singleClones plans one cloner for each victim: a stranger, mostly far away, who starts after the
// victim was there for a quarter of the period, and mostly before the timed days.
func (p *planner) singleClones() {
	for range p.count(p.rates.Cloned) {
		u, ok := p.take()
		if !ok {
			return
		}
		p.suffer(u)
		v := p.faces[p.uses[u].face]
		start := p.between(p.days/4, max(p.days/4, p.timedFrom-1))
		if p.chance(0.25) {
			start = p.between(p.days/4, p.days-4)
		}
		s, m := p.newSim(p.someOp()), p.person(p.cloneTown(p.movers[p.uses[u].mover].town))
		h := regular
		if p.chance(0.5) {
			h = heavy
		}
		if p.chance(0.5) { // had a phone of their own before
			p.use(s, p.phone(KindHonest), m, 0, start-1, h)
		}
		p.use(s, p.forged(KindClone, v.model, v.imei), m, start, p.days-1, h)
	}
}

// cloneTown picks the cloner's town: the victim's own, or one at least 80 km away if there is one.
func (p *planner) cloneTown(victim uint8) int {
	if p.chance(p.rates.ClonedNearby) {
		return int(victim)
	}
	t := int(victim)
	for range 100 {
		t = p.land.someTown(p.dice)
		if p.land.towns[t].at.to(p.land.towns[victim].at) > 80 {
			break
		}
	}
	return t
}

// fakes plans devices under codes nobody allocated, and devices under the code of another model.
func (p *planner) fakes() {
	for range p.count(p.rates.NonAllocated) {
		from := 0
		if p.chance(0.1) {
			from = p.between(1, p.days/2)
		}
		p.use(p.newSim(p.someOp()), p.forged(KindNonAllocated, -1, p.fakeIMEI()), p.somebody(), from, p.days-1, p.someHabit())
	}
	for range p.count(p.rates.Counterfeit) {
		mi, serial := p.model(smartphone)
		if len(p.idle) > 0 && p.chance(0.1) { // the model of the barred code
			mi = p.idle[0]
			serial, _ = p.models[mi].nextSerial()
		}
		f := p.forged(KindCounterfeit, mi, imei.New(p.models[mi].tac, serial))
		p.faces[f].radio = min(p.faces[f].radio, device.Radio3G)
		p.whole(p.newSim(p.someOp()), f, p.somebody(), p.someHabit())
	}
}

// fakeIMEI returns an unused value under a code nobody allocated.
func (p *planner) fakeIMEI() imei.IMEI {
	for {
		m := imei.New(p.fake[p.IntN(len(p.fake))], uint32(p.IntN(1_000_000)))
		if !p.faked[m] {
			p.faked[m] = true
			return m
		}
	}
}
