package detect

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// register keeps open findings and due days as a store would.
type register struct {
	open map[string]device.Finding
	due  map[imei.IMEI]device.Day
}

func newRegister() *register {
	return &register{map[string]device.Finding{}, map[imei.IMEI]device.Day{}}
}

// findings returns the open findings of a scope, sorted by IMEI.
func (r *register) findings(scope map[imei.IMEI]*device.History) (list []device.Finding) {
	for _, f := range r.open {
		if scope[f.IMEI] != nil {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b device.Finding) int { return cmp.Or(cmp.Compare(a.IMEI, b.IMEI), cmp.Compare(a.Rule, b.Rule)) })
	return list
}

func (r *register) apply(t *rapid.T, scope map[imei.IMEI]*device.History, c *Changes) {
	for _, f := range c.Opened {
		if _, ok := r.open[f.Key()]; ok {
			t.Fatalf("%s opened twice", f.Key())
		}
		r.open[f.Key()] = f
	}
	for _, f := range c.Changed {
		if _, ok := r.open[f.Key()]; !ok {
			t.Fatalf("%s changed, not open", f.Key())
		}
		r.open[f.Key()] = f
	}
	for _, x := range c.Closed {
		delete(r.open, x.Finding.Key())
	}
	for m := range scope {
		delete(r.due, m)
	}
	for _, d := range c.Due {
		r.due[d.IMEI] = d.Day
	}
}

// keys returns what must agree between a follower and full passes.
func (r *register) keys() (keys []string) {
	for _, f := range r.open {
		keys = append(keys, fmt.Sprint(f.Key(), " since ", f.Since, " found ", f.Found, " block ", f.Block, " ended ", f.Ended, " amnesty ", f.Amnesty))
	}
	slices.Sort(keys)
	return keys
}

// until returns the part of a history that had arrived when a day was complete.
func until(h *device.History, d device.Day) *device.History {
	c := &device.History{IMEI: h.IMEI}
	for _, row := range h.Days {
		for r := range row.Seen {
			for bit := range 31 {
				if row.Month.First()+device.Day(bit) > d {
					row.Seen[r] &^= 1 << bit
				}
			}
		}
		if row.All() != 0 {
			c.Days = append(c.Days, row)
		}
	}
	for _, v := range h.Visits {
		if v.From < device.Minute(d+1)*1440 {
			c.Visits = append(c.Visits, v)
		}
	}
	return c
}

// TestFollower lets data arrive day by day. A follower that judges only devices touched or due has,
// every day, the findings of one that judges all.
func TestFollower(t *testing.T) {
	judged, all, opened := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		s := drawConditions(t)
		country := map[imei.IMEI]*device.History{}
		for range rapid.IntRange(1, 4).Draw(t, "devices") {
			h := drawDevice(t)
			country[h.IMEI] = h
		}
		late := device.Day(rapid.IntRange(0, 3).Draw(t, "late"))
		full, follower := newRegister(), newRegister()
		before := map[imei.IMEI]*device.History{}
		for asOf := origin; asOf < origin+140; asOf++ {
			arrived, touched := map[imei.IMEI]*device.History{}, map[imei.IMEI]*device.History{}
			for m, h := range country {
				arrived[m] = until(h, asOf-late)
				due, ok := follower.due[m]
				if !reflect.DeepEqual(arrived[m], before[m]) || ok && due <= asOf {
					touched[m] = arrived[m]
				}
			}
			before = arrived
			for _, x := range []struct {
				*register
				scope map[imei.IMEI]*device.History
			}{{full, arrived}, {follower, touched}} {
				p := Pass{Conditions: s, AsOf: asOf, Facts: Facts{TACs: NewTACSet(nil), TACFeed: Feed{"t", origin}, Adopted: factKinds},
					Histories: histories(x.scope), Previous: x.findings(x.scope),
					Coverage: Coverage{{Operator: "op1", Days: []Range{{0, asOf}}, Timed: []Range{{0, asOf}}}}}
				c, err := p.Run(Base{})
				if err != nil {
					t.Fatal(err)
				}
				x.apply(t, x.scope, c)
				opened += len(c.Opened)
			}
			judged, all = judged+len(touched), all+len(arrived)
			if a, b := full.keys(), follower.keys(); !slices.Equal(a, b) {
				t.Fatalf("on %s all: %v, touched or due: %v\n%s", asOf, a, b, s.Text())
			}
		}
	})
	t.Logf("%d of %d judgements were needed; %d findings opened", judged, all, opened/2)
}

