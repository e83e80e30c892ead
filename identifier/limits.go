package identifier

const (
	// maxInput bounds what Explain looks at, in bytes: the longest identifier known, a GS1 element
	// string, fits twice; a pasted page does not.
	maxInput = 256
	// maxCandidates bounds what Explain offers: beyond the first few, a reading that nothing
	// speaks for is noise.
	maxCandidates = 8
)
