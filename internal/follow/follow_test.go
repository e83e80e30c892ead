package follow

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/openceir/openceir/internal/problem"
)

// desk is a store of a log, in which acts have keys, and of cursors. A transaction works on a copy.
type desk struct {
	log     []string
	keys    map[string]bool
	cursors map[string]uint64
}

func (d *desk) clone() *desk {
	return &desk{slices.Clone(d.log), maps.Clone(d.keys), maps.Clone(d.cursors)}
}

func (d *desk) add(key string) {
	if !d.keys[key] {
		d.keys[key] = true
		d.log = append(d.log, key)
	}
}

// stage copies what has its source's name, adding its own: "a1" to "ab1". It writes in steps of most.
type stage struct {
	name, from string
	most       int
	looks      int
	fail       error // of the next look
}

func (s *stage) Name() string { return s.name }

func (s *stage) Look(_ context.Context, d *desk, after uint64) (func(context.Context, *desk) error, uint64, error) {
	s.looks++
	if err := s.fail; err != nil {
		s.fail = nil
		return nil, 0, err
	}
	var keys []string
	upto := after
	for ; upto < uint64(len(d.log)) && len(keys) < s.most; upto++ {
		if kind, n, ok := strings.Cut(d.log[upto], "-"); ok && kind == s.from {
			keys = append(keys, kind+s.name+"-"+n)
		}
	}
	if len(keys) == 0 {
		return nil, upto, nil
	}
	return func(_ context.Context, tx *desk) error {
		for _, k := range keys {
			tx.add(k)
		}
		tx.cursors[s.name] = upto
		return nil
	}, upto, nil
}

// world is a desk with its runner. The call of number fail, lost or kept, fails.
type world struct {
	*Runner[*desk]
	desk   *desk
	stages []*stage
	calls  int
	fail   int
	kept   bool
	told   []string
}

var errOnPurpose = errors.New("failed on purpose")

func newWorld(d *desk) *world {
	w := &world{desk: d, fail: -1, stages: []*stage{
		{name: "x", from: "a", most: 2}, {name: "y", from: "ax", most: 1}, {name: "z", from: "axy", most: 3}}}
	w.restart()
	return w
}

// restart forgets what the runner remembers.
func (w *world) restart() {
	w.Runner = &Runner[*desk]{View: w.view, Do: w.do,
		Cursor: func(_ context.Context, d *desk, stage string) (uint64, error) { return d.cursors[stage], w.call(nil) },
		Stepped: func(stage string, after, upto uint64) {
			w.told = append(w.told, fmt.Sprintf("%s %d-%d", stage, after, upto))
		}}
	for _, s := range w.stages {
		w.Stages = append(w.Stages, s)
	}
}

// call has its turn fail; took is what takes effect all the same, if the failure is of that sort.
func (w *world) call(took func()) error {
	now := w.calls == w.fail
	w.calls++
	if took != nil && (!now || w.kept) {
		took()
	}
	if now {
		return errOnPurpose
	}
	return nil
}

func (w *world) view(_ context.Context, f func(*desk) error) error {
	if err := w.call(nil); err != nil {
		return err
	}
	return f(w.desk.clone())
}

func (w *world) do(_ context.Context, f func(*desk) error) error {
	tx := w.desk.clone()
	if err := f(tx); err != nil {
		return err
	}
	return w.call(func() { *w.desk = *tx })
}

func fresh() *desk {
	d := &desk{keys: map[string]bool{}, cursors: map[string]uint64{}}
	for i := range 5 {
		d.add(fmt.Sprint("a-", i))
	}
	return d
}

func sorted(d *desk) string { return fmt.Sprint(slices.Sorted(maps.Keys(d.keys))) }

func TestUntilIdle(t *testing.T) {
	w := newWorld(fresh())
	if err := w.UntilIdle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(w.desk.log) != 20 {
		t.Errorf("%d entries, want each of 5 by 3 stages more: %v", len(w.desk.log), w.desk.log)
	}
	if want := "[x 0-2 y 0-6 z 0-8 x 2-4 "; !strings.HasPrefix(fmt.Sprint(w.told), want) {
		t.Errorf("the stages stepped %v, want %s…", w.told, want)
	}
	n, looks := len(w.told), w.stages[0].looks
	if err := w.UntilIdle(t.Context()); err != nil || len(w.told) != n || w.stages[0].looks != looks+1 {
		t.Errorf("idle, it stepped %v and looked %d times, %v", w.told[n:], w.stages[0].looks-looks, err)
	}
}

