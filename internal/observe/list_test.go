package observe_test

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/lake"
	"github.com/openceir/openceir/internal/observe"
	"github.com/openceir/openceir/internal/problem"
)

// lists returns all lists in force as text, one row a line.
func (h *house) lists() string {
	h.Helper()
	var b strings.Builder
	for _, kind := range device.Imports() {
		if kind != device.FileOperator {
			b.WriteString(h.list(kind))
		}
	}
	return b.String()
}

// list returns the list of a kind as text.
func (h *house) list(kind device.FileKind) string {
	h.Helper()
	ctx := context.Background()
	files, err := h.reg.Files(ctx, kind, "")
	if err != nil {
		h.Fatal(err)
	}
	parts := device.PartsInForce(files)
	var b strings.Builder
	add := func(rows []string) {
		for _, row := range rows {
			fmt.Fprintf(&b, "%s %s\n", kind, row)
		}
	}
	for bucket := range device.Buckets {
		switch kind {
		case device.FileStolen:
			add(show(h.lake.Stolen(ctx, parts, bucket)))
		case device.FileRegistration:
			keys, err := h.lake.Keys(ctx, parts, lake.TableRegistrations, bucket)
			for _, m := range keys {
				row, ok, rowErr := h.lake.RegistrationOf(ctx, parts, m)
				if !ok || rowErr != nil {
					h.Fatalf("%s: %v %v", m, ok, rowErr)
				}
				add(show([]device.Registration{row}, err))
			}
		case device.FilePairing:
			add(show(h.lake.Pairings(ctx, parts, bucket)))
		case device.FileBarred:
			add(show(h.lake.Listed(ctx, parts, lake.TableBarred, bucket)))
		case device.FileMonitoring:
			add(show(h.lake.Listed(ctx, parts, lake.TableMonitored, bucket)))
		case device.FileAssociation:
			add(show(h.lake.Associations(ctx, parts, bucket)))
		}
	}
	switch kind {
	case device.FileTAC:
		tacs, err := h.lake.TACs(ctx, parts)
		if err != nil {
			h.Fatal(err)
		}
		for t := range tacs.All() {
			row, _, err := h.lake.TACOf(ctx, parts, t.TAC)
			add(show([]device.TAC{row}, err))
		}
	case device.FileGolden:
		rows, err := h.lake.Golden(ctx, parts)
		for i := range rows {
			add(show([]string{hex.EncodeToString(rows[i][:])}, err))
		}
	case device.FileBarredTAC:
		add(show(h.lake.BarredTACs(ctx, parts)))
	case device.FileSubscribers:
		add(show(h.lake.Persons(ctx, parts)))
	}
	for m, err := range h.lake.Malformed(ctx, parts) {
		add(show([]device.Malformed{m}, err))
	}
	return b.String()
}

// show prints rows.
func show[T any](rows []T, err error) []string {
	if err != nil {
		return []string{err.Error()}
	}
	var out []string
	for i := range rows {
		out = append(out, fmt.Sprint(rows[i]))
	}
	return out
}

// send imports a list from its text; the first line is the header without change_type.
func (h *house) send(kind device.FileKind, o observe.Options, rows string) (observe.Report, error) {
	h.Helper()
	n := 0
	for path := ""; ; n++ { // each file has its own name
		path = filepath.Join(h.dir, fmt.Sprintf("%s-%d.csv", kind, n))
		if _, err := os.Stat(path); err == nil {
			continue
		}
		return h.im.ImportWith(context.Background(), h.file(filepath.Base(path), rows), kind, "", o)
	}
}

var delta = observe.Options{Delta: true}

// headers of the lists.
var headers = map[device.FileKind]string{
	device.FileStolen:       "imei,reporting_date,status",
	device.FileRegistration: "approved_imei,make,model,status,model_number,brand_name,device_type,radio_interface,device_id",
	device.FilePairing:      "imei,imsi,msisdn",
	device.FileGolden:       "golden_imei",
	device.FileBarred:       "imei",
	device.FileBarredTAC:    "tac",
	device.FileMonitoring:   "imei",
	device.FileSubscribers:  "uid,imsi",
	device.FileAssociation:  "uid,imei",
}

