package detect

import (
	"bufio"
	"cmp"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// The language of testdata/*.txt. A file is a list of cases:
//
//	case NAME
//	load
//	  asof DAY                                the last complete day; needed
//	  zone +06:00                             of the country; UTC if absent
//	  only RULE...                            judge only these of the default rules
//	  | yaml                                  judge these rules instead
//	  area NAME LAT LON
//	  imei IMEI [imsi N] [msisdn N] OPERATOR days DAYS
//	  visit IMEI imsi N OPERATOR AREA FROM..TO  local times as 2026-10-01T10:00
//	  crowd IMEI COUNT OPERATOR days DAYS     COUNT subscribers, numbered from 1
//	  truncated IMEI COUNT
//	  others COUNT [RULE MATCHED]             devices outside the scope, and findings among them
//	  stolen IMEI DAY|- [STATUS]
//	  registered|associated IMEI...
//	  barred|monitored IMEI DAY               with the day since when
//	  none KIND...                            lists of which there is no edition; of the others there is one
//	  barredtac TAC
//	  model TAC MAKER MODEL TYPE BANDS...     a row of the directory; - for nothing
//	  person NUMBER imsi N
//	  malformed TEXT [imsi N] [msisdn N] OPERATOR days DAYS
//	  radio 2G|3G|4G|5G                       of the sightings that follow; 4G if absent
//	  tac TAC                                 an allocated code; 35123456 always is
//	  feed DAY|none                           age of the TAC directory; asof if absent
//	  missing OPERATOR DAY..DAY               days not delivered; timed OPERATOR for visits
//	  open IMEI RULE since DAY [again DAY] [found DAY] [block DAY] [ended DAY] [amnesty] [incomplete]
//	                                          a finding that was open; of a text: "text:TEXT"
//	expect
//	  nothing
//	  opened|changed|closed IMEI RULE [since DAY] [strength N] [pairs N] [again DAY|never]
//	      [best N|none] [found DAY] [block DAY|never] [ended DAY|never] [amnesty] [complete|incomplete] [evidence KEY "TEXT"]...
//	  due IMEI DAY|never
//	  stopped|suspended RULE
//
// DAYS is DAY, DAY..DAY or DAY..DAY/STEP, several joined by commas. Small numbers N stand for whole
// IMSIs and MSISDNs. All that opened, changed or closed must be expected; due, stopped and
// suspended are looked at where they are mentioned.
type script struct {
	name   string
	line   int
	asOf   device.Day
	zone   *time.Location
	only   []string
	yaml   strings.Builder
	areas  map[string]device.Area
	hist   map[imei.IMEI]*device.History
	lists  Lists
	none   []device.FileKind
	barred []imei.TAC
	people []Subscription
	texts  []device.Malformed
	radio  device.Radio
	tacs   []device.TAC
	feed   device.Day
	noFeed bool
	miss   []Gap
	timed  []Gap
	open   []device.Finding
	base   Base
	expect [][]string
	lines  []int
}

const (
	firstIMSI   = 410_010_000_000_000
	firstMSISDN = 880_170_000_000
	mostDays    = 1000 // of a range, so that fuzzing ends
)

func parseScripts(text string) ([]*script, error) {
	var all []*script
	var s *script
	part := ""
	scan := bufio.NewScanner(strings.NewReader(text))
	for n := 1; scan.Scan(); n++ {
		line, _, _ := strings.Cut(scan.Text(), "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		switch words[0] {
		case "case":
			s = &script{name: strings.Join(words[1:], " "), line: n, areas: map[string]device.Area{}, hist: map[imei.IMEI]*device.History{}}
			s.tacs = []device.TAC{{TAC: 35123456}}
			all = append(all, s)
			part = ""
			continue
		case "load", "expect":
			if s == nil || len(words) > 1 {
				return nil, fmt.Errorf("line %d: %s out of place", n, words[0])
			}
			part = words[0]
			continue
		}
		var err error
		switch part {
		case "load":
			if words[0] == "|" {
				_, text, _ := strings.Cut(line, "|")
				s.yaml.WriteString(strings.TrimPrefix(text, " ") + "\n")
				continue
			}
			err = s.load(words)
		case "expect":
			s.expect = append(s.expect, words)
			s.lines = append(s.lines, n)
		default:
			err = fmt.Errorf("neither in load nor in expect")
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	for _, s := range all {
		if s.asOf == 0 {
			return nil, fmt.Errorf("line %d: case %s has no asof", s.line, s.name)
		}
	}
	return all, scan.Err()
}

func (s *script) load(words []string) (err error) {
	w := reader{words: words[1:]}
	switch words[0] {
	case "asof":
		s.asOf = w.day()
	case "zone":
		t, err := time.Parse("-07:00", w.word())
		if err != nil {
			return err
		}
		_, offset := t.Zone()
		s.zone = time.FixedZone("country", offset)
	case "only":
		s.only, w.words = w.words, nil
	case "area":
		name := w.word()
		s.areas[name] = device.AreaOf(w.float(), w.float())
	case "imei", "crowd":
		return s.seen(words[0], &w)
	case "visit":
		return s.visit(&w)
	case "truncated":
		h := s.history(w.imei())
		h.Truncated, h.Subscribers = true, w.int()
	case "others":
		s.base.Devices = int64(w.int())
		if len(w.words) > 0 {
			s.base.Matched = map[string]int64{w.word(): int64(w.int())}
		}
	case "stolen":
		r := device.Stolen{IMEI: w.imei()}
		if w.peek() == "-" {
			w.word()
		} else {
			r.Reported = w.day()
		}
		if len(w.words) > 0 {
			r.Status = w.word()
		}
		s.lists.Stolen = append(s.lists.Stolen, r)
	case "registered":
		for len(w.words) > 0 {
			s.lists.Registered = append(s.lists.Registered, w.imei())
		}
	case "associated":
		for len(w.words) > 0 {
			s.lists.Associated = append(s.lists.Associated, w.imei())
		}
	case "barred":
		s.lists.Barred = append(s.lists.Barred, device.Listed{IMEI: w.imei(), Since: w.day()})
	case "monitored":
		s.lists.Monitored = append(s.lists.Monitored, device.Listed{IMEI: w.imei(), Since: w.day()})
	case "none":
		for len(w.words) > 0 {
			s.none = append(s.none, device.FileKind(w.word()))
		}
	case "barredtac":
		s.barred = append(s.barred, imei.TAC(w.int()%100_000_000))
	case "model":
		r := device.TAC{TAC: imei.TAC(w.int() % 100_000_000)}
		for _, field := range []*string{&r.Manufacturer, &r.Model, &r.DeviceType} {
			if *field = w.word(); *field == "-" {
				*field = ""
			}
		}
		r.Bands, w.words = strings.Join(w.words, " "), nil
		s.tacs = append(s.tacs, r)
	case "person":
		n := w.int()
		if w.word() != "imsi" {
			return fmt.Errorf("a person needs imsi N")
		}
		s.people = append(s.people, Subscription{subscriber.IMSI(firstIMSI + w.int()), int32(n)})
	case "malformed":
		return s.malformed(&w)
	case "radio":
		if r := slices.Index(classNames[:], w.word()); r > 0 {
			s.radio = device.Radio(r)
		}
	case "tac":
		s.tacs = append(s.tacs, device.TAC{TAC: imei.TAC(w.int() % 100_000_000)})
	case "feed":
		if s.noFeed = w.peek() == "none"; s.noFeed {
			w.word()
		} else {
			s.feed = w.day()
		}
	case "missing":
		s.miss = append(s.miss, w.gap())
	case "timed":
		s.timed = append(s.timed, w.gap())
	case "open":
		f := device.Finding{}
		if text, ok := strings.CutPrefix(w.peek(), "text:"); ok {
			f.Text = text
			w.word()
		} else {
			f.IMEI = w.imei()
		}
		f.Rule = w.word()
		for len(w.words) > 0 {
			switch k := w.word(); k {
			case "since":
				f.Since = w.day()
			case "again":
				f.Again = w.day()
			case "incomplete":
				f.Incomplete = true
			case "found":
				f.Found = w.day()
			case "block":
				f.Block = w.day()
			case "ended":
				f.Ended = w.day()
			case "amnesty":
				f.Amnesty = true
			default:
				return fmt.Errorf("open has no %q", k)
			}
		}
		s.open = append(s.open, f)
	default:
		return fmt.Errorf("load has no %q", words[0])
	}
	return w.done()
}

func (s *script) history(m imei.IMEI) *device.History {
	if s.hist[m] == nil {
		s.hist[m] = &device.History{IMEI: m}
	}
	return s.hist[m]
}

func (s *script) seen(what string, w *reader) error {
	m, crowd := w.imei(), 1
	var i subscriber.IMSI
	var number subscriber.MSISDN
	if what == "crowd" {
		crowd = min(w.int(), 5000)
		i = firstIMSI + 1
	} else {
		for w.peek() == "imsi" || w.peek() == "msisdn" {
			if w.word() == "imsi" {
				i = subscriber.IMSI(firstIMSI + w.int())
			} else {
				number = subscriber.MSISDN(firstMSISDN + w.int())
			}
		}
	}
	op := device.Operator(w.word())
	if w.err == nil && w.word() != "days" {
		w.err = fmt.Errorf("%q is not followed by days", op)
	}
	days := w.days()
	if err := w.done(); err != nil {
		return err
	}
	for range crowd {
		addDaysOn(s.history(m), i, number, op, cmp.Or(s.radio, device.Radio4G), days)
		i++
	}
	return nil
}

func (s *script) malformed(w *reader) error {
	m := device.Malformed{IMEI: w.word()}
	for w.peek() == "imsi" || w.peek() == "msisdn" {
		if w.word() == "imsi" {
			m.IMSI = strconv.Itoa(firstIMSI + w.int())
		} else {
			m.MSISDN = strconv.Itoa(firstMSISDN + w.int())
		}
	}
	m.Operator = device.Operator(w.word())
	if w.err == nil && w.word() != "days" {
		w.err = fmt.Errorf("%q is not followed by days", m.Operator)
	}
	for _, m.Day = range w.days() {
		s.texts = append(s.texts, m)
	}
	return w.done()
}

func (s *script) visit(w *reader) error {
	v := device.Visit{IMEI: w.imei()}
	if w.word() != "imsi" {
		return fmt.Errorf("a visit needs imsi N")
	}
	v.Subscriber = subscriber.ID(firstIMSI + w.int())
	v.Operator = device.Operator(w.word())
	v.Area = s.areas[w.word()]
	from, to, _ := strings.Cut(w.word(), "..")
	var err error
	if v.From, err = s.minute(from); err != nil {
		return err
	}
	if v.To, err = s.minute(to); err != nil || v.To < v.From {
		return fmt.Errorf("a visit ends with %q", to)
	}
	h := s.history(v.IMEI)
	h.Visits = append(h.Visits, v)
	return w.done()
}

func (s *script) minute(text string) (device.Minute, error) {
	zone := s.zone
	if zone == nil {
		zone = time.UTC
	}
	t, err := time.ParseInLocation("2006-01-02T15:04", text, zone)
	if err != nil || t.Year() < 1980 || t.Year() > 2100 {
		return 0, fmt.Errorf("time %q: write 2026-10-01T10:00", text)
	}
	return device.Minute(t.Unix() / 60), nil
}

// addDays adds days to a history as the lake would: a row for each (IMSI, MSISDN, operator, month).
func addDays(h *device.History, i subscriber.IMSI, number subscriber.MSISDN, op device.Operator, days []device.Day) {
	addDaysOn(h, i, number, op, device.Radio4G, days)
}

func addDaysOn(h *device.History, i subscriber.IMSI, number subscriber.MSISDN, op device.Operator, radio device.Radio, days []device.Day) {
	for _, d := range days {
		month, n := d.Month()
		at := slices.IndexFunc(h.Days, func(r device.Days) bool {
			return r.IMSI == i && r.MSISDN == number && r.Operator == op && r.Month == month
		})
		if at < 0 {
			at = len(h.Days)
			h.Days = append(h.Days, device.Days{IMEI: h.IMEI, IMSI: i, MSISDN: number, Operator: op, Month: month})
		}
		h.Days[at].Seen[radio] |= 1 << (n - 1)
	}
}

// order sorts a history as the lake does.
func order(h *device.History) {
	slices.SortFunc(h.Days, func(a, b device.Days) int {
		return cmp.Or(cmp.Compare(a.IMSI, b.IMSI), cmp.Compare(a.MSISDN, b.MSISDN), cmp.Compare(a.Operator, b.Operator), cmp.Compare(a.Month, b.Month))
	})
	slices.SortFunc(h.Visits, func(a, b device.Visit) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Subscriber, b.Subscriber), cmp.Compare(a.Area, b.Area))
	})
}

