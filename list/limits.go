package list

// Bounds, each with its reason.
const (
	maxShapes   = 1 << 12 // what fits beside a serial number in 32 bits
	maxManifest = 8 << 20 // bytes: the digests of maxChunks take 4.3 MB
	maxChunks   = 1 << 16 // of one file: 64 GiB, a snapshot of more lines than there are phones
	maxOps      = 1 << 26 // ops in one delta; more is a snapshot
	maxActive   = 1e12    // active pairs: a hundred for everybody alive
	maxHeard    = 1 << 16 // announcements that a replica remembers before it believes their file
	ChunkSize   = 1 << 20 // bytes of a list file under one digest
)
