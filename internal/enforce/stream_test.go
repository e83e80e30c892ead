package enforce

import (
	"testing"

	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
	"github.com/openceir/openceir/subscriber"
)

// TestPairFollowsItsStream: a pair came into every stream while its subscriber's home was nobody's.
// When the home has joined and the pair is dropped, no stream keeps it.
func TestPairFollowsItsStream(t *testing.T) {
	const pair = "pair 35100000001000 allowed duplicate subscriber imsi-001040000099946 overrides duplicate"
	before := &receipt.Directory{Organisations: map[string][]subscriber.PLMN{"east": {"00103"}}}
	after := &receipt.Directory{Organisations: map[string][]subscriber.PLMN{"east": {"00103"}, "west": {"00104"}}}
	acts := []struct {
		body string
		in   *receipt.Directory
		want int // lines in the stream east
	}{
		{"set " + pair + "\n", before, 1},
		{"set listed 35100000001000 prohibited duplicate\n", after, 2},
		{"set " + pair + ",barred\n", after, 2},
		{"drop " + pair + ",barred\n", after, 1},
		{"set " + pair + "\n", after, 1},
	}
	f := newFold("east", 0)
	for i, a := range acts {
		ops, err := list.ParseOps([]byte(a.body), uint64(i))
		if err != nil {
			t.Fatal(err)
		}
		f.directory = a.in
		f.add(&act{index: uint64(i), ops: ops})
		n := 0
		for range f.table.Lines() {
			n++
		}
		if n != a.want {
			t.Errorf("after %q the stream has %d lines, want %d", a.body, n, a.want)
		}
	}
}
