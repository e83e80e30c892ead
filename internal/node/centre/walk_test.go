package centre_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openceir/openceir/diameter/s13"
	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/config"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/lake"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/node/centre"
	"github.com/openceir/openceir/internal/node/eir"
	"github.com/openceir/openceir/internal/node/secret"
	"github.com/openceir/openceir/internal/store"
	"github.com/openceir/openceir/internal/store/storetest"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/n17"
	"github.com/openceir/openceir/receipt"
	"github.com/openceir/openceir/subscriber"
)

// The two walks of ARCHITECTURE.md, each step seen where it leaves its trace: in the spool, the
// catalogue, the lake, the findings, the ledger, the published files, the node's table, the answer.

const (
	walker = subscriber.IMSI(1010123456789) // 001010123456789, of north's network
	day    = device.Day(20634)              // 30 June 2026
)

var stolen = imei.New(35904222, 514492)

// country is a founded centre that serves, and one operator's node. There may be more operators.
type country struct {
	t       *testing.T
	ctx     context.Context
	dir     string
	now     func() time.Time
	ahead   atomic.Int64 // nanoseconds by which days have passed
	centre  *centre.Centre
	signers []centre.Signer
	node    *config.EIR
}

func newCountry(t *testing.T, database string, more ...string) *country {
	ctx, cancel := context.WithCancel(t.Context())
	begun := time.Now()
	c := &country{t: t, ctx: ctx, dir: t.TempDir()}
	c.now = func() time.Time {
		return day.Time().Add(30*time.Hour + time.Since(begun) + time.Duration(c.ahead.Load()))
	}
	random := rand.NewChaCha8([32]byte{1})
	d := &receipt.Directory{Organisations: map[string][]subscriber.PLMN{"ministry": nil, "regulator": nil, "north": {"00101"}},
		Persons: map[string]ed25519.PublicKey{}, Nodes: map[string]ed25519.PublicKey{}}
	for i, name := range more {
		d.Organisations[name] = []subscriber.PLMN{subscriber.PLMN(fmt.Sprintf("001%02d", i+2))}
	}
	for _, p := range []string{"ministry/amina", "regulator/bela"} {
		key, _, err := secret.NewKey(random)
		c.must(err)
		d.Persons[p] = key.Public().(ed25519.PublicKey)
		c.signers = append(c.signers, centre.Signer{Person: p, Key: key})
	}
	key, text, err := secret.NewKey(random)
	c.must(err)
	d.Nodes["north/eir"] = key.Public().(ed25519.PublicKey)
	keyFile := filepath.Join(c.dir, "keys", "eir.key")
	c.must(secret.Write(keyFile, text))
	cfg := &config.Centre{Data: filepath.Join(c.dir, "data"), Database: database, LogKey: filepath.Join(c.dir, "keys", "log.key"),
		MCC: "001", CountryCode: "999", Zone: "UTC", Timed: true}
	c.must(centre.NewLogKey(cfg.LogKey, "walk.example", random))
	c.centre, err = centre.Open(ctx, cfg, centre.Options{Now: c.now, Log: quiet()})
	c.must(err)
	founders, err := c.centre.Found(ctx, d, c.signers)
	c.must(err)
	c.serve(cancel, founders, keyFile)
	return c
}

func (c *country) serve(cancel func(), founders receipt.Digest, keyFile string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	c.must(err)
	served := make(chan error, 1)
	go func() {
		served <- c.centre.ServeWith(c.ctx, ln, c.centre.Handler(), func() device.Day { return 0 })
	}()
	c.t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			c.t.Errorf("the centre ended: %v", err)
		}
		c.centre.Close()
	})
	public, err := c.centre.PublicKey()
	c.must(err)
	c.node = &config.EIR{Node: "north/eir", Key: keyFile, Data: filepath.Join(c.dir, "node"), Centre: "http://" + ln.Addr().String(),
		Log: public, Founders: founders.String()}
	c.node.S13.Listen, c.node.N17.Listen = "127.0.0.1:0", "127.0.0.1:0"
	c.node.Every = config.Duration(time.Hour) // the test takes each look itself
	c.node.Defaults()
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func (c *country) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// withNode runs the node while f does something with it, and ends it.
func (c *country) withNode(f func(*eir.Node)) {
	c.t.Helper()
	n, err := eir.Open(c.node, c.now, quiet())
	c.must(err)
	ctx, stop := context.WithCancel(c.ctx)
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	f(n)
	stop()
	if err := <-ended; err != nil {
		c.t.Fatalf("the node ended: %v", err)
	}
}

// ask attaches a device over both fronts.
func (c *country) ask(n *eir.Node, m imei.IMEI) string {
	c.t.Helper()
	over13, err := s13.Dial(c.ctx, n.S13.Addr().String(), s13.ClientOptions{})
	c.must(err)
	defer over13.Close()
	a, err := over13.Check(c.ctx, s13.Query{IMEI: m, IMSI: walker})
	c.must(err)
	over17 := n17.NewClient("http://"+n.N17.Addr().String(), nil)
	defer over17.Close()
	b, err := over17.Check(c.ctx, n17.Query{IMEI: m, SVN: imei.NoSVN, IMSI: walker})
	c.must(err)
	if a.String() != b.String() {
		c.t.Fatalf("S13 answers %s and N17 %s", a, b)
	}
	return a.String()
}

