// Package eir builds a running operator's node from its configuration: fronts, core, spool, lists
// and feed, each with an owner that waits for it.
package eir

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/openceir/openceir/diameter/s13"
	"github.com/openceir/openceir/internal/config"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/eir"
	"github.com/openceir/openceir/internal/feed"
	"github.com/openceir/openceir/internal/node/secret"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/internal/replay"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/n17"
	"github.com/openceir/openceir/receipt"
)

// Node is a running node. Open it, Run it, and it ends when the context does.
type Node struct {
	Config *config.EIR
	Core   *eir.Core
	Lists  *eir.Lists
	Log    *slog.Logger

	S13 net.Listener // nil if there is no such front
	N17 net.Listener

	seen  *eir.Seen
	spool *eir.Spool
	feed  *feed.Client // nil without a centre

	mu   sync.Mutex // held while the node speaks with the centre; guards lists and what it reports
	told string     // the last report that the centre took
	held string     // why the last file was held, "" if it was not
}

// Open prepares a node: it recovers the spool, loads the believed list, and listens. now is the
// clock.
func Open(c *config.EIR, now func() time.Time, log *slog.Logger) (*Node, error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("opening the node's data: %w", err)
	}
	org, _, ok := strings.Cut(c.Node, "/")
	if !ok {
		return nil, problem.New(problem.Invalid, "the node's name %q is not ORGANISATION/NAME", c.Node)
	}
	n := &Node{Config: c, Core: eir.NewCore(now), Log: log, seen: new(eir.Seen)}
	n.spool = &eir.Spool{Dir: filepath.Join(c.Data, "spool"), Operator: device.Operator(org), Zone: config.Location(c.Zone),
		Seen: n.seen, Stats: &n.Core.Stats}
	if err := n.seen.Load(n.seenFile()); err != nil {
		log.Warn("what was seen is lost; the node counts anew", "error", err)
	}
	for _, step := range []func() error{n.spool.Recover, func() error { return n.openLists(org) }, n.openFeed, n.listen} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func (n *Node) seenFile() string { return filepath.Join(n.Config.Data, "seen") }

func (n *Node) openLists(org string) error {
	c := n.Config
	r := &list.Replica{Stream: c.Stream, Skew: 5 * time.Minute}
	if r.Stream == "" {
		r.Stream = org
	}
	var err error
	if c.Log != "" {
		if r.Log, err = note.NewVerifier(c.Log); err != nil {
			return problem.New(problem.Invalid, "the log's public key is not one: %w", err)
		}
	}
	if c.Founders != "" {
		if r.Founders, err = receipt.ParseDigest(c.Founders); err != nil {
			return problem.New(problem.Invalid, "founders: %w", err)
		}
	}
	n.Lists = &eir.Lists{Dir: filepath.Join(c.Data, "lists"), Replica: r, Core: n.Core,
		Seen: func() list.Seen { return n.seen.Count() }, Refused: n.refused}
	if c.Log == "" {
		n.Log.Warn("no public key of the log is configured: no list is believed and every device is allowed")
		return nil
	}
	if err := n.Lists.Load(); err != nil {
		return err
	}
	if n.Lists.Size() == 0 {
		n.Log.Warn("no list yet: every device is allowed until one has come")
	}
	return nil
}

func (n *Node) refused(name string, err error) {
	n.held = err.Error()
	n.Log.Error("held a list file, the list in force stays", "file", name, "why", err)
}

func (n *Node) openFeed() error {
	c := n.Config
	if c.Centre == "" {
		return nil
	}
	u, err := url.Parse(c.Centre)
	if err != nil {
		return problem.New(problem.Invalid, "the centre's URL: %w", err)
	}
	key, err := secret.ReadKey(c.Key)
	if err != nil {
		return err
	}
	n.feed = &feed.Client{Centre: u, Node: c.Node, Key: key, Now: n.Core.Now}
	return nil
}

