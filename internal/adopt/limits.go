package adopt

// The bounds of this package, with their reasons.
const (
	// maxFiles bounds the files of a directory: a country has a few lists for each operator.
	maxFiles = 10_000
	// maxMembers bounds the members of a zip: a full list and at most five deltas.
	maxMembers = 100
	// maxSource bounds a file as received, and maxUnpacked what a zip's member may unpack to, in
	// bytes: the state of a large country has some ten gigabytes.
	maxSource   = 16 << 30
	maxUnpacked = 64 << 30
	// maxRatio bounds unpacked to packed bytes beyond ratioFloor: lists of neighbouring numbers reach
	// about 20.
	maxRatio   = 200
	ratioFloor = 16 << 20
	// maxLine bounds a line, in bytes: the longest has a few reasons.
	maxLine = 64 << 10
	// maxRows bounds the rows of the state, and of each list, which are held in memory to be sorted.
	maxRows = 1 << 26
	// maxText bounds a condition's name and a reason, in bytes.
	maxText = 1024
	// maxConditions bounds the conditions of a state.
	maxConditions = 10_000
	// maxFaults bounds the rows that are listed as faulty.
	maxFaults = 1_000_000
	// maxStrangers is how many rows of a list of devices, in a hundred, may be of devices that the
	// state does not have: the two are exported one after the other.
	maxStrangers = 5
)
