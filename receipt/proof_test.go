package receipt

import (
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// memory is a tree in memory.
type memory []tlog.Hash

func (m memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x >= int64(len(m)) {
			return nil, fmt.Errorf("hash %d is not stored", x)
		}
		out[i] = m[x]
	}
	return out, nil
}

func grow(t interface{ Fatal(...any) }, n int) (memory, []tlog.Hash) {
	var m memory
	var leaves []tlog.Hash
	for i := range n {
		leaf := tlog.RecordHash(fmt.Append(nil, i))
		hashes, err := tlog.StoredHashesForRecordHash(int64(i), leaf, m)
		if err != nil {
			t.Fatal(err)
		}
		m, leaves = append(m, hashes...), append(leaves, leaf)
	}
	return m, leaves
}

// The roots that proofs fold to are those of x/mod's own tree, for any set of leaves; with a
// leaf, a hash or an index changed they are not.
func TestProofAgainstTlog(t *testing.T) {
	m, leaves := grow(t, 70)
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, len(leaves)).Draw(t, "size")
		var indices []uint64
		var known []tlog.Hash
		for i := range size {
			if rapid.IntRange(0, 4).Draw(t, "take") == 0 {
				indices, known = append(indices, uint64(i)), append(known, leaves[i])
			}
		}
		want, err := tlog.TreeHash(int64(size), m)
		if err != nil {
			t.Fatal(err)
		}
		proof, err := Prove(uint64(size), indices, m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Root(uint64(size), indices, known, proof)
		if err != nil || got != want {
			t.Fatalf("size %d leaves %v: root %v (%v), want %v", size, indices, got, err, want)
		}
		if len(indices) == 0 {
			return
		}
		i := rapid.IntRange(0, len(known)-1).Draw(t, "broken")
		known[i][3] ^= 1
		if bad, err := Root(uint64(size), indices, known, proof); err == nil && bad == want {
			t.Fatal("a changed leaf led to the same root")
		}
		known[i][3] ^= 1
		if len(proof) > 0 {
			if _, err := Root(uint64(size), indices, known, proof[1:]); err == nil {
				t.Fatal("a proof with a hash missing was accepted")
			}
		}
		if _, err := Root(uint64(size), indices, known, append(proof, want)); err == nil {
			t.Fatal("a proof with a hash too many was accepted")
		}
	})
}

// For one leaf the proof holds exactly the hashes of the RFC 6962 audit path.
func TestProofOfOneIsAnAuditPath(t *testing.T) {
	m, _ := grow(t, 37)
	for i := range uint64(37) {
		ours, err := Prove(37, []uint64{i}, m)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := tlog.ProveRecord(37, int64(i), m)
		if err != nil {
			t.Fatal(err)
		}
		set := map[tlog.Hash]int{}
		for _, h := range theirs {
			set[h]++
		}
		for _, h := range ours {
			set[h]--
		}
		for _, n := range set {
			if n != 0 || len(ours) != len(theirs) {
				t.Fatalf("leaf %d: %v is not a rearrangement of %v", i, ours, theirs)
			}
		}
	}
}
