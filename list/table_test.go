package list

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/receipt"
)

var nothing = new(receipt.Bundle)

// A table is a map of lines, whatever was cloned, written and read again on the way; two tables
// have one digest exactly if they hold the same lines; older clones do not change.
func TestTableIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		model := map[Key]Line{}
		table := NewTable(nil)
		type copied struct {
			table *Table
			model map[Key]Line
		}
		var copies []copied
		for i := range rapid.IntRange(0, 40).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0:
				table = reopened(t, table)
			case 1:
				copies = append(copies, copied{table, maps.Clone(model)})
				table = table.Clone()
			case 2: // go on with the one and keep the other
				copies = append(copies, copied{table.Clone(), maps.Clone(model)})
			default:
				var ops []Op
				for range rapid.SampledFrom([]int{1, 2, 3, 3 * fewOps}).Draw(t, "ops") {
					o := Op{Line: anyLine(anyForm).Draw(t, "line"), Drop: rapid.IntRange(0, 2).Draw(t, "drop") == 0}
					o.Line.Act = uint64(i)
					if keys := sortedLines(model); o.Drop && len(keys) > 0 {
						o.Line = rapid.SampledFrom(keys).Draw(t, "dropped")
					}
					if o.Drop {
						delete(model, o.Line.Key())
					} else {
						model[o.Line.Key()] = o.Line
					}
					ops = append(ops, o)
				}
				table.Apply(ops)
			}
			equal(t, table, model)
		}
		copies = append(copies, copied{table, model})
		for _, c := range copies {
			equal(t, c.table, c.model)
			for _, d := range copies {
				if same := maps.Equal(c.model, d.model); same != (c.table.Digest() == d.table.Digest()) {
					t.Fatalf("same lines %v, same digest %v", same, !same)
				}
			}
		}
	})
}

func sortedLines(model map[Key]Line) []Line {
	return slices.SortedFunc(maps.Values(model), func(a, b Line) int { return a.Compare(&b) })
}

func equal(t *rapid.T, table *Table, model map[Key]Line) {
	n := 0
	for l := range table.Lines() {
		if n++; model[l.Key()] != *l {
			t.Fatalf("the table has %q, the model %+v", l.String(), model[l.Key()])
		}
	}
	if n != len(model) {
		t.Fatalf("the table has %d lines, the model %d", n, len(model))
	}
	for k, want := range model {
		if l, ok := table.Find(k); !ok || l != want {
			t.Fatalf("the table does not find %+v", want)
		}
	}
	for _, m := range []imei.IMEI{imei.New(35227301, 1), imei.New(35227303, 999_999)} {
		var want []Line
		for _, l := range sortedLines(model) {
			if l.Covers(m) {
				want = append(want, l)
			}
		}
		got := table.Device(m)
		for i := 1; i < len(got); i++ {
			if got[i].To-got[i].From < got[i-1].To-got[i-1].From {
				t.Fatal("a wider line comes before a narrower one")
			}
		}
		slices.SortFunc(got, func(a, b Line) int { return a.Compare(&b) })
		if !slices.Equal(got, want) {
			t.Fatalf("lines over %s: %v, want %v", m, got, want)
		}
	}
	fresh := NewTable(nil)
	for _, l := range model {
		fresh.Apply([]Op{{Line: l}})
	}
	if fresh.Digest() != table.Digest() {
		t.Fatal("a table folded anew from the same lines has another digest")
	}
}

// Readers of a table see none of what is applied to its clones. Run it with -race.
func TestReadersAreNotDisturbed(t *testing.T) {
	table := NewTable(nil)
	for i := range 2000 {
		table.Apply([]Op{{Line: numbered(i)}})
	}
	table = reopened(t, table).Clone()
	table.Apply([]Op{{Line: numbered(5)}, {Line: wideLine(1)}})
	digest := table.Digest()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 3000 {
				if a := table.Decide(&Query{IMEI: numbered(i).From, Version: AnyVersion}); (a.Status == Prohibited) != (i < 2000) {
					t.Errorf("device %d is %s", i, a.Status)
				}
			}
			if table.Digest() != digest {
				t.Error("the digest changed under a reader")
			}
		})
	}
	for i := range 50 {
		next := table.Clone()
		next.Apply([]Op{{Drop: true, Line: numbered(i)}, {Line: numbered(2500 + i)}, {Line: wideLine(i)}})
		next.Apply([]Op{{Drop: true, Line: numbered(i + 1)}})
		if next.Digest() == digest {
			t.Error("a changed table has the same digest")
		}
	}
	wg.Wait()
}