// reader takes words one by one and remembers the first thing that was wrong.
type reader struct {
	words []string
	err   error
}

func (r *reader) peek() string {
	if len(r.words) == 0 {
		return ""
	}
	return r.words[0]
}

func (r *reader) word() string {
	w := r.peek()
	if w == "" {
		r.fail(fmt.Errorf("a word is missing"))
		return ""
	}
	r.words = r.words[1:]
	return w
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) done() error {
	if r.err == nil && len(r.words) > 0 {
		return fmt.Errorf("%q is too much", r.words[0])
	}
	return r.err
}

func (r *reader) int() int {
	n, err := strconv.Atoi(r.word())
	if err != nil || n < 0 || n > 1<<31 {
		r.fail(fmt.Errorf("not a number: %w", err))
		return 0
	}
	return n
}

func (r *reader) float() float64 {
	f, err := strconv.ParseFloat(r.word(), 64)
	if err != nil || f < -180 || f > 180 {
		r.fail(fmt.Errorf("not a place"))
		return 0
	}
	return f
}

func (r *reader) imei() imei.IMEI {
	m, err := imei.Parse(r.word())
	if err != nil {
		r.fail(err)
	}
	return m
}

func (r *reader) day() device.Day { return r.parseDay(r.word()) }

func (r *reader) parseDay(s string) device.Day {
	d, err := device.ParseDay(s)
	if err == nil && (d < device.Date(1980, 1, 1) || d > device.Date(2100, 1, 1)) {
		err = fmt.Errorf("day %s is out of reach", s)
	}
	if err != nil {
		r.fail(err)
	}
	return d
}

