package detect

import (
	"slices"

	"github.com/openceir/openceir/internal/device"
)

// Taking over from another system. What it had found, and what is found here up to the last day of
// the take-over, is one episode: the finding takes over since when it was found there, the day from
// which its owner was told to be refused, and the amnesty. Found later, it is an episode of its own,
// with grace of its own, so that nobody is cut off by what was true long ago. A row says nothing of
// whether a rule holds, but for a sticky rule: what it once found it has found.

// of returns the adopted row of a rule, nil if there is none.
func of(adopted []device.Adopted, rule string) *device.Adopted {
	at := slices.IndexFunc(adopted, func(a device.Adopted) bool { return a.Rule == rule })
	if at < 0 {
		return nil
	}
	return &adopted[at]
}

// continued returns the finding that an adopted row would be here, brought to what was open; f is
// the one that holds now, and since when is told in it. It returns was itself if there is no row or
// it is of another episode.
func (p *Part) continued(c *Condition, f, was *device.Finding, over *device.Adopted) *device.Finding {
	if over == nil {
		return was
	}
	before := device.Finding{Found: p.asOf}
	if was != nil {
		before = *was
	}
	if before.Found > p.until {
		return was
	}
	before.Found = over.Since
	f.Since = min(f.Since, over.Since)
	if over.Block != 0 {
		before.Block = over.Block
	}
	if over.Block != 0 || over.Amnesty {
		before.Amnesty = over.Amnesty && c.Amnesty && p.amnesty.Ends != 0
	}
	return &before
}

// stuck returns the finding that a sticky rule has by an adopted row alone, if it has none yet.
func (p *Part) stuck(over *device.Adopted, found, open []device.Finding) (device.Finding, bool) {
	at, known := p.index[over.Rule]
	if !known || p.asOf > p.until {
		return device.Finding{}, false
	}
	its := func(f device.Finding) bool { return f.Rule == over.Rule }
	c := p.rules[at].condition
	if c == nil || !c.Sticky || p.rules[at].Suspended || slices.ContainsFunc(found, its) || slices.ContainsFunc(open, its) {
		return device.Finding{}, false
	}
	return device.Finding{IMEI: over.IMEI, Text: over.Text, Rule: c.Name, Version: c.version, Params: c.params, Since: over.Since, Strength: c.Strength,
		Evidence: map[string]string{"adopted": "found by another system on " + over.Since.String()}}, true
}
