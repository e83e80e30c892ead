package observe_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/observe"
	"github.com/openceir/openceir/internal/problem"
)

// What operators send although nobody asked for it: files over months, twice, over one another, and
// of another country. Values that stand on multitudes are in internal/node/centre.

// regular is what a well-behaved network sees from one day to another: forty devices, two days in three.
func regular(from, to device.Day) string {
	var b strings.Builder
	b.WriteString(dumpHead)
	for d := from; d <= to; d++ {
		for i := range 40 {
			if (int(d)+i)%3 > 0 {
				fmt.Fprintf(&b, "%s,3500000100%04d,470010%09d,880170%07d\n", strings.ReplaceAll(d.String(), "-", ""), i, i, i)
			}
		}
	}
	return b.String()
}

// dump writes a dump of alpha with its name.
func (h *house) dump(from, to device.Day, text string) string {
	return h.file("alpha_"+strings.ReplaceAll(from.String()+"_"+to.String(), "-", "")+".csv", text)
}

// A file over two months whose last day of the month comes before its first one has all its rows in
// both months, and says so.
func TestFileOverTwoMonths(t *testing.T) {
	h := newHouse(t, t.TempDir())
	from, to := device.Date(2026, 1, 15), device.Date(2026, 2, 10)
	rep := h.take(h.dump(from, to, dumpHead+
		"20260115,35000001000010,470010000000001,8801700000001\n20260131,35000001000010,470010000000001,8801700000001\n"+
		"20260201,35000001000010,470010000000001,8801700000001\n20260210,35000001000021,470010000000002,8801700000002\n"), device.FileOperator, "alpha")
	const want = `35000001000010 470010000000001 8801700000001 alpha 2026-01 [40004000 0 0 0 0]
35000001000010 470010000000001 8801700000001 alpha 2026-02 [1 0 0 0 0]
35000001000021 470010000000002 8801700000002 alpha 2026-02 [200 0 0 0 0]
`
	if got := h.histories(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	f := rep.File
	if rep.Lines != 4 || f.Rows != 4 || f.Refused != 0 || f.From != from || f.To != to {
		t.Errorf("%d lines, %d taken, %d refused, %s to %s", rep.Lines, f.Rows, f.Refused, f.From, f.To)
	}
	for _, day := range []string{"2026-01-15", "2026-01-31", "2026-02-01", "2026-02-10"} {
		if n := f.Stats["imei "+day]; n != 1 {
			t.Errorf("%d devices on %s", n, day)
		}
	}
	if !slices.ContainsFunc(rep.Warnings, func(s string) bool { return strings.Contains(s, "23 of 27 days have no usable row") }) {
		t.Errorf("nothing says that days are missing: %q", rep.Warnings)
	}
}

// Files that overlap say together what one file of all their rows says, in either order, and nothing
// twice; one taken back leaves what the other says.
func TestOverlappingFiles(t *testing.T) {
	first, middle, last := device.Date(2026, 1, 5), device.Date(2026, 1, 20), device.Date(2026, 2, 12)
	one := newHouse(t, t.TempDir())
	one.take(one.dump(first, last, regular(first, last)), device.FileOperator, "alpha")
	for _, turned := range []bool{false, true} {
		h := newHouse(t, t.TempDir())
		files := []string{h.dump(first, middle+5, regular(first, middle+5)), h.dump(middle-5, last, regular(middle-5, last))}
		if turned {
			slices.Reverse(files)
		}
		h.take(files[0], device.FileOperator, "alpha")
		alone := h.histories()
		rep := h.take(files[1], device.FileOperator, "alpha")
		if h.histories() != one.histories() {
			t.Errorf("turned %v: the files do not say what the one file says", turned)
		}
		if err := h.im.Withdraw(context.Background(), rep.File.Digest, "overlaps"); err != nil || h.histories() != alone {
			t.Errorf("turned %v: taken back, it left something: %v", turned, err)
		}
	}
}

// A month that is sent again with corrections adds what it corrects, for what is seen is evidence. To
// have the corrected one alone, the first is taken back; then nothing of it is left.
func TestMonthSentAgain(t *testing.T) {
	first, last := device.Date(2026, 1, 1), device.Date(2026, 1, 31)
	wrong := regular(first, last)
	right := strings.ReplaceAll(strings.ReplaceAll(wrong, "35000001000007", "35000001000907"), "20260105,35000001000008,470010000000008,8801700000008\n", "")
	if right == wrong {
		t.Fatal("nothing is corrected")
	}
	alone := newHouse(t, t.TempDir())
	alone.take(alone.dump(first, last, right), device.FileOperator, "alpha")

	h := newHouse(t, t.TempDir())
	was := h.take(h.dump(first, last, wrong), device.FileOperator, "alpha")
	now := h.take(h.dump(first, last, right), device.FileOperator, "alpha")
	if both := h.histories(); !strings.Contains(both, "35000001000007") || !strings.Contains(both, "35000001000907") || now.Already {
		t.Error("the month sent again did not add to the first")
	}
	if err := h.im.Withdraw(context.Background(), was.File.Digest, "wrong devices"); err != nil {
		t.Fatal(err)
	}
	if h.histories() != alone.histories() {
		t.Error("something of the first file is left")
	}
	if again := h.take(h.dump(first, last, right), device.FileOperator, "alpha"); !again.Already {
		t.Error("the same bytes are taken twice")
	}
}

// A dump of another country is not taken, and what is said names what is foreign about it.
func TestDumpOfAnotherCountry(t *testing.T) {
	h := newHouse(t, t.TempDir())
	first, last := device.Date(2026, 1, 1), device.Date(2026, 1, 31)
	foreign := strings.ReplaceAll(strings.ReplaceAll(regular(first, last), ",470010", ",262010"), ",880170", ",491700")
	_, err := h.im.Import(context.Background(), h.dump(first, last, foreign), device.FileOperator, "alpha")
	if !errors.Is(err, problem.Refused) {
		t.Fatal(err)
	}
	for _, gate := range []string{"foreign_imsi is 1", "foreign_msisdn is 1", "foreign_any is 1", "non_home is 1", "Nothing was changed"} {
		if !strings.Contains(err.Error(), gate) {
			t.Errorf("it does not say %q: %v", gate, err)
		}
	}
	if h.histories() != "" || len(h.parts()) > 0 {
		t.Error("something was taken in")
	}
}

// Clearing the lake up forgets no kind of file: afterwards all eleven are in force as before, and the
// next ones fit them.
func TestSweepKeepsEveryKind(t *testing.T) {
	h := newHouse(t, t.TempDir())
	first, last := device.Date(2026, 1, 1), device.Date(2026, 1, 31)
	h.take(h.dump(first, last, regular(first, last)), device.FileOperator, "alpha")
	h.take(h.file("tac.txt", tacRows(5)), device.FileTAC, "")
	send := func(kind device.FileKind, o observe.Options, rows string) {
		t.Helper()
		head := headers[kind]
		if o.Delta {
			head += ",change_type"
		}
		if _, err := h.send(kind, o, head+strings.Repeat("\n", 1+len(kind))+rows); err != nil { // no two lists have the same bytes
			t.Fatal(err)
		}
	}
	for _, c := range courses {
		send(c.kind, observe.Options{}, c.full)
	}
	live, kinds := map[string]bool{}, map[device.FileKind]bool{}
	files, err := h.reg.adopted()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		kinds[f.Kind] = true
		for _, p := range f.Parts {
			live[p.Digest] = true
		}
	}
	if len(kinds) != len(device.Imports()) {
		t.Fatalf("%d kinds of %d are in force", len(kinds), len(device.Imports()))
	}
	before := h.histories() + h.lists()
	if _, err := h.lake.Sweep(context.Background(), func(digest string) bool { return live[digest] }); err != nil {
		t.Fatal(err)
	}
	if after := h.histories() + h.lists(); after != before {
		t.Errorf("the sweep changed what is in force:\n%s\n%s", before, after)
	}
	for _, c := range courses {
		send(c.kind, delta, c.delta)
	}
}
