package lake_test

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/lake"
	"github.com/openceir/openceir/subscriber"
)

// change is a row of a list file.
type change[T any] struct {
	change device.Change
	row    T
}

func adds[T any](rows ...T) (out []change[T]) {
	for _, r := range rows {
		out = append(out, change[T]{device.Add, r})
	}
	return out
}

func seq[T any](rows []change[T]) iter.Seq2[device.Change, *T] {
	return func(yield func(device.Change, *T) bool) {
		for i := range rows {
			if !yield(rows[i].change, &rows[i].row) {
				return
			}
		}
	}
}

func TestTACs(t *testing.T) {
	ctx := context.Background()
	l := &lake.Lake{Dir: t.TempDir()}
	tacs := []device.TAC{
		{TAC: 1_234_567, Manufacturer: "Acme", Model: "One", DeviceType: "Smartphone", Bands: "LTE FDD BAND 1", Allocated: device.Date(2020, 5, 6)},
		{TAC: 35_000_001, Manufacturer: "Acme", Model: "=Two", Other: `{"NFC":"Y"}`},
	}
	newer := []device.TAC{{TAC: 35_000_001, Manufacturer: "Zed", Model: "Two"}}
	parts := []device.Part{must(l.WriteTACs(ctx, seq(adds(tacs...)))), must(l.WriteTACs(ctx, seq(adds(newer...))))}
	set := must(l.TACs(ctx, parts))
	if row, ok := set.Lookup(1_234_567); !ok || row != tacs[0] {
		t.Errorf("01234567: %+v %v", row, ok)
	}
	if row, ok := set.Lookup(35_000_001); !ok || row != newer[0] || set.Len() != 2 {
		t.Errorf("35000001: %+v %v, %d rows", row, ok, set.Len())
	}
	if _, ok := set.Lookup(35_000_002); ok {
		t.Error("35000002 is in the directory")
	}
	known, n, err := l.Allocated(ctx, parts)
	if err != nil || n != 2 || !known(1_234_567) || known(2) {
		t.Errorf("%d allocated, %v", n, err)
	}
	if row, ok, err := l.TACOf(ctx, parts[:1], 35_000_001); err != nil || !ok || row != tacs[1] {
		t.Errorf("35000001 whole: %+v %v %v", row, ok, err)
	}
}

// ways is how the files of one list are written and read.
type ways[T comparable] struct {
	random func(r *rand.Rand) T
	same   func(a, b *T) int // order of keys
	bucket func(*T) int
	write  func(l *lake.Lake, bucket int, rows []change[T]) (device.Part, error)
	read   func(l *lake.Lake, parts []device.Part, bucket int) ([]T, error)
}

// laid holds lists of a full and many delta files against a map.
func laid[T comparable](t *testing.T, name string, w ways[T]) {
	t.Run(name, func(t *testing.T) {
		l, r := &lake.Lake{Dir: t.TempDir()}, rand.New(rand.NewPCG(7, 7))
		var files []device.File
		var want []T
		for i := range 12 {
			f := device.File{Delta: i%6 != 0}
			if !f.Delta {
				want = nil
			}
			n := 3000
			if f.Delta {
				n = 400
			}
			rows := map[int][]change[T]{}
			for range n {
				c := change[T]{row: w.random(r)}
				if f.Delta {
					c.change = device.Change(r.IntN(3))
				}
				rows[w.bucket(&c.row)] = append(rows[w.bucket(&c.row)], c)
			}
			for bucket, some := range rows {
				slices.SortStableFunc(some, func(a, b change[T]) int { return w.same(&a.row, &b.row) })
				some = slices.CompactFunc(some, func(a, b change[T]) bool { return w.same(&a.row, &b.row) == 0 })
				f.Parts = append(f.Parts, must(w.write(l, bucket, some)))
				for _, c := range some {
					want = slices.DeleteFunc(want, func(old T) bool { return w.same(&old, &c.row) == 0 })
					if c.change != device.Remove {
						want = append(want, c.row)
					}
				}
			}
			files = append(files, f)
			parts := device.PartsInForce(files)
			slices.SortFunc(want, func(a, b T) int { return w.same(&a, &b) })
			for bucket := range device.Buckets {
				var some []T
				for _, row := range want {
					if w.bucket(&row) == bucket {
						some = append(some, row)
					}
				}
				got := must(w.read(l, parts, bucket))
				if !slices.Equal(some, got) {
					t.Fatalf("after %d files, bucket %d: %d rows, want %d", i+1, bucket, len(got), len(some))
				}
			}
		}
	})
}

