package stats

// The bounds of the reports, with their reasons.
const (
	// operatorsMax bounds the operators of a country: a device's operators are a set in one word.
	operatorsMax = 64
	// rulesMax bounds the rules that findings name, configured or not: a device's conditions are a
	// set in two words.
	rulesMax = 128
	// devicesMax bounds the devices of one month: their numbers have 27 bits.
	devicesMax = 1 << 27
	// historyMonths is how many months before the month of a report are counted for its trends.
	historyMonths = 5
	// smallest is the number of days on which a device must have been seen for its mean number of
	// subscribers a day to be told.
	smallest = 5
	// topModels is the length of the lists of models.
	topModels = 10
	// denseMax is up to which value a histogram is an array; what is above is rare.
	denseMax = 256
	// duplicateIMSIs is from how many IMSIs in a month on a device is among the top duplicates.
	duplicateIMSIs = 5
	// stolenGraceDays is how long after its report a stolen device may still be seen.
	stolenGraceDays = 2
)
