package lake

import (
	"context"
	"math/bits"

	"github.com/openceir/openceir/internal/device"
)

// Present tells on which days each operator saw anything, by table days and by table visits (the
// days of the visits' minutes in UTC), from one month on. What is not in it was not delivered.
func (l *Lake) Present(ctx context.Context, parts []device.Part, from device.Month) (days, timed map[device.Operator]map[device.Day]bool, err error) {
	days, timed = map[device.Operator]map[device.Day]bool{}, map[device.Operator]map[device.Day]bool{}
	for _, p := range parts {
		if p.Month < from {
			continue
		}
		switch p.Table {
		case TableDays:
			err = l.presentDays(ctx, p, days)
		case TableVisits:
			err = l.presentVisits(ctx, p, timed)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return days, timed, nil
}

func (l *Lake) presentDays(ctx context.Context, p device.Part, out map[device.Operator]map[device.Day]bool) error {
	names := []string{"operator", "seen_unknown", "seen_2g", "seen_3g", "seen_4g", "seen_5g"}
	operators := make([]device.Operator, batchRows)
	sets := map[device.Operator]uint32{}
	err := scan(ctx, l, p, names, func(cols []column, n int) error {
		var seen [batchRows]uint32
		for i := 1; i < len(names); i++ {
			err := cols[i].each(n, func(from int, c *column, lo, hi int) {
				for i := lo; i < hi; i++ {
					seen[from+i-lo] |= c.uint32s[i]
				}
			})
			if err != nil {
				return err
			}
		}
		err := cols[0].each(n, func(from int, c *column, lo, hi int) {
			for i := lo; i < hi; i++ {
				operators[from+i-lo] = c.names[c.index[i]]
			}
		})
		for i := 0; i < n && err == nil; {
			op, set := operators[i], uint32(0)
			for ; i < n && operators[i] == op; i++ {
				set |= seen[i]
			}
			sets[op] |= set
		}
		return err
	})
	for op, set := range sets {
		for ; set != 0; set &= set - 1 {
			put(out, op, p.Month.First()+device.Day(bits.TrailingZeros32(set)))
		}
	}
	return err
}

func (l *Lake) presentVisits(ctx context.Context, p device.Part, out map[device.Operator]map[device.Day]bool) error {
	m, err := openMerge([]device.Part{p}, l.openVisits, compareVisits)
	if err != nil {
		return err
	}
	defer m.close()
	for v := m.head(); v != nil; v = m.head() {
		for minute := v.From; minute <= v.To; minute += 1440 {
			put(out, v.Operator, device.Day(minute/1440))
		}
		put(out, v.Operator, device.Day(v.To/1440))
		if err := m.next(); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func put(out map[device.Operator]map[device.Day]bool, op device.Operator, day device.Day) {
	if out[op] == nil {
		out[op] = map[device.Day]bool{}
	}
	out[op][day] = true
}
