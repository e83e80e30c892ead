// Command bench measures the built program ceir on months made up by package month, step by step as
// a regulator takes it into use, and prints the table of docs/benchmarks.md: processor seconds, wall
// time and peak memory of each step, beside the figures published for DIRBS-Core where there are any.
//
// Every step is a process of its own, and its figures are what the kernel says of that process when
// it has ended; nothing is estimated. A step whose command or kind of file the program does not have
// is named in the table, without figures. The months are kept in a directory for the next run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/openceir/openceir/internal/config"
	"github.com/openceir/openceir/internal/node/centre"
	"github.com/openceir/openceir/internal/sim/month"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	bin, cache, generate string
	rows                 string
	pairs                int64
	seed                 uint64
	keep                 bool
	dayLater             string
}

func run(ctx context.Context) error {
	var o options
	flag.StringVar(&o.bin, "bin", "bin/ceir", "the program to measure")
	flag.StringVar(&o.cache, "cache", "", "directory that keeps the months; default the user's cache directory")
	flag.StringVar(&o.rows, "rows", "1000000 10000000", "observation rows of each month, separated by spaces")
	flag.Int64Var(&o.pairs, "pairs", 0, "rows of the pairing list; default one for every 500 rows")
	flag.Uint64Var(&o.seed, "seed", 1, "which months")
	flag.BoolVar(&o.keep, "keep", false, "leave the registers that were made, and say where")
	flag.StringVar(&o.generate, "generate", "", "only make one month, in this directory")
	flag.StringVar(&o.dayLater, "day-later", "", "only step the stages of the register in this directory, with a clock 25 hours ahead")
	flag.Parse()
	if o.dayLater != "" {
		return dayLater(ctx, o.dayLater)
	}
	var sizes []int64
	for text := range strings.FieldsSeq(o.rows) {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("-rows: %w", err)
		}
		sizes = append(sizes, n)
	}
	if o.generate != "" {
		_, err := month.Generate(ctx, month.Config{Rows: sizes[0], Seed: o.seed, Pairs: o.pairs}, o.generate)
		return err
	}
	var err error
	if o.bin, err = filepath.Abs(o.bin); err != nil {
		return err
	}
	if o.cache == "" {
		if o.cache, err = os.UserCacheDir(); err != nil {
			return err
		}
		o.cache = filepath.Join(o.cache, "openceir")
	}
	machine()
	for _, n := range sizes {
		r, err := o.measure(ctx, n)
		if err != nil {
			return err
		}
		r.print()
	}
	return nil
}

// measure makes the month, if it is not there, and measures every step on it.
func (o *options) measure(ctx context.Context, rows int64) (*result, error) {
	dir := filepath.Join(o.cache, fmt.Sprintf("month-v%d-%d-%d-%d", month.Version, rows, o.seed, o.pairs))
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	r := &result{bin: o.bin, self: command{bin: self}, month: dir}
	var ok bool
	if r.sum, ok, err = month.ReadSummary(dir); err != nil {
		return nil, err
	}
	if !ok {
		// In a process of its own: a child's peak memory is never below that of its parent.
		if err := os.RemoveAll(dir); err != nil {
			return nil, err
		}
		f, err := r.self.run(ctx, "-generate", dir, "-rows", fmt.Sprint(rows), "-seed", fmt.Sprint(o.seed), "-pairs", fmt.Sprint(o.pairs))
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(os.Stderr, "made %s in %.1f s\n", dir, f.wall.Seconds())
		if r.sum, _, err = month.ReadSummary(dir); err != nil {
			return nil, err
		}
	}
	if r.work, err = os.MkdirTemp(o.cache, "register-"); err != nil {
		return nil, err
	}
	if o.keep {
		fmt.Fprintf(os.Stderr, "the register is %s\n", r.work)
	} else {
		defer os.RemoveAll(r.work)
	}
	return r, r.steps(ctx)
}

// dayLater does what ceir run --until-idle does, when a day has passed since the policies were
// announced: nothing that refuses many may happen sooner, and no flag of the program goes round that.
func dayLater(ctx context.Context, data string) error {
	c, err := config.ReadCentre("", data)
	if err != nil {
		return err
	}
	t, err := centre.Open(ctx, c, centre.Options{Now: func() time.Time { return time.Now().Add(25 * time.Hour) }})
	if err != nil {
		return err
	}
	return errors.Join(t.Run(ctx, 0), t.Close())
}
