package eir_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openceir/openceir/internal/config"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/eir"
	node "github.com/openceir/openceir/internal/node/eir"
	"github.com/openceir/openceir/internal/problem"
)

// kept are the list files of the node.
func (c *country) kept() []string {
	c.Helper()
	all, err := filepath.Glob(c.path("node/lists/*"))
	c.must(err)
	return all
}

// A node that starts while the centre is down goes on refusing what it refused, and follows when the
// centre is back.
func TestCentreIsDown(t *testing.T) {
	c := newCountry(t)
	c.decide("set", 0)
	n := c.starts("...")
	n.says("no list yet: every device is allowed")
	n.sync()
	n.refuses("x..")
	n.end()

	c.down()
	c.decide("set", 1)
	n = c.starts("x..")
	if err := n.Sync(t.Context()); err == nil || !strings.Contains(err.Error(), "the centre does not answer") {
		t.Errorf("with the centre down: %v", err)
	}
	n.refuses("x..")
	n.end()

	c.up()
	n = c.starts("x..")
	n.sync()
	n.refuses("xx.")
	n.end()
}

// A byte of a kept file is flipped: the node starts, believes only what is proved, says so aloud and to
// the centre, and fetches anew.
func TestFlippedFile(t *testing.T) {
	c := newCountry(t)
	c.decide("set", 0)
	n := c.starts("...")
	n.sync()
	c.decide("set", 1)
	n.sync()
	n.refuses("xx.")
	n.end()
	for i, want := range []string{"x..", "x..", "...", "..."} { // the delta's files, then the snapshot's
		files := c.kept()
		if i < 2 {
			files = files[len(files)-2:]
		}
		path := files[i%2]
		data, err := os.ReadFile(path)
		c.must(err)
		data[len(data)/2] ^= 1
		c.must(os.WriteFile(path, data, 0o600))
		c.down()
		n := c.starts(want)
		n.says("level=ERROR", "held a list file, the list in force stays", strings.TrimSuffix(path, filepath.Ext(path)))
		if err := n.Sync(t.Context()); err == nil {
			t.Error("the centre is down, and the node reached it")
		}
		n.refuses(want)
		n.end()
		c.up()
		n = c.starts(want)
		n.sync()
		n.refuses("xx.")
		n.end()
		n = c.starts("xx.")
		if strings.Contains(n.said.String(), "held") {
			t.Errorf("mended, the node says:\n%s", n.said)
		}
		n.end()
	}
}

// When the disk takes no list, what came is in force all the same; and when it does again, the node
// fetches a whole one and keeps it, without being told to.
func TestListCanNotBeKept(t *testing.T) {
	c := newCountry(t)
	c.decide("set", 0)
	n := c.starts("...")
	n.sync()
	lists := c.path("node/lists")
	c.must(os.Rename(lists, lists+".away"))
	c.must(os.WriteFile(lists, nil, 0o600))
	c.decide("set", 1)
	if err := n.Sync(t.Context()); err == nil || !strings.Contains(err.Error(), "is in force, but can not be kept") {
		t.Errorf("where nothing can be written: %v", err)
	}
	n.refuses("xx.")
	c.must(os.Remove(lists))
	c.must(os.Rename(lists+".away", lists))
	c.wait(2 * time.Hour)
	n.sync()
	c.decide("drop", 0)
	n.sync()
	n.refuses(".x.")
	n.end()
	c.down()
	n = c.starts(".x.")
	if strings.Contains(n.said.String(), "held") {
		t.Errorf("the node says:\n%s", n.said)
	}
	n.end()
}

