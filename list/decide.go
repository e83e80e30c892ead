package list

import (
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
// a TAC is one and a restrictive mode the widest; allowed.
//
// When a device is refused except with its paired subscribers and the network did not say who
// asks, the answer is tracked: a victim must not be cut off because a field was empty.
func (t *Table) Decide(q *Query) Answer {
	if q.Malformed {
		return Answer{Status: Allowed, Reason: ByMalformed}
	}
	return decide(t.device(q.IMEI), t.wide, q)
}

func decide(own, wide []Line, q *Query) Answer {
	if l := first(own, wide, Override, q.IMEI); l != nil {
		return Answer{Allowed, ByOverride, *l}
	}
	if l := first(own, nil, Special, q.IMEI); l != nil {
		return Answer{l.Status, BySpecial, *l}
	}
	if _, is := imei.NonIdentifying(q.IMEI); is {
		return Answer{Status: Tracked, Reason: BySpecial}
	}
	if l := theft(own, q); l != nil {
		return Answer{l.Status, ByTheft, *l}
	}
	overridden, pair, paired := pairs(own, q)
	a := held(own, wide, q, overridden)
	if pair != nil && a.Status == Allowed {
		return Answer{Allowed, ByPair, *pair}
	}
	if e := first(own, wide, Exempt, q.IMEI); e != nil {
		return Answer{Allowed, ByExempt, *e}
	}
	if a.Status.Refuses() && q.IMSI == 0 && q.MSISDN == 0 && paired.Has(a.Line.Ground) {
		return Answer{Tracked, ByPairless, a.Line}
	}
	return a
}

// first returns the device's line of the class, or the first wide one that covers it.
func first(own, wide []Line, c Class, m imei.IMEI) *Line {
	for i := range own {
		if own[i].Class == c {
			return &own[i]
		}
	}
	for i := range wide {
		if wide[i].Class == c && wide[i].Covers(m) {
			return &wide[i]
		}
	}
	return nil
}

func theft(own []Line, q *Query) *Line {
	for i := range own {
		l := &own[i]
		if l.Class == Listed && (l.Ground == Stolen || l.Ground == Lost) && l.forVersion(q.Version) && l.Status.Refuses() {
			return l
		}
	}
	return nil
}

func (l *Line) forVersion(v uint8) bool { return l.Version == AnyVersion || l.Version == v }

// pairs returns the grounds that the asking subscriber's pair sets aside, that pair, and the
// grounds that any pair of the device would set aside.
func pairs(own []Line, q *Query) (mine Grounds, pair *Line, any Grounds) {
	for i := range own {
		if own[i].Class == Pair {
			any |= own[i].Overrides
			if q.isSubscriber(own[i].Subscriber) {
				mine |= own[i].Overrides
				pair = &own[i]
			}
		}
	}
	return mine, pair, any
}

// held returns what is held against the device (or for it) by listed lines on grounds not set aside.
func held(own, wide []Line, q *Query, aside Grounds) Answer {
	var best *Line
	for i := range own {
		l := &own[i]
		if l.Class == Listed && !aside.Has(l.Ground) && l.forVersion(q.Version) && (best == nil || stronger(l, best)) {
			best = l
		}
	}
	if best != nil {
		return Answer{best.Status, ByDevice, *best}
	}
	for i := range wide {
		l := &wide[i]
		if l.Class != Listed || aside.Has(l.Ground) || !l.Covers(q.IMEI) {
			continue
		}
		if best == nil || l.To-l.From < best.To-best.From || l.To-l.From == best.To-best.From && stronger(l, best) {
			best = l
		}
	}
	if best != nil {
		return Answer{best.Status, ByRange, *best}
	}
	return Answer{Status: Allowed, Reason: ByDefault}
}

// stronger orders lines of one subject: prohibited before tracked before allowed, then by ground.
func stronger(a, b *Line) bool {
	return a.Status > b.Status || a.Status == b.Status && a.Ground < b.Ground
}
