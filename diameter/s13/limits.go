package s13

import "time"

const (
	// maxMessage bounds a message in either direction. A request is about 250 bytes, and every
	// agent on its way adds at most a Route-Record and a Proxy-Info of some tens of bytes.
	maxMessage = 4 << 10

	// maxAnswer bounds what a Client reads: the largest request's Session-Id and Proxy-Info come
	// back, with a Failed-AVP of failedMax and an Error-Message.
	maxAnswer = 2 * maxMessage

	// readBuffer is what one connection reads at once: some 260 requests, far above what one
	// network hop holds, and small enough for maxConnections of them (128 MiB at worst).
	readBuffer = 64 << 10

	// writeBatch is the size at which answers are written although the batch is not done, so
	// that a batch of small bad requests with long answers does not pile up.
	writeBatch = 64 << 10

	// maxConnections bounds the connections of one server. An operator has some tens of MMEs
	// and agents; the rest is room for their reconnecting all at once.
	maxConnections = 1024

	// handshakeWait is how long a new connection may take to present itself. RFC 6733 §5.6
	// leaves its Timeout open; ten seconds is many round trips on any signalling network.
	handshakeWait = 10 * time.Second

	// messageWait is how long a message may take from its first byte to its last. A peer that
	// drips bytes would else hold its buffer for ever.
	messageWait = 10 * time.Second

	// writeWait is how long a peer may leave our answers unread before it loses the connection.
	writeWait = 10 * time.Second

	// watchdogWait is Tw, how long a connection may be silent before it is asked for life, and
	// again before it is closed (RFC 3539 §3.4.1); watchdogMin is the lowest Tw allowed there,
	// watchdogJitter what is added or taken at random, lest all peers ask at the same time.
	watchdogWait   = 30 * time.Second
	watchdogMin    = 6 * time.Second
	watchdogJitter = 2 * time.Second

	// disconnectWait is how long we wait for the answer to our DPR before closing all the same.
	disconnectWait = 5 * time.Second

	// lingerWait and lingerBytes bound how long and how much is still read, and thrown away,
	// from a peer to which a last answer was written: closing with bytes unread would make the
	// kernel take that answer back.
	lingerWait  = time.Second
	lingerBytes = 1 << 20

	// acceptWait is the pause after a failure to accept, such as a lack of file descriptors.
	acceptWait = 100 * time.Millisecond

	// failedMax bounds the offending AVP quoted in Failed-AVP; beyond it only its header is.
	failedMax = 1 << 10
)

const (
	// defaultWindow is how many questions a Client has under way at once unless told otherwise:
	// enough to fill a batch, little enough for any server's queue.
	defaultWindow = 256
	// maxWindow is bound by the 16 bits of a hop-by-hop identifier that number the slots.
	maxWindow = 1 << 16
	// defaultTimeout is how long a Client waits for an answer; an MME waits about as long.
	defaultTimeout = 5 * time.Second
)
