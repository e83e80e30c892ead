package month

import "math/bits"

// The purposes of draws.
const (
	forGroups uint64 = (iota + 1) << 32
	forDevices
	forRegistration
	forPeople
	forDays
	forRanks
	forIMSI
	forMSISDN
	forOrder
	forRows
	forTACs
	forLists
)

// draw returns the number that chance gives to a purpose and a key.
func (p *plan) draw(purpose, key uint64) uint64 { return mix(mix(p.cfg.Seed^purpose) ^ key) }

// mix spreads the bits of a number (the finaliser of SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// scatter returns the k-th number below the limit in an order that looks random and has no number
// twice; the key chooses the order. It permutes the numbers of as many bits as the limit has until
// it lands below the limit.
func scatter(k, limit, key uint64) uint64 {
	n := bits.Len64(limit - 1)
	mask := uint64(1)<<n - 1
	a, b := mix(key), mix(key+1)
	for {
		k = (k ^ a) & mask
		k = k * 0x9e3779b97f4a7c15 & mask
		k ^= k >> (n/2 + 1)
		k = (k + b) & mask
		k = k * 0xd1342543de82ef95 & mask
		k ^= k >> (n/2 + 1)
		if k < limit {
			return k
		}
	}
}

// gather is the inverse of scatter.
func gather(k, limit, key uint64) uint64 {
	n := bits.Len64(limit - 1)
	mask := uint64(1)<<n - 1
	a, b := mix(key), mix(key+1)
	for {
		k ^= k >> (n/2 + 1) // its own inverse, for the shift is more than half of the bits
		k = k * 0x572b5ee77a54e3bd & mask
		k = (k - b) & mask
		k ^= k >> (n/2 + 1)
		k = k * 0xf1de83e19937733d & mask
		k = (k ^ a) & mask
		if k < limit {
			return k
		}
	}
}
