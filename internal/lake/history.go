package lake

import (
	"context"
	"iter"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
)

// Histories yields all that the parts hold of each device of a bucket, in the order of IMEI. Parts
// of other tables and buckets are passed over; the order of parts, and a part given twice, make no
// difference: equal rows are united. The history and its slices are reused: whoever keeps something
// copies it. After an error, which is always the last pair, nothing more is yielded.
//
// Of a device with more than daysMax rows of days or visitsMax visits, the first ones in order are
// given and the history is marked as truncated; Subscribers then counts all distinct subscribers of
// the days. Memory is bounded by the number of parts, never by what one device has done.
func (l *Lake) Histories(ctx context.Context, parts []device.Part, bucket int) iter.Seq2[*device.History, error] {
	return l.histories(ctx, parts, bucket, nil)
}

// histories yields the devices that keep says so of, nil all. Each part asks a function of its own,
// in the order of its rows.
func (l *Lake) histories(ctx context.Context, parts []device.Part, bucket int, keep func() func(imei.IMEI) bool) iter.Seq2[*device.History, error] {
	return func(yield func(*device.History, error) bool) {
		days, visits, err := l.openBucket(parts, bucket, keep)
		if err != nil {
			yield(nil, err)
			return
		}
		defer days.close()
		defer visits.close()
		h := new(device.History)
		for n := 0; ; n++ {
			if n%1024 == 0 && ctx.Err() != nil {
				yield(nil, ctx.Err())
				return
			}
			m, ok := least(days, visits)
			if !ok {
				return
			}
			*h = device.History{IMEI: m, Days: h.Days[:0], Visits: h.Visits[:0]}
			if err := gatherDays(h, days); err != nil {
				yield(nil, err)
				return
			}
			if err := gatherVisits(h, visits); err != nil {
				yield(nil, err)
				return
			}
			if !yield(h, nil) {
				return
			}
		}
	}
}

// openBucket opens every part of days and visits of a bucket, each once.
func (l *Lake) openBucket(parts []device.Part, bucket int, keep func() func(imei.IMEI) bool) (*merge[device.Days], *merge[device.Visit], error) {
	daysParts, err := pick(parts, TableDays, bucket)
	if err != nil {
		return nil, nil, err
	}
	visitParts, err := pick(parts, TableVisits, bucket)
	if err != nil {
		return nil, nil, err
	}
	days, err := openMerge(daysParts, kept(l.openDays, keep, func(d *device.Days) imei.IMEI { return d.IMEI }), compareDays)
	if err != nil {
		return nil, nil, err
	}
	visits, err := openMerge(visitParts, kept(l.openVisits, keep, func(v *device.Visit) imei.IMEI { return v.IMEI }), compareVisits)
	if err != nil {
		days.close()
	}
	return days, visits, err
}

// kept opens parts of which only the rows of some devices are taken.
func kept[T any](open func(device.Part, int) (*cursor[T], error), keep func() func(imei.IMEI) bool, of func(*T) imei.IMEI) func(device.Part, int) (*cursor[T], error) {
	if keep == nil {
		return open
	}
	return func(p device.Part, batch int) (*cursor[T], error) {
		c, err := open(p, batch)
		if err == nil {
			has := keep()
			c.keep = func(row *T) bool { return has(of(row)) }
		}
		return c, err
	}
}

// pick returns the parts of a table and bucket, each once.
func pick(parts []device.Part, table string, bucket int) ([]device.Part, error) {
	var picked []device.Part
	seen := make(map[string]bool)
	for _, p := range parts {
		if p.Table == table && p.Bucket == bucket && !seen[p.Digest] {
			seen[p.Digest] = true
			picked = append(picked, p)
		}
	}
	if len(picked) > partsMax {
		return nil, problem.New(problem.Refused, "bucket %d has %d parts of %s, more than the %d that can be read at once: read fewer months, or send fewer and larger files", bucket, len(picked), table, partsMax)
	}
	return picked, nil
}

func openMerge[T any](parts []device.Part, open func(device.Part, int) (*cursor[T], error), compare func(a, b *T) int) (*merge[T], error) {
	batch := max(32, min(1024, 1<<16/max(1, len(parts))))
	var cursors []*cursor[T]
	for _, p := range parts {
		c, err := open(p, batch)
		if err != nil {
			for _, c := range cursors {
				c.close()
			}
			return nil, err
		}
		cursors = append(cursors, c)
	}
	return newMerge(cursors, compare)
}

func least(days *merge[device.Days], visits *merge[device.Visit]) (imei.IMEI, bool) {
	d, v := days.head(), visits.head()
	switch {
	case d == nil && v == nil:
		return 0, false
	case v == nil || d != nil && d.IMEI <= v.IMEI:
		return d.IMEI, true
	}
	return v.IMEI, true
}

// gatherDays takes the device's days, uniting the bitmaps of equal keys. Rows come in the order
// of subscriber, so counting where it changes counts distinct ones.
func gatherDays(h *device.History, days *merge[device.Days]) error {
	var last device.Days
	rows, subscribers := 0, 0
	for d := days.head(); d != nil && d.IMEI == h.IMEI; d = days.head() {
		if rows > 0 && compareDays(&last, d) == 0 {
			if len(h.Days) == rows {
				unite(&h.Days[rows-1], d)
			}
		} else {
			if s := d.Subscriber(); s != 0 && (rows == 0 || s != last.Subscriber()) {
				subscribers++
			}
			if rows++; rows <= daysMax {
				h.Days = append(h.Days, *d)
			}
			last = *d
		}
		if err := days.next(); err != nil {
			return err
		}
	}
	if rows > daysMax {
		h.Truncated, h.Subscribers = true, subscribers
	}
	return nil
}

func unite(to, from *device.Days) {
	for r := range to.Seen {
		to.Seen[r] |= from.Seen[r]
	}
}

// gatherVisits takes the device's visits. Two that differ only in their end are one, which lasted
// to the later end.
func gatherVisits(h *device.History, visits *merge[device.Visit]) error {
	rows := 0
	var last device.Visit
	for v := visits.head(); v != nil && v.IMEI == h.IMEI; v = visits.head() {
		if rows > 0 && compareVisits(&last, v) == 0 {
			if len(h.Visits) == rows {
				h.Visits[rows-1].To = max(h.Visits[rows-1].To, v.To)
			}
		} else {
			if rows++; rows <= visitsMax {
				h.Visits = append(h.Visits, *v)
			}
			last = *v
		}
		if err := visits.next(); err != nil {
			return err
		}
	}
	if rows > visitsMax && !h.Truncated {
		h.Truncated, h.Subscribers = true, count(h.Days)
	}
	return nil
}

// count returns the distinct subscribers of sorted days.
func count(days []device.Days) int {
	n := 0
	for i := range days {
		if s := days[i].Subscriber(); s != 0 && (i == 0 || s != days[i-1].Subscriber()) {
			n++
		}
	}
	return n
}