func (n *Node) listen() error {
	for _, front := range []struct {
		addr string
		to   *net.Listener
	}{{n.Config.S13.Listen, &n.S13}, {n.Config.N17.Listen, &n.N17}} {
		if front.addr == "" {
			continue
		}
		ln, err := net.Listen("tcp", front.addr)
		if err != nil {
			return problem.New(problem.Refused, "listening for checks: %w", err)
		}
		*front.to = ln
	}
	return nil
}

// Run serves until ctx ends, then puts everything away: fronts first, then the spool, the last
// push, and what was seen.
func (n *Node) Run(ctx context.Context) error {
	fronts, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	errs := make(chan error, 4)
	run := func(what string, f func() error) {
		wg.Go(func() {
			if err := f(); err != nil && !errors.Is(err, context.Canceled) {
				errs <- fmt.Errorf("%s: %w", what, err)
				stop()
			}
		})
	}
	if n.S13 != nil {
		s := &s13.Server{Host: n.Config.S13.Host, Realm: n.Config.S13.Realm, Handler: n.Core.S13()}
		run("S13 front", func() error { return s.Serve(fronts, n.S13) })
	}
	if n.N17 != nil {
		s := &n17.Server{Handler: n.Core.N17()}
		run("N17 front", func() error { return s.Serve(fronts, n.N17) })
	}
	if n.feed != nil {
		run("feed", func() error { return n.follow(fronts) })
	}
	spooling, stopSpool := context.WithCancel(context.WithoutCancel(ctx))
	spooled := make(chan error, 1)
	go func() { spooled <- n.spool.Run(spooling, n.Core) }()

	<-fronts.Done()
	wg.Wait()
	stopSpool()
	err := <-spooled
	close(errs)
	for e := range errs {
		err = errors.Join(err, e)
	}
	n.seen.Forget()
	return errors.Join(err, n.seen.Save(n.seenFile()))
}

// follow looks at the centre again and again. When it does not answer, the list in force stays.
func (n *Node) follow(ctx context.Context) error {
	tick := time.NewTicker(time.Duration(n.Config.Every))
	defer tick.Stop()
	for {
		if err := n.Sync(ctx); err != nil && ctx.Err() == nil {
			n.Log.Warn("the centre was not reached or not believed", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Sync sends what is spooled, takes what the centre offers, and reports what is in force.
func (n *Node) Sync(ctx context.Context) error {
	if n.feed == nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	_, pushErr := n.feed.Push(ctx, n.spool.Dir)
	var pullErr error
	if n.Lists.Replica.Log != nil {
		if pullErr = n.feed.Pull(ctx, n.Lists.Replica.Stream, taker{n}); pullErr == nil {
			n.held = ""
		}
	}
	return errors.Join(pushErr, pullErr, n.report(ctx))
}

// taker lets the feed hand list files over.
type taker struct{ n *Node }

func (t taker) Size() uint64 { return t.n.Lists.Size() }

func (t taker) Take(name string, manifest, body []byte) error {
	_, err := t.n.Lists.Take(name, manifest, body)
	return err
}

// Take gives the node a list file by another way than its feed: from a neighbour, or by hand.
func (n *Node) Take(name string, manifest, body []byte) (list.Report, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.Lists.Take(name, manifest, body)
}

// report tells the centre what is in force, or was held, when that is new.
func (n *Node) report(ctx context.Context) error {
	r := device.NodeReport{Size: n.Lists.Size(), State: device.InForce}
	if n.held != "" {
		r.State, r.Text = device.Held, n.held
	}
	if s := fmt.Sprint(r); s != n.told {
		if err := n.feed.Report(ctx, r); err != nil {
			return err
		}
		n.told = s
	}
	return nil
}

// Replay asks the core every check of a file of timed attaches, at the times the file says, and
// spools what it saw. Run must not be running: the spool has one owner.
func (n *Node) Replay(ctx context.Context, path string) (checks int, err error) {
	for a, err := range replay.File(path) {
		if err != nil {
			return checks, err
		}
		if checks++; checks%4096 == 0 && ctx.Err() != nil {
			return checks, ctx.Err()
		}
		n.Core.Answer(&a)
		n.spool.Observe(&a)
	}
	return checks, errors.Join(n.spool.Close(), n.seen.Save(n.seenFile()))
}
