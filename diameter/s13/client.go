package s13

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/openceir/openceir/diameter"
	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/subscriber"
)

// ClientOptions says who a Client is and whom it asks. The zero value of a field is its default.
type ClientOptions struct {
	Host             string        // our DiameterIdentity, "mme.localdomain" by default
	Realm            string        // our realm, "localdomain" by default
	DestinationRealm string        // the EIR's realm; what the peer calls its own by default
	DestinationHost  string        // the EIR's name; left out of requests by default
	Window           int           // questions under way at once, 256 by default; further ones wait
	Timeout          time.Duration // how long to wait for an answer, and for the peer at Dial, 5 s by default
	Watchdog         time.Duration // silence after which the peer is asked for life, 30 s by default, at least 6 s
}

// Query is one question.
type Query struct {
	IMEI     imei.IMEI       // sent as 14 digits, which every EIR accepts
	Digits   string          // sent instead, as it is, if not empty
	Software string          // two digits, or empty
	IMSI     subscriber.IMSI // sent as User-Name unless 0
}

// ResultError is an answer that is not a status: a Result-Code other than 2001, or an
// Experimental-Result other than 5422 of the 3GPP.
type ResultError struct {
	Result diameter.Result
	Vendor uint32 // of an Experimental-Result, else 0
	Text   string // Error-Message, if there was one
}

// Error implements error.
func (e *ResultError) Error() string {
	if e.Text == "" {
		return "the EIR answered " + e.Result.String()
	}
	return "the EIR answered " + e.Result.String() + ": " + e.Text
}

// Client is one connection to an EIR, with many questions under way at once. Its methods may be
// called from many goroutines. Two goroutines serve it, which Close waits for; one waits for
// answers, the other writes what has gathered since it last wrote.
type Client struct {
	options ClientOptions
	net     net.Conn
	voice   *voice
	remote  struct{ host, realm string }
	prefix  string // of our Session-Ids
	free    chan *slot
	slots   []slot
	wake    chan struct{} // there is something to write
	gone    chan struct{} // closed when the reader has ended
	running sync.WaitGroup

	mu      sync.Mutex // guards the fields below, and generation and waiting of each slot
	out     []byte
	err     error // why the connection ended
	session uint64
}

// slot is the place of one question under way. Its number and its generation are the hop-by-hop
// identifier, so that an answer that comes after we stopped waiting is told from the next one.
type slot struct {
	number     uint32
	generation uint32
	waiting    bool
	raw        bool // the waiter wants the message itself
	timer      *time.Timer
	reply      chan reply
}

type reply struct {
	answer  Answer
	message []byte
	err     error
}

// Dial connects over TCP and exchanges capabilities.
func Dial(ctx context.Context, address string, options ClientOptions) (*Client, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("connecting to the EIR: %w", err)
	}
	return NewClient(ctx, c, options)
}

// NewClient exchanges capabilities on a connection that was made otherwise, such as TLS, and
// takes charge of it; it is closed if that does not succeed.
func NewClient(ctx context.Context, conn net.Conn, options ClientOptions) (*Client, error) {
	options.complete()
	c := &Client{
		options: options,
		net:     conn,
		voice:   newVoice(options.Host, options.Realm, "OpenCEIR", uint32(time.Now().Unix())),
		prefix:  options.Host + ";" + strconv.FormatUint(uint64(rand.Uint32()), 10) + ";",
		free:    make(chan *slot, options.Window),
		slots:   make([]slot, options.Window),
		wake:    make(chan struct{}, 1),
		gone:    make(chan struct{}),
	}
	for i := range c.slots {
		c.slots[i] = slot{number: uint32(i), reply: make(chan reply, 1)}
		c.free <- &c.slots[i]
	}
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) }) //nolint:errcheck // Closed is as good.
	rest, err := c.present()
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("exchanging capabilities with the EIR: %w", err)
	}
	c.running.Add(2)
	go c.read(rest)
	go c.write()
	return c, nil
}

func (o *ClientOptions) complete() {
	if o.Host == "" {
		o.Host = "mme.localdomain"
	}
	if o.Realm == "" {
		o.Realm = "localdomain"
	}
	if o.Window <= 0 {
		o.Window = defaultWindow
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Watchdog == 0 {
		o.Watchdog = watchdogWait
	}
	o.Window, o.Watchdog = min(o.Window, maxWindow), max(o.Watchdog, watchdogMin)
}

// Peer returns what the EIR called itself and its realm.
func (c *Client) Peer() (host, realm string) { return c.remote.host, c.remote.realm }

// Check asks for the status of a device. The answer is Allowed, Prohibited, Tracked or Unknown;
// any other result is a *ResultError.
func (c *Client) Check(ctx context.Context, q Query) (Answer, error) {
	r, err := c.ask(ctx, false, func(b []byte, id uint32) []byte { return c.appendCheck(b, &q, id) })
	return r.answer, err
}

// Exchange sends a request as it is, but for its hop-by-hop identifier, and returns the answer
// as it came. It is there to test how an EIR takes what Check would never send.
func (c *Client) Exchange(ctx context.Context, request []byte) ([]byte, error) {
	if len(request) < diameter.HeaderSize {
		return nil, errors.New("sending a Diameter message: it is shorter than its header")
	}
	r, err := c.ask(ctx, true, func(b []byte, id uint32) []byte {
		at := len(b)
		b = append(b, request...)
		binary.BigEndian.PutUint32(b[at+12:], id)
		return b
	})
	return r.message, err
}

// AppendCheck appends an ME-Identity-Check-Request as Check would send it, with those
// identifiers, for tests and for sending by other means.
func (c *Client) AppendCheck(b []byte, q Query, hopByHop uint32) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.appendCheck(b, &q, hopByHop)
}

