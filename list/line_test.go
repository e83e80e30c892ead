package list

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/openceir/openceir/imei"
)

// Lines that would mean nothing, or more than they seem.
func TestLinesRefused(t *testing.T) {
	for _, text := range []string{
		"", "listed", "listed 35227301638634 prohibited", "listed 352273016386 prohibited barred", "listed 3522730163863a prohibited barred",
		"listed 352273016386340 prohibited barred", "listed 35227301638634 black barred", "listed 35227301638634 prohibited theft",
		"listed 35227301638634-35227301638634 prohibited barred", "listed 35227301638635-35227301638634 prohibited barred",
		"listed 35227301000000-35227301999999 prohibited barred", "listed  35227301638634 prohibited barred", "listed 35227301638634 prohibited barred ",
		"listed 35227301638634 prohibited barred\x00", "listed 35227301638634 unknown barred", "special 35227301638634 unknown mode",
		"special 35227301638634 prohibited non-identifying", "special 35227301 tracked non-identifying", "override 35227301638634 tracked court",
		"exempt 35227301638634 prohibited test", "listed 35227301638634 prohibited barred version 2", "listed 35227301638634 prohibited barred version 100",
		"listed 35227301638634 prohibited barred version 02 version 02", "listed 35227301638634 allowed barred version 02", "listed 35227301 prohibited barred version 02",
		"listed 35227301638634 prohibited barred subscriber imsi-001010123456789", "listed 35227301638634 prohibited barred overrides barred",
		"pair 35227301638634 allowed duplicate", "pair 35227301638634 allowed duplicate subscriber imsi-001010123456789",
		"pair 35227301638634 allowed duplicate subscriber imsi-001010123456789 overrides stolen",
		"pair 35227301638634 allowed duplicate subscriber imsi-001010123456789 overrides duplicate,lost",
		"pair 35227301638634 allowed duplicate subscriber imsi-001010123456789 overrides not-registered,duplicate",
		"pair 35227301638634 tracked duplicate subscriber imsi-001010123456789 overrides duplicate",
		"pair 35227301 allowed duplicate subscriber imsi-001010123456789 overrides duplicate",
	} {
		if l, err := ParseLine(text); err == nil {
			t.Errorf("%q was read as %q", text, l.String())
		}
	}
	for name, l := range map[string]Line{ // these can come out of a file's bytes
		"beyond the last IMEI":  {Class: Listed, From: 1, To: imei.Max + 1, Status: Prohibited, Ground: Barred, Version: AnyVersion},
		"ends before it begins": {Class: Listed, From: 2, To: 1, Status: Prohibited, Ground: Barred, Version: AnyVersion},
		"overrides what is not": {Class: Pair, Status: Allowed, Ground: Barred, Subscriber: 1, Overrides: GroundSet(Barred) | 1<<31, Version: AnyVersion},
		"overrides the zero":    {Class: Pair, Status: Allowed, Ground: Barred, Subscriber: 1, Overrides: GroundSet(Barred) | 1, Version: AnyVersion},
	} {
		if l.check() == nil {
			t.Errorf("a line that %s is taken", name)
		}
	}
}

func TestOpsRefused(t *testing.T) {
	for _, body := range []string{"", "\n", bar + "\n", strings.TrimSuffix(bar, "\n"), bar + bar, bar + "drop" + strings.TrimPrefix(bar, "set"), "put" + strings.TrimPrefix(bar, "set"),
		bar + strings.Replace(bar, "prohibited", "tracked", 1), bar + strings.Replace(bar, "barred", "stolen", 1) + bar} {
		if _, err := ParseOps([]byte(body), 1); err == nil {
			t.Errorf("the measure %q was read", body)
		}
	}
}

func TestPolicyAndDenominatorRefused(t *testing.T) {
	good := (&Policy{Rule: "clones", Version: "v1", Status: Prohibited, Ground: Duplicate, Ceiling: 5}).Bytes()
	if _, err := ParsePolicy(good); err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{{"prohibited", "allowed"}, {"prohibited", "unknown"}, {"prohibited", "black"}, {"rule clones", "rule Clones"}, {"rule clones", "rule a b"},
		{"ceiling 5", "ceiling 05"}, {"ceiling 5", "ceiling -5"}, {"version v1", "version "}, {"dry-run 0\n", "dry-run 0"}, {"dry-run 0\n", "dry-run 0\n\n"}} {
		if p, err := ParsePolicy(bytes.Replace(good, []byte(change[0]), []byte(change[1]), 1)); err == nil {
			t.Errorf("%q: read as %+v", change[1], p)
		}
	}
	for _, text := range []string{"active 1\nday today\n", "active 1\nday 2026-02-30\n", "active 01\nday 2026-11-22\n", "active 1000000000001\nday 2026-11-22\n", "active 1\n", "active 1\nday 2026-11-22"} {
		if a, err := ParseActive([]byte(text)); err == nil {
			t.Errorf("%q: read as %+v", text, a)
		}
	}
}

// Numbers in a snapshot that would lead outside the file, or outside the IMEIs.
func TestSnapshotNumbers(t *testing.T) {
	table := big(3000)
	table.Apply([]Op{{Line: wideLine(1)}})
	good, err := table.Snapshot(nothing)
	if err != nil {
		t.Fatal(err)
	}
	tacs, wide := int(le64(good[8+16*secTACs:])), int(le64(good[8+16*secWide:]))
	put32 := func(at int, v uint32) func([]byte) {
		return func(b []byte) { binary.LittleEndian.PutUint32(b[at:], v) }
	}
	put64 := func(at int, v uint64) func([]byte) {
		return func(b []byte) { binary.LittleEndian.PutUint64(b[at:], v) }
	}
	for name, change := range map[string]func([]byte){
		"section behind the file":          put64(8, 1<<63),
		"section longer than the file":     put64(16, ^uint64(0)),
		"section that comes round":         func(b []byte) { put64(8, 500)(b); put64(16, ^uint64(0)-400)(b) },
		"TAC that there is not":            put32(tacs+2*tacLen, maxTAC+1),
		"TACs out of order":                put32(tacs+tacLen, 1),
		"devices counted back":             put32(tacs+tacLen+4, 1<<31),
		"no stop":                          put32(tacs+3*tacLen, 7),
		"devices that are not there":       put32(tacs+3*tacLen+4, 1<<30),
		"range beyond the last IMEI":       put64(wide+8, 1<<60),
		"range that ends before it begins": put64(wide, uint64(imei.Max)),
		"range of a shape that is not":     put32(wide+16, 99),
	} {
		bad := bytes.Clone(good)
		change(bad)
		if _, err := OpenSnapshot(bad); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}

func TestChecksDoNotAllocate(t *testing.T) {
	table := big(2000)
	table.Apply([]Op{{Line: wideLine(1)}})
	for name, table := range map[string]*Table{"folded": table, "mapped": reopened(t, table)} {
		for _, m := range []imei.IMEI{numbered(7).From, imei.New(99000001, 5), imei.New(1, 1)} {
			q := Query{IMEI: m, Version: AnyVersion}
			if n := testing.AllocsPerRun(100, func() { table.Decide(&q) }); n > 0 {
				t.Errorf("%s: a check of %s allocates %v times", name, m, n)
			}
		}
	}
}
