package receipt

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// A proof for several leaves of one tree is the list of the roots of those largest subtrees that
// hold none of the leaves, from left to right. Who knows the leaves folds it like this:
//
//	root(lo, hi) = the next hash of the proof       if no known leaf is in [lo, hi)
//	             = the leaf's hash                  if hi = lo+1
//	             = H(1, root(lo, mid), root(mid, hi))   mid = lo + the largest power of two below hi-lo
//
// and must have used every hash. For one leaf it holds the hashes of an RFC 6962 audit path; for
// many neighbours it is much shorter than their paths together.

// Prove returns the proof that the leaves at the indices (ascending, distinct) are in the tree of
// the size, reading stored hashes in the numbering of tlog.StoredHashIndex.
func Prove(size uint64, indices []uint64, hashes tlog.HashReader) ([]tlog.Hash, error) {
	if err := ascending(size, indices); err != nil {
		return nil, err
	}
	var ranges [][2]uint64
	empty(0, size, indices, func(lo, hi uint64) { ranges = append(ranges, [2]uint64{lo, hi}) })
	return RangeHashes(ranges, hashes)
}

// RangeHashes returns the root of each subtree [lo, hi) of a tree.
func RangeHashes(ranges [][2]uint64, hashes tlog.HashReader) ([]tlog.Hash, error) {
	var want []int64
	for _, r := range ranges {
		if r[0] >= r[1] {
			return nil, fmt.Errorf("the subtree from %d to %d is empty and has no root", r[0], r[1])
		}
		complete(r[0], r[1], func(level int, n uint64) { want = append(want, tlog.StoredHashIndex(level, int64(n))) })
	}
	got, err := hashes.ReadHashes(want)
	if err != nil {
		return nil, fmt.Errorf("reading %d hashes of the tree: %w", len(want), err)
	}
	out := make([]tlog.Hash, len(ranges))
	for i, r := range ranges {
		n := 0
		complete(r[0], r[1], func(int, uint64) { n++ })
		out[i] = joinRight(got[:n])
		got = got[n:]
	}
	return out, nil
}

// complete calls f for each complete stored subtree of [lo, hi), left to right, largest first.
func complete(lo, hi uint64, f func(level int, n uint64)) {
	for lo < hi {
		level := bits.Len64(hi-lo) - 1
		if lo != 0 {
			level = min(level, bits.TrailingZeros64(lo))
		}
		f(level, lo>>level)
		lo += 1 << level
	}
}

// joinRight folds the roots of complete subtrees of falling size into one root.
func joinRight(h []tlog.Hash) tlog.Hash {
	root := h[len(h)-1]
	for i := len(h) - 2; i >= 0; i-- {
		root = tlog.NodeHash(h[i], root)
	}
	return root
}

// empty calls f for each largest subtree of [lo, hi) that holds none of the indices.
func empty(lo, hi uint64, indices []uint64, f func(lo, hi uint64)) {
	switch {
	case lo == hi:
	case len(indices) == 0:
		f(lo, hi)
	case hi-lo > 1:
		mid := lo + split(hi-lo)
		i, _ := slices.BinarySearch(indices, mid)
		empty(lo, mid, indices[:i], f)
		empty(mid, hi, indices[i:], f)
	}
}

// split returns the largest power of two below n, n at least 2.
func split(n uint64) uint64 { return 1 << (bits.Len64(n-1) - 1) }

// Root folds leaves and their proof into the root of the tree of the size.
func Root(size uint64, indices []uint64, leaves, proof []tlog.Hash) (tlog.Hash, error) {
	if err := ascending(size, indices); err != nil {
		return tlog.Hash{}, err
	}
	if len(leaves) != len(indices) {
		return tlog.Hash{}, errors.New("as many leaves as indices are needed")
	}
	if size == 0 {
		if len(proof) != 0 {
			return tlog.Hash{}, errProof
		}
		return tlog.TreeHash(0, nil)
	}
	root, rest, err := fold(0, size, indices, leaves, proof)
	if err == nil && len(rest) > 0 {
		err = errProof
	}
	return root, err
}

var errProof = errors.New("the proof does not have the number of hashes that its tree and leaves need")

func fold(lo, hi uint64, indices []uint64, leaves, proof []tlog.Hash) (tlog.Hash, []tlog.Hash, error) {
	if len(indices) == 0 {
		if len(proof) == 0 {
			return tlog.Hash{}, nil, errProof
		}
		return proof[0], proof[1:], nil
	}
	if hi-lo == 1 {
		return leaves[0], proof, nil
	}
	mid := lo + split(hi-lo)
	i, _ := slices.BinarySearch(indices, mid)
	left, proof, err := fold(lo, mid, indices[:i], leaves[:i], proof)
	if err != nil {
		return left, nil, err
	}
	right, proof, err := fold(mid, hi, indices[i:], leaves[i:], proof)
	return tlog.NodeHash(left, right), proof, err
}

func ascending(size uint64, indices []uint64) error {
	for i, x := range indices {
		if x >= size || i > 0 && x <= indices[i-1] {
			return fmt.Errorf("leaf %d is out of order or outside a tree of %d", x, size)
		}
	}
	return nil
}
