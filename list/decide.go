package list

import (
	"cmp"
	"slices"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/subscriber"
)

// Query is what a network asks.
type Query struct {
	IMEI      imei.IMEI
	Malformed bool  // the equipment gave no IMEI: nothing is held against it
	Version   uint8 // software version, AnyVersion if not given
	IMSI      subscriber.IMSI
	MSISDN    subscriber.MSISDN
}

// tells reports whether the query says who asks, in the form of the pairs: a clear number can not be
// compared with a pseudonym.
func (q *Query) tells(pairs []Line) bool {
	if q.IMSI == Stranger {
		return true
	}
	who := subscriber.Of(q.IMSI, q.MSISDN)
	if who == 0 {
		return false
	}
	for i := range pairs {
		if pairs[i].Subscriber.Pseudonym() != who.Pseudonym() {
			return false
		}
	}
	return true
}

func (q *Query) isSubscriber(id subscriber.ID) bool {
	return q.IMSI != 0 && id == subscriber.Of(q.IMSI, 0) || q.MSISDN != 0 && id == subscriber.Of(0, q.MSISDN)
}

// Reason says which step of the precedence answered.
type Reason string

// The steps, in their order.
const (
	ByMalformed Reason = "malformed"       // not an IMEI
	ByOverride  Reason = "override"        // an override allows
	BySpecial   Reason = "non-identifying" // the value is on many devices
	ByTheft     Reason = "stolen or lost"
	ByPair      Reason = "pair" // this subscriber is paired with the device
	ByPairless  Reason = "pair, but no subscriber given"
	ByExempt    Reason = "exempt"
	ByDevice    Reason = "device"
	ByRange     Reason = "range"
	ByDefault   Reason = "unlisted"
)

// Answer is a status and why.
type Answer struct {
	Status Status
	Reason Reason
	Line   Line // the line that decided; its Class is 0 if none did
}

// Decide answers a query. Precedence: override; non-identifying value; stolen or lost; pair; exempt;
// the device's own lines (prohibited before tracked before allowed); the narrowest range, of which
// a TAC is one and a restrictive mode the widest; allowed. Among lines of one step and subject, the
// ground with the lower number is named.
//
// A pair sets aside the grounds that it names, for its subscriber: it answers if nothing else is
// held against the device. It never harms: who is not refused without their pair is not refused.
//
// When a device is refused except with a paired subscriber and the network did not say who asks, or the
// node can not tell because it lacks the key of the pseudonyms by which pairs are named, the answer is
// tracked: a victim must not be cut off because a field was empty.
func (t *Table) Decide(q *Query) Answer {
	if q.Malformed {
		return Answer{Status: Allowed, Reason: ByMalformed}
	}
	var own, wide [4]Line
	return decide(t.device(q.IMEI, own[:0]), t.over(q.IMEI, wide[:0]), q)
}

// decide answers from the device's own lines, sorted, and the wide ones that cover it.
func decide(own, wide []Line, q *Query) Answer {
	if l := first(own, wide, Override); l != nil {
		return Answer{Allowed, ByOverride, *l}
	}
	if l := first(own, nil, Special); l != nil {
		return Answer{l.Status, BySpecial, *l}
	}
	if _, is := imei.NonIdentifying(q.IMEI); is {
		return Answer{Status: Tracked, Reason: BySpecial}
	}
	if l := theft(own, wide, q.Version); l != nil {
		return Answer{l.Status, ByTheft, *l}
	}
	pair, aside := q.pair(own)
	a := held(own, wide, q.Version, aside)
	if aside != 0 && a.Status.Refuses() { // a milder narrow line may be set aside, and a harder wide one be left
		if b := held(own, wide, q.Version, 0); !b.Status.Refuses() {
			a = b
		}
	}
	if pair != nil && a.Status == Allowed {
		return Answer{Allowed, ByPair, *pair}
	}
	if l := first(own, wide, Exempt); l != nil {
		return Answer{Allowed, ByExempt, *l}
	}
	if a.Status.Refuses() && !q.tells(pairs(own)) && lets(own, wide, q.Version) {
		return Answer{Tracked, ByPairless, a.Line}
	}
	return a
}

