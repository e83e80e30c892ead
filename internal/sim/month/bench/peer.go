package main

// published is what was measured of DIRBS-Core 16.0.0 on two cores, in the quietest of three runs:
// processor seconds of client and database together, wall seconds, and the peak of both's memory in
// MB; 0 where a figure was not noted. Its own validator, a program for the Java machine, was left out.
type published struct {
	cpu, wall float64
	peak      int
}

var peers = map[int64]map[string]published{
	1_000_000: {
		"operator": {42.9, 36.2, 0}, "classify": {4.0, 3.4, 0}, "lists": {12.8, 9.0, 0}, "report standard": {6.8, 5.6, 0},
	},
	10_000_000: {
		"gsma_tac": {2.4, 2.3, 246}, "stolen_list": {2.5, 1.9, 572}, "registration_list": {51.0, 33.4, 1088}, "pairing_list": {1.3, 1.1, 195},
		"subscribers_registration_list": {2.1, 2.0, 271}, "device_association_list": {6.7, 5.5, 271},
		"operator": {309.7, 185.6, 1322}, "classify": {18.8, 10.5, 810}, "again": {19.9, 11.3, 0}, "lists": {284.2, 194.9, 1868}, "report standard": {64.6, 35.9, 2463},
		"report gsma_not_found": {0, 0.9, 0}, "report top_duplicates": {0, 2.6, 0}, "report stolen_violations": {0, 1.7, 0},
		"report blacklist_violations": {0, 7.9, 0}, "report transient_msisdns": {0, 10.9, 0}, "report unregistered_subscribers": {0, 3.9, 0},
	},
}

const (
	// peerBytes is what DIRBS-Core stores for each (device, subscriber, operator, month), and
	// peerRowBytes for each row that came in, all of its database counted.
	peerBytes    = 709
	peerRowBytes = 147
	// peerListsAvoided is its processor seconds for the lists of ten million rows where its quadratic
	// query is avoided by a setting.
	peerListsAvoided = 17.6
)

// targets are what the steps may take, in processor seconds.
var targets = map[int64]map[string]float64{
	10_000_000:  {"operator": 12, "classify": 1, "lists": 4, "report standard": 1, "second": 1},
	100_000_000: {"classify": 15},
}

// peakTargets bound the memory of every step, in MB.
var peakTargets = map[int64]int64{10_000_000: 1536, 100_000_000: 3072}

// The targets bound the bytes of a (device, subscriber, operator, month), with numbers and with
// pseudonyms.
const (
	lakeTarget           = 24.0
	lakeTargetPseudonyms = 40.0
)
