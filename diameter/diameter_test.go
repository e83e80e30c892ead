package diameter

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		panic(err)
	}
	return b
}

// TestHeader reads and writes one header, RFC 6733 §3:
// version 1, length 0x0000f4, flags R P, command 324, application 16777252, identifiers.
func TestHeader(t *testing.T) {
	const text = "010000f4 c0000144 01000024 0a0b0c0d 01020304"
	want := Header{Version: 1, Flags: Request | Proxiable, Length: 0xf4, Command: 324,
		Application: 16777252, HopByHop: 0x0a0b0c0d, EndToEnd: 0x01020304}
	got, ok := ParseHeader(unhex(text))
	if !ok || got != want || !got.IsRequest() {
		t.Errorf("read %+v", got)
	}
	b := AppendHeader([]byte("before"), want)
	b = append(b, make([]byte, 0xf4-HeaderSize)...)
	Finish(b, 6)
	if !bytes.Equal(b[6:6+HeaderSize], unhex(text)) {
		t.Errorf("wrote %x", b[6:6+HeaderSize])
	}
	for n := range HeaderSize {
		if _, ok := ParseHeader(make([]byte, n)); ok {
			t.Errorf("%d bytes passed for a header", n)
		}
	}
}

func TestFrame(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   string
		want int // length of the message, 0 if more is needed, -1 for ErrMessageLength
	}{
		{"nothing", "", 0},
		{"part of the length", "0100", 0},
		{"header incomplete", "01000014 80000118 00000000 00000001 000000", 0},
		{"a header alone", "01000014 80000118 00000000 00000001 00000001", 20},
		{"and what follows", "01000014 80000118 00000000 00000001 00000001 ffff", 20},
		{"body incomplete", "01000018 80000118 00000000 00000001 00000001 ffff", 0},
		{"longest", "01000040 80000118 00000000 00000001 00000001", 0},
		{"longer than the limit", "01000044 80000118 00000000 00000001 00000001", -1},
		{"length zero", "01000000 80000118 00000000 00000001 00000001", -1},
		{"shorter than its header", "01000010 80000118 00000000 00000001 00000001", -1},
		{"not a multiple of four", "01000017 80000118 00000000 00000001 00000001 ffffff", -1},
		{"the largest number", "01ffffff 80000118 00000000 00000001 00000001", -1},
	} {
		m, err := Frame(unhex(tt.in), 64)
		switch {
		case tt.want < 0 && !errors.Is(err, ErrMessageLength), tt.want >= 0 && (err != nil || len(m) != tt.want):
			t.Errorf("%s: %d bytes, %v", tt.name, len(m), err)
		}
	}
}

func TestNext(t *testing.T) {
	for _, tt := range []struct {
		name         string
		in           string
		code, vendor uint32
		mandatory    bool
		data, rest   string
		err          error
	}{
		// Software-Version 1403 of vendor 10415, V and M, 14 bytes: "01" and two of padding.
		{"with a vendor", "0000057b c000000e 000028af 3031 0000", 1403, 10415, true, "3031", "", nil},
		// Product-Name 269, no flag, 9 bytes: "A" and three of padding that are not zero; then more.
		{"padding of any value", "0000010d 00000009 41ffffff aabb", 269, 0, false, "41", "aabb", nil},
		{"no data", "0000010d 00000008", 269, 0, false, "", "", nil},
		{"no data, with a vendor", "0000010d 8000000c 00000001", 269, 1, false, "", "", nil},
		{"last padding left out", "0000010d 00000009 41", 269, 0, false, "41", "", nil},
		{"reserved bits", "0000010d 3f000008", 269, 0, false, "", "", nil},
		{"length zero", "0000010d 00000000 41414141", 269, 0, false, "", "", ErrAVPLength},
		{"shorter than its header", "0000010d 00000007 41414141", 269, 0, false, "", "", ErrAVPLength},
		{"shorter than its header with a vendor", "0000010d 80000008 00000001", 269, 1, false, "", "", ErrAVPLength},
		{"vendor bit and no room for it", "0000010d c0000008", 269, 0, true, "", "", ErrAVPLength},
		{"vendor bit and half of it", "0000010d c000000c 0000", 269, 0, true, "", "", ErrAVPLength},
		{"one byte too long", "0000010d 0000000d 41414141", 269, 0, false, "", "", ErrAVPLength},
		{"the largest number", "0000010d 00ffffff 41414141", 269, 0, false, "", "", ErrAVPLength},
		{"header incomplete", "0000010d 000000", 269, 0, false, "", "", ErrAVPLength},
		{"code incomplete", "0000", 0, 0, false, "", "", ErrAVPLength},
		{"nothing", "", 0, 0, false, "", "", ErrAVPLength},
	} {
		a, rest, err := Next(unhex(tt.in))
		if err != tt.err || a.Code != tt.code || a.Vendor != tt.vendor || a.Mandatory() != tt.mandatory ||
			!bytes.Equal(a.Data, unhex(tt.data)) || !bytes.Equal(rest, unhex(tt.rest)) {
			t.Errorf("%s: %+v, rest %x, %v", tt.name, a, rest, err)
		}
	}
}

