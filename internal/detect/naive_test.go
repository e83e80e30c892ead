package detect

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// A second implementation of every dimension, by plain loops over (day, subscription) pairs and
// visits, without bitmaps, windows that slide or scratch. It shares only the parameters.

// naive is a history expanded.
type naive struct {
	h       *device.History
	f       *Facts
	asOf    device.Day
	sight   map[string]map[device.Day]bool // days of each subscription after continuity
	any     map[device.Day]bool
	raw     map[subscriber.ID]map[device.Day]bool
	class   map[subscriber.ID]string
	visible []device.Visit
	owner   []string
}

func expand(h *device.History, f *Facts, asOf device.Day) *naive {
	n := &naive{h: h, f: f, asOf: asOf, sight: map[string]map[device.Day]bool{}, any: map[device.Day]bool{},
		raw: map[subscriber.ID]map[device.Day]bool{}, class: map[subscriber.ID]string{}}
	numbers := map[subscriber.MSISDN]map[subscriber.ID]bool{}
	for _, row := range h.Days {
		for bit := range 31 {
			d := row.Month.First() + device.Day(bit)
			if row.All()>>bit&1 == 0 || d > asOf {
				continue
			}
			n.any[d] = true
			id := row.Subscriber()
			if id == 0 {
				continue
			}
			if n.raw[id] == nil {
				n.raw[id] = map[device.Day]bool{}
				n.class[id] = id.String()
			}
			n.raw[id][d] = true
			if row.MSISDN != 0 {
				if numbers[row.MSISDN] == nil {
					numbers[row.MSISDN] = map[subscriber.ID]bool{}
				}
				numbers[row.MSISDN][id] = true
			}
		}
	}
	for again := true; again; { // spread names until nothing changes
		again = false
		for _, ids := range numbers {
			if len(ids) > 4 {
				continue
			}
			for a := range ids {
				for b := range ids {
					if n.class[a] < n.class[b] {
						n.class[b], again = n.class[a], true
					}
				}
			}
		}
	}
	for id, days := range n.raw {
		c := n.class[id]
		if n.sight[c] == nil {
			n.sight[c] = map[device.Day]bool{}
		}
		maps.Copy(n.sight[c], days)
	}
	for _, v := range h.Visits {
		if v.From < device.Minute(asOf+1)*1440 {
			n.visible = append(n.visible, v)
			owner := cmp.Or(n.class[v.Subscriber], v.Subscriber.String())
			if v.Area == 0 {
				owner = ""
			}
			n.owner = append(n.owner, owner)
		}
	}
	return n
}

// users returns the days of each user in the window.
func (n *naive) users(window int, sp spare) []map[device.Day]bool {
	type group struct {
		names []string
		days  map[device.Day]bool
		home  bool
	}
	var groups []*group
	for _, name := range slices.Sorted(maps.Keys(n.sight)) {
		days := map[device.Day]bool{}
		for d := range n.sight[name] {
			if d > n.asOf-device.Day(window) {
				days[d] = true
			}
		}
		if len(days) > 0 && len(days) >= sp.briefDays {
			groups = append(groups, &group{[]string{name}, days, false})
		}
	}
	if len(groups) > 64 {
		sp.household, sp.siblings = 0, 0
	}
	if sp.household > 1 {
		byHome := map[device.Area][]*group{}
		for _, g := range groups {
			if home := n.home(g.names[0]); home != 0 {
				byHome[home] = append(byHome[home], g)
			}
		}
		for home, members := range byHome {
			if len(members) < 2 || len(members) > sp.household || !n.phone(home) {
				continue
			}
			for _, g := range members[1:] {
				maps.Copy(members[0].days, g.days)
				groups = slices.DeleteFunc(groups, func(x *group) bool { return x == g })
			}
			members[0].home = true
		}
	}
	if sp.siblings > 0 {
		var x, y *group
		best := 0.0
		for i, a := range groups {
			for _, b := range groups[i+1:] {
				if a.home || b.home {
					continue
				}
				both, either := 0, len(b.days)
				for d := range a.days {
					if b.days[d] {
						both++
					} else {
						either++
					}
				}
				if share := float64(both) / float64(either); both*100 >= sp.siblings*either && share > best && !n.apart(a.names[0], b.names[0]) {
					x, y, best = a, b, share
				}
			}
		}
		if x != nil {
			maps.Copy(x.days, y.days)
			groups = slices.DeleteFunc(groups, func(g *group) bool { return g == y })
		}
	}
	var out []map[device.Day]bool
	for _, g := range groups {
		out = append(out, g.days)
	}
	return out
}