// stolenList takes in a stolen list of twenty phones that nobody uses, and the ones given.
func (c *country) stolenList(name string, more ...imei.IMEI) {
	c.t.Helper()
	var b strings.Builder
	b.WriteString("imei,reporting_date,status\n")
	for i := range uint32(20) {
		fmt.Fprintf(&b, "%s,20260601,\n", imei.New(35904223, i))
	}
	for _, m := range more {
		fmt.Fprintf(&b, "%s,20260620,blacklist\n", m)
	}
	path := filepath.Join(c.dir, name+".csv")
	c.must(os.WriteFile(path, []byte(b.String()), 0o600))
	_, err := c.centre.Import(c.ctx, path, device.FileStolen, "", nil)
	c.must(err)
}

// view asks the register.
func (c *country) view(f func(*store.Tx) error) {
	c.t.Helper()
	c.must(c.centre.Store.View(c.ctx, func(tx ledger.Tx) error { return f(tx.(*store.Tx)) }))
}

func (c *country) finding() (f device.Finding, open bool) {
	rows, err := c.centre.FindingsOf(c.ctx, stolen)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, r := range rows {
		if r.Finding.Rule == "stolen" {
			f, open = r.Finding, true
		}
	}
	return f, open
}

func onBoth(t *testing.T, f func(*testing.T, *country)) {
	t.Run("sqlite", func(t *testing.T) { f(t, newCountry(t, "")) })
	t.Run("postgres", func(t *testing.T) { f(t, newCountry(t, storetest.Postgres(t))) })
}

// A network asks; the observation goes up by ring, spool, feed and observe into the lake, and
// detection judges the device by it.
func TestWalkOfOneObservation(t *testing.T) { onBoth(t, walkOfOneObservation) }

func walkOfOneObservation(t *testing.T, c *country) {
	c.stolenList("first", stolen)
	c.withNode(func(n *eir.Node) {
		if got := c.ask(n, stolen); got != "allowed" {
			t.Fatalf("without a list the device is %s, not allowed", got)
		}
	})
	spooled, err := filepath.Glob(filepath.Join(c.node.Data, "spool", "*.segment"))
	c.must(err)
	if len(spooled) == 0 {
		t.Fatal("nothing was spooled")
	}
	c.withNode(func(n *eir.Node) { c.must(n.Sync(c.ctx)) })
	if left, _ := filepath.Glob(filepath.Join(c.node.Data, "spool", "*.segment")); len(left) != 0 {
		t.Fatalf("the centre has taken the segments, and %v are still here", left)
	}
	c.inTheLake(t)
	c.must(c.centre.Run(c.ctx, day+1)) // the clock's day, on which the device was seen
	f, open := c.finding()
	if !open || f.Pairs != 1 {
		t.Fatalf("the finding is %+v (open %v): it should be open, for one active pair", f, open)
	}
}

// inTheLake checks that the segment is in the catalogue, and its device in days and visits.
func (c *country) inTheLake(t *testing.T) {
	c.view(func(tx *store.Tx) error {
		files, err := tx.Files(c.ctx, device.FileSegment, "north")
		if err != nil || len(files) == 0 {
			t.Fatalf("no segment of north is in the catalogue (%v)", err)
		}
		var parts []device.Part
		for _, table := range []string{lake.TableDays, lake.TableVisits} {
			more, err := tx.LiveParts(c.ctx, table)
			c.must(err)
			parts = append(parts, more...)
		}
		for h, err := range c.centre.Lake.Histories(c.ctx, parts, device.BucketOf(stolen)) {
			c.must(err)
			if h.IMEI == stolen && len(h.Days) > 0 && h.Days[0].IMSI == walker && len(h.Visits) > 0 {
				return nil
			}
		}
		t.Fatal("the lake does not hold what the node saw")
		return nil
	})
}

// A finding becomes an act under a signed policy, the act a line that the node verifies, the line
// an answer; and when its ground is gone, it is lifted.
func TestWalkOfOneBlockingDecision(t *testing.T) { onBoth(t, walkOfOneBlockingDecision) }

