package lake

import (
	"iter"
	"slices"
	"testing"

	"github.com/openceir/openceir/internal/device"
)

// The lists of a run come back as they were, buckets joined into one order, and what is out of
// order is not written.
func TestRuns(t *testing.T) {
	l := &Lake{Dir: t.TempDir()}
	refusals := []device.Refusal{{IMEI: 1, Block: 20000, Reasons: "stolen"}, {IMEI: 2, Block: 20001, Reasons: "a|b", Amnesty: true, Pending: true},
		{IMEI: 9, Block: 3, Reasons: ""}, {Text: "ABC", Block: 20000, Reasons: "malformed"}}
	notices := []device.Notice{{IMEI: 2, IMSI: 1010000000001, MSISDN: 1234567, Operator: "north", Block: 20001, Reasons: "a|b"},
		{IMEI: 2, IMSI: 1010000000001, MSISDN: 1234567, Operator: "south", Block: 20001, Reasons: "a|b", Amnesty: true, Paired: true},
		{Text: "ABC", IMSI: 310150123456789, MSISDN: 7654321, Operator: "north", Block: 1, Reasons: "malformed"}}
	exceptions := []device.Exception{{IMEI: 1, IMSI: 0, MSISDN: 55555, Operator: "north"}, {IMEI: 1, IMSI: 9, MSISDN: 0, Operator: "north"}}
	for range 3000 { // more than a batch
		last := refusals[2]
		last.IMEI = refusals[len(refusals)-2].IMEI + 8
		refusals = slices.Insert(refusals, len(refusals)-1, last)
	}
	var parts []device.Part
	keep := func(p device.Part, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, p)
	}
	odd := func(of []device.Refusal, want bool) (out []device.Refusal) {
		for _, r := range of {
			if (r.IMEI%2 == 1) == want {
				out = append(out, r)
			}
		}
		return out
	}
	keep(l.WriteRefusals(t.Context(), 1, odd(refusals, true)))
	keep(l.WriteRefusals(t.Context(), 0, odd(refusals, false)))
	keep(l.WriteNotices(t.Context(), 0, notices))
	keep(l.WriteExceptions(t.Context(), 0, exceptions))
	same(t, l.Refusals(t.Context(), parts), refusals)
	same(t, l.Notices(t.Context(), parts), notices)
	same(t, l.Exceptions(t.Context(), parts), exceptions)
	same(t, l.Exceptions(t.Context(), nil), nil)
	slices.Reverse(notices)
	if _, err := l.WriteNotices(t.Context(), 0, notices); err == nil {
		t.Error("rows out of order were written")
	}
}

func same[T comparable](t *testing.T, got iter.Seq2[[]T, error], want []T) {
	t.Helper()
	var all []T
	for batch, err := range got {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, batch...)
	}
	if !slices.Equal(all, want) {
		t.Errorf("%d rows came back, not %d, or others: %+v", len(all), len(want), all[:min(3, len(all))])
	}
}
