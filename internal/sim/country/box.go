package country

import (
	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

const (
	boxCards      = 32
	boxCardsLeast = 8
)

// boxes plans SIM boxes: cards with consecutive numbers, in one place, busy day and night, that
// change every day or two to the next of a row of consecutive IMEIs under a real code.
func (p *planner) boxes() {
	for left := p.count(p.rates.SIMBox); left > 0; left -= boxCards {
		cards := max(boxCardsLeast, min(left, boxCards))
		mi := p.idle[len(p.idle)-1-p.IntN(len(p.idle)/2)]
		base, ok := p.row(mi, cards)
		if !ok {
			continue
		}
		p.devices++
		first := int32(len(p.faces))
		for i := range cards {
			p.face(face{device: p.devices, model: mi, imei: imei.New(p.models[mi].tac, base+uint32(i)), kind: KindSIMBox, radio: device.Radio2G})
		}
		p.cycle(first, cards)
	}
}

// row gives out a row of consecutive serial numbers of a model that nobody else uses.
func (p *planner) row(mi int32, length int) (uint32, bool) {
	m := &p.models[mi]
	base := m.units + uint32(p.IntN(500))
	if base+uint32(length) > 2*serialPairs {
		return 0, false
	}
	m.units = base + uint32(length)
	return base, true
}

// cycle plans the cards of one box over its faces.
func (p *planner) cycle(first int32, cards int) {
	op, m, step := p.someOp(), p.installed(), p.between(1, 2)
	from := 0
	if p.chance(0.3) {
		from = p.between(0, p.days/2)
	}
	for c := range cards {
		s := p.nextSim(op)
		for day, k := from, c; day < p.days; day, k = day+step, k+1 {
			p.use(s, first+int32(k%cards), m, day, min(day+step, p.days)-1, boxed)
		}
	}
}
