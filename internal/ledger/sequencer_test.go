package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/internal/store/storetest"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

func step(t testing.TB, r *storetest.Register, name string) ledger.Draft {
	return r.Draft(t, name, receipt.Content{Kind: ledger.KindStep, By: storetest.Office("test")}, ledger.Encode(ledger.Step{Stage: name, Upto: 1}), nil)
}

// Each call of a batch fails in turn, lost or kept: nothing of the batch is there, or, where only the
// answer to the commit was lost, all of it; asking again brings each act in once, at its index.
func TestSequencerFaults(t *testing.T) {
	s := story(t)
	calls := 0
	for _, kept := range []bool{false, true} {
		for at := 0; ; at++ {
			if testing.Short() && at%3 > 0 {
				continue
			}
			name := fmt.Sprintf("%v %d", kept, at)
			drafts := []ledger.Draft{step(t, s.Register, name),
				s.Draft(t, "measure "+name, receipt.Content{Kind: receipt.Measure, By: storetest.Person("ministry/bela")},
					list.OpsText([]list.Op{{Line: list.Line{Class: list.Listed, From: storetest.Spare, To: storetest.Spare, Status: list.Tracked, Ground: list.Court, Version: list.AnyVersion}}}),
					[]byte("somebody"), "ministry/bela")}
			before := s.Clean(t).Size
			failing := &storetest.Failing{Store: s.Store, At: at, Kept: kept}
			s.Seq.Store = failing
			_, err := both(t, s.Seq, drafts)
			s.Seq.Store = s.Store
			if err == nil {
				break
			}
			calls++
			if !errors.Is(err, storetest.ErrFailing) {
				t.Fatalf("call %d failed: %v", at, err)
			}
			if size := s.Clean(t).Size; size != before && !(kept && size == before+3) {
				t.Fatalf("call %d failed and there are %d records more", at, size-before)
			}
			if at%2 == 0 {
				s.Seq = s.Sequencer(t, s.Store) // and the process began anew
			}
			first, err := both(t, s.Seq, drafts)
			if err != nil || first != before {
				t.Fatalf("after call %d failed: record %d, want %d; %v", at, first, before, err)
			}
			if size := s.Clean(t).Size; size != before+3 {
				t.Fatalf("after call %d failed there are %d records more, want 3", at, size-before)
			}
		}
	}
	t.Logf("%d calls failed", calls)
}

// both appends two acts and erases the personal part of the second.
func both(t testing.TB, s *ledger.Sequencer, drafts []ledger.Draft) (first uint64, err error) {
	err = s.Do(t.Context(), func(_ ledger.Tx, b *ledger.Batch) error {
		var second uint64
		var err error
		if first, err = b.Append(drafts[0]); err != nil {
			return err
		}
		if second, err = b.Append(drafts[1]); err != nil {
			return err
		}
		if err := b.Erase(second, storetest.Office("privacy")); problem.Of(err) != problem.Conflict {
			return err
		}
		return nil
	})
	return first, err
}

// paused is a store whose next Update panics.
type paused struct {
	ledger.Store
	panics bool
}

func (p *paused) Update(ctx context.Context, f func(ledger.Tx) error) error {
	if p.panics {
		p.panics = false
		panic("a fault of the program")
	}
	return p.Store.Update(ctx, f)
}

// Whoever waits while another's transaction panics is not told that their act is in the ledger.
func TestPanicIsNoAcknowledgement(t *testing.T) {
	s := story(t)
	p := &paused{Store: s.Store}
	s.Seq.Store = p
	drafts := []ledger.Draft{step(t, s.Register, "a"), step(t, s.Register, "b")}
	var wait sync.WaitGroup
	told := make([]error, len(drafts))
	err := s.Seq.Do(t.Context(), func(ledger.Tx, *ledger.Batch) error {
		for i, d := range drafts {
			wait.Go(func() {
				defer func() {
					if v := recover(); v != nil {
						told[i] = fmt.Errorf("panic: %v", v)
					}
				}()
				_, told[i] = s.Seq.Submit(t.Context(), d)
			})
		}
		for s.Seq.Waiting() < len(drafts) {
			runtime.Gosched()
		}
		p.panics = true
		return nil
	})
	wait.Wait()
	if err != nil {
		t.Fatal(err)
	}
	for i, err := range told {
		if err == nil {
			t.Errorf("%d was told that it is in the ledger", i)
		}
	}
	for _, d := range drafts {
		s.Must(t, d)
	}
	s.Clean(t)
}

