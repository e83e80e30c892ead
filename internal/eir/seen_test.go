package eir

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// Count and the file say what a naive list of sightings says.
func TestSeenEqualsNaive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seen")
	type pair struct {
		m   imei.IMEI
		who subscriber.ID
	}
	rapid.Check(t, func(t *rapid.T) {
		s, naive, today := new(Seen), map[pair]device.Day{}, device.Day(0)
		for range rapid.IntRange(0, 50).Draw(t, "sightings") {
			p := pair{imei.New(35227301, uint32(rapid.IntRange(0, 5).Draw(t, "device"))), subscriber.ID(rapid.IntRange(1, 4).Draw(t, "who"))}
			day := device.Day(20000 + rapid.IntRange(0, 70).Draw(t, "day"))
			s.Add(p.m, p.who, day)
			naive[p], today = max(day, naive[p]), max(today, day)
		}
		if rapid.Bool().Draw(t, "forget") {
			s.Forget(today)
		}
		again := new(Seen)
		if err := s.Save(path); err != nil {
			t.Fatal(err)
		}
		if err := again.Load(path); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again.encode(), s.encode()) {
			t.Fatal("what was loaded is not what was saved")
		}
		from := imei.New(35227301, uint32(rapid.IntRange(0, 6).Draw(t, "from")))
		to := imei.New(35227301, uint32(rapid.IntRange(0, 6).Draw(t, "to")))
		want := 0
		for p, day := range naive {
			if from <= p.m && p.m <= to && day > today-30 {
				want++
			}
		}
		if got := again.Count(today).InRange(from, to); got != want {
			t.Fatalf("%s to %s: %d pairs, want %d", from, to, got, want)
		}
	})
}

func TestDamagedSeen(t *testing.T) {
	s, path := new(Seen), filepath.Join(t.TempDir(), "seen")
	if err := s.Load(path); err != nil {
		t.Errorf("a file that is not there: %v", err)
	}
	s.Add(imei.New(35227301, 1), 7, 20000)
	s.Add(imei.New(35227301, 2), 8, 20001)
	if err := s.Save(path); err != nil {
		t.Fatal(err)
	}
	good, _ := os.ReadFile(path)
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x40
		for _, data := range [][]byte{bad, good[:i]} {
			os.WriteFile(path, data, 0o600)
			into := new(Seen)
			if err := into.Load(path); err == nil || len(into.pairs) > 0 {
				t.Fatalf("byte %d damaged or missing: %v, %d devices taken", i, err, len(into.pairs))
			}
		}
	}
}

// A clock that once jumped ahead, or starts in the past, silences no count: who counts fewer pairs asks
// for fewer signatures.
func TestSeenClock(t *testing.T) {
	s, today := new(Seen), device.Day(20000)
	for i := range uint32(10) {
		s.Add(imei.New(35227301, i), 7, today-device.Day(i))
	}
	s.Add(imei.New(35227301, 99), 7, today+4000)
	for _, x := range []struct {
		today device.Day
		want  int
	}{{today, 11}, {today + 25, 6}, {today + 4000, 1}, {today + 5000, 1}, {0, 11}} {
		if got := s.Count(x.today).InRange(0, imei.Max); got != x.want {
			t.Errorf("on day %d %d pairs are counted, not %d", x.today, got, x.want)
		}
	}
	s.Forget(0)
	s.Forget(today)
	if n := len(s.pairs); n != 11 {
		t.Errorf("%d pairs are left, not 11", n)
	}
	s.Forget(today + 25)
	if n := len(s.pairs); n != 6 {
		t.Errorf("25 days later %d pairs are left, not 6", n)
	}
}

