package device

import "math/bits"

// First returns the first day of the row. A row without any day, which no writer makes, has none
// that means anything.
func (d *Days) First() Day { return d.Month.First() + Day(bits.TrailingZeros32(d.All())) }

// Last returns the last day of the row.
func (d *Days) Last() Day { return d.Month.First() + Day(31-bits.LeadingZeros32(d.All())) }