func (n *naive) home(name string) device.Area {
	minutes := map[device.Area]int{}
	for i, v := range n.visible {
		if n.owner[i] == name {
			minutes[v.Area] += int(v.To-v.From) + 1
		}
	}
	best := device.Area(0)
	for _, a := range slices.Sorted(maps.Keys(minutes)) {
		if best == 0 || minutes[a] > minutes[best] {
			best = a
		}
	}
	return best
}

// phone reports whether one phone could be with all who live in the area.
func (n *naive) phone(home device.Area) bool {
	for i, v := range n.visible {
		if n.owner[i] == "" || n.home(n.owner[i]) != home {
			continue
		}
		for j, o := range n.visible {
			if n.owner[j] == "" || n.owner[j] == n.owner[i] || n.home(n.owner[j]) != home {
				continue
			}
			if v.From < o.To && o.From < v.To && v.Area.Distance(o.Area) > 30 {
				return false
			}
		}
		for half := 2 * v.From; half <= 2*v.To; half++ { // moments, in half minutes
			here := map[string]bool{}
			for j, o := range n.visible {
				if n.owner[j] != "" && n.home(n.owner[j]) == home && (i == j || 2*o.From < half && half < 2*o.To) {
					here[n.owner[j]] = true
				}
			}
			if len(here) > 2 && (half > 2*v.From && half < 2*v.To || v.From == v.To) {
				return false
			}
		}
	}
	return true
}

func (n *naive) apart(a, b string) bool {
	for i, v := range n.visible {
		for j, o := range n.visible {
			if n.owner[i] == a && n.owner[j] == b && v.From < o.To && o.From < v.To && v.Area.Distance(o.Area) > 30 {
				return true
			}
		}
	}
	return false
}

func (n *naive) holds(d dimension, window int) bool {
	switch d := d.(type) {
	case *stolen:
		_, none := imei.NonIdentifying(n.h.IMEI)
		return !none && slices.ContainsFunc(n.f.Lists.Stolen, func(s device.Stolen) bool { return s.IMEI == n.h.IMEI && s.Blocks() })
	case *tacNotAllocated:
		first := never
		for day := range n.any {
			first = min(first, day)
		}
		_, none := imei.NonIdentifying(n.h.IMEI)
		return first != never && !n.f.TACs.Known(n.h.IMEI.TAC()) && first+device.Day(d.delays[n.h.IMEI.TAC()/1_000_000]) <= n.asOf &&
			(d.includeTest || !n.h.IMEI.Test() && !none)
	case *subscribers:
		users := n.users(window, d.spare)
		count := len(users)
		if d.sequential {
			count = min(count, 1)
			for day := n.asOf - device.Day(window) + 1; day <= n.asOf; day++ { // the night after each day
				awake := 0
				for _, days := range users {
					before, after := false, false
					for d := range days {
						before, after = before || d <= day, after || d > day
					}
					if before && after {
						awake++
					}
				}
				count = max(count, awake)
			}
		}
		return count >= d.atLeast
	case *average:
		sum, days := 0, 0
		for day := range n.any {
			if day > n.asOf-device.Day(window) {
				days++
			}
		}
		for _, u := range n.users(window, d.spare) {
			sum += len(u)
		}
		return days >= d.activeDays && float64(sum)/float64(days) >= float64(d.atLeast)/1000-1e-9
	case *place:
		return n.conflicts(d, window) >= d.conflicts
	}
	panic("no such dimension")
}

func (n *naive) conflicts(d *place, window int) int {
	used := map[int]bool{}
	count, next := 0, device.Minute(-1<<31)
	start := device.Minute(n.asOf-device.Day(window)+1) * 1440
	for i, late := range n.visible {
		if late.From < start || late.From < next || n.owner[i] == "" {
			continue
		}
		for j, early := range n.visible[:i] {
			if early.From < start || n.owner[j] == "" || n.owner[j] == n.owner[i] || used[j] {
				continue
			}
			km := early.Area.Distance(late.Area)
			together := min(early.To, late.To) - late.From
			hours := float64(max(0, late.From-early.To)+device.Minute(d.clockMin)) / 60
			if together > device.Minute(d.overlapMin) && km > float64(d.overlapKm) || km-float64(d.marginKm) > float64(d.speed)*hours+1e-9 && early.Area != late.Area {
				count++
				used[i], used[j] = true, true
				next = late.From + device.Minute(d.apartHours)*60
				break
			}
		}
	}
	return count
}

