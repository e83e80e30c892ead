package cases

// Bounds, each with its reason.
const (
	maxDevices = 16   // identifiers in one case: a device with two slots has two, a bag of phones is more cases
	maxReason  = 2000 // characters: a page, which a person reads on a telephone
	maxNote    = 8000 // characters: four pages
	dueAtOnce  = 500  // steps that the clock takes in one transaction: half a second, in which nobody else can write
)
