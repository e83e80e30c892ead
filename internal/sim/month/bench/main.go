// Command bench measures the built program ceir on months made up by package month, step by step as
// a regulator takes it into use, and prints the tables of docs/benchmarks.md: processor seconds, wall
// time and peak memory of each step, beside what was published for DIRBS-Core and beside our targets.
//
// Every step is a process of its own, and its figures are what the kernel says of that process when
// it has ended; nothing is estimated. The months are kept in a directory for the next run, those of
// more than -keep-rows rows only while they are measured.
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
	bin, of, cache, generate string
	rows                     string
	pairs, manyPairs         int64
	seed                     uint64
	keepRows                 int64
	keep                     bool
	dayLater                 string
	pseudonyms               string
}

func run(ctx context.Context) error {
	var o options
	flag.StringVar(&o.bin, "bin", "bin/ceir", "the program to measure")
	flag.StringVar(&o.of, "of", "unknown", "the commit that it was built from")
	flag.StringVar(&o.cache, "cache", "", "directory that keeps the months; default the user's cache directory")
	flag.StringVar(&o.rows, "rows", "1000000 10000000", "observation rows of each month, separated by spaces")
	flag.Int64Var(&o.pairs, "pairs", 0, "rows of the pairing list; default one for every 500 rows")
	flag.Int64Var(&o.manyPairs, "many-pairs", 1_000_000, "rows of the pairing list of one more month, of the first size: no step may be quadratic; 0 for none")
	flag.Uint64Var(&o.seed, "seed", 1, "which months")
	flag.Int64Var(&o.keepRows, "keep-rows", 10_000_000, "keep months of at most so many rows for the next run")
	flag.BoolVar(&o.keep, "keep", false, "leave the registers that were made, and say where")
	flag.StringVar(&o.generate, "generate", "", "only make one month, in this directory")
	flag.StringVar(&o.dayLater, "day-later", "", "only step the stages of the register in this directory, with a clock 25 hours ahead")
	flag.StringVar(&o.pseudonyms, "pseudonyms", "", "measure a register of pseudonyms, which the operators make with this program, bin/eir")
	flag.Parse()
	if o.dayLater != "" {
		return dayLater(ctx, o.dayLater)
	}
	var months []month.Config
	for text := range strings.FieldsSeq(o.rows) {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("-rows: %w", err)
		}
		months = append(months, month.Config{Rows: n, Seed: o.seed, Pairs: o.pairs})
	}
	if len(months) == 0 {
		return errors.New("-rows: name at least one size")
	}
	if o.generate != "" {
		_, err := month.Generate(ctx, months[0], o.generate)
		return err
	}
	if o.manyPairs > 0 {
		months = append(months, month.Config{Rows: months[0].Rows, Seed: o.seed, Pairs: o.manyPairs})
	}
	return o.measureAll(ctx, months)
}

func (o *options) measureAll(ctx context.Context, months []month.Config) (err error) {
	if o.bin, err = filepath.Abs(o.bin); err != nil {
		return err
	}
	if o.pseudonyms != "" {
		if o.pseudonyms, err = filepath.Abs(o.pseudonyms); err != nil {
			return err
		}
	}
	if o.cache == "" {
		if o.cache, err = os.UserCacheDir(); err != nil {
			return err
		}
		o.cache = filepath.Join(o.cache, "openceir")
	}
	if err := os.MkdirAll(o.cache, 0o755); err != nil {
		return err
	}
	machine(o.of)
	var all []*result
	for _, m := range months {
		r, err := o.measure(ctx, m)
		if err != nil {
			return err
		}
		r.print()
		all = append(all, r)
	}
	growth(all)
	return nil
}

// measure makes the month, if it is not there, and measures every step on it.
func (o *options) measure(ctx context.Context, m month.Config) (*result, error) {
	dir := filepath.Join(o.cache, fmt.Sprintf("month-v%d-%d-%d-%d", month.Version, m.Rows, m.Seed, m.Pairs))
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	r := &result{bin: o.bin, self: command{bin: self}, eir: command{bin: o.pseudonyms}, month: dir}
	if m.Rows > o.keepRows {
		defer os.RemoveAll(dir)
	}
	var ok bool
	if r.sum, ok, err = month.ReadSummary(dir); err != nil {
		return nil, err
	}
	if !ok {
		// In a process of its own: a child's peak memory is never below that of its parent.
		if err := os.RemoveAll(dir); err != nil {
			return nil, err
		}
		f, err := r.self.run(ctx, "-generate", dir, "-rows", fmt.Sprint(m.Rows), "-seed", fmt.Sprint(m.Seed), "-pairs", fmt.Sprint(m.Pairs))
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
