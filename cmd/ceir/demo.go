package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/openceir/openceir/internal/sim/demo"
)

func (a *app) demo() *cobra.Command {
	var o demo.Options
	var once bool
	c := &cobra.Command{
		Use:   "demo [--once] [--population N] [--seed S] [--data DIR]",
		Short: "run a whole country on this machine, attack it, and keep serving its status page",
		Long: "demo makes up a country, takes in what its operators saw, detects, decides, publishes, runs an EIR\n" +
			"for each operator on localhost, attaches phones over S13 and N17, and attacks it all with the\n" +
			"centre's own key. It keeps serving until you stop it; with --once it ends, and with --json it\n" +
			"prints one JSON object and nothing else. The data stay behind in --data.",
		Args: args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			o.Data = a.data
			if o.Data == "" {
				dir, err := os.MkdirTemp("", "openceir-demo-")
				if err != nil {
					return err
				}
				defer os.RemoveAll(dir)
				o.Data = filepath.Join(dir, "data")
			}
			if o.Story = a.out; a.json {
				o.Story = io.Discard
			}
			d, err := demo.Run(c.Context(), o)
			if err != nil {
				return err
			}
			defer d.Close()
			if a.json {
				if err := json.NewEncoder(a.out).Encode(d.Result); err != nil {
					return err
				}
			}
			if !once {
				fmt.Fprintf(o.Story, "\nThe country goes on. Its status page is at %s\nStop it with Ctrl-C.\n", d.URL)
				<-c.Context().Done()
			}
			if !d.Result.AsItShouldBe() {
				return errNotAsItShouldBe
			}
			return nil
		},
	}
	f := c.Flags()
	f.BoolVar(&once, "once", false, "do not stay")
	f.IntVar(&o.Population, "population", 100_000, "number of subscriptions")
	f.Uint64Var(&o.Seed, "seed", 1, "chooses the country")
	f.StringVar(&o.Listen, "listen", "127.0.0.1:8470", "where the status page is served; another free port if it is taken")
	f.StringVar(&o.Database, "database", "", "keep the register in PostgreSQL at this URL instead of SQLite")
	return c
}
