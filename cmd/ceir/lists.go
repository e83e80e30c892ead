package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/openceir/openceir/internal/listgen"
	"github.com/openceir/openceir/internal/node/centre"
)

func (a *app) lists() *cobra.Command {
	o := centre.ListOrder{Base: -1}
	var history bool
	c := &cobra.Command{
		Use:   "lists {--out DIR [--base RUN] [--shadow] [--no-full] | --history}",
		Short: "write the lists of operators as files: prohibited devices, notifications, exceptions",
		Long: "lists writes full lists and deltas as CSV in zip files, and a manifest with the digest of each. Run\n" +
			"ceir run --until-idle before. A run is kept under a number; deltas are against the last run of the\n" +
			"same sort, or with --base against any. If nothing has changed, the files are of the last run again.\n" +
			"--shadow lists what would stand there if every rule had authority. --history shows the runs.",
		Args: args(func(c *cobra.Command, args []string) error {
			switch {
			case len(args) > 0:
				return fmt.Errorf("lists takes no arguments")
			case history && (o.Dir != "" || c.Flags().Changed("base") || o.Shadow || o.Deltas):
				return fmt.Errorf("--history stands alone")
			case !history && o.Dir == "":
				return fmt.Errorf("say where the files go: --out DIR")
			case c.Flags().Changed("base") && o.Base < 0:
				return fmt.Errorf("--base is the number of a run: see ceir lists --history")
			}
			return nil
		}),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.open(c.Context(), func(t *centre.Centre) error {
				if history {
					runs, err := t.ListHistory(c.Context())
					if err != nil {
						return err
					}
					return a.print(runs, runsText(runs))
				}
				m, err := t.Lists(c.Context(), o)
				if err != nil {
					return err
				}
				return a.print(m, listsText(m))
			})
		},
	}
	c.Flags().StringVar(&o.Dir, "out", "", "directory of the files; it is made")
	c.Flags().Int64Var(&o.Base, "base", -1, "number of the run that deltas are against")
	c.Flags().BoolVar(&o.Shadow, "shadow", false, "as if every rule had authority")
	c.Flags().BoolVar(&o.Deltas, "no-full", false, "deltas only")
	c.Flags().BoolVar(&history, "history", false, "show the runs")
	c.AddCommand(a.compareLists())
	return c
}

func sortOf(shadow bool) string {
	if shadow {
		return "shadow"
	}
	return "enforced"
}

func listsText(m *listgen.Manifest) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Run %d, %s, as of %s", m.Run, sortOf(m.Shadow), m.Day)
	if !m.New {
		b.WriteString(": nothing has changed since it was made")
	}
	if m.Base < 0 {
		b.WriteString(". Deltas are whole lists, for there is no run before.\n")
	} else {
		fmt.Fprintf(&b, ". Deltas are against run %d.\n", m.Base)
	}
	empty := 0
	for _, f := range m.Files {
		if f.Rows == 0 && f.Delta != "" {
			empty++
			continue
		}
		fmt.Fprintf(&b, "%8d rows  %s  %s\n", f.Rows, f.MD5, f.Name)
	}
	fmt.Fprintf(&b, "%d deltas are empty. Manifest: %s\n", empty, m.Manifest)
	return b.String()
}

func runsText(runs []centre.KeptRun) string {
	var b strings.Builder
	for i := range runs {
		r := &runs[i]
		sort := sortOf(r.Shadow)
		if r.Adopted {
			sort = "adopted"
		}
		fmt.Fprintf(&b, "%8d  %s  as of %s  ", r.Run, sort, r.Day)
		n := map[string]int64{}
		for _, p := range r.Parts {
			n[p.Table] += p.Rows
		}
		fmt.Fprintf(&b, "%d devices, %d notices, %d exceptions\n", n["list_devices"], n["list_notices"], n["list_exceptions"])
	}
	if len(runs) == 0 {
		b.WriteString("No lists were made yet.\n")
	}
	return b.String()
}