func TestListsInForce(t *testing.T) {
	ctx := context.Background()
	some := func(r *rand.Rand) imei.IMEI { return imei.New(35_000_000, uint32(r.IntN(5000))) }
	imsi := func(r *rand.Rand) subscriber.IMSI { return subscriber.IMSI(470_010_000_000_000 + uint64(r.IntN(3))) }
	texts := []string{"", "whitelist", "pending"}
	laid(t, "stolen", ways[device.Stolen]{
		func(r *rand.Rand) device.Stolen {
			return device.Stolen{IMEI: some(r), Reported: device.Day(r.IntN(3)), Status: texts[r.IntN(3)]}
		},
		func(a, b *device.Stolen) int { return cmp.Compare(a.IMEI, b.IMEI) },
		func(s *device.Stolen) int { return device.BucketOf(s.IMEI) },
		func(l *lake.Lake, bucket int, rows []change[device.Stolen]) (device.Part, error) {
			return l.WriteStolen(ctx, bucket, seq(rows))
		},
		func(l *lake.Lake, parts []device.Part, bucket int) ([]device.Stolen, error) {
			return l.Stolen(ctx, parts, bucket)
		},
	})
	laid(t, "pairings", ways[device.Pairing]{
		func(r *rand.Rand) device.Pairing {
			return device.Pairing{IMEI: some(r) % 1000, IMSI: imsi(r), MSISDN: 12345}
		},
		lake.ComparePairings, func(p *device.Pairing) int { return device.BucketOf(p.IMEI) },
		func(l *lake.Lake, bucket int, rows []change[device.Pairing]) (device.Part, error) {
			return l.WritePairings(ctx, bucket, seq(rows))
		},
		func(l *lake.Lake, parts []device.Part, bucket int) ([]device.Pairing, error) {
			return l.Pairings(ctx, parts, bucket)
		},
	})
	laid(t, "monitored", ways[device.Listed]{
		func(r *rand.Rand) device.Listed { return device.Listed{IMEI: some(r), Since: device.Day(r.IntN(100))} },
		func(a, b *device.Listed) int { return cmp.Compare(a.IMEI, b.IMEI) },
		func(s *device.Listed) int { return device.BucketOf(s.IMEI) },
		func(l *lake.Lake, bucket int, rows []change[device.Listed]) (device.Part, error) {
			return l.WriteListed(ctx, lake.TableMonitored, bucket, seq(rows))
		},
		func(l *lake.Lake, parts []device.Part, bucket int) ([]device.Listed, error) {
			return l.Listed(ctx, parts, lake.TableMonitored, bucket)
		},
	})
	laid(t, "associations", ways[device.Association]{
		func(r *rand.Rand) device.Association {
			return device.Association{IMEI: some(r), UID: fmt.Sprintf("P-%d", r.IntN(3))}
		},
		lake.CompareAssociations, func(s *device.Association) int { return device.BucketOf(s.IMEI) },
		func(l *lake.Lake, bucket int, rows []change[device.Association]) (device.Part, error) {
			return l.WriteAssociations(ctx, bucket, seq(rows))
		},
		func(l *lake.Lake, parts []device.Part, bucket int) ([]device.Association, error) {
			return l.Associations(ctx, parts, bucket)
		},
	})
	one := func(read int, of func() any) any { // lists that are not cut by device are all in bucket 0
		if read != 0 {
			return nil
		}
		return of()
	}
	laid(t, "golden", ways[device.Golden]{
		func(r *rand.Rand) device.Golden { return device.Golden{byte(r.IntN(8)), 15: byte(r.IntN(256))} },
		lake.CompareGolden, func(*device.Golden) int { return 0 },
		func(l *lake.Lake, _ int, rows []change[device.Golden]) (device.Part, error) {
			return l.WriteGolden(ctx, seq(rows))
		},
		func(l *lake.Lake, parts []device.Part, bucket int) ([]device.Golden, error) {
			rows, _ := one(bucket, func() any { return must(l.Golden(ctx, parts)) }).([]device.Golden)
			return rows, nil
		},
	})
	laid(t, "barred tacs", ways[imei.TAC]{
		func(r *rand.Rand) imei.TAC { return imei.TAC(r.IntN(5000)) },
		func(a, b *imei.TAC) int { return cmp.Compare(*a, *b) }, func(*imei.TAC) int { return 0 },
		func(l *lake.Lake, _ int, rows []change[imei.TAC]) (device.Part, error) {
			return l.WriteBarredTACs(ctx, seq(rows))
		},
		func(l *lake.Lake, parts []device.Part, bucket int) ([]imei.TAC, error) {
			rows, _ := one(bucket, func() any { return must(l.BarredTACs(ctx, parts)) }).([]imei.TAC)
			return rows, nil
		},
	})
	laid(t, "subscribers", ways[device.Person]{
		func(r *rand.Rand) device.Person {
			return device.Person{IMSI: imsi(r), UID: fmt.Sprintf("P-%d", r.IntN(900))}
		},
		lake.ComparePersons, func(*device.Person) int { return 0 },
		func(l *lake.Lake, _ int, rows []change[device.Person]) (device.Part, error) {
			return l.WriteSubscribers(ctx, seq(rows))
		},
		func(l *lake.Lake, parts []device.Part, bucket int) ([]device.Person, error) {
			rows, _ := one(bucket, func() any { return must(l.Persons(ctx, parts)) }).([]device.Person)
			return rows, nil
		},
	})
}

