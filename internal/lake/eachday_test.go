package lake_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/lake"
	"github.com/openceir/openceir/subscriber"
)

// Days gives what Histories gives, and of a device with more rows than a history keeps all of them.
func TestDaysLeavesNothingOut(t *testing.T) {
	ctx, l := t.Context(), &lake.Lake{Dir: t.TempDir()}
	r := rand.New(rand.NewPCG(3, 4))
	var parts []device.Part
	for _, op := range []device.Operator{"op1", "op2", "op1"} {
		parts = append(parts, must(l.WriteDays(ctx, 677, 3, pointers(someDays(r, 500, op, 677, 3)))))
	}
	want, _ := flatten(t, l.Histories(ctx, parts, 3))
	var got []device.Days
	for d, err := range l.Days(ctx, parts, 3) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, *d)
	}
	if len(got) != len(want) {
		t.Fatalf("%d rows, and %d in the histories", len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("row %d is %+v, in the histories %+v", i, got[i], want[i])
		}
	}
	some := []imei.IMEI{1} // which has none
	for i := range want {
		if n := len(some); r.IntN(3) == 0 && some[n-1] != want[i].IMEI {
			some = append(some, want[i].IMEI)
		}
	}
	want = slices.DeleteFunc(want, func(d device.Days) bool { return !slices.Contains(some, d.IMEI) })
	got = nil
	for d, err := range l.DaysAmong(ctx, parts, 3, some) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, *d)
	}
	if !slices.Equal(got, want) || len(want) == 0 {
		t.Errorf("%d rows of some devices, not %d", len(got), len(want))
	}
	for _, err := range l.Days(ctx, []device.Part{{Table: lake.TableDays, Bucket: 3, Digest: "gone", Rows: 1}}, 3) {
		if err == nil {
			t.Error("a part that is not there gives a row")
		}
	}
}

// What is found of a device, and of a number, is what a walk over all rows finds.
func TestLookup(t *testing.T) {
	ctx, l := t.Context(), &lake.Lake{Dir: t.TempDir()}
	r := rand.New(rand.NewPCG(5, 6))
	var parts []device.Part
	for _, op := range []device.Operator{"op1", "op2", "op1"} {
		parts = append(parts, must(l.WriteDays(ctx, 677, 3, pointers(someDays(r, 700, op, 677, 3)))))
	}
	devices, numbers := map[imei.IMEI][]device.Days{}, map[subscriber.MSISDN][]device.Days{}
	for d, err := range l.Days(ctx, parts, 3) {
		if err != nil {
			t.Fatal(err)
		}
		devices[d.IMEI] = append(devices[d.IMEI], *d)
		numbers[d.MSISDN] = append(numbers[d.MSISDN], *d)
	}
	delete(numbers, 0)
	for m, want := range devices {
		if got, more, err := l.DaysOf(ctx, parts, m); err != nil || more || !slices.Equal(got, want) {
			t.Fatalf("%s: %v, %v, %v; in the walk %v", m, got, more, err, want)
		}
	}
	for n, want := range numbers {
		if got, more, err := l.DaysOfMSISDN(ctx, parts, n); err != nil || more || !slices.Equal(got, want) {
			t.Fatalf("%s: %v, %v, %v; in the walk %v", n, got, more, err, want)
		}
	}
	if got, _, err := l.DaysOf(ctx, parts, 1); err != nil || len(got) > 0 {
		t.Errorf("a device that was never seen: %v, %v", got, err)
	}
}
