package observe

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// shelf keeps what a folder writes, united as readers of the lake unite it.
type shelf struct {
	Sightings
	rows  map[device.Days]([device.RadioCount]uint32)
	parts int
}

func (s *shelf) WriteDays(_ context.Context, month device.Month, bucket int, rows iter.Seq[*device.Days]) (device.Part, error) {
	s.parts++
	n := int64(0)
	for d := range rows {
		key := *d
		key.Seen = [device.RadioCount]uint32{}
		seen := s.rows[key]
		for r := range seen {
			seen[r] |= d.Seen[r]
		}
		s.rows[key] = seen
		n++
	}
	return device.Part{Table: "days", Month: month, Bucket: bucket, Rows: n}, nil
}

// TestRunsDoNotMatter: cut into runs of any length, the same rows come out, and as few parts as there
// is room for.
func TestRunsDoNotMatter(t *testing.T) {
	ctx := context.Background()
	var want map[device.Days][device.RadioCount]uint32
	for _, c := range []struct{ run, most, parts int }{{runRows, foldedRows, 24}, {10_000, foldedRows, 24}, {777, foldedRows, 24}, {777, 5000, 48}, {777, 1, 900}} {
		r := rand.New(rand.NewPCG(1, 2))
		s := &shelf{rows: make(map[device.Days][device.RadioCount]uint32)}
		f := newFolder(s, "alpha")
		f.run, f.most = c.run, c.most
		for range 30_000 {
			m := imei.New(35_000_000, uint32(r.IntN(2000)))
			err := f.add(ctx, device.Month(670+r.IntN(3)), device.BucketOf(m), sightingOf(m, subscriber.IMSI(r.IntN(4)), subscriber.MSISDN(r.IntN(4)), 1+r.IntN(31), 1<<r.IntN(5)))
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := f.flush(ctx); err != nil {
			t.Fatal(err)
		}
		if len(f.parts) != s.parts || s.parts < c.parts || c.most == foldedRows && s.parts > c.parts {
			t.Errorf("%+v: %d parts", c, s.parts)
		}
		if want == nil {
			want = s.rows
		}
		if len(want) != len(s.rows) {
			t.Fatalf("%+v: %d rows, want %d", c, len(s.rows), len(want))
		}
		for k, v := range want {
			if s.rows[k] != v {
				t.Fatalf("%+v: %v: %x, want %x", c, k, s.rows[k], v)
			}
		}
	}
}

func TestRadix(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 511, 512, 5000, 100_000} {
		a := make([]sighting, n)
		for i := range a {
			m := imei.IMEI(r.Uint64N(uint64(imei.Max) + 1))
			if i%2 == 0 {
				m = imei.New(35_000_000, uint32(r.IntN(100)))
			}
			a[i] = sightingOf(m, subscriber.IMSI(i), 0, 1+r.IntN(31), 1)
		}
		want := slices.Clone(a)
		slices.SortStableFunc(want, func(x, y sighting) int { return cmp.Compare(x.key>>keyBits, y.key>>keyBits) })
		got, _ := radix(a, nil)
		for i := range got {
			if got[i].key>>keyBits != want[i].key>>keyBits {
				t.Fatalf("%d rows: row %d is %d, want %d", n, i, got[i].key>>keyBits, want[i].key>>keyBits)
			}
		}
	}
}

func TestDistinct(t *testing.T) {
	for _, n := range []int64{0, 1, 5, 100, 5000, 20_000, 300_000} {
		var d distinct
		for i := range n {
			d.add(470_010_000_000_000 + uint64(i))
			d.add(470_010_000_000_000 + uint64(i))
		}
		if got := d.estimate(); got < n-n*5/100 || got > n+n*5/100 {
			t.Errorf("%d distinct numbers: estimated %d", n, got)
		}
	}
}

