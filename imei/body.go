package imei

// BodiesVersion names the edition of the tables of reporting bodies and test ranges.
const BodiesVersion = "TS.06 v25 excerpt, 1"

// BodyStatus says what the first two digits of a TAC are today.
type BodyStatus uint8

// The states of a reporting body identifier.
const (
	BodyUnknown     BodyStatus = iota // not in the table: doubtful, but the table is an excerpt
	BodyCurrent                       // allocates now
	BodyRetired                       // allocated once; devices are still in use
	BodyReserved                      // reserved; a few ranges had been used
	BodyTest                          // test equipment only
	BodyHexadecimal                   // the range shared with hexadecimal MEIDs
)

var bodyStatusNames = [...]string{"unknown", "current", "retired", "reserved", "test", "hexadecimal"}

// String returns one lower-case word.
func (s BodyStatus) String() string { return bodyStatusNames[s] }

// Body is a reporting body: who allocated, or allocates, the TACs that begin with two digits.
type Body struct {
	ID     int // the two digits, 0 to 99
	Name   string
	Status BodyStatus
}

// bodies is the table of GSMA TS.06, as far as it is public.
var bodies = [...]Body{
	{0, "test equipment", BodyTest},
	{1, "CTIA (PTCRB)", BodyCurrent},
	{2, "test equipment", BodyTest},
	{3, "test equipment", BodyTest},
	{4, "test equipment", BodyTest},
	{5, "test equipment", BodyTest},
	{6, "test equipment", BodyTest},
	{7, "test equipment", BodyTest},
	{8, "test equipment", BodyTest},
	{9, "test equipment", BodyTest},
	{10, "DECT devices", BodyRetired},
	{30, "Iridium (satellite)", BodyRetired},
	{33, "DGPT (France)", BodyRetired},
	{35, "BABT (TÜV SÜD)", BodyCurrent},
	{44, "BABT (United Kingdom)", BodyRetired},
	{45, "NTA (Denmark)", BodyRetired},
	{49, "German bodies", BodyRetired},
	{50, "German bodies", BodyRetired},
	{51, "German bodies", BodyRetired},
	{52, "German bodies", BodyRetired},
	{53, "German bodies", BodyRetired},
	{54, "German bodies", BodyRetired},
	{86, "TAF (China)", BodyCurrent},
	{91, "MSAI (India)", BodyRetired},
	{98, "reserved", BodyReserved},
	{99, "Global Hexadecimal Administrator", BodyHexadecimal},
}

// Bodies returns the table of reporting bodies, sorted by ID.
func Bodies() []Body { return append([]Body(nil), bodies[:]...) }

// Body returns the reporting body of the TAC; its Status is BodyUnknown for digits that the
// table does not have.
func (t TAC) Body() Body {
	id := int(t / 1_000_000)
	for _, b := range &bodies {
		if b.ID == id {
			return b
		}
	}
	return Body{ID: id, Name: "no known reporting body"}
}

// Test reports whether the TAC is in a range for test equipment (reporting bodies 00 and 02 to 09,
// GSMA TS.06). Such equipment belongs in laboratories and is refused in public service, or allowed
// on named networks: which of the two is policy, not identity.
func (t TAC) Test() bool { return t.Body().Status == BodyTest }

// Test reports whether the IMEI is for test equipment: see TAC.Test.
func (m IMEI) Test() bool { return m.TAC().Test() }
