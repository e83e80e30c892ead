package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/node/centre"
	"github.com/openceir/openceir/internal/portal"
)

func (a *app) status() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "show the state of the register",
		Args:  args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.open(c.Context(), func(t *centre.Centre) error { return a.printStatus(c.Context(), t.Status) })
		},
	}
}

func (a *app) printStatus(ctx context.Context, status func(context.Context) (*portal.Status, error)) error {
	s, err := status(ctx)
	if err != nil {
		return err
	}
	return a.print(s, statusText(s))
}

func statusText(s *portal.Status) string {
	if s.Size == 0 {
		return "The register is not founded yet: see ceir init --help.\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Ledger: %d records, root %s\n", s.Size, s.Root)
	if s.Day != "" {
		fmt.Fprintf(&b, "Last complete day: %s. Base of the guard: %d active pairs", s.Day, s.Active)
		if s.Counted > 0 {
			fmt.Fprintf(&b, "; %d counted last", s.Counted)
		}
		b.WriteString(".\n")
	}
	fmt.Fprintf(&b, "Operators' files in force: %d\n", s.Files)
	for _, l := range s.Lines {
		fmt.Fprintf(&b, "Lines %s: %d\n", l.Name, l.N)
	}
	for _, r := range s.Rules {
		fmt.Fprintf(&b, "Rule %s: %d open findings (%s)\n", r.Name, r.Open, r.Authority)
	}
	for _, n := range s.Nodes {
		fmt.Fprintf(&b, "Node %s: list of ledger size %d in force", n.Name, n.Size)
		if n.State == device.Held {
			fmt.Fprintf(&b, "; a newer one is held: %s", n.Text)
		}
		b.WriteByte('\n')
	}
	for _, p := range s.Proposals {
		fmt.Fprintf(&b, "Waiting for signatures: %s %s\n  %s\n  signed by: %s\n", p.Kind, p.Digest, p.Text, cmp.Or(strings.Join(p.Signatures, ", "), "nobody yet"))
	}
	return b.String()
}