// TestGroup writes Experimental-Result {Vendor-Id 10415, Experimental-Result-Code 5422} and a
// group whose last AVP needs padding: the padding is within the group's length.
func TestGroup(t *testing.T) {
	b, at := Open(nil, ExperimentalResult, 0, Mandatory)
	b = AppendUint32(b, VendorID, 0, Mandatory, 10415)
	b = AppendUint32(b, ExperimentalResultCode, 0, Mandatory, 5422)
	b = Close(b, at)
	if want := unhex("00000129 40000020 0000010a4000000c000028af 0000012a4000000c0000152e"); !bytes.Equal(b, want) {
		t.Errorf("\n got %x\nwant %x", b, want)
	}
	b, at = Open(nil, 1401, 10415, Mandatory)
	b = AppendString(b, 1403, 10415, Mandatory, "01")
	b = Close(b, at)
	if want := unhex("00000579 c000001c 000028af 0000057b c000000e 000028af 30310000"); !bytes.Equal(b, want) {
		t.Errorf("\n got %x\nwant %x", b, want)
	}
	if a, ok := Find(b, 1401, 10415); !ok || len(a.Data) != 16 {
		t.Errorf("found %v", a)
	}
	if _, ok := Find(b, 1401, 0); ok {
		t.Error("found the AVP of another vendor")
	}
}

// TestLinear walks a million of the smallest AVPs, and a group nested as deep as its bytes allow.
func TestLinear(t *testing.T) {
	const many = 1_000_000
	b := bytes.Repeat(unhex("0000010d 00000008"), many)
	begun, n := time.Now(), 0
	for rest := b; len(rest) > 0; n++ {
		var err error
		if _, rest, err = Next(rest); err != nil {
			t.Fatal(err)
		}
	}
	// One millisecond a KiB is the bound; this takes some nanoseconds an AVP.
	if took := time.Since(begun); n != many || took > time.Duration(len(b)/1024)*time.Millisecond {
		t.Errorf("%d AVPs in %v", n, took)
	}
	var nested []byte
	for range 2000 {
		nested = AppendBytes(nil, ExperimentalResult, 0, Mandatory, nested)
	}
	depth := 0
	for len(nested) > 0 {
		a, _, err := Next(nested)
		if err != nil {
			t.Fatal(err)
		}
		nested, depth = a.Data, depth+1
	}
	if depth != 2000 {
		t.Errorf("%d levels", depth)
	}
}

func TestResult(t *testing.T) {
	for r, want := range map[Result]string{RealmNotServed: "3003 DIAMETER_REALM_NOT_SERVED", 5422: "5422"} {
		if r.String() != want {
			t.Errorf("%v, want %s", r, want)
		}
	}
	if !TooBusy.IsProtocolError() || MissingAVP.IsProtocolError() || Success.IsProtocolError() {
		t.Error("the E bit is for 3xxx alone")
	}
}

// FuzzNext: whatever the bytes, the walk ends, stays inside them, and what it read is written back
// the same, padding apart.
func FuzzNext(f *testing.F) {
	for _, s := range []string{
		"0000057b c000000e 000028af 3031 0000", "0000010d 00000009 41ffffff 0000010d 00000008",
		"0000010d 00000000", "0000010d c0000008", "0000010d 00ffffff 41",
		"00000129 40000020 0000010a4000000c000028af 0000012a4000000c0000152e",
	} {
		f.Add(unhex(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		total := 0
		for rest := b; len(rest) > 0; {
			a, next, err := Next(rest)
			if err != nil {
				if len(a.Raw) != len(rest) || a.Data != nil {
					t.Fatalf("an error with data: %+v", a)
				}
				return
			}
			total += len(a.Raw)
			if len(a.Raw) < avpHeader || len(a.Raw)+len(next) != len(rest) {
				t.Fatalf("%d bytes read and %d left of %d", len(a.Raw), len(next), len(rest))
			}
			again := AppendBytes(nil, a.Code, a.Vendor, a.Flags, a.Data)
			back, _, err := Next(again)
			if err != nil || back.Code != a.Code || back.Vendor != a.Vendor || !bytes.Equal(back.Data, a.Data) {
				t.Fatalf("%+v written and read again: %+v, %v", a, back, err)
			}
			Find(a.Data, 1, 0)
			rest = next
		}
		if total != len(b) {
			t.Fatalf("%d of %d bytes", total, len(b))
		}
	})
}

// FuzzFrame: a message is never longer than what is there or than the limit.
func FuzzFrame(f *testing.F) {
	f.Add(unhex("01000014 80000118 00000000 00000001 00000001"))
	f.Add(unhex("01000000 80000118 00000000 00000001 00000001"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Frame(b, 4096)
		if m == nil {
			return
		}
		h, ok := ParseHeader(m)
		if err != nil || !ok || h.Length != len(m) || len(m) > len(b) || len(m) > 4096 || len(m)%4 != 0 {
			t.Fatalf("%d bytes of %d, %+v, %v", len(m), len(b), h, err)
		}
	})
}

func BenchmarkNext(b *testing.B) {
	body := bytes.Repeat(unhex("0000057b c000000e 000028af 3031 0000"), 10)
	b.ReportAllocs()
	for b.Loop() {
		for rest := body; len(rest) > 0; {
			_, rest, _ = Next(rest)
		}
	}
}