func TestRegistrations(t *testing.T) {
	ctx := context.Background()
	l := &lake.Lake{Dir: t.TempDir()}
	row := func(n uint32, status string) device.Registration {
		return device.Registration{IMEI: imei.New(35_000_000, n*device.Buckets), Make: "Acme", Model: fmt.Sprint(n % 7), Status: status, ModelNumber: "1",
			BrandName: "A", DeviceType: "Smartphone", RadioInterface: "LTE", DeviceID: fmt.Sprintf("D%d", n)}
	}
	var full []change[device.Registration]
	for n := range uint32(5000) {
		full = append(full, change[device.Registration]{device.Add, row(n, []string{"", "whitelist", "pending"}[n%3])})
	}
	delta := []change[device.Registration]{
		{device.Remove, device.Registration{IMEI: row(3, "").IMEI}}, {device.Update, row(4, "blocked")}, {device.Update, row(5, "")}, {device.Add, row(9000, "")},
	}
	parts := []device.Part{must(l.WriteRegistrations(ctx, 0, seq(full))), must(l.WriteRegistrations(ctx, 0, seq(delta)))}
	got := must(l.Registered(ctx, parts, 0))
	var want []imei.IMEI
	for n := range uint32(5000) {
		if n%3 != 2 && n != 3 && n != 4 || n == 5 {
			want = append(want, row(n, "").IMEI)
		}
	}
	want = append(want, row(9000, "").IMEI)
	if d := gocmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if n := len(must(l.Keys(ctx, parts, lake.TableRegistrations, 0))); n != 5000 {
		t.Errorf("%d keys, want 5000", n)
	}
	for _, c := range []struct {
		n    uint32
		want device.Registration
	}{{0, row(0, "")}, {2, row(2, "pending")}, {3, device.Registration{}}, {4, row(4, "blocked")}, {4999, row(4999, "whitelist")}, {9000, row(9000, "")}, {7000, device.Registration{}}} {
		got, ok, err := l.RegistrationOf(ctx, parts, row(c.n, "").IMEI)
		if err != nil || got != c.want || ok != (c.want.IMEI != 0) {
			t.Errorf("%d: %+v %v %v, want %+v", c.n, got, ok, err, c.want)
		}
	}
}

// The devices of one device ID are told across buckets, as the later parts have them.
func TestDevicesOf(t *testing.T) {
	ctx := context.Background()
	l := &lake.Lake{Dir: t.TempDir()}
	row := func(n uint32, id string) device.Registration {
		return device.Registration{IMEI: imei.New(35_000_000, n), DeviceID: id}
	}
	var buckets [device.Buckets][]change[device.Registration]
	var expected []imei.IMEI
	for n := range uint32(400) {
		r := row(n, fmt.Sprint("D", n/3))
		buckets[device.BucketOf(r.IMEI)] = append(buckets[device.BucketOf(r.IMEI)], change[device.Registration]{device.Add, r})
		if n/3 == 40 {
			expected = append(expected, r.IMEI)
		}
	}
	var parts []device.Part
	for b, rows := range buckets {
		parts = append(parts, must(l.WriteRegistrations(ctx, b, seq(rows))))
	}
	ask := func(id string, most int, want ...imei.IMEI) {
		t.Helper()
		if d := gocmp.Diff(want, must(l.DevicesOf(ctx, parts, id, most))); d != "" {
			t.Errorf("%s: %s", id, d)
		}
	}
	ask("D40", 100, expected...)
	ask("D40", 2, expected[:2]...)
	ask("D4000", 100)
	delta := func(c device.Change, r device.Registration) {
		parts = append(parts, must(l.WriteRegistrations(ctx, device.BucketOf(r.IMEI), seq([]change[device.Registration]{{c, r}}))))
	}
	delta(device.Remove, row(120, "D40"))
	delta(device.Update, row(121, "E"))
	delta(device.Add, row(9000, "D40"))
	ask("D40", 100, expected[2], row(9000, "").IMEI)
	ask("E", 100, expected[1])
}

