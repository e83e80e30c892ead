package lake

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

var clone = strings.Clone

const removed = "remove"

// rowOf calls take with the row of a device in each part that has one, in the order of the parts:
// the last one counts.
func rowOf[R any](ctx context.Context, l *Lake, parts []device.Part, table string, m imei.IMEI, take func(*R)) error {
	for _, p := range parts {
		if p.Table != table || p.Bucket != device.BucketOf(m) {
			continue
		}
		at, err := l.place(ctx, p, "imei", func(c *column, lo, hi int) (int, bool) { return slices.BinarySearch(c.int64s[lo:hi], int64(m)) })
		if err == nil && at >= 0 {
			err = readRows(ctx, l, p, at, func(r *R) error { take(r); return errOne })
		}
		if err != nil && !errors.Is(err, errOne) {
			return err
		}
	}
	return nil
}

var errOne = errors.New("one row was enough")

// place returns the number of the row with a key in a part, -1 if it has none; search looks for it
// among the rows of a page.
func (l *Lake) place(ctx context.Context, p device.Part, key string, search func(c *column, lo, hi int) (int, bool)) (int64, error) {
	n, at := int64(0), int64(-1)
	err := scan(ctx, l, p, []string{key}, func(cols []column, k int) error {
		err := cols[0].each(k, func(from int, c *column, lo, hi int) {
			if i, ok := search(c, lo, hi); ok {
				at = n + int64(from+i)
			}
		})
		n += int64(k)
		return err
	})
	return at, err
}

// RegistrationOf returns the row of a device in the registration list.
func (l *Lake) RegistrationOf(ctx context.Context, parts []device.Part, m imei.IMEI) (r device.Registration, ok bool, err error) {
	err = rowOf(ctx, l, parts, TableRegistrations, m, func(row *registrationRow) {
		ok = row.Change != removed
		r = device.Registration{
			IMEI: m, Make: clone(row.Make), Model: clone(row.Model), Status: clone(row.Status), ModelNumber: clone(row.ModelNumber),
			BrandName: clone(row.BrandName), DeviceType: clone(row.DeviceType), RadioInterface: clone(row.RadioInterface), DeviceID: clone(row.DeviceID),
		}
	})
	if !ok {
		r = device.Registration{}
	}
	return r, ok, err
}

// TACOf returns the directory's row of a TAC with all its columns.
func (l *Lake) TACOf(ctx context.Context, parts []device.Part, tac imei.TAC) (t device.TAC, ok bool, err error) {
	for _, p := range parts {
		if p.Table != TableTACs {
			continue
		}
		at, err := l.place(ctx, p, "tac", func(c *column, lo, hi int) (int, bool) { return slices.BinarySearch(c.int32s[lo:hi], int32(tac)) })
		if err == nil && at >= 0 {
			err = readRows(ctx, l, p, at, func(r *tacRow) error {
				ok = true
				t = device.TAC{
					TAC: tac, Manufacturer: clone(r.Manufacturer), Model: clone(r.Model), DeviceType: clone(r.DeviceType),
					Bands: clone(r.Bands), Allocated: device.Day(r.Allocated), Other: clone(r.Other),
				}
				return errOne
			})
		}
		if err != nil && !errors.Is(err, errOne) {
			return t, false, err
		}
	}
	return t, ok, nil
}
