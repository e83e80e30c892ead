package receipt

// Bounds on what is read before anything in it is believed.
const (
	maxRecord  = 64 << 10  // a record with a hundred approvals is under 20 KiB
	maxBody    = 512 << 20 // an effect is held in memory while it is verified
	maxEntries = 1 << 28   // records in one bundle: more than a country's list has
	maxPeople  = 10_000    // approvers and nodes in one directory
)