// TestParts settles a country whole, and in buckets in another order: nothing differs. Run again
// over what it found, a pass changes nothing.
func TestParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawConditions(t)
		country := map[imei.IMEI]*device.History{}
		buckets := make([]map[imei.IMEI]*device.History, 3)
		for range rapid.IntRange(1, 6).Draw(t, "devices") {
			h := drawDevice(t)
			h.IMEI -= imei.IMEI(len(country)) // so that all differ
			country[h.IMEI] = h
		}
		var open []device.Finding
		pass := func(scope map[imei.IMEI]*device.History) *Pass {
			return &Pass{Conditions: s, AsOf: origin + 40, Facts: Facts{TACs: NewTACSet(nil), TACFeed: Feed{"t", origin + 40}, Adopted: factKinds}, Histories: histories(scope), Previous: open}
		}
		for m, h := range country {
			b := &buckets[int(m%3)]
			if *b == nil {
				*b = map[imei.IMEI]*device.History{}
			}
			(*b)[m] = h
		}
		whole, err := pass(country).Run(Base{})
		if err != nil {
			t.Fatal(err)
		}
		var parts []*Part
		for _, b := range slices.Backward(buckets) {
			part, err := pass(b).Collect()
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, part)
		}
		if got := Settle(Base{}, parts...); !reflect.DeepEqual(got, whole) {
			t.Fatalf("in parts\n%+v\nwhole\n%+v", got, whole)
		}
		open = whole.Opened
		again, err := pass(country).Run(Base{})
		if err != nil || len(again.Opened)+len(again.Changed)+len(again.Closed) > 0 || !reflect.DeepEqual(again.Due, whole.Due) {
			t.Fatalf("again: %v %+v", err, again)
		}
	})
}

