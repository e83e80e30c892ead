package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/node/centre"
	"github.com/openceir/openceir/internal/portal"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/internal/stats"
)

// reportFlags are what reports can be asked with.
type reportFlags struct {
	month, out, newer string
	conditions        []string
	days, devices     int
}

func (a *app) report() *cobra.Command {
	var f reportFlags
	c := &cobra.Command{
		Use:   "report NAME --out DIR [--month YYYY-MM]",
		Short: "count a month, or list what deserves a look, as JSON, CSV and a page",
		Long: "report writes its files into a directory: a page that needs nothing else, JSON and CSV. The\n" +
			"reports are " + strings.Join(stats.Names(), ", ") + ".\n" +
			"What is missing (an operator, a month, a list) stands in all of them and is printed; a month\n" +
			"without any data ends with status 1. Listings name devices and subscribers.",
		Args: args(func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) != 1:
				return fmt.Errorf("name one report: %s", strings.Join(stats.Names(), ", "))
			case f.out == "":
				return fmt.Errorf("say where the files go: --out DIR")
			}
			return nil
		}),
		RunE: func(c *cobra.Command, args []string) error { return a.makeReport(c, args[0], &f) },
	}
	c.Flags().StringVar(&f.month, "month", "", "the month, YYYY-MM")
	c.Flags().StringVar(&f.out, "out", "", "directory of the files; it is made")
	c.Flags().StringVar(&f.newer, "newer-than", "", "stolen_violations, unregistered_subscribers: only what was seen later than this day")
	c.Flags().StringSliceVar(&f.conditions, "condition", nil, "stolen_violations, classified_triplets: of these conditions only")
	c.Flags().IntVar(&f.days, "days", 30, "non_active_pairs: not seen for so many days; transient_msisdns: length of the period")
	c.Flags().IntVar(&f.devices, "devices", 5, "transient_msisdns: devices on a mean day")
	return c
}

// options reads the flags.
func (f *reportFlags) options(name string) (o stats.Options, err error) {
	o = stats.Options{Conditions: f.conditions, Days: f.days, Devices: f.devices}
	if o.Newer, err = parseDay(f.newer); err != nil {
		return o, err
	}
	switch {
	case f.month != "":
		day, err := device.ParseDay(f.month + "-01")
		if err != nil {
			return o, problem.New(problem.Invalid, "%q is no month: write YYYY-MM", f.month)
		}
		o.Month, _ = day.Month()
	case stats.Monthly(name):
		return o, problem.New(problem.Invalid, "the report %s is of a month: say --month YYYY-MM", name)
	}
	return o, nil
}

// reported is what the command prints for machines.
type reported struct {
	Report  string   `json:"report"`
	Missing []string `json:"missing"`
	Files   []string `json:"files"`
}

func (a *app) makeReport(c *cobra.Command, name string, f *reportFlags) error {
	o, err := f.options(name)
	if err != nil {
		return err
	}
	out := reported{Report: name}
	var files []portal.File
	empty := false
	err = a.open(c.Context(), func(t *centre.Centre) error {
		if name == "standard" {
			r, err := t.Standard(c.Context(), o.Month)
			if err != nil {
				return err
			}
			files, out.Missing, empty = portal.StandardFiles(r), r.Missing, !r.Country.HasData
			return nil
		}
		l, err := t.Listing(c.Context(), name, o)
		if err != nil {
			return err
		}
		files, out.Missing = portal.ListingFiles(l), l.Missing
		return nil
	})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.out, 0o750); err != nil {
		return problem.New(problem.Invalid, "making the directory of the report: %w", err)
	}
	for _, file := range files {
		path := filepath.Join(f.out, file.Name)
		if err := writeFile(path, file); err != nil {
			return fmt.Errorf("writing %s: %w", path, err)
		}
		out.Files = append(out.Files, path)
	}
	var b strings.Builder
	for _, m := range out.Missing {
		fmt.Fprintf(&b, "Note: %s\n", m)
	}
	fmt.Fprintf(&b, "%d files in %s; look at %s\n", len(files), f.out, filepath.Join(f.out, files[0].Name))
	if err := a.print(out, b.String()); err != nil {
		return err
	}
	if empty {
		return errNotAsItShouldBe
	}
	return nil
}

// writeFile writes one file, which may name devices and subscribers: it is for its owner's group only.
func writeFile(path string, file portal.File) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<16)
	return errors.Join(file.Write(w), w.Flush(), f.Close())
}
