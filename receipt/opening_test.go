package receipt

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// Any lines of any body can be shown alone; whatever is changed in what is shown is found.
func TestExcerpts(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	x := newExample(t)
	for round := range 400 {
		var body []byte
		n := 1 + dice.IntN(20)
		for i := range n {
			body = fmt.Appendf(body, "set listed %014d prohibited stolen\n", i*7)
		}
		if dice.IntN(4) == 0 {
			body = body[:len(body)-1] // the last line need not end
		}
		whole := x.opening(string(body))
		c := whole.Commitment()
		if err := whole.Open(c); err != nil {
			t.Fatal(err)
		}
		picked := dice.Perm(n)[:1+dice.IntN(n)]
		part := whole.Excerpt(func(i int, _ []byte) bool { return slices.Contains(picked, i) })
		if err := part.Open(c); err != nil {
			t.Fatalf("round %d, %d of %d lines: %v", round, len(picked), n, err)
		}
		if len(picked) == n {
			if part != whole {
				t.Fatal("all lines are not the whole")
			}
			continue
		}
		var text bytes.Buffer
		part.write(&text, "effect")
		r := &reader{rest: text.Bytes()}
		read := r.opening("effect")
		if r.err != nil || len(r.rest) > 0 {
			t.Fatalf("it does not read back: %v\n%s", r.err, text.Bytes())
		}
		if err := read.Open(c); err != nil {
			t.Fatalf("it does not verify when read back: %v", err)
		}
		for what, bad := range spoilt(part) {
			if bad.Open(c) == nil {
				t.Fatalf("%s changed, and it verifies: %d of %d lines", what, len(picked), n)
			}
		}
	}
}

// spoilt returns copies of an excerpt with one thing changed in each.
func spoilt(o *Opening) map[string]*Opening {
	out := map[string]*Opening{}
	change := func(what string, f func(*Opening)) {
		s := *o.Shown
		s.At, s.Salts, s.Proof = slices.Clone(s.At), slices.Clone(s.Salts), slices.Clone(s.Proof)
		c := &Opening{Body: bytes.Clone(o.Body), Shown: &s}
		f(c)
		out[what] = c
	}
	change("a digit", func(o *Opening) { o.Body[12] ^= 1 })
	change("a salt", func(o *Opening) { o.Shown.Salts[0][3] ^= 1 })
	change("the number of lines", func(o *Opening) { o.Shown.Lines++ })
	change("the last place", func(o *Opening) { o.Shown.At[len(o.Shown.At)-1] += 1 + o.Shown.Lines })
	change("the first place", func(o *Opening) { o.Shown.At[0] ^= 1 })
	change("a hash more", func(o *Opening) { o.Shown.Proof = append(o.Shown.Proof, tlog.Hash{}) })
	change("a hash less", func(o *Opening) { o.Shown.Proof = o.Shown.Proof[1:] })
	change("a line more", func(o *Opening) { o.Body = append(o.Body, "\nset\n"...) })
	change("no line", func(o *Opening) { o.Body, o.Shown.At, o.Shown.Salts = nil, nil, nil })
	return out
}

// Lines have salts of their own: equal ones can not be told from each other, nor guessed.
func TestEqualLinesHaveOtherLeaves(t *testing.T) {
	o := newExample(t).opening(strings.Repeat("set x\n", 8))
	seen := map[tlog.Hash]bool{}
	for _, h := range o.leaves() {
		seen[h] = true
	}
	if len(seen) != 8 {
		t.Errorf("%d leaves of 8 equal lines", len(seen))
	}
	a, b := &Opening{Salt: o.Salt}, &Opening{Salt: o.Salt, Body: []byte("\n")}
	if a.Commitment() == b.Commitment() {
		t.Error("nothing and an empty line have one commitment")
	}
}

// Only of a measure may lines be left out: half a directory is another directory.
func TestOnlyMeasuresAreShownInPart(t *testing.T) {
	x := country(t)
	r := x.receipt(0, 5)
	e := &r.Bundle.Entries[0]
	e.Effect = x.entries[0].Effect.Excerpt(func(i int, _ []byte) bool { return i != 3 })
	if err := e.Effect.Open(e.Record.Content.Effect); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Verify(x.log); err == nil || !strings.Contains(err.Error(), "only measures are shown in part") {
		t.Errorf("a directory with a line left out: %v", err)
	}
}