func (n *naive) judge(s *Conditions) (rules []string) {
	for i := range s.list {
		c := &s.list[i]
		all := !c.Suspended(n.f, n.asOf) && (c.unseen || len(n.any) > 0 || len(n.visible) > 0)
		for _, t := range c.dimensions {
			all = all && n.holds(t.dimension, c.WindowDays) != t.inverted
		}
		if all {
			rules = append(rules, c.Name)
		}
	}
	return rules
}

// Random histories are small and crowded, so that every threshold is met from both sides.

var (
	cells = []device.Area{0, device.AreaOf(23.8, 90.4), device.AreaOf(23.9, 90.4), device.AreaOf(24.3, 90.4), device.AreaOf(22.3, 91.8), device.AreaOf(25.2, 55.3)}
	tacs  = []imei.TAC{35123456, 35999999, 45000000, 99123456, 2000000, 99999999}
)

const origin = device.Day(20000) // 2024-10-04

func drawHistory(t *rapid.T) *device.History {
	h := &device.History{IMEI: imei.New(rapid.SampledFrom(tacs).Draw(t, "tac"), uint32(rapid.SampledFrom([]int{1, 999999}).Draw(t, "serial")))}
	people := rapid.IntRange(1, 6).Draw(t, "people")
	for range rapid.IntRange(0, 8).Draw(t, "stretches") {
		i := subscriber.IMSI(0)
		if rapid.IntRange(0, 9).Draw(t, "imsi known") > 0 {
			i = subscriber.IMSI(firstIMSI + rapid.IntRange(1, people).Draw(t, "imsi"))
		}
		number := subscriber.MSISDN(0)
		if rapid.IntRange(0, 3).Draw(t, "number known") == 0 {
			number = subscriber.MSISDN(firstMSISDN + rapid.IntRange(1, 4).Draw(t, "msisdn"))
		}
		from := origin + device.Day(rapid.IntRange(0, 60).Draw(t, "from"))
		length, step := rapid.IntRange(1, 30).Draw(t, "length"), rapid.IntRange(1, 4).Draw(t, "step")
		var days []device.Day
		for d := from; d < from+device.Day(length); d += device.Day(step) {
			days = append(days, d)
		}
		addDays(h, i, number, rapid.SampledFrom([]device.Operator{"op1", "op2"}).Draw(t, "operator"), days)
	}
	span := rapid.SampledFrom([]int{2, 70}).Draw(t, "span")
	for range rapid.IntRange(0, 8).Draw(t, "visits") {
		from := device.Minute(origin)*1440 + device.Minute(rapid.IntRange(0, span*1440).Draw(t, "minute"))
		h.Visits = append(h.Visits, device.Visit{IMEI: h.IMEI, Operator: "op1", From: from, To: from + device.Minute(rapid.IntRange(0, 300).Draw(t, "stay")),
			Subscriber: subscriber.ID(firstIMSI + rapid.IntRange(1, people+1).Draw(t, "visitor")), Area: rapid.SampledFrom(cells).Draw(t, "area")})
	}
	order(h)
	return h
}

