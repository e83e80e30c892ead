// Package eir builds a running operator's node from its configuration: fronts, core, spool, lists
// and feed, each with an owner that waits for it.
package eir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/openceir/openceir/diameter/s13"
	"github.com/openceir/openceir/internal/config"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/eir"
	"github.com/openceir/openceir/internal/feed"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/internal/replay"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/n17"
)

// Node is a running node. Open it, Run it, and it ends when the context does. A node that is opened
// and not run is closed.
type Node struct {
	Config *config.EIR
	Core   *eir.Core
	Lists  *eir.Lists
	Log    *slog.Logger

	S13 net.Listener // nil if there is no such front
	N17 net.Listener

	seen   *eir.Seen
	spool  *eir.Spool
	feed   *feed.Client // nil without a centre
	unlock func() error // gives the data directory back

	mu   sync.Mutex // held while the node speaks with the centre; guards lists and what it reports
	told string     // the last report that the centre took
	held string     // why the last file was held, "" if it was not

	warned time.Time // when losses were last told; owned by tend
	losses losses    // what was told
}

// Open prepares a node: it recovers the spool, loads the believed list, and listens. now is the
// clock. What is wrong with the configuration is refused; what is wrong with the disk is told, and
// the node answers all the same.
func Open(c *config.EIR, now func() time.Time, log *slog.Logger) (*Node, error) {
	s, err := read(c)
	if err != nil {
		return nil, err
	}
	n := &Node{Config: c, Core: eir.NewCore(now), Log: log, seen: new(eir.Seen), feed: s.feed, unlock: func() error { return nil }}
	n.Core.Key = s.pseudonyms
	if n.feed != nil {
		n.feed.Now = now
	}
	n.spool = &eir.Spool{Dir: filepath.Join(c.Data, "spool"), Operator: device.Operator(s.organisation), Zone: config.Location(c.Zone),
		Seen: n.seen, Stats: &n.Core.Stats}
	n.Lists = &eir.Lists{Dir: filepath.Join(c.Data, "lists"), Replica: s.replica, Core: n.Core,
		Seen: func() list.Seen { return n.seen.Count(n.today()) }, Refused: n.refused}
	for _, step := range []func() error{n.takeData, n.listen} {
		if err := step(); err != nil {
			return nil, errors.Join(err, n.Close())
		}
	}
	n.load()
	return n, nil
}

// today is the civil day by the node's clock.
func (n *Node) today() device.Day { return device.DayOf(n.Core.Now(), n.spool.Zone) }

// takeData makes the data directory and takes it for this process.
func (n *Node) takeData() error {
	err := os.MkdirAll(n.Config.Data, 0o700)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOTDIR) {
		return problem.New(problem.Invalid, "opening the node's data: %w: name a directory that the node may write, data: DIR", err)
	}
	if err == nil {
		var unlock func() error
		if unlock, err = eir.Lock(n.Config.Data); err == nil {
			n.unlock = unlock
		}
	}
	if errors.Is(err, eir.ErrInUse) {
		return problem.New(problem.Refused, "opening the node's data: %w: end that one, or give this one a directory of its own, data: DIR", err)
	}
	if err != nil {
		n.Log.Error("the disk of the node's data fails; the node answers, and may lose what it saw", "error", err)
	}
	return nil
}

// load brings back what was kept. Whatever is wrong with it, the node goes on.
func (n *Node) load() {
	if err := n.seen.Load(n.seenFile()); err != nil {
		n.Log.Warn("what was seen is lost; the node counts anew", "error", err)
	}
	if err := n.spool.Recover(); err != nil {
		n.Log.Error("a part of the spool was not recovered", "error", err)
	}
	if n.Lists.Replica.Log == nil {
		n.Log.Warn("no public key of the log is configured: no list is believed and every device is allowed")
		return
	}
	if err := n.Lists.Load(); err != nil {
		n.Log.Error("the kept lists can not all be read", "error", err)
	}
	if n.Lists.Size() == 0 {
		n.Log.Warn("no list yet: every device is allowed until one has come")
	}
}

func (n *Node) seenFile() string { return filepath.Join(n.Config.Data, "seen") }

// refused is told of a list file that was held.
func (n *Node) refused(name string, err error) {
	n.held = err.Error()
	n.Log.Error("held a list file, the list in force stays", "file", name, "why", err)
}

func (n *Node) listen() error {
	for _, front := range []struct {
		key, addr string
		to        *net.Listener
	}{{"s13", n.Config.S13.Listen, &n.S13}, {"n17", n.Config.N17.Listen, &n.N17}} {
		if front.addr == "" {
			continue
		}
		ln, err := net.Listen("tcp", front.addr)
		if err != nil {
			return problem.New(problem.Refused, "listening for checks: %w: end what listens there, or write another address of this machine, %s: {listen: HOST:PORT}", err, front.key)
		}
		*front.to = ln
	}
	return nil
}

