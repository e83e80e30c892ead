package listgen

import (
	"cmp"
	"fmt"
	"iter"
	"math/rand/v2"
	"testing"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/subscriber"
)

// busy is a country with so many pairs, as many subscribers to notify, and a third as many
// prohibited devices.
func busy(pairs int) *world {
	r := rand.New(rand.NewPCG(1, uint64(pairs)))
	w := newWorld(r)
	w.country.Shadow, w.country.Options = true, device.ListOptions{LookbackDays: 60}
	w.shelf = shelf{}
	w.findings, w.lines, w.pairs = nil, nil, nil
	month, _ := (today - 3).Month()
	for i := range pairs {
		m := imei.New(imei.TAC(35000000+r.IntN(20000)), uint32(r.IntN(1_000_000)))
		who := device.Pairing{IMEI: m, IMSI: subscriber.IMSI(1_010_000_000_000 + i), MSISDN: subscriber.MSISDN(99_970_000_000 + i)}
		d := device.Days{IMEI: m, IMSI: who.IMSI, MSISDN: who.MSISDN, Operator: "north", Month: month}
		d.Seen[0] = 1
		w.shelf.days = append(w.shelf.days, d)
		w.findings = append(w.findings, Finding{IMEI: m, Rule: "clone", Reason: "cloned", Ground: list.Duplicate, Block: today + 9})
		if i%3 == 0 {
			w.findings[i].Block = today
		}
		if i%2 == 0 { // half of the pairs are of other devices with a number that is notified
			who.IMEI = imei.New(imei.TAC(35000000+r.IntN(20000)), uint32(r.IntN(1_000_000)))
		}
		w.shelf.pairings = append(w.shelf.pairings, who)
	}
	w.shelf.days = distinct(w.shelf.days, func(a, b *device.Days) int {
		return cmp.Or(cmp.Compare(a.IMEI, b.IMEI), cmp.Compare(a.IMSI, b.IMSI))
	})
	w.shelf.pairings = distinct(w.shelf.pairings, comparePairings)
	w.findings = distinct(w.findings, func(a, b *Finding) int { return cmp.Compare(a.IMEI, b.IMEI) })
	return w
}

// BenchmarkMerge shows that the cost of a pair does not grow with their number.
func BenchmarkMerge(b *testing.B) {
	for _, pairs := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(pairs), func(b *testing.B) { merging(b, busy(pairs), pairs) })
	}
}

// One device with all pairs and all subscribers is the worst that a list can hold.
func BenchmarkOneDevice(b *testing.B) {
	for _, pairs := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(pairs), func(b *testing.B) {
			w := busy(pairs)
			for i := range w.shelf.days {
				w.shelf.days[i].IMEI = w.findings[0].IMEI
			}
			for i := range w.shelf.pairings {
				w.shelf.pairings[i].IMEI = w.findings[0].IMEI
			}
			w.findings = w.findings[:1]
			w.findings[0].Block = today + 9
			w.shelf.days = distinct(w.shelf.days, func(a, b *device.Days) int { return cmp.Compare(a.IMSI, b.IMSI) })
			w.shelf.pairings = distinct(w.shelf.pairings, comparePairings)
			merging(b, w, pairs)
		})
	}
}

func merging(b *testing.B, w *world, pairs int) {
	in := &Input{Findings: w.findings, Pairings: w.shelf.pairings}
	in.Seen = func([]imei.IMEI) iter.Seq2[*device.Days, error] {
		return func(yield func(*device.Days, error) bool) {
			for i := range w.shelf.days {
				if !yield(&w.shelf.days[i], nil) {
					return
				}
			}
		}
	}
	for b.Loop() {
		lists, err := w.country.Merge(in)
		if err != nil || len(lists.Notices) == 0 || len(lists.Exceptions) == 0 {
			b.Fatal("nothing came of it", err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(pairs), "ns/pair")
}
