package detect

import (
	"maps"

	"github.com/openceir/openceir/internal/device"
)

// Judge says which conditions hold for a device on the day asOf, the last complete day, in the
// order of the file, and when to judge it again: the first later day on which that can change if
// nothing new is learnt of the device, 0 if it cannot. The day is given also where nothing holds:
// a near-miss may become a match by time alone.
//
// Until that day the same conditions hold; numbers in the evidence may differ. Since is the day
// from which the window shows the episode; Pass keeps the day of an open finding instead. The
// history and facts are read, not kept. Where nothing holds, nothing is allocated.
func (s *Conditions) Judge(h *device.History, f *Facts, asOf device.Day) (findings []device.Finding, again device.Day) {
	b := s.benches.Get().(*bench)
	b.lay(h, f, asOf)
	again = b.future
	have := f.have
	if have == 0 {
		have = f.gather()
	}
	for i := range s.list {
		c := &s.list[i]
		if c.needs&^have != 0 {
			continue // suspended: when the list is there, everything is judged again
		}
		holds, flips := c.judge(b)
		if holds && c.maxAge > 0 {
			if stale := f.TACFeed.Day + device.Day(c.maxAge) + 1; stale > asOf {
				flips = earlier(flips, stale)
			} else {
				holds, flips = false, asOf+1 // suspended: ask again until the feed is fresh
			}
		}
		if holds {
			findings = append(findings, c.finding(b, flips))
			flips = findings[len(findings)-1].Again
		}
		again = earlier(flips, again)
	}
	b.h, b.facts, b.marks = nil, nil, nil
	s.benches.Put(b)
	if again == never {
		again = 0
	}
	return findings, again
}

// earlier returns the earlier of two days, where 0 is none.
func earlier(a, b device.Day) device.Day {
	switch {
	case a == 0:
		return b
	case b == 0:
		return a
	}
	return min(a, b)
}

// judge combines the dimensions. A condition that holds can cease when the first of them changes;
// one that does not hold cannot begin before the last of those that fail has changed, and never
// if one of them never does. Complements are among the devices that were seen, and so are all
// dimensions but those of lists that name any device; a first sighting to come is a known later day.
func (c *Condition) judge(b *bench) (holds bool, flips device.Day) {
	if !b.ever && !c.unseen {
		return false, 0
	}
	var first, last device.Day
	holds = true
	for i := range c.dimensions {
		t := &c.dimensions[i]
		ok, day := t.judge(b, t.window)
		switch {
		case ok != t.inverted:
			first = earlier(first, day)
		case day == 0:
			return false, 0
		default:
			holds = false
			last = max(last, day)
		}
	}
	if holds {
		return true, first
	}
	return false, last
}

// finding writes down what holds. Its strength is the condition's, times the smallest ratio of
// value to threshold among the dimensions that count, at most 1000.
func (c *Condition) finding(b *bench, flips device.Day) device.Finding {
	f := device.Finding{
		IMEI:    b.h.IMEI,
		Text:    b.h.Text,
		Rule:    c.Name,
		Version: c.version,
		Params:  c.params,
		Pairs:   b.pairs,
		Again:   earlier(flips, b.future),
	}
	evidence := b.evidence
	clear(evidence)
	least, duplicate := 0, false
	for i := range c.dimensions {
		t := &c.dimensions[i]
		if t.inverted {
			continue
		}
		since, r := t.explain(b, t.window, evidence)
		f.Since = max(f.Since, since)
		if r > 0 {
			duplicate = true
			if least == 0 || r < least {
				least = r
			}
		}
	}
	if f.Since == 0 {
		f.Since = b.asOf
	}
	if c.maxAge > 0 {
		put(evidence, "tac_feed", "%s of %s", b.facts.TACFeed.Version, b.facts.TACFeed.Day)
	}
	f.Strength = c.Strength
	if duplicate {
		f.Strength = int(min(1000, max(1, int64(c.Strength)*int64(least)/1000)))
		if !b.nonIdentifying() {
			f.Best = b.best(evidence)
		}
	}
	if c.LookAgainDays > 0 {
		f.Again = earlier(f.Again, b.asOf+device.Day(c.LookAgainDays))
	}
	if f.Again == never {
		f.Again = 0
	}
	f.Evidence = b.keep(c)
	return f
}

// keep returns the evidence that was written. Rules that find multitudes say the same of most: it is
// one map for devices that follow one another, and nobody may change it.
func (b *bench) keep(c *Condition) map[string]string {
	last, is := b.said[c]
	if !is || !maps.Equal(last, b.evidence) {
		last = maps.Clone(b.evidence)
		b.said[c] = last
	}
	return last
}
