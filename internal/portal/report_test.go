package portal

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/stats"
	"github.com/openceir/openceir/subscriber"
)

var update = flag.Bool("update", false, "write the golden files anew")

// sighted is a lake of rows.
type sighted []device.Days

func (m sighted) Days(_ context.Context, parts []device.Part, bucket int) iter.Seq2[*device.Days, error] {
	return func(yield func(*device.Days, error) bool) {
		for i := range m {
			d := m[i]
			if slices.ContainsFunc(parts, func(p device.Part) bool { return p.Month == d.Month }) && device.BucketOf(d.IMEI) == bucket && !yield(&d, nil) {
				return
			}
		}
	}
}

const june = device.Month(677) // June 2026

// country is four months of three operators, of which one delivered nothing in June.
func country(devices int) *stats.Input {
	r := rand.New(rand.NewPCG(20, 26))
	in := &stats.Input{Operators: []device.Operator{"Alpha <Mobile>", "Beta", "Gamma"}, AsOf: june.First() + 29, Software: "test",
		Conditions: []stats.Condition{{Label: "stolen", Blocking: true, Reason: "stolen"}, {Label: "clone-users", Blocking: true, Reason: "duplicate"}, {Label: "not-registered"}, {Label: "roamer"}},
		Model: func(tac imei.TAC) (device.TAC, bool) {
			k := int(tac - 35_000_000)
			return device.TAC{TAC: tac, Manufacturer: []string{"Nokla", "Sansung", "Xaomi", "<b>Bold</b>"}[k%4], Model: fmt.Sprintf("Model %c %d", 'A'+k%7, k/3*10),
				Bands: []string{"GSM 900,GSM 1800", "GSM 900,WCDMA FDD BAND 1,LTE FDD BAND 3", "LTE FDD BAND 3,NR n78", ""}[k%4]}, k%13 != 12
		}}
	var rows sighted
	var found []stats.Finding
	zipf := rand.NewZipf(r, 1.3, 2, 40)
	for i := range devices {
		m := imei.New(imei.TAC(35_000_000+zipf.Uint64()), uint32(r.IntN(900_000)))
		op := in.Operators[[]int{0, 0, 0, 1, 1, 2}[r.IntN(6)]]
		first := june - device.Month(r.IntN(4))
		people := 1
		switch {
		case r.IntN(12) == 0:
			people = 2
		case r.IntN(60) == 0:
			people = 3 + r.IntN(9)
			found = append(found, stats.Finding{IMEI: m, Rule: "clone-users"})
		}
		for month := first; month <= june; month++ {
			if op == "Gamma" && month == june {
				continue
			}
			for p := range people {
				d := device.Days{IMEI: m, IMSI: subscriber.IMSI(1_010_000_000_000 + uint64(i*16+p)), MSISDN: subscriber.MSISDN(999_000_000_000 + uint64(i*16+p)), Operator: op, Month: month}
				if r.IntN(40) == 0 {
					d.MSISDN = 0
				}
				for day := range 30 {
					if weekend := day%7 > 4; r.IntN(10) < 6 && !(weekend && r.IntN(3) == 0) {
						d.Seen[device.Radio4G] |= 1 << day
					}
				}
				if d.All() != 0 {
					rows = append(rows, d)
				}
			}
		}
		for _, c := range []struct {
			rule string
			one  int
		}{{"stolen", 150}, {"not-registered", 9}, {"roamer", 40}, {"renamed-rule", 400}} {
			if r.IntN(c.one) == 0 {
				found = append(found, stats.Finding{IMEI: m, Rule: c.rule})
			}
		}
	}
	slices.SortFunc(rows, func(a, b device.Days) int {
		return slices.Compare([]uint64{uint64(a.IMEI), uint64(a.IMSI), uint64(a.MSISDN), uint64(a.Month)}, []uint64{uint64(b.IMEI), uint64(b.IMSI), uint64(b.MSISDN), uint64(b.Month)})
	})
	in.Rows = rows
	for m := june - 3; m <= june; m++ {
		in.Parts = append(in.Parts, device.Part{Table: "days", Month: m})
	}
	in.Findings = func(yield func(stats.Finding, error) bool) {
		for _, f := range found {
			if !yield(f, nil) {
				return
			}
		}
	}
	in.Malformed = func(yield func(device.Malformed, error) bool) {
		yield(device.Malformed{IMEI: "=CMD()", Operator: "Beta", Day: june.First()}, nil)
	}
	return in
}

