package observe_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
)

const (
	dumpName = "alpha_20260101_20260131"
	dumpHead = "date,imei,imsi,msisdn\n"
	goodRow  = "20260105,35000001000010,470010000000001,8801700000001\n"
)

// animal is one bad file, and what must be said about it.
type animal struct {
	name string
	file string // its name; default a dump's
	kind device.FileKind
	op   device.Operator
	text string                // its content
	make func(h *house) string // or how to make it
	err  problem.Kind
	says []string
}

// rows repeats good rows with one field replaced.
func rows(n int, change func(i int, f []string)) string {
	var b strings.Builder
	b.WriteString(dumpHead)
	for i := range n {
		f := []string{fmt.Sprintf("202601%02d", 1+i%28), fmt.Sprintf("3500000100%04d", i), fmt.Sprintf("470010%09d", i), fmt.Sprintf("880170%07d", i)}
		change(i, f)
		b.WriteString(strings.Join(f, ",") + "\n")
	}
	return b.String()
}

func rawZip(h *house, name string, change func(*zip.FileHeader), content string) string {
	h.Helper()
	var packed bytes.Buffer
	w, _ := flate.NewWriter(&packed, 9)
	w.Write([]byte(content))
	w.Close()
	head := &zip.FileHeader{
		Name: dumpName + ".csv", Method: zip.Deflate, CRC32: crc32.ChecksumIEEE([]byte(content)),
		CompressedSize64: uint64(packed.Len()), UncompressedSize64: uint64(len(content)),
	}
	change(head)
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	member, err := z.CreateRaw(head)
	if err == nil {
		_, err = member.Write(packed.Bytes())
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		h.Fatal(err)
	}
	return h.file(name, out.String())
}

func manyMembers(h *house, n int) string {
	h.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for i := range n {
		if _, err := z.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("%08d.csv", i), Method: zip.Store}); err != nil {
			h.Fatal(err)
		}
	}
	z.Close()
	return h.file(dumpName+".zip", out.String())
}

func utf16(s string) string {
	b := []byte{0xff, 0xfe}
	for _, c := range s {
		b = binary.LittleEndian.AppendUint16(b, uint16(c))
	}
	return string(b)
}

func tacRows(n int) string {
	var b strings.Builder
	b.WriteString("TAC|Manufacturer|Bands|Allocation Date|Model Name|Device Type\n")
	for i := range n {
		fmt.Fprintf(&b, "%08d|Acme|GSM|01-Jan-2020|M%d|Phone\n", 1_000_000+i, i)
	}
	return b.String()
}

func stolenRows(n int) string {
	var b strings.Builder
	b.WriteString("imei,reporting_date,status\n")
	for i := range n {
		fmt.Fprintf(&b, "3500000100%04d,20260101,\n", i)
	}
	return b.String()
}