func (r *reader) gap() Gap {
	g := Gap{Operator: device.Operator(r.word())}
	days := r.days()
	if len(days) == 0 {
		r.fail(fmt.Errorf("no days"))
		return g
	}
	g.From, g.To = days[0], days[len(days)-1]
	return g
}

func (r *reader) days() (days []device.Day) {
	for _, part := range strings.Split(r.word(), ",") {
		part, step, stepped := strings.Cut(part, "/")
		from, to, ranged := strings.Cut(part, "..")
		d, n := r.parseDay(from), 1
		end := d
		if ranged {
			end = r.parseDay(to)
		}
		if stepped {
			n, _ = strconv.Atoi(step)
		}
		if r.err == nil && (n < 1 || n > mostDays || end < d || end-d > mostDays) {
			r.fail(fmt.Errorf("days %q", part))
		}
		for ; r.err == nil && d <= end; d += device.Day(n) {
			days = append(days, d)
		}
	}
	return days
}

// run makes a pass over what was loaded.
func (s *script) run() (*Changes, error) {
	conditions := Default()
	if s.yaml.Len() > 0 {
		var err error
		if conditions, err = Load([]byte(s.yaml.String())); err != nil {
			return nil, err
		}
	}
	if len(s.only) > 0 {
		conditions = newConditions(slices.DeleteFunc(slices.Clone(conditions.list), func(c Condition) bool { return !slices.Contains(s.only, c.Name) }), conditions.amnesty)
	}
	facts := Facts{TACs: NewTACSet(s.tacs), TACFeed: Feed{"t1", cmp.Or(s.feed, s.asOf)}, Zone: s.zone, BarredTACs: slices.Sorted(slices.Values(s.barred))}
	slices.SortFunc(s.people, func(a, b Subscription) int { return cmp.Compare(a.IMSI, b.IMSI) })
	facts.Subscriptions = s.people
	for _, k := range factKinds {
		if !slices.Contains(s.none, k) {
			facts.Adopted = append(facts.Adopted, k)
		}
	}
	if s.noFeed {
		facts.TACs = nil
	}
	slices.SortStableFunc(s.lists.Stolen, func(a, b device.Stolen) int { return cmp.Compare(a.IMEI, b.IMEI) })
	for _, l := range []*[]device.Listed{&s.lists.Barred, &s.lists.Monitored} {
		slices.SortStableFunc(*l, func(a, b device.Listed) int { return cmp.Compare(a.IMEI, b.IMEI) })
	}
	slices.Sort(s.lists.Registered)
	slices.Sort(s.lists.Associated)
	slices.SortStableFunc(s.open, func(a, b device.Finding) int { return cmp.Compare(a.IMEI, b.IMEI) })
	texts := slices.DeleteFunc(slices.Clone(s.open), func(f device.Finding) bool { return f.Text == "" })
	open := slices.DeleteFunc(slices.Clone(s.open), func(f device.Finding) bool { return f.Text != "" })
	p := Pass{Conditions: conditions, Facts: facts, AsOf: s.asOf, Coverage: s.coverage(),
		Histories: histories(s.hist), Lists: s.lists, Previous: open}
	devices, err := p.Collect()
	if err != nil {
		return nil, err
	}
	t := Texts{Conditions: conditions, Facts: facts, AsOf: s.asOf, Coverage: p.Coverage, Rows: each(s.texts), Previous: texts}
	malformed, err := t.Collect()
	if err != nil {
		return nil, err
	}
	return Settle(s.base, devices, malformed), nil
}

