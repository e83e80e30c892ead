package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/openceir/openceir/internal/config"
	"github.com/openceir/openceir/list"
)

func (a *app) replay() *cobra.Command {
	return &cobra.Command{
		Use:   "replay FILE...",
		Short: "ask the list every check of a file of timed attaches, and spool what was seen",
		Args:  args(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, files []string) error {
			n, err := a.open(func(c *config.EIR) { c.S13.Listen, c.N17.Listen = "", "" }) // nobody would answer there
			if err != nil {
				return err
			}
			defer n.Close() //nolint:errcheck // it gives back a lock, as the end of the process does
			for _, f := range files {
				checks, err := n.Replay(c.Context(), f)
				if err != nil {
					return fmt.Errorf("replaying %s: %w", f, err)
				}
				fmt.Fprintf(a.out, "%s: %d checks\n", f, checks)
			}
			for s := list.Allowed; s <= list.Unknown; s++ {
				fmt.Fprintf(a.out, "%s: %d\n", s, n.Core.Stats.Checks[s].Load())
			}
			return n.Sync(c.Context())
		},
	}
}
