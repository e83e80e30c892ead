package detect

import (
	"math/bits"
	"slices"
	"strconv"

	"github.com/openceir/openceir/internal/device"
)

// spare are the parameters by which a counting dimension turns subscriptions into users. 0 leaves
// the step out.
type spare struct {
	briefDays int // days of the window below which a subscription is not counted
	household int // the most users that a household may have
	siblings  int // percent of their days that two cards of one phone share
}

func (s *spare) fields() []field {
	return []field{
		integer("brief_days", 0, maxWindow, &s.briefDays),
		integer("household", 0, maxGrouped, &s.household),
		integer("siblings", 0, 100, &s.siblings),
	}
}

func (s *spare) params() []param {
	return []param{
		{"brief_days", strconv.Itoa(s.briefDays)},
		{"household", strconv.Itoa(s.household)},
		{"siblings", strconv.Itoa(s.siblings)},
	}
}

// groups are the users of a window: each a bitmap of days, from one subscription or several.
type groups struct {
	bits  []uint64
	roots []int32 // a subscription of each
	home  []bool  // a household
	brief int     // subscriptions left out
	homes int     // subscriptions that households took in
	pairs int     // 1 if two cards of one phone were counted once
}

func (g *groups) count() int { return len(g.roots) }

// crowdOf counts the identities of the window that begins at bit start.
func (b *bench) crowdOf(start int, sp *spare, what identity) *groups {
	if what == countUsers {
		return b.tally(start, sp)
	}
	g, c := &b.groups, b.crowd(what)
	g.bits, g.roots, g.home = g.bits[:0], g.roots[:0], g.home[:0]
	g.brief, g.homes, g.pairs = 0, 0, 0
	for i := range c.n {
		g.admit(c.bits[i*b.words:(i+1)*b.words], int32(i), start, sp)
	}
	return g
}

// admit adds a user if it was seen on enough days of the window.
func (g *groups) admit(from []uint64, root int32, start int, sp *spare) {
	at, days := len(g.bits), 0
	for w, v := range from {
		v &= mask(w, start)
		days += bits.OnesCount64(v)
		g.bits = append(g.bits, v)
	}
	if days < max(sp.briefDays, 1) {
		g.bits = g.bits[:at]
		if days > 0 {
			g.brief++
		}
		return
	}
	g.roots = append(g.roots, root)
	g.home = append(g.home, false)
}

// tally counts the users of the window that begins at bit start.
func (b *bench) tally(start int, sp *spare) *groups {
	g := &b.groups
	g.bits, g.roots, g.home = g.bits[:0], g.roots[:0], g.home[:0]
	g.brief, g.homes, g.pairs = 0, 0, 0
	for _, r := range b.roots {
		g.admit(b.of(r), r, start, sp)
	}
	if n := g.count(); n < 2 || n > maxGrouped {
		return g
	}
	if sp.household > 1 && len(b.h.Visits) > 0 {
		b.uniteHouseholds(sp.household)
	}
	if sp.siblings > 0 {
		b.uniteSiblings(sp.siblings)
	}
	return g
}

// mask keeps the bits of word w at or after start.
func mask(w, start int) uint64 {
	switch low := start - w*64; {
	case low <= 0:
		return ^uint64(0)
	case low >= 64:
		return 0
	default:
		return ^uint64(0) << uint(low)
	}
}

// fold makes group j part of group i.
func (b *bench) fold(i, j int) {
	g := &b.groups
	or(g.bits[i*b.words:(i+1)*b.words], g.bits[j*b.words:(j+1)*b.words])
	g.bits = slices.Delete(g.bits, j*b.words, (j+1)*b.words)
	g.roots = slices.Delete(g.roots, j, j+1)
	g.home = slices.Delete(g.home, j, j+1)
}

// uniteHouseholds counts once the users who share a home, if they are few enough and never were
// in two places at once nor more than a phone has slots: one pooled phone can explain them.
func (b *bench) uniteHouseholds(most int) {
	b.settleHomes()
	g := &b.groups
	for i := 0; i < g.count(); i++ {
		home := b.homeOf(g.roots[i])
		if home == 0 {
			continue
		}
		members := 0
		for _, r := range g.roots {
			if b.homeOf(r) == home {
				members++
			}
		}
		if members < 2 || members > most {
			continue
		}
		for j := g.count() - 1; j > i; j-- {
			if b.homeOf(g.roots[j]) == home {
				b.fold(i, j)
			}
		}
		g.home[i] = true
		g.homes += members
	}
}

