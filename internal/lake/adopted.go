package lake

import (
	"context"
	"errors"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
)

// TableAdopted is the table of what was adopted from another system. Its parts are named by one act;
// those of malformed identifiers have the bucket device.Buckets.
const TableAdopted = "adopted"

type adoptedRow struct {
	IMEI    int64  `parquet:"imei,delta"`
	Text    string `parquet:"text,dict"`
	Rule    string `parquet:"rule,dict"`
	Since   int32  `parquet:"since,date"`
	Block   int32  `parquet:"block_date,date,optional"`
	Amnesty int32  `parquet:"amnesty"`
}

// WriteAdopted writes one bucket of what was adopted, sorted by device.CompareAdopted, without
// repeats.
func (l *Lake) WriteAdopted(ctx context.Context, bucket int, rows []device.Adopted) (device.Part, error) {
	return writeRun(ctx, l, device.Part{Table: TableAdopted, Bucket: bucket}, rows, device.CompareAdopted, func(a *device.Adopted) adoptedRow {
		return adoptedRow{int64(a.IMEI), a.Text, a.Rule, int32(a.Since), int32(a.Block), flag(a.Amnesty)}
	})
}

// Adopted returns one bucket of what was adopted, in order.
func (l *Lake) Adopted(ctx context.Context, parts []device.Part, bucket int) ([]device.Adopted, error) {
	var picked []device.Part
	n := int64(0)
	for _, p := range parts {
		if p.Table == TableAdopted && p.Bucket == bucket {
			picked = append(picked, p)
			n += p.Rows
		}
	}
	if n > factsMax {
		return nil, problem.New(problem.Refused, "the adopted state has %d rows in one bucket, more than the %d that a reader holds in memory", n, factsMax)
	}
	out := make([]device.Adopted, 0, n)
	names := []string{"imei", "text", "rule", "since", "block_date", "amnesty"}
	for rows, err := range readRun(ctx, l, picked, TableAdopted, names, device.CompareAdopted, func(cols []column, rows []device.Adopted) error {
		return errors.Join(
			devices(cols, rows, func(r *device.Adopted) *imei.IMEI { return &r.IMEI }),
			texts(&cols[1], rows, func(r *device.Adopted, s string) { r.Text = s }),
			texts(&cols[2], rows, func(r *device.Adopted, s string) { r.Rule = s }),
			numbers(&cols[3], rows, func(r *device.Adopted, n int32) { r.Since = device.Day(n) }),
			cols[4].each(len(rows), func(from int, c *column, lo, hi int) {
				for i := lo; i < hi; i++ {
					rows[from+i-lo].Block = c.day(i)
				}
			}),
			numbers(&cols[5], rows, func(r *device.Adopted, n int32) { r.Amnesty = n != 0 }))
	}) {
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	return out, nil
}
