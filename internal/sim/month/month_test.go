package month_test

import (
	"archive/zip"
	"bufio"
	"crypto/sha256"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openceir/openceir/internal/sim/month"
)

func generate(t *testing.T, cfg month.Config) (string, month.Summary) {
	t.Helper()
	dir := t.TempDir()
	sum, err := month.Generate(t.Context(), cfg, dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir, sum
}

func rows(t *testing.T, path string, comma rune) [][]string {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	f, err := z.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(bufio.NewReader(f))
	r.Comma = comma
	all, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all[1:]
}

// TestProperties counts in the files what the package comment promises.
func TestProperties(t *testing.T) {
	dir, sum := generate(t, month.Config{Rows: 100_000, Seed: 7})
	if again, ok, err := month.ReadSummary(dir); err != nil || !ok || again != sum {
		t.Errorf("read back %+v %v %v, want %+v", again, ok, err, sum)
	}
	tacs := map[string]bool{}
	for _, r := range rows(t, filepath.Join(dir, "gsma_tac.zip"), '|') {
		tacs[r[0]] = true
	}
	if len(tacs) != 20_000 {
		t.Errorf("%d TACs", len(tacs))
	}
	imeis, imsis, triplets, perOp := map[string]bool{}, map[string]bool{}, map[string]bool{}, []int{}
	users := map[string]map[string]bool{}
	total, lacking, malformed := 0, 0, map[string]bool{}
	for _, path := range month.Dumps(dir) {
		all := rows(t, path, ',')
		perOp = append(perOp, len(all))
		for _, r := range all {
			total++
			if r[1] == "" || r[2] == "" || r[3] == "" || r[4] == "" {
				lacking++
			}
			m := r[1]
			if m == "" || r[2] == "" || r[3] == "" {
				continue
			}
			if len(m) < 14 || strings.Trim(m[:14], "0123456789") != "" {
				malformed[m] = true
				continue
			}
			m = m[:14]
			imeis[m], imsis[r[2]], triplets[m+r[2]+r[3]] = true, true, true
			if users[m] == nil {
				users[m] = map[string]bool{}
			}
			users[m][r[2]] = true
		}
	}
	if want := []int{40_000, 30_000, 20_000, 10_000}; fmt.Sprint(perOp) != fmt.Sprint(want) {
		t.Errorf("rows by operator %v, want %v", perOp, want)
	}
	near(t, "rows that lack a field", lacking, total/200, 60)
	near(t, "subscribers", len(imsis), int(sum.Subscribers)*997/1000, 30)
	near(t, "triplets", len(triplets), int(sum.Triplets), 20)
	near(t, "devices", len(imeis), int(sum.Devices)+1, 20)
	near(t, "malformed", len(malformed), int(sum.Malformed)*5/6, 3)
	unknown, shared := 0, 0
	for m, who := range users {
		if m != "00000000000000" && !tacs[m[:8]] {
			unknown++
		}
		if len(who) > 2 {
			shared++
		}
	}
	near(t, "unknown TACs", unknown, int(sum.Unknown), 5)
	if shared < int(sum.Clones)/2 || shared > int(sum.Clones)+1 {
		t.Errorf("%d devices of more than two subscribers, %d clones", shared, sum.Clones)
	}
	for name, want := range map[string]int64{"stolen_list": sum.Stolen, "registration_list": sum.Registered, "pairing_list": sum.Pairs} {
		all := rows(t, filepath.Join(dir, name+".zip"), ',')
		seen := map[string]bool{}
		for _, r := range all {
			seen[r[0]+r[1]] = true
		}
		if int64(len(all)) != want || name != "registration_list" && len(seen) != len(all) {
			t.Errorf("%s: %d rows, %d different, want %d", name, len(all), len(seen), want)
		}
	}
	if n := len(rows(t, month.Late(dir), ',')); int64(n) != sum.Late {
		t.Errorf("%d late rows, want %d", n, sum.Late)
	}
}

func near(t *testing.T, what string, got, want, within int) {
	t.Helper()
	if got < want-within || got > want+within {
		t.Errorf("%s: %d, want %d within %d", what, got, want, within)
	}
}

func TestSameSeedSameMonth(t *testing.T) {
	digest := func(seed uint64) string {
		dir, _ := generate(t, month.Config{Rows: 10_000, Seed: seed, Pairs: 5000})
		h := sha256.New()
		err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			f, err := os.Open(p)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = io.Copy(h, f)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%x", h.Sum(nil))
	}
	if a, b := digest(1), digest(1); a != b {
		t.Error("the same seed gave two months")
	}
	if a, b := digest(1), digest(2); a == b {
		t.Error("two seeds gave the same month")
	}
}
