package lake_test

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/lake"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/subscriber"
)

var january, _ = device.Date(2026, 1, 1).Month()

func pointers[T any](rows []T) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for i := range rows {
			if !yield(&rows[i]) {
				return
			}
		}
	}
}

// someDays returns n sorted distinct rows of one month and bucket.
func someDays(r *rand.Rand, n int, op device.Operator, month device.Month, bucket int) []device.Days {
	var rows []device.Days
	for range n {
		d := device.Days{
			IMEI: imei.New(imei.TAC(35_000_000+r.IntN(50)), uint32(r.IntN(2000)*device.Buckets+bucket)), Operator: op, Month: month,
			IMSI: subscriber.IMSI(470_010_000_000_000 + r.Uint64N(500)), MSISDN: subscriber.MSISDN(8_801_000_000_000 + r.Uint64N(500)),
		}
		if r.IntN(20) == 0 {
			d.IMSI = 0
		}
		if r.IntN(20) == 0 {
			d.MSISDN = 0
		}
		d.Seen[r.IntN(device.RadioCount)] = 1 << r.IntN(31)
		d.Seen[r.IntN(device.RadioCount)] |= 1 << r.IntN(31)
		rows = append(rows, d)
	}
	slices.SortFunc(rows, compare)
	return slices.CompactFunc(rows, func(a, b device.Days) bool { return compare(a, b) == 0 })
}

func compare(a, b device.Days) int {
	key := func(d device.Days) string {
		return fmt.Sprintf("%014d %015d %015d %s %05d", d.IMEI, d.IMSI, d.MSISDN, d.Operator, d.Month)
	}
	return strings.Compare(key(a), key(b))
}

// expected unites rows the slow way.
func expected(all ...[]device.Days) []device.Days {
	rows := slices.Concat(all...)
	slices.SortFunc(rows, compare)
	var united []device.Days
	for _, d := range rows {
		if n := len(united); n > 0 && compare(united[n-1], d) == 0 {
			for i := range d.Seen {
				united[n-1].Seen[i] |= d.Seen[i]
			}
			continue
		}
		united = append(united, d)
	}
	return united
}

func flatten(t *testing.T, seq iter.Seq2[*device.History, error]) (days []device.Days, visits []device.Visit) {
	t.Helper()
	last := imei.IMEI(0)
	for h, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		if h.IMEI < last {
			t.Fatalf("%s after %s", h.IMEI, last)
		}
		last = h.IMEI
		for _, d := range h.Days {
			if d.IMEI != h.IMEI {
				t.Fatalf("a row of %s in the history of %s", d.IMEI, h.IMEI)
			}
		}
		days, visits = append(days, h.Days...), append(visits, h.Visits...)
	}
	return days, visits
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestHistoriesUniteParts(t *testing.T) {
	ctx, r := context.Background(), rand.New(rand.NewPCG(1, 1))
	l := &lake.Lake{Dir: t.TempDir()}
	var parts []device.Part
	var all [][]device.Days
	for _, op := range []device.Operator{"alpha", "beta"} {
		for m := range device.Month(3) {
			for range 2 {
				rows := someDays(r, 3000, op, january+m, 5)
				all = append(all, rows)
				parts = append(parts, must(l.WriteDays(ctx, january+m, 5, pointers(rows))))
			}
		}
	}
	other := someDays(r, 10, "alpha", january, 6)
	parts = append(parts, must(l.WriteDays(ctx, january, 6, pointers(other))), parts[0])
	want := expected(all...)
	for range 3 {
		r.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		got, _ := flatten(t, l.Histories(ctx, parts, 5))
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	}
}

func TestSameRowsSameBytes(t *testing.T) {
	ctx := context.Background()
	rows := someDays(rand.New(rand.NewPCG(2, 2)), 5000, "alpha", january, 0)
	a, b := &lake.Lake{Dir: t.TempDir()}, &lake.Lake{Dir: t.TempDir()}
	p, q := must(a.WriteDays(ctx, january, 0, pointers(rows))), must(b.WriteDays(ctx, january, 0, pointers(rows)))
	if p != q {
		t.Errorf("the same rows gave %+v and %+v", p, q)
	}
	if again := must(a.WriteDays(ctx, january, 0, pointers(rows))); again != p {
		t.Errorf("written twice: %+v and %+v", p, again)
	}
}

