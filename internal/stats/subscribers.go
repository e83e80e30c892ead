package stats

import (
	"cmp"
	"slices"

	"github.com/openceir/openceir/subscriber"
)

// entry is a sighting under its subscriber, for the counts that cross the buckets.
type entry struct {
	imsi, msisdn uint64
	rest         uint64 // days seen, place of the operator, and number of the device in the pass
}

const (
	opShift     = 31 // days of a month
	deviceShift = opShift + 6
	digitBits   = 11
	digits      = (64 + digitBits - 1) / digitBits
)

func (e *entry) seen() uint32   { return uint32(e.rest & (1<<opShift - 1)) }
func (e *entry) op() int        { return int(e.rest >> opShift & (operatorsMax - 1)) }
func (e *entry) device() uint64 { return e.rest >> deviceShift }

func newEntry(s *sighting, device uint64) entry {
	return entry{uint64(s.imsi), uint64(s.msisdn), device<<deviceShift | uint64(s.op)<<opShift | uint64(s.seen)}
}

// bySubscriber counts the distinct IMSIs, MSISDNs and pairs of both of a month. It sorts the
// entries, which come in the order of device.
func (m *month) bySubscriber() {
	scratch := make([]entry, len(m.entries))
	sorted, scratch := radix(m.entries, scratch, false)
	for from := 0; from < len(sorted); {
		to := from + 1
		for to < len(sorted) && sorted[to].imsi == sorted[from].imsi {
			to++
		}
		if sorted[from].imsi != 0 {
			m.each(sorted[from:to], (*tally).imsi)
		}
		from = to
	}
	sorted, _ = radix(sorted, scratch, true)
	for from := 0; from < len(sorted); {
		to := from + 1
		for to < len(sorted) && sorted[to].msisdn == sorted[from].msisdn {
			to++
		}
		if sorted[from].msisdn != 0 {
			m.each(sorted[from:to], (*tally).msisdn)
		}
		from = to
	}
}

// each has the entries of one subscriber counted by the country and by each operator that saw it.
func (m *month) each(group []entry, count func(*tally, []entry)) {
	count(m.scopes[0], group)
	var ops uint64
	for i := range group {
		ops |= 1 << group[i].op()
	}
	if ops&(ops-1) == 0 {
		count(m.scopes[1+group[0].op()], group)
		return
	}
	for op := range m.scopes[1:] {
		if ops>>op&1 == 0 {
			continue
		}
		m.some = m.some[:0]
		for i := range group {
			if group[i].op() == op {
				m.some = append(m.some, group[i])
			}
		}
		count(m.scopes[1+op], m.some)
	}
}

// imsi counts one IMSI. The entries of one device stand together.
func (t *tally) imsi(group []entry) {
	t.imsis++
	if len(group) == 1 {
		e := &group[0]
		t.imsiDays.add(e.seen())
		t.imeisOfIMSI.add(1)
		if e.msisdn != 0 {
			t.imsiMSISDNs++
			t.imsiMSISDNDays.add(e.seen())
		}
		return
	}
	seen, devices := uint32(0), 0
	t.numbers = t.numbers[:0]
	for i := range group {
		seen |= group[i].seen()
		if i == 0 || group[i].device() != group[i-1].device() {
			devices++
		}
		if group[i].msisdn != 0 {
			t.numbers = append(t.numbers, numberSeen{subscriber.MSISDN(group[i].msisdn), group[i].seen()})
		}
	}
	t.imsiDays.add(seen)
	t.imeisOfIMSI.add(devices)
	slices.SortFunc(t.numbers, func(a, b numberSeen) int { return cmp.Compare(a.msisdn, b.msisdn) })
	for i := 0; i < len(t.numbers); {
		number, seen := t.numbers[i].msisdn, uint32(0)
		for ; i < len(t.numbers) && t.numbers[i].msisdn == number; i++ {
			seen |= t.numbers[i].seen
		}
		t.imsiMSISDNs++
		t.imsiMSISDNDays.add(seen)
	}
}

// msisdn counts one MSISDN.
func (t *tally) msisdn(group []entry) {
	t.msisdns++
	seen := uint32(0)
	for i := range group {
		seen |= group[i].seen()
	}
	t.msisdnDays.add(seen)
}

// radix sorts by IMSI or by MSISDN, a digit of 2048 values at a time, and keeps the order of equal
// ones. A digit that all have in common costs no pass. It gives back the sorted slice and the other.
func radix(from, to []entry, byMSISDN bool) (sorted, other []entry) {
	var counts [digits][1 << digitBits]uint32
	key := func(e *entry) uint64 {
		if byMSISDN {
			return e.msisdn
		}
		return e.imsi
	}
	for i := range from {
		k := key(&from[i])
		for d := range counts {
			counts[d][k>>(d*digitBits)&(1<<digitBits-1)]++
		}
	}
	for d := range counts {
		place, shift := &counts[d], d*digitBits
		if len(from) == 0 || int(place[key(&from[0])>>shift&(1<<digitBits-1)]) == len(from) {
			continue
		}
		sum := uint32(0)
		for i, n := range place {
			place[i] = sum
			sum += n
		}
		for i := range from {
			at := &place[key(&from[i])>>shift&(1<<digitBits-1)]
			to[*at] = from[i]
			*at++
		}
		from, to = to, from
	}
	return from, to
}
