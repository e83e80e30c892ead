package storetest

import (
	"errors"
	"testing"

	"github.com/openceir/openceir/internal/ledger"
)

// Opener returns, for a new and empty register, a function that opens it: each call is one more
// process on the same database. The store is closed with the test.
type Opener func(t testing.TB) func() ledger.Store

// Run is the conformance suite: what ledger.Store promises, whichever database keeps it.
func Run(t *testing.T, open Opener) {
	for _, c := range []struct {
		name string
		test func(*testing.T, func() ledger.Store)
	}{
		{"story", testStory},
		{"questions of a new register", testNewRegister},
		{"refusals", testRefusals},
		{"erasures", testErasures},
		{"clock set back", testClock},
		{"changes in their order", testOrder},
		{"compare and set", testSwap},
		{"texts that not every database keeps", testTexts},
		{"rolled back", testRollback},
		{"cancelled", testCancelled},
		{"one state for a reader", testSnapshot},
		{"writers wait", testWait},
		{"pages", testPages},
		{"large bodies", testLarge},
		{"group commit", testGroup},
		{"two processes", testTwo},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

// testStory tells the story, verifies it, and asks every question of it; then again in another
// process.
func testStory(t *testing.T, open func() ledger.Store) {
	s := Tell(t, New(t, open(), 1))
	for _, st := range []ledger.Store{s.Store, open()} {
		s.Store = st
		report := s.Clean(t)
		if len(report.Erased) != 1 {
			t.Errorf("erased: %q, want the one", report.Erased)
		}
		view(t, st, func(tx Questions) { askAll(t, tx) })
		again := s.Sequencer(t, st)
		state, err := again.Fresh(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if was, _ := s.Seq.Fresh(t.Context()); state.Table.Digest() != was.Table.Digest() || state.Head.Head != was.Head.Head {
			t.Error("another sequencer reads another list or head")
		}
	}
}

func testNewRegister(t *testing.T, open func() ledger.Store) {
	r := New(t, open(), 1)
	r.Clean(t)
	view(t, r.Store, func(tx Questions) { askAll(t, tx) })
}

func view(t testing.TB, s ledger.Store, f func(Questions)) {
	t.Helper()
	if err := s.View(t.Context(), func(tx ledger.Tx) error { f(tx.(Questions)); return nil }); err != nil {
		t.Fatal(err)
	}
}

func update(t testing.TB, s ledger.Store, f func(ledger.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func head(t testing.TB, s ledger.Store) (h ledger.Head) {
	t.Helper()
	view(t, s, func(tx Questions) {
		var err error
		if h, err = tx.Head(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	return h
}

var errOnPurpose = errors.New("stopped on purpose")
