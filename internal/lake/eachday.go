package lake

import (
	"context"
	"iter"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

// Days yields every row of table days that the parts hold of a bucket, in the order of (IMEI, IMSI,
// MSISDN, operator, month), rows of equal keys united. Unlike Histories it leaves nothing out,
// whatever one device has done: it is for counting. The row is reused. After an error, which is
// always the last pair, nothing more is yielded.
func (l *Lake) Days(ctx context.Context, parts []device.Part, bucket int) iter.Seq2[*device.Days, error] {
	return eachDay(ctx, parts, bucket, l.openDays)
}

// DaysAmong yields, as Days does, the rows of some devices, which are sorted and of one bucket.
func (l *Lake) DaysAmong(ctx context.Context, parts []device.Part, bucket int, devices []imei.IMEI) iter.Seq2[*device.Days, error] {
	return eachDay(ctx, parts, bucket, kept(l.openDays, func() func(imei.IMEI) bool {
		s := among{devices: devices}
		return s.has
	}, func(d *device.Days) imei.IMEI { return d.IMEI }))
}

func eachDay(ctx context.Context, parts []device.Part, bucket int, open func(device.Part, int) (*cursor[device.Days], error)) iter.Seq2[*device.Days, error] {
	return func(yield func(*device.Days, error) bool) {
		picked, err := pick(parts, TableDays, bucket)
		if err != nil {
			yield(nil, err)
			return
		}
		days, err := openMerge(picked, open, compareDays)
		if err != nil {
			yield(nil, err)
			return
		}
		defer days.close()
		var row device.Days
		for n := 0; ; n++ {
			if n%(1<<14) == 0 && ctx.Err() != nil {
				yield(nil, ctx.Err())
				return
			}
			d := days.head()
			if d == nil {
				return
			}
			row = *d
			for err = days.next(); err == nil; err = days.next() {
				if d = days.head(); d == nil || compareDays(&row, d) != 0 {
					break
				}
				unite(&row, d)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(&row, nil) {
				return
			}
		}
	}
}
