package adopt_test

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/adopt"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/subscriber"
)

const (
	stateHead  = "imei_norm,cond_name,start_date,end_date,block_date,amnesty_granted\n"
	listHead   = "imei,block_date,reasons\n"
	noticeHead = "imei,imsi,msisdn,block_date,reasons\n"
	pairHead   = "imei,imsi,msisdn\n"
)

var today = device.Date(2026, 6, 30)

// reader reads a directory. A condition has the rule of its name, but none if it begins with lost, and
// is left behind if it begins with gone.
func reader(dir string) *adopt.Reader {
	return &adopt.Reader{Dir: dir, Today: today,
		Rule: func(c string) (string, bool) {
			if strings.HasPrefix(c, "gone") {
				return "", true
			}
			return strings.ReplaceAll(c, "_", "-"), !strings.HasPrefix(c, "lost")
		},
		Operator: func(name string) (device.Operator, bool) { return device.Operator(name), name != "nobody" }}
}

func write(t testing.TB, dir string, files map[string]string) string {
	t.Helper()
	for name, text := range files {
		data := []byte(text)
		if base, ok := strings.CutSuffix(name, ".zip"); ok {
			data = zipped(t, base+".csv", text)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func zipped(t testing.TB, members ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		w, err := z.Create(members[i])
		if err == nil {
			_, err = w.Write([]byte(members[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A small system is read as it was written.
func TestRead(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{
		"classification_state.csv": stateHead + "35803085000001,stolen_list,2026-03-01,,2026-03-01,f\n35803085000019,gone_one,2026-03-02,,,t\n" +
			"35803085000019,duplicate,20260603,,2026-08-01,\nabc,malformed,2026-06-01,,2026-06-29,f\n35803085000001,duplicate,2026-01-01,2026-02-01,2026-03-01,f\r\n",
		"20260628_101112_notifications_north.csv": "imei,imsi,msisdn,block_date,reasons,amnesty_granted\n35803085000019,001010000090017,99971550131,20260801,\"Zeta, seen|Alpha\",True\n" +
			"35803085000019,00101,99971550131,20260801,Alpha,False\n",
		"20260628_101112_exceptions_north.csv": pairHead + "358030850000019,001010000090017,99971550131\n",
		"pairing_list.csv":                     "imei,imsi,msisdn\n",
		"readme.md":                            "x", "20260628_101112_blacklist_delta_1_2_blocked.csv": "x",
	})
	if err := os.WriteFile(filepath.Join(dir, "20260628_101112_blacklist.zip"), zipped(t, "20260628_101112_blacklist_delta_1_2_blocked.csv", "junk",
		"20260628_101112_blacklist.csv", listHead+"35803085000001,20260301,Stolen\nABC,20260629,b|a|b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := reader(dir).Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d := device.Date
	wantState := []device.Adopted{{IMEI: 35803085000001, Rule: "stolen-list", Since: d(2026, 3, 1), Block: d(2026, 3, 1)},
		{IMEI: 35803085000019, Rule: "duplicate", Since: d(2026, 6, 3), Block: d(2026, 8, 1)}, {Text: "ABC", Rule: "malformed", Since: d(2026, 6, 1), Block: d(2026, 6, 29)}}
	if !slices.Equal(got.State, wantState) || got.Ended != 1 || got.Day != d(2026, 6, 28) {
		t.Errorf("state %+v, ended %d, of %s", got.State, got.Ended, got.Day)
	}
	wantRules := []device.AdoptedRule{{Condition: "duplicate", Rule: "duplicate", Rows: 1}, {Condition: "gone_one", Rows: 1}, {Condition: "malformed", Rule: "malformed", Rows: 1}, {Condition: "stolen_list", Rule: "stolen-list", Rows: 1}}
	if !slices.Equal(got.Rules, wantRules) {
		t.Errorf("rules %+v", got.Rules)
	}
	l := got.Lists
	if want := []device.Refusal{{IMEI: 35803085000001, Block: d(2026, 3, 1), Reasons: "Stolen"}, {Text: "ABC", Block: d(2026, 6, 29), Reasons: "a|b"}}; !slices.Equal(l.Devices, want) {
		t.Errorf("devices %+v", l.Devices)
	}
	if want := []device.Notice{{IMEI: 35803085000019, IMSI: 1010000090017, MSISDN: 99971550131, Operator: "north", Block: d(2026, 8, 1), Reasons: "Alpha|Zeta, seen", Amnesty: true}}; !slices.Equal(l.Notices, want) || !l.Amnesty {
		t.Errorf("notices %+v", l.Notices)
	}
	if want := []device.Exception{{IMEI: 35803085000001, IMSI: 1010000090017, MSISDN: 99971550131, Operator: "north"}}; !slices.Equal(l.Exceptions, want) || !l.CheckDigit {
		t.Errorf("exceptions %+v", l.Exceptions)
	}
	if len(l.Apart) != 1 || l.Apart[0].Line != 3 {
		t.Errorf("apart %+v", l.Apart)
	}
	if len(got.Files) != 4 || len(got.Imports) != 1 || got.Imports[0].Kind != device.FilePairing || !slices.Equal(got.Left, []string{"20260628_101112_blacklist_delta_1_2_blocked.csv", "readme.md"}) {
		t.Errorf("files %+v, imports %+v, left %v", got.Files, got.Imports, got.Left)
	}
}

// What can not be taken is told, with the line where there is one, and nothing is half read.
func TestZoo(t *testing.T) {
	state := func(rows ...string) map[string]string {
		return map[string]string{"classification_state.csv": stateHead + strings.Join(rows, "\n") + "\n"}
	}
	good := "35803085000001,a,2026-06-01,,,f"
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"nothing", nil, "neither classification_state.csv nor any list"},
		{"an empty file", map[string]string{"blacklist.csv": ""}, "blacklist.csv is empty"},
		{"another header", map[string]string{"blacklist.csv": "imei,reasons,block_date\n"}, "it must be \"imei,block_date,reasons\""},
		{"a header only of blanks", map[string]string{"blacklist.csv": "\n"}, "has the header"},
		{"too few fields", state(good, "35803085000001,a"), "line 3: it has 2 fields, the header 6"},
		{"a word for a day", state("35803085000001,a,soon,,,f"), `line 2: start_date "soon" is no day`},
		{"a day that is not", state("35803085000001,a,2026-02-30,,,f"), "is no day"},
		{"a start in the future", state("35803085000001,a,2026-07-01,,,f"), "start_date 2026-07-01 is in the future"},
		{"no start", state("35803085000001,a,,,,f"), "start_date is missing"},
		{"an end before the start", state("35803085000001,a,2026-06-02,2026-06-01,,f"), "lies before"},
		{"neither true nor false", state("35803085000001,a,2026-06-02,,,maybe"), "neither true nor false"},
		{"no identifier", state(",a,2026-06-02,,,f"), "the identifier is not"},
		{"another alphabet", state("3580308500000G,a,2026-06-02,,,f"), "the identifier is not"},
		{"no condition", state("35803085000001,,2026-06-02,,,f"), "the condition has no name"},
		{"twice at once", state(good, "35803085000001,a,2026-06-02,,,f"), "35803085000001 meets the condition of the rule a twice at once"},
		{"no rule", state(good, "35803085000001,lost_one,2026-06-02,,,f"), "no rule continues the condition lost_one (1 rows): say which with --rule"},
		{"a quote that is not closed", state(`"35803085000001,a,2026-06-02,,,f`), "a quote is not closed"},
		{"not UTF-8", state("35803085000001,\xff,2026-06-02,,,f"), "it is not UTF-8"},
		{"a NUL", state("35803085000001,a\x00,2026-06-02,,,f"), "control characters"},
		{"no line ends", map[string]string{"blacklist.csv": listHead + strings.Repeat("1", 1<<17)}, "line 2 is longer than"},
		{"no block date", map[string]string{"blacklist.csv": listHead + "35803085000001,,x\n"}, "line 2: block_date is missing"},
		{"two of a device", map[string]string{"blacklist.csv": listHead + "35803085000001,20260601,x\n35803085000001,20260602,x\n"}, "is there twice"},
		{"two runs", map[string]string{"20260601_000000_blacklist.csv": listHead, "20260602_000000_exceptions_a.csv": pairHead}, "are of different runs"},
		{"with and without a time", map[string]string{"20260601_000000_blacklist.csv": listHead, "exceptions_a.csv": pairHead}, "are of different runs"},
		{"twice, once zipped", map[string]string{"blacklist.csv": listHead, "blacklist.zip": listHead}, "keep the files of one run"},
		{"a run in the future", map[string]string{"20260701_000000_blacklist.csv": listHead}, "in the future"},
		{"an operator of nowhere", map[string]string{"exceptions_nobody.csv": pairHead}, "say who it is with --operator nobody=NAME"},
		{"a pseudonym among clear numbers", map[string]string{"exceptions_north.csv": pairHead + "35803085000001,p1010000090017,p99971550131\n"}, "line 2: the subscriber's number is a pseudonym, and this register takes clear numbers only"},
		{"of another system", map[string]string{"classification_state.csv": stateHead + good + "\n", "blacklist.csv": listHead + "35803085000019,20260601,x\n"}, "1 of 1 devices of the list blacklist meet no condition"},
	} {
		dir := write(t, t.TempDir(), c.files)
		_, err := reader(dir).Read(t.Context())
		if problem.Of(err) != problem.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "*.tmp")); len(left) > 0 {
			t.Errorf("%s: %v is left", c.name, left)
		}
		results, err := os.ReadFile(filepath.Join(dir, "adopt.results"))
		if err != nil && strings.Contains(c.want, "line 2: ") {
			t.Errorf("%s: results %q", c.name, results)
		}
	}
	for name, data := range map[string][]byte{"no zip": []byte("imei"), "only a delta": zipped(t, "blacklist_delta_1_2_blocked.csv", "x"), "cut": zipped(t, "blacklist.csv", listHead)[:40]} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "blacklist.zip"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := reader(dir).Read(t.Context()); problem.Of(err) != problem.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Many rows are read as a slower reader reads them: encoding/csv, and maps.
func TestReadAgainstSlower(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 7))
		n := 1 + r.IntN(400)
		var rows, list, notice strings.Builder
		quote := func(s string) string {
			if r.IntN(3) == 0 || strings.ContainsAny(s, `",`) {
				return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
			}
			return s
		}
		end := []string{"\n", "\r\n"}[r.IntN(2)]
		ids := make([]string, 60)
		for i := range ids {
			ids[i] = []string{imei.New(35803085, uint32(i*7)).String(), fmt.Sprintf("A%d*", i)}[min(1, r.IntN(5)/4)]
		}
		for range n {
			open := []string{"", "2026-06-02"}[min(1, r.IntN(4)/3)]
			id := r.IntN(len(ids))
			for _, f := range []string{ids[id], []string{"one", "two", `th"ree, really`}[r.IntN(3)], fmt.Sprintf("2026-05-%02d", 1+id%28), open, []string{"", "2026-07-01"}[id%2], []string{"t", "f", ""}[id%3]} {
				rows.WriteString(quote(f) + ",")
			}
			text := strings.TrimSuffix(rows.String(), ",")
			rows.Reset()
			rows.WriteString(text + end)
		}
		for i, id := range ids {
			fmt.Fprintf(&list, "%s,20260601,%s%s", id, quote([]string{"b|a", "a, or b", "x"}[i%3]), end)
			fmt.Fprintf(&notice, "%s,00101%010d,9997%07d,20260801,x%s", quote(id), i*3, i, end)
		}
		dir := write(t, t.TempDir(), map[string]string{"classification_state.csv": stateHead + rows.String(), "blacklist.zip": listHead + list.String(), "notifications_north.csv": noticeHead + notice.String()})
		got, err := (&adopt.Reader{Dir: dir, Today: today, Rule: func(c string) (string, bool) { return c, true },
			Operator: reader(dir).Operator}).Read(t.Context())
		if err != nil && !strings.Contains(err.Error(), "meet no condition") {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if err != nil {
			continue
		}
		want := map[string]device.Adopted{}
		for _, f := range records(t, rows.String()) {
			if f[3] != "" {
				continue
			}
			var a device.Adopted
			a.Rule, a.Amnesty = f[1], f[5] == "t"
			if strings.HasPrefix(f[0], "A") {
				a.Text = f[0]
			} else {
				fmt.Sscan(strings.TrimLeft(f[0], "0"), &a.IMEI)
			}
			a.Since, _ = device.ParseDay(f[2])
			if f[4] != "" {
				a.Block, _ = device.ParseDay(f[4])
			}
			want[f[0]+"\x00"+f[1]] = a
		}
		all := make([]device.Adopted, 0, len(want))
		for _, a := range want {
			all = append(all, a)
		}
		slices.SortFunc(all, func(a, b device.Adopted) int {
			return cmp.Or(strings.Compare(a.Text, b.Text), cmp.Compare(a.IMEI, b.IMEI), strings.Compare(a.Rule, b.Rule))
		})
		if !slices.Equal(got.State, all) {
			t.Errorf("seed %d: %d rows of state, want %d", seed, len(got.State), len(all))
		}
		if len(got.Lists.Devices) != len(ids) || len(got.Lists.Notices) != len(ids) || len(got.Lists.Apart) != 0 {
			t.Errorf("seed %d: %d devices, %d notices, %d apart", seed, len(got.Lists.Devices), len(got.Lists.Notices), len(got.Lists.Apart))
		}
	}
}

func records(t *testing.T, text string) [][]string {
	t.Helper()
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// No bytes make the reader fail otherwise than by saying so.
func FuzzRead(f *testing.F) {
	f.Add(stateHead+"35803085000001,a,2026-06-01,,,f\n", listHead+"35803085000001,20260601,x\n", noticeHead, pairHead)
	f.Add(stateHead+"\"a\"\"\",b,2026-06-01,,,f\n", listHead+",,\n", noticeHead+"1,2,3,4,5\n", pairHead+"\"\n")
	f.Fuzz(func(t *testing.T, state, devices, notices, pairs string) {
		dir := write(t, t.TempDir(), map[string]string{"classification_state.csv": state, "blacklist.csv": devices, "notifications_a.csv": notices, "exceptions_a.csv": pairs})
		got, err := reader(dir).Read(t.Context())
		if err != nil {
			if problem.Of(err) != problem.Invalid {
				t.Fatal(err)
			}
			return
		}
		ok := slices.IsSortedFunc(got.State, func(a, b device.Adopted) int { return device.CompareAdopted(&a, &b) }) &&
			slices.IsSortedFunc(got.Lists.Notices, func(a, b device.Notice) int { return device.CompareNotices(&a, &b) })
		if !ok {
			t.Error("what was read is out of order")
		}
		for _, n := range got.Lists.Notices {
			if n.IMSI == 0 || n.MSISDN == 0 || subscriber.Of(n.IMSI, n.MSISDN) == 0 {
				t.Errorf("a notice to nobody: %+v", n)
			}
		}
	})
}