// first returns the device's line of the class, or the narrowest wide one.
func first(own, wide []Line, c Class) (best *Line) {
	for _, lines := range [][]Line{own, wide} {
		for i := range lines {
			if l := &lines[i]; l.Class == c && (best == nil || narrower(l, best)) {
				best = l
			}
		}
	}
	return best
}

// theft returns what says that the device is stolen or lost, its own line before a range.
func theft(own, wide []Line, version uint8) (best *Line) {
	for _, lines := range [][]Line{own, wide} {
		for i := range lines {
			if l := &lines[i]; l.theft() && l.forVersion(version) && (best == nil || narrower(l, best)) {
				best = l
			}
		}
	}
	return best
}

// theft reports whether the line refuses a device because it was stolen or lost.
func (l *Line) theft() bool {
	return l.Class == Listed && (l.Ground == Stolen || l.Ground == Lost) && l.Status.Refuses()
}

func (l *Line) forVersion(v uint8) bool { return l.Version == AnyVersion || l.Version == v }

// pairs returns the part of a device's own lines that are pairs, sorted by subscriber.
func pairs(own []Line) []Line {
	from, _ := slices.BinarySearchFunc(own, Pair, func(l Line, c Class) int { return cmp.Compare(l.Class, c) })
	to, _ := slices.BinarySearchFunc(own, Pair+1, func(l Line, c Class) int { return cmp.Compare(l.Class, c) })
	return own[from:to]
}

// pair returns the pair of the asking subscriber and the grounds that it sets aside.
func (q *Query) pair(own []Line) (pair *Line, aside Grounds) {
	if q.IMSI == 0 && q.MSISDN == 0 {
		return nil, 0
	}
	own = pairs(own)
	for i := range own {
		if l := &own[i]; q.isSubscriber(l.Subscriber) {
			aside |= l.Overrides
			if pair == nil {
				pair = l
			}
		}
	}
	return pair, aside
}

// asides returns the grounds set aside for the first subscriber of some pairs, and the pairs of the
// others.
func asides(pairs []Line) (aside Grounds, rest []Line) {
	who := pairs[0].Subscriber
	for len(pairs) > 0 && pairs[0].Subscriber == who {
		aside |= pairs[0].Overrides
		pairs = pairs[1:]
	}
	return aside, pairs
}

// lets reports whether some paired subscriber of the device is not refused.
func lets(own, wide []Line, version uint8) bool {
	for p := pairs(own); len(p) > 0; {
		var aside Grounds
		aside, p = asides(p)
		if !held(own, wide, version, aside).Status.Refuses() {
			return true
		}
	}
	return false
}

// held returns what is held against the device (or for it) by listed lines on grounds not set aside.
func held(own, wide []Line, version uint8, aside Grounds) Answer {
	from, _ := slices.BinarySearchFunc(own, Listed, func(l Line, c Class) int { return cmp.Compare(l.Class, c) })
	if l := strongest(own[from:], version, aside); l != nil {
		return Answer{l.Status, ByDevice, *l}
	}
	if l := strongest(wide, version, aside); l != nil {
		return Answer{l.Status, ByRange, *l}
	}
	return Answer{Status: Allowed, Reason: ByDefault}
}

// strongest returns the listed line that prevails: the narrowest, then prohibited before tracked
// before allowed, then by ground.
func strongest(lines []Line, version uint8, aside Grounds) (best *Line) {
	for i := range lines {
		l := &lines[i]
		if l.Class == Listed && !aside.Has(l.Ground) && l.forVersion(version) && (best == nil || narrower(l, best)) {
			best = l
		}
	}
	return best
}

// narrower orders lines that cover one device: the narrower subject, then the stronger status, then
// the ground with the lower number, then the order of the table.
func narrower(a, b *Line) bool {
	return cmp.Or(cmp.Compare(a.To-a.From, b.To-b.From), cmp.Compare(b.Status, a.Status), cmp.Compare(a.Ground, b.Ground), a.Compare(b)) < 0
}
