package listgen

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// Input is what a run knows of the devices of one bucket. All is sorted by device.
type Input struct {
	Findings []Finding        // by (IMEI, rule)
	Lines    []Line           // prohibited lines in force; none in a shadow run
	Pairings []device.Pairing // the pairing list, by (IMEI, IMSI, MSISDN)
	Pairs    []device.Pairing // pairs of the list in force that let their subscriber in; MSISDN or IMSI is 0
	Barred   []imei.IMEI      // the barred list
	// Seen yields the rows of some devices of whole months, by (IMEI, IMSI, MSISDN, operator).
	Seen func(devices []imei.IMEI) iter.Seq2[*device.Days, error]
}

// Lists are the rows that a run keeps, each list sorted and distinct.
type Lists struct {
	Devices    []device.Refusal
	Notices    []device.Notice
	Exceptions []device.Exception
}

// Merge makes the lists of one bucket.
func (c *Country) Merge(in *Input) (*Lists, error) {
	out := &Lists{Devices: c.devices(in)}
	out.Exceptions = c.exceptions(in, out.Devices)
	n := noticing{country: c, window: c.window(), devices: out.Devices, granted: granted{country: c, pairings: in.Pairings, pairs: in.Pairs}}
	if pending := pending(out.Devices); len(pending) > 0 {
		for d, err := range in.Seen(pending) {
			if err != nil {
				return nil, err
			}
			n.row(d)
		}
	}
	out.Notices = n.out
	return out, nil
}

// pending returns the devices that are about to be prohibited.
func pending(devices []device.Refusal) (out []imei.IMEI) {
	for i := range devices {
		if devices[i].Pending {
			out = append(out, devices[i].IMEI)
		}
	}
	return out
}

// devices returns the devices that are prohibited or about to be.
func (c *Country) devices(in *Input) []device.Refusal {
	out := make([]device.Refusal, 0, len(in.Findings)/2+len(in.Lines))
	findings, lines := in.Findings, in.Lines
	for len(findings) > 0 || len(lines) > 0 {
		m := imei.Max + 1
		if len(findings) > 0 {
			m = findings[0].IMEI
		}
		if len(lines) > 0 {
			m = min(m, lines[0].IMEI)
		}
		i, k := 0, 0
		for i < len(findings) && findings[i].IMEI == m {
			i++
		}
		for k < len(lines) && lines[k].IMEI == m {
			k++
		}
		if r, ok := c.judge(findings[:i], lines[:k]); ok && !c.spared(m) {
			r.IMEI = m
			out = append(out, r)
		}
		findings, lines = findings[i:], lines[k:]
	}
	return out
}

// judge says what follows from all findings and lines of one device.
func (c *Country) judge(findings []Finding, lines []Line) (device.Refusal, bool) {
	var blocked, pending reasons
	for i := range lines {
		told := false
		for k := range findings {
			if f := &findings[k]; f.Ground == lines[i].Ground {
				block := f.Block
				if block > c.Day {
					block = lines[i].Day // people did not wait
				}
				blocked.add(block, f.Reason, f.Amnesty)
				told = true
			}
		}
		if !told {
			blocked.add(lines[i].Day, lines[i].Ground.String(), false)
		}
	}
	for i := range findings {
		switch f := &findings[i]; {
		case !c.Shadow && !f.Authority:
		case (c.Shadow || f.Text != "") && f.Block <= c.Day && !f.Held: // a malformed identifier has no line
			blocked.add(f.Block, f.Reason, f.Amnesty)
		default:
			pending.add(f.Block, f.Reason, f.Amnesty)
		}
	}
	if len(blocked.words) > 0 {
		blocked.amnesty = false // the list of prohibited devices does not tell it
		return blocked.refusal(false), true
	}
	return pending.refusal(true), len(pending.words) > 0
}

// reasons gathers why a device is refused. A device has few.
type reasons struct {
	words   []string
	from    device.Day
	amnesty bool
}

func (r *reasons) add(from device.Day, word string, amnesty bool) {
	if len(r.words) == 0 {
		r.from, r.amnesty = from, true
	}
	r.from, r.amnesty = min(r.from, from), r.amnesty && amnesty
	if !slices.Contains(r.words, word) {
		r.words = append(r.words, word)
	}
}

func (r *reasons) refusal(pending bool) device.Refusal {
	joined := ""
	if len(r.words) == 1 {
		joined = r.words[0]
	} else {
		slices.Sort(r.words)
		joined = strings.Join(r.words, "|")
	}
	return device.Refusal{Block: r.from, Reasons: joined, Amnesty: r.amnesty, Pending: pending}
}

// exceptions returns the pairs that operators let through.
func (c *Country) exceptions(in *Input, devices []device.Refusal) []device.Exception {
	var out []device.Exception
	put := func(p *device.Pairing) {
		if home, ok := c.Homes.Of(p.IMSI); ok {
			out = append(out, device.Exception{IMEI: p.IMEI, IMSI: p.IMSI, MSISDN: p.MSISDN, Operator: home})
			return
		}
		for _, op := range c.Homes.Operators() {
			out = append(out, device.Exception{IMEI: p.IMEI, IMSI: p.IMSI, MSISDN: p.MSISDN, Operator: op})
		}
	}
	barred := in.Barred
	listed, pairs := in.Pairings, in.Pairs
	for len(listed) > 0 || len(pairs) > 0 {
		m := imei.Max + 1
		if len(listed) > 0 {
			m = listed[0].IMEI
		}
		if len(pairs) > 0 {
			m = min(m, pairs[0].IMEI)
		}
		barred = from(barred, m, func(b *imei.IMEI) imei.IMEI { return *b })
		devices = from(devices, m, func(r *device.Refusal) imei.IMEI { return r.IMEI })
		prohibited := len(devices) > 0 && devices[0].IMEI == m && !devices[0].Pending
		all := prohibited || !c.Options.RestrictExceptions
		fromList := all && (c.Options.IncludeBarred || !c.barredTAC(m.TAC()) && !(len(barred) > 0 && barred[0] == m))
		for len(listed) > 0 && listed[0].IMEI == m || len(pairs) > 0 && pairs[0].IMEI == m {
			p, q := head(listed, m), head(pairs, m)
			if q != nil && (p == nil || comparePairings(q, p) < 0) {
				pairs = pairs[1:]
				// Where the pairing list has the pair too, it names the number as well.
				if twice := p != nil && p.IMSI == q.IMSI && q.IMSI != 0 && fromList; all && !twice {
					put(q)
				}
				continue
			}
			if listed = listed[1:]; fromList {
				put(p)
			}
		}
	}
	return out
}