func md5Of(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// courses are the lists with a full file, a delta on it, and what is in force after each.
var courses = []struct {
	kind        device.FileKind
	full, delta string
	then, after []string
}{
	{
		device.FileStolen, "35000001000010,20260105,\n350000010000212,,Blacklist\n35000001000033,20260106,Pending\n35000001000033,20260106,pending\n",
		"35000001000010,,,remove\n35000001000021,20260107,,Update\n35000001000044,,, ADD\n",
		[]string{"{35000001000010 2026-01-05 }", "{35000001000033 2026-01-06 pending}", "{35000001000021 1970-01-01 blacklist}"},
		[]string{"{35000001000033 2026-01-06 pending}", "{35000001000044 1970-01-01 }", "{35000001000021 2026-01-07 }"},
	},
	{
		device.FileRegistration, "350000010000101,Acme,One,Whitelist,1,A,Phone,LTE,D1\n35000001000018, Acme ,\"One\",whitelist,1,A,Phone,LTE,D1\n35000001000026,Acme,Two,pending,2,A,Phone,LTE,\n35000001000026,\"Acme\",Two,pending,2,A,Phone,LTE,\n",
		"35000001000010,,,,,,,,,remove\n35000001000026,Acme,Two,,2,A,Phone,LTE,D9,update\n350000010000340,Z,,,,,,,D7,add\n",
		[]string{"{35000001000010 Acme One whitelist 1 A Phone LTE D1}", "{35000001000018 Acme One whitelist 1 A Phone LTE D1}", "{35000001000026 Acme Two pending 2 A Phone LTE }"},
		[]string{"{35000001000018 Acme One whitelist 1 A Phone LTE D1}", "{35000001000026 Acme Two  2 A Phone LTE D9}", "{35000001000034 Z       D7}"},
	},
	{
		device.FilePairing, "35000001000010,470010000000001,8801700000001\n350000010000105,470010000000001,8801700000001\n35000001000010,470010000000002,8801700000002\n",
		"35000001000010,470010000000001,8801700000001,remove\n35000001000010,470010000000003,8801700000002,add\n",
		[]string{"{35000001000010 470010000000001 8801700000001}", "{35000001000010 470010000000002 8801700000002}"},
		[]string{"{35000001000010 470010000000002 8801700000002}", "{35000001000010 470010000000003 8801700000002}"},
	},
	{
		device.FileGolden, "350000010000105\n35000001000010\nab12\n", "ab12,remove\n35000001000037,add\n",
		[]string{md5Of("35000001000010"), md5Of("AB12")}, []string{md5Of("35000001000010"), md5Of("35000001000037")},
	},
	{device.FileBarred, "35000001000010\n350000010000185\n", "35000001000010,remove\n35000001000026,add\n",
		[]string{"{35000001000010 2026-03-01}", "{35000001000018 2026-03-01}"}, []string{"{35000001000018 2026-03-01}", "{35000001000026 2026-03-02}"}},
	{device.FileBarredTAC, "35000001\n01234567\n", "01234567,remove\n35000002,add\n", []string{"01234567", "35000001"}, []string{"35000001", "35000002"}},
	{device.FileMonitoring, "35000001000010\n35000001000018\n", "35000001000010,remove\n35000001000026,add\n",
		[]string{"{35000001000010 2026-03-01}", "{35000001000018 2026-03-01}"}, []string{"{35000001000018 2026-03-01}", "{35000001000026 2026-03-02}"}},
	{device.FileSubscribers, "B-1,470010000000001\nA\\2,470010000000001\nB-1,470010000000001\n", "B-1,470010000000001,remove\nB-1,470010000000009,add\n",
		[]string{`{A\2 470010000000001}`, "{B-1 470010000000001}"}, []string{`{A\2 470010000000001}`, "{B-1 470010000000009}"}},
	{device.FileAssociation, "B-1,35000001000010\nA-2,350000010000105\n", "B-1,35000001000010,remove\nB-1,35000001000018,add\n",
		[]string{"{A-2 35000001000010}", "{B-1 35000001000010}"}, []string{"{A-2 35000001000010}", "{B-1 35000001000018}"}},
}

// TestCourses takes each list through a full file and a delta, takes the delta back and sends it
// again, and puts another full file in the place of all.
func TestCourses(t *testing.T) {
	for _, c := range courses {
		t.Run(string(c.kind), func(t *testing.T) {
			h := newHouse(t, t.TempDir())
			expect := func(what string, want []string) {
				t.Helper()
				got := map[string]bool{}
				for line := range strings.Lines(h.list(c.kind)) {
					got[strings.TrimSpace(strings.TrimPrefix(line, string(c.kind)))] = true
				}
				for _, row := range want {
					if !got[row] {
						t.Errorf("%s: %s is not in force", what, row)
					}
				}
				if len(got) != len(want) {
					t.Errorf("%s: %d rows, want %d: %v", what, len(got), len(want), got)
				}
			}
			send := func(o observe.Options, rows string) observe.Report {
				t.Helper()
				head := headers[c.kind]
				if o.Delta {
					head += ",change_type"
				}
				rep, err := h.send(c.kind, o, head+"\n"+rows)
				if err != nil {
					t.Fatal(err)
				}
				return rep
			}
			full := send(observe.Options{}, c.full)
			if n := full.File.Rows; n != int64(len(c.then)) || full.File.Stats["listed"] != n {
				t.Errorf("%d rows, %d listed", n, full.File.Stats["listed"])
			}
			expect("full", c.then)
			h.im.Now = func() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }
			changes := send(delta, c.delta)
			if n := changes.File.Stats["listed"]; n != int64(len(c.after)) || !changes.File.Delta {
				t.Errorf("%d listed after the delta", n)
			}
			expect("delta", c.after)
			if again := send(delta, c.delta); !again.Already || len(again.Warnings) > 0 {
				t.Errorf("the delta again: %+v", again)
			}
			if again := send(observe.Options{}, c.full); !again.Already || len(again.Warnings) != 1 {
				t.Errorf("the full file again: %+v", again)
			}
			h.withdraw(changes.File.Digest)
			expect("delta taken back", c.then)
			send(delta, c.delta)
			expect("delta sent again", c.after)
			h.off(gatesOfLists()...)
			send(observe.Options{}, "")
			expect("an empty list", nil)
			h.withdraw(full.File.Digest)
			send(observe.Options{}, c.full)
			if c.kind != device.FileBarred && c.kind != device.FileMonitoring { // they are new there
				expect("full again", c.then)
			}
		})
	}
}

