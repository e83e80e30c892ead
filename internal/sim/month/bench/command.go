package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// figures are what one step took.
type figures struct {
	cpu, wall time.Duration
	peak      int64 // bytes
	out       string
}

// add adds a process of the same step.
func (f *figures) add(g figures) {
	f.cpu += g.cpu
	f.wall += g.wall
	f.peak = max(f.peak, g.peak)
	f.out += g.out
}

// command is a program with the arguments that all its calls share.
type command struct {
	bin   string
	after []string
}

// run runs the program and returns what it took. Its error has what the program said.
func (c *command) run(ctx context.Context, args ...string) (figures, error) {
	cmd := exec.CommandContext(ctx, c.bin, append(args, c.after...)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	begun := time.Now()
	err := cmd.Run()
	f := figures{wall: time.Since(begun), out: out.String()}
	if err != nil {
		return f, fmt.Errorf("%s %s: %w: %s", c.bin, strings.Join(args, " "), err, strings.TrimSpace(errs.String()))
	}
	f.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if use, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		f.peak = use.Maxrss * 1024 // Linux counts in kilobytes
	}
	return f, nil
}