// head returns the first pair if it is of the device.
func head(pairs []device.Pairing, m imei.IMEI) *device.Pairing {
	if len(pairs) == 0 || pairs[0].IMEI != m {
		return nil
	}
	return &pairs[0]
}

// from drops what comes before a device.
func from[T any](rows []T, m imei.IMEI, of func(*T) imei.IMEI) []T {
	i := 0
	for i < len(rows) && of(&rows[i]) < m {
		i++
	}
	return rows[i:]
}

func (c *Country) barredTAC(t imei.TAC) bool {
	_, ok := slices.BinarySearch(c.BarredTACs, t)
	return ok
}

func comparePairings(a, b *device.Pairing) int {
	return cmp.Or(cmp.Compare(a.IMEI, b.IMEI), cmp.Compare(a.IMSI, b.IMSI), cmp.Compare(a.MSISDN, b.MSISDN))
}

// window returns, by month, the days of the look-back window as bitmaps.
func (c *Country) window() map[device.Month]uint32 {
	w := map[device.Month]uint32{}
	for d := c.Day - device.Day(c.Options.LookbackDays) + 1; d <= c.Day; d++ {
		m, n := d.Month()
		w[m] |= 1 << (n - 1)
	}
	return w
}

// noticing walks what was seen beside the devices whose subscribers are to be told.
type noticing struct {
	country *Country
	window  map[device.Month]uint32
	month   device.Month // of the last row, and what the window has of it
	mask    uint32
	devices []device.Refusal // from the current one on
	granted granted
	last    device.Notice // the last subscriber, with the operator last put
	out     []device.Notice
}

// row takes a row of days. Rows of one subscriber of a device come together.
func (n *noticing) row(d *device.Days) {
	n.devices = from(n.devices, d.IMEI, func(r *device.Refusal) imei.IMEI { return r.IMEI })
	if len(n.devices) == 0 || n.devices[0].IMEI != d.IMEI || !n.devices[0].Pending || d.IMSI == 0 || d.MSISDN == 0 {
		return
	}
	if n.mask == 0 || d.Month != n.month {
		n.month, n.mask = d.Month, n.window[d.Month]
	}
	if d.All()&n.mask == 0 {
		return
	}
	n.put(&n.devices[0], d.IMSI, d.MSISDN, d.Operator, n.granted.has(d.IMEI, d.IMSI, d.MSISDN))
}

// put appends a notice unless it is the last one again.
func (n *noticing) put(r *device.Refusal, i subscriber.IMSI, m subscriber.MSISDN, saw device.Operator, paired bool) {
	op, ok := n.country.Homes.Of(i)
	if !ok {
		op = saw
	}
	next := device.Notice{IMEI: r.IMEI, Text: r.Text, IMSI: i, MSISDN: m, Operator: op, Block: r.Block,
		Reasons: r.Reasons, Amnesty: r.Amnesty, Paired: paired}
	if next != n.last {
		n.out, n.last = append(n.out, next), next
	}
}

// granted tells who may use a device, device after device: IMSIs and numbers of one, sorted.
type granted struct {
	country  *Country
	pairings []device.Pairing // from the current device on
	pairs    []device.Pairing
	imei     imei.IMEI
	filled   bool
	imsis    []subscriber.IMSI
	numbers  []subscriber.MSISDN
}

func (g *granted) has(m imei.IMEI, i subscriber.IMSI, n subscriber.MSISDN) bool {
	if !g.filled || g.imei != m {
		g.fill(m)
	}
	_, byIMSI := slices.BinarySearch(g.imsis, i)
	_, byNumber := slices.BinarySearch(g.numbers, n)
	return byIMSI || byNumber
}

// fill gathers the pairs of a device.
func (g *granted) fill(m imei.IMEI) {
	g.imei, g.filled, g.imsis, g.numbers = m, true, g.imsis[:0], g.numbers[:0]
	of := func(p *device.Pairing) imei.IMEI { return p.IMEI }
	g.pairings, g.pairs = from(g.pairings, m, of), from(g.pairs, m, of)
	for i := 0; i < len(g.pairings) && g.pairings[i].IMEI == m; i++ {
		g.imsis = append(g.imsis, g.pairings[i].IMSI)
		if !g.country.Options.NotifyIMSIChange {
			g.numbers = append(g.numbers, g.pairings[i].MSISDN)
		}
	}
	for i := 0; i < len(g.pairs) && g.pairs[i].IMEI == m; i++ {
		if p := &g.pairs[i]; p.IMSI != 0 {
			g.imsis = append(g.imsis, p.IMSI)
		} else {
			g.numbers = append(g.numbers, p.MSISDN)
		}
	}
	slices.Sort(g.imsis)
	slices.Sort(g.numbers)
}
