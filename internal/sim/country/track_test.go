package country

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/openceir/openceir/imei"
)

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, %v", pattern, len(files), err)
	}
	return files
}

func indexOf(s string, c byte) int { return strings.IndexByte(s, c) }

// byDevice groups attaches by IMEI and sorts each group by time.
func byDevice(all []sighted) map[imei.IMEI][]sighted {
	by := map[imei.IMEI][]sighted{}
	for _, a := range all {
		by[a.id] = append(by[a.id], a)
	}
	delete(by, 0)
	for _, list := range by {
		slices.SortFunc(list, func(a, b sighted) int { return cmp.Compare(a.Time, b.Time) })
	}
	return by
}

// Every itinerary begins where the last ended, keeps to its speed and inside the land and the day.
func TestItineraries(t *testing.T) {
	n := country(t).plan
	d := newDice(1, forTracks)
	flights := 0
	for id := range int32(len(n.movers)) {
		var tr track
		var last place
		for day := range n.days {
			n.itinerary(d, id, day, &tr)
			if start := tr.points[0]; day > 0 && start.place != last || start.at != 0 {
				t.Fatalf("mover %d, day %d: starts at %+v, was at %+v", id, day, start, last)
			}
			most := 90.0
			if tr.air {
				most, flights = 900, flights+1
			}
			for i := 1; i < tr.n; i++ {
				p, q := tr.points[i-1], tr.points[i]
				if q.at < p.at || q.at >= daySeconds || p.to(q.place) > most*(q.at-p.at)/hour+1e-3 {
					t.Fatalf("mover %d, day %d: from %+v to %+v", id, day, p, q)
				}
				if q.x < 0 || q.x > sideKm || q.y < 0 || q.y > sideKm {
					t.Fatalf("mover %d leaves the land: %+v", id, q)
				}
			}
			last = tr.points[tr.n-1].place
			if m := n.movers[id]; day > 0 && m.ways == fixed && last != m.home {
				t.Fatalf("mover %d is fixed and at %+v", id, last)
			}
		}
	}
	if flights == 0 {
		t.Error("nobody flies")
	}
}

// cellKm is how far apart the middles of two cells may be beyond the places seen in them: the
// diagonal of a cell.
const cellKm = 15.8

// Honest devices are physically consistent in the files: road speed but for a few flights, over all
// the IMEIs of one device.
func TestHonestDevicesObeyPhysics(t *testing.T) {
	m := country(t)
	devices := map[int][]sighted{}
	for id, list := range byDevice(attaches(t, m)) {
		rows := m.truth.Of(id)
		if m.truth.Wrong(id) || len(rows) != 1 {
			continue
		}
		devices[rows[0].Device] = append(devices[rows[0].Device], list...)
	}
	moves, flights := 0, 0
	for dev, list := range devices {
		slices.SortFunc(list, func(a, b sighted) int { return cmp.Compare(a.Time, b.Time) })
		for i := 1; i < len(list); i++ {
			a, b := &list[i-1], &list[i]
			km, hours := a.Area.Distance(b.Area)-cellKm, float64(b.Time-a.Time)/3.6e9
			if moves++; km <= 130*hours {
				continue
			}
			if flights++; km > 900*hours {
				t.Errorf("device %d (%s): %.0f km in %.2f hours\n%+v\n%+v", dev, m.truth.Of(a.id)[0].Kind, km, hours, a, b)
			}
		}
	}
	if moves < 10*shared.Population || flights*10_000 > moves {
		t.Errorf("%d moves, %d by air", moves, flights)
	}
}

// Most single clones show in the timed days; no honest device does.
func TestClonesShow(t *testing.T) {
	cfg := Config{Population: 5000, Seed: 3}
	rates := DefaultRates()
	rates.Cloned = 0.02
	cfg.Rates = &rates
	m, err := create(cfg, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	shown, clones := 0, 0
	for i := range m.truth.Rows {
		if r := &m.truth.Rows[i]; r.Kind == KindClone {
			clones++
			if r.Conflicts > 1 {
				shown++
			}
		}
	}
	for id, n := range impossible(t, m) {
		if k := m.truth.Kinds(id); !m.truth.Wrong(id) && k[0] != KindSharedValue {
			t.Errorf("%s (%s) has %d impossible moves", id, k, n)
		}
	}
	t.Logf("%d of %d single clones have two conflicts or more", shown, clones)
	if shown*5 < clones*2 {
		t.Errorf("%d of %d single clones have two conflicts or more", shown, clones)
	}
}

// However small the country, the clone that Clone picks has conflicts to show.
func TestSmallCountriesHaveAClone(t *testing.T) {
	for seed := range uint64(12) {
		m, err := create(Config{Population: 500, Seed: seed, Months: 1 + int(seed%2)}, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		c, ok := m.truth.Clone()
		if !ok || c.Cloner.Conflicts < 3 {
			t.Errorf("seed %d: %+v, %t", seed, c, ok)
		}
		if _, ok := m.truth.Honest(); !ok {
			t.Errorf("seed %d: nobody is honest", seed)
		}
		if s, ok := m.truth.Stolen(); !ok || s.To < m.sum.Last-7 {
			t.Errorf("seed %d: stolen %+v", seed, s)
		}
	}
}
