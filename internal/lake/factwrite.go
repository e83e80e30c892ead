package lake

import (
	"bytes"
	"cmp"
	"context"
	"iter"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
)

// The rows of the lists as Parquet has them.

type stolenRow struct {
	IMEI     int64  `parquet:"imei,delta"`
	Reported int32  `parquet:"reported,optional,date,delta"`
	Status   string `parquet:"status,dict"`
	Change   string `parquet:"change,dict"`
}

type registrationRow struct {
	IMEI           int64  `parquet:"imei,delta"`
	Make           string `parquet:"make,dict"`
	Model          string `parquet:"model,dict"`
	Status         string `parquet:"status,dict"`
	ModelNumber    string `parquet:"model_number,dict"`
	BrandName      string `parquet:"brand_name,dict"`
	DeviceType     string `parquet:"device_type,dict"`
	RadioInterface string `parquet:"radio_interface,dict"`
	DeviceID       string `parquet:"device_id,delta"`
	Change         string `parquet:"change,dict"`
}

type pairingRow struct {
	IMEI   int64  `parquet:"imei,delta"`
	IMSI   int64  `parquet:"imsi,delta"`
	MSISDN int64  `parquet:"msisdn,delta"`
	Change string `parquet:"change,dict"`
}

type goldenRow struct {
	MD5    [16]byte `parquet:"md5"`
	Change string   `parquet:"change,dict"`
}

type listedRow struct {
	IMEI   int64  `parquet:"imei,delta"`
	Since  int32  `parquet:"since,date,delta"`
	Change string `parquet:"change,dict"`
}

type barredTACRow struct {
	TAC    int32  `parquet:"tac,delta"`
	Change string `parquet:"change,dict"`
}

type personRow struct {
	IMSI   int64  `parquet:"imsi,delta"`
	UID    string `parquet:"uid,delta"`
	Change string `parquet:"change,dict"`
}

type associationRow struct {
	IMEI   int64  `parquet:"imei,delta"`
	UID    string `parquet:"uid,delta"`
	Change string `parquet:"change,dict"`
}

// writeFacts writes one part of a list: rows in strict order, all of the part's bucket. The iterator
// may reuse the row it yields, but not its texts.
func writeFacts[T, R any](ctx context.Context, l *Lake, p device.Part, rows iter.Seq2[device.Change, *T], bucket func(*T) int,
	order func(a, b *T) int, row func(*T, string) R,
) (device.Part, error) {
	var last T
	return writePart(ctx, l, p, func(put func(R) error) error {
		first := true
		for change, r := range rows {
			if bucket != nil && bucket(r) != p.Bucket {
				return problem.New(problem.Broken, "writing %s: a row does not belong to bucket %d", p.Table, p.Bucket)
			}
			if !first && order(&last, r) >= 0 {
				return problem.New(problem.Broken, "writing %s: the rows are out of order", p.Table)
			}
			first, last = false, *r
			if err := put(row(r, change.String())); err != nil {
				return err
			}
		}
		return nil
	})
}

// WriteTACs writes the TAC directory as one part. The rows must be sorted by TAC, without repeats.
func (l *Lake) WriteTACs(ctx context.Context, rows iter.Seq2[device.Change, *device.TAC]) (device.Part, error) {
	return writeFacts(ctx, l, device.Part{Table: TableTACs}, rows, nil,
		func(a, b *device.TAC) int { return cmp.Compare(a.TAC, b.TAC) },
		func(t *device.TAC, _ string) tacRow {
			return tacRow{int32(t.TAC), t.Manufacturer, t.Model, t.DeviceType, t.Bands, int32(t.Allocated), t.Other}
		})
}

// WriteStolen writes one bucket of a file of the stolen list, sorted by IMEI, without repeats.
func (l *Lake) WriteStolen(ctx context.Context, bucket int, rows iter.Seq2[device.Change, *device.Stolen]) (device.Part, error) {
	return writeFacts(ctx, l, device.Part{Table: TableStolen, Bucket: bucket}, rows,
		func(r *device.Stolen) int { return device.BucketOf(r.IMEI) },
		func(a, b *device.Stolen) int { return cmp.Compare(a.IMEI, b.IMEI) },
		func(r *device.Stolen, change string) stolenRow {
			return stolenRow{int64(r.IMEI), int32(r.Reported), r.Status, change}
		})
}

