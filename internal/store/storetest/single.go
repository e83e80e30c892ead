package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// testRefusals asks again for what is there, and for what must not be: the first adds nothing, the
// second is refused in its kind, and the ledger stands as it stood.
func testRefusals(t *testing.T, open func() ledger.Store) {
	s := Tell(t, New(t, open(), 1))
	before := head(t, s.Store)
	for name, index := range map[string]uint64{"founding": s.Founding, "signed": s.Signed, "enacted": s.Enacted} {
		if got := s.Must(t, s.Drafts[name]); got != index {
			t.Errorf("%s again: record %d, want %d", name, got, index)
		}
	}
	automatic := s.Draft(t, "automatic", receipt.Content{Kind: receipt.Measure, By: Rule("stolen-list"), Authority: s.Policy},
		list.OpsText(Block(Blocked, list.Stolen)), nil) // other salts, the same key
	if got := s.Must(t, automatic); got != s.Automatic {
		t.Errorf("an automatic act again: record %d, want %d", got, s.Automatic)
	}
	amina := Person("ministry/amina")
	for name, c := range map[string]struct {
		want error
		d    ledger.Draft
	}{
		"another content under the key": {problem.Conflict, s.Draft(t, "signed", receipt.Content{Kind: receipt.Measure, By: amina},
			list.OpsText(Block(Spare, list.Lost)), nil, "ministry/amina")},
		"nobody's signature": {problem.Refused, s.Draft(t, "new 1", receipt.Content{Kind: receipt.Measure, By: Office("import")},
			list.OpsText(Block(Spare, list.Lost)), nil)},
		"too large for one person": {problem.Refused, s.Draft(t, "new 2", receipt.Content{Kind: receipt.Measure, By: amina},
			list.OpsText([]list.Op{{Line: list.Line{Class: list.Listed, From: Spare.TAC().First(), To: Spare.TAC().Last(),
				Status: list.Prohibited, Ground: list.NotAllocated, Version: list.AnyVersion}}}), nil, "ministry/amina")},
		"a rule without its policy": {problem.Refused, s.Draft(t, "new 3", receipt.Content{Kind: receipt.Measure, By: Rule("stolen-list")},
			list.OpsText(Block(Spare, list.Stolen)), nil)},
		"a line that is not there": {problem.Invalid, s.Draft(t, "new 4", receipt.Content{Kind: receipt.Measure, By: amina},
			list.OpsText([]list.Op{{Drop: true, Line: Block(Spare, list.Court)[0].Line}}), nil, "ministry/amina")},
		"a body that is none": {problem.Invalid, s.Draft(t, "new 5", receipt.Content{Kind: ledger.KindFile, By: Office("import")},
			[]byte(`{"digest":"x","digest":"y"}`), nil)},
		"a zero character": {problem.Invalid, s.Draft(t, "new 6", receipt.Content{Kind: ledger.KindWithdrawal, By: Office("import")},
			ledger.Encode(ledger.Withdrawal{File: "f", Reason: "zero \x00 character"}), nil)},
		"a count of 64 bits": {problem.Invalid, s.Draft(t, "new 7", receipt.Content{Kind: ledger.KindNode, By: Office("feed")},
			ledger.Encode(device.NodeReport{Node: "north/eir-1", Size: 1 << 63, State: device.InForce}), nil)},
		"a proposal of nothing": {problem.Invalid, s.Draft(t, "new 8", receipt.Content{Kind: receipt.Proposal, By: Office("decide")},
			s.WaitingContent.Bytes(), []byte("not \xff JSON"))},
	} {
		if _, err := s.Seq.Submit(t.Context(), c.d); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if after := head(t, s.Store); after.Head != before.Head {
		t.Errorf("the head moved from %v to %v", before.Head, after.Head)
	}
	s.Clean(t)
}

// testErasures erases what was proposed and enacted, and what is proposed still: the text goes from
// openings and rows, and every question is answered as before but for them.
func testErasures(t *testing.T, open func() ledger.Store) {
	s := Tell(t, New(t, open(), 1))
	for _, index := range []uint64{s.Enacted, s.Waiting} {
		if err := s.erasing(t, index); err != nil {
			t.Fatal(err)
		}
		if err := s.erasing(t, index); !errors.Is(err, problem.Conflict) {
			t.Errorf("record %d was erased twice: %v", index, err)
		}
	}
	if report := s.Clean(t); len(report.Erased) != 4 { // the story's own, the act, its proposal, and what waits
		t.Errorf("erased: %q", report.Erased)
	}
	view(t, s.Store, func(tx Questions) {
		askAll(t, tx)
		rows, err := collect(tx.Rows(t.Context(), ledger.Proposals))
		if len(rows) > 0 || err != nil {
			t.Errorf("%v %v is left of the proposals", rows, err)
		}
	})
}

// testClock sets the clock back: the ledger's order and its times go on all the same.
func testClock(t *testing.T, open func() ledger.Store) {
	s := Tell(t, New(t, open(), 1))
	s.Clock.Add(-10 * 365 * 24 * time.Hour)
	for i := range 3 {
		s.Must(t, s.step(t, fmt.Sprint("late ", i), uint64(i)))
	}
	var last time.Time
	view(t, s.Store, func(tx Questions) {
		for l, err := range tx.Leaves(t.Context(), 0) {
			r, err2 := receipt.ParseRecord(l.Text)
			if err := errors.Join(err, err2); err != nil {
				t.Fatal(err)
			}
			if r.Time.Before(last) {
				t.Errorf("record %d is of %v, the one before it of %v", l.Index, r.Time, last)
			}
			last = r.Time
		}
	})
	s.Clean(t)
}

func (r *Register) step(t testing.TB, stage string, upto uint64) ledger.Draft {
	t.Helper()
	return r.Draft(t, "step of "+stage, receipt.Content{Kind: ledger.KindStep, By: Office("test")}, ledger.Encode(ledger.Step{Stage: stage, Upto: upto}), nil)
}

// testOrder changes one row many times in one call.
func testOrder(t *testing.T, open func() ledger.Store) {
	s := open()
	f := func(file int, rows int64) ledger.Row {
		return ledger.PartRow{File: fmt.Sprint(file), Part: device.Part{Table: ledger.TableFindings, Rows: rows}}
	}
	put := func(file int, rows int64) ledger.Change { return ledger.Change{Row: f(file, rows)} }
	drop := func(file int) ledger.Change { return ledger.Change{Drop: true, Row: f(file, 0)} }
	update(t, s, func(tx ledger.Tx) error {
		if err := tx.Apply(t.Context(), []ledger.Change{put(1, 1), put(2, 1), put(3, 1), put(4, 1)}); err != nil {
			return err
		}
		return tx.Apply(t.Context(), []ledger.Change{put(1, 2), put(1, 3), drop(2), put(2, 4), put(3, 5), drop(3), drop(5), drop(4), put(4, 6), drop(4)})
	})
	view(t, s, func(tx Questions) {
		rows, err := tx.FindingParts(t.Context())
		want := []ledger.Row{f(1, 3), f(2, 4)}
		if err != nil || printed(rows) != printed(want) {
			t.Errorf("got %v %v, want %v", printed(rows), err, printed(want))
		}
	})
}

// testSwap swaps from a head that is not there, and writes a record's index twice.
func testSwap(t *testing.T, open func() ledger.Store) {
	s := Tell(t, New(t, open(), 1))
	now := head(t, s.Store)
	next := now
	next.Size++
	for name, f := range map[string]func(ledger.Tx) error{
		"an older head": func(tx ledger.Tx) error { return tx.SwapHead(t.Context(), ledger.Head{}, next) },
		"another root":  func(tx ledger.Tx) error { return tx.SwapHead(t.Context(), withRoot(now), next) },
		"an index again": func(tx ledger.Tx) error {
			return tx.InsertLeaves(t.Context(), []ledger.Leaf{{Index: 3, Kind: "x", Text: []byte("x")}})
		},
		"swapped, then so": func(tx ledger.Tx) error {
			return errors.Join(tx.SwapHead(t.Context(), now, next), tx.SwapHead(t.Context(), now, next))
		},
	} {
		if err := s.Store.Update(t.Context(), f); !errors.Is(err, ledger.ErrForked) {
			t.Errorf("%s: %v, want %v", name, err, ledger.ErrForked)
		}
	}
	s.Clean(t)
}

func withRoot(h ledger.Head) ledger.Head {
	h.Root = tlog.Hash{9}
	return h
}

// testTexts offers texts that one of the databases would change or refuse: all refuse them alike.
func testTexts(t *testing.T, open func() ledger.Store) {
	r := New(t, open(), 1)
	for _, text := range []string{"zero \x00 byte", "not \xff UTF-8"} {
		err := r.Store.Update(t.Context(), func(tx ledger.Tx) error {
			return tx.Apply(t.Context(), []ledger.Change{{Row: ledger.WithdrawalRow{File: "f", Reason: text}}})
		})
		if !errors.Is(err, problem.Invalid) {
			t.Errorf("%q: %v, want %v", text, err, problem.Invalid)
		}
	}
	r.Clean(t)
}

// testRollback ends transactions by an error, a panic and a refusal: none leaves a trace, and the
// next goes through.
func testRollback(t *testing.T, open func() ledger.Store) {
	s := Tell(t, New(t, open(), 1))
	before := head(t, s.Store)
	write := func(tx ledger.Tx) {
		if err := tx.Apply(t.Context(), []ledger.Change{{Row: ledger.CursorRow{Stage: "half", Upto: 1}}}); err != nil {
			t.Error(err)
		}
	}
	if err := s.Store.Update(t.Context(), func(tx ledger.Tx) error { write(tx); return errOnPurpose }); !errors.Is(err, errOnPurpose) {
		t.Errorf("got %v", err)
	}
	func() {
		defer func() { recover() }()
		s.Store.Update(t.Context(), func(tx ledger.Tx) error { write(tx); panic("on purpose") })
	}()
	err := s.Seq.Do(t.Context(), func(tx ledger.Tx, b *ledger.Batch) error {
		write(tx)
		if _, err := b.Append(s.step(t, "half", 9)); err != nil {
			t.Error(err)
		}
		return errOnPurpose
	})
	if !errors.Is(err, errOnPurpose) {
		t.Errorf("got %v", err)
	}
	if after := head(t, s.Store); after.Head != before.Head {
		t.Error("the head moved")
	}
	s.Must(t, s.step(t, "after", 1))
	s.Clean(t)
}

// testCancelled cancels the caller in the middle; the store goes on.
func testCancelled(t *testing.T, open func() ledger.Store) {
	s := Tell(t, New(t, open(), 1))
	for range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		err := s.Store.Update(ctx, func(tx ledger.Tx) error {
			if err := tx.Apply(ctx, []ledger.Change{{Row: ledger.CursorRow{Stage: "half", Upto: 1}}}); err != nil {
				return err
			}
			cancel()
			return tx.Apply(ctx, []ledger.Change{{Row: ledger.CursorRow{Stage: "half", Upto: 2}}})
		})
		if err == nil {
			t.Error("a cancelled transaction was committed")
		}
		if err := s.Store.View(ctx, func(ledger.Tx) error { return nil }); err == nil {
			t.Error("a view began for a caller who had gone")
		}
	}
	s.Must(t, s.step(t, "after", 1))
	s.Clean(t)
}

