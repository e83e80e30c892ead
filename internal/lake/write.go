package lake

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// WriteDays writes one part of table days. The rows must be sorted and distinct by (IMEI, IMSI,
// MSISDN, operator), all of the month and bucket; the iterator may reuse the row it yields. The
// part is on stable storage when WriteDays returns.
func (l *Lake) WriteDays(ctx context.Context, month device.Month, bucket int, rows iter.Seq[*device.Days]) (device.Part, error) {
	p := device.Part{Table: TableDays, Month: month, Bucket: bucket}
	var last device.Days
	return writePart(ctx, l, p, func(put func(daysRow) error) error {
		var row daysRow
		first := true
		for d := range rows {
			if d.Month != month || device.BucketOf(d.IMEI) != bucket {
				return problem.New(problem.Broken, "writing days: a row of %s does not belong to %s, bucket %d", d.IMEI, month, bucket)
			}
			if !first && compareDays(&last, d) >= 0 {
				return problem.New(problem.Broken, "writing days: the rows of %s are out of order", d.IMEI)
			}
			first, last = false, *d
			row.set(d)
			if err := put(row); err != nil {
				return err
			}
		}
		return nil
	})
}

// WriteVisits writes one part of table visits, as WriteDays does. The rows must be sorted by (IMEI,
// From, Subscriber, Area, Operator).
func (l *Lake) WriteVisits(ctx context.Context, month device.Month, bucket int, rows iter.Seq[*device.Visit]) (device.Part, error) {
	p := device.Part{Table: TableVisits, Month: month, Bucket: bucket}
	var last device.Visit
	return writePart(ctx, l, p, func(put func(visitRow) error) error {
		var row visitRow
		first := true
		for v := range rows {
			if device.BucketOf(v.IMEI) != bucket || v.To < v.From {
				return problem.New(problem.Broken, "writing visits: a row of %s does not belong to bucket %d or ends before it begins", v.IMEI, bucket)
			}
			if !first && compareVisits(&last, v) > 0 {
				return problem.New(problem.Broken, "writing visits: the rows of %s are out of order", v.IMEI)
			}
			first, last = false, *v
			if err := row.set(v); err != nil {
				return err
			}
			if err := put(row); err != nil {
				return err
			}
		}
		return nil
	})
}

// WriteMalformed writes one part of table malformed, in the order given.
func (l *Lake) WriteMalformed(ctx context.Context, month device.Month, rows iter.Seq[*device.Malformed]) (device.Part, error) {
	p := device.Part{Table: TableMalformed, Month: month}
	return writePart(ctx, l, p, func(put func(malformedRow) error) error {
		for m := range rows {
			row := malformedRow{m.IMEI, m.IMSI, m.MSISDN, string(m.Operator), int32(m.Day), m.Reason, string(m.List)}
			if err := put(row); err != nil {
				return err
			}
		}
		return nil
	})
}

// writePart encodes what fill puts, and commits it: temporary name, sync, rename, sync of the
// directory. A crash before the rename leaves a temporary file, after it an orphan; Sweep takes both.
func writePart[R any](ctx context.Context, l *Lake, p device.Part, fill func(put func(R) error) error) (device.Part, error) {
	tmpDir := filepath.Join(l.Dir, "tmp")
	if err := l.ensure(tmpDir); err != nil {
		return p, err
	}
	f, err := os.CreateTemp(tmpDir, p.Table+"-*.parquet")
	if err != nil {
		return p, fmt.Errorf("beginning a part of %s: %w", p.Table, err)
	}
	defer os.Remove(f.Name()) // after the rename there is nothing to remove
	defer f.Close()
	p, err = encode(ctx, f, p, fill)
	if err != nil {
		return p, fmt.Errorf("writing a part of %s: %w", p.Table, err)
	}
	if err := f.Sync(); err != nil {
		return p, fmt.Errorf("syncing a part of %s: %w", p.Table, err)
	}
	path := l.Path(p)
	if err := l.ensure(filepath.Dir(path)); err != nil {
		return p, err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return p, fmt.Errorf("naming a part of %s: %w", p.Table, err)
	}
	return p, syncDir(filepath.Dir(path))
}

// encode writes the Parquet file and fills in the part's digest, rows and bytes.
func encode[R any](ctx context.Context, f io.Writer, p device.Part, fill func(put func(R) error) error) (device.Part, error) {
	sum := sha256.New()
	out := bufio.NewWriterSize(f, 1<<16)
	counted := &counter{w: io.MultiWriter(out, sum)}
	schema := parquet.NewSchema(p.Table, parquet.SchemaOf(*new(R)))
	w := parquet.NewGenericWriter[R](counted, append(writerOptions(), schema)...)
	batch, optional := make([]R, 0, batchRows), optionals[R]()
	flush := func() error {
		if err := ctx.Err(); err != nil {
			return err
		}
		for rows := batch; len(rows) > 0; {
			n := together(rows, optional)
			if _, err := w.Write(rows[:n]); err != nil {
				return err
			}
			rows = rows[n:]
		}
		batch = batch[:0]
		return nil
	}
	err := fill(func(row R) error {
		batch = append(batch, row)
		p.Rows++
		if len(batch) == batchRows {
			return flush()
		}
		return nil
	})
	if err == nil {
		err = flush()
	}
	if closeErr := w.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = out.Flush()
	}
	p.Digest, p.Bytes = hex.EncodeToString(sum.Sum(nil)), counted.n
	return p, err
}

// writerOptions fix everything that decides the bytes: the same rows must give the same digest.
func writerOptions() []parquet.WriterOption {
	options := []parquet.WriterOption{
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}),
		parquet.PageBufferSize(pageBytes),
		parquet.MaxRowsPerRowGroup(rowGroupRows),
		parquet.CreatedBy("openceir", "1", "lake"),
		parquet.DataPageStatistics(true),
	}
	for _, text := range unbounded {
		options = append(options, parquet.SkipPageBounds(text), parquet.SkipPageStatistics(text))
	}
	return options
}

// unbounded are columns of which nobody asks for the least and the greatest: finding them takes longer
// than writing them.
var unbounded = [...]string{
	"operator", "status", "change", "reason", "list", "manufacturer", "device_type", "bands", "other",
	"make", "model", "model_number", "brand_name", "radio_interface", "device_id", "uid",
	"rule", "version", "params", "evidence",
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}
