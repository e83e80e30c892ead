package lake

import (
	"cmp"
	"context"
	"errors"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/problem"
)

// TableDue is the table of the days on which devices are to be judged again. Its parts are named by the
// acts of detection, as those of TableFindings are, and cut and read like them: of a device that
// several have the last counts, and where that has no day, the device is not due.
const TableDue = ledger.TableDue

type dueRow struct {
	IMEI int64 `parquet:"imei,delta"`
	Day  int32 `parquet:"day,optional,date"`
}

func compareDue(a, b *ledger.DueRow) int { return cmp.Compare(a.IMEI, b.IMEI) }

// WriteDue writes one part of due days, sorted by device, each once.
func (l *Lake) WriteDue(ctx context.Context, bucket int, rows []ledger.DueRow) (device.Part, error) {
	for i := range rows {
		if m := rows[i].IMEI; device.BucketOf(m) != bucket {
			return device.Part{}, problem.New(problem.Broken, "writing due days: %s does not belong to bucket %d", m, bucket)
		}
	}
	return writeRun(ctx, l, device.Part{Table: TableDue, Bucket: bucket}, rows, compareDue, func(r *ledger.DueRow) dueRow {
		return dueRow{int64(r.IMEI), int32(r.Day)}
	})
}

// Due returns the devices of one bucket that the parts, in their order, say are due, sorted.
func (l *Lake) Due(ctx context.Context, parts []device.Part, bucket int) ([]ledger.DueRow, error) {
	return inForce(ctx, l, parts, &fact[ledger.DueRow]{
		table: TableDue, names: []string{"imei", "day"}, order: compareDue,
		load: func(cols []column, rows []ledger.DueRow, gone []bool) error {
			return errors.Join(
				devices(cols, rows, func(r *ledger.DueRow) *imei.IMEI { return &r.IMEI }),
				cols[1].each(len(rows), func(from int, c *column, lo, hi int) {
					for i := lo; i < hi; i++ {
						day := c.day(i)
						rows[from+i-lo].Day, gone[from+i-lo] = day, day == 0
					}
				}))
		},
	}, bucket)
}
