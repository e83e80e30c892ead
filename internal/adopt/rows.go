package adopt

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

// The headers of the files.
const (
	stateHeader      = "imei_norm,cond_name,start_date,end_date,block_date,amnesty_granted"
	devicesHeader    = "imei,block_date,reasons"
	noticesHeader    = "imei,imsi,msisdn,block_date,reasons"
	amnestyHeader    = "imei,imsi,msisdn,block_date,reasons,amnesty_granted"
	exceptionsHeader = "imei,imsi,msisdn"
)

func name(m imei.IMEI, text string) string {
	if text != "" {
		return ""
	}
	return m.String()
}

// state reads the table of what met which condition.
func (p *reading) state(ctx context.Context, s *source, in io.Reader) error {
	return s.rows(ctx, in, []string{stateHeader}, func(_ int64, _ int, f []string) string {
		a, ended, why := p.stateRow(f)
		switch {
		case why != "":
			return why
		case ended:
			p.taken.Ended++
			return ""
		}
		c := p.condition(f[1])
		if c == nil {
			return fmt.Sprintf("there are more than %d conditions", maxConditions)
		}
		c.Rows++
		a.Rule = c.Rule
		p.taken.Day = max(p.taken.Day, a.Since)
		p.taken.State = append(p.taken.State, a)
		return ""
	}, p.faults)
}

func (p *reading) stateRow(f []string) (a device.Adopted, ended bool, why string) {
	if f[1] == "" || len(f[1]) > maxText {
		return a, false, "the condition has no name, or too long a one"
	}
	var end device.Day
	for _, read := range []func() string{
		func() (why string) { a.IMEI, a.Text, why = equipment(f[0]); a.Text = strings.Clone(a.Text); return why },
		func() (why string) { a.Since, why = day("start_date", f[2], p.Today); return why },
		func() (why string) { end, why = day("end_date", f[3], p.Today); return why },
		func() (why string) { a.Block, why = day("block_date", f[4], 0); return why },
		func() (why string) { a.Amnesty, why = truth("amnesty_granted", f[5]); return why },
	} {
		if why = read(); why != "" {
			return a, false, why
		}
	}
	switch {
	case a.Since == 0:
		return a, false, "start_date is missing"
	case end != 0 && end < a.Since:
		return a, false, fmt.Sprintf("end_date %s lies before start_date %s", end, a.Since)
	}
	return a, end != 0, ""
}

// condition finds a condition by its name, nil if there are too many.
func (p *reading) condition(label string) *device.AdoptedRule {
	c := p.conditions[label]
	if c == nil && len(p.conditions) < maxConditions {
		label = strings.Clone(label)
		c = &device.AdoptedRule{Condition: label}
		c.Rule, _ = p.Rule(label)
		p.conditions[label] = c
	}
	return c
}

// told reads what rows of lists tell of a device.
func (p *reading) told(l *Lists, id, block, why string) (m imei.IMEI, text string, from device.Day, words, fault string) {
	if m, text, fault = equipment(id); fault != "" {
		return
	}
	l.CheckDigit = l.CheckDigit || text == "" && len(strings.TrimSpace(id)) == 15
	if from, fault = day("block_date", block, 0); fault != "" {
		return
	}
	if from == 0 {
		fault = "block_date is missing"
		return
	}
	words, fault = reasons(why)
	return m, strings.Clone(text), from, p.kept(words), fault
}

// devices reads the list of prohibited devices.
func (p *reading) devices(ctx context.Context, s *source, in io.Reader) error {
	l := p.taken.Lists
	return s.rows(ctx, in, []string{devicesHeader}, func(_ int64, _ int, f []string) string {
		m, text, block, words, why := p.told(l, f[0], f[1], f[2])
		if why == "" {
			l.Devices = append(l.Devices, device.Refusal{IMEI: m, Text: text, Block: block, Reasons: words})
		}
		return why
	}, p.faults)
}

// notices reads an operator's notifications.
func (p *reading) notices(ctx context.Context, s *source, in io.Reader, op device.Operator) error {
	l := p.taken.Lists
	return s.rows(ctx, in, []string{noticesHeader, amnestyHeader}, func(line int64, header int, f []string) string {
		m, text, block, words, why := p.told(l, f[0], f[3], f[4])
		n := device.Notice{IMEI: m, Text: text, Operator: op, Block: block, Reasons: words}
		if header == 1 && why == "" {
			l.Amnesty = true
			n.Amnesty, why = truth("amnesty_granted", f[5])
		}
		if why != "" {
			return why
		}
		var ok bool
		if n.IMSI, n.MSISDN, ok, why = p.numbers(f[1], f[2]); why != "" {
			return why
		}
		if !ok || n.IMSI == 0 || n.MSISDN == 0 {
			l.apart(notifications, op, line, f, "the subscriber has no valid IMSI and number")
			return ""
		}
		l.Notices = append(l.Notices, n)
		return ""
	}, p.faults)
}

// exceptions reads an operator's exceptions.
func (p *reading) exceptions(ctx context.Context, s *source, in io.Reader, op device.Operator) error {
	l := p.taken.Lists
	return s.rows(ctx, in, []string{exceptionsHeader}, func(line int64, _ int, f []string) string {
		m, text, why := equipment(f[0])
		if why != "" {
			return why
		}
		e := device.Exception{IMEI: m, Operator: op}
		var ok bool
		if e.IMSI, e.MSISDN, ok, why = p.numbers(f[1], f[2]); why != "" {
			return why
		}
		if !ok || text != "" {
			l.apart(exceptions, op, line, f, "the device or the subscriber has no valid number")
			return ""
		}
		l.CheckDigit = l.CheckDigit || len(strings.TrimSpace(f[0])) == 15
		l.Exceptions = append(l.Exceptions, e)
		return ""
	}, p.faults)
}

func (l *Lists) apart(list string, op device.Operator, line int64, f []string, why string) {
	l.Apart = append(l.Apart, Apart{List: list, Operator: op, Line: line, Row: strings.Clone(strings.Join(f, ",")), Why: why})
}
