// Package demo runs the whole loop on one machine: it makes up a country, takes in what its
// operators saw, detects, decides, publishes, runs one EIR for each operator with real fronts on
// localhost, attaches phones, and then attacks it all with the centre's own key.
//
// Signers and clocks are simulated: the clock starts on the morning after the country's last day
// and runs from there. Everything else is what runs in production, the guard above all.
package demo

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/openceir/openceir/internal/config"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/node/centre"
	"github.com/openceir/openceir/internal/node/eir"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/internal/sim/country"
	"github.com/openceir/openceir/internal/store"
)

// Options say what to run.
type Options struct {
	Population int    // subscriptions, 100,000 if 0
	Seed       uint64 // chooses the country, 1 if 0
	Data       string // directory of the register; it must not hold one
	Database   string // URL of a PostgreSQL register; empty for SQLite in Data
	Story      io.Writer
	Listen     string // where the status page is served, 127.0.0.1:0 if empty
}

// Result is what came of it.
type Result struct {
	Population     int                `json:"population"`
	Sightings      int64              `json:"sightings"` // rows taken in from dumps and nodes
	Findings       map[string]int64   `json:"findings"`  // open, by condition
	Decisions      int                `json:"decisions"` // lines in force, all of which were decided here
	LedgerSize     uint64             `json:"ledger_size"`
	LedgerVerified bool               `json:"ledger_verified"`
	Lists          map[string]int     `json:"lists"` // lines by status
	Checks         []Check            `json:"checks"`
	Attack         Attack             `json:"attack"`
	Detection      Detection          `json:"detection"`
	Seconds        map[string]float64 `json:"seconds"`
}

// Check is one phone that was attached.
type Check struct {
	IMEI     string `json:"imei"`
	Front    string `json:"front"` // s13 or n17
	Status   string `json:"status"`
	Expected string `json:"expected"`
	Who      string `json:"who"`
}

// Attack is what the stolen key of the centre achieved.
type Attack struct {
	LinesPushed    int `json:"lines_pushed"`
	DevicesAsked   int `json:"devices_asked"` // attached again afterwards, over S13
	DevicesCutOff  int `json:"devices_cut_off"`
	FilesHeld      int `json:"files_held"`
	FilesDelivered int `json:"files_delivered"`
}

// AsItShouldBe reports whether everything came out as promised.
func (r *Result) AsItShouldBe() bool {
	for _, c := range r.Checks {
		if c.Status != c.Expected {
			return false
		}
	}
	return r.LedgerVerified && r.Attack.DevicesCutOff == 0 && r.Attack.FilesHeld > 0
}

// Demo is a country that runs.
type Demo struct {
	Options
	Centre *centre.Centre
	Result Result
	URL    string // of the status page

	config  country.Config
	truth   *country.Truth
	dir     string // the country's files
	people  []centre.Signer
	nodes   []*node
	now     func() time.Time
	ahead   atomic.Int64 // nanoseconds by which simulated days have passed
	rogue   *rogue       // takes over the centre's answers during the attack
	stop    context.CancelFunc
	running []<-chan error
}

// node is an operator's node with its fronts.
type node struct {
	*eir.Node
	operator country.Operator
	config   *config.EIR
}

// Run runs the loop once. The country goes on running until Close.
func Run(ctx context.Context, o Options) (*Demo, error) {
	d := &Demo{Options: o, Result: Result{Seconds: map[string]float64{}, Findings: map[string]int64{}, Lists: map[string]int{}}}
	if d.Population == 0 {
		d.Population = 100_000
	}
	if d.Seed == 0 {
		d.Seed = 1
	}
	if d.Story == nil {
		d.Story = io.Discard
	}
	ctx, d.stop = context.WithCancel(ctx)
	for _, s := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"simulate", d.simulate}, {"found", d.found}, {"import", d.take}, {"observe", d.observe}, {"detect", d.detect},
		{"decide", d.decide}, {"publish", d.publish}, {"attach", d.attach}, {"attack", d.attack}, {"verify", d.verify},
	} {
		begun := time.Now()
		if err := s.run(ctx); err != nil {
			d.Close()
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		d.Result.Seconds[s.name] = time.Since(begun).Round(time.Millisecond).Seconds()
	}
	return d, nil
}

// Close ends every node and the centre.
func (d *Demo) Close() error {
	d.stop()
	var first error
	for _, done := range d.running {
		if err := <-done; err != nil && first == nil {
			first = err
		}
	}
	if d.Centre != nil {
		if err := d.Centre.Close(); err != nil && first == nil {
			first = err
		}
	}
	return first
}

func (d *Demo) say(format string, args ...any) { fmt.Fprintf(d.Story, format+"\n", args...) }

// simulate makes the country up.
func (d *Demo) simulate(ctx context.Context) error {
	if err := d.vacant(ctx); err != nil {
		return err
	}
	d.dir = filepath.Join(d.Data, "country")
	d.config = country.Config{Population: d.Population, Seed: d.Seed, Operators: country.DefaultOperators()}
	if err := os.MkdirAll(d.Data, 0o700); err != nil {
		return err
	}
	s, err := country.Generate(ctx, d.config, d.dir, nil)
	if err != nil {
		return err
	}
	d.config.Last = s.Last
	d.Result.Population = d.Population
	if d.truth, err = country.ReadTruth(d.dir); err != nil {
		return err
	}
	begun, morning := time.Now(), s.Last.Time().Add(30*time.Hour)
	d.now = func() time.Time { return morning.Add(time.Since(begun) + time.Duration(d.ahead.Load())) }
	d.say("A country of %d subscriptions on three networks, %s to %s: %d devices, %d rows in the operators'\ndumps, %d timed attaches, %d phones reported stolen.",
		s.Subscribers, s.First, s.Last, s.Devices, s.Rows, s.Attaches, s.Stolen)
	return nil
}

// vacant refuses places that hold something: a demonstration never touches another register.
func (d *Demo) vacant(ctx context.Context) error {
	for _, dir := range []string{d.Data, d.keys()} {
		if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
			return problem.New(problem.Conflict, "%s is not empty: name a directory that is, or none", dir)
		}
	}
	if d.Database == "" {
		return nil
	}
	s, err := store.Open(ctx, store.Config{URL: d.Database})
	if err != nil {
		return err
	}
	defer s.Close()
	return s.View(ctx, func(tx ledger.Tx) error {
		head, err := tx.Head(ctx)
		if err == nil && head.Size > 0 {
			err = problem.New(problem.Conflict, "the database holds a register of %d records: name another", head.Size)
		}
		return err
	})
}

// keys is the directory of everybody's keys, beside the data.
func (d *Demo) keys() string { return config.Keys(d.Data) }

func (d *Demo) logger() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }
