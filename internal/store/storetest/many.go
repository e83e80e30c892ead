package storetest

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/receipt"
)

// testPages fills several pages of everything that is read page by page, in one batch that
// PostgreSQL copies, and changes and closes part of it in another.
func testPages(t *testing.T, open func() ledger.Store) {
	const n = 2500
	r := New(t, open(), 1)
	err := r.Seq.Do(t.Context(), func(_ ledger.Tx, b *ledger.Batch) error {
		for i := range n {
			if _, err := b.Append(r.step(t, fmt.Sprint(i), uint64(i))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	first, second := ledger.Detection{Upto: 1}, ledger.Detection{Upto: 2}
	for i := range 2 * n {
		p := findingPart(fmt.Sprint(i), i%device.Buckets)
		first.Added = append(first.Added, p)
		switch i % 3 {
		case 0:
			second.Gone = append(second.Gone, ledger.FindingPart{Act: n, Digest: p.Digest})
		case 1:
			p.Rows = 7
			second.Added = append(second.Added, p)
		}
	}
	for i, c := range []ledger.Detection{first, second} {
		r.Must(t, r.Draft(t, fmt.Sprint("findings ", i), receipt.Content{Kind: ledger.KindFindings, By: Office("detect")}, ledger.Encode(c), nil))
	}
	r.Clean(t)
	view(t, r.Store, func(tx Questions) {
		a := asker{t, tx, foldAll(t, tx)}
		a.rows()
		got, err := collect(tx.Leaves(t.Context(), 0, ledger.KindStep, ledger.KindFile))
		a.same("records of a kind", got, a.leaves[:n], err)
		got, err = collect(tx.Leaves(t.Context(), 7))
		a.same("records", got, a.leaves[7:], err)
		for range tx.AllOpenings(t.Context()) { // whoever has seen enough may stop
			break
		}
	})
}

// testLarge keeps bodies larger than a page, and an empty one.
func testLarge(t *testing.T, open func() ledger.Store) {
	r := New(t, open(), 1)
	size := 20 << 20
	if testing.Short() {
		size = 9 << 20
	}
	var want []int
	for i, n := range []int{0, size, 3, size, size / 2, 1} {
		body := bytes.Repeat([]byte{byte(i), 0xff, 0}, n/3+1)[:n]
		r.Must(t, r.Draft(t, fmt.Sprint(i), receipt.Content{Kind: ledger.KindConditions, By: Office("detect")}, body, nil))
		want = append(want, n)
	}
	r.Clean(t)
	view(t, r.Store, func(tx Questions) {
		var got []int
		for o, err := range tx.AllOpenings(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, len(o.Body))
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("bodies of %v bytes, want %v", got, want)
		}
	})
}

// counted counts the transactions that write.
type counted struct {
	ledger.Store
	updates atomic.Int64
}

func (c *counted) Update(ctx context.Context, f func(ledger.Tx) error) error {
	c.updates.Add(1)
	return c.Store.Update(ctx, f)
}

// testGroup lets many goroutines submit at once, each act twice: every act is in once, where it was
// acknowledged, and many share a transaction.
func testGroup(t *testing.T, open func() ledger.Store) {
	c := &counted{Store: open()}
	r := New(t, c, 1)
	const workers, each = 32, 20
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for i := range each {
				name := fmt.Sprintf("node %d.%d", w/2, i) // each name by two workers
				d := r.Draft(t, name, receipt.Content{Kind: ledger.KindNode, By: Office("feed")},
					ledger.Encode(device.NodeReport{Node: name, State: device.InForce}), nil)
				first, err := r.Seq.Submit(t.Context(), d)
				again, err2 := r.Seq.Submit(t.Context(), d)
				if err != nil || err2 != nil || first != again {
					t.Errorf("%s: record %d (%v), asked again %d (%v)", name, first, err, again, err2)
				}
			}
		})
	}
	wait.Wait()
	if h := r.Clean(t); h.Size != workers/2*each {
		t.Errorf("%d records, want %d", h.Size, workers/2*each)
	}
	if n := c.updates.Load(); n >= workers*each*2 {
		t.Errorf("%d transactions for %d commands: nothing was committed together", n, workers*each*2)
	}
}
