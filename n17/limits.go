package n17

import "time"

const (
	// maxQuery bounds the query string. The longest identifiers (a SUPI and a GPSI in the form of
	// network access identifiers, 253 bytes each, every byte escaped) stay below it.
	maxQuery = 2 << 10

	// maxHeader bounds the header of a request: the query, an access token of some kilobytes, and
	// the 3gpp-Sbi headers.
	maxHeader = 16 << 10

	// maxStreams bounds the requests under way on one connection. Answers take microseconds, so
	// that more would only be a queue.
	maxStreams = 256

	// maxConnections bounds the connections of one server; a network has some tens of AMFs and
	// proxies, each with a few.
	maxConnections = 1024

	// maxFrame bounds a frame: the least that RFC 9113 §4.2 allows, and as much as a header has.
	maxFrame = 16 << 10

	// bodyWindow is what a peer may send of bodies, which no request has, before it must stop.
	bodyWindow = 64 << 10

	// headerWait is how long a connection may take to begin HTTP/2.
	headerWait = 10 * time.Second

	// writeWait is how long a peer may leave answers unread before it loses the connection.
	writeWait = 10 * time.Second

	// idleWait is how long a connection without requests is kept; pingWait is the silence after
	// which a peer is asked for life, pongWait how long it has to answer.
	idleWait = 10 * time.Minute
	pingWait = 30 * time.Second
	pongWait = 10 * time.Second

	// leaveWait is how long requests under way may take once the server is to stop.
	leaveWait = 5 * time.Second

	// retryAfter is what a Busy answer asks for, in seconds.
	retryAfter = "1"

	// maxAnswer bounds what a Client reads of a body.
	maxAnswer = 16 << 10

	// defaultTimeout is how long a Client waits for an answer.
	defaultTimeout = 5 * time.Second
)
