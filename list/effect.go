package list

import (
	"cmp"
	"slices"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/subscriber"
)

// Seen knows which (device, subscriber) pairs were active in the last 30 complete days: at the
// centre those of the whole lake, at an EIR those of its own network.
type Seen interface {
	// Pairs returns the number of subscribers seen with the device.
	Pairs(m imei.IMEI) int
	// InRange returns the number of pairs of devices from one IMEI to another, both included.
	InRange(from, to imei.IMEI) int
}

// Nobody is Seen where nothing was.
type Nobody struct{}

// Pairs returns 0.
func (Nobody) Pairs(imei.IMEI) int { return 0 }

// InRange returns 0.
func (Nobody) InRange(imei.IMEI, imei.IMEI) int { return 0 }

// Effect is what a change does to people: the active pairs it newly refuses and releases. A device
// nobody saw counts as one, so that a list of unseen devices is not free. Thefts counts the
// stolen or lost devices among those released; it does not depend on what was seen.
//
// Each number stops at 2^40, which is more than any nation has of anything, so that no sum of them
// comes round to a small one.
type Effect struct{ Refuses, Releases, Thefts uint64 }

const maxEffect = 1 << 40

// Add adds another effect.
func (e *Effect) Add(o Effect) {
	e.Refuses = min(e.Refuses+min(o.Refuses, maxEffect), maxEffect)
	e.Releases = min(e.Releases+min(o.Releases, maxEffect), maxEffect)
	e.Thefts = min(e.Thefts+min(o.Thefts, maxEffect), maxEffect)
}

// Pairs returns the pairs that change either way.
func (e *Effect) Pairs() uint64 { return min(e.Refuses, maxEffect) + min(e.Releases, maxEffect) }

// Count says what the ops would do to the table's answers, whatever the lines' form: one IMEI on
// 39 million handsets counts as 39 million. What it can not know it counts high:
//
//   - of a device that becomes refused all pairs count, for nothing shows that those whom a pair
//     line lets through are active; a pair whose own answer changes counts as one;
//   - software versions are not observed: the one for which most changes counts;
//   - a range counts as every pair seen in it, at least one; where nothing at all was ever seen, as
//     every device it could name.
func Count(t *Table, ops []Op, seen Seen) Effect {
	if seen == nil {
		seen = Nobody{}
	}
	var e Effect
	var single []*Op
	for i := range ops {
		if o := &ops[i]; o.Line.One() {
			single = append(single, o)
		} else {
			e.Add(wideEffect(t, o, seen))
		}
	}
	slices.SortStableFunc(single, func(a, b *Op) int { return cmp.Compare(a.Line.From, b.Line.From) })
	for len(single) > 0 {
		m, n := single[0].Line.From, 0
		for n < len(single) && single[n].Line.From == m {
			n++
		}
		e.Add(deviceEffect(t, m, single[:n], uint64(max(1, seen.Pairs(m)))))
		single = single[n:]
	}
	return e
}

// deviceEffect compares the answers for one device, of which so many pairs are active, before and
// after the ops.
func deviceEffect(t *Table, m imei.IMEI, ops []*Op, active uint64) Effect {
	c := comparison{m: m, before: t.device(m, nil), wide: t.over(m, nil), active: active}
	c.after = slices.Clone(c.before)
	for _, o := range ops {
		c.after = applyTo(c.after, o)
	}
	e := c.effect(AnyVersion)
	for _, v := range c.versions() {
		o := c.effect(v)
		e = Effect{max(e.Refuses, o.Refuses), max(e.Releases, o.Releases), max(e.Thefts, o.Thefts)}
	}
	return e
}

// comparison is one device's lines before and after a change.
type comparison struct {
	m                   imei.IMEI
	before, after, wide []Line
	active              uint64
}

