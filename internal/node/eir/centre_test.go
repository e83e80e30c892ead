package eir_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openceir/openceir/diameter/s13"
	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/config"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/node/centre"
	"github.com/openceir/openceir/internal/node/eir"
	"github.com/openceir/openceir/internal/node/secret"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
	"github.com/openceir/openceir/subscriber"
)

// country is a founded centre and the configuration of one operator's node, with a clock in hand.
type country struct {
	*testing.T
	dir     string
	centre  *centre.Centre
	signers []centre.Signer
	web     *httptest.Server // nil while the centre is down
	node    *config.EIR

	mu    sync.Mutex // guards clock
	clock time.Time
}

func newCountry(t *testing.T) *country {
	c := &country{T: t, dir: t.TempDir(), clock: time.Date(2026, 7, 1, 6, 0, 0, 0, time.UTC)}
	random := rand.NewChaCha8([32]byte{2})
	d := &receipt.Directory{Organisations: map[string][]subscriber.PLMN{"ministry": nil, "regulator": nil, "north": {"00101"}},
		Persons: map[string]ed25519.PublicKey{}, Nodes: map[string]ed25519.PublicKey{}}
	for _, p := range []string{"ministry/amina", "regulator/bela"} {
		key, _, err := secret.NewKey(random)
		c.must(err)
		d.Persons[p] = key.Public().(ed25519.PublicKey)
		c.signers = append(c.signers, centre.Signer{Person: p, Key: key})
	}
	key, text, err := secret.NewKey(random)
	c.must(err)
	d.Nodes["north/eir"] = key.Public().(ed25519.PublicKey)
	c.must(secret.Write(c.path("eir.key"), text))
	_, text, err = secret.NewKey(random)
	c.must(err)
	c.must(secret.Write(c.path("other.key"), text))
	cfg := &config.Centre{Data: c.path("centre"), LogKey: c.path("log.key"), MCC: "001", CountryCode: "999", Zone: "UTC", Timed: true}
	c.must(centre.NewLogKey(cfg.LogKey, "node.example", random))
	c.centre, err = centre.Open(t.Context(), cfg, centre.Options{Now: c.now, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	c.must(err)
	founders, err := c.centre.Found(t.Context(), d, c.signers)
	c.must(err)
	public, err := c.centre.PublicKey()
	c.must(err)
	t.Cleanup(func() {
		c.down()
		c.must(c.centre.Close())
	})
	c.node = &config.EIR{Node: "north/eir", Key: c.path("eir.key"), Data: c.path("node"), Log: public, Founders: founders.String()}
	c.node.S13.Listen = "127.0.0.1:0"
	c.node.Every = config.Duration(time.Hour) // tests take each look themselves
	c.node.Defaults()
	c.up()
	return c
}

func (c *country) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

func (c *country) path(name string) string { return filepath.Join(c.dir, name) }

func (c *country) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.clock
}

func (c *country) wait(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock = c.clock.Add(d)
}

// up lets the centre answer, and down ends that.
func (c *country) up() {
	c.web = httptest.NewServer(c.centre.Handler())
	c.node.Centre = c.web.URL
}

func (c *country) down() {
	if c.web != nil {
		c.web.Close()
		c.web = nil
	}
}

// phone is one of the country's.
func phone(n int) imei.IMEI { return imei.New(35227301, uint32(n)) }

// decide lets two organisations sign a measure, and publishes it. A day passes, for in a country of so
// few they may change one pair a day.
func (c *country) decide(op string, n int) {
	c.Helper()
	c.wait(25 * time.Hour)
	ops, err := list.ParseOps(fmt.Appendf(nil, "%s listed %s prohibited barred\n", op, phone(n)), 0)
	c.must(err)
	digest, err := c.centre.ProposeMeasure(c.Context(), receipt.Author{Sort: receipt.Person, Name: c.signers[0].Person}, ops, "a test")
	c.must(err)
	c.must(c.centre.Sign(c.Context(), digest, c.signers[0], receipt.Asks))
	c.must(c.centre.Sign(c.Context(), digest, c.signers[1], receipt.Approve))
	c.must(c.centre.Run(c.Context(), 0))
}

// journal is what a node said, line by line.
type journal struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

// Write implements io.Writer.
func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// running is a node that runs.
type running struct {
	*eir.Node
	c     *country
	began string // which phones it refused before it had spoken with anybody
	said  *journal
	stop  context.CancelFunc
	ended chan error
}

// start starts the country's node as it is configured.
func (c *country) start() *running {
	c.Helper()
	r := &running{c: c, said: new(journal), ended: make(chan error, 1)}
	var err error
	r.Node, err = eir.Open(c.node, c.now, slog.New(slog.NewTextHandler(r.said, nil)))
	c.must(err)
	r.began = refused(phones, func(i int) bool {
		return r.Core.Answer(&device.Attach{IMEI: phone(i).String()}).Status == list.Prohibited
	})
	var ctx context.Context
	ctx, r.stop = context.WithCancel(c.Context())
	go func() { r.ended <- r.Run(ctx) }()
	return r
}

// end ends the node, which must put everything away.
func (r *running) end() {
	r.c.Helper()
	r.stop()
	if err := <-r.ended; err != nil {
		r.c.Errorf("the node ended with %v", err)
	}
}

// sync lets the node look at the centre once.
func (r *running) sync() {
	r.c.Helper()
	r.c.must(r.Sync(r.c.Context()))
}

// phones is how many of them are asked about.
const phones = 3

// refused says which of some phones are refused: x for each, a point else.
func refused(phones int, f func(int) bool) string {
	b := bytes.Repeat([]byte("."), phones)
	for i := range b {
		if f(i) {
			b[i] = 'x'
		}
	}
	return string(b)
}

// asks asks about some phones over Diameter.
func (r *running) asks(phones int) string {
	r.c.Helper()
	client, err := s13.Dial(r.c.Context(), r.S13.Addr().String(), s13.ClientOptions{})
	r.c.must(err)
	defer client.Close()
	return refused(phones, func(i int) bool {
		a, err := client.Check(r.c.Context(), s13.Query{IMEI: phone(i), IMSI: 1010123456789})
		r.c.must(err)
		return a == s13.Prohibited
	})
}

// refuses fails unless the node refuses these phones.
func (r *running) refuses(want string) {
	r.c.Helper()
	if got := r.asks(phones); got != want {
		r.c.Errorf("the node answers %s, not %s", got, want)
	}
}

// says fails unless the node has said each of these.
func (r *running) says(texts ...string) {
	r.c.Helper()
	for _, s := range texts {
		if !strings.Contains(r.said.String(), s) {
			r.c.Errorf("the node did not say %q, but:\n%s", s, r.said)
		}
	}
}

// starts starts the node, which must refuse these phones from the first moment.
func (c *country) starts(want string) *running {
	c.Helper()
	r := c.start()
	if r.began != want {
		c.Errorf("the node begins with %s, not %s; it says:\n%s", r.began, want, r.said)
	}
	return r
}