func (s *script) coverage() (c Coverage) {
	for _, op := range []device.Operator{"op1", "op2"} {
		c = append(c, Present{Operator: op, Days: s.without(op, s.miss), Timed: s.without(op, s.timed)})
	}
	return c
}

func (s *script) without(op device.Operator, gaps []Gap) []Range {
	all := []Range{{s.asOf - 800, s.asOf}}
	for _, g := range gaps {
		if g.Operator == op {
			last := all[len(all)-1]
			all = append(all[:len(all)-1], Range{last.From, g.From - 1}, Range{g.To + 1, last.To})
		}
	}
	return all
}

func histories(m map[imei.IMEI]*device.History) iter.Seq2[*device.History, error] {
	return func(yield func(*device.History, error) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			order(m[k])
			if !yield(m[k], nil) {
				return
			}
		}
	}
}

func each[T any](list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range list {
			if !yield(v, nil) {
				return
			}
		}
	}
}

func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	cases := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		scripts, err := parseScripts(string(text))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, s := range scripts {
			cases++
			t.Run(s.name, func(t *testing.T) {
				c, err := s.run()
				if err != nil {
					t.Fatal(err)
				}
				s.check(t, file, c)
			})
		}
	}
	t.Logf("%d cases", cases)
}

// check compares what changed with what was expected.
func (s *script) check(t *testing.T, file string, c *Changes) {
	t.Helper()
	got := map[string]*device.Finding{}
	for i := range c.Opened {
		got["opened "+named(&c.Opened[i])] = &c.Opened[i]
	}
	for i := range c.Changed {
		got["changed "+named(&c.Changed[i])] = &c.Changed[i]
	}
	for i := range c.Closed {
		got["closed "+named(&c.Closed[i].Finding)] = &c.Closed[i].Finding
	}
	if len(s.expect) == 0 {
		t.Errorf("%s:%d: nothing is expected; write nothing", file, s.line)
	}
	for i, words := range s.expect {
		fail := func(format string, args ...any) {
			t.Errorf("%s:%d: "+format, append([]any{file, s.lines[i]}, args...)...)
		}
		switch words[0] {
		case "nothing":
		case "opened", "changed", "closed":
			key := strings.Join(words[:min(3, len(words))], " ")
			f := got[key]
			if f == nil {
				fail("not so: %s", key)
				continue
			}
			delete(got, key)
			attributes(f, words[3:], fail)
		case "due":
			day := "never"
			for _, d := range c.Due {
				if d.Text == "" && d.IMEI.String() == words[1] || d.Text != "" && "text:"+d.Text == words[1] {
					day = d.Day.String()
				}
			}
			if day != words[2] {
				fail("due %s", day)
			}
		case "stopped", "suspended":
			if !slices.ContainsFunc(c.Rules, func(r Result) bool {
				return r.Rule == words[1] && (r.Stopped && words[0] == "stopped" || r.Suspended && words[0] == "suspended")
			}) {
				fail("it is not: %+v", c.Rules)
			}
		default:
			fail("expect has no %q", words[0])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		t.Errorf("%s:%d: not expected: %s since %s %v", file, s.line, key, got[key].Since, got[key].Evidence)
	}
}

// named returns the words that name a finding.
func named(f *device.Finding) string {
	if f.Text != "" {
		return "text:" + f.Text + " " + f.Rule
	}
	return f.IMEI.String() + " " + f.Rule
}

// dayOf returns a day, or never.
func dayOf(d device.Day) string {
	if d == 0 {
		return "never"
	}
	return d.String()
}

func attributes(f *device.Finding, words []string, fail func(string, ...any)) {
	w := reader{words: words}
	for len(w.words) > 0 {
		key := w.word()
		want, got := "", ""
		switch key {
		case "complete", "incomplete":
			if f.Incomplete != (key == "incomplete") {
				fail("it is not %s", key)
			}
			continue
		case "evidence":
			got = f.Evidence[w.word()]
			for want = w.word(); strings.HasPrefix(want, `"`) && len(w.words) > 0 && !strings.HasSuffix(want, `"`); {
				want += " " + w.word()
			}
			if want = strings.Trim(want, `"`); !strings.Contains(got, want) {
				fail("evidence is %q in %v", got, f.Evidence)
			}
			continue
		case "since":
			got = f.Since.String()
		case "strength":
			got = strconv.Itoa(f.Strength)
		case "pairs":
			got = strconv.Itoa(f.Pairs)
		case "again":
			got = dayOf(f.Again)
		case "found":
			got = dayOf(f.Found)
		case "block":
			got = dayOf(f.Block)
		case "ended":
			got = dayOf(f.Ended)
		case "amnesty":
			if !f.Amnesty {
				fail("it has no amnesty")
			}
			continue
		case "best":
			if got = strconv.Itoa(int(f.Best) - firstIMSI); f.Best == 0 {
				got = "none"
			}
		default:
			fail("no attribute %q", key)
			return
		}
		if want = w.word(); want != got {
			fail("%s is %s, not %s; evidence %v", key, got, want, f.Evidence)
		}
	}
}