func standard(t *testing.T, devices int) *stats.Standard {
	t.Helper()
	r, err := country(devices).Standard(t.Context(), june)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func content(t *testing.T, f File) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
	return b.Bytes()
}

// The files of a small country are those that were looked at and kept.
func TestReportFiles(t *testing.T) {
	files := StandardFiles(standard(t, 60))
	l, err := country(60).List(t.Context(), "condition_imei_overlaps", stats.Options{Month: june})
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, ListingFiles(l)...)
	if dir := os.Getenv("REPORT_DIR"); dir != "" { // to look at a larger one
		files = StandardFiles(standard(t, 20_000))
		for _, f := range files {
			if err := os.WriteFile(filepath.Join(dir, f.Name), content(t, f), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	for _, f := range files {
		path, got := filepath.Join("testdata", "report", f.Name), content(t, f)
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what was kept: look at it, and run this test with -update if it is meant", f.Name)
		}
	}
}

// What is missing stands in the page, in the JSON and in a CSV file.
func TestReportSaysWhatIsMissing(t *testing.T) {
	for _, month := range []device.Month{june, june + 5} {
		r, err := country(60).Standard(t.Context(), month)
		if err != nil {
			t.Fatal(err)
		}
		want := "Operator Gamma delivered nothing for 2026-06: the country's numbers lack it."
		if month != june {
			want = "Nothing was delivered for 2026-11: every number is of nothing."
		}
		for _, f := range StandardFiles(r) {
			if body := string(content(t, f)); (strings.HasSuffix(f.Name, ".html") || strings.HasSuffix(f.Name, "_missing.csv") || f.Name == stats.Stem("country", month)+".json") &&
				!strings.Contains(strings.ReplaceAll(body, "&#39;", "'"), want) {
				t.Errorf("%s does not say %q", f.Name, want)
			}
		}
	}
}

// The page needs nothing else, and what people wrote is text on it.
func TestReportPageIsInert(t *testing.T) {
	page := string(content(t, StandardFiles(standard(t, 60))[0]))
	for _, bad := range []string{"<script", "http:", "https:", "src=", "<link", "@import", "url(", "<b>Bold", "<Mobile>", "javascript:", "ZgotmplZ", "onload"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if !strings.Contains(page, "Alpha &lt;Mobile&gt;") {
		t.Error("the operator's name is not on the page")
	}
	if regexp.MustCompile(`NaN|\bInf\b|="-[0-9]`).MatchString(page) {
		t.Error("the page has a number that is none, or a negative place")
	}
}

// JSON and CSV agree: sums of columns are the totals, and every row has every column.
func TestReportFormsAgree(t *testing.T) {
	r := standard(t, 300)
	files := map[string][]byte{}
	for _, f := range StandardFiles(r) {
		files[f.Name] = content(t, f)
	}
	for _, s := range r.Scopes() {
		stem := stats.Stem(s.Name, june)
		var back map[string]any
		if err := json.Unmarshal(files[stem+".json"], &back); err != nil {
			t.Fatal(err)
		}
		if n := int64(back["total_imeis_seen"].(float64)); n != s.IMEIs {
			t.Errorf("%s: %d devices in the JSON, %d counted", s.Name, n, s.IMEIs)
		}
		for _, name := range []string{stem + ".csv", stem + "_condition_counts.csv"} {
			rows, err := csv.NewReader(bytes.NewReader(files[name])).ReadAll()
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			at, sum := slices.Index(rows[0], "IMEI count"), int64(0)
			for _, row := range rows[1:] {
				n := int64(0)
				fmt.Sscan(row[at], &n)
				sum += n
			}
			if sum != s.IMEIs {
				t.Errorf("%s sums up to %d devices, counted %d", name, sum, s.IMEIs)
			}
		}
	}
}
