package listgen

// The bounds of this package, with their reasons.
const (
	// sheetBuffer is what a CSV file gathers before it is written: a run has up to eight files for
	// each operator open at once.
	sheetBuffer = 32 << 10
)