// A node whose data can not be used answers, follows the list, and says what is wrong.
func TestBrokenData(t *testing.T) {
	c := newCountry(t)
	c.decide("set", 0)
	for name, said := range map[string]string{
		"seen":  "what was seen is lost",
		"spool": "a part of the spool was not recovered",
		"lists": "the kept lists can not all be read",
		"lock":  "the disk of the node's data fails",
	} {
		c.node.Data = c.path("broken-" + name)
		path := filepath.Join(c.node.Data, name)
		if name == "spool" || name == "lists" { // a file where a directory is to be, and a directory where a file is
			c.must(os.MkdirAll(c.node.Data, 0o700))
			c.must(os.WriteFile(path, nil, 0o600))
		} else {
			c.must(os.MkdirAll(path, 0o700))
		}
		n := c.starts("...")
		n.Sync(t.Context()) //nolint:errcheck // what it can not keep or send, it says below
		n.refuses("x..")
		n.says(said)
		n.stop()
		if err := <-n.ended; (err != nil) != (name == "seen") {
			t.Errorf("with %s broken the node ended with %v", name, err)
		}
	}
}

// A node with another key than the directory names gets nothing, allows, and says what to do.
func TestWrongKey(t *testing.T) {
	c := newCountry(t)
	c.decide("set", 0)
	c.node.Key = c.path("other.key")
	n := c.starts("...")
	err := n.Sync(t.Context())
	if problem.Of(err) != problem.Refused || !strings.Contains(err.Error(), "sign with the key that the directory names for it") {
		t.Errorf("with another key: %v", err)
	}
	n.refuses("...")
	n.end()
	c.node.Key, c.node.Node = c.path("eir.key"), "north/other"
	n = c.start()
	if err := n.Sync(t.Context()); problem.Of(err) != problem.Refused || !strings.Contains(err.Error(), "ask two organisations to add its key") {
		t.Errorf("under another name: %v", err)
	}
	n.end()
}

// seen returns how many pairs a copy of the node's file holds, 0 if there is none yet.
func (c *country) seen() int {
	c.Helper()
	data, err := os.ReadFile(c.path("node/seen"))
	if errors.Is(err, os.ErrNotExist) {
		return 0
	}
	c.must(err)
	copied, s := filepath.Join(c.TempDir(), "seen"), new(eir.Seen)
	c.must(os.WriteFile(copied, data, 0o600))
	c.must(s.Load(copied))
	return s.Count(device.DayOf(c.now(), time.UTC)).InRange(0, phone(1e6-1))
}

// What a node has seen is on the disk within minutes by its clock, while it runs: a kill costs no more.
func TestSeenIsSavedWhileRunning(t *testing.T) {
	c := newCountry(t)
	c.node.Every = config.Duration(time.Millisecond)
	c.node.Centre = ""
	for i := range 3 {
		n := c.start()
		n.asks(10 * (i + 1))
		for begun := time.Now(); c.seen() < 10*(i+1); c.wait(time.Minute) {
			if time.Since(begun) > 30*time.Second {
				t.Fatalf("%d pairs are saved of %d", c.seen(), 10*(i+1))
			}
		}
		killed := c.path(fmt.Sprint("killed", i))
		c.must(os.MkdirAll(killed, 0o700))
		data, err := os.ReadFile(c.path("node/seen"))
		c.must(err)
		c.must(os.WriteFile(filepath.Join(killed, "seen"), data, 0o600))
		n.end()
		c.must(os.RemoveAll(c.path("node"))) // a killed process writes nothing at its end
		c.must(os.Rename(killed, c.path("node")))
	}
}

// What was lost is told, once a minute at most.
func TestLossesAreTold(t *testing.T) {
	c := newCountry(t)
	c.node.Every = config.Duration(time.Millisecond)
	n := c.start()
	n.Core.Stats.Lost.Add(7)
	for begun := time.Now(); !strings.Contains(n.said.String(), `"the ring was full"=7`); {
		if time.Since(begun) > 30*time.Second {
			t.Fatalf("a loss is not told: %s", n.said)
		}
	}
	n.Core.Stats.Lost.Add(1)
	n.asks(100)
	n.end()
	if got := strings.Count(n.said.String(), "observations are lost"); got != 1 {
		t.Errorf("losses of one minute are told %d times", got)
	}
}