func zipAnimals() []animal {
	keep := func(*zip.FileHeader) {}
	content := rows(100, func(int, []string) {})
	return []animal{
		{name: "truncated zip", file: dumpName + ".zip", make: func(h *house) string {
			path := h.zip(dumpName+".zip", dumpName+".csv", content)
			b, _ := os.ReadFile(path)
			return h.file(dumpName+".zip", string(b[:len(b)*2/3]))
		}, err: problem.Invalid, says: []string{"truncated or damaged", "send it again"}},
		{name: "zip with a flipped byte", make: func(h *house) string {
			path := h.zip(dumpName+".zip", dumpName+".csv", content)
			b, _ := os.ReadFile(path)
			b[200] ^= 0x10
			return h.file(dumpName+".zip", string(b))
		}, err: problem.Invalid, says: []string{"zip alpha", "send it again"}},
		{name: "text named zip", file: dumpName + ".zip", text: dumpHead + goodRow, err: problem.Invalid, says: []string{"is not a zip", "named .csv"}},
		{name: "empty zip", make: func(h *house) string { return manyMembers(h, 0) }, err: problem.Invalid, says: []string{"has 0 members"}},
		{name: "two members", make: func(h *house) string { return manyMembers(h, 2) }, err: problem.Invalid, says: []string{"has 2 members", "exactly one"}},
		{name: "100,000 members", make: func(h *house) string { return manyMembers(h, 100_000) }, err: problem.Invalid, says: []string{"directory", "exactly one member"}},
		{name: "member of another name", make: func(h *house) string { return h.zip(dumpName+".zip", "other.csv", content) },
			err: problem.Invalid, says: []string{`the member "other.csv"`, dumpName + ".csv"}},
		{name: "member in a folder", make: func(h *house) string { return h.zip(dumpName+".zip", "x/"+dumpName+".csv", content) },
			err: problem.Invalid, says: []string{"without folders"}},
		{name: "zip slip", make: func(h *house) string { return h.zip(dumpName+".zip", "../../"+dumpName+".csv", content) },
			err: problem.Invalid, says: []string{"without folders"}},
		{name: "symbolic link", make: func(h *house) string {
			return rawZip(h, dumpName+".zip", func(f *zip.FileHeader) { f.SetMode(fs.ModeSymlink | 0o777) }, "/etc/passwd")
		}, err: problem.Invalid, says: []string{"not a regular file"}},
		{name: "encrypted", make: func(h *house) string {
			return rawZip(h, dumpName+".zip", func(f *zip.FileHeader) { f.Flags |= 1 }, content)
		}, err: problem.Invalid, says: []string{"encrypted", "without a password"}},
		{name: "unknown method", make: func(h *house) string {
			return rawZip(h, dumpName+".zip", func(f *zip.FileHeader) { f.Method = 93 }, content)
		}, err: problem.Invalid, says: []string{"method 93", "deflate"}},
		{name: "bomb", make: func(h *house) string {
			return rawZip(h, dumpName+".zip", keep, dumpHead+strings.Repeat(goodRow, 1<<20))
		}, err: problem.Invalid, says: []string{"more than 100 to 1", "bomb"}},
		{name: "bomb that lies about its size", make: func(h *house) string {
			return rawZip(h, dumpName+".zip", func(f *zip.FileHeader) { f.UncompressedSize64 = 1000 }, dumpHead+strings.Repeat(goodRow, 1<<20))
		}, err: problem.Invalid, says: []string{"more than the 1000 bytes it says"}},
		{name: "bomb that claims 1 PB", make: func(h *house) string {
			return rawZip(h, dumpName+".zip", func(f *zip.FileHeader) { f.UncompressedSize64 = 1 << 50 }, content)
		}, err: problem.Invalid, says: []string{"unpacks to", "split it by days"}},
		{name: "shorter than it says", make: func(h *house) string {
			return rawZip(h, dumpName+".zip", func(f *zip.FileHeader) { f.UncompressedSize64++ }, content)
		}, err: problem.Invalid, says: []string{"checksum"}},
		{name: "wrong checksum", make: func(h *house) string {
			return rawZip(h, dumpName+".zip", func(f *zip.FileHeader) { f.CRC32 ^= 1 }, content)
		}, err: problem.Invalid, says: []string{"checksum"}},
		{name: "zip in a zip", make: func(h *house) string {
			inner, _ := os.ReadFile(h.zip(dumpName+".zip", dumpName+".csv", content))
			return h.zip(dumpName+".zip", dumpName+".csv", string(inner))
		}, err: problem.Invalid, says: []string{"another zip inside"}},
		{name: "gzip", text: "\x1f\x8b\x08\x00rest", err: problem.Invalid, says: []string{"gzip", "send a zip"}},
	}
}

