package listgen

import (
	"slices"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/subscriber"
)

// InForce returns what a list says of single devices, by bucket: the lines by which it refuses a
// stranger, and the pairs that let their subscriber in, both sorted by device. What an override or an
// exemption sets aside is not among the lines.
func InForce(t *list.Table) (lines [device.Buckets][]Line, pairs [device.Buckets][]device.Pairing) {
	var of imei.IMEI
	first, refused, bucket := true, false, 0
	for l := range t.Lines() {
		if !l.One() {
			continue
		}
		if first || l.From != of {
			first, of, bucket = false, l.From, device.BucketOf(l.From)
			refused = t.Decide(&list.Query{IMEI: of, Version: list.AnyVersion, IMSI: list.Stranger}).Status == list.Prohibited
		}
		switch {
		case l.Class == list.Listed && l.Status == list.Prohibited && l.Version == list.AnyVersion && refused:
			lines[bucket] = append(lines[bucket], Line{IMEI: of, Ground: l.Ground, Act: l.Act})
		case l.Class == list.Pair && !repeats(pairs[bucket], l):
			q := list.Query{IMEI: of, Version: list.AnyVersion}
			q.IMSI, q.MSISDN = who(l.Subscriber)
			if (q.IMSI != 0 || q.MSISDN != 0) && !t.Decide(&q).Status.Refuses() {
				pairs[bucket] = append(pairs[bucket], device.Pairing{IMEI: of, IMSI: q.IMSI, MSISDN: q.MSISDN})
			}
		}
	}
	// A subscriber is sorted by IMSI before number, a pair without an IMSI comes first.
	for _, some := range pairs {
		slices.SortFunc(some, func(a, b device.Pairing) int { return comparePairings(&a, &b) })
	}
	return lines, pairs
}

// who returns the IMSI or the number of a subscriber.
func who(id subscriber.ID) (subscriber.IMSI, subscriber.MSISDN) {
	i, _ := id.IMSI()
	m, _ := id.MSISDN()
	return i, m
}

// repeats reports whether the line is of the pair that was appended last: a subscriber may have a
// pair on each ground.
func repeats(pairs []device.Pairing, l *list.Line) bool {
	if len(pairs) == 0 {
		return false
	}
	p := &pairs[len(pairs)-1]
	return p.IMEI == l.From && subscriber.Of(p.IMSI, p.MSISDN) == l.Subscriber
}

// Undated returns the acts whose day is to be told: those of lines on whose ground the device has no
// finding, or one whose own day has not come.
func (g *Generator) Undated() (acts []uint64) {
	for bucket := range g.Lines {
		acts = undated(acts, g.Lines[bucket], g.Findings[bucket], g.Country.Day)
	}
	slices.Sort(acts)
	return slices.Compact(acts)
}

// Date tells the days of acts.
func (g *Generator) Date(days map[uint64]device.Day) {
	for _, lines := range g.Lines {
		for i := range lines {
			lines[i].Day = days[lines[i].Act]
		}
	}
}

func undated(acts []uint64, lines []Line, findings []Finding, day device.Day) []uint64 {
	for i := range lines {
		l := &lines[i]
		for len(findings) > 0 && findings[0].IMEI < l.IMEI {
			findings = findings[1:]
		}
		told, early := false, false
		for k := 0; k < len(findings) && findings[k].IMEI == l.IMEI; k++ {
			if findings[k].Ground == l.Ground {
				told, early = true, early || findings[k].Block > day
			}
		}
		if !told || early {
			acts = append(acts, l.Act)
		}
	}
	return acts
}
