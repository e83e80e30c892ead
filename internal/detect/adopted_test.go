package detect

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

const takeOverRules = `
amnesty: {evaluation_ends: 2026-07-10, ends: 2026-12-31}
conditions:
  - {name: listed, description: on the barred list, ground: barred, effect: prohibited, max_share: 1, grace_days: 30, gap_days: 2, all: [{barred: {}}]}
  - {name: forgiven, description: on the barred list, ground: barred, effect: prohibited, max_share: 1, grace_days: 5, amnesty: true, all: [{barred: {}}]}
  - {name: stuck, description: on the barred list, ground: barred, effect: prohibited, max_share: 1, grace_days: 7, sticky: true, all: [{barred: {}}]}
  - {name: told, description: on the barred list, ground: barred, effect: none, max_share: 1, all: [{barred: {}}]}
`

// onPaper is one rule and one device as a person would keep them on paper.
type onPaper struct {
	open, amnesty              bool
	found, since, block, ended device.Day
}

// live moves the paper to a day on which the rule holds or not.
func (n *onPaper) live(c *Condition, a Amnesty, row *device.Adopted, until, day device.Day, holds bool) {
	if !holds && !n.open && c.Sticky && row != nil && day <= until {
		holds = true
	}
	if !holds {
		switch {
		case !n.open || c.Sticky:
		case n.ended == 0 && c.GapDays > 0:
			n.ended = day
			return
		case n.ended == 0 || day-n.ended >= device.Day(c.GapDays):
			*n = onPaper{}
		}
		if !n.open || !c.Sticky {
			return
		}
	}
	if n.ended != 0 && day-n.ended > device.Day(c.GapDays) {
		*n = onPaper{}
	}
	fresh := !n.open
	if fresh {
		n.open, n.found, n.since = true, day, day
	}
	n.ended = 0
	if c.Effect == None {
		if row != nil && n.found <= until && holds {
			n.found, n.since = row.Since, min(n.since, row.Since)
		}
		return
	}
	forgivable := c.Amnesty
	if row != nil && n.found <= until {
		n.found, n.since = row.Since, min(n.since, row.Since)
		if row.Block != 0 {
			n.block = row.Block
		}
		if row.Block != 0 || row.Amnesty {
			n.amnesty = row.Amnesty && forgivable
		}
	}
	switch {
	case forgivable && day <= a.EvaluationEnds && (n.found == day || n.amnesty):
		n.amnesty, n.block = true, 0
	case n.amnesty:
		n.block = a.Ends
	case n.block == 0:
		n.block = day + device.Day(c.GraceDays)
	}
}

// What was taken over is continued day by day as on paper: what was found in the days of the
// take-over has the days that were promised, what is found later has its own, and looking at a day
// twice changes nothing.
func TestTakenOver(t *testing.T) {
	s, err := Load([]byte(takeOverRules))
	if err != nil {
		t.Fatal(err)
	}
	first := device.Date(2026, 7, 1)
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 1))
		until := first + device.Day(r.IntN(12))
		var adopted []device.Adopted
		paper := map[string]*onPaper{}
		rows := map[string]*device.Adopted{}
		for m := imei.IMEI(1); m <= 6; m++ {
			for i := range s.list {
				c := &s.list[i]
				key := fmt.Sprint(m, c.Name)
				paper[key] = &onPaper{}
				if r.IntN(3) == 0 {
					continue
				}
				a := device.Adopted{IMEI: m, Rule: c.Name, Since: first - device.Day(r.IntN(40))}
				if r.IntN(2) == 0 {
					a.Block = a.Since + device.Day(r.IntN(60))
				} else {
					a.Amnesty = r.IntN(2) == 0
				}
				adopted, rows[key] = append(adopted, a), &a
			}
		}
		slices.SortFunc(adopted, func(a, b device.Adopted) int { return device.CompareAdopted(&a, &b) })
		adoptedOn := first + device.Day(r.IntN(5)) // the act comes into force some day
		open := map[string]device.Finding{}
		for day := first; day < first+30; day++ {
			var barred []device.Listed
			holds := map[imei.IMEI]bool{}
			for m := imei.IMEI(1); m <= 6; m++ {
				if r.IntN(4) > 0 {
					barred, holds[m] = append(barred, device.Listed{IMEI: m, Since: day}), true
				}
			}
			for again := range 2 {
				p := Pass{Conditions: s, AsOf: day, Facts: Facts{Adopted: factKinds, BarredTACs: nil}, Lists: Lists{Barred: barred}}
				if day >= adoptedOn {
					p.Lists.TakenOver, p.Facts.AdoptedUntil = adopted, until
				}
				for _, f := range open {
					p.Previous = append(p.Previous, f)
				}
				slices.SortFunc(p.Previous, func(a, b device.Finding) int { return cmp.Compare(a.IMEI, b.IMEI) })
				c, err := p.Run(Base{})
				if err != nil {
					t.Fatal(err)
				}
				if n := len(c.Opened) + len(c.Changed) + len(c.Closed); again == 1 && n > 0 {
					t.Fatalf("seed %d: looking at %s again changes %d findings: %+v %+v %+v", seed, day, n, c.Opened, c.Changed, c.Closed)
				}
				for _, f := range append(c.Opened, c.Changed...) {
					open[fmt.Sprint(f.IMEI, f.Rule)] = f
				}
				for _, f := range c.Closed {
					delete(open, fmt.Sprint(f.Finding.IMEI, f.Finding.Rule))
				}
			}
			for m := imei.IMEI(1); m <= 6; m++ {
				for i := range s.list {
					c := &s.list[i]
					key := fmt.Sprint(m, c.Name)
					var row *device.Adopted
					if day >= adoptedOn {
						row = rows[key]
					}
					paper[key].live(c, s.amnesty, row, until, day, holds[m])
					f, is := open[key]
					w := paper[key]
					if got := (onPaper{is, f.Amnesty, f.Found, f.Since, f.Block, f.Ended}); got != *w {
						t.Fatalf("seed %d: %s of %s on %s, until %s: %+v, on paper %+v; adopted %+v", seed, c.Name, m, day, until, got, *w, row)
					}
				}
			}
		}
	}
}

// A malformed identifier is continued too, and one that nobody sees any more is stuck to a sticky rule.
func TestTakenOverTexts(t *testing.T) {
	s, err := Load([]byte(takeOverRules))
	if err != nil {
		t.Fatal(err)
	}
	day := device.Date(2026, 7, 1)
	p := Texts{Conditions: s, AsOf: day, Facts: Facts{Adopted: factKinds, AdoptedUntil: day, Lists: &Lists{
		Texts: map[string]Marks{"A": {OnBarred: true, Barred: day}}, TakenOver: []device.Adopted{
			{Text: "A", Rule: "listed", Since: day - 9, Block: day - 2}, {Text: "B", Rule: "listed", Since: day - 9}, {Text: "B", Rule: "stuck", Since: day - 8, Block: day + 1}}}}}
	part, err := p.Collect()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]device.Day{}
	for _, f := range Settle(Base{}, part).Opened {
		got[f.Text+" "+f.Rule] = f.Block
	}
	want := map[string]device.Day{"A listed": day - 2, "A forgiven": 0, "A stuck": day + 7, "A told": 0, "B stuck": day + 1}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
