// Command eir is the operator's node: it answers whether a device may attach.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/openceir/openceir/internal/config"
	"github.com/openceir/openceir/internal/node/eir"
	"github.com/openceir/openceir/internal/problem"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// app is what the subcommands share.
type app struct {
	out, err io.Writer
	config   string
}

// run runs one command and returns its exit status: 0 done; 1 refused; 2 misuse.
func run(ctx context.Context, arguments []string, out, errs io.Writer) int {
	a := &app{out: out, err: errs}
	root := &cobra.Command{
		Use:   "eir",
		Short: "an operator's equipment identity register",
		Long: "eir answers over S13 and N17 whether a device may attach, from a list in memory that it verified\n" +
			"itself, and sends up what it saw. Without a list it allows every device.",
		SilenceUsage: true, SilenceErrors: true,
	}
	root.Args = args(cobra.NoArgs)
	root.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return problem.New(problem.Invalid, "%w: see %s --help", err, c.CommandPath())
	})
	root.SetArgs(arguments)
	root.SetOut(out)
	root.SetErr(errs)
	root.PersistentFlags().StringVar(&a.config, "config", "eir.yaml", "configuration file")
	root.AddCommand(a.serve(), a.replay(), a.pseudonymise(), a.reveal())
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintf(errs, "eir: %v\n", err)
	if problem.Of(err) == problem.Invalid {
		return 2
	}
	return 1
}

// args wraps a check of arguments so that its error counts as misuse and says where to read on.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, given []string) error {
		if err := check(c, given); err != nil {
			return problem.New(problem.Invalid, "%w: see %s --help", err, c.CommandPath())
		}
		return nil
	}
}

// open opens the node that the configuration describes, as change leaves it.
func (a *app) open(change func(*config.EIR)) (*eir.Node, error) {
	c, err := config.ReadEIR(a.config)
	if problem.Of(err) == problem.NotFound && err != nil {
		return nil, fmt.Errorf("%w: name the file with --config FILE", err)
	}
	if err != nil {
		return nil, err
	}
	change(c)
	return eir.Open(c, time.Now, slog.New(slog.NewTextHandler(a.err, nil)))
}
