// Package device holds the nouns that the stages hand to one another: days, sightings, visits,
// findings, the files they came from and the parts of the lake they are kept in. Values only; what
// may be done with them is written where it is done.
package device

import (
	"math"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/subscriber"
)

// Operator is the short name of a network operator, as its organisation is named in the directory.
type Operator string

// Radio is a class of radio access technology.
type Radio uint8

// The classes, in the order of the columns of the lake's days table.
const (
	RadioUnknown Radio = iota // the source did not say, or said something unknown
	Radio2G
	Radio3G
	Radio4G
	Radio5G
	RadioCount = iota
)

// Days is one row of the lake's table days: on which civil days of one month an operator saw a
// device with a subscription, a bitmap for each radio class (bit 0 is the 1st). There is no
// count: a file seen twice must change nothing. IMSI and MSISDN are 0 where unknown.
type Days struct {
	IMEI     imei.IMEI
	IMSI     subscriber.IMSI
	MSISDN   subscriber.MSISDN
	Operator Operator
	Month    Month
	Seen     [RadioCount]uint32
}

// All returns the days of the month on which the row was seen on any radio.
func (d *Days) All() uint32 {
	var all uint32
	for _, seen := range d.Seen {
		all |= seen
	}
	return all
}

// Subscriber returns who was seen: the IMSI, else the MSISDN.
func (d *Days) Subscriber() subscriber.ID { return subscriber.Of(d.IMSI, d.MSISDN) }

// Visit is one row of the lake's table visits: a device and a subscriber stayed in one coarse area
// of one operator from one minute to another, both included. It comes only from timed sources.
type Visit struct {
	IMEI       imei.IMEI
	Subscriber subscriber.ID
	Operator   Operator
	Area       Area
	From, To   Minute
}

// History is all that the lake holds of one device. Days are sorted by (IMSI, MSISDN, operator,
// month), visits by (From, Subscriber, Area).
//
// A value that stands on a multitude of devices has more rows than anyone needs: then only some of
// them are given, Truncated says so, and Subscribers tells how many distinct subscribers there were.
//
// Text is set for an identifier that is not of the form of an IMEI: its normal form, and IMEI is
// then 0.
type History struct {
	IMEI        imei.IMEI
	Text        string
	Days        []Days
	Visits      []Visit
	Truncated   bool
	Subscribers int // distinct subscribers behind a truncated history; 0 otherwise
}

// Area is a cell of a grid of a tenth of a degree (about 11 km on a side): (lat+90)*10*3600 +
// (lon+180)*10, both rounded down. Finer places never reach the centre. 0 means not known.
type Area int32

// AreaOf returns the cell that holds a place given in degrees.
func AreaOf(lat, lon float64) Area {
	return Area(int32(math.Floor((lat+90)*10))*3600 + int32(math.Floor((lon+180)*10)))
}

// Centre returns the middle of the cell in degrees.
func (a Area) Centre() (lat, lon float64) {
	return float64(a/3600)/10 - 90 + 0.05, float64(a%3600)/10 - 180 + 0.05
}

// Distance returns the great-circle distance between the middles of two cells, in km.
func (a Area) Distance(b Area) float64 {
	if a == b {
		return 0
	}
	const earth, rad = 6371.0, math.Pi / 180
	lat1, lon1 := a.Centre()
	lat2, lon2 := b.Centre()
	s1, s2 := math.Sin((lat2-lat1)*rad/2), math.Sin((lon2-lon1)*rad/2)
	h := s1*s1 + math.Cos(lat1*rad)*math.Cos(lat2*rad)*s2*s2
	return 2 * earth * math.Asin(math.Min(1, math.Sqrt(h)))
}

// Attach is one timed check at an EIR, as a replay file or a live front gives it.
type Attach struct {
	Time   int64  // microseconds UTC
	IMEI   string // as the network sent it: 14 to 16 digits, or malformed
	IMSI   subscriber.IMSI
	MSISDN subscriber.MSISDN
	Radio  Radio
	Node   string // serving node (MSC, SGSN, MME or AMF); it stays at the operator
	Area   Area
}

// Finding is a rule's verdict on one device, with what it rests on. There is at most one open
// finding for a (device, rule). A finding on a malformed identifier has its normal form as Text and
// no IMEI: people read it, and no line can follow from it.
type Finding struct {
	IMEI    imei.IMEI         `json:"imei"`
	Text    string            `json:"text,omitempty"`
	Rule    string            `json:"rule"`             // name of the condition
	Version string            `json:"version"`          // hex digest of the condition's canonical text, first 16 digits
	Since   Day               `json:"since"`            // first day of the episode: part of the key of what follows from it
	Params  map[string]string `json:"params,omitempty"` // the parameters used, as text
	// Evidence is what was seen, as text by name: counts, days, places at the coarse grain.
	// It holds no subscriber in clear; see Best and Others.
	Evidence map[string]string `json:"evidence,omitempty"`
	Strength int               `json:"strength"` // 0 to 1000; stronger evidence is acted on first
	// Best is the subscriber with the best claim to the genuine device, 0 if no claim stands out.
	Best  subscriber.ID `json:"best,omitempty"`
	Pairs int           `json:"pairs"`           // distinct subscribers of the device in the last 30 complete days
	Again Day           `json:"again,omitempty"` // look again on this day even if nothing new is seen; 0 never
	// Found is the day of the run that found it first. It and Block stay as they are while the
	// finding lives, also through gaps of the rule's gap_days.
	Found Day `json:"found,omitempty"`
	// Block is the day from which a measure may follow: Found and the rule's days of grace, or the
	// end of an amnesty. 0 means that none may: the rule only informs, or the amnesty that was
	// granted has not begun.
	Block Day `json:"block,omitempty"`
	// Ended is the day on which it ceased to hold, 0 while it holds. A finding that has ended is kept
	// for the rule's gap_days and nothing may follow from it meanwhile.
	Ended Day `json:"ended,omitempty"`
	// Amnesty says that the device was found while an amnesty was evaluated, and is granted it.
	Amnesty bool `json:"amnesty,omitempty"`
	// Incomplete says that the rule's input lacked days, operators or a fresh directory when it was
	// judged: the finding is for people to read, and no automatic block may follow from it.
	Incomplete bool `json:"incomplete,omitempty"`
}