func textAnimals() []animal {
	return []animal{
		{name: "empty file", text: "", err: problem.Invalid, says: []string{"is empty", "header"}},
		{name: "no header", text: goodRow, err: problem.Invalid, says: []string{"the first line is", "date,imei,imsi,msisdn"}},
		{name: "another order", text: "imei,date,imsi,msisdn\n", err: problem.Invalid, says: []string{`"imei,date,imsi,msisdn"`, "it must be"}},
		{name: "semicolons", text: strings.ReplaceAll(dumpHead+goodRow, ",", ";"), err: problem.Invalid, says: []string{"semicolons"}},
		{name: "tabs", text: strings.ReplaceAll(dumpHead+goodRow, ",", "\t"), err: problem.Invalid, says: []string{"tabs"}},
		{name: "old Macintosh line ends", text: strings.ReplaceAll(dumpHead+goodRow, "\n", "\r"), err: problem.Invalid, says: []string{"CR only"}},
		{name: "byte order mark", text: "\xef\xbb\xbf" + dumpHead + goodRow, err: problem.Invalid, says: []string{"byte order mark", "save it as UTF-8"}},
		{name: "UTF-16", text: utf16(dumpHead + goodRow), err: problem.Invalid, says: []string{"UTF-16", "save it as UTF-8"}},
		{name: "UTF-16 without mark", text: utf16(dumpHead + goodRow)[2:], err: problem.Invalid, says: []string{"NUL", "UTF-16"}},
		{name: "Latin-1", text: dumpHead + goodRow + "20260105,3500000100001\xe9,,\n", err: problem.Invalid, says: []string{"line 3 is not UTF-8 (byte 0xe9)", "Latin-1"}},
		{name: "NUL", text: dumpHead + goodRow + goodRow + "2026\x000105,,,\n", err: problem.Invalid, says: []string{"line 4 has a NUL byte"}},
		{name: "quote of 50 MB", text: dumpHead + goodRow + `20260105,"` + strings.Repeat("3", 50<<20), err: problem.Invalid, says: []string{"line 3 is longer than 65536 bytes", "closing quote"}},
		{name: "quote of 50 MB over lines", text: dumpHead + goodRow + "20260105,\"" + strings.Repeat("3333333\n", 50<<17), err: problem.Refused, says: []string{"rows break the layout", "limit 0.05"}},
		{name: "a million columns", text: dumpHead + strings.Repeat(",", 1_000_000), err: problem.Invalid, says: []string{"longer than"}},
		{name: "a thousand columns", text: dumpHead + goodRow + strings.Repeat(",", 1000) + "\n", err: problem.Refused, says: []string{"1 of 2 rows break the layout"}},
		{name: "name without days", file: "alpha.csv", text: dumpHead, err: problem.Invalid, says: []string{"the name has no days", "alpha_20260101_20260131.csv"}},
		{name: "name with 31 February", file: "alpha_20260201_20260231.csv", text: dumpHead, err: problem.Invalid, says: []string{"two days of the calendar"}},
		{name: "name backwards", file: "alpha_20260131_20260101.csv", text: dumpHead, err: problem.Invalid, says: []string{"is before the first"}},
		{name: "name in the future", file: "alpha_20260201_20260331.csv", text: dumpHead, err: problem.Invalid, says: []string{"in the future", "2026-03-01"}},
		{name: "name of ten years", file: "alpha_20150201_20260131.csv", text: dumpHead, err: problem.Invalid, says: []string{"at most 400"}},
		{name: "rows outside", text: dumpHead + goodRow + strings.Replace(goodRow, "20260105", "20260201", 1), err: problem.Invalid, says: []string{"1 of 2 rows are outside", "2026-02-01 in line 3", "Rename"}},
		{name: "unknown operator", op: "gamma", text: dumpHead, err: problem.Invalid, says: []string{`operator "gamma"`, "configuration"}},
		{name: "a directory", make: func(h *house) string { os.Mkdir(filepath.Join(h.dir, "d"), 0o700); return filepath.Join(h.dir, "d") }, err: problem.Invalid, says: []string{"not a regular file"}},
		{name: "no such file", make: func(h *house) string { return filepath.Join(h.dir, "none.csv") }, err: problem.NotFound, says: []string{"give the path"}},
		{name: "unknown kind", kind: "black_list", text: dumpHead, err: problem.Invalid, says: []string{`no kind of file "black_list"`, "monitoring_list"}},
	}
}

func gateAnimals() []animal {
	refused := func(name, says string, change func(i int, f []string)) animal {
		return animal{name: name, text: rows(100, change), err: problem.Refused, says: []string{says, "Nothing was changed", "import again"}}
	}
	return []animal{
		refused("no IMEIs", "null_imei is 0.1, limit 0.05 (10 of 100 rows have no IMEI)", func(i int, f []string) {
			if i%10 == 0 {
				f[1] = ""
			}
		}),
		refused("no IMSIs", "null_imsi is 1", func(i int, f []string) { f[2] = "" }),
		refused("no MSISDNs", "null_msisdn is 1", func(i int, f []string) { f[3] = "" }),
		refused("something missing everywhere", "null_any is 0.06", func(i int, f []string) {
			if i%50 < 3 {
				f[1+i%50] = ""
			}
		}),
		refused("stripped to thirteen digits", "unclean_imei is 1", func(i int, f []string) { f[1] = f[1][1:] }),
		refused("spreadsheet numbers", "rows break the layout", func(i int, f []string) { f[1] = "3.5E+13" }),
		refused("short IMSIs", "unclean_imsi is 0.5", func(i int, f []string) { f[2] = f[2][:15-i%2*3] }),
		refused("national numbers", "unclean_msisdn is 1", func(i int, f []string) { f[3] = "0" + f[3][3:] }),
		refused("foreign IMSIs", "foreign_imsi is 0.2", func(i int, f []string) {
			if i%5 == 0 {
				f[2] = "26201" + f[2][5:]
			}
		}),
		refused("foreign numbers", "foreign_msisdn is 1", func(i int, f []string) { f[3] = "49" + f[3][2:] }),
		refused("another operator's file", "non_home is 1", func(i int, f []string) { f[2] = "47002" + f[2][5:] }),
		refused("fourteen of fifteen digits kept", "leading zeros were perhaps stripped", func(i int, f []string) { f[1] = "1" + f[1][1:] }),
	}
}