// Keep saves every saveEvery by the clock, if there is something new, however often it is asked; it
// forgets what is old; and where it fails it tries again.
func TestSeenKeep(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "seen")
	now := time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)
	today, s, saves := device.DayOf(now, time.UTC), new(Seen), 0
	keep := func(after time.Duration) error {
		now = now.Add(after)
		os.Remove(path)
		err := s.Keep(path, now, today)
		if _, e := os.Stat(path); e == nil {
			saves++
		}
		return err
	}
	s.Add(imei.New(35227301, 1), 7, today)
	s.Add(imei.New(35227301, 2), 7, today-40)
	for i := range 3601 { // an hour, with something new every second for the first half of it
		if i < 1800 {
			s.Add(imei.New(35227302, uint32(i)), 7, today)
		}
		if err := keep(time.Second); err != nil {
			t.Fatal(err)
		}
	}
	if saves < 6 || saves > 7 {
		t.Errorf("an hour, half of it with something new, gave %d saves", saves)
	}
	if _, old := s.pairs[pair{imei.New(35227301, 2), 7}]; old || len(s.pairs) != 1801 {
		t.Errorf("%d pairs are left, the old one %v", len(s.pairs), old)
	}
	s.Add(imei.New(35227301, 3), 7, today)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := keep(saveEvery); err == nil || !strings.Contains(err.Error(), "saving what was seen") {
		t.Errorf("without a directory: %v", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	saves = 0
	if err := keep(time.Second); err != nil || saves != 0 {
		t.Errorf("it is tried again at once: %v", err)
	}
	if err := keep(saveEvery); err != nil || saves != 1 {
		t.Errorf("it is not tried again: %v", err)
	}
	s.Add(imei.New(35227301, 4), 7, today)
	keep(-1000 * time.Hour) // the clock is set right
	if err := keep(saveEvery); err != nil || saves != 2 {
		t.Errorf("after the clock was put back nothing is saved: %v", err)
	}
}

// A large file is saved less often: on average saving costs at most saveRate.
func TestSavePause(t *testing.T) {
	for _, pairs := range []int{0, 1, 1_000_000, 5_000_000, maxSeen} {
		wait := savePause(pairs)
		if rate := float64(pairs) * pairLen / wait.Seconds(); wait < saveEvery || rate > saveRate+1 || wait > saveEvery && rate < saveRate-1 {
			t.Errorf("%d pairs are saved after %s, which is %.0f bytes a second", pairs, wait, rate)
		}
	}
}

// Observations go on while what was seen is counted, forgotten and saved.
func TestSeenTogether(t *testing.T) {
	s, path := new(Seen), filepath.Join(t.TempDir(), "seen")
	var wg sync.WaitGroup
	for g := range uint32(2) {
		wg.Go(func() {
			for i := range uint32(3 * seenBreath) {
				s.Add(imei.New(35227301+imei.TAC(g), i%(2*seenBreath)), subscriber.ID(1+i%3), 20000+device.Day(i%2))
			}
		})
	}
	wg.Go(func() {
		for range 3 {
			if err := s.Save(path); err != nil {
				t.Error(err)
			}
			s.Count(20001)
			s.Forget(20001)
		}
	})
	wg.Wait()
	if err := s.Save(path); err != nil {
		t.Fatal(err)
	}
	again := new(Seen)
	if err := again.Load(path); err != nil || !bytes.Equal(again.encode(), s.encode()) || len(s.pairs) != 2*2*seenBreath+2*seenBreath {
		t.Errorf("%v; %d pairs, %d saved", err, len(s.pairs), len(again.pairs))
	}
}

// TestKilledSeen kills, again and again, a process that sees and saves as fast as it can. Whatever was
// saved before a kill is there after it, whole, and nothing else is.
func TestKilledSeen(t *testing.T) {
	if dir := os.Getenv("OPENCEIR_SEEN"); dir != "" {
		seeUntilKilled(filepath.Join(dir, "seen"))
	}
	dir := t.TempDir()
	kills := 20
	if testing.Short() {
		kills = 5
	}
	pairs := 0
	for i := range kills {
		c := exec.Command(os.Args[0], "-test.run=^TestKilledSeen$")
		c.Env = append(os.Environ(), "OPENCEIR_SEEN="+dir)
		out, err := c.StdoutPipe()
		if err == nil {
			err = c.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		saved := 0
		for range 3 + i%4 {
			if _, err := fmt.Fscan(out, &saved); err != nil {
				t.Fatalf("the process said nothing: %v", err)
			}
		}
		c.Process.Kill()
		c.Wait()
		s := new(Seen)
		if err := s.Load(filepath.Join(dir, "seen")); err != nil || len(s.pairs) < saved || saved <= pairs {
			t.Fatalf("kill %d: %v; %d pairs were saved, %d are there, %d before", i, err, saved, len(s.pairs), pairs)
		}
		pairs = len(s.pairs)
		if left := names(t, dir); len(left) != 1 {
			t.Fatalf("kill %d: %v is left", i, left)
		}
	}
}

// seeUntilKilled goes on from what is there and says after each save how many pairs it holds.
func seeUntilKilled(path string) {
	s := new(Seen)
	if err := s.Load(path); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for {
		for range 50 {
			s.Add(imei.New(35227301, uint32(len(s.pairs))), 7, 20000)
		}
		if err := s.Save(path); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(len(s.pairs))
	}
}