func TestVisits(t *testing.T) {
	ctx := context.Background()
	l := &lake.Lake{Dir: t.TempDir()}
	m := imei.New(35_000_001, 8)
	i, n := subscriber.Of(470_010_000_000_001, 0), subscriber.Of(0, 8_801_000_000_001)
	visit := func(s subscriber.ID, op device.Operator, area device.Area, from, to device.Minute) device.Visit {
		return device.Visit{IMEI: m, Subscriber: s, Operator: op, Area: area, From: from, To: to}
	}
	first := []device.Visit{visit(i, "alpha", 42, 100, 120), visit(n, "alpha", 42, 110, 115), visit(0, "alpha", 0, 130, 130)}
	second := []device.Visit{visit(i, "alpha", 42, 100, 125), visit(i, "beta", 42, 100, 101)}
	parts := []device.Part{
		must(l.WriteVisits(ctx, january, 0, pointers(first))), must(l.WriteVisits(ctx, january, 0, pointers(second))),
	}
	_, got := flatten(t, l.Histories(ctx, parts, 0))
	want := []device.Visit{second[0], second[1], first[1], first[2]}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestMalformed(t *testing.T) {
	ctx := context.Background()
	l := &lake.Lake{Dir: t.TempDir()}
	rows := []device.Malformed{
		{IMEI: "1234567890123", IMSI: "470010000000001", Operator: "alpha", Day: device.Date(2026, 1, 5), Reason: "imei"},
		{IMEI: "*#06#", Operator: "alpha", Day: device.Date(2026, 1, 6), Reason: "imei"},
		{IMEI: "ABC", List: device.FileBarred, Day: device.Date(2026, 1, 6), Reason: "imei"},
	}
	parts := []device.Part{must(l.WriteMalformed(ctx, january, pointers(rows)))}
	var got []device.Malformed
	for m, err := range l.Malformed(ctx, parts) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, m)
	}
	if d := cmp.Diff(rows, got); d != "" {
		t.Error(d)
	}
}

func TestActive(t *testing.T) {
	ctx, r := context.Background(), rand.New(rand.NewPCG(3, 3))
	l := &lake.Lake{Dir: t.TempDir()}
	var parts []device.Part
	var all []device.Days
	for bucket := range device.Buckets {
		for m := range device.Month(3) {
			rows := someDays(r, 2000, "alpha", january+m, bucket)
			if bucket == 3 && m == 1 { // one device with more subscribers than fit its eight bytes
				rows = nil
				for i := range 140_000 {
					d := device.Days{IMEI: 99_999_999_999_995, IMSI: subscriber.IMSI(470_010_000_000_000 + uint64(i)), Operator: "alpha", Month: january + m}
					d.Seen[device.Radio2G] = 1 << 9
					rows = append(rows, d)
				}
			}
			all = append(all, rows...)
			parts = append(parts, must(l.WriteDays(ctx, january+m, device.BucketOf(rows[0].IMEI), pointers(rows))))
		}
	}
	asOf := device.Date(2026, 2, 20)
	pairs, covered := slowActive(all, asOf)
	a := must(l.Active(ctx, parts, asOf))
	total := 0
	for m, subs := range pairs {
		n := len(subs)
		if subs[0] && n > 1 {
			n--
		}
		total += n
		if got := a.Pairs(m); got != n {
			t.Fatalf("%s: %d pairs, want %d", m, got, n)
		}
	}
	if a.Total() != total || a.DaysCovered() != len(covered) || a.Devices() != len(pairs) {
		t.Errorf("total %d, %d days, %d devices; want %d, %d, %d", a.Total(), a.DaysCovered(), a.Devices(), total, len(covered), len(pairs))
	}
	if got := a.InRange(0, imei.Max); got != total {
		t.Errorf("in all: %d, want %d", got, total)
	}
	for range 200 {
		tac := imei.TAC(35_000_000 + r.IntN(50))
		from, to := imei.New(tac, uint32(r.IntN(16000))), imei.New(tac+imei.TAC(r.IntN(20)), uint32(r.IntN(16000)))
		want := 0
		for m := range pairs {
			if from <= m && m <= to {
				want += a.Pairs(m)
			}
		}
		if got := a.InRange(from, to); got != want {
			t.Fatalf("%s to %s: %d, want %d", from, to, got, want)
		}
	}
}

