package detect

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// identity is what a counting dimension counts.
type identity uint8

// The identities. A user is a subscription after continuity, IMSI or else MSISDN. The others count
// what the peers of this register count: each IMSI, each MSISDN of 12 to 15 digits, and each
// registered person (by the list of persons and their IMSIs; who is on none is nobody).
const (
	countUsers identity = iota
	countIMSIs
	countMSISDNs
	countPersons
	identities = iota
)

var identityNames = [identities]string{"user", "imsi", "msisdn", "person"}

// field reads the identity; the user is what is counted where nothing is said.
func (i *identity) field(among ...identity) field {
	var name string
	var names []string
	for _, v := range among {
		names = append(names, identityNames[v])
	}
	f := text("identity", oneOf(names...), &name)
	read := f.read
	return field{name: "identity", read: func(n *yaml.Node) error {
		err := read(n)
		*i = identity(max(0, slices.Index(identityNames[:], name)))
		return err
	}}
}

// params are written only where they are not the user: the versions of older rules stay.
func (i identity) params() []param {
	if i == countUsers {
		return nil
	}
	return []param{{"identity", identityNames[i]}}
}

// crowd is the identities of a device, each with its days: computed when first asked for.
type crowd struct {
	ready bool
	n     int
	bits  []uint64
	rows  []labelled
}

// labelled is a row of days and whose it is.
type labelled struct {
	label uint64
	row   int32
}

const (
	leastMSISDN = 100_000_000_000 // twelve digits: what the peers take for a whole number
)

// label returns whose a row is, 0 for nobody.
func (b *bench) label(row *device.Days, what identity) uint64 {
	switch what {
	case countIMSIs:
		return uint64(row.IMSI)
	case countMSISDNs:
		if row.MSISDN.Digits() >= leastMSISDN {
			return uint64(row.MSISDN)
		}
	case countPersons:
		return b.facts.person(row.IMSI)
	}
	return 0
}

// crowd returns the device's identities within the horizon.
func (b *bench) crowd(what identity) *crowd {
	c := &b.crowds[what]
	if c.ready {
		return c
	}
	c.ready, c.n, c.bits, c.rows = true, 0, c.bits[:0], c.rows[:0]
	for i := range b.h.Days {
		if label := b.label(&b.h.Days[i], what); label != 0 {
			c.rows = append(c.rows, labelled{label, int32(i)})
		}
	}
	if what != countIMSIs { // rows come by IMSI
		slices.SortFunc(c.rows, func(x, y labelled) int { return compare(x.label, y.label) })
	}
	last := uint64(0)
	for _, l := range c.rows {
		row := &b.h.Days[l.row]
		days := b.past(row)
		back := int(b.month - row.Month)
		if days == 0 || back >= len(b.offsets) || b.offsets[back] < -31 {
			continue
		}
		if l.label != last {
			last = l.label
			c.n++
			for range b.words {
				c.bits = append(c.bits, 0)
			}
		}
		set(c.bits[(c.n-1)*b.words:], b.offsets[back], days)
	}
	return c
}

// person returns the number of the person whose IMSI it is, from 1, 0 if it is nobody's.
func (f *Facts) person(i subscriber.IMSI) uint64 {
	at, ok := slices.BinarySearchFunc(f.Subscriptions, i, func(s Subscription, i subscriber.IMSI) int { return compare(uint64(s.IMSI), uint64(i)) })
	if !ok || i == 0 {
		return 0
	}
	return uint64(f.Subscriptions[at].Person) + 1
}