func TestZoo(t *testing.T) {
	n := 0
	for _, group := range [][]animal{zipAnimals(), textAnimals(), gateAnimals()} {
		for _, a := range group {
			n++
			t.Run(a.name, func(t *testing.T) { visit(t, newHouse(t, t.TempDir()), a) })
		}
	}
	t.Logf("%d animals", n)
}

// visit imports the animal and looks at what is said, and that nothing else happened.
func visit(t *testing.T, h *house, a animal) {
	t.Helper()
	if a.kind == "" {
		a.kind = device.FileOperator
	}
	if a.op == "" && a.kind == device.FileOperator {
		a.op = "alpha"
	}
	if a.file == "" {
		a.file = dumpName + ".csv"
	}
	if a.make == nil {
		a.make = func(h *house) string { return h.file(a.file, a.text) }
	}
	path := a.make(h)
	before, parts := h.histories(), len(h.parts())
	var m1, m2 runtime.MemStats
	runtime.ReadMemStats(&m1)
	_, err := h.im.Import(context.Background(), path, a.kind, a.op)
	runtime.ReadMemStats(&m2)
	if err == nil {
		t.Fatal("it was taken in")
	}
	if problem.Of(err) != a.err {
		t.Errorf("kind %q, want %q", problem.Of(err), a.err)
	}
	for _, s := range a.says {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("it does not say %q: %v", s, err)
		}
	}
	if len(err.Error()) > 2000 {
		t.Errorf("the error has %d bytes", len(err.Error()))
	}
	if used := (m2.TotalAlloc - m1.TotalAlloc) >> 20; used > 64 {
		t.Errorf("it took %d MiB of memory", used)
	}
	if h.histories() != before || len(h.parts()) != parts {
		t.Error("something was taken in")
	}
	if left, _ := filepath.Glob(filepath.Join(h.dir, "*.tmp")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if orphans := lakeFiles(h); orphans != parts {
		t.Errorf("%d files in the lake for %d parts", orphans, parts)
	}
}

func lakeFiles(h *house) int {
	n := 0
	filepath.WalkDir(h.lake.Dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".parquet") {
			n++
		}
		return nil
	})
	return n
}

