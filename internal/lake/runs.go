package lake

import (
	"context"
	"errors"
	"iter"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/subscriber"
)

// The tables of runs of lists. Their parts are named by the act of a run, not by a file; each is
// sorted by its rows' compare function in package device, and those of one run hold distinct rows.
const (
	TableListDevices    = "list_devices"
	TableListNotices    = "list_notices"
	TableListExceptions = "list_exceptions"
)

type refusalRow struct {
	IMEI    int64  `parquet:"imei,delta"`
	Text    string `parquet:"text,dict"`
	Block   int32  `parquet:"block_date,date,delta"`
	Reasons string `parquet:"reasons,dict"`
	Amnesty int32  `parquet:"amnesty"`
	Pending int32  `parquet:"pending"`
}

type noticeRow struct {
	IMEI     int64  `parquet:"imei,delta"`
	Text     string `parquet:"text,dict"`
	IMSI     int64  `parquet:"imsi,delta"`
	MSISDN   int64  `parquet:"msisdn,delta"`
	Operator string `parquet:"operator,dict"`
	Block    int32  `parquet:"block_date,date,delta"`
	Reasons  string `parquet:"reasons,dict"`
	Amnesty  int32  `parquet:"amnesty"`
	Paired   int32  `parquet:"paired"`
}

type exceptionRow struct {
	IMEI     int64  `parquet:"imei,delta"`
	IMSI     int64  `parquet:"imsi,optional,delta"`
	MSISDN   int64  `parquet:"msisdn,optional,delta"`
	Operator string `parquet:"operator,dict"`
}

func flag(b bool) int32 {
	if b {
		return 1
	}
	return 0
}

// WriteRefusals writes one part of a run's devices.
func (l *Lake) WriteRefusals(ctx context.Context, bucket int, rows []device.Refusal) (device.Part, error) {
	return writeRun(ctx, l, device.Part{Table: TableListDevices, Bucket: bucket}, rows, device.CompareRefusals, func(r *device.Refusal) refusalRow {
		return refusalRow{int64(r.IMEI), r.Text, int32(r.Block), r.Reasons, flag(r.Amnesty), flag(r.Pending)}
	})
}

// WriteNotices writes one part of a run's notifications.
func (l *Lake) WriteNotices(ctx context.Context, bucket int, rows []device.Notice) (device.Part, error) {
	return writeRun(ctx, l, device.Part{Table: TableListNotices, Bucket: bucket}, rows, device.CompareNotices, func(n *device.Notice) noticeRow {
		return noticeRow{int64(n.IMEI), n.Text, int64(n.IMSI), int64(n.MSISDN), string(n.Operator), int32(n.Block), n.Reasons, flag(n.Amnesty), flag(n.Paired)}
	})
}

// WriteExceptions writes one part of a run's exceptions.
func (l *Lake) WriteExceptions(ctx context.Context, bucket int, rows []device.Exception) (device.Part, error) {
	return writeRun(ctx, l, device.Part{Table: TableListExceptions, Bucket: bucket}, rows, device.CompareExceptions, func(e *device.Exception) exceptionRow {
		return exceptionRow{int64(e.IMEI), int64(e.IMSI), int64(e.MSISDN), string(e.Operator)}
	})
}

func writeRun[T, R any](ctx context.Context, l *Lake, p device.Part, rows []T, order func(a, b *T) int, row func(*T) R) (device.Part, error) {
	return writePart(ctx, l, p, func(put func(R) error) error {
		for i := range rows {
			if i > 0 && order(&rows[i-1], &rows[i]) >= 0 {
				return problem.New(problem.Broken, "writing %s: the rows are out of order", p.Table)
			}
			if err := put(row(&rows[i])); err != nil {
				return err
			}
		}
		return nil
	})
}

// Refusals yields the devices of the parts of a run in order, a batch after the other; parts of
// other tables are passed over. A batch is reused. An error is the last pair.
func (l *Lake) Refusals(ctx context.Context, parts []device.Part) iter.Seq2[[]device.Refusal, error] {
	names := []string{"imei", "text", "block_date", "reasons", "amnesty", "pending"}
	return readRun(ctx, l, parts, TableListDevices, names, device.CompareRefusals, func(cols []column, rows []device.Refusal) error {
		return errors.Join(
			devices(cols, rows, func(r *device.Refusal) *imei.IMEI { return &r.IMEI }),
			texts(&cols[1], rows, func(r *device.Refusal, s string) { r.Text = s }),
			numbers(&cols[2], rows, func(r *device.Refusal, n int32) { r.Block = device.Day(n) }),
			texts(&cols[3], rows, func(r *device.Refusal, s string) { r.Reasons = s }),
			numbers(&cols[4], rows, func(r *device.Refusal, n int32) { r.Amnesty = n != 0 }),
			numbers(&cols[5], rows, func(r *device.Refusal, n int32) { r.Pending = n != 0 }))
	})
}

