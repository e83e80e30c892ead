package lake

import (
	"context"
	"iter"
	"slices"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

// Devices returns the devices of a bucket that occur in the parts of days and visits, sorted, once
// each. It reads one column.
func (l *Lake) Devices(ctx context.Context, parts []device.Part, bucket int) ([]imei.IMEI, error) {
	var out []imei.IMEI
	err := l.eachDevice(ctx, parts, bucket, func(m imei.IMEI) {
		if n := len(out); n == 0 || out[n-1] != m {
			out = append(out, m)
		}
	})
	slices.Sort(out)
	return slices.Compact(out), err
}

// Seen tells which of the devices, sorted, occur in the parts of days and visits of a bucket. It
// reads one column.
func (l *Lake) Seen(ctx context.Context, parts []device.Part, bucket int, devices []imei.IMEI) ([]bool, error) {
	out := make([]bool, len(devices))
	s := among{devices: devices}
	err := l.eachDevice(ctx, parts, bucket, func(m imei.IMEI) {
		if s.has(m) {
			out[s.at] = true
		}
	})
	return out, err
}

// eachDevice gives the device of each row, part by part.
func (l *Lake) eachDevice(ctx context.Context, parts []device.Part, bucket int, take func(imei.IMEI)) error {
	for _, table := range []string{TableDays, TableVisits} {
		picked, err := pick(parts, table, bucket)
		if err != nil {
			return err
		}
		for _, p := range picked {
			err := scan(ctx, l, p, []string{"imei"}, func(cols []column, n int) error {
				return cols[0].each(n, func(_ int, c *column, lo, hi int) {
					for _, m := range c.int64s[lo:hi] {
						take(imei.IMEI(m))
					}
				})
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// among tells of devices asked in order whether they are among some, which are sorted. It begins
// anew where the order does.
type among struct {
	devices []imei.IMEI
	at      int
	last    imei.IMEI
}

func (s *among) has(m imei.IMEI) bool {
	if m < s.last {
		s.at = 0
	}
	s.last = m
	step := 1 // the next is near, or the device is far
	for ; s.at+step < len(s.devices) && s.devices[s.at+step] < m; step *= 2 {
		s.at += step
	}
	for ; step > 0; step /= 2 {
		if s.at+step < len(s.devices) && s.devices[s.at+step] < m {
			s.at += step
		}
	}
	if s.at < len(s.devices) && s.devices[s.at] < m {
		s.at++
	}
	return s.at < len(s.devices) && s.devices[s.at] == m
}

// HistoriesOf yields, as Histories does, what the parts hold of each of the devices, which are sorted
// and of one bucket.
func (l *Lake) HistoriesOf(ctx context.Context, parts []device.Part, bucket int, devices []imei.IMEI) iter.Seq2[*device.History, error] {
	return l.histories(ctx, parts, bucket, func() func(imei.IMEI) bool {
		s := among{devices: devices}
		return s.has
	})
}

// FindingsAmong returns, as Findings does, the open findings of some devices, which are sorted and of
// one bucket.
func (l *Lake) FindingsAmong(ctx context.Context, parts []device.Part, bucket int, devices []imei.IMEI) ([]device.Finding, error) {
	s := among{devices: devices}
	return inForce(ctx, l, parts, findings(func(f *device.Finding) bool { return s.has(f.IMEI) }), bucket)
}

// FindingsBy returns, as Findings does, the open findings that some rules have in one bucket.
func (l *Lake) FindingsBy(ctx context.Context, parts []device.Part, bucket int, rules map[string]bool) ([]device.Finding, error) {
	return inForce(ctx, l, parts, findings(func(f *device.Finding) bool { return rules[f.Rule] }), bucket)
}
