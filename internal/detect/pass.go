package detect

import (
	"iter"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
)

// Pass judges many devices: those of the histories, those that a list names though never seen, and
// those with open findings though their history is gone. All are sorted by IMEI; together they are
// the scope of the pass, which may be every device of the country, one bucket of the lake, or the
// devices touched or due. Previous has the open findings of the scope and no others: a finding
// whose device is nowhere else is closed. Malformed identifiers have a pass of their own: see Texts.
type Pass struct {
	Conditions *Conditions
	Facts      Facts // Lists is not read: see below
	AsOf       device.Day
	Coverage   Coverage

	Histories iter.Seq2[*device.History, error] // each device once; a history is not kept
	Lists     Lists                             // rows of devices outside the scope do no harm but cost time
	Previous  []device.Finding                  // open findings
}

// Run judges the scope and settles what changed. elsewhere is what there is outside the scope.
func (p *Pass) Run(elsewhere Base) (*Changes, error) {
	part, err := p.Collect()
	if err != nil {
		return nil, err
	}
	return Settle(elsewhere, part), nil
}

// Collect judges the scope. Parts of disjoint scopes, judged with the same conditions, facts and
// coverage for the same day, are settled together.
func (p *Pass) Collect() (*Part, error) {
	if err := p.inOrder(); err != nil {
		return nil, err
	}
	r := &run{
		Pass:       p,
		facts:      p.Facts,
		part:       newPart(p.Conditions, &p.Facts, p.Coverage, p.AsOf),
		stolen:     cursor[device.Stolen]{rows: p.Lists.Stolen, key: stolenKey},
		barred:     cursor[device.Listed]{rows: p.Lists.Barred, key: listedKey},
		monitored:  cursor[device.Listed]{rows: p.Lists.Monitored, key: listedKey},
		registered: cursor[imei.IMEI]{rows: p.Lists.Registered, key: plainKey},
		associated: cursor[imei.IMEI]{rows: p.Lists.Associated, key: plainKey},
		adopted:    cursor[device.Adopted]{rows: p.Lists.TakenOver, key: adoptedKey},
		previous:   cursor[device.Finding]{rows: p.Previous, key: findingKey},
	}
	r.facts.marks = &r.marks
	r.facts.have = p.Facts.gather() | settled
	first, last := true, imei.IMEI(0)
	if p.Histories != nil {
		for h, err := range p.Histories {
			if err != nil {
				return nil, err
			}
			if h.IMEI > imei.Max || h.Text != "" || !first && h.IMEI <= last {
				return nil, problem.New(problem.Broken, "histories: %s after %s; they must be IMEIs in order, each device once", h.IMEI, last)
			}
			first, last = false, h.IMEI
			r.before(h.IMEI)
			r.device(h)
		}
	}
	r.before(imei.Max + 1)
	return r.part, nil
}

// inOrder checks the sorted inputs.
func (p *Pass) inOrder() error {
	for _, err := range []error{
		sortedBy("stolen list", p.Lists.Stolen, stolenKey), sortedBy("barred list", p.Lists.Barred, listedKey),
		sortedBy("monitoring list", p.Lists.Monitored, listedKey), sortedBy("registration list", p.Lists.Registered, plainKey),
		sortedBy("association list", p.Lists.Associated, plainKey),
		sortedBy("what was adopted", p.Lists.TakenOver, adoptedKey), sortedBy("open findings", p.Previous, findingKey),
	} {
		if err != nil {
			return err
		}
	}
	for i := range p.Previous {
		if p.Previous[i].Text != "" {
			return problem.New(problem.Broken, "open findings: %q is no IMEI; malformed identifiers have a pass of their own", p.Previous[i].Text)
		}
	}
	return nil
}

func sortedBy[T any](what string, rows []T, key func(*T) imei.IMEI) error {
	last := imei.IMEI(0)
	for i := range rows {
		k := key(&rows[i])
		if k > imei.Max || k < last {
			return problem.New(problem.Broken, "%s: %s after %s; it must be IMEIs in order", what, k, last)
		}
		last = k
	}
	return nil
}

func findingKey(f *device.Finding) imei.IMEI { return f.IMEI }

func adoptedKey(a *device.Adopted) imei.IMEI { return a.IMEI }

// run is a pass under way.
type run struct {
	*Pass
	facts      Facts
	part       *Part
	stolen     cursor[device.Stolen]
	barred     cursor[device.Listed]
	monitored  cursor[device.Listed]
	registered cursor[imei.IMEI]
	associated cursor[imei.IMEI]
	adopted    cursor[device.Adopted]
	previous   cursor[device.Finding]
	marks      Marks // of the device at hand
	empty      device.History
}

// before judges the devices before the IMEI that have no history.
func (r *run) before(limit imei.IMEI) {
	for {
		next := min(r.stolen.at(), r.barred.at(), r.adopted.at(), r.previous.at())
		if next >= limit {
			return
		}
		r.empty = device.History{IMEI: next}
		r.device(&r.empty)
	}
}

// device judges one device and compares with its open findings.
func (r *run) device(h *device.History) {
	r.mark(h.IMEI)
	open, adopted := r.previous.take(h.IMEI), r.adopted.take(h.IMEI)
	switch {
	case len(h.Days) > 0 || len(h.Visits) > 0:
		r.part.Devices++
	case r.marks.OnStolen || r.marks.OnBarred:
		r.part.Unseen++
	}
	found, again := r.Conditions.Judge(h, &r.facts, r.AsOf)
	if day := r.moves(h, found); day != 0 {
		r.part.moving = append(r.part.moving, Due{IMEI: h.IMEI, Day: day})
	}
	if len(found)+len(open)+len(adopted) > 0 {
		again = earlier(again, r.part.compare(found, open, adopted))
	}
	if again != 0 {
		r.part.due = append(r.part.due, Due{IMEI: h.IMEI, Day: again})
	}
}

// mark gathers what the lists say of the device.
func (r *run) mark(m imei.IMEI) {
	r.marks = Marks{}
	for _, row := range r.stolen.take(m) {
		r.marks.steal(row)
	}
	if rows := r.barred.take(m); len(rows) > 0 {
		r.marks.OnBarred, r.marks.Barred = true, rows[0].Since
	}
	if rows := r.monitored.take(m); len(rows) > 0 {
		r.marks.OnMonitored, r.marks.Monitored = true, rows[0].Since
	}
	r.marks.Registered = len(r.registered.take(m)) > 0
	r.marks.Associated = len(r.associated.take(m)) > 0
}

// cursor is a sorted list beside a walk.
type cursor[T any] struct {
	rows []T
	key  func(*T) imei.IMEI
}

// at returns the IMEI of the next row, one more than any where there is none.
func (c *cursor[T]) at() imei.IMEI {
	if len(c.rows) == 0 {
		return imei.Max + 1
	}
	return c.key(&c.rows[0])
}

// take passes over what is before the device and returns its rows.
func (c *cursor[T]) take(m imei.IMEI) []T {
	for len(c.rows) > 0 && c.key(&c.rows[0]) < m {
		c.rows = c.rows[1:]
	}
	n := 0
	for n < len(c.rows) && c.key(&c.rows[n]) == m {
		n++
	}
	rows := c.rows[:n]
	c.rows = c.rows[n:]
	return rows
}