func walkOfOneBlockingDecision(t *testing.T, c *country) {
	c.stolenList("first", stolen)
	c.withNode(func(n *eir.Node) { c.ask(n, stolen) })
	c.withNode(func(n *eir.Node) {
		c.must(n.Sync(c.ctx))
		c.must(c.centre.Run(c.ctx, day+1))
		c.must(n.Sync(c.ctx))
		if got := c.ask(n, stolen); got != "allowed" {
			t.Fatalf("the rule is a shadow, and the device is %s", got)
		}
		c.authorise(t, n)
		c.must(n.Sync(c.ctx))
		if got := c.ask(n, stolen); got != "prohibited" {
			t.Fatalf("the act is published and applied, and the device is %s", got)
		}
		c.must(n.Sync(c.ctx)) // it reports what is in force
		c.proved(t)

		c.stolenList("second")
		c.must(c.centre.Run(c.ctx, 0))
		if f, open := c.finding(); open {
			t.Fatalf("the device is off the list, and the finding still open: %+v", f)
		}
		// The ledger goes on between the publication and the node's question.
		c.must(c.centre.Report(c.ctx, device.NodeReport{Node: "north/eir-2", Size: 1, State: device.InForce}))
		c.must(n.Sync(c.ctx))
		if got := c.ask(n, stolen); got != "allowed" {
			t.Fatalf("the line is lifted, and the device is %s", got)
		}
		c.rests(t, n)
	})
	report, err := c.centre.Verify(c.ctx, nil)
	c.must(err)
	if len(report.Faults) != 0 {
		t.Fatalf("the register has faults: %v", report.Faults)
	}
}

// rests looks and looks again when nothing happens: the node has said what is in force, and neither
// it nor the ledger grows.
func (c *country) rests(t *testing.T, n *eir.Node) {
	size := func() (head uint64) {
		c.view(func(tx *store.Tx) error {
			h, err := tx.Head(c.ctx)
			head = h.Size
			return err
		})
		return head
	}
	c.must(n.Sync(c.ctx))
	begun, stood := size(), n.Lists.Size()
	for range 3 {
		c.must(c.centre.Run(c.ctx, 0))
		c.must(n.Sync(c.ctx))
	}
	if size() != begun || n.Lists.Size() != stood {
		t.Fatalf("nothing happened, and the ledger went from %d to %d records, the node's table from %d to %d", begun, size(), stood, n.Lists.Size())
	}
}

// authorise lets two organisations sign the base of the guard and the rule's policy, the second
// only after one signature was seen not to suffice.
func (c *country) authorise(t *testing.T, n *eir.Node) {
	digest, err := c.centre.ProposeActive(c.ctx)
	c.must(err)
	c.sign(digest, c.signers...)
	digest, dry, err := c.centre.ProposePolicy(c.ctx, "stolen", 0, 30)
	c.must(err)
	if dry.Automatic != 21 {
		t.Fatalf("the dry run speaks of %d measures, there are 21 phones", dry.Automatic)
	}
	c.sign(digest, c.signers[0])
	if n := c.acts(); n != 0 {
		t.Fatalf("one organisation signed, and there are %d measures", n)
	}
	c.sign(digest, c.signers[1])
	// 21 pairs are more than anyone may sign for at once in a country with one active pair: the
	// policy is announced, the node hears of it, and a day has to pass.
	if _, _, ok := c.centre.Guard().Policy("stolen"); ok {
		t.Fatal("a policy for 21 pairs is in force at once, with one active pair in the country")
	}
	c.must(n.Sync(c.ctx))
	c.ahead.Store(int64(23 * time.Hour))
	c.must(c.centre.Run(c.ctx, 0))
	if n := c.acts(); n != 0 {
		t.Fatalf("23 hours have passed, and there are %d measures", n)
	}
	c.ahead.Store(int64(25 * time.Hour))
	c.must(c.centre.Run(c.ctx, 0))
	if n := c.acts(); n != 1 {
		t.Fatalf("a day has passed, and there are %d measures, not one of 21 lines", n)
	}
}

func (c *country) sign(digest receipt.Digest, by ...centre.Signer) {
	c.t.Helper()
	for _, s := range by {
		c.must(c.centre.Sign(c.ctx, digest, s, receipt.Approve))
	}
	c.must(c.centre.Run(c.ctx, 0))
}

func (c *country) acts() int {
	n, err := c.centre.CountKind(c.ctx, receipt.Measure)
	c.must(err)
	return n
}

// proved checks the published files, what the node said, and the holder's receipt.
func (c *country) proved(t *testing.T) {
	for _, stream := range []string{list.National, "north"} {
		if _, err := os.Stat(filepath.Join(c.centre.Config.Data, "lists", stream, "index")); err != nil {
			t.Fatal(err)
		}
	}
	c.view(func(tx *store.Tx) error {
		nodes, err := tx.Nodes(c.ctx)
		if !slices.ContainsFunc(nodes, func(n ledger.NodeRow) bool { return n.Node == "north/eir" && n.State == device.InForce && n.Size > 0 }) {
			t.Fatalf("the node has not said that its list is in force: %+v", nodes)
		}
		return err
	})
	r, err := c.centre.Receipt(c.ctx, stolen)
	c.must(err)
	read, err := receipt.Parse(r.Bytes())
	c.must(err)
	_, err = read.Verify(c.centre.Verifier)
	c.must(err)
	if text := read.Text(); !strings.Contains(text, "The rule stolen") || !strings.Contains(text, "regulator/bela") {
		t.Fatalf("the receipt does not tell the reason and who signed:\n%s", text)
	}
}
