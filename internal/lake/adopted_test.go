package lake

import (
	"slices"
	"testing"

	"github.com/openceir/openceir/internal/device"
)

// What was adopted comes back bucket by bucket as it was, and a part of another bucket is not read.
func TestAdopted(t *testing.T) {
	l := &Lake{Dir: t.TempDir()}
	first := []device.Adopted{{IMEI: 8, Rule: "b", Since: 20000, Block: 20060}, {IMEI: 8, Rule: "c", Since: 1, Amnesty: true},
		{IMEI: 16, Rule: "b", Since: 20000}, {Text: "A*1", Rule: "malformed", Since: 20001, Block: 20001}}
	for range 3000 { // more than a batch
		next := first[2]
		next.IMEI = first[len(first)-2].IMEI + 8
		first = slices.Insert(first, len(first)-1, next)
	}
	other := []device.Adopted{{IMEI: 3, Rule: "b", Since: 7, Block: 8}}
	var parts []device.Part
	for bucket, rows := range map[int][]device.Adopted{0: first, 3: other} {
		p, err := l.WriteAdopted(t.Context(), bucket, rows)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, p)
	}
	for bucket, want := range map[int][]device.Adopted{0: first, 3: other, 1: {}} {
		got, err := l.Adopted(t.Context(), parts, bucket)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("bucket %d: %d rows came back, not %d, or others, %v", bucket, len(got), len(want), err)
		}
	}
	slices.Reverse(first)
	if _, err := l.WriteAdopted(t.Context(), 0, first); err == nil {
		t.Error("rows out of order were written")
	}
}