// uniteSiblings counts once the pair of users that shares the greatest part of its days, if that
// is great enough and they were never apart: the two cards of a dual-SIM phone.
func (b *bench) uniteSiblings(percent int) {
	g := &b.groups
	bestI, bestJ, bestBoth, bestEither := -1, -1, 0, 1
	for i := range g.roots {
		for j := i + 1; j < len(g.roots); j++ {
			if g.home[i] || g.home[j] {
				continue
			}
			both, either := 0, 0
			for w := range b.words {
				x, y := g.bits[i*b.words+w], g.bits[j*b.words+w]
				both += bits.OnesCount64(x & y)
				either += bits.OnesCount64(x | y)
			}
			if both*100 >= percent*either && both*bestEither > bestBoth*either && !b.apart(g.roots[i], g.roots[j]) {
				bestI, bestJ, bestBoth, bestEither = i, j, both, either
			}
		}
	}
	if bestI >= 0 {
		b.fold(bestI, bestJ)
		g.pairs = 1
	}
}

// stay is how long a user was in an area.
type stay struct {
	user    int32
	area    device.Area
	minutes int
}

// homes is where users live, as far as visits up to asOf tell: computed when first asked for. It
// does not depend on a window, so that time alone does not change it.
type homes struct {
	ready bool
	stays []stay
	of    []stay // the home of each user that has one, by user
	split []device.Area
	here  []int32
}

// homeOf returns the area where the user spent most minutes, 0 if not known or if those who live
// there cannot be one household.
func (b *bench) homeOf(u int32) device.Area {
	at, ok := slices.BinarySearchFunc(b.homes.of, u, func(s stay, u int32) int { return int(s.user - u) })
	if !ok || slices.Contains(b.homes.split, b.homes.of[at].area) {
		return 0
	}
	return b.homes.of[at].area
}

func (b *bench) settleHomes() {
	m := &b.homes
	if m.ready {
		return
	}
	b.settleVisits()
	m.ready = true
	m.stays, m.of, m.split = m.stays[:0], m.of[:0], m.split[:0]
	if len(b.visits.user) > maxTogether {
		return
	}
	for i, u := range b.visits.user {
		if v := &b.h.Visits[i]; u >= 0 {
			m.stays = append(m.stays, stay{u, v.Area, int(v.To-v.From) + 1})
		}
	}
	slices.SortFunc(m.stays, func(x, y stay) int {
		if x.user != y.user {
			return int(x.user - y.user)
		}
		return int(x.area - y.area)
	})
	for i := 0; i < len(m.stays); {
		best := stay{user: m.stays[i].user}
		for i < len(m.stays) && m.stays[i].user == best.user {
			sum := m.stays[i]
			for i++; i < len(m.stays) && m.stays[i].user == sum.user && m.stays[i].area == sum.area; i++ {
				sum.minutes += m.stays[i].minutes
			}
			if sum.minutes > best.minutes {
				best = sum
			}
		}
		m.of = append(m.of, best)
	}
	b.splitHomes()
}

// splitHomes finds the homes whose members were in two places at once, or more of them at once
// than a phone has slots.
func (b *bench) splitHomes() {
	m := &b.homes
	for _, home := range m.of {
		if !slices.Contains(m.split, home.area) && !b.onePhone(home.area) {
			m.split = append(m.split, home.area)
		}
	}
}

func (b *bench) onePhone(home device.Area) bool {
	m := &b.homes
	m.here = m.here[:0]
	for i, u := range b.visits.user {
		if u < 0 {
			continue
		}
		at, ok := slices.BinarySearchFunc(m.of, u, func(s stay, u int32) int { return int(s.user - u) })
		if !ok || m.of[at].area != home {
			continue
		}
		v := &b.h.Visits[i]
		m.here = slices.DeleteFunc(m.here, func(j int32) bool { return b.h.Visits[j].To <= v.From })
		others := [slots]int32{}
		n := 0
		for _, j := range m.here {
			o := b.visits.user[j]
			if o == u || !together(&b.h.Visits[j], v) {
				continue
			}
			if b.h.Visits[j].Area.Distance(v.Area) > apartKm {
				return false
			}
			if !slices.Contains(others[:n], o) {
				if n++; n == slots {
					return false
				}
				others[n-1] = o
			}
		}
		if v.To > v.From {
			m.here = append(m.here, int32(i))
		}
	}
	return true
}

// together reports whether two visits were at one time. Touching in a minute, as when a card is
// swapped, is not; a moment within a longer stay is.
func together(v, o *device.Visit) bool { return v.From < o.To && o.From < v.To }

// apart reports whether two users were ever in two places at once. Windows slide and ask again, so
// the answer is kept while the device is judged.
func (b *bench) apart(u, w int32) bool {
	b.settleVisits()
	answer, known := b.visits.apart[[2]int32{u, w}]
	if !known {
		answer = b.everApart(u, w)
		b.visits.apart[[2]int32{u, w}] = answer
	}
	return answer
}

func (b *bench) everApart(u, w int32) bool {
	for i, x := range b.visits.user {
		if x != u {
			continue
		}
		v := &b.h.Visits[i]
		for j, y := range b.visits.user {
			if y != w {
				continue
			}
			o := &b.h.Visits[j]
			if o.From > v.To {
				break
			}
			if together(o, v) && o.Area.Distance(v.Area) > apartKm {
				return true
			}
		}
	}
	return false
}
