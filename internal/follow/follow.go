// Package follow steps the stages that come after the check. A stage follows the ledger: it looks
// at what was appended since it last looked, in a consistent view, and then writes its answer in
// one short transaction; what it wrote and how far it got commit together. Restarting, replaying
// and auditing are the same operation, because a stage that looks twice writes nothing new: what
// it writes has keys.
//
// A stage's cursor is persisted with its output only. A step that wrote nothing is remembered in
// memory and looked at again after a restart.
package follow

import (
	"context"
	"fmt"

	"github.com/openceir/openceir/internal/problem"
)

// Stage is one stage. T is the transaction that it is handed; it never begins one.
type Stage[T any] interface {
	Name() string
	// Look studies the records from after on in a view, and returns how to write the answer (nil
	// for nothing to write) and how far it saw: the index of the first record that it did not, at
	// least after. It may take long; write may not, and may run again if another process was faster.
	Look(ctx context.Context, view T, after uint64) (write func(ctx context.Context, tx T) error, upto uint64, err error)
}

// Runner steps stages in the order of the walk. It is for one goroutine.
type Runner[T any] struct {
	Stages []Stage[T]
	View   func(ctx context.Context, f func(T) error) error // runs f on one consistent state
	Do     func(ctx context.Context, f func(T) error) error // runs f in one transaction that commits synced
	// Cursor returns how far a stage's persisted output reaches, 0 if it has none.
	Cursor func(ctx context.Context, view T, stage string) (uint64, error)
	// Stepped, if set, is told of each step that wrote something.
	Stepped func(stage string, after, upto uint64)

	cursors map[string]uint64 // by stage: how far it has come in this process
}

// maxRounds bounds UntilIdle: stages that keep each other busy for so long are at fault.
const maxRounds = 1000

// UntilIdle steps every stage until none has anything to do. On an error, which names the stage,
// what the steps before it wrote stands; calling it again goes on from there.
func (r *Runner[T]) UntilIdle(ctx context.Context) error {
	var busy []string
	late := 0
	for range maxRounds {
		busy = nil
		for _, s := range r.Stages {
			wrote, err := r.step(ctx, s)
			if err != nil && problem.Of(err) == problem.Conflict && late < maxLate {
				late++ // another process wrote what this one looked at: it looks again
				wrote, err = true, nil
			}
			if err != nil {
				return fmt.Errorf("stage %s: %w", s.Name(), err)
			}
			if wrote {
				busy = append(busy, s.Name())
			}
		}
		if len(busy) == 0 {
			return nil
		}
	}
	return fmt.Errorf("the stages %q are still not idle after %d rounds", busy, maxRounds)
}

// maxLate bounds how often UntilIdle finds that another process was faster. Each time it wrote something,
// so that the work is done; more of it means that two processes undo one another.
const maxLate = 10

// step runs one stage once and reports whether it wrote.
func (r *Runner[T]) step(ctx context.Context, s Stage[T]) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	var write func(context.Context, T) error
	var after, upto uint64
	err := r.View(ctx, func(view T) error {
		var err error
		if after, err = r.cursor(ctx, view, s.Name()); err == nil {
			write, upto, err = s.Look(ctx, view, after)
		}
		return err
	})
	switch {
	case err != nil:
		return false, err
	case upto < after:
		return false, fmt.Errorf("it looked from record %d on and went back to %d: the ledger was restored or rewritten, or the stage is at fault", after, upto)
	}
	if write != nil {
		if err := r.Do(ctx, func(tx T) error { return write(ctx, tx) }); err != nil {
			return false, err
		}
		if r.Stepped != nil {
			r.Stepped(s.Name(), after, upto)
		}
	}
	r.cursors[s.Name()] = upto
	return write != nil, nil
}

func (r *Runner[T]) cursor(ctx context.Context, view T, stage string) (uint64, error) {
	if r.cursors == nil {
		r.cursors = map[string]uint64{}
	}
	if c, ok := r.cursors[stage]; ok {
		return c, nil
	}
	return r.Cursor(ctx, view, stage)
}