func (h *house) withdraw(digest string) {
	h.Helper()
	if err := h.im.Withdraw(context.Background(), digest, "test"); err != nil {
		h.Fatal(err)
	}
}

func gatesOfLists() (names []string) {
	for _, list := range []string{"stolen", "registration", "pairing", "golden", "barred", "barred_tac", "monitoring", "subscribers", "association"} {
		names = append(names, list+"_shrink_rows", list+"_keep_ratio")
	}
	return names
}

// TestSince: since when a device is listed goes with it through full and delta files.
func TestSince(t *testing.T) {
	h := newHouse(t, t.TempDir()).off("barred_keep_ratio", "barred_delta_adds")
	day := func(n int) { h.im.Now = func() time.Time { return time.Date(2026, 3, n, 12, 0, 0, 0, time.UTC) } }
	send := func(o observe.Options, rows string) {
		t.Helper()
		if _, err := h.send(device.FileBarred, o, rows); err != nil {
			t.Fatal(err)
		}
	}
	day(1)
	send(observe.Options{}, "imei\n35000001000010\n35000001000018\n")
	day(2)
	send(observe.Options{}, "imei\n35000001000018\n35000001000026\n")
	day(3)
	send(delta, "imei,change_type\n35000001000026,remove\n35000001000034,add\n35000001000018,add\n")
	day(4)
	send(observe.Options{}, "imei\n35000001000010\n35000001000018\n35000001000026\n35000001000034\n")
	want := "barred_list {35000001000010 2026-03-04}\nbarred_list {35000001000018 2026-03-01}\nbarred_list {35000001000026 2026-03-04}\nbarred_list {35000001000034 2026-03-03}\n"
	if d := cmp.Diff(want, h.list(device.FileBarred)); d != "" {
		t.Error(d)
	}
}

