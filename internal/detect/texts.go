package detect

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// Texts is the pass over malformed identifiers: sightings grouped by normal form, judged by the same
// rules. Dimensions that read a type allocation code read the first eight characters. They get
// findings, never lines.
type Texts struct {
	Conditions *Conditions
	Facts      Facts // Lists.Texts is read
	AsOf       device.Day
	Coverage   Coverage

	Rows     iter.Seq2[device.Malformed, error] // in any order; nil is none
	Previous []device.Finding                   // open findings with a text
}

// Collect judges them. Beyond a bound the rest is passed over, and the result says so.
func (p *Texts) Collect() (*Part, error) {
	part := newPart(p.Conditions, &p.Facts, p.Coverage, p.AsOf)
	facts := p.Facts
	facts.have = facts.gather() | settled
	if facts.Lists == nil {
		facts.Lists = &Lists{}
	}
	g := gathering{ids: map[string]int32{}}
	if p.Rows != nil {
		for m, err := range p.Rows {
			if err != nil {
				return nil, err
			}
			g.add(&m)
		}
	}
	if g.skipped > 0 {
		for i := range part.rules {
			part.rules[i].held = true
			part.rules[i].Missing = append(part.rules[i].Missing, fmt.Sprintf("%d sightings of malformed identifiers, beyond what is judged", g.skipped))
		}
	}
	open := map[string][]device.Finding{}
	for _, f := range p.Previous {
		open[f.Text] = append(open[f.Text], f)
	}
	for text := range open {
		g.id(text)
	}
	for text := range facts.Lists.Texts {
		g.id(text)
	}
	adopted := map[string][]device.Adopted{}
	for _, a := range facts.Lists.TakenOver {
		adopted[a.Text] = append(adopted[a.Text], a)
		g.id(a.Text)
	}
	g.unite()
	rows := g.rows
	for id, text := range g.texts {
		h := device.History{Text: text}
		for len(rows) > 0 && int(rows[0].text) == id {
			h.Days = append(h.Days, rows[0].Days)
			rows = rows[1:]
		}
		marks := facts.Lists.Texts[h.Text]
		facts.marks = &marks
		switch {
		case len(h.Days) > 0:
			part.Devices++
		case marks.OnStolen || marks.OnBarred:
			part.Unseen++
		}
		found, again := p.Conditions.Judge(&h, &facts, p.AsOf)
		if was, over := open[h.Text], adopted[h.Text]; len(found)+len(was)+len(over) > 0 {
			again = earlier(again, part.compare(found, was, over))
		}
		if again != 0 {
			part.due = append(part.due, Due{Text: h.Text, Day: again})
		}
	}
	return part, nil
}

// gathering folds sightings of texts into rows of days.
type gathering struct {
	ids     map[string]int32
	texts   []string
	rows    []textDays
	full    bool
	skipped int
}

type textDays struct {
	text int32
	device.Days
}

// id returns the number of a text, -1 if there are too many.
func (g *gathering) id(text string) int32 {
	id, ok := g.ids[text]
	if ok {
		return id
	}
	if len(g.texts) >= maxTexts {
		return -1
	}
	id = int32(len(g.texts))
	text = strings.Clone(text)
	g.ids[text] = id
	g.texts = append(g.texts, text)
	return id
}

func (g *gathering) add(m *device.Malformed) {
	text, whole := Normal(m.IMEI)
	if whole || text == "" || m.Operator == "" {
		return // another identifier of the row is malformed, or no network saw it
	}
	if len(g.rows) >= maxTextRows && !g.full {
		g.unite()
		g.full = len(g.rows) > maxTextRows/2 // sorting again would join too little
	}
	id := g.id(text)
	if id < 0 || len(g.rows) >= maxTextRows {
		g.skipped++
		return
	}
	r := textDays{text: id}
	r.IMSI, _ = subscriber.ReadIMSI(strings.TrimSpace(m.IMSI))
	r.MSISDN, _ = subscriber.ReadMSISDN(strings.TrimSpace(m.MSISDN))
	if r.IMSI == 0 && strings.TrimSpace(m.IMSI) != "" {
		r.MSISDN = 0 // nobody knows who: the number alone would count somebody twice
	}
	month, day := m.Day.Month()
	r.Operator, r.Month = m.Operator, month
	r.Seen[device.RadioUnknown] = 1 << (day - 1)
	g.rows = append(g.rows, r)
}

// unite sorts the rows and joins those that differ in their days only.
func (g *gathering) unite() {
	slices.SortFunc(g.rows, compareTexts)
	kept := g.rows[:0]
	for _, r := range g.rows {
		if n := len(kept); n > 0 && compareTexts(kept[n-1], r) == 0 {
			kept[n-1].Seen[device.RadioUnknown] |= r.Seen[device.RadioUnknown]
			continue
		}
		kept = append(kept, r)
	}
	g.rows = kept
}

func compareTexts(a, b textDays) int {
	return cmp.Or(cmp.Compare(a.text, b.text), cmp.Compare(a.IMSI, b.IMSI), cmp.Compare(a.MSISDN, b.MSISDN),
		cmp.Compare(a.Operator, b.Operator), cmp.Compare(a.Month, b.Month))
}

// Normal returns the normal form of an identifier as it was received, and whether that is an IMEI:
// its first fourteen characters if they are digits, else all of it in upper case.
func Normal(received string) (form string, whole bool) {
	s := strings.TrimSpace(received)
	if len(s) >= 14 && strings.Trim(s[:14], "0123456789") == "" {
		return s[:14], true
	}
	return strings.ToUpper(s), false
}