func TestPassRefusesDisorder(t *testing.T) {
	h := func(n ...imei.IMEI) iter.Seq2[*device.History, error] {
		return func(yield func(*device.History, error) bool) {
			for _, m := range n {
				if !yield(&device.History{IMEI: m}, nil) {
					return
				}
			}
		}
	}
	broken := errors.New("disk")
	for name, p := range map[string]Pass{
		"histories":      {Histories: h(2, 1)},
		"device twice":   {Histories: h(2, 2)},
		"stolen":         {Lists: Lists{Stolen: []device.Stolen{{IMEI: 2}, {IMEI: 1}}}, Histories: h(5)},
		"registered":     {Lists: Lists{Registered: []imei.IMEI{2, 1}}},
		"previous":       {Previous: []device.Finding{{IMEI: 2}, {IMEI: 1}}},
		"previous text":  {Previous: []device.Finding{{Text: "A"}}},
		"no IMEI":        {Histories: h(imei.Max + 1)},
		"no IMEI stolen": {Lists: Lists{Stolen: []device.Stolen{{IMEI: imei.Max + 1}}}},
		"histories fail": {Histories: func(yield func(*device.History, error) bool) { yield(nil, broken) }},
	} {
		p.Conditions, p.AsOf = Default(), origin
		if c, err := p.Run(Base{}); err == nil {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

func TestCoverage(t *testing.T) {
	c := Coverage{
		{Operator: "a", Days: []Range{{1, 5}, {8, 9}, {10, 20}}},
		{Operator: "b", Since: 7, Days: []Range{{1, 12}}, Timed: []Range{{10, 12}}},
	}
	for _, test := range []struct{ got, want []Gap }{
		{c.Missing(1, 20), []Gap{{"a", Range{6, 7}}, {"b", Range{13, 20}}}},
		{c.Missing(6, 7), []Gap{{"a", Range{6, 7}}}},
		{c.Missing(8, 12), nil},
		{c.Missing(21, 22), []Gap{{"a", Range{21, 22}}, {"b", Range{21, 22}}}},
		{c.MissingTimed(1, 12), []Gap{{"b", Range{7, 9}}}},
		{Coverage{{Operator: "c", Timed: []Range{{10, 12}}, TimedSince: 10}}.MissingTimed(1, 13), []Gap{{"c", Range{13, 13}}}},
		{Coverage{}.Missing(1, 2), []Gap{{"every operator", Range{1, 2}}}},
		{c[:1].MissingTimed(1, 2), []Gap{{"every operator", Range{1, 2}}}},
	} {
		if !slices.Equal(test.got, test.want) {
			t.Errorf("%v, not %v", test.got, test.want)
		}
	}
}

// TestDisorder judges a history whose rows are in any order as the sorted one.
func TestDisorder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, s := drawHistory(t), drawConditions(t)
		f := drawFacts(t, h)
		mixed := &device.History{IMEI: h.IMEI, Text: h.Text, Days: rapid.Permutation(h.Days).Draw(t, "days"), Visits: slices.Clone(h.Visits)}
		slices.SortStableFunc(mixed.Days, func(a, b device.Days) int { return cmp.Compare(a.Month, b.Month) })
		want, again := s.Judge(h, f, origin+40)
		got, next := s.Judge(mixed, f, origin+40)
		if !reflect.DeepEqual(got, want) || next != again {
			t.Fatal(got, want, next, again)
		}
	})
}

// TestDisorderAroundLaterDays has the only rows out of order meet at one whose day has not come.
func TestDisorderAroundLaterDays(t *testing.T) {
	h := &device.History{IMEI: 35123456000001}
	addDays(h, 0, 1, "op1", []device.Day{origin})
	addDays(h, 0, 2, "op1", []device.Day{origin})
	addDays(h, 0, 0, "op1", []device.Day{origin + 60})
	addDays(h, 0, 1, "op1", []device.Day{origin + 35})
	h.Days[2], h.Days[3] = h.Days[3], h.Days[2] // 1, 2, 1 later, nobody
	s, err := Load([]byte(rule + "subscribers: {at_least: 1}\n"))
	if err != nil {
		t.Fatal(err)
	}
	found, again := s.Judge(h, &Facts{}, origin+1)
	if len(found) != 1 || found[0].Pairs != 2 || again != origin+30 {
		t.Error(found, again)
	}
	found, _ = s.Judge(h, &Facts{}, origin+35)
	if len(found) != 1 || found[0].Pairs != 1 {
		t.Error(found)
	}
}

func imsiOf(i, p int) subscriber.IMSI { return firstIMSI + subscriber.IMSI(i*100+p) }

func msisdnOf(i, p int) subscriber.MSISDN { return firstMSISDN + subscriber.MSISDN(i*100+p) }

func typical(n int) (list []device.History) {
	for i := range n {
		h := device.History{IMEI: imei.New(35123456+imei.TAC(i/1000), uint32(i%1000))}
		people := 1
		if i%20 == 0 {
			people = 2 // dual-SIM, or a change of card
		}
		for p := range people {
			for m := range 6 { // months
				from := device.Date(2026, 5, 1) + device.Day(m*30)
				var days []device.Day
				for d := range 20 {
					days = append(days, from+device.Day(d+(i+p)%8))
				}
				addDays(&h, imsiOf(i, p), msisdnOf(i, p), "op1", days)
			}
		}
		for d := range 30 { // a month of visits, two a day
			at := device.Minute(device.Date(2026, 9, 20)+device.Day(d)) * 1440
			for p := range 2 {
				h.Visits = append(h.Visits, device.Visit{IMEI: h.IMEI, Operator: "op1", Area: cells[1+p], From: at + device.Minute(p*600), To: at + device.Minute(p*600+500),
					Subscriber: h.Days[0].Subscriber()})
			}
		}
		order(&h)
		list = append(list, h)
	}
	return list
}