// FileKind is the kind of a file that enters the register.
type FileKind string

// The kinds of files.
const (
	FileOperator FileKind = "operator"    // operator's dump: date,imei,imsi,msisdn[,rat]
	FileTAC      FileKind = "gsma_tac"    // TAC directory
	FileStolen   FileKind = "stolen_list" // stolen list
	FileSegment  FileKind = "segment"     // timed observations of an EIR

	FileRegistration FileKind = "registration_list"             // registered devices
	FilePairing      FileKind = "pairing_list"                  // devices with the subscribers they may be used by
	FileGolden       FileKind = "golden_list"                   // devices that are never blocked nor notified
	FileBarred       FileKind = "barred_list"                   // devices barred by the regulator
	FileBarredTAC    FileKind = "barred_tac_list"               // models barred by the regulator
	FileMonitoring   FileKind = "monitoring_list"               // devices under observation
	FileSubscribers  FileKind = "subscribers_registration_list" // persons and their subscriptions
	FileAssociation  FileKind = "device_association_list"       // persons and their devices
)

// File is one adopted file, as the catalogue keeps it. Its name in the catalogue is the digest.
type File struct {
	Digest    string           `json:"digest"` // hex SHA-256 of the bytes as received
	Kind      FileKind         `json:"kind"`
	Delta     bool             `json:"delta,omitempty"` // a list's changes only, see PartsInForce; Stats has it too
	Name      string           `json:"name"`
	Operator  Operator         `json:"operator,omitempty"`
	From      Day              `json:"from,omitempty"` // first and last day covered
	To        Day              `json:"to,omitempty"`
	Added     Day              `json:"added,omitempty"` // day on which it was adopted: the age of a directory
	Rows      int64            `json:"rows"`            // rows accepted
	Refused   int64            `json:"refused"`         // rows not accepted, listed in the result file
	Malformed int64            `json:"malformed"`       // rows kept as text; a dump's with a good IMEI are among Rows too
	Stats     map[string]int64 `json:"stats,omitempty"` // counts the quality gates looked at, and later gates compare with
	Parts     []Part           `json:"parts,omitempty"`
}

// Part is one immutable file of the lake. Its path in the lake is derived from its digest.
type Part struct {
	Digest string `json:"digest"` // hex SHA-256 of the part's bytes
	Table  string `json:"table"`  // see internal/lake
	Month  Month  `json:"month"`  // of days, visits and malformed; 0 for facts
	Bucket int    `json:"bucket"` // of tables that are cut by device: see BucketOf
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"`
}

// Buckets is the number of IMEI buckets of the lake: enough to spread work, few enough that a
// small country's files are not all header.
const Buckets = 8

// BucketOf returns the lake bucket of a device: the serial number modulo Buckets, so that one
// popular model spreads over all of them.
func BucketOf(m imei.IMEI) int { return int(m.Serial() % Buckets) }

// TAC is one row of the TAC directory.
type TAC struct {
	TAC          imei.TAC
	Manufacturer string
	Model        string
	DeviceType   string
	Bands        string
	Allocated    Day    // allocation date, 0 if not given
	Other        string // the directory's other columns, a JSON object of texts; empty if it has none
}

// Stolen is one row of the stolen list. Only an empty status and "blacklist" mean block; any other
// is provisional (DIRBS layout).
type Stolen struct {
	IMEI     imei.IMEI
	Reported Day // 0 if not given
	Status   string
}

// Blocks reports whether the row asks for a block.
func (s Stolen) Blocks() bool { return s.Status == "" || s.Status == "blacklist" }

// Key returns the name of an open finding.
func (f *Finding) Key() string {
	switch {
	case f.Text == "":
		return f.IMEI.String() + "/" + f.Rule
	case f.IMEI == 0:
		return f.Text + "/" + f.Rule
	}
	return f.IMEI.String() + "/" + f.Text + "/" + f.Rule // no such finding is ever made
}

// Malformed is one sighting, or one row of a list, with an identifier that is not of its form. The
// texts are as they were received; such rows are evidence for findings, never lines, and are never
// repaired.
type Malformed struct {
	IMEI, IMSI, MSISDN string
	List               FileKind // of a row of a list; empty for a sighting
	Operator           Operator // empty for a row of a list
	Day                Day      // of the sighting; for a row of a list the day of its import
	Reason             string   // which identifier, and what is wrong with it
}
