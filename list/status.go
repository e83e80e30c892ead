package list

import (
	"fmt"
	"slices"
	"strings"
)

// Status is the answer to "may this device attach?" (TS 22.016; TS 23.003 uses the older colours).
type Status uint8

// The statuses. The zero value is none.
const (
	Allowed    Status = iota + 1 // white on the wire
	Tracked                      // grey: served, and reported
	Prohibited                   // black: refused, emergency calls excepted
	Unknown                      // not in the lists of a restrictive mode; many networks treat it as refused
)

var statuses = []string{"", "allowed", "tracked", "prohibited", "unknown"}

// String returns the word for the status.
func (s Status) String() string { return statuses[s] }

// Refuses reports whether networks keep a device of this status out.
func (s Status) Refuses() bool { return s >= Prohibited }

// ParseStatus reads a status's word. The colours are accepted as aliases.
func ParseStatus(s string) (Status, error) {
	if i := slices.Index(statuses, s); i > 0 {
		return Status(i), nil
	}
	switch s {
	case "white":
		return Allowed, nil
	case "grey", "gray":
		return Tracked, nil
	case "black":
		return Prohibited, nil
	}
	return 0, fmt.Errorf("reading status %q: write allowed, tracked, prohibited or unknown", s)
}

// Ground is why a line stands. A device leaves a list only when every ground is lifted.
type Ground uint8

// The grounds. Their numbers are part of the snapshot format: add at the end.
const (
	Stolen         Ground = iota + 1 // reported stolen
	Lost                             // reported lost
	Duplicate                        // one identity on several devices
	NotAllocated                     // its TAC was never allocated
	NotRegistered                    // not in the national register
	NotApproved                      // the model has no type approval
	Barred                           // barred by an authority for another reason
	Fraud                            // obtained by fraud
	Court                            // an order or a stay of a court
	Test                             // test equipment
	Protected                        // exempt for the safety of a person or a service
	Mode                             // the default of a restrictive mode
	NonIdentifying                   // the value identifies no device
)

var grounds = []string{"", "stolen", "lost", "duplicate", "not-allocated", "not-registered", "not-approved",
	"barred", "fraud", "court", "test", "protected", "mode", "non-identifying"}

// String returns the word for the ground.
func (g Ground) String() string { return grounds[g] }

// ParseGround reads a ground's word.
func ParseGround(s string) (Ground, error) {
	if i := slices.Index(grounds, s); i > 0 {
		return Ground(i), nil
	}
	return 0, fmt.Errorf("reading ground %q: write one of %s", s, strings.Join(grounds[1:], ", "))
}

// Grounds is a set of grounds, bit g for ground g.
type Grounds uint32

// GroundSet returns the set of the grounds.
func GroundSet(gs ...Ground) (set Grounds) {
	for _, g := range gs {
		set |= 1 << g
	}
	return set
}

// allGrounds is the set of every ground there is.
var allGrounds = Grounds(1<<len(grounds) - 2)

// Has reports whether the ground is in the set.
func (s Grounds) Has(g Ground) bool { return s&(1<<g) != 0 }

// String returns the words, separated by commas.
func (s Grounds) String() string {
	var words []string
	for g := range grounds {
		if g > 0 && s.Has(Ground(g)) {
			words = append(words, grounds[g])
		}
	}
	return strings.Join(words, ",")
}

// ParseGrounds reads what String writes.
func ParseGrounds(s string) (set Grounds, err error) {
	for word := range strings.SplitSeq(s, ",") {
		g, err := ParseGround(word)
		if err != nil {
			return 0, err
		}
		set |= 1 << g
	}
	return set, nil
}
