package eir

import (
	"sync"
	"testing"
	"time"

	"github.com/openceir/openceir/diameter/s13"
	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/n17"
)

func table(t testing.TB, ops string) *list.Table {
	t.Helper()
	parsed, err := list.ParseOps([]byte(ops), 1)
	if err != nil {
		t.Fatal(err)
	}
	out := list.NewTable(nil)
	out.Apply(parsed)
	return out
}

const some = `set listed 35227402738634 prohibited stolen
set listed 35227402738635 tracked barred
set listed 35227402738636 prohibited barred version 02
set listed 86012304 unknown mode
`

// Both fronts and a replay give one answer, from the table in force.
func TestAnswers(t *testing.T) {
	c := NewCore(time.Now)
	if a := c.Answer(&device.Attach{IMEI: "35227402738634"}); a.Status != list.Allowed {
		t.Errorf("without a list the answer is %s, want allowed", a.Status)
	}
	c.Swap(table(t, some), 9)
	for _, x := range []struct {
		text string
		want list.Status
		s13  s13.Answer
		n17  n17.Answer
	}{
		{"35227402738634", list.Prohibited, s13.Prohibited, n17.Prohibited},
		{"352274027386340", list.Prohibited, s13.Prohibited, n17.Prohibited}, // a check digit, even a wrong one
		{"3522740273863477", list.Prohibited, s13.Prohibited, n17.Prohibited},
		{"35227402738635", list.Tracked, s13.Tracked, n17.Tracked},
		{"35227402738636", list.Allowed, s13.Allowed, n17.Allowed},
		{"3522740273863602", list.Prohibited, s13.Prohibited, n17.Prohibited},
		{"3522740273863603", list.Allowed, s13.Allowed, n17.Allowed},
		{"86012304000001", list.Unknown, s13.Unknown, n17.Unknown},
		{"35227402738637", list.Allowed, s13.Allowed, n17.Allowed},
		{"", list.Allowed, s13.Allowed, n17.Allowed},
		{"3522740273863", list.Allowed, s13.Allowed, n17.Allowed},
		{"35227402738634x", list.Allowed, s13.Allowed, n17.Allowed},
	} {
		if a := c.Answer(&device.Attach{IMEI: x.text}); a.Status != x.want {
			t.Errorf("%q is answered %s, want %s", x.text, a.Status, x.want)
		}
		m, err := imei.Parse(x.text)
		svn := imei.NoSVN
		if len(x.text) == 16 {
			svn = imei.SVN(10*(x.text[14]-'0') + x.text[15] - '0')
		}
		if got := c.S13().Check(s13.Request{IMEI: m, Malformed: err != nil, Digits: []byte(x.text), SVN: svn}); got != x.s13 {
			t.Errorf("%q over S13 is answered %s, want %s", x.text, got, x.s13)
		}
		if got := c.N17().Check(n17.Request{IMEI: m, Identified: err == nil, PEI: x.text, SVN: svn}); got != x.n17 {
			t.Errorf("%q over N17 is answered %s, want %s", x.text, got, x.n17)
		}
	}
	if n := c.Stats.Malformed.Load(); n != 9 {
		t.Errorf("%d malformed checks counted, want 9", n)
	}
}

// A full ring counts what it lost, and the check goes on.
func TestFullRing(t *testing.T) {
	c := NewCore(time.Now)
	q := list.Query{IMEI: imei.New(35227301, 1), Version: list.AnyVersion}
	for range ringSize + 10 {
		c.Check(&q, &device.Attach{IMEI: "35227301000001"})
	}
	if n := c.Stats.Lost.Load(); n != 10 {
		t.Errorf("%d lost, want 10", n)
	}
	if n := c.Stats.Checks[list.Allowed].Load(); n != ringSize+10 {
		t.Errorf("%d checks answered, want %d", n, ringSize+10)
	}
}

// While tables are swapped, every check is answered from one of them.
func TestSwapUnderLoad(t *testing.T) {
	c := NewCore(time.Now)
	tables := []*list.Table{table(t, some), list.NewTable(nil)}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5000 {
				if s := c.Answer(&device.Attach{IMEI: "35227402738634"}).Status; s != list.Prohibited && s != list.Allowed {
					t.Errorf("answered %s", s)
				}
			}
		})
	}
	for i := range 200 {
		c.Swap(tables[i%2], uint64(i))
	}
	wg.Wait()
	c.Swap(tables[0], 201)
	if s := c.Answer(&device.Attach{IMEI: "35227402738634"}).Status; s != list.Prohibited || c.Stats.LedgerSize.Load() != 201 {
		t.Errorf("after the last swap the answer is %s at size %d", s, c.Stats.LedgerSize.Load())
	}
}

func BenchmarkCheck(b *testing.B) {
	c := NewCore(time.Now)
	c.Swap(table(b, some), 1)
	q := list.Query{IMEI: imei.New(35227402, 738634), Version: list.AnyVersion}
	a := device.Attach{IMEI: "35227402738634"}
	b.ReportAllocs()
	for b.Loop() {
		c.Check(&q, &a)
	}
}

func TestCheckAllocatesNothing(t *testing.T) {
	c := NewCore(time.Now)
	c.Swap(table(t, some), 1)
	q := list.Query{IMEI: imei.New(35227402, 738634), Version: list.AnyVersion}
	a := device.Attach{IMEI: "35227402738634"}
	if n := testing.AllocsPerRun(100, func() { c.Check(&q, &a) }); n > 0 {
		t.Errorf("a check allocates %v times", n)
	}
}
