package imei_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/openceir/openceir/imei"
)

// vectors reads a table of testdata: tab-separated, "-" for none.
func vectors(t testing.TB, name string, columns int) [][]string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for i, line := range strings.Split(strings.TrimSuffix(string(b), "\n"), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		row := strings.Split(line, "\t")
		if len(row) != columns {
			t.Fatalf("%s:%d has %d columns, want %d", name, i+1, len(row), columns)
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		t.Fatalf("%s is empty", name)
	}
	return rows
}

func svnText(v imei.SVN) string {
	if v == imei.NoSVN {
		return "-"
	}
	return v.String()
}

// identity writes a result as the tables do.
func identity(m imei.IMEI, err error) string {
	if err != nil {
		return "error"
	}
	return m.String()
}

func TestTyped(t *testing.T) {
	for _, row := range vectors(t, "typed.txt", 4) {
		got, err := imei.ParseTyped(row[0])
		check := "-"
		switch {
		case err != nil:
			got.SVN = imei.NoSVN
		case got.Mistyped():
			check = "wrong"
		case got.Check >= 0:
			check = "right"
		}
		if identity(got.IMEI, err) != row[1] || check != row[2] || svnText(got.SVN) != row[3] {
			t.Errorf("%q: got %s, check %s, version %s (%v); want %v", row[0], identity(got.IMEI, err), check, svnText(got.SVN), err, row[1:])
		}
	}
}

func TestNetwork(t *testing.T) {
	for _, row := range vectors(t, "network.txt", 3) {
		got, svn, err := imei.ParseFull(row[0])
		if identity(got, err) != row[1] || svnText(svn) != row[2] {
			t.Errorf("%q: got %s, version %s (%v); want %v", row[0], identity(got, err), svnText(svn), err, row[1:])
		}
		if plain, err := imei.Parse(row[0]); identity(plain, err) != row[1] {
			t.Errorf("Parse(%q) = %s, want %s", row[0], identity(plain, err), row[1])
		}
	}
}

func TestCheckDigit(t *testing.T) {
	for _, row := range vectors(t, "check.txt", 2) {
		m, err := imei.Parse(row[0])
		if err != nil || m.WithCheck() != row[0]+row[1] {
			t.Errorf("%s: got %s (%v), want check digit %s", row[0], m.WithCheck(), err, row[1])
		}
	}
}

func TestTBCD(t *testing.T) {
	for _, row := range vectors(t, "tbcd.txt", 4) {
		octets, err := hex.DecodeString(row[0])
		if err != nil {
			t.Fatal(err)
		}
		got, svn, err := imei.ParseTBCD(octets)
		if identity(got, err) != row[1] || svnText(svn) != row[2] {
			t.Errorf("%s: got %s, version %s (%v); want %v", row[0], identity(got, err), svnText(svn), err, row[1:])
		}
		if again := strings.ToUpper(hex.EncodeToString(got.AppendTBCD(nil, svn))); row[3] == "canonical" && again != row[0] {
			t.Errorf("%s: encodes as %s", row[0], again)
		}
	}
}

func TestPEI(t *testing.T) {
	for _, row := range vectors(t, "pei.txt", 2) {
		got, err := imei.ParsePEI(row[0])
		text := "error"
		if err == nil {
			text = got.String()
		}
		if text != row[1] {
			t.Errorf("%q: got %s, want %s", row[0], text, row[1])
		}
	}
}

func TestURN(t *testing.T) {
	for _, row := range vectors(t, "urn.txt", 3) {
		got, svn, err := imei.ParseURN(row[0])
		if identity(got, err) != row[1] || svnText(svn) != row[2] {
			t.Errorf("%q: got %s, version %s (%v); want %v", row[0], identity(got, err), svnText(svn), err, row[1:])
		}
	}
}

func TestRange(t *testing.T) {
	for _, row := range vectors(t, "range.txt", 2) {
		got, err := imei.ParseRange(row[0])
		text := "error"
		if err == nil {
			text = got.String()
		}
		if text != row[1] {
			t.Errorf("%q: got %s, want %s", row[0], text, row[1])
		}
	}
	r := imei.TAC(35227301).Range()
	if tac, ok := r.TAC(); !ok || tac != 35227301 || r.Size() != 1_000_000 {
		t.Errorf("TAC range %v: TAC %v %v, size %d", r, tac, ok, r.Size())
	}
	for m, want := range map[imei.IMEI]bool{r.From: true, r.To: true, r.From - 1: false, r.To + 1: false} {
		if r.Contains(m) != want {
			t.Errorf("%v contains %v: %v", r, m, !want)
		}
	}
	next := imei.TAC(35227302).Range()
	if !r.Overlaps(imei.Range{From: r.From - 5, To: r.From}) || r.Overlaps(imei.Range{From: 0, To: r.From - 1}) || r.Overlaps(next) || !r.Overlaps(imei.Range{From: r.To, To: next.From}) {
		t.Error("overlap is wrong at the ends")
	}
	if (imei.Range{From: 2, To: 1}).Size() != 0 {
		t.Error("a range the wrong way round holds something")
	}
}

