package observe_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/observe"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/internal/segment"
	"pgregory.net/rapid"
)

// dumps returns small dumps of one operator over overlapping ranges, by file name.
func dumps(r *rand.Rand, op string, n, size int) map[string]string {
	files := make(map[string]string)
	for len(files) < n {
		from := device.Date(2026, 1, 1+r.IntN(30))
		to := from + device.Day(r.IntN(20))
		var b strings.Builder
		b.WriteString("date,imei,imsi,msisdn,rat\n")
		for range size {
			p := r.IntN(30)
			imei := fmt.Sprintf("350000010000%02d", p)
			switch r.IntN(12) {
			case 0:
				imei = imei[1:]
			case 1:
				imei += "7"
			case 2:
				imei = "350000010000000"
			}
			fmt.Fprintf(&b, "%s,%s,4700100000000%02d,88017000000%02d,%03d\n", (from + device.Day(r.IntN(int(to-from)+1))).Compact(), imei, r.IntN(40), p, 1+r.IntN(10))
		}
		files[fmt.Sprintf("%s_%s_%s.csv", op, from.Compact(), to.Compact())] = b.String()
	}
	return files
}

var allOff = []string{"unclean_imei", "unclean_any", "daily_imei_min", "daily_imsi_min", "daily_msisdn_min", "daily_imei_max", "daily_imsi_max", "daily_msisdn_max"}

// TestPropertyOrderOfFiles: in whatever order files come, and however often, the histories are the
// same, and equal to a plain reading of the rows.
func TestPropertyOrderOfFiles(t *testing.T) {
	base := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		files := dumps(r, "alpha", 1+r.IntN(4), 1+r.IntN(60))
		names := make([]string, 0)
		for name := range files {
			names = append(names, name)
		}
		slices.Sort(names)
		var want string
		for round := range 2 {
			dir, err := os.MkdirTemp(base, "house")
			if err != nil {
				rt.Fatal(err)
			}
			h := newHouse(t, dir).off(allOff...)
			r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
			for _, name := range names {
				h.take(h.file(name, files[name]), device.FileOperator, "alpha")
			}
			h.take(filepath.Join(dir, names[0]), device.FileOperator, "alpha")
			got := sorted(h.histories())
			if round > 0 && got != want {
				rt.Fatalf("in the order %q:\n%s\nbefore:\n%s", names, got, want)
			}
			want = got
			os.RemoveAll(dir)
		}
		if plain := plainReading(files); plain != want {
			rt.Fatalf("lake:\n%s\nplain reading:\n%s", want, plain)
		}
	})
}

// sorted puts the malformed rows, which parts give one after the other, into one order.
func sorted(s string) string {
	lines := slices.Sorted(strings.Lines(s))
	return strings.Join(lines, "")
}

// plainReading does with maps and strings what the import does with radix and bitmaps.
func plainReading(files map[string]string) string {
	classes := []int{0, 3, 2, 0, 0, 3, 4, 0, 4, 4, 5}
	seen := make(map[string]*[5]uint32)
	lines := make(map[string]bool)
	var out []string
	for _, text := range files {
		clear(lines)
		for line := range strings.Lines(text) {
			f := strings.Split(strings.TrimSpace(line), ",")
			if f[0] == "date" {
				continue
			}
			day, _ := device.ParseDay(f[0])
			month, n := day.Month()
			if len(f[1]) < 14 {
				if !lines[f[0]+f[1]+f[2]+f[3]] {
					out = append(out, fmt.Sprintf("malformed %q %q %q alpha %s imei: 13 digits, leading zeros were perhaps stripped\n", f[1], f[2], f[3], day))
				}
				lines[f[0]+f[1]+f[2]+f[3]] = true
				continue
			}
			key := fmt.Sprintf("%s %s %s alpha %s", f[1][:14], f[2], f[3], month)
			if seen[key] == nil {
				seen[key] = new([5]uint32)
			}
			code := int(f[4][1]-'0')*10 + int(f[4][2]-'0')
			radio := map[int]int{0: 0, 2: 1, 3: 2, 4: 3, 5: 4}[classes[code]]
			seen[key][radio] |= 1 << (n - 1)
		}
	}
	for key, s := range seen {
		out = append(out, fmt.Sprintf("%s %x\n", key, *s))
	}
	slices.Sort(out)
	return strings.Join(out, "")
}

