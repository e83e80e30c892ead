package decide

import (
	"fmt"
	"testing"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/list"
)

// How long the stage takes for so many findings, in a transaction that commits synced: set blocks
// them all, idle compares and finds nothing to do, used does so with the ceiling used up, full with
// yesterday's acts still in the guard's sums, milder replaces every line, lift drops them all; other is an
// act that the guard does not look into, verify and fold read the ledger from its beginning. Ten
// times the findings must take about ten times as long, and other must not grow.
func BenchmarkLook(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		for _, tacs := range []int{1000, 1} {
			b.Run(fmt.Sprintf("findings=%d/tacs=%d", n, tacs), func(b *testing.B) {
				for b.Loop() {
					b.StopTimer()
					took := looks(b, n, tacs)
					b.StartTimer()
					for what, d := range took {
						b.ReportMetric(float64(d.Microseconds())/1000, what+"-ms")
					}
				}
			})
		}
	}
}

func looks(b *testing.B, n, tacs int) map[string]time.Duration {
	o := newOffice(b, prohibits(list.Barred, uint64(n)))
	var c, more, closed changes
	for i := range n {
		f := found(uint32(i/tacs), i%1000)
		f.IMEI = imei.New(imei.TAC(35000000+i%tacs), uint32(i/tacs))
		c.Open = append(c.Open, f)
		closed.Closed = append(closed.Closed, findingKey{IMEI: f.IMEI, Rule: "r"})
		f.IMEI, f.Pairs = imei.New(imei.TAC(36000000+i%tacs), uint32(i/tacs)), 2
		more.Open = append(more.Open, f)
		closed.Closed = append(closed.Closed, findingKey{IMEI: f.IMEI, Rule: "r"})
	}
	took := map[string]time.Duration{}
	acts := func(lines int) uint64 { return uint64(lines+maxLines-1) / maxLines }
	look := func(what string, want uint64) {
		began := time.Now()
		if got := o.look(); got != want {
			b.Fatalf("%s: %d acts, want %d", what, got, want)
		}
		took[what] = time.Since(began)
	}
	o.find(c)
	look("set", acts(n))
	look("idle", 0)
	o.find(more)
	look("used", 0)
	o.Clock.Add(25 * time.Hour)
	o.policy(prohibits(list.Barred, 1))
	look("full", 0)
	tracked := prohibits(list.Barred, uint64(n))
	tracked.Status = list.Tracked
	o.policy(tracked)
	look("milder", acts(n)+acts(n)) // and the rest, which costs nothing now
	o.find(closed)
	look("lift", acts(n+n))
	step := o.Draft(b, "step", o.office("other"), ledger.Encode(ledger.Step{Stage: "other", Upto: 1}), nil)
	began := time.Now()
	o.Must(b, step)
	took["other"] = time.Since(began)
	began = time.Now()
	o.Clean(b)
	took["verify"] = time.Since(began)
	began = time.Now()
	if _, err := o.Sequencer(b, o.Store).Fresh(b.Context()); err != nil {
		b.Fatal(err)
	}
	took["fold"] = time.Since(began)
	return took
}