func TestSubscriptions(t *testing.T) {
	ctx := context.Background()
	l := &lake.Lake{Dir: t.TempDir()}
	p := must(l.WriteSubscribers(ctx, seq(adds(device.Person{UID: "b", IMSI: 1}, device.Person{UID: "a", IMSI: 2}, device.Person{UID: "b", IMSI: 2}))))
	want := []lake.Subscription{{1, 0}, {2, 1}, {2, 0}}
	if d := gocmp.Diff(want, must(l.Subscriptions(ctx, []device.Part{p}))); d != "" {
		t.Error(d)
	}
}

// Parts of an earlier version lack the columns that came later, and are not cut by device.
func TestPartsOfAnEarlierVersion(t *testing.T) {
	ctx := context.Background()
	l := &lake.Lake{Dir: t.TempDir()}
	type oldStolen struct {
		IMEI     int64  `parquet:"imei,delta"`
		Reported int32  `parquet:"reported,optional,date"`
		Status   string `parquet:"status,dict"`
	}
	var rows []oldStolen
	for i := range 100 {
		rows = append(rows, oldStolen{35_000_001_000_000 + int64(i), int32(i % 2), "blacklist"})
	}
	full := plant(t, l, lake.TableStolen, rows)
	m := imei.IMEI(35_000_001_000_011)
	delta := must(l.WriteStolen(ctx, device.BucketOf(m), seq([]change[device.Stolen]{{device.Remove, device.Stolen{IMEI: m}}})))
	n := 0
	for bucket := range device.Buckets {
		for _, s := range must(l.Stolen(ctx, []device.Part{full, delta}, bucket)) {
			n++
			if device.BucketOf(s.IMEI) != bucket || s.IMEI == m || s.Status != "blacklist" || int64(s.Reported) != int64(s.IMEI)%2 {
				t.Fatalf("bucket %d: %+v", bucket, s)
			}
		}
	}
	if n != 99 {
		t.Errorf("%d rows, want 99", n)
	}
	type oldTAC struct {
		TAC          int32  `parquet:"tac,delta"`
		Manufacturer string `parquet:"manufacturer,dict"`
		Model        string `parquet:"model"`
		DeviceType   string `parquet:"device_type,dict"`
		Bands        string `parquet:"bands,dict"`
		Allocated    int32  `parquet:"allocated,optional,date"`
	}
	tacs := []device.Part{plant(t, l, lake.TableTACs, []oldTAC{{1, "a", "b", "c", "d", 5}})}
	want := device.TAC{TAC: 1, Manufacturer: "a", Model: "b", DeviceType: "c", Bands: "d", Allocated: 5}
	if got, ok := must(l.TACs(ctx, tacs)).Lookup(1); !ok || got != want {
		t.Errorf("%+v %v", got, ok)
	}
	if got, ok, err := l.TACOf(ctx, tacs, 1); err != nil || !ok || got != want {
		t.Errorf("%+v %v %v", got, ok, err)
	}
	type oldMalformed struct {
		IMEI     string `parquet:"imei"`
		IMSI     string `parquet:"imsi"`
		MSISDN   string `parquet:"msisdn"`
		Operator string `parquet:"operator,dict"`
		Day      int32  `parquet:"day,date"`
		Reason   string `parquet:"reason,dict"`
	}
	p := plant(t, l, lake.TableMalformed, []oldMalformed{{"a", "b", "c", "d", 5, "e"}})
	for m, err := range l.Malformed(ctx, []device.Part{p}) {
		if err != nil || m != (device.Malformed{IMEI: "a", IMSI: "b", MSISDN: "c", Operator: "d", Day: 5, Reason: "e"}) {
			t.Errorf("%+v %v", m, err)
		}
	}
}

// plant puts rows of any form where a part of a table without months would be.
func plant[R any](t *testing.T, l *lake.Lake, table string, rows []R) device.Part {
	t.Helper()
	p := device.Part{Digest: fmt.Sprintf("%064x", len(rows)), Table: table, Rows: int64(len(rows))}
	path := l.Path(p)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	f := must(os.Create(path))
	defer f.Close()
	w := parquet.NewGenericWriter[R](f, parquet.Compression(&parquet.Zstd))
	must(w.Write(rows))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	p.Bytes = must(f.Stat()).Size()
	return p
}
