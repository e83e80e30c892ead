package device

import (
	"fmt"
	"time"
)

// Day is a civil day in the country's zone, as days since 1970-01-01. It is set where an
// observation was made and never recomputed from an instant.
type Day int32

// Month is a civil month, as months since January 1970.
type Month int32

// DayOf returns the civil day of an instant in a zone.
func DayOf(t time.Time, zone *time.Location) Day {
	t = t.In(zone)
	return Date(t.Year(), t.Month(), t.Day())
}

// Date returns the day of a calendar date.
func Date(year int, month time.Month, day int) Day {
	return Day(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// ParseDay reads 2006-01-02 or 20060102.
func ParseDay(s string) (Day, error) {
	for _, layout := range []string{"2006-01-02", "20060102"} {
		if t, err := time.Parse(layout, s); err == nil {
			return Day(t.Unix() / 86400), nil
		}
	}
	return 0, fmt.Errorf("reading day %q: write YYYY-MM-DD or YYYYMMDD", s)
}

// Time returns midnight UTC of the day.
func (d Day) Time() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// String returns YYYY-MM-DD.
func (d Day) String() string { return d.Time().Format("2006-01-02") }

// Compact returns YYYYMMDD, the form of the DIRBS layouts.
func (d Day) Compact() string { return d.Time().Format("20060102") }

// Month returns the month of the day and the day's number in it, 1 to 31.
func (d Day) Month() (Month, int) {
	t := d.Time()
	return Month((t.Year()-1970)*12 + int(t.Month()) - 1), t.Day()
}

// First returns the first day of the month.
func (m Month) First() Day { return Date(1970+int(m)/12, time.Month(int(m)%12+1), 1) }

// String returns YYYY-MM.
func (m Month) String() string { return m.First().Time().Format("2006-01") }

// Minute is an instant as minutes since 1970-01-01 UTC: the grain of visits.
type Minute int32
