package eir

import "time"

// Bounds, each with its reason.
const (
	ringSize   = 1 << 16          // a second of a busy node's checks
	maxStays   = 1 << 20          // stays open at once; beyond it all are written out
	stayGap    = 60               // minutes without a check after which a stay has ended
	flushEvery = time.Minute      // how long an ended stay may wait in memory
	segmentAge = 10 * time.Minute // how long a segment stays open

	seenDays   = 30              // days that a pair counts
	maxSeen    = 1 << 26         // pairs: three gigabytes, more than the subscribers of most countries
	seenBreath = 1 << 12         // pairs walked over while others wait: a tenth of a millisecond
	saveEvery  = 5 * time.Minute // how much of what was seen a kill may cost
	saveRate   = 256 << 10       // bytes a second that saving may cost on average: a disk has better to do

	maxChain   = 512       // list files kept before a newer snapshot is asked for: twice what a centre lets grow behind one
	keptMax    = 16 << 10  // list files kept if none comes, so that the disk does not fill with them
	renewEvery = time.Hour // between two tries to do so: each fetches a whole snapshot
)
