package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/openceir/openceir/internal/config"
)

func (a *app) serve() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "answer checks, follow the list, send up what was seen",
		Args:  args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			n, err := a.open(func(*config.EIR) {})
			if err != nil {
				return err
			}
			if n.S13 != nil {
				fmt.Fprintf(a.out, "S13 on %s\n", n.S13.Addr())
			}
			if n.N17 != nil {
				fmt.Fprintf(a.out, "N17 on %s\n", n.N17.Addr())
			}
			return n.Run(c.Context())
		},
	}
}
