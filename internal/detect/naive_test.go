package detect

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
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

// counted returns the days of each identity in the window.
func (n *naive) counted(what identity, from device.Day, sp spare) []map[device.Day]bool {
	if what == countUsers {
		return n.users(int(n.asOf-from)+1, sp)
	}
	all := map[string]map[device.Day]bool{}
	n.each(from, func(row *device.Days, d device.Day) {
		name := ""
		switch {
		case what == countIMSIs:
			name = row.IMSI.String()
		case what == countMSISDNs && len(row.MSISDN.String()) >= 12:
			name = row.MSISDN.String()
		case what == countPersons:
			for _, s := range n.f.Subscriptions {
				if s.IMSI == row.IMSI {
					name = fmt.Sprint("person ", s.Person)
				}
			}
		}
		if name == "" {
			return
		}
		if all[name] == nil {
			all[name] = map[device.Day]bool{}
		}
		all[name][d] = true
	})
	var out []map[device.Day]bool
	for _, days := range all {
		if len(days) >= sp.briefDays {
			out = append(out, days)
		}
	}
	return out
}

// each calls f for each sighting of the window.
func (n *naive) each(from device.Day, f func(*device.Days, device.Day)) {
	for i := range n.h.Days {
		row := &n.h.Days[i]
		for bit := range 31 {
			if d := row.Month.First() + device.Day(bit); row.All()>>bit&1 != 0 && d >= from && d <= n.asOf {
				f(row, d)
			}
		}
	}
}

// daysOf returns on how many days of the window a counting dimension takes the device for seen.
func (n *naive) daysOf(what identity, from device.Day) int {
	all := map[device.Day]bool{}
	if what == countUsers {
		for d := range n.any {
			if d >= from {
				all[d] = true
			}
		}
	}
	for _, days := range n.counted(what, from, spare{}) {
		if what != countUsers {
			maps.Copy(all, days)
		}
	}
	return len(all)
}

// firstOf returns the first day of a window, by the calendar.
func firstOf(w window, asOf device.Day) device.Day {
	if w.months == 0 {
		return asOf - device.Day(w.days) + 1
	}
	end := asOf + 1 // go back month by month to the same day of the month, or the last there is
	_, want := end.Month()
	month, _ := end.Month()
	month -= device.Month(w.months)
	for d := (month + 1).First() - 1; ; d-- {
		if _, day := d.Month(); day <= want {
			return d
		}
	}
}

// text returns the identifier as text.
func (n *naive) text() string {
	if n.h.Text != "" {
		return n.h.Text
	}
	return n.h.IMEI.String()
}

// listed looks a device up in lists by plain loops.
func (n *naive) listed() (m Marks) {
	if n.h.Text != "" {
		return n.f.Lists.Texts[n.h.Text]
	}
	for _, r := range n.f.Lists.Barred {
		if r.IMEI == n.h.IMEI {
			m.OnBarred, m.Barred = true, r.Since
		}
	}
	for _, r := range n.f.Lists.Monitored {
		if r.IMEI == n.h.IMEI {
			m.OnMonitored, m.Monitored = true, r.Since
		}
	}
	m.Registered = slices.Contains(n.f.Lists.Registered, n.h.IMEI)
	m.Associated = slices.Contains(n.f.Lists.Associated, n.h.IMEI)
	return m
}

// directory is the rows that the naive facts are made of.
var directory = []device.TAC{
	{TAC: 35123456, Manufacturer: "A", Model: "One", DeviceType: "Smartphone", Bands: "GSM 900,LTE FDD BAND 1"},
	{TAC: 35123457, Manufacturer: "A", Model: "One", DeviceType: "Smartphone", Bands: "WCDMA FDD Band I"},
	{TAC: 99123456, Manufacturer: "B", Model: "Box", DeviceType: "Module", Bands: "WLAN"},
	{TAC: 45000000, DeviceType: "module", Bands: "GSM 900"},
}

// hasBands says by code what the directory above gives: 2G, 3G and 4G of A One, nothing of B Box.
var hasBands = map[string]string{"35123456": "2G 3G 4G", "35123457": "2G 3G 4G", "99123456": ""}

