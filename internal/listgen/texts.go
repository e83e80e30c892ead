package listgen

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// MergeTexts makes the lists of malformed identifiers, nothing unless the country wants them: they
// are in files only, and never in a stream. The findings are sorted by (Text, Rule). Sightings come
// in any order; only those of identifiers that are to be notified are kept, and sorted.
func (c *Country) MergeTexts(findings []Finding, seen iter.Seq2[device.Malformed, error]) (*Lists, error) {
	out := &Lists{}
	if !c.Options.OutputInvalid {
		return out, nil
	}
	pending := map[string]int{}
	for i := 0; i < len(findings); {
		k := i
		for k < len(findings) && findings[k].Text == findings[i].Text {
			k++
		}
		if r, ok := c.judge(findings[i:k], nil); ok {
			r.Text = findings[i].Text
			if r.Pending {
				pending[r.Text] = len(out.Devices)
			}
			out.Devices = append(out.Devices, r)
		}
		i = k
	}
	if len(pending) == 0 {
		return out, nil
	}
	rows, err := c.sightings(pending, seen)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b sighting) int {
		return cmp.Or(cmp.Compare(a.device, b.device), cmp.Compare(a.imsi, b.imsi), cmp.Compare(a.msisdn, b.msisdn), cmp.Compare(a.operator, b.operator))
	})
	n := noticing{country: c}
	for _, s := range rows {
		n.put(&out.Devices[s.device], s.imsi, s.msisdn, s.operator, false)
	}
	out.Notices = n.out
	return out, nil
}

// sighting is a malformed identifier, as its place among the devices, seen with a subscriber.
type sighting struct {
	device   int
	imsi     subscriber.IMSI
	msisdn   subscriber.MSISDN
	operator device.Operator
}

func (c *Country) sightings(pending map[string]int, seen iter.Seq2[device.Malformed, error]) ([]sighting, error) {
	var rows []sighting
	for m, err := range seen {
		if err != nil {
			return nil, err
		}
		if m.List != "" || m.Day > c.Day || m.Day <= c.Day-device.Day(c.Options.LookbackDays) {
			continue
		}
		at, ok := pending[normal(m.IMEI)]
		if !ok {
			continue
		}
		i, imsiErr := subscriber.ReadIMSI(strings.TrimSpace(m.IMSI))
		n, msisdnErr := subscriber.ReadMSISDN(strings.TrimSpace(m.MSISDN))
		if imsiErr == nil && msisdnErr == nil {
			rows = append(rows, sighting{at, i, n, m.Operator})
		}
	}
	return rows, nil
}

// normal returns the normal form of an identifier as it was received, as findings have it; it is
// empty for one that is of the form of an IMEI.
func normal(received string) string {
	s := strings.TrimSpace(received)
	if len(s) >= 14 && strings.Trim(s[:14], "0123456789") == "" {
		return ""
	}
	return strings.ToUpper(s)
}
