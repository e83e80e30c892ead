package main

import (
	"fmt"
	"net"

	"github.com/spf13/cobra"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/node/centre"
	"github.com/openceir/openceir/internal/problem"
)

func (a *app) run() *cobra.Command {
	var asOf string
	var untilIdle bool
	c := &cobra.Command{
		Use:   "run --until-idle [--as-of DAY]",
		Short: "step every stage until none has anything to do",
		Long: "run detects, decides and publishes what is new, and stops. --as-of records that the day is\n" +
			"complete: counts and conditions look back from it.",
		Args: args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if !untilIdle {
				return usage{fmt.Errorf("say --until-idle; ceir serve keeps running")}
			}
			day, err := parseDay(asOf)
			if err != nil {
				return err
			}
			return a.open(c.Context(), func(t *centre.Centre) error {
				if _, err := t.Sweep(c.Context()); err != nil {
					return err
				}
				if err := t.Run(c.Context(), day); err != nil {
					return err
				}
				return a.printStatus(c.Context(), t.Standing)
			})
		},
	}
	c.Flags().BoolVar(&untilIdle, "until-idle", false, "stop when there is nothing to do")
	c.Flags().StringVar(&asOf, "as-of", "", "the last complete day, YYYY-MM-DD")
	return c
}

func parseDay(s string) (device.Day, error) {
	if s == "" {
		return 0, nil
	}
	d, err := device.ParseDay(s)
	if err != nil {
		return 0, problem.New(problem.Invalid, "%w", err)
	}
	return d, nil
}

func (a *app) serve() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "answer operators' nodes and browsers, and keep stepping the stages",
		Args:  args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.open(c.Context(), func(t *centre.Centre) error {
				ln, err := net.Listen("tcp", t.Config.Listen)
				if err != nil {
					return problem.New(problem.Refused, "listening: %w", err)
				}
				fmt.Fprintf(a.out, "Serving on http://%s\n", ln.Addr())
				return t.Serve(c.Context(), ln)
			})
		},
	}
}
