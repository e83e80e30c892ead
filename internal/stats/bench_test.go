package stats_test

import (
	"context"
	"iter"
	"math/bits"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/lake"
	"github.com/openceir/openceir/internal/stats"
	"github.com/openceir/openceir/subscriber"
)

// BenchmarkStandard makes the standard report of a month of a million devices with four operators:
// 1.05 million rows of days, 10 million observations. STATS_ROWS asks for another number of rows.
func BenchmarkStandard(b *testing.B) {
	n := 1_050_000
	if s := os.Getenv("STATS_ROWS"); s != "" {
		n, _ = strconv.Atoi(s)
	}
	l := &lake.Lake{Dir: b.TempDir()}
	const month = device.Month(677)
	r := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(r, 1.05, 1, 19_999)
	ops := []device.Operator{"op1", "op2", "op3", "op4"}
	rows := map[device.Operator]map[int][]device.Days{}
	var findings []stats.Finding
	conditions := benchConditions()
	observed := 0
	for i := range n {
		m := imei.New(imei.TAC(10_000_000+zipf.Uint64()), uint32(r.IntN(1_000_000)))
		op := ops[[]int{0, 0, 0, 0, 1, 1, 1, 2, 2, 3}[r.IntN(10)]]
		d := device.Days{IMEI: m, IMSI: subscriber.IMSI(1_010_000_000_000 + uint64(r.IntN(n))), MSISDN: subscriber.MSISDN(999_000_000_000 + uint64(r.IntN(n))), Operator: op, Month: month}
		for range 12 {
			d.Seen[device.Radio4G] |= 1 << r.IntN(30)
		}
		observed += bits.OnesCount32(d.Seen[device.Radio4G])
		if rows[op] == nil {
			rows[op] = map[int][]device.Days{}
		}
		rows[op][device.BucketOf(m)] = append(rows[op][device.BucketOf(m)], d)
		if i%10 == 0 {
			findings = append(findings, stats.Finding{IMEI: m, Rule: conditions[r.IntN(len(conditions))].Label})
		}
	}
	in := &stats.Input{Rows: l, Conditions: conditions, Operators: ops, Findings: each(findings)}
	for _, op := range ops {
		for bucket, rs := range rows[op] {
			slices.SortFunc(rs, byKey)
			rs = slices.CompactFunc(rs, func(a, b device.Days) bool { return byKey(a, b) == 0 })
			p, err := l.WriteDays(context.Background(), month, bucket, pointers(rs))
			if err != nil {
				b.Fatal(err)
			}
			in.Parts = append(in.Parts, p)
		}
	}
	b.Logf("%d rows, %d observations", n, observed)
	b.ReportAllocs()
	before, loops := cpu(b), 0
	defer func() { b.ReportMetric((cpu(b)-before)/float64(loops), "CPU-s/op") }()
	for b.Loop() {
		loops++
		if _, err := in.Standard(b.Context(), month); err != nil {
			b.Fatal(err)
		}
	}
}

// cpu returns the processor time that this process has used, in seconds.
func cpu(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

func benchConditions() (out []stats.Condition) {
	for i := range 10 {
		out = append(out, stats.Condition{Label: "condition-" + strconv.Itoa(i), Blocking: i < 8})
	}
	return out
}

func each[T any](all []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range all {
			if !yield(v, nil) {
				return
			}
		}
	}
}

func pointers[T any](rows []T) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for i := range rows {
			if !yield(&rows[i]) {
				return
			}
		}
	}
}
