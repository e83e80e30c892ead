package ledger_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/internal/store"
	"github.com/openceir/openceir/internal/store/storetest"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

func open(t testing.TB, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{Data: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// story is a register on SQLite in which something of everything has happened.
func story(t testing.TB) *storetest.Story {
	return storetest.Tell(t, storetest.New(t, open(t, t.TempDir()), 1))
}

func erase(s *storetest.Story, t testing.TB, index uint64) error {
	return s.Seq.Do(t.Context(), func(_ ledger.Tx, b *ledger.Batch) error { return b.Erase(index, storetest.Office("privacy")) })
}

func TestEraseRefuses(t *testing.T) {
	s := story(t)
	before := s.Clean(t)
	for _, c := range []struct {
		name  string
		index uint64
		want  problem.Kind
		text  string
	}{
		{"a record that is not there", before.Size, problem.NotFound, "the ledger has 36"},
		{"far beyond", 1 << 63, problem.NotFound, "there is no record"},
		{"nothing personal", s.Founding, problem.Invalid, "has no personal part"},
		{"erased before", s.Erased, problem.Conflict, "erased before, by record 35"},
	} {
		if err := erase(s, t, c.index); problem.Of(err) != c.want || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v, want %v with %q", c.name, err, c.want, c.text)
		}
	}
	err := s.Seq.Do(t.Context(), func(_ ledger.Tx, b *ledger.Batch) error {
		if err := b.Erase(s.Waiting, storetest.Office("privacy")); err != nil {
			return err
		}
		return b.Erase(s.Waiting, storetest.Office("privacy"))
	})
	if problem.Of(err) != problem.Conflict {
		t.Errorf("twice in one batch: %v", err)
	}
	d := s.Draft(t, "by hand", receipt.Content{Kind: ledger.KindErasure, By: storetest.Office("privacy")},
		ledger.Encode(ledger.Erasure{Index: s.Signed, Part: ledger.PartPersonal}), nil)
	if _, err := s.Seq.Submit(t.Context(), d); problem.Of(err) != problem.Invalid {
		t.Errorf("an erasure that erases nothing: %v", err)
	}
	if after := s.Clean(t); after.Size != before.Size {
		t.Errorf("%d records were added", after.Size-before.Size)
	}
}

// texts returns every opening and every derived row, printed.
func texts(t testing.TB, s *storetest.Story) (out []string) {
	err := s.Store.View(t.Context(), func(tx ledger.Tx) error {
		for o, err := range tx.AllOpenings(t.Context()) {
			if err != nil {
				return err
			}
			out = append(out, string(o.Body))
			if p, err := ledger.Decode[ledger.Proposal](o.Body); err == nil {
				out = append(out, string(p.Personal), p.Text)
			}
		}
		for _, table := range ledger.Tables {
			for r, err := range tx.Rows(t.Context(), table) {
				if err != nil {
					return err
				}
				out = append(out, fmt.Sprintf("%+v", r))
				if p, ok := r.(ledger.ProposalRow); ok {
					out = append(out, string(p.Proposal))
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func holds(t testing.TB, s *storetest.Story, text string) bool {
	return slices.ContainsFunc(texts(t, s), func(x string) bool { return strings.Contains(x, text) })
}

// An act that was proposed says the same in two records and a row: it goes from all of them.
func TestEraseProposed(t *testing.T) {
	for name, index := range map[string]func(*storetest.Story) []uint64{
		"the act":                  func(s *storetest.Story) []uint64 { return []uint64{s.Enacted} },
		"its proposal, then it":    func(s *storetest.Story) []uint64 { return []uint64{s.Proposal, s.Enacted} },
		"what waits, then the act": func(s *storetest.Story) []uint64 { return []uint64{s.Waiting, s.Enacted} },
	} {
		t.Run(name, func(t *testing.T) {
			s := story(t)
			if !holds(t, s, "case 17") {
				t.Fatal("the story does not say what is to be erased")
			}
			for _, i := range index(s) {
				if err := erase(s, t, i); err != nil {
					t.Fatal(err)
				}
			}
			if holds(t, s, "case 17") {
				t.Error("what was erased is still there")
			}
			report := s.Clean(t)
			for _, i := range append(index(s), s.Proposal) {
				if !slices.ContainsFunc(report.Erased, func(e string) bool {
					return strings.HasPrefix(e, fmt.Sprintf("record %d personal, erased by record ", i))
				}) {
					t.Errorf("verify does not say that record %d was erased: %q", i, report.Erased)
				}
			}
			if open := index(s)[0] != s.Waiting; waits(t, s) != open {
				t.Errorf("the other proposal waits: %v, want %v", !open, open)
			}
		})
	}
}

// waits reports whether the story's second proposal can still be signed.
func waits(t testing.TB, s *storetest.Story) (ok bool) {
	s.Store.View(t.Context(), func(tx ledger.Tx) (err error) {
		_, ok, err = tx.(*store.Tx).Proposal(t.Context(), s.WaitingContent.Digest())
		return err
	})
	return ok
}

// An act that names a proposal which is not its own takes nothing of it away.
func TestEraseNamesAnother(t *testing.T) {
	s := story(t)
	for i, proposal := range []uint64{s.Waiting, s.Signed, 1 << 40} {
		d := s.Draft(t, fmt.Sprint("liar ", i), receipt.Content{Kind: receipt.Measure, By: storetest.Person("ministry/bela")},
			list.OpsText(storetest.Block(storetest.Spare+9, list.Lost)), []byte("mine"), "ministry/bela", "north/chidi")
		d.Proposal = proposal
		if err := erase(s, t, s.Must(t, d)); err != nil {
			t.Fatal(err)
		}
	}
	if !waits(t, s) || holds(t, s, "mine") {
		t.Error("the wrong text was erased")
	}
	s.Clean(t)
}

// A proposal that shows people another text than its content commits to is refused: they would sign
// what they have not read.
func TestProposalShowsWhatIsSigned(t *testing.T) {
	s := story(t)
	asked := s.Draft(t, "asked well", receipt.Content{Kind: receipt.Measure, By: storetest.Person("south/dina")},
		list.OpsText(storetest.Block(storetest.Spare, list.Duplicate)), []byte("case 18"))
	good := ledger.Proposal{EffectSalt: asked.Effect.Salt[:], Effect: asked.Effect.Body, PersonalSalt: asked.Personal.Salt[:], Personal: asked.Personal.Body}
	for name, change := range map[string]func(*ledger.Proposal){
		"another effect":   func(p *ledger.Proposal) { p.Effect = list.OpsText(storetest.Block(storetest.Spare+1, list.Duplicate)) },
		"another salt":     func(p *ledger.Proposal) { p.EffectSalt = make([]byte, 32) },
		"another reason":   func(p *ledger.Proposal) { p.Personal = []byte("case 19") },
		"no reason":        func(p *ledger.Proposal) { p.PersonalSalt, p.Personal = nil, nil },
		"nothing":          func(p *ledger.Proposal) { *p = ledger.Proposal{} },
		"what it should":   func(*ledger.Proposal) {},
		"and its own text": func(p *ledger.Proposal) { p.Text = "blocks one device" },
	} {
		p := good
		change(&p)
		d := s.Draft(t, name, receipt.Content{Kind: receipt.Proposal, By: storetest.Office("decide")}, asked.Content.Bytes(), ledger.Encode(p))
		_, err := s.Seq.Submit(t.Context(), d)
		if want := !strings.HasPrefix(name, "what") && !strings.HasPrefix(name, "and"); errors.Is(err, problem.Invalid) != want || !want && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	bare := s.Draft(t, "bare", receipt.Content{Kind: receipt.Proposal, By: storetest.Office("decide")}, asked.Content.Bytes(), nil)
	if _, err := s.Seq.Submit(t.Context(), bare); !errors.Is(err, problem.Invalid) {
		t.Errorf("a proposal that shows nothing: %v", err)
	}
	s.Clean(t)
}

// A program that records erasures which are none, or of another's proposal, is found.
func TestErasureThatLies(t *testing.T) {
	for name, c := range map[string]struct {
		what  func(*storetest.Story) ledger.Erasure
		fault string
	}{
		"the text is still there": {func(s *storetest.Story) ledger.Erasure {
			return ledger.Erasure{Index: s.Enacted, Part: ledger.PartPersonal}
		}, "says that it was erased"},
		"another's row": {func(s *storetest.Story) ledger.Erasure {
			return ledger.Erasure{Index: s.Enacted, Part: ledger.PartPersonal, Proposal: s.WaitingContent.Digest().String()}
		}, "takes away the row of"},
		"not its row": {func(s *storetest.Story) ledger.Erasure {
			return ledger.Erasure{Index: s.Waiting, Part: ledger.PartPersonal}
		}, "takes away the row of"},
	} {
		t.Run(name, func(t *testing.T) {
			s := story(t)
			d := s.Draft(t, name, receipt.Content{Kind: ledger.KindErasure, By: storetest.Office("privacy")}, ledger.Encode(c.what(s)), nil)
			err := s.Seq.Do(t.Context(), func(_ ledger.Tx, b *ledger.Batch) error { _, err := b.AppendAny(d); return err })
			if err != nil {
				t.Fatal(err)
			}
			if faults := s.Verify(t, nil).Faults; !slices.ContainsFunc(faults, func(f ledger.Fault) bool { return strings.Contains(f.Text, c.fault) }) {
				t.Errorf("faults %v, want %q", faults, c.fault)
			}
		})
	}
	s := story(t)
	d := s.Draft(t, "effect", receipt.Content{Kind: ledger.KindErasure, By: storetest.Office("privacy")},
		ledger.Encode(ledger.Erasure{Index: s.Policy, Part: ledger.PartEffect}), nil)
	err := s.Seq.Do(t.Context(), func(_ ledger.Tx, b *ledger.Batch) error { _, err := b.AppendAny(d); return err })
	if problem.Of(err) != problem.Invalid {
		t.Errorf("an effect was erased: %v", err)
	}
}

// In one batch, what was just appended can be erased, and is in no table.
func TestEraseInTheSameBatch(t *testing.T) {
	s := story(t)
	secret := []byte("told in confidence")
	d := s.Draft(t, "secret", receipt.Content{Kind: ledger.KindDay, By: storetest.Office("test")}, ledger.Encode(ledger.Day{Day: 1}), secret)
	err := s.Seq.Do(t.Context(), func(_ ledger.Tx, b *ledger.Batch) error {
		index, err := b.Append(d)
		return errors.Join(err, b.Erase(index, storetest.Office("privacy")))
	})
	if err != nil || holds(t, s, string(secret)) {
		t.Errorf("%v, or it is still there", err)
	}
	if bytes.Contains([]byte(fmt.Sprint(s.Clean(t).Erased)), []byte("erased by record 37")) == false {
		t.Error("verify does not say so")
	}
}
