package observe_test

import (
	"archive/zip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/lake"
	"github.com/openceir/openceir/internal/observe"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/subscriber"
)

// journal is a register in an append-only file of JSON lines: enough to be killed.
type journal struct{ path string }

type entry struct {
	Adopt    *device.File `json:",omitempty"`
	Withdraw string       `json:",omitempty"`
}

func (j *journal) adopted() (files []device.File, err error) {
	b, err := os.ReadFile(j.path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	for line := range strings.Lines(string(b)) {
		var e entry
		if !strings.HasSuffix(line, "\n") || json.Unmarshal([]byte(line), &e) != nil {
			continue // torn by a kill: it was never acknowledged
		}
		if e.Adopt != nil {
			files = append(files, *e.Adopt)
		} else {
			files = slices.DeleteFunc(files, func(f device.File) bool { return f.Digest == e.Withdraw })
		}
	}
	return files, err
}

func (j *journal) write(e entry) error {
	f, err := os.OpenFile(j.path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if b, err := os.ReadFile(j.path); err == nil && len(b) > 0 && b[len(b)-1] != '\n' {
		f.Write([]byte{'\n'}) // end a torn line
	}
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if _, err := f.Write(append(b, '\n')); err != nil {
		return err
	}
	return f.Sync()
}

func (j *journal) File(_ context.Context, digest string) (device.File, bool, error) {
	files, err := j.adopted()
	i := slices.IndexFunc(files, func(f device.File) bool { return f.Digest == digest })
	if i < 0 {
		return device.File{}, false, err
	}
	return files[i], true, err
}

func (j *journal) Files(_ context.Context, kind device.FileKind, op device.Operator) ([]device.File, error) {
	files, err := j.adopted()
	return slices.DeleteFunc(files, func(f device.File) bool { return f.Kind != kind || op != "" && f.Operator != op }), err
}

func (j *journal) Adopt(ctx context.Context, f device.File) error {
	if _, ok, err := j.File(ctx, f.Digest); ok || err != nil {
		return err
	}
	return j.write(entry{Adopt: &f})
}

func (j *journal) Withdraw(_ context.Context, digest, _ string) error {
	return j.write(entry{Withdraw: digest})
}

// house is an importer with a lake and a register of its own.
type house struct {
	testing.TB
	dir  string
	im   *observe.Importer
	lake *lake.Lake
	reg  *journal
}

// newHouse has its data in dir, and strict gates.
func newHouse(t testing.TB, dir string) *house {
	l, j := &lake.Lake{Dir: filepath.Join(dir, "lake")}, &journal{filepath.Join(dir, "register.jsonl")}
	return &house{t, dir, &observe.Importer{
		Lake: l, Register: j, Zone: time.UTC, Visits: true,
		Now: func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) },
		Country: observe.Country{
			MCC: []string{"470"}, CountryCode: []string{"880"},
			Operators: map[device.Operator][]subscriber.PLMN{"alpha": {"47001"}, "beta": {"47002"}},
		},
	}, l, j}
}

// open switches all gates of one's choice off.
func (h *house) off(gates ...string) *house {
	h.im.Gates.Country = make(map[string]float64)
	for _, g := range gates {
		h.im.Gates.Country[g] = -1
	}
	return h
}

func (h *house) file(name, content string) string {
	h.Helper()
	path := filepath.Join(h.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		h.Fatal(err)
	}
	return path
}

