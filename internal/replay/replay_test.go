package replay

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/subscriber"
)

var lines = []struct {
	text   string
	attach device.Attach
}{
	// 2026-06-30 12:00 UTC; spare digit 0; a test-network IMSI; cell of 2.5 N, 130.5 W.
	{"1782820800000000,359000010000010,001010123456789,9995012345678,4G,mme-01.gannet,3330495",
		device.Attach{Time: 1782820800000000, IMEI: "359000010000010", IMSI: 1010123456789, MSISDN: 9995012345678,
			Radio: device.Radio4G, Node: "mme-01.gannet", Area: 3330495}},
	// Software version; no number.
	{"1782820800000000,3590000100000177,999700000000001,,5G,amf-02,3330496",
		device.Attach{Time: 1782820800000000, IMEI: "3590000100000177", IMSI: 999700000000001,
			Radio: device.Radio5G, Node: "amf-02", Area: 3330496}},
	// Malformed identity, and all else unknown.
	{"1782820800000001,35A*#,,,,,", device.Attach{Time: 1782820800000001, IMEI: "35A*#"}},
	{"1782820800000002,,20000000000001,10000,2G,,1",
		device.Attach{Time: 1782820800000002, IMSI: 20000000000001, MSISDN: 10000, Radio: device.Radio2G, Area: 1}},
}

func TestLines(t *testing.T) {
	var text, packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	w := NewWriter(io.MultiWriter(&text, z))
	want := Header + "\n"
	for _, l := range lines {
		want += l.text + "\n"
		if err := w.Write(&l.attach); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Flush(), z.Close()); err != nil {
		t.Fatal(err)
	}
	if text.String() != want {
		t.Fatalf("wrote\n%s\nwant\n%s", text.String(), want)
	}
	for _, in := range []*bytes.Buffer{&text, &packed} {
		i := 0
		for a, err := range Attaches(in) {
			if err != nil || a != lines[i].attach {
				t.Fatalf("line %d: read %+v, %v; want %+v", i, a, err, lines[i].attach)
			}
			i++
		}
		if i != len(lines) {
			t.Fatalf("read %d attaches, want %d", i, len(lines))
		}
	}
}

func TestRefused(t *testing.T) {
	good := lines[0].text
	for name, tc := range map[string]struct{ file, want string }{
		"nothing":           {"", "empty"},
		"other header":      {"date,imei\n", "header"},
		"no line feed":      {Header + "\n" + good, "cut off"},
		"six fields":        {Header + "\n1,2,,,,\n", "seven fields"},
		"eight fields":      {Header + "\n" + good + ",\n", "seven fields"},
		"empty line":        {Header + "\n\n", "seven fields"},
		"carriage return":   {Header + "\n" + good + "\r\n", "area"},
		"no time":           {Header + "\n,,,,,,\n", "time"},
		"zero-padded time":  {Header + "\n01,,,,,,\n", "time"},
		"time out of range": {Header + "\n9223372036854775808,,,,,,\n", "time"},
		"earlier":           {Header + "\n2,,,,,,\n1,,,,,,\n", "line 3: the time is earlier"},
		"quote":             {Header + "\n1,\"35\",,,,,\n", "imei"},
		"long imei":         {Header + "\n1," + strings.Repeat("1", 33) + ",,,,,\n", "imei"},
		"short imsi":        {Header + "\n1,,1010123456789,,,,\n", "IMSI"},
		"padded imsi":       {Header + "\n1,,020000000000001,,,,\n", "IMSI"},
		"zero imsi":         {Header + "\n1,,000000000000000,,,,\n", "IMSI"},
		"padded msisdn":     {Header + "\n1,,,0999501234,,,\n", "MSISDN"},
		"rat code":          {Header + "\n1,,,,006,,\n", "rat"},
		"node in capitals":  {Header + "\n1,,,,,MME,\n", "node"},
		"area 0":            {Header + "\n1,,,,,,0\n", "area"},
		"area off the grid": {Header + "\n1,,,,,,6483600\n", "area"},
		"endless line":      {Header + "\n" + strings.Repeat("1", 10<<20), "longer"},
		"damaged gzip":      {"\x1f\x8bxx", "gzip"},
	} {
		var err error
		for _, e := range Attaches(strings.NewReader(tc.file)) {
			err = e
		}
		if err == nil || !strings.Contains(err.Error(), tc.want) || problem.Of(err) != problem.Invalid {
			t.Errorf("%s: error %v, want one with %q", name, err, tc.want)
		}
	}
}

func TestWriterRefuses(t *testing.T) {
	for _, a := range []device.Attach{
		{Time: -1}, {IMEI: "a,b"}, {IMEI: "a\n"}, {IMSI: 1e15}, {MSISDN: 1}, {Radio: device.RadioCount}, {Node: "a b"}, {Area: -1}, {Area: areaMax},
	} {
		if err := NewWriter(io.Discard).Write(&a); problem.Of(err) != problem.Invalid || err == nil {
			t.Errorf("%+v: error %v, want invalid", a, err)
		}
	}
}

// The package's own reading of an IMSI must agree with package subscriber.
func TestIMSIAgrees(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		i := subscriber.IMSI(r.Uint64N(imsiLimit) >> r.IntN(40))
		if got := string(appendIMSI(nil, i)); got != i.String() {
			t.Fatalf("IMSI %d: wrote %q, want %q", uint64(i), got, i.String())
		}
		b := make([]byte, r.IntN(17))
		for k := range b {
			b[k] = "0012345678x"[r.IntN(11)]
		}
		got, err := parseIMSI(b)
		want, werr := subscriber.ParseIMSI(string(b))
		if len(b) > 0 && (got != want || (err == nil) != (werr == nil)) {
			t.Fatalf("IMSI %q: read %d, %v; want %d, %v", b, got, err, want, werr)
		}
	}
}

// Whatever is read without error is written back byte for byte.
func FuzzReader(f *testing.F) {
	for _, l := range lines {
		f.Add([]byte(Header + "\n" + l.text + "\n"))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) > 1 && in[0] == 0x1f {
			return // compressed input has many forms
		}
		var out bytes.Buffer
		w := NewWriter(&out)
		for a, err := range Attaches(bytes.NewReader(in)) {
			if err != nil {
				return
			}
			if err := w.Write(&a); err != nil {
				t.Fatalf("read but not written: %+v: %v", a, err)
			}
		}
		if err := w.Flush(); err != nil || !bytes.Equal(in, out.Bytes()) {
			t.Fatalf("read %q, wrote %q, %v", in, out.Bytes(), err)
		}
	})
}

func BenchmarkReader(b *testing.B) {
	line := lines[0].text + "\n"
	in := Header + "\n" + strings.Repeat(line, b.N)
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	b.ResetTimer()
	for _, err := range Attaches(strings.NewReader(in)) {
		if err != nil {
			b.Fatal(err)
		}
	}
}
