package store_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/store/storetest"
	"github.com/openceir/openceir/receipt"
)

// How many acts are acknowledged a second, each synced, when 64 callers submit one after another.
func BenchmarkSubmit(b *testing.B) {
	for _, d := range dialects {
		b.Run(d.name, func(b *testing.B) {
			r := storetest.New(b, open(b, d.make(b)), 1)
			var next atomic.Int64
			var wait sync.WaitGroup
			b.ResetTimer()
			for range 64 {
				wait.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						d := act(b, r, 0, int(n))
						if _, err := r.Seq.Submit(b.Context(), d); err != nil {
							b.Error(err)
						}
					}
				})
			}
			wait.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "acts/s")
		})
	}
}

// How many findings a second one batch of 60,000 writes: a new list, then half of it changed.
func BenchmarkFindings(b *testing.B) {
	const n = 60_000
	for _, d := range dialects {
		b.Run(d.name, func(b *testing.B) {
			r := storetest.New(b, open(b, d.make(b)), 1)
			for i := range b.N {
				c := ledger.Changes{Upto: uint64(i)}
				for j := range n {
					c.Open = append(c.Open, device.Finding{IMEI: imei.New(35227301, uint32(j)), Rule: "subscriptions", Version: "3fa94be07d11c2aa",
						Since: 20000, Strength: i + j%1000, Pairs: 3, Evidence: map[string]string{"subscribers": fmt.Sprint(j), "window": "30"}})
				}
				draft := r.Draft(b, fmt.Sprint(i), receipt.Content{Kind: ledger.KindFindings, By: storetest.Office("detect")}, ledger.Encode(c), nil)
				if _, err := r.Seq.Submit(b.Context(), draft); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
