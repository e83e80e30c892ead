package replay

// The bounds of a file.
const (
	// LineMax is the longest line in bytes with its line feed. The longest possible attach has
	// 19+32+15+15+2+64+10 bytes, six commas and a line feed: 164.
	LineMax = 256
	// imeiMax is the longest malformed identity in bytes: twice what a network can send.
	imeiMax = 32
	// nodeMax is the longest node name in bytes, a DNS label and a little.
	nodeMax = 64
	// nodesMax is how many distinct node names a Reader remembers so as not to allocate each
	// again; a file with more is read all the same.
	nodesMax = 4096

	bufferBytes = 64 << 10 // read at once; must exceed LineMax
)