// WriteRegistrations writes one bucket of a file of the registration list, sorted by IMEI, without
// repeats.
func (l *Lake) WriteRegistrations(ctx context.Context, bucket int, rows iter.Seq2[device.Change, *device.Registration]) (device.Part, error) {
	return writeFacts(ctx, l, device.Part{Table: TableRegistrations, Bucket: bucket}, rows,
		func(r *device.Registration) int { return device.BucketOf(r.IMEI) },
		func(a, b *device.Registration) int { return cmp.Compare(a.IMEI, b.IMEI) },
		func(r *device.Registration, change string) registrationRow {
			return registrationRow{int64(r.IMEI), r.Make, r.Model, r.Status, r.ModelNumber, r.BrandName, r.DeviceType, r.RadioInterface, r.DeviceID, change}
		})
}

// WritePairings writes one bucket of a file of the pairing list, sorted by IMEI, IMSI and MSISDN,
// without repeats.
func (l *Lake) WritePairings(ctx context.Context, bucket int, rows iter.Seq2[device.Change, *device.Pairing]) (device.Part, error) {
	return writeFacts(ctx, l, device.Part{Table: TablePairings, Bucket: bucket}, rows,
		func(r *device.Pairing) int { return device.BucketOf(r.IMEI) }, ComparePairings,
		func(r *device.Pairing, change string) pairingRow {
			return pairingRow{int64(r.IMEI), int64(r.IMSI), int64(r.MSISDN), change}
		})
}

// WriteGolden writes a file of the golden list, sorted, without repeats.
func (l *Lake) WriteGolden(ctx context.Context, rows iter.Seq2[device.Change, *device.Golden]) (device.Part, error) {
	return writeFacts(ctx, l, device.Part{Table: TableGolden}, rows, nil,
		func(a, b *device.Golden) int { return bytes.Compare(a[:], b[:]) },
		func(r *device.Golden, change string) goldenRow { return goldenRow{*r, change} })
}

// WriteListed writes one bucket of a file of the barred or the monitoring list, sorted by IMEI,
// without repeats.
func (l *Lake) WriteListed(ctx context.Context, table string, bucket int, rows iter.Seq2[device.Change, *device.Listed]) (device.Part, error) {
	return writeFacts(ctx, l, device.Part{Table: table, Bucket: bucket}, rows,
		func(r *device.Listed) int { return device.BucketOf(r.IMEI) },
		func(a, b *device.Listed) int { return cmp.Compare(a.IMEI, b.IMEI) },
		func(r *device.Listed, change string) listedRow {
			return listedRow{int64(r.IMEI), int32(r.Since), change}
		})
}

// WriteBarredTACs writes a file of the list of barred TACs, sorted, without repeats.
func (l *Lake) WriteBarredTACs(ctx context.Context, rows iter.Seq2[device.Change, *imei.TAC]) (device.Part, error) {
	return writeFacts(ctx, l, device.Part{Table: TableBarredTACs}, rows, nil,
		func(a, b *imei.TAC) int { return cmp.Compare(*a, *b) },
		func(r *imei.TAC, change string) barredTACRow { return barredTACRow{int32(*r), change} })
}

// WriteSubscribers writes a file of the subscribers' registration list, sorted by IMSI and UID,
// without repeats.
func (l *Lake) WriteSubscribers(ctx context.Context, rows iter.Seq2[device.Change, *device.Person]) (device.Part, error) {
	return writeFacts(ctx, l, device.Part{Table: TableSubscribers}, rows, nil, ComparePersons,
		func(r *device.Person, change string) personRow { return personRow{int64(r.IMSI), r.UID, change} })
}

// WriteAssociations writes one bucket of a file of the device association list, sorted by IMEI and
// UID, without repeats.
func (l *Lake) WriteAssociations(ctx context.Context, bucket int, rows iter.Seq2[device.Change, *device.Association]) (device.Part, error) {
	return writeFacts(ctx, l, device.Part{Table: TableAssociations, Bucket: bucket}, rows,
		func(r *device.Association) int { return device.BucketOf(r.IMEI) }, CompareAssociations,
		func(r *device.Association, change string) associationRow {
			return associationRow{int64(r.IMEI), r.UID, change}
		})
}
