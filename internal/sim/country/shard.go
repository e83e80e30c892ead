package country

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// shardUses is how many uses one worker renders at a time: few enough that they stay in its cache
// while it goes through the days. Shards are numbered and their results are put together in that
// order, so who rendered which does not matter.
const shardUses = 2048

func (n *nation) shards() int { return (len(n.uses) + shardUses - 1) / shardUses }

// shard returns the first use of a shard and the first of the next.
func (n *nation) shard(i int) (from, to int) {
	return i * shardUses, min((i+1)*shardUses, len(n.uses))
}

// each calls do for every number below count, on all processors, and waits. The workers are
// numbered, so that each can have scratch space; the first error, or cancellation, ends the work.
func each(ctx context.Context, count int, do func(worker, i int) error) error {
	var (
		group sync.WaitGroup
		next  atomic.Int64
		once  sync.Once
		first error
	)
	for w := range min(workers(), count) {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= count {
					return
				}
				err := ctx.Err()
				if err == nil {
					err = do(w, i)
				}
				if err != nil {
					once.Do(func() { first = err })
					next.Store(int64(count))
				}
			}
		})
	}
	group.Wait()
	return first
}

func workers() int { return runtime.GOMAXPROCS(0) }
