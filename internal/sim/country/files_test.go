package country

import (
	"archive/zip"
	"encoding/csv"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

// rowsOf reads the one member of an archive, with the fields split by the separator.
func rowsOf(t *testing.T, path, extension string, separator rune) [][]string {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	base := strings.TrimSuffix(filepath.Base(path), ".zip")
	if len(z.File) != 1 || z.File[0].Name != base+extension {
		t.Fatalf("%s: members %v, want one, %s%s", path, z.File, base, extension)
	}
	f, err := z.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma = separator
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return rows
}

// layouts are the lists with the form of each field, from the DIRBS layouts.
var layouts = []struct {
	name, extension string
	separator       rune
	header          string
	fields          []string
}{
	{"gsma_tac", ".txt", '|', "TAC|Manufacturer|Bands|Allocation Date|Country Code|Fixed Code|Manufacturer Code|Radio Interface|Brand Name|Model Name|Operating System|NFC|Bluetooth|WLAN|Device Type",
		[]string{`(35|86|01)\d{6}`, `.+`, `.+`, `\d\d-[A-Z][a-z][a-z]-\d{4}`, ``, ``, ``, `.+`, `.+`, `.+`, `.+`, `[YN]`, `[YN]`, `[YN]`, `.+`}},
	{"stolen_list", ".csv", ',', "imei,reporting_date,status", []string{`\d{15}`, `20\d{6}`, `|blacklist|pending|recovered`}},
	{"registration_list", ".csv", ',', "approved_imei,make,model,status,model_number,brand_name,device_type,radio_interface,device_id",
		[]string{`\d{14}`, `.+`, `.+`, `|whitelist`, `.+`, `.+`, `.+`, `.+`, `[A-Za-z0-9]+`}},
	{"pairing_list", ".csv", ',', "imei,imsi,msisdn", []string{`\d{14}`, `001\d{12}`, `999\d{10}`}},
	{"golden_list", ".csv", ',', "golden_imei", []string{`\d{14}`}},
	{"barred_list", ".csv", ',', "imei", []string{`\d{14}`}},
	{"barred_tac_list", ".csv", ',', "tac", []string{`\d{8}`}},
	{"monitoring_list", ".csv", ',', "imei", []string{`\d{14}`}},
	{"subscribers_registration_list", ".csv", ',', "uid,imsi", []string{`[A-Za-z0-9\\-]{1,20}`, `001\d{12}`}},
	{"device_association_list", ".csv", ',', "uid,imei", []string{`[A-Za-z0-9\\-]{1,20}`, `\d{15}`}},
}

func TestLayouts(t *testing.T) {
	m := country(t)
	for _, l := range layouts {
		rows := rowsOf(t, filepath.Join(m.dir, l.name+".zip"), l.extension, l.separator)
		if got := strings.Join(rows[0], string(l.separator)); got != l.header {
			t.Errorf("%s: header %q, want %q", l.name, got, l.header)
		}
		if len(rows) < 2 {
			t.Errorf("%s has no rows", l.name)
		}
		seen := map[string]bool{}
		for i, row := range rows[1:] {
			for k, form := range l.fields {
				if !regexp.MustCompile(`^(?:` + form + `)$`).MatchString(row[k]) {
					t.Fatalf("%s, row %d: %s is %q, want %s", l.name, i+2, rows[0][k], row[k], form)
				}
			}
			key := row[0]
			if l.name == "pairing_list" || strings.HasPrefix(l.header, "uid") {
				key = strings.Join(row, ",")
			}
			if seen[key] {
				t.Errorf("%s, row %d: %s is there twice", l.name, i+2, key)
			}
			seen[key] = true
		}
		want := map[string]int{"gsma_tac": m.sum.TACs, "stolen_list": m.sum.Stolen, "registration_list": m.sum.Registered}
		if n, ok := want[l.name]; ok && n != len(rows)-1 {
			t.Errorf("%s has %d rows, the summary says %d", l.name, len(rows)-1, n)
		}
	}
}

var (
	date     = regexp.MustCompile(`^\d{8}$`)
	imeiForm = regexp.MustCompile(`^[0-9A-Fa-f*#]{0,16}$`)
	digits15 = regexp.MustCompile(`^\d{0,15}$`)
	rat      = regexp.MustCompile(`^(00[1-7](\|00[1-7])*)?$`)
)

// checkFiles reads every dump as a strict importer would and holds it against gates, summary and truth.
func checkFiles(t *testing.T, m made) {
	t.Helper()
	tacs := map[string]bool{}
	for _, row := range rowsOf(t, filepath.Join(m.dir, "gsma_tac.zip"), ".txt", '|')[1:] {
		tacs[row[0]] = true
	}
	files, err := filepath.Glob(filepath.Join(m.dir, "dumps", "*.zip"))
	if err != nil || len(files) != m.sum.Dumps {
		t.Fatalf("%d dumps, %v; the summary says %d", len(files), err, m.sum.Dumps)
	}
	days := map[device.Operator]map[device.Day]bool{}
	var total Summary
	for _, file := range files {
		checkDump(t, m, file, tacs, days, &total)
	}
	if total.Rows != m.sum.Rows || total.Duplicates < m.sum.Duplicates {
		t.Errorf("%d rows and %d repeated; the summary says %d and %d", total.Rows, total.Duplicates, m.sum.Rows, m.sum.Duplicates)
	}
	for _, op := range m.plan.ops {
		missing := m.sum.MissingDay[op.Name]
		for day := m.sum.First; day <= m.sum.Last; day++ {
			if days[op.Name][day] == (day == missing) && m.plan.cfg.Population > 1000 {
				t.Errorf("%s, %s: in the dumps is %t; the missing day is %s", op.Name, day, days[op.Name][day], missing)
			}
		}
	}
}

func checkDump(t *testing.T, m made, file string, tacs map[string]bool, days map[device.Operator]map[device.Day]bool, total *Summary) {
	t.Helper()
	part := strings.Split(strings.TrimSuffix(filepath.Base(file), ".zip"), "_")
	op := device.Operator(part[0])
	if days[op] == nil {
		days[op] = map[device.Day]bool{}
	}
	rows := rowsOf(t, file, ".csv", ',')
	if strings.Join(rows[0], ",") != "date,imei,imsi,msisdn,rat" {
		t.Fatalf("%s: header %v", file, rows[0])
	}
	home := ""
	for _, o := range m.plan.ops {
		if o.Name == op {
			home = string(o.PLMN)
		}
	}
	count := map[string]int{}
	before := ""
	for _, row := range rows[1:] {
		if _, err := time.Parse("20060102", row[0]); err != nil || !date.MatchString(row[0]) || row[0] < part[1] || row[0] > part[2] {
			t.Fatalf("%s: date %s", file, row[0])
		}
		if !imeiForm.MatchString(row[1]) || !digits15.MatchString(row[2]) || !digits15.MatchString(row[3]) || !rat.MatchString(row[4]) {
			t.Fatalf("%s: row %v", file, row)
		}
		day, _ := device.ParseDay(row[0])
		days[op][day] = true
		tally(count, m, row, home, tacs)
		if line := strings.Join(row, ","); line == before {
			count["duplicate"]++
		} else {
			before = line
		}
	}
	n := float64(len(rows) - 1)
	total.Rows += int64(len(rows) - 1)
	total.Duplicates += int64(count["duplicate"])
	gates := map[string]float64{"no imei": 0.05, "no imsi": 0.05, "no msisdn": 0.05, "no rat": 0.05, "malformed imei": 0.05, "malformed imsi": 0.05,
		"foreign": 0.1, "not home": 0.2, "duplicate": 0.01}
	for what, most := range gates {
		if m.plan.cfg.Population > 1000 && m.plan.rates.NonAllocated < 0.1 && float64(count[what])/n > most*0.95 {
			t.Errorf("%s: %s in %d of %.0f rows", file, what, count[what], n)
		}
	}
	if m.plan.cfg.Population > 1000 && m.plan.rates.NonAllocated < 0.1 && count["from 1"] > 0 && (count["from 1"] > count["from 0"] || 3*count["stripped"] > count["from 1"]) {
		t.Errorf("%s: %d rows begin with 0, %d with 1, of which %d have lost a zero", file, count["from 0"], count["from 1"], count["stripped"])
	}
	if count["artefact"] > 0 {
		t.Errorf("%s: %d rows have an IMEI that neither the truth nor a fault explains", file, count["artefact"])
	}
}

// tally counts what the gates look at.
func tally(count map[string]int, m made, row []string, home string, tacs map[string]bool) {
	for i, name := range []string{"no imei", "no imsi", "no msisdn", "no rat"} {
		if row[i+1] == "" {
			count[name]++
		}
	}
	id, err := imei.Parse(row[1])
	switch {
	case row[1] == "":
	case err != nil:
		count["malformed imei"]++
	case row[1][0] == '0':
		count["from 0"]++
	case row[1][0] == '1':
		count["from 1"]++
		if tacs["0"+row[1][:7]] {
			count["stripped"]++
		}
	}
	if err == nil && id != 0 && len(m.truth.Of(id)) == 0 && !(row[1][0] == '1' && tacs["0"+row[1][:7]]) {
		count["artefact"]++
	}
	if row[2] != "" && len(row[2]) < 14 {
		count["malformed imsi"]++
	} else if row[2] != "" && !strings.HasPrefix(row[2], home) {
		count["not home"]++
	}
	if row[2] != "" && !strings.HasPrefix(row[2], home[:3]) || row[3] != "" && !strings.HasPrefix(row[3], countryCode) {
		count["foreign"]++
	}
}

func TestDumps(t *testing.T) {
	m := country(t)
	checkFiles(t, m)
	late := m.sum.LateDay["heron"]
	if next := filepath.Join(m.dir, "dumps", "heron_"+late.Compact()+"_20260630.zip"); late.String() != "2026-05-31" {
		t.Errorf("late day %s in %s", late, next)
	}
	share := float64(m.sum.Malformed) / float64(m.sum.Rows)
	twice := float64(m.sum.Duplicates) / float64(m.sum.Rows)
	if share < 0.002 || share > 0.004 || twice < 0.001 || twice > 0.003 || m.sum.Stripped == 0 || m.sum.Stripped*500 > m.sum.Rows {
		t.Errorf("%.4f malformed, %.4f duplicates, %d stripped of %d rows", share, twice, m.sum.Stripped, m.sum.Rows)
	}
}

func TestForms(t *testing.T) {
	const m imei.IMEI = 35_900001_000017
	for form, want := range []string{"00101700123456", "001017001234569", "001017001234560", "00101700123456"} {
		if got := string(appendIMEI(nil, 101700123456, form)); !strings.HasPrefix(got, want) || form == formSVN && len(got) != 16 {
			t.Errorf("form %d: %s, want %s", form, got, want)
		}
	}
	for f := imeiLetters; f <= imeiAbsent; f++ {
		if _, err := imei.Parse(f.malformed(m)); (err == nil) != (f == imeiZeros) {
			t.Errorf("fault %d: %q reads as an IMEI is %t", f, f.malformed(m), err == nil)
		}
	}
}
