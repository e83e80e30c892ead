package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/node/centre"
	"github.com/openceir/openceir/internal/observe"
)

func (a *app) importFile() *cobra.Command {
	var op, withdraw, reason string
	var o observe.Options
	c := &cobra.Command{
		Use:   "import [KIND FILE [--operator NAME] | --withdraw DIGEST --reason TEXT]",
		Short: "take a file in, or take one back; without arguments, list what is in force",
		Long: "import takes in a file, zipped or plain, whole or not at all. The kinds are operator (with --operator),\n" +
			"gsma_tac, stolen_list, registration_list, pairing_list, golden_list, barred_list, barred_tac_list,\n" +
			"monitoring_list, subscribers_registration_list and device_association_list. A list is complete and takes\n" +
			"the place of the one in force; with --delta it has changes only, and a last column change_type: add,\n" +
			"remove or update. The limits that a file must keep are in the configuration, under gates.\n" +
			"The same file again changes nothing. --withdraw takes one file's effect back. Without arguments\n" +
			"it lists the files in force with their digests.",
		Args: args(func(_ *cobra.Command, args []string) error {
			switch {
			case withdraw != "" && len(args) > 0, len(args) == 1, len(args) > 2:
				return fmt.Errorf("write a kind and a file, or --withdraw DIGEST")
			case withdraw != "" && reason == "":
				return fmt.Errorf("say why it is taken back: --reason TEXT")
			}
			return nil
		}),
		RunE: func(c *cobra.Command, args []string) error {
			return a.open(c.Context(), func(t *centre.Centre) error {
				switch {
				case withdraw != "":
					if err := t.Withdraw(c.Context(), withdraw, reason); err != nil {
						return err
					}
					return a.print(map[string]string{"withdrawn": withdraw}, "Withdrawn. Run ceir run --until-idle for its consequences.\n")
				case len(args) == 0:
					all, err := t.Files(c.Context())
					if err != nil {
						return err
					}
					return a.print(all, filesText(all))
				}
				r, err := t.ImportWith(c.Context(), args[1], device.FileKind(args[0]), device.Operator(op), o, a.progress(args[1]))
				if err != nil {
					return err
				}
				return a.print(r, reportText(&r))
			})
		},
	}
	c.Flags().StringVar(&op, "operator", "", "whose dump it is")
	c.Flags().BoolVar(&o.Delta, "delta", false, "the list has changes only")
	c.Flags().BoolVar(&o.PreHashed, "pre-hashed", false, "the golden list has MD5 hashes of 14 digits")
	c.Flags().StringVar(&withdraw, "withdraw", "", "digest of the file to take back")
	c.Flags().StringVar(&reason, "reason", "", "why it is taken back")
	return c
}

func reportText(r *observe.Report) string {
	var b strings.Builder
	f := &r.File
	if r.Already {
		fmt.Fprintf(&b, "%s is in force already: nothing was done.\n", f.Name)
	} else {
		fmt.Fprintf(&b, "%s: %d rows taken, %d malformed kept apart, %d refused.\ndigest %s\n", f.Name, f.Rows, f.Malformed, f.Refused, f.Digest)
	}
	if r.Results != "" {
		fmt.Fprintf(&b, "Which rows, and why: %s\n", r.Results)
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(&b, "Note: %s\n", w)
	}
	return b.String()
}

func filesText(all []device.File) string {
	var b strings.Builder
	for i := range all {
		f := &all[i]
		fmt.Fprintf(&b, "%s %s ", f.Digest, f.Kind)
		if f.Operator != "" {
			fmt.Fprintf(&b, "%s %s..%s ", f.Operator, f.From, f.To)
		}
		if f.Delta {
			b.WriteString("delta ")
		}
		fmt.Fprintf(&b, "%d rows, %s\n", f.Rows, f.Name)
	}
	if len(all) == 0 {
		b.WriteString("No file is in force yet.\n")
	}
	return b.String()
}
