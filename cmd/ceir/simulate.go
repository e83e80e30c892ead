package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/openceir/openceir/internal/sim/country"
)

func (a *app) simulate() *cobra.Command {
	var cfg country.Config
	var out string
	c := &cobra.Command{
		Use:   "simulate --out DIR --population N",
		Short: "make up a country from a seed: dumps, lists, attaches, and the truth",
		Args:  args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if out == "" {
				return usage{fmt.Errorf("say where to write: --out DIR")}
			}
			s, err := country.Generate(c.Context(), cfg, out, nil)
			if err != nil {
				return err
			}
			return a.print(s, fmt.Sprintf("%d subscribers, %d devices, %d rows in %d dumps from %s to %s, %d timed attaches, %d stolen: in %s\n",
				s.Subscribers, s.Devices, s.Rows, s.Dumps, s.First, s.Last, s.Attaches, s.Stolen, out))
		},
	}
	c.Flags().StringVar(&out, "out", "", "directory to write")
	c.Flags().IntVar(&cfg.Population, "population", 100_000, "number of subscriptions")
	c.Flags().IntVar(&cfg.Months, "months", 2, "civil months")
	c.Flags().Uint64Var(&cfg.Seed, "seed", 1, "chooses among countries of a kind")
	return c
}