// Close gives back what Open took. Run does so itself.
func (n *Node) Close() error {
	err := n.unlock()
	for _, ln := range []net.Listener{n.S13, n.N17} {
		if ln != nil {
			err = errors.Join(err, ln.Close())
		}
	}
	return err
}

// Run serves until ctx ends, or a front fails, and then puts everything away: fronts and feed first,
// then the spool, and what was seen. What is still in the spool is sent after the next start.
func (n *Node) Run(ctx context.Context) error {
	if n.S13 == nil && n.N17 == nil {
		n.Log.Warn("no front is configured, so that nobody can ask: write s13: {listen: HOST:PORT} or n17: {listen: HOST:PORT}")
	}
	fronts, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	errs := make(chan error, 4) // one for each run below
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
		run("feed", func() error { return n.every(fronts, n.look) })
	}
	run("keeping", func() error { return n.every(fronts, n.tend) })
	spooling, stopSpool := context.WithCancel(context.WithoutCancel(ctx))
	defer stopSpool()
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
	n.seen.Forget(n.today())
	err = errors.Join(err, n.seen.Save(n.seenFile()), n.unlock())
	return err
}

// every does something at once, and then as often as the configuration says until ctx ends.
func (n *Node) every(ctx context.Context, f func(context.Context)) error {
	tick := time.NewTicker(time.Duration(n.Config.Every))
	defer tick.Stop()
	for {
		f(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// look looks at the centre once. When it does not answer, the list in force stays.
func (n *Node) look(ctx context.Context) {
	if err := n.Sync(ctx); err != nil && ctx.Err() == nil {
		n.Log.Warn("the centre was not reached or not believed", "error", err)
	}
}

// losses counts what the node could not do, so that it is not only counted.
type losses struct{ unobserved, unspooled, unseen uint64 }

// tend saves what was seen, when it is time, and tells what was lost.
func (n *Node) tend(context.Context) {
	now := n.Core.Now()
	if err := n.seen.Keep(n.seenFile(), now, n.today()); err != nil {
		n.Log.Error("a kill would cost what was seen; it is tried again", "error", err)
	}
	s := &n.Core.Stats
	if l := (losses{s.Lost.Load(), s.Unspooled.Load(), n.seen.Missed()}); l != n.losses && now.Sub(n.warned).Abs() >= warnEvery {
		n.Log.Error("observations are lost; checks are answered all the same",
			"the ring was full", l.unobserved, "the disk took no rows", l.unspooled, "too many pairs", l.unseen)
		n.losses, n.warned = l, now
	}
}

// warnEvery is how often losses are told: a full disk shall not fill the log too.
const warnEvery = time.Minute

// Sync takes what the centre offers, reports what is in force, and sends what is spooled. The list
// comes first: a node that was long alone has much to send.
func (n *Node) Sync(ctx context.Context) error {
	if n.feed == nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	var pullErr, renewErr error
	if n.Lists.Replica.Log != nil {
		if pullErr = n.feed.Pull(ctx, n.Lists.Replica.Stream, taker{n}); pullErr == nil {
			n.held = ""
		}
		if n.Lists.Due() {
			renewErr = n.renew(ctx)
		}
	}
	reportErr := n.report(ctx)
	_, pushErr := n.feed.Push(ctx, n.spool.Dir)
	return errors.Join(pullErr, renewErr, reportErr, pushErr)
}

// taker lets the feed hand list files over.
type taker struct{ n *Node }

// Size implements feed.Lists.
func (t taker) Size() uint64 { return t.n.Lists.Size() }

// Take implements feed.Lists.
func (t taker) Take(name string, manifest, body []byte) error {
	_, err := t.n.take(name, manifest, body)
	return err
}

// renew fetches the newest snapshot, and the deltas from there, to keep them in place of a long chain.
func (n *Node) renew(ctx context.Context) error {
	var g gathered
	if err := n.feed.Pull(ctx, n.Lists.Replica.Stream, &g); err != nil {
		return fmt.Errorf("fetching the newest snapshot, to keep it: %w", err)
	}
	return n.Lists.Renew(g)
}

// gathered are the files that a new node would begin with.
type gathered []eir.File

// Size implements feed.Lists.
func (g *gathered) Size() uint64 { return 0 }

// Take implements feed.Lists.
func (g *gathered) Take(name string, manifest, body []byte) error {
	*g = append(*g, eir.File{Name: name, Manifest: manifest, Body: body})
	return nil
}

// Take gives the node a list file by another way than its feed: from a neighbour, or by hand.
func (n *Node) Take(name string, manifest, body []byte) (list.Report, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.take(name, manifest, body)
}

func (n *Node) take(name string, manifest, body []byte) (list.Report, error) {
	r, err := n.Lists.Take(name, manifest, body)
	if r.To > 0 {
		n.held = "" // it is in force, even if it could not be kept
	}
	return r, err
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
