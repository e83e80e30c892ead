package sim

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

var oneSeed = flag.Int64("seed", -1, "tell the story of this seed only")

// seeds is how many worlds are run: OPENCEIR_SEEDS, or 200, or 20 with -short.
func seeds(t testing.TB) int {
	if s := os.Getenv("OPENCEIR_SEEDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("OPENCEIR_SEEDS=%q is not a number", s)
		}
		return n
	}
	if testing.Short() {
		return 20
	}
	return 200
}

// tell runs the worlds of the seeds, as many at once as keep the cores busy while files are synced.
func tell(t *testing.T, from, to uint64, make func() plant, told func(*World, error) (goOn bool)) {
	dir := t.TempDir()
	var mu sync.Mutex // guards told
	var next atomic.Uint64
	next.Store(from)
	var done atomic.Bool
	var wait sync.WaitGroup
	for range 2 * runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for seed := next.Add(1) - 1; seed < to && !done.Load(); seed = next.Add(1) - 1 {
				home := filepath.Join(dir, fmt.Sprint(seed))
				w := newWorld(seed, home, make())
				err := w.run()
				os.RemoveAll(home)
				mu.Lock()
				if !told(w, err) {
					done.Store(true)
				}
				mu.Unlock()
			}
		})
	}
	wait.Wait()
}

// TestWorldSeeds is the invariants of the design after every event, over many seeds.
func TestWorldSeeds(t *testing.T) {
	from, to := uint64(0), uint64(seeds(t))
	if *oneSeed >= 0 {
		from, to = uint64(*oneSeed), uint64(*oneSeed)+1
	}
	events, acts, failures := 0, 0, 0
	sum := map[string]int{}
	tell(t, from, to, sound, func(w *World, err error) bool {
		events, acts = events+len(w.story), acts+len(w.witness.facts)
		for k, n := range w.tallies {
			sum[k] += n
		}
		if err != nil {
			t.Error(err)
			failures++
		}
		return failures < 5
	})
	for _, what := range mustHappen {
		if sum[what] == 0 && to-from >= 100 && failures == 0 {
			t.Errorf("in %d worlds there was never: %s", to-from, what)
		}
	}
	for _, a := range attacks {
		if sum["attack: "+a.name] == 0 && to-from >= 100 && failures == 0 {
			t.Errorf("in %d worlds there was never the attack: %s", to-from, a.name)
		}
	}
	t.Logf("%d seeds, %d events, %d records", to-from, events, acts)
	for _, k := range slices.Sorted(maps.Keys(sum)) {
		t.Logf("%7d %s", sum[k], k)
	}
}
