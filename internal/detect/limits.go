package detect

import "github.com/openceir/openceir/internal/device"

const (
	// maxFile bounds a file of conditions, in bytes: ten thousand times the default's need would
	// be an error or an attack.
	maxFile = 256 << 10
	// maxConditions bounds the conditions of a file: each costs every device some time.
	maxConditions = 64
	// maxDimensions bounds the dimensions of a condition: more than a person can explain is none.
	maxDimensions = 8
	// maxText bounds a description, in bytes: it is read on one screen.
	maxText = 2000
	// maxName bounds names and grounds, in bytes: they are keys and parts of file names.
	maxName = 64
	// maxWindow bounds a window, in days: beyond a year no operator keeps data.
	maxWindow = 366
	// maxWindowMonths bounds a window of calendar months likewise.
	maxWindowMonths = 12
	// minHorizon is the least number of days kept as bitmaps: the look-back for the genuine user
	// is three months, as countries that paired their clones have used it, whatever the windows are.
	minHorizon = 90
	// maxMonths is how many civil months can touch the longest window.
	maxMonths = maxWindowMonths*31/28 + 2

	// activeDays is the number of complete days in which a pair of device and subscriber counts as
	// active, as the guard counts it.
	activeDays = 30
	// bulkSubscribers is how many active subscribers make a value a bulk one, for which nobody
	// searches a genuine device.
	bulkSubscribers = 100

	// maxLinked bounds the subscriptions that one MSISDN joins. A number has a handful of cards in
	// its life; one on more is a placeholder that an operator writes for "unknown", and joins none.
	maxLinked = 4
	// maxGrouped bounds the users among whom households and siblings are looked for. More are
	// no family and no phone; it keeps the pairwise work small.
	maxGrouped = 64
	// maxTogether bounds the visits that are looked at for households. It is a year of a lively
	// family; a device with more is not spared.
	maxTogether = 8192
	// slots is how many cards one phone holds at once.
	slots = 2
	// apartKm is how far two areas must lie apart, in km, to be two places: three cells of the
	// grid, so that large radio cells and the rounding of places never separate a family.
	apartKm = 30

	// maxActive bounds the earlier visits that a visit is compared with. A device with more at
	// once is a bulk value and its conflicts are beyond doubt long before.
	maxActive = 256
	// maxConflicts bounds the conflicts that are counted: the twentieth adds nothing to the case.
	maxConflicts = 20

	// shareFloor is the number of matching devices up to which a rule's share is not looked at: a
	// share of a handful is noise, and the guard of the ledger bounds what may follow from it.
	shareFloor = 100
	// maxGrace bounds days of grace and of gaps: beyond two years nobody remembers what for.
	maxGrace = 732
	// maxListed bounds networks, countries and device types of a dimension: a country has some ten.
	maxListed = 100
	// maxTexts bounds the malformed identifiers that are judged, and maxTextRows the sightings of
	// them, folded by month, that are held in memory. A country has some thousands; the gates of the
	// imports keep a file from bringing more.
	maxTexts    = 1 << 20
	maxTextRows = 1 << 22
	// scopeShare is which part of what was observed may have come or gone for a run to read it device by
	// device: beyond one in so many reading all in one go is as fast.
	scopeShare = 4
	// maxFindingParts bounds the parts of findings of one bucket: whoever reads them opens all. And
	// parts that change more than one in mergeShare of what the first has are joined with it.
	maxFindingParts = 6
	mergeShare      = 4
	// maxGaps bounds the gaps of data that a result lists by name; the rest are counted.
	maxGaps = 20

	// never is later than any day.
	never = device.Day(1<<31 - 1)
)
