package detect

import (
	"slices"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

// Feed is the edition of a set of facts: every answer names it.
type Feed struct {
	Version string     // digest or number of the edition
	Day     device.Day // day on which it was current
}

// TACs answers whether a type allocation code is allocated.
type TACs interface {
	Known(imei.TAC) bool
}

// StolenList answers whether a device is on the stolen list.
type StolenList interface {
	Stolen(imei.IMEI) (row device.Stolen, listed bool)
}

// Facts is what is known of devices beside what networks saw. The zero value knows nothing, and
// rules that need what it lacks are suspended.
type Facts struct {
	TACs    TACs
	TACFeed Feed
	Stolen  StolenList
	// Zone is the country's zone, by which visits (instants) belong to civil days. Nil is UTC.
	Zone *time.Location
}

// TACSet is a TAC directory as a sorted set.
type TACSet struct{ sorted []imei.TAC }

// NewTACSet returns the set of the directory's codes.
func NewTACSet(rows []device.TAC) *TACSet {
	s := &TACSet{make([]imei.TAC, len(rows))}
	for i := range rows {
		s.sorted[i] = rows[i].TAC
	}
	slices.Sort(s.sorted)
	s.sorted = slices.Compact(s.sorted)
	return s
}

// Known implements TACs.
func (s *TACSet) Known(t imei.TAC) bool {
	_, ok := slices.BinarySearch(s.sorted, t)
	return ok
}

// Len returns the number of codes.
func (s *TACSet) Len() int { return len(s.sorted) }

// StolenSet is a stolen list in memory, for judging single devices; a pass reads a sequence.
type StolenSet map[imei.IMEI]device.Stolen

// NewStolenSet returns the set of the rows. Of several rows for a device one that asks for a block
// prevails, and the earliest report among those.
func NewStolenSet(rows []device.Stolen) StolenSet {
	s := make(StolenSet, len(rows))
	for _, r := range rows {
		if old, ok := s[r.IMEI]; ok {
			r = prevailing(old, r)
		}
		s[r.IMEI] = r
	}
	return s
}

// Stolen implements StolenList.
func (s StolenSet) Stolen(m imei.IMEI) (device.Stolen, bool) {
	r, ok := s[m]
	return r, ok
}

// prevailing returns which of two rows of the stolen list for one device is in force.
func prevailing(a, b device.Stolen) device.Stolen {
	switch {
	case a.Blocks() != b.Blocks():
		if b.Blocks() {
			return b
		}
	case b.Reported != 0 && (a.Reported == 0 || b.Reported < a.Reported):
		return b
	}
	return a
}

// lastTAC remembers one answer: a pass walks devices by IMEI, so the next device nearly always has
// the TAC of the one before.
type lastTAC struct {
	TACs
	tac   imei.TAC
	known bool
	asked bool
}

// Known implements TACs.
func (l *lastTAC) Known(t imei.TAC) bool {
	if !l.asked || t != l.tac {
		l.tac, l.known, l.asked = t, l.TACs.Known(t), true
	}
	return l.known
}