func slowActive(all []device.Days, asOf device.Day) (map[imei.IMEI]map[subscriber.ID]bool, map[device.Day]bool) {
	pairs, covered := make(map[imei.IMEI]map[subscriber.ID]bool), make(map[device.Day]bool)
	for _, d := range all {
		for day := d.Month.First(); day < (d.Month + 1).First(); day++ {
			_, n := day.Month()
			if d.All()>>(n-1)&1 == 0 || day > asOf || day <= asOf-30 {
				continue
			}
			covered[day] = true
			if pairs[d.IMEI] == nil {
				pairs[d.IMEI] = make(map[subscriber.ID]bool)
			}
			pairs[d.IMEI][d.Subscriber()] = true
		}
	}
	return pairs, covered
}

func TestPathologicalDeviceStaysBounded(t *testing.T) {
	ctx := context.Background()
	l := &lake.Lake{Dir: t.TempDir()}
	const many = 300_000
	all9 := imei.IMEI(imei.Max)
	rows := func(yield func(*device.Days) bool) {
		d := device.Days{IMEI: all9, Operator: "alpha", Month: january}
		d.Seen[device.Radio4G] = 1
		for i := range many {
			d.IMSI = subscriber.IMSI(470_010_000_000_000 + uint64(i))
			if !yield(&d) {
				return
			}
		}
	}
	p := must(l.WriteDays(ctx, january, device.BucketOf(all9), rows))
	for h, err := range l.Histories(ctx, []device.Part{p}, p.Bucket) {
		if err != nil {
			t.Fatal(err)
		}
		if !h.Truncated || h.Subscribers != many || len(h.Days) != 1<<15 {
			t.Errorf("truncated %v, %d subscribers, %d rows", h.Truncated, h.Subscribers, len(h.Days))
		}
	}
}

func TestFlippedBitIsFound(t *testing.T) {
	ctx, r := context.Background(), rand.New(rand.NewPCG(4, 4))
	l := &lake.Lake{Dir: t.TempDir()}
	rows := someDays(r, 2000, "alpha", january, 1)
	p := must(l.WriteDays(ctx, january, 1, pointers(rows)))
	path := l.Path(p)
	good := must(os.ReadFile(path))
	want, _ := flatten(t, l.Histories(ctx, []device.Part{p}, 1))
	if err := l.Verify(p); err != nil {
		t.Fatal(err)
	}
	silent := 0
	for range 400 {
		bad := slices.Clone(good)
		bad[r.IntN(len(bad))] ^= 1 << r.IntN(8)
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := l.Verify(p); err == nil || !strings.Contains(err.Error(), path) || problem.Of(err) != problem.Broken {
			t.Fatalf("verify: %v", err)
		}
		var got []device.Days
		failed := false
		for h, err := range l.Histories(ctx, []device.Part{p}, 1) {
			if err != nil {
				failed = true
				if !strings.Contains(err.Error(), path) {
					t.Fatalf("histories: %v", err)
				}
				break
			}
			got = append(got, h.Days...)
		}
		if !failed && !slices.Equal(got, want) {
			silent++
		}
	}
	t.Logf("%d of 400 flipped bits changed the histories without an error from the reader alone", silent)
}

