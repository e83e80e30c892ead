package ledger

// Bounds, each with its reason.
const (
	maxRetries = 20    // how often a batch begins again because another process was faster
	maxWaiting = 10000 // commands waiting for one transaction; a synced batch of that size takes about a second
	maxGrants  = 32    // roles of one account; there are fewer
	maxFaults  = 1000  // faults listed; a register with more is rebuilt, not mended
)