// versions returns the software versions that any line is for.
func (c *comparison) versions() (out []uint8) {
	for _, lines := range [][]Line{c.before, c.after} {
		for i := range lines {
			if v := lines[i].Version; v != AnyVersion && !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
	}
	return out
}

// effect compares the answers for one software version: to a stranger, who is in no pair and
// stands for all, and to each paired subscriber whom the stranger's change does not include.
func (c *comparison) effect(version uint8) (e Effect) {
	before := viewer{own: c.before, wide: c.wide, version: version}
	after := viewer{own: c.after, wide: c.wide, version: version}
	was, is := before.stranger(c.m), after.stranger(c.m)
	if was.Reason == ByTheft && is.Reason != ByTheft {
		e.Thefts = 1
	}
	refused, released := !was.Status.Refuses() && is.Status.Refuses(), was.Status.Refuses() && !is.Status.Refuses()
	switch {
	case refused:
		e.Refuses = c.active
	case released:
		e.Releases = c.active
	}
	asidesBefore, asidesAfter := before.asides(), after.asides()
	count := func(who subscriber.ID) {
		was, is := before.refuses(was, asidesBefore[who]), after.refuses(is, asidesAfter[who])
		if is && !was && !refused {
			e.Refuses++
		}
		if was && !is && !released {
			e.Releases++
		}
	}
	for who := range asidesBefore {
		count(who)
	}
	for who := range asidesAfter {
		if _, counted := asidesBefore[who]; !counted {
			count(who)
		}
	}
	return e
}

// viewer looks at a device's lines for one software version. What a pair sees depends only on the
// grounds set aside, so each set is decided once.
type viewer struct {
	own, wide []Line
	version   uint8
	memory    map[Grounds]bool
}

// Stranger is the IMSI of somebody who is paired with no device: it has more digits than an IMSI, so that
// no pair can name it, and stands beside clear numbers and pseudonyms alike.
const Stranger subscriber.IMSI = 1 << 60

func (v *viewer) stranger(m imei.IMEI) Answer {
	return decide(v.own, v.wide, &Query{IMEI: m, Version: v.version, IMSI: Stranger})
}

// asides returns the grounds that are set aside for each paired subscriber, nil if there is none.
func (v *viewer) asides() map[subscriber.ID]Grounds {
	p := pairs(v.own)
	if len(p) == 0 {
		return nil
	}
	out := map[subscriber.ID]Grounds{}
	for len(p) > 0 {
		who := p[0].Subscriber
		out[who], p = asides(p)
	}
	return out
}

// refuses reports whether a subscriber for whom the grounds are set aside is refused, given the
// answer to a stranger.
func (v *viewer) refuses(stranger Answer, aside Grounds) bool {
	if aside == 0 || !stranger.Status.Refuses() || stranger.Reason == ByTheft {
		return stranger.Status.Refuses()
	}
	refuses, known := v.memory[aside]
	if !known {
		refuses = held(v.own, v.wide, v.version, aside).Status.Refuses()
		if v.memory == nil {
			v.memory = map[Grounds]bool{}
		}
		v.memory[aside] = refuses
	}
	return refuses
}

// wideEffect counts a range, a TAC or the mode as a whole, one way or the other.
func wideEffect(t *Table, o *Op, seen Seen) (e Effect) {
	l := &o.Line
	n := uint64(max(0, seen.InRange(l.From, l.To)))
	if n == 0 && seen.InRange(0, imei.Max) == 0 {
		n = l.devices()
	}
	n = max(1, n)
	if l.Status.Refuses() != o.Drop {
		e.Refuses = n
	} else {
		e.Releases = n
	}
	switch old, had := t.Find(l.Key()); {
	case l.Class == Override && !o.Drop:
		e.Thefts = t.thefts(l.From, l.To)
	case had && old.theft() && (o.Drop || !l.theft()):
		e.Thefts = l.devices()
	}
	return e
}

// devices returns how many devices the line could name.
func (l *Line) devices() uint64 { return uint64(l.To-l.From) + 1 }

// thefts returns how many devices from one IMEI to another are on the list as stolen or lost.
func (t *Table) thefts(from, to imei.IMEI) (n uint64) {
	for _, tac := range t.tacs() {
		if tac < from.TAC() || tac > to.TAC() {
			continue
		}
		last := imei.IMEI(imei.Max + 1)
		for _, l := range t.tac(tac) {
			if l.theft() && from <= l.From && l.To <= to && l.From != last {
				last = l.From
				n++
			}
		}
	}
	for i := range t.wide.lines {
		if l := &t.wide.lines[i]; l.theft() && l.From <= to && from <= l.To {
			n = min(n+uint64(min(l.To, to)-max(l.From, from))+1, maxEffect)
		}
	}
	return n
}
