package detect

import (
	"strconv"
	"time"

	"github.com/openceir/openceir/internal/device"
)

// window is the complete days that a count looks at: so many days, or so many calendar months, up
// to the day of judgement. Half-open, it ends with the day after. The zero value is none.
type window struct{ days, months int }

// first returns the first day of the window that ends with asOf. A month back from a day that the
// earlier month does not have is its last day.
func (w window) first(asOf device.Day) device.Day {
	if w.months == 0 {
		return asOf - device.Day(w.days) + 1
	}
	end := (asOf + 1).Time()
	month := time.Date(end.Year(), end.Month()-time.Month(w.months), 1, 0, 0, 0, 0, time.UTC)
	last := month.AddDate(0, 1, -1).Day()
	return device.Date(month.Year(), month.Month(), min(end.Day(), last))
}

// most returns the greatest number of days it can have.
func (w window) most() int { return max(w.days, w.months*31) }

func (w window) params() []param {
	switch {
	case w.months > 0:
		return []param{{"window_months", strconv.Itoa(w.months)}}
	case w.days > 0:
		return []param{{"window_days", strconv.Itoa(w.days)}}
	}
	return nil
}

// start returns the bit at which the window begins.
func (b *bench) start(w window) int {
	if w.months == 0 {
		return b.horizon - w.days
	}
	return b.monthStarts[w.months]
}

// nextFlip returns the first day after asOf on which the answer changes because days have left the
// window, 0 if it never does.
func (b *bench) nextFlip(d counting, w window, now bool) device.Day {
	s := b.start(w)
	for day := b.asOf + 1; s < b.horizon; day++ {
		next := s + 1
		if w.months > 0 {
			next = min(b.horizon, int(w.first(day)-b.base))
		}
		left := false
		for ; s < next; s++ {
			left = left || b.seen[s>>6]>>uint(s&63)&1 != 0
		}
		if left && d.at(b, s) != now {
			return day
		}
	}
	return 0
}

// anySeen returns the first day of the window on which the device was seen, asOf if there is none.
func (b *bench) anySeen(start int) device.Day {
	for s := start; s < b.horizon; s++ {
		if b.seen[s>>6]>>uint(s&63)&1 != 0 {
			return b.base + device.Day(s)
		}
	}
	return b.asOf
}
