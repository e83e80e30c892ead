package country

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
)

// made is one country that the tests look at.
type made struct {
	dir   string
	sum   Summary
	plan  *nation
	truth *Truth
}

var (
	shared = Config{Population: 6000, Seed: 7}
	once   = sync.OnceValues(func() (made, error) { return create(shared, filepath.Join(scratch, "shared")) })
	// scratch is removed by TestMain.
	scratch string
)

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "country"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(scratch)
	os.Exit(code)
}

func create(cfg Config, dir string) (made, error) {
	sum, err := Generate(context.Background(), cfg, dir, nil)
	if err != nil {
		return made{}, err
	}
	n, err1 := plan(cfg)
	truth, err2 := ReadTruth(dir)
	return made{dir, sum, n, truth}, errors.Join(err1, err2)
}

func country(t *testing.T) made {
	t.Helper()
	m, err := once()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// digests returns the SHA-256 of every file under a directory by its path.
func digests(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		sum := sha256.Sum256(b)
		rel, _ := filepath.Rel(dir, path)
		found[rel] = hex.EncodeToString(sum[:])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestSameSeedSameBytes(t *testing.T) {
	m := country(t)
	want := digests(t, m.dir)
	if len(want) != 11+m.sum.Dumps+3+1 {
		t.Errorf("%d files", len(want))
	}
	for _, procs := range []int{1, 2, 5} {
		before := runtime.GOMAXPROCS(procs)
		dir := t.TempDir()
		again, err := Generate(t.Context(), shared, dir, nil)
		runtime.GOMAXPROCS(before)
		if err != nil {
			t.Fatal(err)
		}
		got := digests(t, dir)
		for name, digest := range want {
			if got[name] != digest {
				t.Errorf("GOMAXPROCS %d: %s differs", procs, name)
			}
		}
		if fmt.Sprint(again) != fmt.Sprint(m.sum) || len(got) != len(want) {
			t.Errorf("GOMAXPROCS %d: %d files and summary\n%v\nwant %d and\n%v", procs, len(got), again, len(want), m.sum)
		}
	}
	other := shared
	other.Seed++
	dir := t.TempDir()
	if _, err := Generate(t.Context(), other, dir, nil); err != nil {
		t.Fatal(err)
	}
	for name, digest := range digests(t, dir) {
		if want[name] == digest && name != "country.yaml" {
			t.Errorf("another seed gives the same %s", name)
		}
	}
}

func TestRates(t *testing.T) {
	s := country(t).sum
	n := shared.Population
	of := func(kinds ...Kind) int {
		sum := 0
		for _, k := range kinds {
			sum += s.Kinds[k]
		}
		return sum
	}
	for _, c := range []struct {
		what        string
		got         int
		least, most float64
	}{
		{"thefts", of(KindStolen, KindReported, KindRecovered), 0.0025, 0.0035},
		{"non-allocated", of(KindNonAllocated), 0.0045, 0.0055},
		{"clones", of(KindClone, KindBulkClone), 0.009, 0.011},
		{"clone victims", of(KindCloneVictim), 0.001, 0.0025},
		{"SIM box numbers", of(KindSIMBox), 0.0005, 0.003},
		{"subscribers", s.Subscribers, 1, 1.02},
		{"roamers", s.Roamers, 0.03, 0.05},
	} {
		if got := float64(c.got) / float64(n); got < c.least || got > c.most {
			t.Errorf("%s: %d, a share of %.4f; want %.4f to %.4f", c.what, c.got, got, c.least, c.most)
		}
	}
	for _, k := range Kinds {
		if s.Kinds[k] == 0 {
			t.Errorf("no device of kind %s", k)
		}
	}
	perMonth := float64(s.Rows) / float64(n) / 61 * 30
	timed := float64(s.Attaches) / float64(n) / 14
	if perMonth < 10 || perMonth > 12.5 || timed < 1.3 || timed > 1.7 {
		t.Errorf("%.2f rows a subscriber and month, %.2f attaches a subscriber and day", perMonth, timed)
	}
}

// Every configuration makes a country: the smallest, one operator, long network codes, an unfinished
// month, one month, many; nothing right, nothing wrong.
func TestCorners(t *testing.T) {
	honest, wrong := DefaultRates(), DefaultRates()
	honest.Stolen, honest.NonAllocated, honest.Counterfeit, honest.BulkLarge, honest.BulkSecond = 0, 0, 0, 0, 0
	honest.BulkSmall, honest.Cloned, honest.SIMBox, honest.Malformed, honest.Duplicated, honest.Stripped = 0, 0, 0, 0, 0, 0
	wrong.Stolen, wrong.NonAllocated, wrong.Cloned, wrong.SIMBox = 0.2, 0.2, 0.2, 0.2
	one := []Operator{{Name: "solo", PLMN: "001001", Share: 1}}
	for name, cfg := range map[string]Config{
		"smallest":  {Population: 100},
		"one month": {Population: 300, Months: 1, Seed: 2},
		"part":      {Population: 300, Months: 1, Last: device.Date(2026, 2, 20), TimedDays: 20},
		"one op":    {Population: 500, Operators: one, Months: 3, Seed: 3},
		"a year":    {Population: 200, Months: 12, Seed: 4},
		"honest":    {Population: 2000, Rates: &honest, Seed: 5},
		"wrong":     {Population: 2000, Rates: &wrong, Seed: 6},
		"nothing":   {Population: 2000, Rates: &Rates{}, Seed: 7},
	} {
		m, err := create(cfg, t.TempDir())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checkPlan(t, m.plan)
		checkFiles(t, m)
		bad := 0
		for k, n := range m.sum.Kinds {
			if k.Wrong() {
				bad += n
			}
		}
		if (name == "honest" || name == "nothing") != (bad == 0) {
			t.Errorf("%s: %d wrong faces", name, bad)
		}
	}
}

func TestManySeeds(t *testing.T) {
	for seed := range uint64(30) {
		n, err := plan(Config{Population: 400 + int(seed)*50, Seed: seed, Months: 1 + int(seed%3)})
		if err != nil {
			t.Fatal(err)
		}
		checkPlan(t, n)
	}
}

// checkPlan checks what must hold of every plan.
func checkPlan(t *testing.T, n *nation) {
	t.Helper()
	imsis, numbers := map[uint64]bool{}, map[uint64]int{}
	for _, s := range n.sims {
		if imsis[uint64(s.imsi)] {
			t.Errorf("seed %d: IMSI %s issued twice", n.cfg.Seed, s.imsi)
		}
		imsis[uint64(s.imsi)] = true
		numbers[uint64(s.msisdn)]++
	}
	where := map[int32][]use{} // by subscription
	for _, u := range n.uses {
		if u.from < 0 || u.to < u.from || int(u.to) >= n.days {
			t.Errorf("seed %d: use from %d to %d of %d days", n.cfg.Seed, u.from, u.to, n.days)
		}
		where[u.sim] = append(where[u.sim], u)
	}
	for _, uses := range where { // one card is in one device at a time
		slices.SortFunc(uses, func(a, b use) int { return int(a.from - b.from) })
		for i := 1; i < len(uses); i++ {
			if uses[i].from <= uses[i-1].to {
				t.Errorf("seed %d: IMSI %s is in two devices on day %d", n.cfg.Seed, n.sims[uses[i].sim].imsi, uses[i].from)
			}
		}
	}
	genuine := map[uint64]int32{}
	for i, f := range n.faces {
		if f.kind.Wrong() || f.kind == KindSharedValue {
			continue
		}
		if _, twice := genuine[uint64(f.imei)]; twice {
			t.Errorf("seed %d: two genuine devices have IMEI %s", n.cfg.Seed, f.imei)
		}
		genuine[uint64(f.imei)] = int32(i)
	}
	for _, f := range n.faces {
		if _, of := genuine[uint64(f.imei)]; of && f.kind.Wrong() && f.kind != KindClone && f.kind != KindBulkClone {
			t.Errorf("seed %d: %s device has the IMEI %s of a genuine one", n.cfg.Seed, f.kind, f.imei)
		}
	}
}

func TestRefused(t *testing.T) {
	for name, cfg := range map[string]Config{
		"nobody":        {},
		"too many":      {Population: 1e9},
		"months":        {Population: 100, Months: 99},
		"timed days":    {Population: 100, TimedDays: 100},
		"short period":  {Population: 100, Months: 1, Last: device.Date(2026, 6, 5), TimedDays: 1},
		"operator name": {Population: 100, Operators: []Operator{{Name: "../x", PLMN: "00101", Share: 1}}},
		"plmn":          {Population: 100, Operators: []Operator{{Name: "x", PLMN: "1", Share: 1}}},
		"two countries": {Population: 100, Operators: []Operator{{Name: "x", PLMN: "00101", Share: 1}, {Name: "y", PLMN: "00201", Share: 1}}},
		"no share":      {Population: 100, Operators: []Operator{{Name: "x", PLMN: "00101"}}},
	} {
		if _, err := Generate(t.Context(), cfg, t.TempDir(), nil); problem.Of(err) != problem.Invalid || err == nil {
			t.Errorf("%s: error %v, want invalid", name, err)
		}
	}
	m := country(t)
	if _, err := Generate(t.Context(), shared, m.dir, nil); problem.Of(err) != problem.Conflict || err == nil {
		t.Errorf("a directory that holds a country: error %v, want conflict", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	dir := t.TempDir()
	_, err := Generate(ctx, shared, dir, func(stage string, done, total int64) {
		if stage == "attaches" {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "country.yaml")); err == nil {
		t.Error("cancelled, and yet country.yaml says that all is there")
	}
}

func TestScatter(t *testing.T) {
	for _, limit := range []uint64{1, 2, 3, 10, 1000, 4097} {
		seen := map[uint64]bool{}
		for k := range limit {
			seen[scatter(k, limit, limit)] = true
		}
		for v := range seen {
			if v >= limit {
				t.Errorf("limit %d gives %d", limit, v)
			}
		}
		if len(seen) != int(limit) {
			t.Errorf("limit %d gives %d different numbers", limit, len(seen))
		}
	}
}

func TestProgress(t *testing.T) {
	seen := map[string]int64{}
	_, err := Generate(t.Context(), Config{Population: 500}, t.TempDir(), func(stage string, done, total int64) {
		if done < seen[stage] || done > total {
			t.Errorf("%s: %d of %d after %d", stage, done, total, seen[stage])
		}
		seen[stage] = done
	})
	if err != nil || len(seen) != 5 {
		t.Errorf("stages %v, %v", seen, err)
	}
}

func TestTruthIsStrict(t *testing.T) {
	good := "1,35900001000001,honest,0,001010123456789,gannet,20260501,20260630,3330495,14,1,0,0"
	for name, text := range map[string]string{
		"":               truthHeader + "\n" + good + "\n",
		"header":         "imei,kind\n" + good + "\n",
		"13 fields":      truthHeader + "\n" + good + ",1\n",
		"kind":           truthHeader + "\n" + strings.Replace(good, "honest", "saint", 1) + "\n",
		"wrong":          truthHeader + "\n" + strings.Replace(good, "honest,0", "honest,1", 1) + "\n",
		"decimal":        truthHeader + "\n" + strings.Replace(good, "359", "3x9", 1) + "\n",
		"mobile country": truthHeader + "\n" + strings.Replace(good, "0010101", "10101", 1) + "\n",
		"reading day":    truthHeader + "\n" + strings.Replace(good, "20260501", "20260532", 1) + "\n",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, truthFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := ReadTruth(dir)
		if (err == nil) != (name == "") || err != nil && !strings.Contains(err.Error(), name) {
			t.Errorf("%q: error %v", name, err)
		}
	}
}

func BenchmarkGenerate(b *testing.B) {
	for b.Loop() {
		s, err := Generate(b.Context(), Config{Population: 100_000, Seed: 1}, b.TempDir(), nil)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(s.Rows), "rows")
		b.ReportMetric(float64(s.Attaches), "attaches")
	}
}
