package eir

import "time"

// Bounds, each with its reason.
const (
	ringSize    = 1 << 16          // a second of a busy node's checks
	maxStays    = 1 << 20          // stays open at once; beyond it all are written out
	stayGap     = 60               // minutes without a check after which a stay has ended
	flushEvery  = time.Minute      // how long a finished stay may wait in memory
	segmentAge  = 10 * time.Minute // how long a segment stays open
	maxFile     = 4 << 30          // bytes of a list file that the node takes
	maxManifest = 8 << 20
	seenDays    = 30
)