// appendCheck appends a request (TS 29.272 §7.2.19). The caller holds mu.
func (c *Client) appendCheck(b []byte, q *Query, id uint32) []byte {
	c.session++
	start := len(b)
	b = diameter.AppendHeader(b, diameter.Header{Flags: diameter.Request | diameter.Proxiable,
		Command: Command, Application: Application, HopByHop: id, EndToEnd: uint32(c.session)})
	b, at := diameter.Open(b, diameter.SessionID, 0, diameter.Mandatory)
	b = strconv.AppendUint(append(b, c.prefix...), c.session, 10)
	b = append(diameter.Close(b, at), c.voice.grace...)
	b = diameter.AppendUint32(b, diameter.AuthSessionState, 0, diameter.Mandatory, 1)
	b = append(b, c.voice.origin...)
	if c.options.DestinationHost != "" {
		b = diameter.AppendString(b, diameter.DestinationHost, 0, diameter.Mandatory, c.options.DestinationHost)
	}
	b = diameter.AppendString(b, diameter.DestinationRealm, 0, diameter.Mandatory, c.options.DestinationRealm)
	b, outer := diameter.Open(b, TerminalInformation, Vendor, diameter.Mandatory)
	b, at = diameter.Open(b, IMEI, Vendor, diameter.Mandatory)
	if q.Digits != "" {
		b = append(b, q.Digits...)
	} else {
		b = q.IMEI.Append(b)
	}
	b = diameter.Close(b, at)
	if q.Software != "" {
		b = diameter.AppendString(b, SoftwareVersion, Vendor, diameter.Mandatory, q.Software)
	}
	b = diameter.Close(b, outer)
	if q.IMSI != 0 {
		b = diameter.AppendString(b, diameter.UserName, 0, diameter.Mandatory, q.IMSI.String())
	}
	diameter.Finish(b, start)
	return b
}

// ask takes a free slot, hands what compose appends to the writer, and waits for the reply.
func (c *Client) ask(ctx context.Context, raw bool, compose func([]byte, uint32) []byte) (reply, error) {
	var s *slot
	select {
	case s = <-c.free:
	case <-c.gone:
		return reply{}, c.reason()
	case <-ctx.Done():
		return reply{}, ctx.Err()
	}
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		c.free <- s
		return reply{}, c.reason()
	}
	s.generation++
	s.waiting, s.raw = true, raw
	c.out = compose(c.out, s.generation<<16|s.number)
	c.mu.Unlock()
	c.hurry()

	r, err := c.await(ctx, s)
	c.free <- s
	if err == nil {
		err = r.err
	}
	return r, err
}

// await waits for the reply to what is in a slot, and empties the slot in any case.
func (c *Client) await(ctx context.Context, s *slot) (reply, error) {
	if s.timer == nil {
		s.timer = time.NewTimer(c.options.Timeout)
	} else {
		s.timer.Reset(c.options.Timeout)
	}
	defer s.timer.Stop()
	var err error
	select {
	case r := <-s.reply:
		return r, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-s.timer.C:
		err = fmt.Errorf("the EIR did not answer within %v", c.options.Timeout)
	case <-c.gone:
		err = c.reason()
	}
	c.mu.Lock()
	late := !s.waiting // the reply came after all, and is or will be in the channel
	s.waiting = false
	c.mu.Unlock()
	if late {
		return <-s.reply, nil
	}
	return reply{}, err
}

// hurry wakes the writer.
func (c *Client) hurry() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *Client) reason() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Close asks the EIR to disconnect (DPR, Disconnect-Cause DO_NOT_WANT_TO_TALK_TO_YOU), waits a
// moment for its consent, and ends the connection. Questions under way get ErrClosed.
func (c *Client) Close() error {
	c.mu.Lock()
	if c.err == nil {
		c.out = c.appendBaseRequest(c.out, diameter.DisconnectPeer, diameter.DisconnectCause, 2)
	}
	c.mu.Unlock()
	c.hurry()
	patience := time.NewTimer(disconnectWait)
	defer patience.Stop()
	select {
	case <-c.gone:
	case <-patience.C:
		c.end(ErrClosed)
	}
	c.running.Wait()
	return nil
}