// FuzzSplit compares the splitter with what it promises: joining gives the fields back.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{`a,b,c`, `"a","b""c",d`, `"`, `"a"b`, ` "x" ,y`, strings.Repeat(",", 300)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if bytes.ContainsAny(line, "\n\r") {
			return
		}
		s := splitter{comma: ','}
		fields, err := s.split(line)
		if err != nil {
			return
		}
		if len(fields) > fieldsMax || len(fields) > len(line)+1 {
			t.Fatalf("%d fields", len(fields))
		}
		var quoted []byte
		first := make([]string, len(fields))
		for i, field := range fields {
			if i > 0 {
				quoted = append(quoted, ',')
			}
			first[i] = string(field)
			quoted = append(quoted, '"')
			quoted = append(quoted, bytes.ReplaceAll(field, []byte{'"'}, []byte{'"', '"'})...)
			quoted = append(quoted, '"')
		}
		again, err := s.split(quoted)
		if err != nil || len(again) != len(first) {
			t.Fatalf("%q became %q: %v", first, again, err)
		}
		for i := range again {
			if string(again[i]) != first[i] {
				t.Fatalf("%q became %q", first, again)
			}
		}
	})
}

// FuzzRow compares the fast reading of a row with the slow one.
func FuzzRow(f *testing.F) {
	for _, s := range []string{
		"20260105,35000001000010,470010000000001,8801700000001,006", "20260105,350000010000105,00101000000001,0880,", "20260105,,,,",
		"20260105,3500000100001099,001010000000001,88017,105", "20260230,35000001000010,,,", "20260105,35000001000010,47001000000001,,",
	} {
		f.Add([]byte(s), true, false)
		f.Add([]byte(strings.TrimSuffix(s, ",006")), false, false)
	}
	for _, s := range []string{"20260105,35000001000010,p470010000000001,p8801700000001", "20260105,35000001000010,470010000000001,p880",
		"20260105,35000001000010,p,p1", "20260105,35000001000010,pp47001,?"} {
		f.Add([]byte(s), false, true)
	}
	country := Country{MCC: []string{"470"}, CountryCode: []string{"880"}, Operators: map[device.Operator][]subscriber.PLMN{"a": {"47001"}}}
	f.Fuzz(func(t *testing.T, line []byte, rat, pseudonyms bool) {
		country := country
		country.Pseudonyms = pseudonyms
		fast, slow := newRowParser(country, "a"), newRowParser(country, "a")
		if !fast.fast(line, rat) {
			return
		}
		s := splitter{comma: ','}
		fields, err := s.split(line)
		if err == nil {
			err = slow.slow(fields, rat)
		}
		if err != nil {
			t.Fatalf("fast took %q, slow says %v", line, err)
		}
		same := fast.day == slow.day && fast.imei == slow.imei && fast.imsi == slow.imsi && fast.msisdn == slow.msisdn &&
			fast.radios == slow.radios && fast.hasRAT == slow.hasRAT && fast.hasIMEI == slow.hasIMEI && fast.why == slow.why &&
			fast.badIMEI == slow.badIMEI && fast.badIMSI == slow.badIMSI && fast.badMSISDN == slow.badMSISDN &&
			fast.foreignIMSI == slow.foreignIMSI && fast.foreignMSISDN == slow.foreignMSISDN && fast.notOwn == slow.notOwn
		if !same {
			t.Fatalf("%q:\nfast %+v\nslow %+v", line, fast, slow)
		}
	})
}

// FuzzLines: the lines of a text that is taken are the text.
func FuzzLines(f *testing.F) {
	for _, s := range []string{"", "\n", "a\r\nb", "a\n\nb\n", "\xef\xbb\xbfa", "\xff\xfea", "a\x00", "ok\n\xe9\n", strings.Repeat("x", lineMax+1)} {
		f.Add([]byte(s), uint8(3))
	}
	f.Fuzz(func(t *testing.T, b []byte, chop uint8) {
		l := newLines("f", &chopped{b, int(chop) + 1})
		var got []byte
		for {
			line, err := l.next()
			if err == io.EOF {
				break
			}
			if err != nil {
				return
			}
			got = append(append(got, line...), '\n')
		}
		want := bytes.ReplaceAll(append(bytes.Clone(b), '\n'), []byte("\r\n"), []byte("\n"))
		if len(b) == 0 || b[len(b)-1] == '\n' {
			want = want[:len(want)-1]
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("%q became %q", b, got)
		}
	})
}

type chopped struct {
	b []byte
	n int
}

func (c *chopped) Read(b []byte) (int, error) {
	if len(c.b) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), c.n)], c.b)
	c.b = c.b[n:]
	return n, nil
}
