package eir

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/segment"
	"github.com/openceir/openceir/subscriber"
)

func newSpool(dir string, zone *time.Location) *Spool {
	return &Spool{Dir: dir, Operator: "north", Zone: zone, Seen: new(Seen), Stats: new(Stats)}
}

// at is a check of one device so many minutes after a day began.
func at(minute int, r device.Radio) *device.Attach {
	day := time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)
	return &device.Attach{Time: day.Add(time.Duration(minute) * time.Minute).UnixMicro(), IMEI: "35227301738634", IMSI: 1010123456789, Radio: r}
}

// rows reads all whole segments of a spool.
func rows(t rapid.TB, dir string) (all []segment.Row) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(dir, "*.segment"))
	for _, path := range files {
		got, whole, err := readTorn(path)
		if err != nil || !whole {
			t.Fatalf("%s is not a whole segment: %v", path, err)
		}
		all = append(all, got...)
	}
	slices.SortFunc(all, func(a, b segment.Row) int { return int(a.From - b.From) })
	return all
}

func TestStays(t *testing.T) {
	type span struct {
		from, to int
		radio    device.Radio
	}
	type check struct {
		minute int
		radio  device.Radio
	}
	for _, c := range []struct {
		name   string
		checks []check
		want   []span
	}{
		{"joined up to the gap", []check{{0, 3}, {60, 3}, {120, 3}}, []span{{0, 120, 3}}},
		{"a gap and a minute", []check{{0, 3}, {61, 3}}, []span{{0, 0, 3}, {61, 61, 3}}},
		{"a radio change goes on", []check{{0, 3}, {10, 4}, {20, 3}}, []span{{0, 0, 3}, {0, 10, 4}, {10, 20, 3}}},
		{"late, same radio", []check{{30, 3}, {10, 3}, {40, 3}}, []span{{10, 40, 3}}},
		{"late, other radio", []check{{0, 3}, {30, 3}, {10, 4}, {40, 3}}, []span{{0, 40, 3}, {10, 10, 4}}},
		{"far in the past", []check{{500, 3}, {10, 3}, {20, 3}}, []span{{10, 20, 3}, {500, 500, 3}}},
	} {
		s := newSpool(t.TempDir(), time.UTC)
		for _, k := range c.checks {
			s.Observe(at(k.minute, k.radio))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		base := device.Minute(at(0, 0).Time / 60_000_000)
		var got []span
		for _, r := range rows(t, s.Dir) {
			got = append(got, span{int(r.From - base), int(r.To - base), r.Radio})
		}
		slices.SortFunc(got, func(a, b span) int { return (a.from-b.from)*10000 + a.to - b.to })
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestStayNeverTooLong(t *testing.T) {
	s := newSpool(t.TempDir(), time.UTC)
	for m := 0; m <= 3*segment.StayMax; m += 50 {
		s.Observe(at(m, 3))
	}
	s.Close()
	all := rows(t, s.Dir)
	for i, r := range all {
		if r.To-r.From > segment.StayMax || i > 0 && r.From != all[i-1].To {
			t.Errorf("row %d from %d to %d does not go on where the one before ends, or is too long", i, r.From, r.To)
		}
	}
	if s.Stats.Unspooled.Load() != 0 {
		t.Error("rows were refused")
	}
}

func TestCivilDays(t *testing.T) {
	zone := time.FixedZone("far east", 13*3600)
	s := newSpool(t.TempDir(), zone)
	s.Observe(at(10*60+50, 3)) // 23:50 there
	s.Observe(at(11*60+10, 3)) // 00:10 on the next day
	s.Close()
	day := device.Date(2026, 11, 2)
	if all := rows(t, s.Dir); len(all) != 1 || all[0].First != day || all[0].Last != day+1 {
		t.Errorf("got %+v, want one row from %s to %s", all, day, day+1)
	}
}

// Every check lies in a row of its key and radio; in order of time, no two rows of one radio share
// more than an end.
func TestEveryCheckIsSpooled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "spool")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		s := newSpool(dir, time.FixedZone("", rapid.IntRange(-11*3600, 13*3600).Draw(t, "zone")))
		ordered := rapid.Bool().Draw(t, "ordered")
		minute := 0
		var all []device.Attach
		for range rapid.IntRange(1, 60).Draw(t, "checks") {
			step := rapid.SampledFrom([]int{0, 1, 5, 59, 60, 61, 200}).Draw(t, "step")
			if !ordered && rapid.IntRange(0, 3).Draw(t, "late") == 0 {
				step = -step
			}
			minute += step
			a := at(minute+5000, device.Radio(rapid.IntRange(2, 3).Draw(t, "radio")))
			a.IMSI += subscriber.IMSI(rapid.IntRange(0, 1).Draw(t, "who"))
			a.Area = device.Area(rapid.IntRange(0, 1).Draw(t, "area"))
			all = append(all, *a)
			s.Observe(a)
			if rapid.IntRange(0, 9).Draw(t, "sweep") == 0 {
				s.sweep(time.UnixMicro(a.Time))
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		got := rows(t, dir)
		for _, a := range all {
			m := device.Minute(a.Time / 60_000_000)
			if !slices.ContainsFunc(got, func(r segment.Row) bool {
				return r.IMSI == a.IMSI && r.Area == a.Area && r.Radio == a.Radio && r.From <= m && m <= r.To
			}) {
				t.Fatalf("the check of %d at %d by radio %d is in no row of %+v", a.IMSI, m, a.Radio, got)
			}
		}
		for i, r := range got {
			for _, o := range got[:i] {
				if ordered && o.IMSI == r.IMSI && o.Area == r.Area && o.Radio == r.Radio && max(o.From, r.From) < min(o.To, r.To) {
					t.Fatalf("rows overlap: %+v and %+v", o, r)
				}
			}
		}
		if n := s.Stats.Spooled.Load(); n != uint64(len(got)) || s.Stats.Unspooled.Load() != 0 {
			t.Fatalf("counted %d rows spooled and %d not, there are %d", n, s.Stats.Unspooled.Load(), len(got))
		}
	})
}

// What is no IMEI at all is evidence too, whatever it looks like.
func TestIllegible(t *testing.T) {
	s := newSpool(t.TempDir(), time.UTC)
	for _, text := range []string{"", "\x00\xff\n", "imei-é", "0123456789012345678901234567890123456789"} {
		a := at(1, 3)
		a.IMEI = text
		s.Observe(a)
	}
	s.Close()
	if n := len(rows(t, s.Dir)); n != 4 || s.Stats.Unspooled.Load() != 0 {
		t.Errorf("%d rows spooled and %d not, want 4 and none", n, s.Stats.Unspooled.Load())
	}
}

// A segment is kept open for segmentAge by the clock, whenever its rows were seen.
func TestSegmentAge(t *testing.T) {
	s := newSpool(t.TempDir(), time.UTC)
	now := time.UnixMicro(at(0, 3).Time)
	for i := range 30 {
		a := at(i, 3)
		a.IMSI += subscriber.IMSI(i)
		s.Observe(a)
		s.sweep(now.Add(time.Duration(i)*time.Minute + 2*time.Hour))
	}
	s.Close()
	files, _ := filepath.Glob(filepath.Join(s.Dir, "*.segment"))
	if len(files) != 3 || len(rows(t, s.Dir)) != 30 {
		t.Errorf("30 minutes gave %d segments with %d rows, want 3 with 30", len(files), len(rows(t, s.Dir)))
	}
}

// Whatever a crash leaves of an open segment, what was settled before it is recovered.
func TestRecoverEveryCut(t *testing.T) {
	dir := t.TempDir()
	s := newSpool(dir, time.UTC)
	type point struct{ bytes, rows int }
	var settled []point
	for i := range 20 {
		a := at(i, 3)
		a.IMSI += subscriber.IMSI(i)
		s.Observe(a)
		if i%4 == 3 {
			s.flush()
			s.settle(time.Unix(0, 0))
			info, _ := s.open.file.Stat()
			settled = append(settled, point{int(info.Size()), i + 1})
		}
	}
	open := s.open.file.Name()
	s.Close()
	files, _ := filepath.Glob(filepath.Join(dir, "*.segment"))
	whole, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for cut := 0; cut <= len(whole); cut++ {
		os.Remove(files[0])
		os.WriteFile(open, whole[:cut], 0o600)
		r := newSpool(dir, time.UTC)
		if err := r.Recover(); err != nil {
			t.Fatal(err)
		}
		want := 0
		for _, p := range settled {
			if cut >= p.bytes {
				want = p.rows
			}
		}
		if got := len(rows(t, dir)); got < want {
			t.Fatalf("cut at byte %d: %d rows recovered, %d were settled", cut, got, want)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "open-*")); len(left) > 0 {
			t.Fatalf("cut at byte %d: %v is left", cut, left)
		}
		now, _ := filepath.Glob(filepath.Join(dir, "*.segment"))
		if cut == len(whole) && !slices.Equal(now, files) {
			t.Errorf("a whole segment was recovered under another name: the centre would take it twice")
		}
		for _, f := range now {
			os.Remove(f)
		}
	}
}

