package store_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/openceir/openceir/internal/store/storetest"
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
