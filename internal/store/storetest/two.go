package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/receipt"
)

// testTwo runs two processes on one register: whatever they do, at random and at the same time,
// the ledger never forks and nothing acknowledged is lost.
func testTwo(t *testing.T, open func() ledger.Store) {
	if lost := TwoProcesses(t, open, 4); lost > 0 {
		t.Errorf("%d times a process gave up: writers must wait for one another", lost)
	}
}

// TwoProcesses is the property for some seeds, all on one register. It returns how often a process
// gave up because the other was always faster, which happens only where writers do not wait.
func TwoProcesses(t *testing.T, open func() ledger.Store, seeds int) (lost int) {
	first := New(t, open(), 1)
	Tell(t, first)
	two := []*ledger.Sequencer{first.Seq, first.Sequencer(t, open())}
	if testing.Short() {
		seeds = 1
	}
	acked := &acknowledged{at: map[receipt.Digest]uint64{}}
	for seed := range seeds {
		var wait sync.WaitGroup
		for w := range 6 {
			wait.Go(func() {
				work(t, first, two[w%2], rand.New(rand.NewPCG(uint64(seed), uint64(w))), seed, acked)
			})
		}
		wait.Wait()
		acked.check(t, first)
	}
	a, err := two[0].Fresh(t.Context())
	b, err2 := two[1].Fresh(t.Context())
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	if a.Head.Head != b.Head.Head || a.Table.Digest() != b.Table.Digest() {
		t.Error("the two processes see different ledgers")
	}
	return acked.lost
}

// acknowledged is what the processes were told, and what they took back themselves.
type acknowledged struct {
	mu   sync.Mutex // guards all
	at   map[receipt.Digest]uint64
	gone []receipt.Digest // rolled back: must not be there
	lost int              // given up
}

// heard notes how a submission ended.
func (a *acknowledged) heard(t *testing.T, d ledger.Draft, index uint64, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if errors.Is(err, ledger.ErrForked) {
		a.lost++
		return
	}
	key := d.Content.Key
	if err != nil {
		t.Errorf("submitting %s: %v", key, err)
		return
	}
	if was, ok := a.at[key]; ok && was != index {
		t.Errorf("the key %s was acknowledged as record %d and as %d", key, was, index)
	}
	a.at[key] = index
}

// takenBack notes that an act must not be there.
func (a *acknowledged) takenBack(d ledger.Draft) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.gone = append(a.gone, d.Content.Key)
}

// work submits acts, alone and several together, some under keys that others use too, and takes some
// back.
func work(t *testing.T, r *Register, s *ledger.Sequencer, dice *rand.Rand, seed int, acked *acknowledged) {
	for range 15 {
		switch dice.IntN(4) {
		case 0: // a key that another worker of either process may be using now
			d := r.step(t, fmt.Sprintf("shared %d %d", seed, dice.IntN(20)), 1)
			index, err := s.Submit(t.Context(), d)
			acked.heard(t, d, index, err)
		case 1:
			several(t, r, s, dice, acked)
		case 2:
			d := r.step(t, fmt.Sprint("taken back ", dice.Uint64()), 1)
			err := s.Do(t.Context(), func(_ ledger.Tx, b *ledger.Batch) error {
				_, err := b.Append(d)
				return errors.Join(err, errOnPurpose)
			})
			if !errors.Is(err, errOnPurpose) {
				t.Errorf("seed %d: %v", seed, err)
			}
			acked.takenBack(d)
		default:
			d := r.step(t, fmt.Sprint("own ", dice.Uint64()), 1)
			index, err := s.Submit(t.Context(), d)
			acked.heard(t, d, index, err)
			if err != nil {
				acked.takenBack(d)
			}
		}
	}
}

// several appends some acts in one transaction.
func several(t *testing.T, r *Register, s *ledger.Sequencer, dice *rand.Rand, acked *acknowledged) {
	n := 1 + dice.IntN(30)
	drafts := make([]ledger.Draft, n)
	for i := range drafts {
		drafts[i] = r.step(t, fmt.Sprint("several ", dice.Uint64()), uint64(i))
	}
	at := make([]uint64, n)
	err := s.Do(t.Context(), func(_ ledger.Tx, b *ledger.Batch) error {
		for i, d := range drafts {
			var err error
			if at[i], err = b.Append(d); err != nil {
				return err
			}
		}
		return nil
	})
	for i, d := range drafts {
		if err == nil && at[i] != at[0]+uint64(i) {
			t.Errorf("one transaction's records are %v", at)
		}
		if acked.heard(t, d, at[i], err); err != nil {
			acked.takenBack(d)
		}
	}
}

// check verifies the register and finds every acknowledged act where it was acknowledged, once.
func (a *acknowledged) check(t *testing.T, r *Register) {
	t.Helper()
	r.Clean(t)
	found := map[receipt.Digest][]uint64{}
	view(t, r.Store, func(tx Questions) {
		for l, err := range tx.Leaves(t.Context(), 0) {
			e, err2 := receipt.ParseRecord(l.Text)
			if err := errors.Join(err, err2); err != nil {
				t.Fatal(err)
			}
			found[e.Content.Key] = append(found[e.Content.Key], e.Index)
		}
	})
	for key, index := range a.at {
		if got := found[key]; len(got) != 1 || got[0] != index {
			t.Errorf("the key %s was acknowledged as record %d and is at %v", key, index, got)
		}
	}
	for _, key := range a.gone {
		if len(found[key]) > 0 {
			t.Errorf("the key %s was taken back and is at %v", key, found[key])
		}
	}
}
