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
func testTwo(t *testing.T, open func() ledger.Store) { TwoProcesses(t, open, 4) }

// TwoProcesses is the property for some seeds, all on one register.
func TwoProcesses(t *testing.T, open func() ledger.Store, seeds int) {
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
	if err := receiptOf(first, a.Head); err != nil {
		t.Error(err)
	}
}

func receiptOf(r *Register, h ledger.Head) error {
	_, err := receipt.OpenHead(h.Note, r.Log)
	return err
}

// acknowledged is what the processes were told, and what they took back themselves.
type acknowledged struct {
	mu   sync.Mutex // guards both
	at   map[receipt.Digest]uint64
	gone []receipt.Digest // rolled back: must not be there
}

func (a *acknowledged) told(t *testing.T, key receipt.Digest, index uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if was, ok := a.at[key]; ok && was != index {
		t.Errorf("the key %s was acknowledged as record %d and as %d", key, was, index)
	}
	a.at[key] = index
}

// work submits acts, alone and several together, some under keys that others use too, and takes
// some back.
func work(t *testing.T, r *Register, s *ledger.Sequencer, dice *rand.Rand, seed int, acked *acknowledged) {
	for i := range 15 {
		switch dice.IntN(4) {
		case 0: // a key that another worker of either process may be using now
			name := fmt.Sprintf("shared %d %d", seed, dice.IntN(20))
			d := r.step(t, name, 1)
			index, err := s.Submit(t.Context(), d)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			acked.told(t, d.Content.Key, index)
		case 1:
			several(t, r, s, dice, acked)
		case 2:
			d := r.step(t, fmt.Sprint("taken back ", dice.Uint64()), 1)
			err := s.Do(t.Context(), func(_ ledger.Tx, b *ledger.Batch) error {
				_, err := b.Append(d)
				return errors.Join(err, errOnPurpose)
			})
			if !errors.Is(err, errOnPurpose) {
				t.Errorf("seed %d, act %d: %v", seed, i, err)
			}
			acked.mu.Lock()
			acked.gone = append(acked.gone, d.Content.Key)
			acked.mu.Unlock()
		default:
			d := r.step(t, fmt.Sprint("own ", dice.Uint64()), 1)
			index, err := s.Submit(t.Context(), d)
			if err != nil {
				t.Errorf("seed %d, act %d: %v", seed, i, err)
				continue
			}
			acked.told(t, d.Content.Key, index)
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
	if err != nil {
		t.Error(err)
		return
	}
	for i, d := range drafts {
		if at[i] != at[0]+uint64(i) {
			t.Errorf("one transaction's records are %v", at)
		}
		acked.told(t, d.Content.Key, at[i])
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