// A database that was put back, or that holds another history, is not written on.
func TestLedgerThatWentBack(t *testing.T) {
	s := story(t)
	for name, other := range map[string]*storetest.Register{
		"an old copy":     storetest.New(t, open(t, t.TempDir()), 1),
		"another history": storetest.Tell(t, storetest.New(t, open(t, t.TempDir()), 1)).Register,
	} {
		if name == "another history" {
			for i := range 3 {
				other.Must(t, step(t, other, fmt.Sprint(name, i)))
			}
		}
		before := other.Clean(t).Size
		s.Must(t, step(t, s.Register, name))
		s.Seq.Store = other.Store
		_, err := s.Seq.Submit(t.Context(), step(t, s.Register, "on "+name))
		s.Seq.Store = s.Store
		if problem.Of(err) != problem.Broken || err == nil {
			t.Errorf("%s: %v", name, err)
		}
		if after := other.Clean(t).Size; after != before {
			t.Errorf("%s was written on", name)
		}
	}
	s.Must(t, step(t, s.Register, "after all"))
	s.Clean(t)
}

// In any order of acts, repetitions, erasures, refusals, clocks and processes, the register
// verifies, every act is where it was acknowledged, and a process that folds the ledger from its
// beginning has the state of those that took part.
func TestSequencerProperty(t *testing.T) {
	seeds := 8
	if testing.Short() {
		seeds = 2
	}
	for seed := range uint64(seeds) {
		dice := rand.New(rand.NewPCG(seed, 3))
		s := story(t)
		two := []*ledger.Sequencer{s.Seq, s.Sequencer(t, s.Store)}
		var drafts []ledger.Draft
		at := map[receipt.Digest]uint64{}
		erased := 1
		for n := range 40 {
			which := dice.IntN(2)
			seq := two[which]
			switch dice.IntN(7) {
			case 0:
				two[which] = s.Sequencer(t, s.Store)
			case 1:
				s.Clock.Add(time.Duration(dice.IntN(72)-24) * time.Hour)
			case 2: // something erased, or refused
				st, err := seq.Fresh(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				index := uint64(dice.IntN(int(st.Head.Size) + 3))
				err = seq.Do(t.Context(), func(_ ledger.Tx, b *ledger.Batch) error { return b.Erase(index, storetest.Office("privacy")) })
				if err != nil && !slices.Contains([]problem.Kind{problem.NotFound, problem.Invalid, problem.Conflict}, problem.Of(err)) {
					t.Fatalf("seed %d: erasing %d: %v", seed, index, err)
				}
			case 3:
				if len(drafts) > 0 { // asked again
					d := drafts[dice.IntN(len(drafts))]
					if index, err := seq.Submit(t.Context(), d); err != nil || index != at[d.Content.Key] {
						t.Fatalf("seed %d: asked again, record %d is record %d; %v", seed, at[d.Content.Key], index, err)
					}
				}
			default:
				m := imei.New(35227301, uint32(dice.IntN(5)))
				op := list.Op{Line: list.Line{Class: list.Listed, From: m, To: m, Status: list.Tracked + list.Status(dice.IntN(2)), Ground: list.Court, Version: list.AnyVersion}, Drop: dice.IntN(3) == 0}
				d := s.Draft(t, fmt.Sprint(seed, n), receipt.Content{Kind: receipt.Measure, By: storetest.Person("ministry/bela")},
					list.OpsText([]list.Op{op}), []byte("why"), []string{"ministry/bela", "north/chidi"}[:1+dice.IntN(2)]...)
				index, err := seq.Submit(t.Context(), d)
				if err != nil && !slices.Contains([]problem.Kind{problem.Invalid, problem.Refused}, problem.Of(err)) {
					t.Fatalf("seed %d: %v", seed, err)
				}
				if err == nil {
					drafts, at[d.Content.Key] = append(drafts, d), index
				}
			}
			if n%4 > 0 {
				continue
			}
			now := len(s.Clean(t).Erased)
			if now < erased {
				t.Fatalf("seed %d: what was erased came back", seed)
			}
			erased = now
		}
		agree(t, append(two, s.Sequencer(t, s.Store)))
	}
}

func agree(t *testing.T, all []*ledger.Sequencer) {
	var want string
	for i, s := range all {
		st, err := s.Fresh(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprintf("%x %v %v %d", st.Table.Digest(), st.Head.Head, st.Time, st.Guard.Active())
		if i == 0 {
			want = got
		} else if got != want {
			t.Errorf("process %d has %s, the first %s", i, got, want)
		}
	}
}

// What a batch was handed stays as it was for everybody else, whether or not it commits.
func TestPublishedStateStands(t *testing.T) {
	s := story(t)
	st, err := s.Seq.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before := fmt.Sprintf("%x %+v", st.Table.Digest(), *st.Guard)
	for _, stop := range []error{errors.New("stopped"), nil} {
		err := s.Seq.Do(t.Context(), func(_ ledger.Tx, b *ledger.Batch) error {
			for i := range 3 {
				d := s.Draft(t, fmt.Sprint("m", i), receipt.Content{Kind: receipt.Measure, By: storetest.Person("ministry/bela")},
					list.OpsText(storetest.Block(storetest.Spare+imei.IMEI(i)+1, list.Lost)), nil, "ministry/bela", "north/chidi")
				if _, err := b.Append(d); err != nil {
					return err
				}
				if _, ok := b.Table().Find(storetest.Block(storetest.Spare+imei.IMEI(i)+1, list.Lost)[0].Line.Key()); !ok {
					t.Error("a batch does not see its own acts")
				}
			}
			return stop
		})
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
		if after := fmt.Sprintf("%x %+v", st.Table.Digest(), *st.Guard); after != before {
			t.Errorf("a published state changed (committed: %v)", stop == nil)
		}
	}
}

// forged is a register whose head nobody signed, and whose last record has a huge index.
type forged struct {
	ledger.Tx
	size uint64
}

func (f forged) Head(ctx context.Context) (ledger.Head, error) {
	h, err := f.Tx.Head(ctx)
	h.Size, h.Root, h.Note = 1<<62, tlog.Hash{1}, []byte("signed by nobody")
	return h, err
}

func (f forged) Leaves(ctx context.Context, from uint64, kinds ...receipt.Kind) iter.Seq2[ledger.Leaf, error] {
	return func(yield func(ledger.Leaf, error) bool) {
		for l, err := range f.Tx.Leaves(ctx, from, kinds...) {
			if l.Index == f.size-1 {
				l.Index = 1 << 61
			}
			if !yield(l, err) {
				return
			}
		}
	}
}

// Verification ends, whatever numbers somebody wrote into the tables.
func TestVerifyEnds(t *testing.T) {
	s := story(t)
	size := s.Clean(t).Size
	var report *ledger.Report
	err := s.Store.View(t.Context(), func(tx ledger.Tx) (err error) {
		report, err = ledger.Verify(t.Context(), forged{tx, size}, s.Log, nil)
		return err
	})
	if err != nil || !slices.ContainsFunc(report.Faults, func(f ledger.Fault) bool { return strings.Contains(f.Text, "beyond the signed head") }) {
		t.Errorf("%v, %v", report, err)
	}
}