func TestPreHashed(t *testing.T) {
	h := newHouse(t, t.TempDir())
	hashed := observe.Options{PreHashed: true}
	if _, err := h.send(device.FileGolden, hashed, "golden_imei\n"+strings.ToUpper(md5Of("35000001000010"))+"\n"); err != nil {
		t.Fatal(err)
	}
	plain := newHouse(t, t.TempDir())
	if _, err := plain.send(device.FileGolden, observe.Options{}, "golden_imei\n350000010000101\n"); err != nil {
		t.Fatal(err)
	}
	if a, b := h.list(device.FileGolden), plain.list(device.FileGolden); a != b || a == "" {
		t.Errorf("hashed %q, plain %q", a, b)
	}
	for _, c := range []struct {
		o    observe.Options
		rows string
		says string
	}{
		{hashed, "golden_imei\n35000001000010\n", "contradict"},
		{observe.Options{}, "golden_imei\n" + md5Of("x") + "\n", "1 rows are malformed"},
	} {
		rep, err := h.send(device.FileGolden, c.o, c.rows)
		if problem.Of(err) != problem.Invalid || !strings.Contains(err.Error(), c.says) || rep.File.Refused != 1 {
			t.Errorf("%v", err)
		}
	}
}

// TestBadLists: what is refused, with what is said about it.
func TestBadLists(t *testing.T) {
	reg := headers[device.FileRegistration] + "\n"
	for _, c := range []struct {
		name string
		kind device.FileKind
		o    observe.Options
		text string
		err  problem.Kind
		says string // in the error
		row  string // in the results file
	}{
		{"same key, other fields", device.FileStolen, observe.Options{}, "imei,reporting_date,status\n35000001000010,,\n350000010000105,20260101,\n", problem.Invalid, "1 contradict", "3,conflict,the row of line 2 has the same key and other fields"},
		{"same device, other id", device.FileRegistration, observe.Options{}, reg + "35000001000010,A,B,,,,,,D1\n35000001000010,A,B,,,,,,D2\n", problem.Invalid, "1 contradict", "3,conflict"},
		{"same device, other model", device.FileRegistration, observe.Options{}, reg + "35000001000010,A,B,,,,,,D1\n35000001000010,A,C,,,,,,D1\n", problem.Invalid, "1 contradict", "3,conflict"},
		{"same person is no conflict but two", device.FileRegistration, observe.Options{}, reg + "35000001000010,A,B,,,,,,D1,\n", problem.Invalid, "1 rows are malformed", "2,refused,\"the row has 10 fields, the header 9\""},
		{"device_id with a dash", device.FileRegistration, observe.Options{}, reg + "35000001000010,A,B,,,,,,D-1\n", problem.Invalid, "1 rows are malformed", "2,refused,the device_id"},
		{"control characters", device.FileRegistration, observe.Options{}, reg + "35000001000010,A\x01,B,,,,,,D1\n", problem.Invalid, "1 rows are malformed", "2,refused,a field has control characters"},
		{"registration without IMEI", device.FileRegistration, observe.Options{}, reg + ",A,B,,,,,,D1\n", problem.Invalid, "1 rows are malformed", `2,refused,"the imei`},
		{"pair without MSISDN", device.FilePairing, observe.Options{}, "imei,imsi,msisdn\n35000001000010,470010000000001,\n", problem.Invalid, "1 rows", `2,refused,"the msisdn`},
		{"short TAC", device.FileBarredTAC, observe.Options{}, "tac\n1234567\n", problem.Invalid, "1 rows", "2,refused,the TAC is not eight digits"},
		{"long uid", device.FileSubscribers, observe.Options{}, "uid,imsi\n123456789012345678901,470010000000001\n", problem.Invalid, "1 rows", `2,refused,"the uid`},
		{"uid with a space", device.FileAssociation, observe.Options{}, "uid,imei\na b,35000001000010\n", problem.Invalid, "1 rows", `2,refused,"the uid`},
		{"delta as full", device.FileBarred, observe.Options{}, "imei,change_type\n", problem.Invalid, "import it with --delta", ""},
		{"full as delta", device.FileBarred, delta, "imei\n", problem.Invalid, "import it without --delta", ""},
		{"delta of the directory", device.FileTAC, delta, "TAC\n", problem.Invalid, "no delta files of this kind", ""},
		{"delta of a dump", device.FileOperator, delta, "", problem.Invalid, "never a delta", ""},
		{"hashed stolen list", device.FileStolen, observe.Options{PreHashed: true}, "", problem.Invalid, "can be hashed", ""},
		{"unknown change", device.FileBarred, delta, "imei,change_type\n35000001000010,delete\n", problem.Invalid, "1 rows", `2,refused,"the change_type`},
		{"update of a key", device.FileBarred, delta, "imei,change_type\n35000001000010,update\n", problem.Invalid, "1 rows", `2,refused,"the change_type`},
		{"two changes of one key", device.FileStolen, delta, "imei,reporting_date,status,change_type\n35000001000010,,,remove\n35000001000010,,,update\n", problem.Invalid, "1 contradict", "3,conflict,the row of line 2 has the same key and another change_type"},
		{"two updates of one key", device.FileStolen, delta, "imei,reporting_date,status,change_type\n35000001000010,,a,update\n35000001000010,,b,update\n", problem.Invalid, "1 contradict", "3,conflict"},
		{"add what is there", device.FileStolen, delta, "imei,reporting_date,status,change_type\n35000001000010,,,add\n", problem.Refused, "stolen_delta_adds is 1, limit 0", "2,conflict,the row does not fit the list in force: add of what is on it"},
		{"remove what is not there", device.FileStolen, delta, "imei,reporting_date,status,change_type\n35000001000099,,,remove\n", problem.Refused, "stolen_delta_removes is 1, limit 0", "2,conflict"},
		{"update what is not there", device.FileRegistration, delta, "approved_imei,make,model,status,model_number,brand_name,device_type,radio_interface,device_id,change_type\n35000001000099,,,,,,,,,update\n", problem.Refused, "registration_delta_updates is 1, limit 0", "2,conflict"},
		{"delta that empties", device.FileStolen, delta, "imei,reporting_date,status,change_type\n35000001000010,,,remove\n35000001000018,,,remove\n35000001000026,,,remove\n", problem.Refused, "leaves a list that has 1 rows", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t, t.TempDir())
			if _, err := h.send(device.FileStolen, observe.Options{}, "imei,reporting_date,status\n35000001000010,,\n35000001000018,,\n35000001000026,,\n35000001000034,,\n"); err != nil {
				t.Fatal(err)
			}
			before := h.lists()
			files := lakeFiles(h)
			rep, err := h.send(c.kind, c.o, c.text)
			if problem.Of(err) != c.err || !strings.Contains(fmt.Sprint(err), c.says) {
				t.Errorf("%v, want %v that says %q", err, c.err, c.says)
			}
			if c.row != "" {
				b, _ := os.ReadFile(rep.Results)
				if !strings.Contains(string(b), c.row) {
					t.Errorf("the results do not say %q: %s", c.row, b)
				}
			}
			if h.lists() != before || lakeFiles(h) != files {
				t.Error("it left something")
			}
		})
	}
}

