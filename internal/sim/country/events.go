package country

// events plans what happens to honest people. Each takes its people from the pool, so that nobody
// lives through two of them.
func (p *planner) events() {
	p.happen(p.monthly(p.rates.Changed), func(u int32) { p.follow(u, p.phone(KindHonest), p.someDay()) })
	p.happen(p.monthly(p.rates.Gifted), func(u int32) { p.handOver(u, 2) })
	p.happen(p.monthly(p.rates.Resold), func(u int32) { p.handOver(u, p.between(3, 12)) })
	p.happen(p.monthly(p.rates.Ported), func(u int32) { p.newCard(u, p.otherOp(p.uses[u].op)) })
	p.happen(p.monthly(p.rates.Replaced), func(u int32) { p.newCard(u, p.uses[u].op) })
}

func (p *planner) happen(times int, to func(u int32)) {
	for range times {
		u, ok := p.take()
		if !ok {
			return
		}
		to(u)
	}
}

// someDay is a day with a little of the period on both sides.
func (p *planner) someDay() int { return p.between(3, p.days-4) }

// handOver gives or sells the phone of one person to another, who leaves an old one. The phone
// rests between, for as many days as the gap less one, at least one: nobody carries it so fast.
func (p *planner) handOver(u int32, gap int) {
	other, ok := p.take()
	if !ok {
		return
	}
	f, day := p.uses[u].face, p.someDay()
	p.faces[f].kind = KindResold
	p.follow(u, p.phone(KindHonest), day)
	if day+gap < p.days {
		p.follow(other, f, day+gap)
	}
}

// newCard gives somebody a new IMSI with the same number, in the same phone.
func (p *planner) newCard(u int32, op uint8) {
	kept := p.sims[p.uses[u].sim].msisdn
	s := p.newSim(op)
	p.sims[s].msisdn = kept
	next := p.follow(u, p.uses[u].face, p.someDay())
	p.uses[next].sim, p.uses[next].op = s, op
}

// repairs plans repair shops. A customer's card spends one to three days in the shop's bench phone,
// during opening hours, while the customer's own phone is in pieces.
func (p *planner) repairs() {
	shops := p.count(p.rates.Shops)
	if p.rates.Repaired <= 0 || shops == 0 {
		return
	}
	type shop struct{ face, mover int32 }
	byTown := make([][]shop, len(p.land.towns))
	for range shops {
		s := shop{p.phone(KindRepair), p.installed()}
		t := p.movers[s.mover].town
		byTown[t] = append(byTown[t], s)
	}
	for range p.monthly(p.rates.Repaired) {
		u, ok := p.take()
		if !ok {
			return
		}
		near := byTown[p.movers[p.uses[u].mover].town]
		if len(near) == 0 {
			continue // no shop in town: a patient person
		}
		s := near[p.IntN(len(near))]
		day, stay := p.someDay(), p.between(1, 3)
		own := p.uses[u].face
		visit := p.follow(u, s.face, day)
		p.uses[visit].mover, p.uses[visit].habit = s.mover, bench
		back := p.follow(visit, own, day+stay)
		p.uses[back].mover, p.uses[back].habit, p.uses[back].sure = p.uses[u].mover, p.uses[u].habit, false
	}
}
