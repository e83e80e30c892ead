package list

import (
	"slices"

	"github.com/openceir/openceir/imei"
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
// stolen or lost devices among those released.
type Effect struct{ Refuses, Releases, Thefts uint64 }

// Count says what the ops would do to the table's answers, whatever the lines' form: one IMEI on
// 39 million handsets counts as 39 million. A range counts as every pair seen in it, and as every
// device it could name where the range was never observed.
func Count(t *Table, ops []Op, seen Seen) Effect {
	var e Effect
	var devices []imei.IMEI
	for i := range ops {
		if l := &ops[i].Line; l.One() {
			devices = append(devices, l.From)
		} else {
			e.wide(t, &ops[i], seen)
		}
	}
	slices.Sort(devices)
	for _, m := range slices.Compact(devices) {
		e.device(t, m, ops, seen)
	}
	return e
}

// device compares the answers for one device before and after the ops.
func (e *Effect) device(t *Table, m imei.IMEI, ops []Op, seen Seen) {
	own := t.device(m)
	var mine []Op
	for _, o := range ops {
		if o.Line.One() && o.Line.From == m {
			mine = append(mine, o)
		}
	}
	after := applyTo(slices.Clone(own), mine)
	before, now := stranger(own, t.wide, m), stranger(after, t.wide, m)
	all := uint64(max(1, seen.Pairs(m)))
	was, is := refused(before, own, all), refused(now, after, all)
	if is > was {
		e.Refuses += is - was
	} else {
		e.Releases += was - is
	}
	if before.Reason == ByTheft && now.Reason != ByTheft {
		e.Thefts++
	}
}

// refused returns how many of a device's pairs are refused, given the answer to a stranger: all
// but those that the device's pair lines let through.
func refused(a Answer, own []Line, all uint64) uint64 {
	if !a.Status.Refuses() {
		return 0
	}
	var through uint64
	for i := range own {
		if own[i].Class == Pair && own[i].Overrides.Has(a.Line.Ground) && a.Reason != ByTheft {
			through++
		}
	}
	return all - min(all-1, through) // somebody who is not paired is always meant
}

// stranger is the answer to a subscriber who is in no pair.
func stranger(own, wide []Line, m imei.IMEI) Answer {
	return decide(own, wide, &Query{IMEI: m, Version: AnyVersion, IMSI: 1})
}

func (e *Effect) wide(t *Table, o *Op, seen Seen) {
	l := &o.Line
	n := uint64(seen.InRange(l.From, l.To))
	if n == 0 {
		n = uint64(l.To-l.From) + 1
	}
	switch {
	case l.Status.Refuses() != o.Drop:
		e.Refuses += n
	default:
		e.Releases += n
	}
	if !l.Status.Refuses() || o.Drop {
		for i := range t.wide { // a range that hides a theft range, or lifts it
			if w := &t.wide[i]; (w.Ground == Stolen || w.Ground == Lost) && w.From <= l.To && l.From <= w.To {
				e.Thefts += n
				break
			}
		}
	}
}