// numbered is the line of device i, a thousand of each TAC.
func numbered(i int) Line {
	m := imei.New(imei.TAC(35000000+i/1000), uint32(i%1000)*997)
	return Line{Class: Listed, From: m, To: m, Status: Prohibited, Ground: Stolen, Version: AnyVersion, Act: uint64(i / 100)}
}

func wideLine(i int) Line {
	tac := imei.TAC(99000000 + i)
	return Line{Class: Listed, From: tac.First(), To: tac.Last(), Status: Prohibited, Ground: NotAllocated, Version: AnyVersion, Act: uint64(i)}
}

func big(n int) *Table {
	t := NewTable(nil)
	for i := range n {
		t.Apply([]Op{{Line: numbered(i)}})
	}
	return t
}

func TestBigTable(t *testing.T) {
	const n = 200_000
	table := big(n)
	table.Apply([]Op{{Line: wideLine(0)}, {Line: wideLine(7)}})
	again := reopened(t, table)
	if table.Digest() != again.Digest() {
		t.Fatal("the digest changed on the way through a snapshot")
	}
	i := 0
	for l := range again.Lines() {
		if i < n && *l != numbered(i) {
			t.Fatalf("line %d is %q", i, l.String())
		}
		i++
	}
	if i != n+2 || again.Count()[Prohibited] != n+2 {
		t.Fatalf("%d lines", i)
	}
}

// No list has more shapes than a snapshot can number, so that nobody can stop the publishing of the
// list by lines of odd shapes.
func TestShapes(t *testing.T) {
	shapes := map[string]bool{}
	w := snapshotWriter{shapes: map[Line]uint32{}, acts: map[uint64]uint32{}}
	for class := Override; class <= Listed; class++ {
		for status := Allowed; status <= Unknown; status++ {
			for ground := range grounds {
				for version := range 256 {
					for _, to := range []imei.IMEI{0, 1} {
						l := Line{Class: class, To: to, Status: status, Ground: Ground(ground), Version: uint8(version)}
						if class == Pair {
							l.Subscriber, l.Overrides = 1, GroundSet(Duplicate)
						}
						if ground > 0 && l.check() == nil {
							w.shape(&l)
							shapes[l.String()] = true
						}
					}
				}
			}
		}
	}
	if len(w.shapes) > maxShapes || len(w.shapes) != len(shapes) || len(shapes) < 2000 {
		t.Fatalf("%d shapes of %d lines; the format numbers %d", len(w.shapes), len(shapes), maxShapes)
	}
	t.Logf("%d shapes of %d", len(shapes), maxShapes)
}

func BenchmarkDecide(b *testing.B) {
	table := big(1_000_000)
	for i := range 10_000 {
		table.Apply([]Op{{Line: wideLine(i)}})
	}
	pair := numbered(500)
	pair.Class, pair.Status, pair.Subscriber, pair.Overrides = Pair, Allowed, 1010123456789, GroundSet(Stolen)
	for name, table := range map[string]*Table{"folded": table, "mapped": reopened(b, table)} {
		for what, m := range map[string]imei.IMEI{"unlisted": imei.New(35227301, 7), "listed": numbered(777_777).From, "tac": imei.New(99000777, 3)} {
			b.Run(fmt.Sprintf("%s/%s", name, what), func(b *testing.B) {
				b.ReportAllocs()
				q := Query{IMEI: m, Version: AnyVersion, IMSI: 1010123456789}
				for b.Loop() {
					table.Decide(&q)
				}
			})
		}
	}
}

func BenchmarkSnapshot(b *testing.B) {
	table := big(1_000_000)
	table.Digest()
	for b.Loop() {
		f, err := table.Snapshot(nothing)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(f)), "bytes")
		b.ReportMetric(float64(len(f))/1e6, "bytes/line")
	}
}

// A delta of ten thousand acts of ten lines, each signed by two persons.
func BenchmarkReplica(b *testing.B) {
	w := newWorld(b)
	w.add(act{kind: receipt.Denominator, body: Active{1_000_000_000, "2026-11-01"}.Bytes(), signers: []string{amina, eva}})
	start := w.snapshot()
	from := w.size()
	for i := range 10_000 {
		w.measure(lines("set listed %s prohibited stolen", fmt.Sprint(35000000+i/500), i%500*10, 10), amina, cyra)
	}
	f := w.delta(from)
	m, body := f.sealed()
	for b.Loop() {
		r := w.replica()
		apply(b, r, start, Nobody{}, w.now)
		if _, err := r.Apply(m, body, census{1: 1}, w.now); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(body))/10_000, "bytes/act")
}