func (n *naive) row() *device.TAC {
	for i := range directory {
		if len(n.text()) >= 8 && directory[i].TAC.String() == n.text()[:8] {
			return &directory[i]
		}
	}
	return nil
}

func (n *naive) holds(d dimension, w window) bool {
	from := firstOf(w, n.asOf)
	_, special := imei.NonIdentifying(n.h.IMEI)
	special = special && n.h.Text == ""
	marks := n.listed()
	switch d := d.(type) {
	case *malformed:
		return n.h.Text != ""
	case *barred:
		return marks.OnBarred && !special
	case *barredTAC:
		return slices.ContainsFunc(n.f.BarredTACs, func(t imei.TAC) bool { return strings.HasPrefix(n.text(), t.String()) })
	case *testTAC:
		expr := `^(0010(0[1-9]|1[0-7])|0044|0086|0091)`
		if d.allBodies {
			expr = `^0[02-9]`
		}
		return regexp.MustCompile(expr).MatchString(n.text())
	case *monitored:
		return marks.OnMonitored && (d.forDays == 0 || n.asOf+1-marks.Monitored >= device.Day(d.forDays))
	case *notRegistered:
		r := n.row()
		return !marks.Registered && (r == nil || !slices.Contains(d.types, strings.ToUpper(r.DeviceType)))
	case *notAssociated:
		r := n.row()
		return !marks.Associated && (r == nil || !slices.Contains(d.types, strings.ToUpper(r.DeviceType)))
	case *radioMismatch:
		bands, known := hasBands[n.text()[:min(8, len(n.text()))]]
		wrong := false
		n.each(-1<<20, func(row *device.Days, day device.Day) {
			for r, name := range map[device.Radio]string{device.Radio2G: "2G", device.Radio3G: "3G", device.Radio4G: "4G", device.Radio5G: "5G"} {
				_, bit := day.Month()
				wrong = wrong || known && row.Seen[r]>>(bit-1)&1 != 0 && !strings.Contains(bands, name)
			}
		})
		return wrong
	case *usedBy:
		found := false
		n.each(from, func(row *device.Days, _ device.Day) {
			text := row.IMSI.String()
			home := slices.ContainsFunc(d.networks, func(p string) bool { return strings.HasPrefix(text, p) })
			country := slices.ContainsFunc(d.networks, func(p string) bool { return strings.HasPrefix(text, p[:3]) })
			who := map[bool]string{true: "national", false: "foreign"}[country]
			if home {
				who = "home"
			}
			found = found || text != "" && who == sortNames[d.who]
		})
		return found
	case *transient:
		numbers, operators := map[uint64]int{}, map[device.Operator]bool{}
		seen := map[[2]uint64]bool{}
		n.each(from, func(row *device.Days, day device.Day) {
			operators[row.Operator] = true
			if key := [2]uint64{uint64(row.MSISDN), uint64(day)}; len(row.MSISDN.String()) >= 12 && !seen[key] {
				seen[key] = true
				numbers[uint64(row.MSISDN)]++
			}
		})
		sorted := slices.Sorted(maps.Keys(numbers))
		for i := 2; i < len(sorted); i++ {
			if sorted[i]-sorted[i-1] != sorted[1]-sorted[0] {
				return false
			}
		}
		return len(sorted) > 1 && len(operators) == 1 && len(seen)/w.days >= d.numbers
	case *share:
		users, days := n.counted(d.identity, from, d.spare), n.daysOf(d.identity, from)
		most := 0
		for _, u := range users {
			most = max(most, len(u))
		}
		return len(users) > 1 && days >= d.activeDays && float64(most) <= float64(d.atMost)/1000*float64(days)+1e-9
	case *stolen:
		if n.h.Text != "" {
			return n.f.Lists.Texts[n.h.Text].OnStolen
		}
		return !special && slices.ContainsFunc(n.f.Lists.Stolen, func(s device.Stolen) bool { return s.IMEI == n.h.IMEI && s.Blocks() })
	case *tacNotAllocated:
		first := never
		for day := range n.any {
			first = min(first, day)
		}
		delay, body := 0, n.text()[:2]
		if number, err := strconv.Atoi(body); err == nil {
			delay = d.delays[number]
		}
		return first != never && n.row() == nil && first+device.Day(delay) <= n.asOf &&
			(d.includeTest || n.h.Text != "" || !n.h.IMEI.Test() && !special)
	case *subscribers:
		users := n.counted(d.identity, from, d.spare)
		count := len(users)
		if d.sequential {
			count = min(count, 1)
			for day := from; day <= n.asOf; day++ { // the night after each day
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
		sum, days := 0, n.daysOf(d.identity, from)
		for _, u := range n.counted(d.identity, from, d.spare) {
			sum += len(u)
		}
		return days > 0 && days >= d.activeDays && float64(sum)/float64(days) >= float64(d.atLeast)/1000-1e-9
	case *place:
		return n.conflicts(d, w.days) >= d.conflicts
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
			all = all && n.holds(t.dimension, t.window) != t.inverted
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
	tacs  = []imei.TAC{35123456, 35999999, 45000000, 99123456, 2000000, 99999999, 101701, 440000}
	forms = []string{"", "", "", "ABC", "35123456ABC", "0010170123456", "99", "4500000*", "00440000ABCDEF"}
)

const origin = device.Day(20000) // 2024-10-04

func drawHistory(t *rapid.T) *device.History { return drawAny(t, forms) }

// drawDevice draws a history of an IMEI.
func drawDevice(t *rapid.T) *device.History { return drawAny(t, forms[:1]) }

func drawAny(t *rapid.T, forms []string) *device.History {
	h := &device.History{IMEI: imei.New(rapid.SampledFrom(tacs).Draw(t, "tac"), uint32(rapid.SampledFrom([]int{1, 999999}).Draw(t, "serial")))}
	if h.Text = rapid.SampledFrom(forms).Draw(t, "text"); h.Text != "" {
		h.IMEI = 0
	}
	people := rapid.IntRange(1, 6).Draw(t, "people")
	for range rapid.IntRange(0, 8).Draw(t, "stretches") {
		i := subscriber.IMSI(0)
		if rapid.IntRange(0, 9).Draw(t, "imsi known") > 0 {
			i = subscriber.IMSI(rapid.SampledFrom([]int{firstIMSI, firstIMSI, firstIMSI, 410_020_000_000_000, 41_003_000_000_000, 1_010_000_000_000}).Draw(t, "network") + rapid.IntRange(1, people).Draw(t, "imsi"))
		}
		number := subscriber.MSISDN(0)
		if rapid.IntRange(0, 3).Draw(t, "number known") == 0 {
			number = subscriber.MSISDN(rapid.SampledFrom([]int{firstMSISDN, firstMSISDN, 99_999_999_996}).Draw(t, "numbers") + rapid.IntRange(1, 6).Draw(t, "msisdn"))
		}
		from := origin + device.Day(rapid.IntRange(0, 60).Draw(t, "from"))
		length, step := rapid.IntRange(1, 30).Draw(t, "length"), rapid.IntRange(1, 4).Draw(t, "step")
		var days []device.Day
		for d := from; d < from+device.Day(length); d += device.Day(step) {
			days = append(days, d)
		}
		addDaysOn(h, i, number, rapid.SampledFrom([]device.Operator{"op1", "op1", "op2"}).Draw(t, "operator"), device.Radio(rapid.IntRange(0, 4).Draw(t, "radio")), days)
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
	if rapid.Bool().Draw(t, "an amnesty") {
		fmt.Fprintf(&b, "amnesty: {evaluation_ends: %s, ends: %s}\n", origin+20, origin+60)
	}
	b.WriteString("conditions:\n")
	for i := range rapid.IntRange(1, 4).Draw(t, "conditions") {
		fmt.Fprintf(&b, "  - name: r%d\n    description: d\n    ground: g\n    effect: tracked\n    window_days: %d\n    grace_days: %d\n    gap_days: %d\n    sticky: %v\n    amnesty: %v\n    all:\n", i,
			rapid.SampledFrom([]int{5, 10, 30, 100}).Draw(t, "window"), rapid.IntRange(0, 40).Draw(t, "grace"),
			rapid.SampledFrom([]int{0, 0, 1, 5, 20}).Draw(t, "gap"), rapid.IntRange(0, 5).Draw(t, "sticky") == 0, rapid.Bool().Draw(t, "amnesty"))
		for range rapid.IntRange(1, 3).Draw(t, "terms") {
			spare := fmt.Sprintf("brief_days: %d, household: %d, siblings: %d", rapid.IntRange(0, 3).Draw(t, "brief"),
				rapid.SampledFrom([]int{0, 2, 8}).Draw(t, "household"), rapid.SampledFrom([]int{0, 50, 80}).Draw(t, "siblings"))
			who := rapid.SampledFrom(identityNames[:]).Draw(t, "identity")
			if who != "user" {
				spare = fmt.Sprintf("brief_days: %d", rapid.IntRange(0, 3).Draw(t, "brief of others"))
			}
			spare += ", identity: " + who + rapid.SampledFrom([]string{"", ", window_days: 7", ", window_months: 1", ", window_months: 3"}).Draw(t, "own window")
			networks := `networks: ["41001", "410030"]`
			switch rapid.IntRange(0, 15).Draw(t, "kind") {
			case 5:
				b.WriteString("      - malformed: {}\n")
			case 6:
				b.WriteString("      - barred: {}\n")
			case 7:
				b.WriteString("      - barred_tac: {}\n")
			case 8:
				fmt.Fprintf(&b, "      - test_tac: {all_bodies: %v}\n", rapid.Bool().Draw(t, "all bodies"))
			case 9:
				fmt.Fprintf(&b, "      - monitored: {for_days: %d}\n", rapid.IntRange(0, 40).Draw(t, "for days"))
			case 10:
				b.WriteString("      - not_registered: {exempt_device_types: [MODULE]}\n")
			case 11:
				b.WriteString("      - not_associated: {}\n")
			case 12:
				b.WriteString("      - radio_mismatch: {}\n")
			case 13:
				fmt.Fprintf(&b, "      - transient: {numbers_a_day: 1, window_days: %d}\n", rapid.SampledFrom([]int{2, 7, 20}).Draw(t, "period"))
			case 14:
				fmt.Fprintf(&b, "      - used_by: {subscriber: %s, %s, window_days: %d}\n", rapid.SampledFrom(sortNames).Draw(t, "who"), networks, rapid.SampledFrom([]int{1, 10, 60}).Draw(t, "look back"))
			case 15:
				fmt.Fprintf(&b, "      - largest_share: {at_most: %s, active_days: %d, %s}\n",
					decimal(rapid.IntRange(300, 1000).Draw(t, "at most"), 3), rapid.IntRange(1, 5).Draw(t, "active of share"), strings.Replace(spare, "identity: person", "identity: imsi", 1))
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
	f := &Facts{TACs: NewTACSet(directory), TACFeed: Feed{"t", origin}, Lists: &Lists{Texts: map[string]Marks{}}, Adopted: factKinds}
	often := func(what string) bool { return rapid.IntRange(0, 2).Draw(t, what) == 0 }
	since := origin + device.Day(rapid.IntRange(-10, 60).Draw(t, "listed since"))
	marks := Marks{OnStolen: often("text stolen"), OnBarred: often("barred"), OnMonitored: often("monitored"), Registered: often("registered"), Associated: often("associated"), Barred: since, Monitored: since}
	if h.Text != "" {
		f.Lists.Texts[h.Text] = marks
	} else {
		if marks.OnBarred {
			f.Lists.Barred = []device.Listed{{IMEI: h.IMEI, Since: since}}
		}
		if marks.OnMonitored {
			f.Lists.Monitored = []device.Listed{{IMEI: h.IMEI, Since: since}}
		}
		if marks.Registered {
			f.Lists.Registered = []imei.IMEI{h.IMEI}
		}
		if marks.Associated {
			f.Lists.Associated = []imei.IMEI{h.IMEI - 1, h.IMEI}
		}
	}
	f.BarredTACs = rapid.SampledFrom([][]imei.TAC{nil, {35123456}, {440000, 45000000}}).Draw(t, "barred codes")
	if often("no lists") {
		f.Adopted = nil
	}
	for i := range rapid.IntRange(0, 6).Draw(t, "persons") {
		f.Subscriptions = append(f.Subscriptions, Subscription{subscriber.IMSI(firstIMSI + i + 1), int32(i / 2)})
	}
	if h.Text == "" && rapid.IntRange(0, 3).Draw(t, "stolen") == 0 {
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
