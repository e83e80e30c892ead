package lake

import (
	"context"
	"errors"
	"slices"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// DaysOf returns the rows of table days of one device, sorted and united, and whether there were
// more than a history keeps. It reads one column of each part of the device's bucket.
func (l *Lake) DaysOf(ctx context.Context, parts []device.Part, m imei.IMEI) (rows []device.Days, truncated bool, err error) {
	bucket := device.BucketOf(m)
	return l.daysWhere(ctx, parts, "imei", func(p *device.Part) bool { return p.Bucket == bucket }, uint64(m))
}

// DaysOfMSISDN returns the rows of table days with a number, as DaysOf does. It reads one column of
// every part.
func (l *Lake) DaysOfMSISDN(ctx context.Context, parts []device.Part, number subscriber.MSISDN) (rows []device.Days, truncated bool, err error) {
	return l.daysWhere(ctx, parts, "msisdn", func(*device.Part) bool { return true }, uint64(number))
}

// DevicesOf returns the devices of the registration list with a device ID, sorted: at most most of
// them. It reads two columns of every part, and then each device's row, which a later part may have
// changed.
func (l *Lake) DevicesOf(ctx context.Context, parts []device.Part, id string, most int) ([]imei.IMEI, error) {
	var named []imei.IMEI
	for i := range parts {
		if parts[i].Table != TableRegistrations {
			continue
		}
		rows := make([]imei.IMEI, batchRows)
		err := scan(ctx, l, parts[i], []string{"imei", "device_id"}, func(cols []column, n int) error {
			if err := devices(cols, rows[:n], itself); err != nil {
				return err
			}
			return cols[1].each(n, func(from int, c *column, lo, hi int) {
				for i := lo; i < hi; i++ {
					if c.is(i, id) {
						named = append(named, rows[from+i-lo])
					}
				}
			})
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(named)
	var out []imei.IMEI
	for _, m := range slices.Compact(named) {
		r, ok, err := l.RegistrationOf(ctx, parts, m)
		if err != nil {
			return nil, err
		}
		if ok && r.DeviceID == id {
			out = append(out, m)
		}
		if len(out) == most {
			break
		}
	}
	return out, nil
}

func (l *Lake) daysWhere(ctx context.Context, parts []device.Part, column string, look func(*device.Part) bool, key uint64) (rows []device.Days, truncated bool, err error) {
	for i := range parts {
		p := &parts[i]
		if p.Table != TableDays || !look(p) {
			continue
		}
		at, err := l.places(ctx, *p, column, key)
		if err != nil {
			return nil, false, err
		}
		if truncated = truncated || len(rows)+len(at) > daysMax; truncated {
			at = at[:max(0, daysMax-len(rows))]
		}
		if rows, err = l.daysAt(ctx, *p, at, rows); err != nil {
			return nil, false, err
		}
	}
	slices.SortFunc(rows, func(a, b device.Days) int { return compareDays(&a, &b) })
	united := rows[:0]
	for i := range rows {
		if n := len(united); n > 0 && compareDays(&united[n-1], &rows[i]) == 0 {
			unite(&united[n-1], &rows[i])
		} else {
			united = append(united, rows[i])
		}
	}
	return united, truncated, nil
}

// places returns the numbers of the rows that have a value in a column.
func (l *Lake) places(ctx context.Context, p device.Part, name string, key uint64) (at []int64, err error) {
	n := int64(0)
	err = scan(ctx, l, p, []string{name}, func(cols []column, k int) error {
		err := cols[0].each(k, func(from int, c *column, lo, hi int) {
			for i := lo; i < hi; i++ {
				if c.number(i) == key {
					at = append(at, n+int64(from+i-lo))
				}
			}
		})
		n += int64(k)
		return err
	})
	return at, err
}

// daysAt appends the rows with these numbers, ascending; runs of them are read in one go.
func (l *Lake) daysAt(ctx context.Context, p device.Part, at []int64, rows []device.Days) ([]device.Days, error) {
	for len(at) > 0 {
		n := 1
		for n < len(at) && at[n] == at[n-1]+1 {
			n++
		}
		left := n
		err := readRows(ctx, l, p, at[0], func(r *daysRow) error {
			rows = append(rows, r.days(p.Month))
			if left--; left == 0 {
				return errOne
			}
			return nil
		})
		if err != nil && !errors.Is(err, errOne) {
			return nil, err
		}
		at = at[n:]
	}
	return rows, nil
}

func (r *daysRow) days(month device.Month) device.Days {
	d := device.Days{IMEI: imei.IMEI(r.IMEI), IMSI: subscriber.IMSI(r.IMSI), MSISDN: subscriber.MSISDN(r.MSISDN),
		Operator: device.Operator(clone(r.Operator)), Month: month}
	d.Seen = [device.RadioCount]uint32{r.SeenUnknown, r.Seen2G, r.Seen3G, r.Seen4G, r.Seen5G}
	return d
}
