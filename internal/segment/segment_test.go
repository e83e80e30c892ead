package segment

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

func write(t testing.TB, rows []Row) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, "alpha")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// read returns the rows until the first error; a clean end is nil.
func read(b []byte) (rows []Row, err error) {
	r, err := NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	for {
		var row Row
		if err := r.Next(&row); errors.Is(err, io.EOF) {
			return rows, nil
		} else if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
}

func someRows(n int) []Row {
	r := rand.New(rand.NewPCG(1, 2))
	texts := []string{"35123456789012", "012345678901234", "0000000000000000", "1234567890123", "", "imei?", "*#06#", "99999999999999"}
	rows := make([]Row, n)
	for i := range rows {
		from := device.Minute(29_000_000 + r.IntN(100_000))
		to := from + device.Minute(r.IntN(StayMax+1))
		rows[i] = Row{
			IMEI: texts[r.IntN(len(texts))], IMSI: subscriber.IMSI(r.Uint64N(1e15)), MSISDN: subscriber.MSISDN(r.Uint64N(1e15)),
			Radio: device.Radio(r.IntN(device.RadioCount)), Area: device.Area(r.IntN(areaEnd)), From: from, To: to,
			First: device.Day(from / 1440), Last: device.Day(to / 1440),
		}
	}
	return rows
}

// TestVector fixes the bytes of version 1.
func TestVector(t *testing.T) {
	row := Row{
		IMEI: "01234567890123", IMSI: 470_010_000_000_001, Radio: device.Radio4G, Area: 5, From: 29_000_000, To: 29_000_010,
		First: 20139, Last: 20139,
	}
	got := hex.EncodeToString(write(t, []Row{row}))
	back, err := read(write(t, []Row{row}))
	if err != nil || len(back) != 1 || back[0] != row {
		t.Fatalf("%v %v", back, err)
	}
	if got != vector {
		t.Errorf("got  %s\nwant %s", got, vector)
	}
}

// vector is the magic; the header block with its check; a block with one row; the end block.
const vector = "4f43454952534731" +
	"06000000" + "ca668304" + "48" + "616c706861" +
	"19000000" + "b2d5131e" + "52" +
	"0e" + "cb89ec8ff723" + // 14 digits, the number 1234567890123
	"8188ddd88bef6a" + "00" + "03" + "05" + // IMSI, no MSISDN, 4G, area 5
	"8085d41b" + "0a" + "02" + "00" + // from 29,000,000 (zigzag), stay 10, day one later than in UTC, same day
	"02000000" + "7ecb35a1" + "45" + "01"

func TestRoundTrip(t *testing.T) {
	rows := someRows(20_000)
	got, err := read(write(t, rows))
	if err != nil || !slices.Equal(got, rows) {
		t.Fatalf("%d rows of %d, %v", len(got), len(rows), err)
	}
}

func TestTornAtEveryByte(t *testing.T) {
	rows := someRows(300)
	whole := write(t, rows)
	for n := range whole {
		got, err := read(whole[:n])
		if !errors.Is(err, ErrTorn) {
			t.Fatalf("cut at %d of %d: %v", n, len(whole), err)
		}
		if !slices.Equal(got, rows[:len(got)]) {
			t.Fatalf("cut at %d: rows differ", n)
		}
	}
}

func TestFlippedBits(t *testing.T) {
	whole := write(t, someRows(50))
	for i := range whole {
		for bit := range 8 {
			bad := bytes.Clone(whole)
			bad[i] ^= 1 << bit
			if _, err := read(bad); err == nil {
				t.Fatalf("bit %d of byte %d flipped and nobody noticed", bit, i)
			}
		}
	}
}

func TestWriterRefuses(t *testing.T) {
	good := someRows(1)[0]
	cases := map[string]func(*Row){
		"longer than":   func(r *Row) { r.IMEI = strings.Repeat("1", IMEIMax+1) },
		"printable":     func(r *Row) { r.IMEI = "35\n" },
		"fifteen":       func(r *Row) { r.IMSI = 1e15 },
		"radio":         func(r *Row) { r.Radio = device.RadioCount },
		"on the earth":  func(r *Row) { r.Area = -1 },
		"ends before":   func(r *Row) { r.To = r.From - 1 },
		"too long":      func(r *Row) { r.To = r.From + StayMax + 1 },
		"of the minute": func(r *Row) { r.First += 2 },
	}
	var out bytes.Buffer
	w, err := NewWriter(&out, "alpha")
	if err != nil {
		t.Fatal(err)
	}
	for want, spoil := range cases {
		bad := good
		spoil(&bad)
		if err := w.Write(bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if err := w.Write(good); err != nil {
		t.Error(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if rows, err := read(out.Bytes()); err != nil || len(rows) != 1 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	for _, name := range []device.Operator{"", "a\nb", device.Operator(strings.Repeat("a", operatorMax+1))} {
		if _, err := NewWriter(io.Discard, name); err == nil {
			t.Errorf("operator %q was accepted", name)
		}
	}
}

func TestFullSegment(t *testing.T) {
	var out bytes.Buffer
	w, err := NewWriter(&out, "alpha")
	if err != nil {
		t.Fatal(err)
	}
	row := someRows(1)[0]
	row.IMEI = strings.Repeat("x", IMEIMax)
	for !w.Full() {
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Write(row); err == nil {
		t.Error("a full segment took a row")
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if out.Len() > Max {
		t.Errorf("%d bytes", out.Len())
	}
	if rows, err := read(out.Bytes()); err != nil || len(rows) != w.Rows() {
		t.Errorf("%d rows of %d, %v", len(rows), w.Rows(), err)
	}
}

func FuzzReader(f *testing.F) {
	f.Add(write(f, someRows(3)))
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, err := read(b)
		if err != nil {
			return
		}
		again, err := read(write(t, rows))
		if err != nil || !slices.Equal(again, rows) {
			t.Errorf("%d rows became %d, %v", len(rows), len(again), err)
		}
	})
}

// FuzzRows looks at what is inside a block with a good check.
func FuzzRows(f *testing.F) {
	whole := write(f, someRows(3))
	f.Add(whole[8+8+6+9 : len(whole)-8-2])
	f.Fuzz(func(t *testing.T, b []byte) {
		s := &Reader{block: b, r: bytes.NewReader(nil), buf: make([]byte, BlockMax)}
		for n := 0; ; n++ {
			var row Row
			if err := s.Next(&row); err != nil {
				return
			}
			if row.check() != nil || n > len(b) {
				t.Fatalf("row %d: %+v", n, row)
			}
		}
	})
}

func BenchmarkWrite(b *testing.B) {
	rows := someRows(1000)
	w, err := NewWriter(io.Discard, "alpha")
	if err != nil {
		b.Fatal(err)
	}
	i := 0
	for b.Loop() {
		if w.Full() {
			w, _ = NewWriter(io.Discard, "alpha")
		}
		if err := w.Write(rows[i%1000]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