func TestNoAllocation(t *testing.T) {
	s, list := Default(), typical(20)
	f := &Facts{TACs: NewTACSet([]device.TAC{{TAC: 35123456}}), TACFeed: Feed{"t", origin}, Lists: &Lists{}}
	asOf := device.Date(2026, 10, 20)
	for i := range list {
		if found, _ := s.Judge(&list[i], f, asOf); len(found) > 0 {
			t.Fatal(found)
		}
	}
	if n := testing.AllocsPerRun(100, func() {
		for i := range list {
			s.Judge(&list[i], f, asOf)
		}
	}); n > 0 {
		t.Errorf("%v allocations for %d devices", n, len(list))
	}
}

func BenchmarkJudge(b *testing.B) {
	ten := func() *Conditions {
		list := slices.Clone(Default().list)
		for _, c := range list[len(list)-2:] {
			c.Name += "-2"
			list = append(list, c)
		}
		return newConditions(list, Amnesty{})
	}()
	const n = 2000
	all := typical(n)
	var known []device.TAC
	for t := range imei.TAC(250_000) {
		known = append(known, device.TAC{TAC: 35000000 + t})
	}
	for _, test := range []struct {
		name   string
		visits bool
		months int
	}{{"two months", false, 2}, {"six months", false, 6}, {"six months and visits", true, 6}} {
		list := slices.Clone(all)
		for i := range list {
			h := &list[i]
			if !test.visits {
				h.Visits = nil
			}
			last, _ := device.Date(2026, 10, 20).Month()
			h.Days = slices.DeleteFunc(slices.Clone(h.Days), func(d device.Days) bool { return last-d.Month >= device.Month(test.months) })
		}
		b.Run(fmt.Sprintf("%d conditions, %s", len(ten.list), test.name), func(b *testing.B) {
			f := &Facts{TACs: NewTACSet(known), TACFeed: Feed{"t", device.Date(2026, 10, 20)}, marks: &Marks{}}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				ten.Judge(&list[i%n], f, device.Date(2026, 10, 20))
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "devices/s")
		})
	}
}

// BenchmarkPass walks a country with one clone in a hundred devices.
func BenchmarkPass(b *testing.B) {
	all := map[imei.IMEI]*device.History{}
	for _, h := range typical(5000) {
		h.Visits = nil
		all[h.IMEI] = &h
	}
	keys := slices.Sorted(maps.Keys(all))
	for i, m := range keys {
		for c := range 6 * (1 - min(1, i%100)) {
			var days []device.Day
			for d := range device.Day(30) {
				days = append(days, device.Date(2026, 9, 15)+d)
			}
			addDays(all[m], imsiOf(i, 5+c), 0, "op1", days)
		}
		order(all[m])
	}
	s := Default()
	seq := func(yield func(*device.History, error) bool) {
		for _, m := range keys {
			if !yield(all[m], nil) {
				return
			}
		}
	}
	var known []device.TAC
	for t := range imei.TAC(250_000) {
		known = append(known, device.TAC{TAC: 35000000 + t})
	}
	facts := Facts{TACs: NewTACSet(known), TACFeed: Feed{"t", device.Date(2026, 10, 20)}}
	b.ReportAllocs()
	for b.Loop() {
		p := Pass{Conditions: s, Facts: facts, AsOf: device.Date(2026, 10, 20), Histories: seq}
		if c, err := p.Run(Base{}); err != nil || len(c.Opened) < 100 {
			b.Fatal(err, c)
		}
	}
	b.ReportMetric(float64(b.N*len(keys))/b.Elapsed().Seconds(), "devices/s")
}