// TestDeltaGatesOff: without its gates a delta is done for what it is worth.
func TestDeltaGatesOff(t *testing.T) {
	h := newHouse(t, t.TempDir()).off("stolen_delta_adds", "stolen_delta_removes", "stolen_delta_updates")
	head := headers[device.FileStolen]
	for _, s := range []struct {
		o    observe.Options
		text string
	}{
		{observe.Options{}, head + "\n35000001000010,,a\n35000001000018,,a\n"},
		{delta, head + ",change_type\n35000001000010,,b,add\n35000001000026,,c,update\n35000001000099,,,remove\n"},
	} {
		rep, err := h.send(device.FileStolen, s.o, s.text)
		if err != nil || rep.Results != "" {
			t.Fatalf("%v, results %q", err, rep.Results)
		}
		if s.o.Delta && rep.File.Stats["listed"] != 3 {
			t.Errorf("%d listed", rep.File.Stats["listed"])
		}
	}
	want := "stolen_list {35000001000010 1970-01-01 b}\nstolen_list {35000001000018 1970-01-01 a}\nstolen_list {35000001000026 1970-01-01 c}\n"
	if d := cmp.Diff(want, h.list(device.FileStolen)); d != "" {
		t.Error(d)
	}
}

// TestMalformedInLists: rows with malformed identifiers are kept as text, with the list they came from.
func TestMalformedInLists(t *testing.T) {
	h := newHouse(t, t.TempDir())
	for kind, rows := range map[device.FileKind]string{
		device.FileBarred:       "1234567890123\n",
		device.FilePairing:      "35000001000010,4700100000,8801700000001\n",
		device.FileSubscribers:  "P1,4700100000\n",
		device.FileAssociation:  "P1,*#06#\n",
		device.FileRegistration: "ABCDEF,,,,,,,,\n",
	} {
		rep, err := h.send(kind, observe.Options{}, headers[kind]+"\n"+rows)
		if err != nil || rep.File.Malformed != 1 || rep.File.Rows != 0 {
			t.Errorf("%s: %v, %+v", kind, err, rep.File)
		}
		n := 0
		for m, err := range h.lake.Malformed(context.Background(), rep.File.Parts) {
			if n++; err != nil || m.List != kind || m.Day != device.Date(2026, 3, 1) || m.IMEI+m.IMSI == "" || m.Reason == "" {
				t.Errorf("%s: %+v %v", kind, m, err)
			}
		}
		if n != 1 {
			t.Errorf("%s: %d malformed", kind, n)
		}
	}
}