func TestRepair(t *testing.T) {
	for _, row := range vectors(t, "repair.txt", 2) {
		var got []string
		for _, h := range imei.Repair(row[0]) {
			got = append(got, h.IMEI.String())
			padded := strings.Repeat("0", h.Zeros) + row[0]
			if typed, err := imei.ParseTyped(padded); err != nil || typed.IMEI != h.IMEI || typed.Mistyped() || h.Check != (typed.Count == 15) {
				t.Errorf("%s: hypothesis %+v is not what %s reads as", row[0], h, padded)
			}
		}
		want := row[1]
		if want == "-" {
			want = ""
		}
		if strings.Join(got, ",") != want {
			t.Errorf("%s: got %v, want %s", row[0], got, row[1])
		}
	}
}

func TestNonIdentifying(t *testing.T) {
	rows := vectors(t, "nonidentifying.txt", 2)
	entries := imei.Catalogue()
	if len(rows) != len(entries) {
		t.Fatalf("%d vectors, %d entries", len(rows), len(entries))
	}
	for i, row := range rows {
		if entries[i].IMEI.String() != row[0] || entries[i].Why != row[1] {
			t.Errorf("entry %d is %v %q, want %v", i, entries[i].IMEI, entries[i].Why, row)
		}
		if i > 0 && entries[i-1].IMEI >= entries[i].IMEI {
			t.Errorf("entry %d is out of order", i)
		}
		m := entries[i].IMEI
		if why, ok := imei.NonIdentifying(m); !ok || why == "" {
			t.Errorf("%v is not found", m)
		}
		for _, near := range []imei.IMEI{m - 1, m + 1} {
			if _, ok := imei.NonIdentifying(near); ok {
				t.Errorf("%v is found, beside %v", near, m)
			}
		}
	}
	for d := 0; d < 10; d++ {
		m, _ := imei.Parse(strings.Repeat(string(rune('0'+d)), 14))
		if _, ok := imei.NonIdentifying(m); !ok {
			t.Errorf("%v is not found", m)
		}
	}
}

func TestBodies(t *testing.T) {
	want := map[imei.TAC]imei.BodyStatus{
		35227301: imei.BodyCurrent, 86000000: imei.BodyCurrent, 1000000: imei.BodyCurrent,
		49015420: imei.BodyRetired, 30000000: imei.BodyRetired, 91000000: imei.BodyRetired,
		98000100: imei.BodyReserved, 99000000: imei.BodyHexadecimal, 60000000: imei.BodyUnknown,
		101700: imei.BodyTest, 440015: imei.BodyTest, 2000001: imei.BodyTest, 9999999: imei.BodyTest,
		10000000: imei.BodyRetired, 11000000: imei.BodyUnknown,
	}
	for tac, status := range want {
		if got := tac.Body(); got.Status != status || got.ID != int(tac/1e6) || got.Name == "" {
			t.Errorf("%v: %+v, want %v", tac, got, status)
		}
		if tac.Test() != (status == imei.BodyTest) || tac.First().Test() != tac.Test() {
			t.Errorf("%v: test %v", tac, tac.Test())
		}
	}
	list := imei.Bodies()
	for i := 1; i < len(list); i++ {
		if list[i-1].ID >= list[i].ID {
			t.Errorf("body %d is out of order", list[i].ID)
		}
	}
	for s := imei.BodyUnknown; s <= imei.BodyHexadecimal; s++ {
		if s.String() == "" {
			t.Errorf("status %d has no name", s)
		}
	}
}

func TestJSON(t *testing.T) {
	type record struct {
		IMEI  imei.IMEI
		TAC   imei.TAC
		Range imei.Range
		By    map[imei.IMEI]int
	}
	in := record{440015202000, 440015, imei.TAC(1).Range(), map[imei.IMEI]int{7: 1}}
	b, err := json.Marshal(in)
	const want = `{"IMEI":"00440015202000","TAC":"00440015","Range":"00000001000000-00000001999999","By":{"00000000000007":1}}`
	if err != nil || string(b) != want {
		t.Fatalf("got %s (%v)", b, err)
	}
	var out record
	if err := json.Unmarshal(b, &out); err != nil || out.IMEI != in.IMEI || out.TAC != in.TAC || out.Range != in.Range || out.By[7] != 1 {
		t.Fatalf("got %+v (%v)", out, err)
	}
	for _, bad := range []string{`{"IMEI":"440015202000"}`, `{"IMEI":440015202000}`, `{"TAC":"1"}`, `{"Range":"1"}`} {
		before := out
		if json.Unmarshal([]byte(bad), &out) == nil || out.IMEI != before.IMEI || out.TAC != before.TAC || out.Range != before.Range {
			t.Errorf("%s was read", bad)
		}
	}
}
