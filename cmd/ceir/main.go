// Command ceir is the centre: the national register of device identity.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/openceir/openceir/internal/config"
	"github.com/openceir/openceir/internal/node/centre"
	"github.com/openceir/openceir/internal/problem"
)

func main() {
	// The collector runs whenever the heap has doubled. A command reads a country from nothing in a
	// second, and would collect at each step of it; so the heap seems larger by memory that is never
	// touched, and therefore never taken.
	ballast := make([]byte, 64<<20)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	status := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	runtime.KeepAlive(ballast)
	os.Exit(status)
}

// Exit statuses: 0 done; 1 refused, or not as it should be; 2 misuse.
const (
	exitDone    = 0
	exitRefused = 1
	exitMisuse  = 2
)

// errNotAsItShouldBe ends a command with status 1 after it has printed what is wrong.
var errNotAsItShouldBe = errors.New("")

// app is what the subcommands share.
type app struct {
	in       io.Reader
	out, err io.Writer
	data     string
	config   string
	json     bool
}

// run runs one command and returns its exit status.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	a := &app{in: in, out: out, err: errs}
	root := &cobra.Command{
		Use:                        "ceir",
		Short:                      "the national register of device identity",
		SuggestionsMinimumDistance: 2,
		Long: "ceir keeps the national register of device identity: it takes in what operators saw, finds\n" +
			"stolen, cloned and faked devices, lets people decide, keeps every decision in a ledger that\n" +
			"proves itself, and publishes the lists by which operators refuse devices.",
		SilenceUsage: true, SilenceErrors: true,
	}
	group(root)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage{fmt.Errorf("%w: see %s --help", err, c.CommandPath())}
	})
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	f := root.PersistentFlags()
	f.StringVar(&a.data, "data", "", "directory of the embedded stores")
	f.StringVar(&a.config, "config", "", "configuration file")
	f.BoolVar(&a.json, "json", false, "print JSON for machines")
	for _, c := range []func() *cobra.Command{a.accounts, a.adopt, a.approve, a.check, a.conditions, a.demo, a.importFile, a.initialise, a.key,
		a.ledger, a.lists, a.propose, a.receipt, a.report, a.run, a.serve, a.simulate, a.status, a.token, a.verifyReceipt} {
		root.AddCommand(c())
	}
	return a.exit(root.ExecuteContext(ctx))
}

// exit prints an error and returns the status for it.
func (a *app) exit(err error) int {
	if err == nil {
		return exitDone
	}
	if errors.Is(err, errNotAsItShouldBe) {
		return exitRefused
	}
	fmt.Fprintf(a.err, "ceir: %v\n", err)
	var kind problem.Kind
	if errors.As(err, &kind) && kind != problem.Invalid {
		return exitRefused
	}
	if errors.As(err, &kind) || isUsage(err) {
		return exitMisuse
	}
	return exitRefused
}

// usage marks an error of the command line.
type usage struct{ error }

func isUsage(err error) bool {
	var u usage
	return errors.As(err, &u)
}

// args wraps a check of arguments so that its error counts as misuse.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return usage{fmt.Errorf("%w: see %s --help", err, c.CommandPath())}
		}
		return nil
	}
}

// group makes a command that only has others under it refuse a name that none of them has.
func group(c *cobra.Command) {
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		meant := ""
		if near := c.SuggestionsFor(args[0]); len(near) > 0 {
			meant = fmt.Sprintf(", did you mean %s", strings.Join(near, " or "))
		}
		return usage{fmt.Errorf("there is no command %s %s%s: see %s --help", c.CommandPath(), args[0], meant, c.CommandPath())}
	}
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
}

// open opens the centre that --data or --config names, for the time of f.
func (a *app) open(ctx context.Context, f func(*centre.Centre) error) error {
	return a.openAs(ctx, centre.Options{Log: a.logger()}, f)
}

func (a *app) openAs(ctx context.Context, o centre.Options, f func(*centre.Centre) error) error {
	c, err := config.ReadCentre(a.config, a.data)
	if err != nil {
		return err
	}
	t, err := centre.Open(ctx, c, o)
	if err != nil {
		return err
	}
	return errors.Join(f(t), t.Close())
}

// print writes v as JSON for machines, or text for people.
func (a *app) print(v any, text string) error {
	if !a.json {
		_, err := io.WriteString(a.out, text)
		return err
	}
	e := json.NewEncoder(a.out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