// testSnapshot appends while a reader reads: the reader sees one state to its end.
func testSnapshot(t *testing.T, open func() ledger.Store) {
	s := Tell(t, New(t, open(), 1))
	other := s.Sequencer(t, open())
	view(t, s.Store, func(tx Questions) {
		before, err := tx.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.Submit(t.Context(), s.step(t, "meanwhile", 1)); err != nil {
			t.Fatal(err)
		}
		leaves, err := collect(tx.Leaves(t.Context(), 0))
		if uint64(len(leaves)) != before.Size || err != nil {
			t.Errorf("%d records (%v), the head had %d", len(leaves), err, before.Size)
		}
		if n, err := tx.Cursor(t.Context(), "meanwhile"); n != 0 || err != nil {
			t.Errorf("the reader sees what came later: %d %v", n, err)
		}
	})
	s.Clean(t)
}

// testWait has a second process want to write while the first does: it waits, and then sees what
// the first wrote, so that its work is not for nothing.
func testWait(t *testing.T, open func() ledger.Store) {
	r := New(t, open(), 1)
	second := open()
	inside, ended := make(chan bool), make(chan error, 1)
	var begun atomic.Bool
	go func() {
		<-inside
		ended <- second.Update(t.Context(), func(tx ledger.Tx) error {
			if !begun.Load() {
				return errors.New("it began before the first had ended")
			}
			if n, err := tx.(Questions).Cursor(t.Context(), "first"); n != 1 || err != nil {
				return fmt.Errorf("it sees %d (%v) of what the first wrote", n, err)
			}
			return nil
		})
	}()
	update(t, r.Store, func(tx ledger.Tx) error {
		close(inside)
		time.Sleep(200 * time.Millisecond) // for the second to try
		begun.Store(true)
		return tx.Apply(t.Context(), []ledger.Change{{Row: ledger.CursorRow{Stage: "first", Upto: 1}}})
	})
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
