package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/openceir/openceir/internal/node/centre"
)

func (a *app) status() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "show the state of the register",
		Args:  args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.open(c.Context(), func(t *centre.Centre) error { return a.printStatus(c.Context(), t) })
		},
	}
}

func (a *app) printStatus(ctx context.Context, t *centre.Centre) error {
	s, err := t.Status(ctx)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Ledger: %d records, root %s\n", s.Size, s.Root)
	if s.Day != "" {
		fmt.Fprintf(&b, "Last complete day: %s. Base of the guard: %d active pairs; %d counted last.\n", s.Day, s.Active, s.Counted)
	}
	for _, l := range s.Lines {
		fmt.Fprintf(&b, "Lines %s: %d\n", l.Name, l.N)
	}
	for _, r := range s.Rules {
		fmt.Fprintf(&b, "Rule %s: %d open findings (%s)\n", r.Name, r.Open, r.Authority)
	}
	for _, n := range s.Nodes {
		fmt.Fprintf(&b, "Node %s: list of ledger size %d %s\n", n.Name, n.Size, strings.TrimSpace(n.State+" "+n.Text))
	}
	for _, p := range s.Proposals {
		fmt.Fprintf(&b, "Waiting for signatures: %s %s\n  %s\n  signed by: %s\n", p.Kind, p.Digest, p.Text, strings.Join(p.Signatures, ", "))
	}
	return a.print(s, b.String())
}