// TestOtherColumns: what a TAC directory has beside the columns that are read is kept.
func TestOtherColumns(t *testing.T) {
	h := newHouse(t, t.TempDir())
	rep := h.take(h.file("t.txt", "NFC|TAC|Manufacturer|Bands|Allocation Date|Model Name|Operating System|Device Type\n"+
		"Y|35000001|Acme|GSM|01-Jan-2020|M|\"Tide \"\"pool\"\"\"|Phone\n|35000002|Acme|GSM|01-Jan-2020|M||Phone\n"), device.FileTAC, "")
	for tac, want := range map[uint32]string{35000001: `{"NFC":"Y","Operating System":"Tide \"pool\""}`, 35000002: ""} {
		row, ok, err := h.lake.TACOf(context.Background(), rep.File.Parts, imei.TAC(tac))
		if err != nil || !ok || row.Other != want {
			t.Errorf("%d: %q %v %v, want %q", tac, row.Other, ok, err, want)
		}
	}
}

// lists writes full and delta files for importAll.
func lists(h *house, r *rand.Rand) {
	h.Helper()
	for i, kind := range []device.FileKind{device.FileStolen, device.FileRegistration, device.FileBarred} {
		fields := strings.Count(headers[kind], ",")
		var full, changes strings.Builder
		fmt.Fprintf(&full, "%s\n", headers[kind])
		fmt.Fprintf(&changes, "%s,change_type\n", headers[kind])
		for n := range 3000 {
			row := fmt.Sprintf("3500000100%04d%s", n, strings.Repeat(",", fields))
			switch r.IntN(5) {
			case 0:
				fmt.Fprintf(&changes, "%s,add\n", row)
			case 1:
				fmt.Fprintf(&changes, "%s,remove\n", row)
				fallthrough
			default:
				fmt.Fprintln(&full, row)
			}
		}
		h.file(filepath.Join("in", fmt.Sprintf("l%d%s.list", i, kind)), full.String())
		h.file(filepath.Join("in", fmt.Sprintf("m%ddelta-%s.list", i, kind)), changes.String())
	}
}
