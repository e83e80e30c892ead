package lake_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/lake"
	"github.com/openceir/openceir/subscriber"
)

// What is not known is null in the file, wherever it stands: a zero would be somebody to whoever else
// reads it. Our own reader knows no difference.
func TestUnknownIsNull(t *testing.T) {
	ctx, r := context.Background(), rand.New(rand.NewPCG(7, 7))
	l := &lake.Lake{Dir: t.TempDir()}
	check := func(rows []device.Days) {
		t.Helper()
		p := must(l.WriteDays(ctx, january, 1, pointers(rows)))
		f := must(os.Open(l.Path(p)))
		defer f.Close()
		file := must(parquet.OpenFile(f, p.Bytes))
		read, reader := make([]parquet.Row, len(rows)+1), parquet.NewReader(file)
		defer reader.Close()
		n, err := reader.ReadRows(read)
		for err == nil && n < len(rows) {
			var more int
			more, err = reader.ReadRows(read[n:])
			n += more
		}
		if n != len(rows) || err != nil && !errors.Is(err, io.EOF) {
			t.Fatalf("%d rows of %d: %v", n, len(rows), err)
		}
		for i, row := range read[:n] {
			if row[1].IsNull() != (rows[i].IMSI == 0) || row[2].IsNull() != (rows[i].MSISDN == 0) ||
				!row[1].IsNull() && row[1].Int64() != int64(rows[i].IMSI) || !row[2].IsNull() && row[2].Int64() != int64(rows[i].MSISDN) {
				t.Fatalf("row %d of %d: %v and %v, not %d and %d", i, n, row[1], row[2], rows[i].IMSI, rows[i].MSISDN)
			}
		}
	}
	rows := func(n int, known func(i int) (imsi, msisdn bool)) (out []device.Days) {
		for i := range n {
			d := device.Days{IMEI: imei.New(imei.TAC(35_000_001+i), 1), Operator: "alpha", Month: january}
			d.Seen[0] = 1
			imsi, msisdn := known(i)
			if imsi {
				d.IMSI = subscriber.IMSI(470_010_000_000_000 + r.Uint64N(1e9))
			}
			if msisdn {
				d.MSISDN = subscriber.MSISDN(880_170_000_000 + r.Uint64N(1e9))
			}
			out = append(out, d)
		}
		return out
	}
	for begin := range 40 { // begin nulls, as many values, nulls
		check(rows(3*begin+70, func(i int) (bool, bool) { return i%64 >= begin && i%64 < 2*begin, i%3 == 0 }))
	}
	for range 150 {
		n, often := 1+r.IntN(150), 1+r.IntN(6)
		check(rows(n, func(int) (bool, bool) { return r.IntN(often+1) == 0, r.IntN(often+1) > 0 }))
	}
	check(rows(3000, func(i int) (bool, bool) { return i/7%3 == 0, r.IntN(5) > 0 }))
}