func (h *house) zip(name, member, content string) string {
	h.Helper()
	path := filepath.Join(h.dir, name)
	f, err := os.Create(path)
	if err != nil {
		h.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	w, err := z.Create(member)
	if err == nil {
		_, err = io.WriteString(w, content)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		h.Fatal(err)
	}
	return path
}

func (h *house) take(path string, kind device.FileKind, op device.Operator) observe.Report {
	h.Helper()
	rep, err := h.im.Import(context.Background(), path, kind, op)
	if err != nil {
		h.Fatalf("%s: %v", filepath.Base(path), err)
	}
	return rep
}

func (h *house) parts() (parts []device.Part) {
	h.Helper()
	files, err := h.reg.adopted()
	if err != nil {
		h.Fatal(err)
	}
	for _, f := range files {
		parts = append(parts, f.Parts...)
	}
	return parts
}

// histories returns all histories as text, one row a line.
func (h *house) histories() string {
	h.Helper()
	var b strings.Builder
	parts := h.parts()
	for bucket := range device.Buckets {
		for history, err := range h.lake.Histories(context.Background(), parts, bucket) {
			if err != nil {
				h.Fatal(err)
			}
			for _, d := range history.Days {
				fmt.Fprintf(&b, "%s %s %s %s %s %x\n", d.IMEI, d.IMSI, d.MSISDN, d.Operator, d.Month, d.Seen)
			}
			for _, v := range history.Visits {
				fmt.Fprintf(&b, "%s %s %s %d %d-%d\n", v.IMEI, v.Subscriber, v.Operator, v.Area, v.From, v.To)
			}
		}
	}
	for m, err := range h.lake.Malformed(context.Background(), parts) {
		if err != nil {
			h.Fatal(err)
		}
		fmt.Fprintf(&b, "malformed %q %q %q %s %s %s\n", m.IMEI, m.IMSI, m.MSISDN, m.Operator, m.Day, m.Reason)
	}
	return b.String()
}

const tinyDump = `date,imei,imsi,msisdn,rat
20260130,35000001000010,470010000000001,8801700000001,006
20260131,350000010000105,470010000000001,8801700000001,001|002
20260201,3500000100001099,470010000000001,8801700000001,010
20260201,35000001000010,,8801700000002,
20260202,"35000001000021",470010000000002,8801700000003,006
20260202,,470010000000002,8801700000003,006
20260202,3500000100003,470010000000003,8801700000004,006
20260202,*#06#,470010000000003,8801700000004,002
20260202,35000001000021,4700100000,8801700000003,006
20260202,hello,470010000000003,8801700000004,006
20260202,35000001000021,470010000000002,+8801700000003,006
`

var tinyOff = []string{"null_imei", "null_imsi", "null_rat", "null_any", "unclean_imei", "unclean_imsi", "unclean_any", "refused"}

const tinyWant = `35000001000010  8801700000002 alpha 2026-02 [1 0 0 0 0]
35000001000010 470010000000001 8801700000001 alpha 2026-01 [0 40000000 40000000 20000000 0]
35000001000010 470010000000001 8801700000001 alpha 2026-02 [0 0 0 0 1]
35000001000021   alpha 2026-02 [0 0 0 2 0]
35000001000021 470010000000002 8801700000003 alpha 2026-02 [0 0 0 2 0]
malformed "*#06#" "470010000000003" "8801700000004" alpha 2026-02-02 imei: the first fourteen characters are not digits
malformed "35000001000021" "4700100000" "8801700000003" alpha 2026-02-02 imsi: not 14 or 15 digits that begin with a mobile country code
malformed "3500000100003" "470010000000003" "8801700000004" alpha 2026-02-02 imei: 13 digits, leading zeros were perhaps stripped
`

// TestGoldenDump imports a dump over two months, plain and zipped.
func TestGoldenDump(t *testing.T) {
	for name, write := range map[string]func(h *house) string{
		"plain": func(h *house) string { return h.file("alpha_20260130_20260202.csv", tinyDump) },
		"zip": func(h *house) string {
			return h.zip("alpha_20260130_20260202.zip", "alpha_20260130_20260202.csv", strings.ReplaceAll(tinyDump, "\n", "\r\n"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, t.TempDir()).off(tinyOff...)
			var done, total int64
			h.im.Progress = func(d, t int64) { done, total = d, t }
			rep := h.take(write(h), device.FileOperator, "alpha")
			if d := cmp.Diff(tinyWant, h.histories()); d != "" {
				t.Error(d)
			}
			f := rep.File
			if rep.Lines != 11 || f.Rows != 6 || f.Refused != 2 || f.Malformed != 3 || rep.Skipped != 1 {
				t.Errorf("%d lines: %d taken, %d refused, %d malformed, %d skipped", rep.Lines, f.Rows, f.Refused, f.Malformed, rep.Skipped)
			}
			if done != total || total == 0 {
				t.Errorf("progress ended at %d of %d", done, total)
			}
			if n := f.Stats["imei 2026-02-02"]; n != 1 {
				t.Errorf("%d IMEIs on 2 February", n)
			}
			got, err := os.ReadFile(rep.Results)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tinyResults, string(got)); d != "" {
				t.Error(d)
			}
		})
	}
}

