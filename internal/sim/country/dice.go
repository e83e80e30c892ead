package country

import (
	"math/bits"
	"math/rand/v2"
)

// dice is one explicit stream of chance. A stream is named by numbers (what it is for, of whom, on
// which day), never by the order in which work happens to be done.
type dice struct {
	*rand.Rand
	pcg *rand.PCG
}

// The purposes of streams.
const (
	forLand uint64 = iota + 1
	forModels
	forPeople
	forDays
	forTracks
	forRows
	forLists
)

func newDice(seed, purpose uint64) dice {
	pcg := new(rand.PCG)
	d := dice{rand.New(pcg), pcg}
	d.name(seed, purpose, 0, 0)
	return d
}

// name turns the stream into the one of that name, at its beginning.
func (d dice) name(seed, purpose, who, day uint64) {
	d.pcg.Seed(mix(seed+purpose), mix(who<<20|day))
}

// mix spreads the bits of a number (the finaliser of SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// scatter returns the k-th number below the limit in an order that looks random and has no number
// twice; the key chooses the order, and k must be below the limit. It permutes the numbers of as
// many bits as the limit has until it lands below the limit.
func scatter(k, limit, key uint64) uint64 {
	n := bits.Len64(limit - 1)
	mask := uint64(1)<<n - 1
	for {
		for round := range uint64(3) {
			k = (k ^ mix(key+round)) & mask
			k = k * 0x9e3779b97f4a7c15 & mask
			k ^= k >> (n/2 + 1)
		}
		if k < limit {
			return k
		}
	}
}

// chance is true with the probability.
func (d dice) chance(p float64) bool { return d.Float64() < p }

// between returns a number from a to b, both included; a if b is below a.
func (d dice) between(a, b int) int {
	if b <= a {
		return a
	}
	return a + d.IntN(b-a+1)
}

// within returns a real number from a up to b.
func (d dice) within(a, b float64) float64 { return a + (b-a)*d.Float64() }

// weighted picks an index from cumulative weights.
func (d dice) weighted(cumulative []float64) int {
	x := d.Float64() * cumulative[len(cumulative)-1]
	lo, hi := 0, len(cumulative)-1
	for lo < hi {
		if mid := (lo + hi) / 2; cumulative[mid] > x {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}
