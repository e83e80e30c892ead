package lake

// The bounds of the lake, with their reasons.
const (
	// rowGroupRows bounds a row group: a writer holds one in memory (compressed), and other tools
	// read whole row groups.
	rowGroupRows = 1 << 17
	// pageBytes is the size of a column's page. A merge holds one page of each column of each open
	// part: eleven columns of 32 KiB, a third of a megabyte for a part.
	pageBytes = 32 << 10
	// batchRows is how many rows go to the Parquet encoder at once: large enough that its cost per
	// call vanishes, small enough to stay in the second-level cache.
	batchRows = 1 << 10
	// partsMax bounds how many parts of one bucket are open at once (a third of a megabyte and one
	// file descriptor each). Ten operators with daily files reach it after about ten months.
	partsMax = 4096
	// smallPart is the size up to which a part is read whole and closed, so that thousands of parts
	// from frequent small sources do not need thousands of descriptors.
	smallPart = 128 << 10
	// readBuffer is the read buffer of each open column.
	readBuffer = 8 << 10
	// daysMax bounds the rows of table days that a history keeps for one device. An honest phone
	// has some tens a year; only values that stand on a multitude reach the limit, and those are
	// judged by History.Subscribers.
	daysMax = 1 << 15
	// visitsMax bounds the visits that a history keeps for one device: at one visit every ten
	// minutes, more than half a year.
	visitsMax = 1 << 15
	// factsMax bounds the rows of a facts table, which readers hold in memory. The worldwide
	// directory has about 300,000 type codes, the largest national stolen lists some millions.
	factsMax = 1 << 25
	// objectsMax bounds the evidence that a reader of findings keeps to hand equal ones out as one
	// map: rules that find multitudes say the same of all, others say something else of each.
	objectsMax = 1 << 12
	// windowDays is the length of the window in which a device counts as active.
	windowDays = 30
)