// A spool that can not write counts, leaves no litter and goes on when it can write again.
func TestBrokenDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	s := newSpool(dir, time.UTC)
	s.Operator = "" // the segment's header can not be written
	for i := range 5 {
		s.Observe(at(100*i, 3))
	}
	if err := s.Close(); err != nil || s.Stats.Unspooled.Load() != 5 {
		t.Errorf("closing: %v; %d rows counted, want 5", err, s.Stats.Unspooled.Load())
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%d files are left over", len(left))
	}
	s.Operator = "north"
	s.Observe(at(0, 3))
	s.flush()
	s.open.file.Close() // as a disk that breaks under an open segment
	s.settle(time.UnixMicro(0))
	if s.settle(time.UnixMicro(0)); s.open.out != nil || s.Stats.Unspooled.Load() != 6 {
		t.Errorf("the broken segment is still open, or its row not counted (%d)", s.Stats.Unspooled.Load())
	}
	s.Observe(at(10, 3))
	if err := s.Close(); err != nil || len(rows(t, dir)) != 1 {
		t.Errorf("after the disk was mended: %v, %d rows", err, len(rows(t, dir)))
	}
}

// A start on a full disk keeps what it could not recover, and says so.
func TestRecoverWithoutSpace(t *testing.T) {
	dir := t.TempDir()
	s := newSpool(dir, time.UTC)
	s.Observe(at(0, 3))
	s.flush()
	s.settle(time.UnixMicro(0))
	r := newSpool(dir, time.UTC)
	r.Operator = ""
	if err := r.Recover(); err == nil || r.Stats.Unspooled.Load() != 1 {
		t.Errorf("recovering: %v, %d counted", err, r.Stats.Unspooled.Load())
	}
	r.Operator = "north"
	if err := r.Recover(); err != nil || len(rows(t, dir)) != 1 {
		t.Errorf("recovering with space: %v, %d rows", err, len(rows(t, dir)))
	}
}

// What can not be recovered is told and stays; the rest is recovered all the same.
func TestRecoverPastFaults(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "[spool]") // no pattern
	s := newSpool(dir, time.UTC)
	s.Observe(at(0, 3))
	s.flush()
	s.settle(time.UnixMicro(0))
	if err := os.Mkdir(filepath.Join(dir, "open-0"), 0o700); err != nil { // it opens, and does not read
		t.Fatal(err)
	}
	r := newSpool(dir, time.UTC)
	if err := r.Recover(); err == nil || !strings.Contains(err.Error(), "open-0") {
		t.Errorf("a file that does not read is not told: %v", err)
	}
	files, err := filesIn(dir, "", "")
	if err != nil || len(files) != 2 || !strings.HasSuffix(files[0], ".segment") || files[1] != "open-0" {
		t.Errorf("there is %v, %v", files, err)
	}
}

// Two processes do not share a node's data.
func TestLock(t *testing.T) {
	dir := t.TempDir()
	unlock, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(dir); !errors.Is(err, ErrInUse) {
		t.Errorf("a second lock: %v", err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	unlock, err = Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(filepath.Join(dir, "none")); err == nil || errors.Is(err, ErrInUse) {
		t.Errorf("a directory that is not there: %v", err)
	}
}
