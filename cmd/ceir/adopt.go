package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/openceir/openceir/internal/adopt"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/node/centre"
	"github.com/openceir/openceir/internal/problem"
)

func (a *app) adopt() *cobra.Command {
	var o centre.AdoptOrder
	var until string
	var read func(dir string) error
	c := &cobra.Command{
		Use:   "adopt DIR",
		Short: "take over the state and the last lists of a running DIRBS, by one act that people sign",
		Long: "adopt reads the exported files of a DIRBS: classification_state.csv, and the last blacklist,\n" +
			"notifications and exceptions, plain or zipped; docs/takeover.md says how to export them. It proposes one\n" +
			"act by which findings continue where that system had them, with the days their owners were promised,\n" +
			"and from whose lists the next delta begins. Nobody is refused by it. All is taken or nothing; the same\n" +
			"files again change nothing. A condition is continued by the rule of its name, which ceir conditions\n" +
			"from-dirbs gave it; --rule says so for another, --rule CONDITION= leaves its rows behind.",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if err := read(args[0]); err != nil {
				return err
			}
			if until != "" {
				var err error
				if o.Until, err = device.ParseDay(until); err != nil {
					return usage{fmt.Errorf("--until: %w", err)}
				}
			}
			return a.open(c.Context(), func(t *centre.Centre) error {
				r, err := t.ProposeAdoption(c.Context(), o)
				if err != nil {
					return err
				}
				return a.print(r, adoptText(r))
			})
		},
	}
	read = otherSystem(c, &o)
	c.Flags().StringVar(&until, "until", "", "day up to which what is found continues its row; a week from now if it is not said")
	return c
}

func (a *app) compareLists() *cobra.Command {
	o := centre.CompareOrder{Run: -1}
	var out string
	var read func(dir string) error
	c := &cobra.Command{
		Use:   "compare DIR [--run RUN] [--csv FILE]",
		Short: "explain every difference between the lists of a running DIRBS and ours",
		Long: "compare reads the exported files of a DIRBS, as ceir adopt does, and keeps nothing of them. It explains\n" +
			"each row that only one system has, or that they have differently, by what is known here: the class of\n" +
			"the difference, and why. What nothing explains is told first, and the exit status is then 1. Ours are\n" +
			"those of the last run of ceir lists, shadow or enforced, or with --run of any. --csv and --json give\n" +
			"every row.",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if err := read(args[0]); err != nil {
				return err
			}
			if c.Flags().Changed("run") && o.Run < 0 {
				return usage{fmt.Errorf("--run is the number of a run: see ceir lists --history")}
			}
			return a.open(c.Context(), func(t *centre.Centre) error {
				r, err := t.CompareLists(c.Context(), o)
				if err != nil {
					return err
				}
				if out != "" {
					if err := writeDifferences(out, r); err != nil {
						return err
					}
				}
				if err := a.print(r, r.String()); err != nil || r.Unexplained == 0 {
					return err
				}
				return errNotAsItShouldBe
			})
		},
	}
	c.Flags().Int64Var(&o.Run, "run", -1, "number of our run")
	c.Flags().StringVar(&out, "csv", "", "file for every difference as CSV; it must not exist")
	read = otherSystem(c, &o.AdoptOrder)
	return c
}

// writeDifferences writes every difference into a new file.
func writeDifferences(path string, r *adopt.Comparison) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return problem.New(problem.Refused, "writing the differences: %w", err)
	}
	return errors.Join(r.WriteCSV(f), f.Close())
}

// otherSystem gives a command the flags that say how another system's files are read. read fills in
// the order when they are known.
func otherSystem(c *cobra.Command, o *centre.AdoptOrder) (read func(dir string) error) {
	var rules, operators []string
	c.Flags().StringArrayVar(&rules, "rule", nil, "which rule continues a condition: CONDITION=RULE, or CONDITION= for none")
	c.Flags().StringArrayVar(&operators, "operator", nil, "how an operator of that system is named here: THEIRS=OURS")
	return func(dir string) (err error) {
		o.Dir = dir
		if o.Rules, err = assignments("rule", rules); err != nil {
			return err
		}
		o.Operators, err = assignments("operator", operators)
		return err
	}
}

// assignments reads NAME=VALUE.
func assignments(flag string, from []string) (map[string]string, error) {
	into := map[string]string{}
	for _, s := range from {
		name, value, ok := strings.Cut(s, "=")
		if _, twice := into[name]; !ok || name == "" || twice {
			return nil, usage{fmt.Errorf("--%s %q: write NAME=VALUE, each name once", flag, s)}
		}
		into[name] = value
	}
	return into, nil
}

func adoptText(r *centre.AdoptReport) string {
	var b strings.Builder
	for _, f := range r.Adoption.Files {
		fmt.Fprintf(&b, "%10d rows  %s\n", f.Rows, f.Name)
	}
	for _, c := range r.Adoption.Rules {
		fmt.Fprintf(&b, "%10d rows  of %s continue under %s\n", c.Rows, c.Condition, cmp.Or(c.Rule, "no rule: left behind"))
	}
	if r.Ended > 0 {
		fmt.Fprintf(&b, "%10d rows  have ended and are history\n", r.Ended)
	}
	for _, name := range r.Left {
		fmt.Fprintf(&b, "Not looked at: %s\n", name)
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "Note: %s\n", note)
	}
	switch r.State {
	case centre.AdoptInForce:
		fmt.Fprintf(&b, "It is in force already, since record %d: nothing was done.\n", r.Record)
	case centre.AdoptWaiting:
		fmt.Fprintf(&b, "It is proposed already and waits for signatures: nothing was done.\nSign it: ceir approve %s --as ORGANISATION/NAME=KEYFILE\n", r.Content)
	default:
		fmt.Fprintf(&b, "%s\nSign it: ceir approve %s --as ORGANISATION/NAME=KEYFILE\n", r.Text, r.Content)
	}
	return b.String()
}
