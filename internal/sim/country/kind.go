package country

// Kind says what a device really is, behind one IMEI it shows, at the end of the period.
type Kind string

// The kinds that are right: no network should refuse them.
const (
	KindHonest      Kind = "honest"       // one card, one phone, its own number
	KindDualSIM     Kind = "dual-sim"     // one of the two numbers of a phone with two slots
	KindFamily      Kind = "family"       // two to four cards take turns in one phone
	KindRepair      Kind = "repair"       // a shop's bench phone: many cards, a day or three each
	KindIoT         Kind = "iot"          // a module, data only
	KindMiFi        Kind = "mifi"         // a mobile hotspot
	KindTest        Kind = "test"         // laboratory equipment under a test code
	KindSharedValue Kind = "shared-value" // a genuine modem that shows its maker's default value
	KindRoamer      Kind = "roamer"       // a visitor's phone
	KindResold      Kind = "resold"       // given or sold: another card follows after a rest
	KindUnused      Kind = "unused"       // registered, never switched on
	KindReported    Kind = "reported"     // reported stolen, not confirmed, not seen since
	KindRecovered   Kind = "recovered"    // was stolen, used by the thief, and went back to its owner
	KindCloneVictim Kind = "clone-victim" // the genuine device whose number others show too
)

// The kinds that are wrong.
const (
	KindStolen       Kind = "stolen"        // on the stolen list; seen with the thief's card, or not at all
	KindClone        Kind = "clone"         // the only device that shows one victim's number
	KindBulkClone    Kind = "bulk-clone"    // one of many handsets that share a number
	KindNonAllocated Kind = "non-allocated" // under a code nobody allocated
	KindCounterfeit  Kind = "counterfeit"   // under the code of another model, with a number of its own
	KindReprogrammed Kind = "reprogrammed"  // the second number of a stolen phone
	KindSIMBox       Kind = "sim-box"       // one of the consecutive numbers a SIM box goes through
)

// Kinds are all kinds, the right ones first.
var Kinds = []Kind{KindHonest, KindDualSIM, KindFamily, KindRepair, KindIoT, KindMiFi, KindTest, KindSharedValue, KindRoamer, KindResold,
	KindUnused, KindReported, KindRecovered, KindCloneVictim,
	KindStolen, KindClone, KindBulkClone, KindNonAllocated, KindCounterfeit, KindReprogrammed, KindSIMBox}

// Wrong reports whether a device of the kind should be off the networks. An IMEI may belong to both
// a wrong and a right device: a clone and its victim.
func (k Kind) Wrong() bool {
	switch k {
	case KindStolen, KindClone, KindBulkClone, KindNonAllocated, KindCounterfeit, KindReprogrammed, KindSIMBox:
		return true
	}
	return false
}

// known reports whether the text is a kind.
func (k Kind) known() bool {
	for _, other := range Kinds {
		if k == other {
			return true
		}
	}
	return false
}
