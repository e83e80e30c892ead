package eir

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

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
			s.Forget()
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
		if got := again.Count().InRange(from, to); got != want {
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