// Notices yields the notifications of the parts of a run, as Refusals does.
func (l *Lake) Notices(ctx context.Context, parts []device.Part) iter.Seq2[[]device.Notice, error] {
	names := []string{"imei", "text", "imsi", "msisdn", "operator", "block_date", "reasons", "amnesty", "paired"}
	return readRun(ctx, l, parts, TableListNotices, names, device.CompareNotices, func(cols []column, rows []device.Notice) error {
		return errors.Join(
			devices(cols, rows, func(r *device.Notice) *imei.IMEI { return &r.IMEI }),
			texts(&cols[1], rows, func(r *device.Notice, s string) { r.Text = s }),
			longs(&cols[2], rows, func(r *device.Notice, n uint64) { r.IMSI = subscriber.IMSI(n) }),
			longs(&cols[3], rows, func(r *device.Notice, n uint64) { r.MSISDN = subscriber.MSISDN(n) }),
			texts(&cols[4], rows, func(r *device.Notice, s string) { r.Operator = device.Operator(s) }),
			numbers(&cols[5], rows, func(r *device.Notice, n int32) { r.Block = device.Day(n) }),
			texts(&cols[6], rows, func(r *device.Notice, s string) { r.Reasons = s }),
			numbers(&cols[7], rows, func(r *device.Notice, n int32) { r.Amnesty = n != 0 }),
			numbers(&cols[8], rows, func(r *device.Notice, n int32) { r.Paired = n != 0 }))
	})
}

// Exceptions yields the exceptions of the parts of a run, as Refusals does.
func (l *Lake) Exceptions(ctx context.Context, parts []device.Part) iter.Seq2[[]device.Exception, error] {
	names := []string{"imei", "imsi", "msisdn", "operator"}
	return readRun(ctx, l, parts, TableListExceptions, names, device.CompareExceptions, func(cols []column, rows []device.Exception) error {
		return errors.Join(
			devices(cols, rows, func(r *device.Exception) *imei.IMEI { return &r.IMEI }),
			longs(&cols[1], rows, func(r *device.Exception, n uint64) { r.IMSI = subscriber.IMSI(n) }),
			longs(&cols[2], rows, func(r *device.Exception, n uint64) { r.MSISDN = subscriber.MSISDN(n) }),
			texts(&cols[3], rows, func(r *device.Exception, s string) { r.Operator = device.Operator(s) }))
	})
}

func texts[T any](c *column, rows []T, set func(*T, string)) error {
	return c.each(len(rows), func(from int, c *column, lo, hi int) {
		for i := lo; i < hi; i++ {
			set(&rows[from+i-lo], c.text(i))
		}
	})
}

func numbers[T any](c *column, rows []T, set func(*T, int32)) error {
	return c.each(len(rows), func(from int, c *column, lo, hi int) {
		for i := lo; i < hi; i++ {
			set(&rows[from+i-lo], c.int32s[i])
		}
	})
}

func longs[T any](c *column, rows []T, set func(*T, uint64)) error {
	return c.each(len(rows), func(from int, c *column, lo, hi int) {
		for i := lo; i < hi; i++ {
			set(&rows[from+i-lo], c.number(i))
		}
	})
}

func readRun[T any](ctx context.Context, l *Lake, parts []device.Part, table string, names []string,
	order func(a, b *T) int, load func(cols []column, rows []T) error,
) iter.Seq2[[]T, error] {
	open := func(p device.Part, batch int) (*cursor[T], error) {
		c := &cursor[T]{names: names, rows: make([]T, 0, batch), load: load}
		return c, c.open(l.Path(p), p)
	}
	return func(yield func([]T, error) bool) {
		var picked []device.Part
		for _, p := range parts {
			if p.Table == table {
				picked = append(picked, p)
			}
		}
		rows, err := openMerge(picked, open, order)
		if err != nil {
			yield(nil, err)
			return
		}
		defer rows.close()
		batch := make([]T, 0, batchRows)
		for {
			batch = batch[:0]
			for r := rows.head(); r != nil && len(batch) < batchRows && err == nil; r = rows.head() {
				batch = append(batch, *r)
				err = rows.next()
			}
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if len(batch) == 0 || !yield(batch, nil) {
				return
			}
		}
	}
}