// A mistake in the configuration is refused before anything is touched, and says what to write.
func TestMistakes(t *testing.T) {
	c := newCountry(t)
	for what, x := range map[string]struct {
		change func(*config.EIR)
		want   string
		kind   problem.Kind
	}{
		"no name":              {func(e *config.EIR) { e.Node = "" }, "ORGANISATION/NAME", problem.Invalid},
		"half a name":          {func(e *config.EIR) { e.Node = "north/" }, "ORGANISATION/NAME", problem.Invalid},
		"a long name":          {func(e *config.EIR) { e.Node = "north/eir/1" }, "ORGANISATION/NAME", problem.Invalid},
		"a spaced name":        {func(e *config.EIR) { e.Node = "north/e ir" }, "ORGANISATION/NAME", problem.Invalid},
		"a centre by host":     {func(e *config.EIR) { e.Centre = "localhost:8470" }, "centre: http://", problem.Invalid},
		"a centre by address":  {func(e *config.EIR) { e.Centre = "127.0.0.1:8470" }, "centre: http://", problem.Invalid},
		"a centre by file":     {func(e *config.EIR) { e.Centre = "file:///x" }, "centre: http://", problem.Invalid},
		"no key":               {func(e *config.EIR) { e.Key = "" }, "ceir key --out FILE", problem.Invalid},
		"a key that is none":   {func(e *config.EIR) { e.Key = c.path("log.key") }, "no private key", problem.Invalid},
		"a key that is gone":   {func(e *config.EIR) { e.Key = c.path("gone.key") }, "gone.key", problem.NotFound},
		"a log key that fails": {func(e *config.EIR) { e.Log = "log" }, "as ceir init printed it", problem.Invalid},
		"half the founders":    {func(e *config.EIR) { e.Founders = e.Founders[:9] }, "as ceir init printed it", problem.Invalid},
		"another's stream":     {func(e *config.EIR) { e.Stream = "south" }, "stream: north", problem.Invalid},
		"no port":              {func(e *config.EIR) { e.S13.Listen = "127.0.0.1" }, "s13: {listen:", problem.Invalid},
		"a port by name":       {func(e *config.EIR) { e.N17.Listen = "127.0.0.1:web" }, "n17: {listen:", problem.Invalid},
		"a port too large":     {func(e *config.EIR) { e.N17.Listen = ":70000" }, "n17: {listen:", problem.Invalid},
		"a file for data":      {func(e *config.EIR) { e.Data = c.path("eir.key") }, "data: DIR", problem.Invalid},
	} {
		cfg := *c.node
		cfg.Data = c.path("untouched")
		x.change(&cfg)
		n, err := node.Open(&cfg, c.now, slog.New(slog.NewTextHandler(io.Discard, nil)))
		if n != nil || problem.Of(err) != x.kind || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v, wanted %s with %q", what, err, x.kind, x.want)
		}
	}
	if _, err := os.Stat(c.path("untouched")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a mistake left data behind: %v", err)
	}
}

// A node that can not have what it needs is refused, and gives back what it had.
func TestTakenAlready(t *testing.T) {
	c := newCountry(t)
	n := c.start()
	if _, err := node.Open(c.node, c.now, n.Log); problem.Of(err) != problem.Refused || !strings.Contains(err.Error(), "data: DIR") {
		t.Errorf("two nodes on one directory: %v", err)
	}
	other := *c.node
	other.Data = c.path("other")
	other.N17.Listen = n.S13.Addr().String()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	c.must(err)
	other.S13.Listen = free.Addr().String()
	c.must(free.Close())
	if _, err := node.Open(&other, c.now, n.Log); problem.Of(err) != problem.Refused || !strings.Contains(err.Error(), "n17: {listen: HOST:PORT}") {
		t.Errorf("two nodes on one port: %v", err)
	}
	n.end()
	second, err := node.Open(&other, c.now, n.Log)
	if err != nil {
		t.Fatalf("what the refused node had is not given back: %v", err)
	}
	c.must(second.Close())
	n = c.start()
	n.end()
}

// A node that is told to end while it speaks with a centre that does not answer ends.
func TestEndsPromptly(t *testing.T) {
	c := newCountry(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0") // it accepts, and says nothing
	c.must(err)
	defer ln.Close()
	c.node.Centre = "http://" + ln.Addr().String()
	n := c.start()
	conn, err := ln.Accept()
	c.must(err)
	defer conn.Close()
	n.refuses("...")
	begun := time.Now()
	n.end()
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}
