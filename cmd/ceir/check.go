package main

import (
	"github.com/spf13/cobra"

	"github.com/openceir/openceir/identifier"
	"github.com/openceir/openceir/internal/node/centre"
)

func (a *app) check() *cobra.Command {
	c := &cobra.Command{
		Use:   "check IDENTIFIER",
		Short: "explain an identifier: form, check digit, allocation, plausibility, observation",
		Long: "check explains anything that a person can type or paste: an IMEI in any form, a TAC, MEID, EID,\n" +
			"ICCID, MAC address, a box label and many more. It needs no register; with --data or --config it\n" +
			"also tells what the register knows: the TAC directory and the list.",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			x := new(identifier.Explainer)
			if a.data != "" || a.config != "" {
				err := a.open(c.Context(), func(t *centre.Centre) (err error) {
					x, err = t.Explainer(c.Context())
					return err
				})
				if err != nil {
					return err
				}
			}
			e := x.Explain(args[0])
			if err := a.print(e, e.Text()); err != nil {
				return err
			}
			if e.Failed() {
				return errNotAsItShouldBe
			}
			return nil
		},
	}
	return c
}
