package listgen

import (
	"crypto/md5"
	"slices"
	"strconv"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/subscriber"
)

// Finding is what a run needs of an open finding by a rule that may block: one that only informs,
// has ended, or has no day from which a measure may follow, is not given.
type Finding struct {
	IMEI    imei.IMEI
	Text    string // of a malformed identifier, whose IMEI is 0
	Rule    string
	Reason  string // what operators are told
	Ground  list.Ground
	Block   device.Day // from when a measure may follow
	Amnesty bool
	// Held says that its input was incomplete: it may notify, never block.
	Held bool
	// Authority says that a policy lets the rule refuse. A shadow run does not ask.
	Authority bool
}

// Line is a prohibited line of one device, in force.
type Line struct {
	IMEI   imei.IMEI
	Ground list.Ground
	Act    uint64
	Day    device.Day // of the act; asked only where no finding tells the day, see Undated
}

// Country is what a run knows that is the same for all buckets.
type Country struct {
	Day        device.Day // the last complete day
	Shadow     bool
	Options    device.ListOptions
	Golden     map[device.Golden]bool
	BarredTACs []imei.TAC // sorted
	Homes      *Homes
}

// golden reports whether the device is on the golden list.
func (c *Country) golden(m imei.IMEI) bool {
	if len(c.Golden) == 0 {
		return false
	}
	var digits [14]byte
	sum := device.Golden(md5.Sum(m.Append(digits[:0])))
	return c.Golden[sum]
}

// spared reports whether the device is never prohibited nor notified.
func (c *Country) spared(m imei.IMEI) bool {
	_, everywhere := imei.NonIdentifying(m)
	return everywhere || c.golden(m)
}

// Homes finds the home network of a subscription.
type Homes struct {
	operators []device.Operator // sorted
	prefixes  map[string]device.Operator
	longest   int
}

// NewHomes returns the home networks of a country's operators. Of two operators with the same
// network the first by name counts.
func NewHomes(networks map[device.Operator][]subscriber.PLMN) *Homes {
	h := &Homes{prefixes: map[string]device.Operator{}}
	for op := range networks {
		h.operators = append(h.operators, op)
	}
	slices.Sort(h.operators)
	for _, op := range h.operators {
		for _, p := range networks[op] {
			if _, taken := h.prefixes[string(p)]; !taken {
				h.prefixes[string(p)] = op
			}
			h.longest = max(h.longest, len(p))
		}
	}
	return h
}

// Operators returns all operators, sorted.
func (h *Homes) Operators() []device.Operator { return h.operators }

// Of returns the operator whose network the IMSI belongs to, by the longest prefix.
func (h *Homes) Of(i subscriber.IMSI) (device.Operator, bool) {
	if i == 0 {
		return "", false
	}
	var buf [20]byte
	digits := appendIMSI(buf[:0], i.Digits())
	for n := min(h.longest, len(digits)); n > 0; n-- {
		if op, ok := h.prefixes[string(digits[:n])]; ok {
			return op, true
		}
	}
	return "", false
}

// appendIMSI appends what IMSI.String returns, without making a string for the common ones.
func appendIMSI(b []byte, i subscriber.IMSI) []byte {
	const least = 20_000_000_000_000 // below, leading zeros are missing
	if i < least || i.Pseudonym() {
		return append(b, i.String()...)
	}
	return strconv.AppendUint(b, uint64(i), 10)
}
