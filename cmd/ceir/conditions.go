package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/openceir/openceir/internal/detect"
	"github.com/openceir/openceir/internal/node/centre"
)

func (a *app) conditions() *cobra.Command {
	c := &cobra.Command{Use: "conditions", Short: "the rules of detection"}
	group(c)
	c.AddCommand(&cobra.Command{
		Use:   "default",
		Short: "print the rules that a register starts with",
		Args:  args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			_, err := a.out.Write(detect.DefaultText())
			return err
		},
	}, &cobra.Command{
		Use:   "from-dirbs FILE",
		Short: "print the conditions of a DIRBS configuration as rules of this register, and say what differs",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			text, err := readSmall(args[0])
			if err != nil {
				return err
			}
			c, err := detect.FromDIRBS(text)
			if err != nil {
				return err
			}
			for _, note := range c.Notes {
				fmt.Fprintln(a.err, note)
			}
			_, err = a.out.Write(c.Text)
			return err
		},
	}, &cobra.Command{
		Use:   "set FILE",
		Short: "use the rules of a file from now on; changed ones are shadows until people give them authority",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			text, err := readSmall(args[0])
			if err != nil {
				return err
			}
			return a.open(c.Context(), func(t *centre.Centre) error {
				if err := t.SetConditions(c.Context(), text); err != nil {
					return err
				}
				_, err := io.WriteString(a.out, "Recorded. Run ceir run --until-idle to judge by them.\n")
				return err
			})
		},
	})
	return c
}
