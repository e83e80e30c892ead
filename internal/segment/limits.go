package segment

// The bounds of a segment, with their reasons.
const (
	// BlockMax is the largest payload of a block, in bytes: what a crash may cost, and what a
	// reader holds in memory.
	BlockMax = 64 << 10
	// Max is the largest segment, in bytes. The centre holds one in memory.
	Max = 16 << 20
	// RowsMax is the largest number of rows of a segment: rows take 25 bytes or more, so a segment
	// of Max bytes cannot have more of them; a row of the least size takes 10.
	RowsMax = 1 << 20
	// IMEIMax is the longest text that stands for an IMEI, in bytes: twice the longest real one.
	IMEIMax = 32
	// StayMax is the longest stay, in minutes: two days. An EIR that coalesces for longer would
	// hold back what it saw for longer.
	StayMax = 2 * 1440
	// operatorMax is the longest name of an operator, in bytes.
	operatorMax = 64
	// areaEnd is one more than the cell of the north-east corner of the grid.
	areaEnd = 1801 * 3600
	// rowMax is the largest row, in bytes: the text and seven varints, rounded up.
	rowMax = 128
)