const tinyResults = `line,verdict,reason
8,malformed,"imei: 13 digits, leading zeros were perhaps stripped"
9,malformed,imei: the first fourteen characters are not digits
10,malformed,imsi: not 14 or 15 digits that begin with a mobile country code
11,refused,"the imei is not 1 to 16 characters of 0-9, A-F, * and #"
12,refused,"the msisdn is not 1 to 15 digits, without plus and spaces"
`

const tinyTACs = `Model Name|TAC|Manufacturer|Bands|Allocation Date|Device Type|Country Code
One|35000001|Acme|LTE FDD BAND 1,WCDMA|06-May-2020|Smartphone|0
"5"" tab|let"|01234567|Acme|GSM 900||Tablet|0
One|35000001|Acme|LTE FDD BAND 1,WCDMA|06-May-2020|Smartphone|0
`

const tinyStolen = `imei,reporting_date,status
35000001000010,20260105,
350000010000212,,Blacklist
1234567890123,20260106,
35000001000033,20260106,Pending
`

func TestGoldenFacts(t *testing.T) {
	h := newHouse(t, t.TempDir())
	rep := h.take(h.file("tacs.txt", tinyTACs), device.FileTAC, "")
	if rep.File.Rows != 2 || rep.Skipped != 1 {
		t.Errorf("%d TACs, %d skipped", rep.File.Rows, rep.Skipped)
	}
	ctx := context.Background()
	set, err := h.lake.TACs(ctx, rep.File.Parts)
	if err != nil {
		t.Fatal(err)
	}
	want := []device.TAC{
		{TAC: 1234567, Manufacturer: "Acme", Model: `5" tab|let`, DeviceType: "Tablet", Bands: "GSM 900"},
		{TAC: 35000001, Manufacturer: "Acme", Model: "One", DeviceType: "Smartphone", Bands: "LTE FDD BAND 1,WCDMA", Allocated: device.Date(2020, 5, 6)},
	}
	if d := cmp.Diff(want, slices.Collect(set.All())); d != "" {
		t.Error(d)
	}
	rep = h.take(h.zip("stolen.zip", "stolen.csv", tinyStolen), device.FileStolen, "")
	if rep.File.Rows != 3 || rep.File.Malformed != 1 {
		t.Errorf("%d stolen, %d malformed", rep.File.Rows, rep.File.Malformed)
	}
	var stolen []device.Stolen
	for bucket := range device.Buckets {
		rows, err := h.lake.Stolen(ctx, rep.File.Parts, bucket)
		if err != nil {
			t.Fatal(err)
		}
		stolen = append(stolen, rows...)
	}
	slices.SortFunc(stolen, func(a, b device.Stolen) int { return int(a.IMEI) - int(b.IMEI) })
	wantStolen := []device.Stolen{
		{IMEI: 35000001000010, Reported: device.Date(2026, 1, 5)}, {IMEI: 35000001000021, Status: "blacklist"},
		{IMEI: 35000001000033, Reported: device.Date(2026, 1, 6), Status: "pending"},
	}
	if d := cmp.Diff(wantStolen, stolen); d != "" {
		t.Error(d)
	}
	if got := h.histories(); got != "malformed \"1234567890123\" \"\" \"\"  2026-03-01 stolen list, imei: 13 digits, leading zeros were perhaps stripped\n" {
		t.Error(got)
	}
}

