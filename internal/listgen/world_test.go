package listgen

import (
	"cmp"
	"context"
	"crypto/md5"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/subscriber"
)

// shelf is a lake in memory: a part's digest is its place.
type shelf struct {
	days       []device.Days
	pairings   []device.Pairing
	barred     []imei.IMEI
	malformed  []device.Malformed
	devices    [][]device.Refusal
	notices    [][]device.Notice
	exceptions [][]device.Exception
}

func (s *shelf) DaysAmong(_ context.Context, _ []device.Part, bucket int, devices []imei.IMEI) iter.Seq2[*device.Days, error] {
	return func(yield func(*device.Days, error) bool) {
		for i := range s.days {
			d := s.days[i] // as the lake does, a row is only good during the call
			if device.BucketOf(d.IMEI) == bucket && slices.Contains(devices, d.IMEI) && !yield(&d, nil) {
				return
			}
			d = device.Days{}
		}
	}
}

func (s *shelf) Pairings(_ context.Context, _ []device.Part, bucket int) (out []device.Pairing, _ error) {
	for _, p := range s.pairings {
		if device.BucketOf(p.IMEI) == bucket {
			out = append(out, p)
		}
	}
	return out, nil
}

func (s *shelf) Keys(_ context.Context, _ []device.Part, _ string, bucket int) (out []imei.IMEI, _ error) {
	for _, m := range s.barred {
		if device.BucketOf(m) == bucket {
			out = append(out, m)
		}
	}
	return out, nil
}

func (s *shelf) Malformed(context.Context, []device.Part) iter.Seq2[device.Malformed, error] {
	return func(yield func(device.Malformed, error) bool) {
		for _, m := range s.malformed {
			if !yield(m, nil) {
				return
			}
		}
	}
}

func (s *shelf) WriteRefusals(_ context.Context, _ int, rows []device.Refusal) (device.Part, error) {
	s.devices = append(s.devices, slices.Clone(rows))
	return device.Part{Table: "list_devices", Rows: int64(len(s.devices) - 1)}, ordered(rows, device.CompareRefusals)
}

func (s *shelf) WriteNotices(_ context.Context, _ int, rows []device.Notice) (device.Part, error) {
	s.notices = append(s.notices, slices.Clone(rows))
	return device.Part{Table: "list_notices", Rows: int64(len(s.notices) - 1)}, ordered(rows, device.CompareNotices)
}

func (s *shelf) WriteExceptions(_ context.Context, _ int, rows []device.Exception) (device.Part, error) {
	s.exceptions = append(s.exceptions, slices.Clone(rows))
	return device.Part{Table: "list_exceptions", Rows: int64(len(s.exceptions) - 1)}, ordered(rows, device.CompareExceptions)
}

func ordered[T any](rows []T, order func(a, b *T) int) error {
	for i := 1; i < len(rows); i++ {
		if order(&rows[i-1], &rows[i]) >= 0 {
			return fmt.Errorf("out of order: %+v, %+v", rows[i-1], rows[i])
		}
	}
	return nil
}

func (s *shelf) Refusals(_ context.Context, parts []device.Part) iter.Seq2[[]device.Refusal, error] {
	return batches(s.devices, parts, "list_devices", device.CompareRefusals)
}

func (s *shelf) Notices(_ context.Context, parts []device.Part) iter.Seq2[[]device.Notice, error] {
	return batches(s.notices, parts, "list_notices", device.CompareNotices)
}

func (s *shelf) Exceptions(_ context.Context, parts []device.Part) iter.Seq2[[]device.Exception, error] {
	return batches(s.exceptions, parts, "list_exceptions", device.CompareExceptions)
}

// batches yields the rows of all parts in order, three at a time, in a slice that is reused.
func batches[T any](kept [][]T, parts []device.Part, table string, order func(a, b *T) int) iter.Seq2[[]T, error] {
	return func(yield func([]T, error) bool) {
		var all []T
		for _, p := range parts {
			if p.Table == table {
				all = append(all, kept[p.Rows]...)
			}
		}
		slices.SortFunc(all, func(a, b T) int { return order(&a, &b) })
		batch := make([]T, 3)
		for rows := range slices.Chunk(all, 3) {
			if !yield(batch[:copy(batch, rows)], nil) {
				return
			}
		}
	}
}

// world is a small country.
type world struct {
	shelf    shelf
	country  Country
	networks map[device.Operator][]subscriber.PLMN
	findings []Finding
	lines    []Line
	pairs    []device.Pairing
}

const today = device.Day(20634)

var (
	equipment = []imei.IMEI{0, imei.New(101701, 1), imei.New(101701, 2), imei.New(101701, 9), imei.New(101702, 1), imei.New(101703, 8), imei.New(35904222, 514492)}
	texts     = []string{"ABC", "123", "\"A,B\""}
	imsis     = []subscriber.IMSI{0, 1010000000001, 1010000000002, 1011000000003, 1020000000004, 310150123456789, 26201123456789}
	numbers   = []subscriber.MSISDN{0, 99971550131, 99971550132, 99971550133}
	operators = []device.Operator{"east", "north", "south"}
	grounds   = []list.Ground{list.Stolen, list.Duplicate, list.NotRegistered}
	words     = []string{"stolen", "cloned, perhaps", "not registered", "cloned, perhaps"}
)

