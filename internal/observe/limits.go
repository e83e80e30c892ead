package observe

// The bounds of an import, with their reasons.
const (
	// lineMax bounds a line, in bytes. The longest real line, of a TAC directory, has some thousand;
	// a quote that is never closed is found after this many.
	lineMax = 64 << 10
	// chunkBytes is how much is read at once.
	chunkBytes = 256 << 10
	// fieldsMax bounds the fields of a line; the widest layout, a TAC directory, has about thirty.
	fieldsMax = 256
	// textMax bounds a text field that is kept, in bytes.
	textMax = 1024
	// sourceMax bounds a file as received, in bytes: a month of a large operator has some ten
	// gigabytes before compression.
	sourceMax = 64 << 30
	// unpackedMax bounds what a zip may unpack to, in bytes; nothing of it is kept but rows.
	unpackedMax = 256 << 30
	// ratioMax bounds unpacked to packed bytes of a zip once ratioFloor bytes are unpacked. Dumps
	// reach about 10; deflate itself ends near 1,000. The floor lets a tiny file be very regular.
	ratioMax   = 100
	ratioFloor = 16 << 20
	// directoryMax bounds what the zip's directory may take, in bytes: it has one member, but may
	// say that it has millions.
	directoryMax = 1 << 20
	// rangeDaysMax bounds the days that one dump may cover: a year, and a bit for late corrections.
	rangeDaysMax = 400
	// runRows is how many sightings are held, sorted and folded at a time (24 bytes each, 96 MiB).
	runRows = 4 << 20
	// foldedRows is how many folded rows are held (48 bytes each, 384 MiB). A dump with more devices
	// and subscribers gives several parts for a month and bucket, which readers unite.
	foldedRows = 8 << 20
	// malformedRun is how many malformed rows are held before they are written.
	malformedRun = 64 << 10
	// factsMax bounds the rows of a TAC directory or stolen list, which are held in memory whole to
	// find conflicts. The worldwide directory has about 300,000 rows.
	factsMax = 16 << 20
	// resultsMax bounds the lines of a results file; the last one says how many more there were.
	resultsMax = 1_000_000
	// baselineDays is how many earlier days with data the volume gates compare with.
	baselineDays = 30
	// skewMinutes is how far ahead of the centre's clock an EIR's may be.
	skewMinutes = 60
)