// TestZooOfLists has lists that are in force when the bad ones come.
func TestZooOfLists(t *testing.T) {
	for _, a := range []animal{
		{name: "a TAC file that shrank", file: "t.txt", kind: device.FileTAC, text: tacRows(899), err: problem.Refused,
			says: []string{"has 899 rows", "(tacs.txt) has 1000", "at least 900 are expected", "Ask for the complete list", "tac_shrink_rows"}},
		{name: "a stolen list that shrank", file: "s.csv", kind: device.FileStolen, text: stolenRows(74), err: problem.Refused,
			says: []string{"has 74 rows", "at least 75 are expected", "stolen_keep_ratio"}},
		{name: "an empty TAC file", file: "t.txt", kind: device.FileTAC, text: tacRows(0), err: problem.Refused, says: []string{"has 0 rows"}},
		{name: "two rows for a TAC", file: "t.txt", kind: device.FileTAC, text: tacRows(1000) + "01000005|Zed|GSM|01-Jan-2020|M5|Phone\n", err: problem.Invalid,
			says: []string{"1 contradict", "t.txt.results"}},
		{name: "two rows for a device", file: "s.csv", kind: device.FileStolen, text: stolenRows(100) + "35000001000005,20260102,\n", err: problem.Invalid,
			says: []string{"1 contradict"}},
		{name: "a TAC of seven digits", file: "t.txt", kind: device.FileTAC, text: tacRows(1000) + "1000005|Zed|GSM|01-Jan-2020|M5|Phone\n", err: problem.Invalid, says: []string{"1 rows are malformed"}},
		{name: "a column missing", file: "t.txt", kind: device.FileTAC, text: "TAC|Manufacturer|Bands|Model Name|Device Type\n", err: problem.Invalid, says: []string{"missing Allocation Date"}},
		{name: "a column twice", file: "t.txt", kind: device.FileTAC, text: "TAC|Manufacturer|Bands|Model Name|Device Type|TAC|Allocation Date\n", err: problem.Invalid, says: []string{"column TAC is there twice"}},
		{name: "commas", file: "t.txt", kind: device.FileTAC, text: "TAC,Manufacturer,Bands\n", err: problem.Invalid, says: []string{"missing TAC", "TAC|Manufacturer"}},
		{name: "a date of another form", file: "t.txt", kind: device.FileTAC, text: tacRows(1000) + "02000005|Zed|GSM|2020-01-01|M5|Phone\n", err: problem.Invalid, says: []string{"1 rows are malformed"}},
		{name: "a row too short", file: "t.txt", kind: device.FileTAC, text: tacRows(1000) + "02000005|Zed|GSM\n", err: problem.Invalid, says: []string{"1 rows are malformed"}},
		{name: "a stolen list's header", file: "s.csv", kind: device.FileStolen, text: "imei,date,status\n", err: problem.Invalid, says: []string{"imei,reporting_date,status"}},
		{name: "stolen tomorrow", file: "s.csv", kind: device.FileStolen, text: stolenRows(100) + "36000001000005,20260302,\n", err: problem.Invalid, says: []string{"1 rows are malformed"}},
		{name: "a list for an operator", file: "s.csv", kind: device.FileStolen, op: "alpha", text: stolenRows(100), err: problem.Invalid, says: []string{"leave the operator out"}},
		{name: "half of the usual", file: "alpha_20260201_20260228.csv", text: strings.ReplaceAll(rows(140, func(int, []string) {}), "\n202601", "\n202602"), err: problem.Refused,
			says: []string{"daily_imei_min is 0.5, limit 0.9", "5 distinct IMEI a day, 10 on the last 28 days"}},
		{name: "three times the usual", file: "alpha_20260201_20260228.csv", text: strings.ReplaceAll(rows(840, func(int, []string) {}), "\n202601", "\n202602"), err: problem.Refused,
			says: []string{"daily_imei_max is 2.98"}},
		{name: "zeros stripped from fifteen digits", file: "alpha_20260201_20260228.csv", err: problem.Refused, says: []string{"leading_zero is 1, limit 0.5", "280 of the former have an allocated TAC"},
			text: strings.ReplaceAll(rows(280, func(i int, f []string) { f[1] = fmt.Sprintf("1000%03d0%06d", i, i) }), "\n202601", "\n202602")},
	} {
		t.Run(a.name, func(t *testing.T) {
			h := newHouse(t, t.TempDir())
			h.take(h.file("tacs.txt", tacRows(1000)), device.FileTAC, "")
			h.take(h.file("stolen.csv", stolenRows(100)), device.FileStolen, "")
			h.take(h.file("alpha_20260101_20260128.csv", rows(280, func(int, []string) {})), device.FileOperator, "alpha")
			visit(t, h, a)
		})
	}
}

// TestOverrides takes a file that is right although a gate says otherwise.
func TestOverrides(t *testing.T) {
	h := newHouse(t, t.TempDir())
	path := h.file(dumpName+".csv", rows(100, func(i int, f []string) { f[3] = "" }))
	h.im.Gates.Country = map[string]float64{"null_any": 1}
	h.im.Gates.Operators = map[device.Operator]map[string]float64{"alpha": {"null_msisdn": -1}, "beta": {"null_msisdn": 0}}
	rep := h.take(path, device.FileOperator, "alpha")
	if rep.File.Rows != 100 || len(rep.Gates) < 15 || len(rep.Warnings) != 1 || !strings.Contains(rep.Warnings[0], "3 of 31 days") {
		t.Errorf("%d rows, %d gates, warnings %q", rep.File.Rows, len(rep.Gates), rep.Warnings)
	}
	h.im.Gates.Country = map[string]float64{"nul_any": 1}
	if _, err := h.im.Import(context.Background(), h.file("x_20260101_20260101.csv", dumpHead), device.FileOperator, "alpha"); err == nil || !strings.Contains(err.Error(), `no gate "nul_any"`) {
		t.Errorf("unknown gate: %v", err)
	}
}

// TestResultsAreInert looks for cells that a spreadsheet would run.
func TestResultsAreInert(t *testing.T) {
	h := newHouse(t, t.TempDir())
	content := dumpHead
	for _, evil := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1", `"=cmd|' /C calc'!A0"`} {
		content += evil + ",35000001000010,,\n20260105," + evil + ",,\n" + evil + "\n"
	}
	rep, err := h.im.Import(context.Background(), h.file(dumpName+".csv", content), device.FileOperator, "alpha")
	if err == nil || rep.Results == "" {
		t.Fatal(rep.Results, err)
	}
	b, err := os.ReadFile(rep.Results)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		for cell := range strings.SplitSeq(strings.ReplaceAll(line, `"`, ""), ",") {
			if strings.ContainsAny(cell[:min(1, len(cell))], "=+-@\t\r") || strings.HasPrefix(cell, "＝") {
				t.Errorf("cell %q", cell)
			}
		}
	}
}