// drawConditions draws a few rules of all kinds with low thresholds.
func drawConditions(t *rapid.T) *Conditions {
	var b strings.Builder
	b.WriteString("conditions:\n")
	for i := range rapid.IntRange(1, 4).Draw(t, "conditions") {
		fmt.Fprintf(&b, "  - name: r%d\n    description: d\n    ground: g\n    effect: tracked\n    window_days: %d\n    all:\n", i,
			rapid.SampledFrom([]int{5, 10, 30, 100}).Draw(t, "window"))
		for range rapid.IntRange(1, 3).Draw(t, "terms") {
			spare := fmt.Sprintf("brief_days: %d, household: %d, siblings: %d", rapid.IntRange(0, 3).Draw(t, "brief"),
				rapid.SampledFrom([]int{0, 2, 8}).Draw(t, "household"), rapid.SampledFrom([]int{0, 50, 80}).Draw(t, "siblings"))
			switch rapid.IntRange(0, 4).Draw(t, "kind") {
			case 0:
				b.WriteString("      - stolen: {}\n")
			case 1:
				fmt.Fprintf(&b, "      - tac_not_allocated: {delay_days: {\"35\": 20, \"99\": 69}, include_test: %v, feed_max_age_days: 366}\n", rapid.Bool().Draw(t, "test"))
			case 2:
				fmt.Fprintf(&b, "      - subscribers: {at_least: %d, sequential: %v, %s}\n", rapid.IntRange(1, 4).Draw(t, "threshold"), rapid.Bool().Draw(t, "sequential"), spare)
			case 3:
				fmt.Fprintf(&b, "      - average_subscribers: {at_least: %s, active_days: %d, %s}\n",
					decimal(rapid.IntRange(500, 3000).Draw(t, "average"), 3), rapid.IntRange(1, 5).Draw(t, "active"), spare)
			case 4:
				fmt.Fprintf(&b, "      - place_conflict: {conflicts: %d, apart_hours: %d, clock_minutes: %d}\n", rapid.IntRange(1, 3).Draw(t, "conflicts"),
					rapid.SampledFrom([]int{0, 1, 12}).Draw(t, "apart"), rapid.SampledFrom([]int{0, 10}).Draw(t, "clock"))
			}
			if rapid.IntRange(0, 3).Draw(t, "inverted") == 0 {
				b.WriteString("        invert: true\n")
			}
		}
	}
	s, err := Load([]byte(b.String()))
	if err != nil {
		t.Fatalf("%v in\n%s", err, b.String())
	}
	return s
}

func drawFacts(t *rapid.T, h *device.History) *Facts {
	f := &Facts{TACs: NewTACSet([]device.TAC{{TAC: 35123456}}), TACFeed: Feed{"t", origin}, Lists: &Lists{}}
	if rapid.IntRange(0, 3).Draw(t, "stolen") == 0 {
		f.Lists.Stolen = []device.Stolen{{IMEI: h.IMEI, Reported: origin, Status: rapid.SampledFrom([]string{"", "blacklist", "greylist"}).Draw(t, "status")}}
	}
	return f
}

func rulesOf(findings []device.Finding) (rules []string) {
	for _, f := range findings {
		rules = append(rules, f.Rule)
	}
	return rules
}

// TestNaive compares both implementations on random devices, rules and days.
func TestNaive(t *testing.T) {
	matches, all := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		h, s := drawHistory(t), drawConditions(t)
		f := drawFacts(t, h)
		for range 4 {
			asOf := origin + device.Day(rapid.IntRange(-1, 130).Draw(t, "asOf"))
			found, _ := s.Judge(h, f, asOf)
			got, want := rulesOf(found), expand(h, f, asOf).judge(s)
			if !slices.Equal(got, want) {
				t.Fatalf("on %s: %v, naively %v\n%s", asOf, got, want, s.Text())
			}
			all++
			if len(got) > 0 {
				matches++
			}
		}
	})
	t.Logf("%d judgements, %d with findings", all, matches)
}

// TestAgain judges on every day: the rules that hold change only on a promised day, and so does
// the first day of an episode whose rule has held all the time.
func TestAgain(t *testing.T) {
	changes, days := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		h, s := drawHistory(t), drawConditions(t)
		f := drawFacts(t, h)
		asOf := origin - 1
		found, again := s.Judge(h, f, asOf)
		for asOf++; asOf < origin+500; asOf++ {
			now, next := s.Judge(h, f, asOf)
			days++
			if next != 0 && next <= asOf {
				t.Fatalf("on %s a promise of %s", asOf, next)
			}
			for i := range now {
				if a := now[i].Again; a != 0 && (a <= asOf || a < next) {
					t.Fatalf("on %s %s promises %s, the device %s", asOf, now[i].Rule, a, next)
				}
			}
			if slices.Equal(rulesOf(now), rulesOf(found)) {
				if asOf == again {
					again = next
				}
				continue
			}
			changes++
			if again == 0 || asOf < again {
				t.Fatalf("on %s %v became %v; promised %s\n%s", asOf, rulesOf(found), rulesOf(now), again, s.Text())
			}
			found, again = now, next
		}
	})
	t.Logf("%d days, %d changes", days, changes)
}
