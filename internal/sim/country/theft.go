package country

import (
	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

// theft is one phone reported stolen.
type theft struct {
	face     int32
	reported device.Day
	listed   bool
	status   string // as the stolen list gives it; empty asks for a block
}

// theftsOf plans the thefts. What becomes of a phone: it is used by whoever has it then, with
// another card, to the end; or so until it is blocked, and then it comes back with another IMEI; or
// it is found after some days and taken off the list; or it is never seen again. Some were stolen
// before the period, so that only the list knows of their owners.
func (p *planner) theftsOf() {
	total := p.count(p.rates.Stolen)
	for i := range total {
		x := float64(i) / float64(total)
		used := 1 - p.rates.Reprogrammed - p.rates.Recovered - p.rates.NeverSeen
		switch {
		case x < used:
			p.stolen(p.fence)
		case x < used+p.rates.Reprogrammed:
			p.stolen(p.reprogram)
		case x < used+p.rates.Reprogrammed+p.rates.Recovered:
			p.recovered()
		default:
			p.lost()
		}
	}
}

// stolen plans a theft after which somebody uses the phone, from two days after it.
func (p *planner) stolen(then func(f, thief int32, day int)) {
	thief, ok := p.take()
	if !ok {
		return
	}
	if p.chance(p.rates.StolenEarlier) {
		f := p.phone(KindStolen)
		p.report(f, -p.between(1, 200))
		then(f, thief, p.between(1, p.days-8))
		return
	}
	u, ok := p.take()
	if !ok {
		return
	}
	day := p.between(4, p.days-9)
	f := p.robbed(u, day)
	p.faces[f].kind = KindStolen
	p.report(f, day+p.between(0, 2))
	then(f, thief, day+2)
}

// robbed ends the owner's use: the last day is the one before the theft. A new phone follows.
func (p *planner) robbed(u int32, day int) int32 {
	f := p.uses[u].face
	next := p.follow(u, p.phone(KindHonest), day)
	p.uses[next].from += int16(p.IntN(4))
	return f
}

func (p *planner) report(f int32, day int) {
	p.thefts = append(p.thefts, theft{face: f, reported: p.first + device.Day(day), listed: true,
		status: [...]string{"", "blacklist"}[p.IntN(2)]})
}

// fence puts the thief's card into the phone to the end of the period.
func (p *planner) fence(f, thief int32, day int) {
	next := p.follow(thief, f, day)
	p.uses[next].habit = [...]habit{heavy, regular}[p.IntN(2)]
}

// reprogram lets the thief use the phone for some days, and then again with another IMEI: one under
// a code nobody allocated, or an unused one of another model.
func (p *planner) reprogram(f, thief int32, day int) {
	next := p.follow(thief, f, day)
	p.uses[next].habit = regular
	old := p.faces[f]
	changed := face{device: old.device, model: -1, kind: KindReprogrammed, radio: old.radio}
	if p.chance(0.5) {
		changed.imei = p.fakeIMEI()
	} else {
		mi, serial := p.model(smartphone)
		changed.model, changed.imei = mi, imei.New(p.models[mi].tac, serial)
	}
	p.follow(next, p.face(changed), min(day+p.between(3, 12), p.days-3))
}

// recovered plans a theft that ends well: the phone goes back to its owner and is off the list, or
// still on it with a status that no longer asks for a block.
func (p *planner) recovered() {
	thief, ok1 := p.take()
	u, ok2 := p.take()
	if !ok1 || !ok2 {
		return
	}
	day := p.between(4, p.days-14)
	f := p.robbed(u, day)
	p.faces[f].kind = KindRecovered
	p.report(f, day)
	t := &p.thefts[len(p.thefts)-1]
	t.listed, t.status = p.chance(0.1), "recovered"
	interim := int32(len(p.uses) - 1) // the use that robbed has just planned
	taken := p.follow(thief, f, day+2)
	p.follow(taken, p.phone(KindHonest), day+6)
	if int(p.uses[interim].from) < day+8 {
		p.follow(interim, f, day+8)
	}
}

// lost plans a theft after which the phone is never seen. A few reports are not yet confirmed.
func (p *planner) lost() {
	if p.chance(p.rates.StolenEarlier) {
		p.report(p.phone(KindStolen), -p.between(1, 900))
	} else if u, ok := p.take(); ok {
		day := p.someDay()
		f := p.robbed(u, day)
		p.faces[f].kind = KindStolen
		p.report(f, day+p.between(0, 2))
	} else {
		return
	}
	if t := &p.thefts[len(p.thefts)-1]; p.chance(0.1) {
		t.status = "pending"
		p.faces[t.face].kind = KindReported
	}
}