// killDir tells a child process of TestKilledImports where to work.
const killDir = "OPENCEIR_TEST_IMPORT"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		if err := importAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// importAll imports every file of a directory, as a script would: dumps, segments and lists, whose names
// begin with their kind, and with delta if they are one.
func importAll(dir string) error {
	h := newHouse(nil, dir).off(allOff...)
	names, err := filepath.Glob(filepath.Join(dir, "in", "*"))
	if err != nil {
		return err
	}
	for _, path := range names {
		switch filepath.Ext(path) {
		case ".csv":
			_, err = h.im.Import(context.Background(), path, device.FileOperator, "alpha")
		case ".list":
			kind, delta := strings.CutPrefix(filepath.Base(path)[2:], "delta-")
			kind, _, _ = strings.Cut(kind, ".")
			_, err = h.im.ImportWith(context.Background(), path, device.FileKind(kind), "", observe.Options{Delta: delta})
		case ".seg":
			data, readErr := os.ReadFile(path)
			if readErr != nil {
				return readErr
			}
			_, err = h.im.Accept(context.Background(), "alpha", filepath.Base(path), data)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// TestKilledImports kills the importing process at random moments and starts it again, until it
// gets through; the result must be that of an undisturbed run.
func TestKilledImports(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	rounds := 6
	if testing.Short() {
		rounds = 2
	}
	r := rand.New(rand.NewPCG(7, 7))
	kills := 0
	for round := range rounds {
		calm, wild := newHouse(t, t.TempDir()), newHouse(t, t.TempDir())
		for _, h := range []*house{calm, wild} {
			os.Mkdir(filepath.Join(h.dir, "in"), 0o700)
			in := rand.New(rand.NewPCG(uint64(round), 8))
			for name, text := range dumps(in, "alpha", 12, 3000) {
				h.file(filepath.Join("in", name), text)
			}
			h.file(filepath.Join("in", "z.seg"), string(someSegment(h, in, 2000)))
			lists(h, in)
		}
		start := time.Now()
		if err := importAll(calm.dir); err != nil {
			t.Fatal(err)
		}
		took := time.Since(start)
		want := calm.histories() + calm.lists()
		for attempt := 0; ; attempt++ {
			cmd := exec.Command(self)
			cmd.Env = append(os.Environ(), killDir+"="+wild.dir)
			var says bytes.Buffer
			cmd.Stderr = &says
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if attempt < 40 {
				timer := time.AfterFunc(time.Duration(r.Int64N(int64(took)/2)), func() { cmd.Process.Kill() })
				err = cmd.Wait()
				timer.Stop()
			} else {
				err = cmd.Wait()
			}
			var exit *exec.ExitError
			if errors.As(err, &exit) && exit.ExitCode() == -1 {
				kills++
				continue // killed: whatever it left, the next one goes on
			}
			if err != nil {
				t.Fatalf("%v: %s", err, says.String())
			}
			break
		}
		if got := wild.histories() + wild.lists(); got != want {
			t.Fatalf("round %d: histories differ after kills", round)
		}
		live := make(map[string]bool)
		for _, p := range wild.parts() {
			live[p.Digest] = true
			if err := wild.lake.Verify(p); err != nil {
				t.Error(err)
			}
		}
		if _, err := wild.lake.Sweep(context.Background(), func(d string) bool { return live[d] }); err != nil {
			t.Error(err)
		}
		if got := wild.histories() + wild.lists(); got != want || lakeFiles(wild) != len(live) {
			t.Errorf("round %d: after the sweep %d files for %d parts", round, lakeFiles(wild), len(live))
		}
	}
	t.Logf("%d kills in %d rounds", kills, rounds)
	if kills == 0 {
		t.Error("nothing was killed")
	}
}

func someSegment(h *house, r *rand.Rand, n int) []byte {
	h.Helper()
	var out bytes.Buffer
	w, err := segment.NewWriter(&out, "alpha")
	if err != nil {
		h.Fatal(err)
	}
	for range n {
		from := device.Minute(device.Date(2026, 1, 5))*1440 + device.Minute(r.IntN(40*1440))
		to := from + device.Minute(r.IntN(600))
		if err := w.Write(segment.Row{
			IMEI: fmt.Sprintf("350000010000%02d0", r.IntN(100)), IMSI: 470010000000001, Radio: device.Radio4G, Area: device.Area(r.IntN(10)),
			From: from, To: to, First: device.Day(from / 1440), Last: device.Day(to / 1440),
		}); err != nil {
			h.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		h.Fatal(err)
	}
	return out.Bytes()
}

func TestAccept(t *testing.T) {
	ctx := context.Background()
	h := newHouse(t, t.TempDir())
	var out bytes.Buffer
	w, err := segment.NewWriter(&out, "alpha")
	if err != nil {
		t.Fatal(err)
	}
	day := device.Date(2026, 1, 31)
	at := device.Minute(day) * 1440
	for _, row := range []segment.Row{
		{IMEI: "35000001000010", IMSI: 470010000000001, MSISDN: 8801700000001, Radio: device.Radio5G, Area: 7, From: at + 1430, To: at + 1450, First: day, Last: day + 1},
		{IMEI: "3500000100001099", MSISDN: 8801700000001, Radio: device.Radio2G, Area: 8, From: at, To: at, First: day, Last: day},
		{IMEI: "1234567890123", IMSI: 470010000000001, From: at, To: at, First: day, Last: day},
		{IMEI: "nonsense", From: at, To: at, First: day, Last: day},
		{IMEI: "", From: at, To: at, First: day, Last: day},
		{IMEI: "35000001000010", From: at + 60*1440, To: at + 60*1440, First: day + 60, Last: day + 60},
	} {
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	const want = `35000001000010  8801700000001 alpha 2026-01 [0 40000000 0 0 0]
35000001000010 470010000000001 8801700000001 alpha 2026-01 [0 0 0 0 40000000]
35000001000010 470010000000001 8801700000001 alpha 2026-02 [0 0 0 0 1]
35000001000010 msisdn-8801700000001 alpha 8 29496960-29496960
35000001000010 imsi-470010000000001 alpha 7 29498390-29498410
malformed "1234567890123" "470010000000001" "" alpha 2026-01-31 imei: 13 digits, leading zeros were perhaps stripped
`
	for range 2 {
		rep, err := h.im.Accept(ctx, "alpha", "1.seg", out.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		f := rep.File
		if got := h.histories(); got != want || f.Rows != 2 || f.Refused != 2 || f.Malformed != 1 || f.From != day || f.To != day+1 {
			t.Errorf("%+v\n%s", f, got)
		}
	}
	for _, c := range []struct {
		op   device.Operator
		data []byte
		kind problem.Kind
		says string
	}{
		{"beta", out.Bytes()[:len(out.Bytes())-1], problem.Refused, "came from \"beta\""},
		{"gamma", out.Bytes(), problem.Refused, "not in the configuration"},
		{"alpha", out.Bytes()[:len(out.Bytes())-1], problem.Invalid, "torn"},
		{"alpha", out.Bytes()[:30], problem.Invalid, "torn"},
		{"alpha", []byte("date,imei,imsi"), problem.Invalid, "not an observation segment"},
		{"alpha", append(bytes.Clone(out.Bytes()), 0), problem.Invalid, "follow the end"},
		{"alpha", make([]byte, segment.Max+1), problem.Invalid, "write shorter"},
	} {
		if _, err := h.im.Accept(ctx, c.op, "bad.seg", c.data); problem.Of(err) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.says, err)
		}
		if h.histories() != want {
			t.Fatal("a bad segment was taken in")
		}
	}
	h.im.Visits = false
	rep, err := h.im.Accept(ctx, "alpha", "2.seg", someSegment(h, rand.New(rand.NewPCG(1, 1)), 10))
	if err != nil || slices.ContainsFunc(rep.File.Parts, func(p device.Part) bool { return p.Table == "visits" }) {
		t.Errorf("visits where the country keeps none: %v", err)
	}
}
