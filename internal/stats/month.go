package stats

import (
	"context"
	"slices"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
)

// month is the counts of one month: of the country, and of each operator in its place.
type month struct {
	month   device.Month
	scopes  []*tally
	entries []entry
	devices uint64
	some    []entry // reused
	rows    []sighting
	part    []sighting // of rows: one operator's
}

// pass counts months one after another, the earliest first.
type pass struct {
	in    *Input
	held  *held
	ops   operators
	last  device.Month // nothing is counted after it
	known [device.Buckets][]knownDevice
}

// knownDevice is a device that was seen in an earlier month, and where.
type knownDevice struct {
	imei imei.IMEI
	ops  uint64
}

func newPass(in *Input, last device.Month) (*pass, error) {
	h, err := in.hold()
	if err != nil {
		return nil, err
	}
	p := &pass{in: in, held: h, last: last}
	for _, op := range in.Operators {
		if _, err := p.ops.place(op); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// count counts a month. What comes after it in the lake is not looked at.
func (p *pass) count(ctx context.Context, m device.Month, parts []device.Part) (*month, error) {
	c := &month{month: m}
	rows := int64(0)
	for i := range parts {
		rows += parts[i].Rows
	}
	c.entries = make([]entry, 0, rows)
	for bucket := range device.Buckets {
		if err := p.bucket(ctx, c, parts, bucket); err != nil {
			return nil, err
		}
	}
	p.grow(c)
	c.bySubscriber()
	c.entries, c.some, c.rows, c.part = nil, nil, nil, nil
	return c, p.malformed(c)
}

// grow makes sure that every operator has its tally.
func (p *pass) grow(c *month) {
	if len(c.scopes) == 0 {
		c.scopes = append(c.scopes, newTally(""))
	}
	for len(c.scopes) <= len(p.ops.names) {
		c.scopes = append(c.scopes, newTally(p.ops.names[len(c.scopes)-1]))
	}
}

// bucket counts the devices of a bucket, and merges them into those known.
func (p *pass) bucket(ctx context.Context, c *month, parts []device.Part, bucket int) error {
	before := p.known[bucket]
	var after []knownDevice
	note := func(k ...knownDevice) {
		if c.month < p.last {
			after = append(after, k...)
		}
	}
	found := marks{p.held.buckets[bucket]}
	var current imei.IMEI
	lastOp, lastPlace := device.Operator(""), -1
	close := func() error {
		if len(c.rows) == 0 {
			return nil
		}
		for len(before) > 0 && before[0].imei < current {
			note(before[0])
			before = before[1:]
		}
		k := knownDevice{imei: current}
		if len(before) > 0 && before[0].imei == current {
			k, before = before[0], before[1:]
		}
		ops, err := p.device(c, current, setOf(found.of(current)), k.ops)
		k.ops |= ops
		note(k)
		c.rows = c.rows[:0]
		return err
	}
	for d, err := range p.in.Rows.Days(ctx, parts, bucket) {
		if err != nil {
			return err
		}
		if d.Month != c.month {
			continue
		}
		if d.IMEI != current {
			if err := close(); err != nil {
				return err
			}
			current = d.IMEI
		}
		if lastPlace < 0 || d.Operator != lastOp {
			if lastPlace, err = p.ops.place(d.Operator); err != nil {
				return err
			}
			lastOp = p.ops.names[lastPlace]
		}
		c.rows = append(c.rows, sighting{d.IMSI, d.MSISDN, d.All() & (1<<opShift - 1), lastPlace})
	}
	if err := close(); err != nil {
		return err
	}
	note(before...)
	p.known[bucket] = after
	return nil
}

// device counts one device in every scope, and returns which operators saw it.
func (p *pass) device(c *month, m imei.IMEI, of rules, known uint64) (ops uint64, err error) {
	p.grow(c)
	if c.devices++; c.devices >= devicesMax {
		return 0, problem.New(problem.Refused, "a month has more than %d devices", devicesMax)
	}
	for i := range c.rows {
		ops |= 1 << c.rows[i].op
		c.entries = append(c.entries, newEntry(&c.rows[i], c.devices))
	}
	key := cellKey{m.TAC(), of}
	c.scopes[0].device(c.rows, key, known == 0)
	if ops&(ops-1) == 0 {
		op := c.rows[0].op
		c.scopes[1+op].device(c.rows, key, known>>op&1 == 0)
		return ops, nil
	}
	for op := range c.scopes[1:] {
		if ops>>op&1 == 0 {
			continue
		}
		c.part = c.part[:0]
		for i := range c.rows {
			if c.rows[i].op == op {
				c.part = append(c.part, c.rows[i])
			}
		}
		c.scopes[1+op].device(c.part, key, known>>op&1 == 0)
	}
	return ops, nil
}

// note only takes in which devices a month had: for the months before those that are counted.
func (p *pass) note(ctx context.Context, m device.Month, parts []device.Part) error {
	for bucket := range device.Buckets {
		var seen []knownDevice
		for d, err := range p.in.Rows.Days(ctx, parts, bucket) {
			if err != nil {
				return err
			}
			if d.Month != m {
				continue
			}
			op, err := p.ops.place(d.Operator)
			if err != nil {
				return err
			}
			if n := len(seen); n > 0 && seen[n-1].imei == d.IMEI {
				seen[n-1].ops |= 1 << op
			} else {
				seen = append(seen, knownDevice{d.IMEI, 1 << op})
			}
		}
		p.known[bucket] = mergeKnown(p.known[bucket], seen)
	}
	return nil
}

func mergeKnown(a, b []knownDevice) []knownDevice {
	out := make([]knownDevice, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].imei < b[0].imei:
			out, a = append(out, a[0]), a[1:]
		case a[0].imei > b[0].imei:
			out, b = append(out, b[0]), b[1:]
		default:
			out, a, b = append(out, knownDevice{a[0].imei, a[0].ops | b[0].ops}), a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// malformed counts the rows of the month without a well-formed IMEI, each distinct one once.
func (p *pass) malformed(c *month) error {
	if p.in.Malformed == nil {
		return nil
	}
	type row struct {
		imei, imsi, msisdn string
		scope              int
	}
	rows, devices := map[row]bool{}, map[row]bool{}
	for m, err := range p.in.Malformed {
		if err != nil {
			return err
		}
		text := NormalForm(m.IMEI)
		if in, _ := m.Day.Month(); m.Operator == "" || in != c.month || wellFormed(text) {
			continue
		}
		op, err := p.ops.place(m.Operator)
		if err != nil {
			return err
		}
		p.grow(c)
		for _, scope := range []int{0, 1 + op} {
			r, t := row{text, m.IMSI, m.MSISDN, scope}, c.scopes[scope]
			if d := (row{imei: text, scope: scope}); text != "" && !devices[d] {
				devices[d] = true
				t.malformed++
			}
			if rows[r] {
				continue
			}
			rows[r] = true
			t.malformedRecord(text == "", m.IMSI == "", m.MSISDN == "")
		}
	}
	return nil
}

func (t *tally) malformedRecord(noIMEI, noIMSI, noMSISDN bool) {
	t.records++
	count := func(n *int64, yes bool) {
		if yes {
			*n++
		}
	}
	count(&t.nullIMEI, noIMEI)
	count(&t.nullIMSI, noIMSI)
	count(&t.nullMSISDN, noMSISDN)
	count(&t.invalidTriples, noIMEI || noIMSI || noMSISDN)
}

// NormalForm returns the form in which identifiers are compared: the first fourteen characters if
// they are digits, else the text in upper case.
func NormalForm(text string) string {
	text = strings.TrimSpace(text)
	if len(text) >= 14 && wellFormed(text[:14]) {
		return text[:14]
	}
	return strings.ToUpper(text[:min(len(text), 16)])
}

func wellFormed(text string) bool {
	return len(text) == 14 && !strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
}

// earlier returns the months before one, ascending.
func earlier(parts map[device.Month][]device.Part, m device.Month) (out []device.Month) {
	for k := range parts {
		if k < m {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}
