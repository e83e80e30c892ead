package lake_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/lake"
	"github.com/openceir/openceir/subscriber"
	"github.com/parquet-go/parquet-go"
)

// TestForeignReader reads a part as a tool would that knows Parquet and not the lake: by the file's
// own schema, its logical types, and generic values.
func TestForeignReader(t *testing.T) {
	ctx := context.Background()
	l := &lake.Lake{Dir: t.TempDir()}
	rows := someDays(rand.New(rand.NewPCG(11, 11)), 3000, "alpha", january, 2)
	p := must(l.WriteDays(ctx, january, 2, pointers(rows)))
	f := must(os.Open(l.Path(p)))
	defer f.Close()
	file := must(parquet.OpenFile(f, p.Bytes))
	if got := file.Schema().String(); got != wantSchema {
		t.Errorf("schema:\n%s", got)
	}
	n := 0
	for _, group := range file.RowGroups() {
		reader := group.Rows()
		defer reader.Close()
		buf := make([]parquet.Row, 64)
		for {
			k, err := reader.ReadRows(buf)
			for _, row := range buf[:k] {
				if got := generic(row); got != rows[n] {
					t.Fatalf("row %d: %+v, want %+v", n, got, rows[n])
				}
				n++
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if n != len(rows) {
		t.Errorf("%d rows of %d", n, len(rows))
	}
}

func generic(row parquet.Row) device.Days {
	d := device.Days{
		IMEI: imei.IMEI(row[0].Int64()), Operator: device.Operator(row[3].String()),
	}
	if !row[1].IsNull() {
		d.IMSI = subscriber.IMSI(row[1].Int64())
	}
	if !row[2].IsNull() {
		d.MSISDN = subscriber.MSISDN(row[2].Int64())
	}
	date := time.Unix(int64(row[4].Int32())*86400, 0).UTC()
	d.Month, _ = device.Date(date.Year(), date.Month(), date.Day()).Month()
	for r := range d.Seen {
		d.Seen[r] = row[5+r].Uint32()
	}
	return d
}

const wantSchema = `message days {
	required int64 imei (INT(64,true));
	optional int64 imsi (INT(64,true));
	optional int64 msisdn (INT(64,true));
	required binary operator (STRING);
	required int32 month (DATE);
	required int32 seen_unknown (INT(32,false));
	required int32 seen_2g (INT(32,false));
	required int32 seen_3g (INT(32,false));
	required int32 seen_4g (INT(32,false));
	required int32 seen_5g (INT(32,false));
}`