func one[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// newWorld deals a country. The lists are as they are in a lake: sorted and distinct.
func newWorld(r *rand.Rand) *world {
	w := &world{networks: map[device.Operator][]subscriber.PLMN{"north": {"00101"}, "south": {"001011", "00102"}, "east": {"00103"}}}
	w.country = Country{Day: today, Shadow: r.IntN(2) == 0, Homes: NewHomes(w.networks), Options: device.ListOptions{
		LookbackDays: 1 + r.IntN(70), RestrictExceptions: r.IntN(2) == 0, CheckDigit: r.IntN(2) == 0,
		OutputInvalid: r.IntN(2) == 0, IncludeBarred: r.IntN(2) == 0, NotifyIMSIChange: r.IntN(2) == 0}}
	w.deal(r)
	return w
}

// deal fills in everything but the choices.
func (w *world) deal(r *rand.Rand) {
	for range r.IntN(60) {
		month, _ := (today - device.Day(r.IntN(80))).Month()
		d := device.Days{IMEI: one(r, equipment), IMSI: one(r, imsis), MSISDN: one(r, numbers), Operator: one(r, operators), Month: month}
		d.Seen[r.IntN(len(d.Seen))] = r.Uint32() & r.Uint32() & r.Uint32() & 0x3fffffff
		w.shelf.days = append(w.shelf.days, d)
	}
	w.shelf.days = distinct(w.shelf.days, func(a, b *device.Days) int {
		return cmp.Or(cmp.Compare(a.IMEI, b.IMEI), cmp.Compare(a.IMSI, b.IMSI), cmp.Compare(a.MSISDN, b.MSISDN), cmp.Compare(a.Operator, b.Operator), cmp.Compare(a.Month, b.Month))
	})
	for range r.IntN(10) {
		w.shelf.pairings = append(w.shelf.pairings, device.Pairing{IMEI: one(r, equipment), IMSI: one(r, imsis[1:]), MSISDN: one(r, numbers[1:])})
	}
	w.shelf.pairings = distinct(w.shelf.pairings, comparePairings)
	w.shelf.barred = slices.Compact(slices.Sorted(slices.Values(sample(r, equipment, 2))))
	w.country.BarredTACs = sample(r, []imei.TAC{101702}, 1)
	w.country.Golden = map[device.Golden]bool{}
	for _, m := range sample(r, equipment, 1) {
		w.country.Golden[md5.Sum([]byte(m.String()))] = true
	}
	for range r.IntN(12) {
		w.shelf.malformed = append(w.shelf.malformed, device.Malformed{IMEI: " " + one(r, texts), IMSI: one(r, imsis).String(), MSISDN: one(r, numbers).String(),
			Operator: one(r, operators), Day: today - device.Day(r.IntN(80)) + 2, List: one(r, []device.FileKind{"", "", device.FileStolen})})
	}
	w.findings, w.lines, w.pairs = nil, nil, nil
	for range r.IntN(14) {
		k := r.IntN(len(words))
		f := Finding{IMEI: one(r, equipment), Rule: fmt.Sprint("rule-", k), Reason: words[k], Ground: grounds[k%len(grounds)],
			Block: today - 5 + device.Day(r.IntN(11)), Amnesty: r.IntN(3) == 0, Held: r.IntN(6) == 0, Authority: r.IntN(4) > 0}
		if r.IntN(5) == 0 {
			f.IMEI, f.Text = 0, one(r, texts)
		}
		w.findings = append(w.findings, f)
	}
	w.findings = distinct(w.findings, func(a, b *Finding) int {
		return cmp.Or(cmp.Compare(a.Text, b.Text), cmp.Compare(a.IMEI, b.IMEI), cmp.Compare(a.Rule, b.Rule))
	})
	if w.country.Shadow {
		return
	}
	for range r.IntN(6) {
		w.lines = append(w.lines, Line{IMEI: one(r, equipment), Ground: one(r, grounds), Day: today - device.Day(r.IntN(30))})
	}
	w.lines = distinct(w.lines, func(a, b *Line) int {
		return cmp.Or(cmp.Compare(a.IMEI, b.IMEI), cmp.Compare(a.Ground, b.Ground))
	})
	for range r.IntN(5) {
		p := device.Pairing{IMEI: one(r, equipment), IMSI: one(r, imsis)}
		if p.IMSI == 0 {
			p.MSISDN = one(r, numbers[1:])
		}
		w.pairs = append(w.pairs, p)
	}
	w.pairs = distinct(w.pairs, comparePairings)
}

func sample[T any](r *rand.Rand, from []T, most int) (out []T) {
	for range r.IntN(most + 1) {
		out = append(out, one(r, from))
	}
	return out
}

// distinct sorts and keeps the first of equal rows.
func distinct[T any](rows []T, order func(a, b *T) int) []T {
	slices.SortStableFunc(rows, func(a, b T) int { return order(&a, &b) })
	return slices.CompactFunc(rows, func(a, b T) bool { return order(&a, &b) == 0 })
}

// run makes the lists of the world as it is now.
func (w *world) run(ctx context.Context, kept *shelf) (*device.ListRun, error) {
	facts := w.shelf
	g := &Generator{Country: w.country, Facts: &facts, Keeper: kept, Table: "barred"}
	for _, f := range w.findings { // by (Text, IMEI, Rule)
		bucket := device.Buckets
		if f.Text == "" {
			bucket = device.BucketOf(f.IMEI)
		}
		g.Findings[bucket] = append(g.Findings[bucket], f)
	}
	for _, l := range w.lines {
		g.Lines[device.BucketOf(l.IMEI)] = append(g.Lines[device.BucketOf(l.IMEI)], l)
	}
	for _, p := range w.pairs {
		g.Pairs[device.BucketOf(p.IMEI)] = append(g.Pairs[device.BucketOf(p.IMEI)], p)
	}
	parts, err := g.Run(ctx)
	return &device.ListRun{Day: today, Shadow: w.country.Shadow, Options: w.country.Options, Amnesty: true, Parts: parts, Base: -1}, err
}