func TestMissingAndShortPart(t *testing.T) {
	ctx := context.Background()
	l := &lake.Lake{Dir: t.TempDir()}
	p := must(l.WriteDays(ctx, january, 1, pointers(someDays(rand.New(rand.NewPCG(5, 5)), 100, "alpha", january, 1))))
	read := func() (err error) {
		for _, e := range l.Histories(ctx, []device.Part{p}, 1) {
			err = e
		}
		return err
	}
	if err := os.Truncate(l.Path(p), p.Bytes/2); err != nil {
		t.Fatal(err)
	}
	if err := read(); err == nil || !strings.Contains(err.Error(), l.Path(p)) {
		t.Errorf("short: %v", err)
	}
	if err := os.Remove(l.Path(p)); err != nil {
		t.Fatal(err)
	}
	if err := read(); err == nil || !strings.Contains(err.Error(), "not there") {
		t.Errorf("missing: %v", err)
	}
}

func TestSweep(t *testing.T) {
	ctx, r := context.Background(), rand.New(rand.NewPCG(6, 6))
	l := &lake.Lake{Dir: t.TempDir()}
	keep := must(l.WriteDays(ctx, january, 1, pointers(someDays(r, 100, "alpha", january, 1))))
	drop := must(l.WriteDays(ctx, january, 1, pointers(someDays(r, 100, "alpha", january, 1))))
	temp := filepath.Join(l.Dir, "tmp", "days-1.parquet")
	if err := os.WriteFile(temp, []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	release, err := (&lake.Lake{Dir: l.Dir}).Hold() // as another process would
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan lake.Swept)
	var released atomic.Bool
	go func() {
		swept, err := l.Sweep(ctx, func(digest string) bool {
			if !released.Load() {
				t.Error("swept while somebody held the lake")
			}
			return digest == keep.Digest
		})
		if err != nil {
			t.Error(err)
		}
		done <- swept
	}()
	for range 1000 {
		runtime.Gosched()
	}
	released.Store(true)
	release()
	if swept := <-done; swept.Parts != 1 || swept.Temps != 1 || swept.Bytes != drop.Bytes+4 {
		t.Errorf("swept %+v", swept)
	}
	if l.Verify(keep) != nil || l.Verify(drop) == nil {
		t.Error("the wrong part went")
	}
}

func TestWriteRefusesDisorder(t *testing.T) {
	ctx := context.Background()
	l := &lake.Lake{Dir: t.TempDir()}
	rows := someDays(rand.New(rand.NewPCG(7, 7)), 10, "alpha", january, 1)
	slices.Reverse(rows)
	if _, err := l.WriteDays(ctx, january, 1, pointers(rows)); problem.Of(err) != problem.Broken {
		t.Errorf("reversed: %v", err)
	}
	if _, err := l.WriteDays(ctx, january, 2, pointers(rows[:1])); problem.Of(err) != problem.Broken {
		t.Errorf("wrong bucket: %v", err)
	}
	if left := must(filepath.Glob(filepath.Join(l.Dir, "tmp", "*"))); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func BenchmarkWriteDays(b *testing.B) {
	ctx := context.Background()
	l := &lake.Lake{Dir: b.TempDir()}
	rows := someDays(rand.New(rand.NewPCG(8, 8)), 200_000, "alpha", january, 1)
	var p device.Part
	for b.Loop() {
		p = must(l.WriteDays(ctx, january, 1, pointers(rows)))
	}
	b.ReportMetric(float64(b.N)*float64(p.Rows)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(p.Bytes)/float64(p.Rows), "B/row")
}

func BenchmarkHistories(b *testing.B) {
	ctx, r := context.Background(), rand.New(rand.NewPCG(9, 9))
	for _, k := range []int{1, 12} {
		b.Run(fmt.Sprintf("parts=%d", k), func(b *testing.B) {
			l := &lake.Lake{Dir: b.TempDir()}
			var parts []device.Part
			total := int64(0)
			for i := range k {
				month := january + device.Month(i)
				p := must(l.WriteDays(ctx, month, 1, pointers(someDays(r, 50_000, "alpha", month, 1))))
				parts, total = append(parts, p), total+p.Rows
			}
			for b.Loop() {
				for _, err := range l.Histories(ctx, parts, 1) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.N)*float64(total)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
