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
		p.suffer(p.whole(p.newSim(p.someOp()), f, p.somebody(), heavy))
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
	p.uses[u].habit = p.daily()
	p.faces[p.uses[u].face].kind = KindCloneVictim
}

// daily picks the habit of a victim or its cloner. Real networks check a phone tens of times a day;
// at the mean of a country that is checked 1.5 times, hardly a clone would ever be caught in the
// act, so these are among the few that are seen as often as everybody really is.
func (p *planner) daily() habit {
	switch x := p.Float64(); {
	case x < 0.5:
		return busy
	case x < 0.9:
		return heavy
	}
	return regular
}

// singleClones plans one cloner for each victim: a stranger, mostly far away, who starts after the
// victim was there for a quarter of the period, and mostly before the timed days. The first pair is
// plain to see, so that every country has one to show.
func (p *planner) singleClones() {
	for i := range p.count(p.rates.Cloned) {
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
		town := p.movers[p.uses[u].mover].town
		if i == 0 || !p.chance(p.rates.ClonedNearby) {
			town = p.farTown(town)
		}
		h := p.daily()
		if i == 0 {
			h, start = busy, max(p.days/4, min(start, p.timedFrom-1))
			p.uses[u].habit = busy
		}
		p.cloner(v, p.newSim(p.someOp()), p.person(int(town)), start, h)
	}
}

// cloner plans what a cloner does: half of them had a phone of their own before.
func (p *planner) cloner(v face, s, m int32, start int, h habit) {
	if p.chance(0.5) {
		p.use(s, p.phone(KindHonest), m, 0, start-1, h)
	}
	p.use(s, p.forged(KindClone, v.model, v.imei), m, start, p.days-1, h)
}

// farTown picks a town at least 80 km away if there is one.
func (p *planner) farTown(from uint8) uint8 {
	var t int
	for range 100 {
		t = p.land.someTown(p.dice)
		if p.land.towns[t].at.to(p.land.towns[from].at) > 80 {
			break
		}
	}
	return uint8(t)
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
