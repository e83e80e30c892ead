package main

import (
	"github.com/spf13/cobra"

	"github.com/openceir/openceir/identifier"
)

func (a *app) check() *cobra.Command {
	c := &cobra.Command{
		Use:   "check IDENTIFIER",
		Short: "explain an identifier: form, check digit, allocation, plausibility, observation",
		Long: "check explains anything that a person can type or paste: an IMEI in any form, a TAC, MEID, EID,\n" +
			"ICCID, MAC address, a box label and many more. It needs no register.",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			e := identifier.Explain(args[0])
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
