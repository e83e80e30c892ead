package eir

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/segment"
	"github.com/openceir/openceir/subscriber"
)

// Spool joins checks into stays and writes them as segments. It is owned by one goroutine.
//
// Every check lies in a row of its device, subscriber, area and radio. A row begins and ends with a
// check, or where the stay changed its radio; no gap in it is longer than stayGap, and rows of one
// stay follow one another. Checks that come late lengthen the stay backwards where it is the same
// radio, and are rows of their own where it is not.
type Spool struct {
	Dir      string          // its own directory, made when it is needed
	Operator device.Operator // whose segments they are
	Zone     *time.Location  // in which days are counted
	Seen     *Seen           // told of every pair
	Stats    *Stats          // Observed, Spooled and Unspooled are counted

	stays map[stayKey]*segment.Row
	open  openSegment
}

type stayKey struct {
	imei   string
	imsi   subscriber.IMSI
	msisdn subscriber.MSISDN
	area   device.Area
}

// Run empties the core's ring until ctx ends, then writes out what is left. The ring is the
// core's only way out, so there is one Run.
func (s *Spool) Run(ctx context.Context, c *Core) error {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case o := <-c.ring:
			s.Observe(&o.Attach)
		case <-tick.C:
			s.sweep(c.Now())
		case <-ctx.Done():
			for len(c.ring) > 0 {
				o := <-c.ring
				s.Observe(&o.Attach)
			}
			return s.Close()
		}
	}
}

// Observe takes one check.
func (s *Spool) Observe(a *device.Attach) {
	s.Stats.Observed.Add(1)
	t := time.UnixMicro(a.Time)
	day, minute := device.DayOf(t, s.Zone), device.Minute(t.Unix()/60)
	if m, err := imei.Parse(a.IMEI); err == nil {
		s.Seen.Add(m, subscriber.Of(a.IMSI, a.MSISDN), day)
	}
	text := legible(a.IMEI)
	key := stayKey{text, a.IMSI, a.MSISDN, a.Area}
	row := segment.Row{IMEI: text, IMSI: a.IMSI, MSISDN: a.MSISDN, Radio: a.Radio, Area: a.Area,
		From: minute, To: minute, First: day, Last: day}
	if s.join(s.stays[key], &row) {
		return
	}
	if s.stays == nil {
		s.stays = map[stayKey]*segment.Row{}
	}
	if _, going := s.stays[key]; !going && len(s.stays) >= maxStays {
		s.flush()
	}
	s.stays[key] = &row
}

// join puts a row of one check to the stay that is going on, nil if none is. It reports false if
// the row is to go on in the stay's place, whose own row is then written.
func (s *Spool) join(stay, row *segment.Row) bool {
	if stay == nil {
		return false
	}
	near := row.From-stay.To <= stayGap && stay.From-row.From <= stayGap
	fits := max(stay.To, row.To)-min(stay.From, row.From) <= segment.StayMax
	switch {
	case near && fits && stay.Radio == row.Radio:
		if row.From < stay.From {
			stay.From, stay.First = row.From, row.First
		}
		if row.To > stay.To {
			stay.To, stay.Last = row.To, row.Last
		}
		return true
	case near && row.From < stay.To:
		s.write(row)
		return true
	case near:
		row.From, row.First = stay.To, stay.Last // by another radio, or because a row is full
	}
	s.write(stay)
	return false
}

// legible returns what a network sent in an IMEI's place as a segment can hold it: whatever is no
// printable ASCII as a question mark, and no more than fits.
func legible(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text[:min(len(text), segment.IMEIMax)])
}

// sweep writes out the stays that have ended, makes what is written safe from a crash, and closes
// a segment that is old.
func (s *Spool) sweep(now time.Time) {
	ended := device.Minute(now.Unix()/60) - stayGap
	for key, r := range s.stays {
		if r.To < ended {
			s.write(r)
			delete(s.stays, key)
		}
	}
	s.settle(now)
}

// flush writes out all stays, in a fixed order.
func (s *Spool) flush() {
	rows := make([]*segment.Row, 0, len(s.stays))
	for _, r := range s.stays {
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b *segment.Row) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.IMEI, b.IMEI), cmp.Compare(a.IMSI, b.IMSI),
			cmp.Compare(a.MSISDN, b.MSISDN), cmp.Compare(a.Area, b.Area))
	})
	for _, r := range rows {
		s.write(r)
	}
	clear(s.stays)
}

// Close writes out everything that is still in memory.
func (s *Spool) Close() error {
	s.flush()
	return s.finish()
}
