package portal

// The bounds of the pages and paths, with their reasons.
const (
	// maxQuery is the longest identifier that the form takes.
	maxQuery = 256
	// batchMax is how many devices or TACs one request may ask for, as national systems have it.
	batchMax = 1000
	// bodyMax is the longest body of a request: a thousand identifiers with room to spare.
	bodyMax = 64 << 10
	// keyMax is the longest Idempotency-Key, in bytes.
	keyMax = 128
	// pageMax is the most rows of one answer.
	pageMax = 1000
	// pageRows is how many rows an answer has if nobody says.
	pageRows = 10
)