// Every call fails in turn, lost or kept, with and without a restart after it: in the end there is
// what there would have been.
func TestFaults(t *testing.T) {
	sound := newWorld(fresh())
	if err := sound.UntilIdle(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ kept, restart bool }{{false, false}, {false, true}, {true, false}, {true, true}} {
		for at := range sound.calls {
			w := newWorld(fresh())
			w.fail, w.kept = at, c.kept
			err := w.UntilIdle(t.Context())
			if !errors.Is(err, errOnPurpose) || !strings.Contains(err.Error(), "stage ") {
				t.Fatalf("call %d failed and the runner said %v", at, err)
			}
			if c.restart {
				w.restart()
			}
			if err := w.UntilIdle(t.Context()); err != nil || sorted(w.desk) != sorted(sound.desk) || len(w.desk.log) != len(sound.desk.log) {
				t.Errorf("call %d failed (%+v): %v, %v", at, c, w.desk.log, err)
			}
		}
	}
}

// What is appended and when the process begins anew makes no difference.
func TestRestarts(t *testing.T) {
	for seed := range uint64(200) {
		dice := rand.New(rand.NewPCG(seed, 1))
		d := fresh()
		w := newWorld(d)
		for n := range 10 {
			w.desk.add(fmt.Sprint("a-", 10+n))
			w.fail = w.calls + dice.IntN(12)
			w.kept = dice.IntN(2) == 0
			if err := w.UntilIdle(t.Context()); err != nil && !errors.Is(err, errOnPurpose) {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if dice.IntN(3) == 0 {
				w.restart()
			}
		}
		w.fail = -1
		if err := w.UntilIdle(t.Context()); err != nil || len(w.desk.log) != 60 {
			t.Fatalf("seed %d: %d entries, want 60; %v", seed, len(w.desk.log), err)
		}
	}
}

// A look that fails, a context that ends and stages that keep each other busy stop the runner, and
// no cursor has moved.
func TestStops(t *testing.T) {
	w := newWorld(fresh())
	w.stages[1].fail = errOnPurpose
	if err := w.UntilIdle(t.Context()); !errors.Is(err, errOnPurpose) || !strings.Contains(err.Error(), "stage y") {
		t.Errorf("%v", err)
	}
	if _, ok := w.cursors["y"]; ok {
		t.Error("the cursor of a stage that failed moved")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	before := w.calls
	if err := w.UntilIdle(ctx); !errors.Is(err, context.Canceled) || w.calls != before {
		t.Errorf("cancelled: %v after %d calls", err, w.calls-before)
	}
	busy := &Runner[*desk]{Stages: []Stage[*desk]{restless{}}, View: w.view, Do: w.do, Cursor: func(context.Context, *desk, string) (uint64, error) { return 0, nil }}
	if err := busy.UntilIdle(t.Context()); err == nil || !strings.Contains(err.Error(), "restless") {
		t.Errorf("a stage that is never done: %v", err)
	}
	back := &Runner[*desk]{Stages: []Stage[*desk]{backwards{}}, View: w.view, Do: w.do, Cursor: func(context.Context, *desk, string) (uint64, error) { return 9, nil }}
	if err := back.UntilIdle(t.Context()); err == nil || !strings.Contains(err.Error(), "back") {
		t.Errorf("a stage that goes back: %v", err)
	}
}

type restless struct{}

func (restless) Name() string { return "restless" }
func (restless) Look(_ context.Context, _ *desk, after uint64) (func(context.Context, *desk) error, uint64, error) {
	return func(context.Context, *desk) error { return nil }, after, nil
}

type backwards struct{}

func (backwards) Name() string { return "backwards" }
func (backwards) Look(context.Context, *desk, uint64) (func(context.Context, *desk) error, uint64, error) {
	return nil, 3, nil
}

// late is a stage for which another process is so many times faster.
type late struct{ times, wrote int }

func (s *late) Name() string { return "late" }

func (s *late) Look(context.Context, *desk, uint64) (func(context.Context, *desk) error, uint64, error) {
	if s.wrote > 0 {
		return nil, 1, nil
	}
	return func(context.Context, *desk) error {
		if s.times--; s.times >= 0 {
			return problem.New(problem.Conflict, "another process was faster")
		}
		s.wrote++
		return nil
	}, 1, nil
}

// Whoever finds that another process was faster looks again, and gives up if that does not end.
func TestAnotherProcess(t *testing.T) {
	for times, ends := range map[int]bool{0: true, 1: true, maxLate: true, maxLate + 1: false} {
		s := &late{times: times}
		none := func(_ context.Context, f func(*desk) error) error { return f(nil) }
		r := &Runner[*desk]{Stages: []Stage[*desk]{s}, View: none, Do: none, Cursor: func(context.Context, *desk, string) (uint64, error) { return 0, nil }}
		if err := r.UntilIdle(t.Context()); (err == nil) != ends || !ends && !errors.Is(err, problem.Conflict) || ends && s.wrote != 1 {
			t.Errorf("%d times: %v, it wrote %d times", times, err, s.wrote)
		}
	}
}