func TestSameFileTwice(t *testing.T) {
	h := newHouse(t, t.TempDir()).off(tinyOff...)
	path := h.file("alpha_20260130_20260202.csv", tinyDump)
	first := h.take(path, device.FileOperator, "alpha")
	before, files := h.histories(), tree(t, h.dir)
	again := h.take(path, device.FileOperator, "alpha")
	if !again.Already || again.File.Digest != first.File.Digest {
		t.Errorf("again: %+v", again)
	}
	if h.histories() != before || tree(t, h.dir) != files {
		t.Error("importing the same file again changed something")
	}
	_, err := h.im.Import(context.Background(), path, device.FileOperator, "beta")
	if problem.Of(err) != problem.Conflict {
		t.Errorf("as another operator's: %v", err)
	}
	// The same rows in other bytes change nothing either.
	h.take(h.zip("alpha_20260130_20260202.zip", "alpha_20260130_20260202.csv", tinyDump), device.FileOperator, "alpha")
	if got := h.histories(); dedupe(got) != before {
		t.Errorf("zipped again:\n%s", got)
	}
}

// dedupe drops repeated malformed rows, which a union of two files has twice.
func dedupe(s string) string {
	lines := slices.Collect(strings.Lines(s))
	seen := make(map[string]bool)
	return strings.Join(slices.DeleteFunc(lines, func(l string) bool { twice := seen[l]; seen[l] = true; return twice }), "")
}

func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			info, _ := e.Info()
			fmt.Fprintf(&b, "%s %d %s\n", path, info.Size(), info.ModTime())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWithdraw(t *testing.T) {
	ctx := context.Background()
	h := newHouse(t, t.TempDir()).off(append(tinyOff, "daily_imei_min", "daily_imsi_min", "daily_msisdn_min")...)
	h.take(h.file("alpha_20260110_20260110.csv", "date,imei,imsi,msisdn\n20260110,35000001000010,470010000000001,8801700000001\n"), device.FileOperator, "alpha")
	before := h.histories()
	path := h.file("alpha_20260130_20260202.csv", tinyDump)
	rep := h.take(path, device.FileOperator, "alpha")
	with := h.histories()
	if err := h.im.Withdraw(ctx, rep.File.Digest, "sent by mistake"); err != nil {
		t.Fatal(err)
	}
	if got := h.histories(); got != before {
		t.Errorf("after withdrawal:\n%s", got)
	}
	live := make(map[string]bool)
	for _, p := range h.parts() {
		live[p.Digest] = true
	}
	if swept, err := h.lake.Sweep(ctx, func(d string) bool { return live[d] }); err != nil || swept.Parts != len(rep.File.Parts) {
		t.Errorf("swept %+v of %d, %v", swept, len(rep.File.Parts), err)
	}
	if h.take(path, device.FileOperator, "alpha").Already || h.histories() != with {
		t.Error("importing it again after all did not bring it back")
	}
	if err := h.im.Withdraw(ctx, "abc", "why"); problem.Of(err) != problem.NotFound {
		t.Errorf("unknown digest: %v", err)
	}
	if err := h.im.Withdraw(ctx, rep.File.Digest, ""); problem.Of(err) != problem.Invalid {
		t.Errorf("no reason: %v", err)
	}
}

func TestHeaderOnly(t *testing.T) {
	h := newHouse(t, t.TempDir())
	for name, kind := range map[string]device.FileKind{"alpha_20260130_20260202.csv": device.FileOperator, "stolen.csv": device.FileStolen} {
		head := map[device.FileKind]string{device.FileOperator: "date,imei,imsi,msisdn", device.FileStolen: "imei,reporting_date,status\n"}[kind]
		op := map[device.FileKind]device.Operator{device.FileOperator: "alpha"}[kind]
		if rep := h.take(h.file(name, head), kind, op); rep.File.Rows != 0 {
			t.Errorf("%s: %d rows", name, rep.File.Rows)
		}
	}
	if h.histories() != "" {
		t.Error(h.histories())
	}
}
