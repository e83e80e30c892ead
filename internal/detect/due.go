package detect

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/bits"
	"slices"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
)

// Days that come. A run keeps, beside the findings, on which day each device is to be judged again
// though nothing new is learnt of it, so that when days pass only the devices that are due are judged.
// That is the day on which a verdict can change (see Judge) or, of a device with findings, the one on
// which what they tell can: what a rule counts in a window is another every day, and the number of
// active subscribers falls when one was not seen for long enough. A day that is too early costs a
// judgement; one that is too late would leave a finding as it was. Malformed identifiers are all judged
// each time and need none.

// edition is that of the judging. Raise it with every change after which a device may be judged
// otherwise by the same history, facts and conditions: then every device is judged again.
const edition = 1

// by names what devices are judged by beside what is known of them. Days that were told by something
// else say nothing.
func (s *Stage[T]) by(conditions *Conditions) string {
	zone := time.UTC
	if s.Zone != nil {
		zone = s.Zone
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s\n%s", edition, zone, conditions.Text()))
	return hex.EncodeToString(sum[:8])
}

// moves returns the first later day on which findings that hold can tell something else, though the
// same rules hold and nothing new is learnt of the device; 0 if they cannot.
func (r *run) moves(h *device.History, found []device.Finding) device.Day {
	for i := range found {
		if r.part.rules[r.part.index[found[i].Rule]].condition.slides {
			return r.AsOf + 1
		}
	}
	if len(found) == 0 {
		return 0
	}
	return fades(h, r.AsOf)
}

// fades returns the first later day on which fewer subscribers of a device count as active, 0 if none
// does now.
func fades(h *device.History, asOf device.Day) (day device.Day) {
	for i := 0; i < len(h.Days); {
		id, last := h.Days[i].Subscriber(), device.Day(0)
		for ; i < len(h.Days) && h.Days[i].Subscriber() == id; i++ {
			last = max(last, lastSeen(&h.Days[i], asOf))
		}
		if id != 0 && last > asOf-activeDays {
			day = earlier(day, last+activeDays)
		}
	}
	return day
}

// lastSeen returns the last day up to asOf of a row, 0 if it has none.
func lastSeen(row *device.Days, asOf device.Day) device.Day {
	first, days := row.Month.First(), row.All()
	if keep := int(asOf-first) + 1; keep < 32 {
		days &= 1<<max(0, keep) - 1
	}
	if days == 0 {
		return 0
	}
	return first + device.Day(bits.Len32(days)-1)
}

// dueDays returns the devices that are to be judged again, sorted.
func (p *Part) dueDays() []ledger.DueRow { return sooner(rowsOf(p.due), rowsOf(p.moving)) }

func rowsOf(due []Due) []ledger.DueRow {
	out := make([]ledger.DueRow, len(due))
	for i, d := range due {
		out[i] = ledger.DueRow{IMEI: d.IMEI, Day: d.Day}
	}
	return out
}

// keepDue writes what changed in the due days of a bucket, as keepBucket does with findings.
func (s *Stage[T]) keepDue(ctx context.Context, r *result, d *ledger.Detection, bucket int) error {
	parts, held := r.before.due[bucket], r.before.By == r.in.by || r.rules != nil
	var was []ledger.DueRow
	var err error
	if held {
		if was, err = s.Lake.Due(ctx, partsOf(parts), bucket); err != nil {
			return err
		}
	}
	now := r.found[bucket].dueDays()
	stays := func(m imei.IMEI) bool { return false }
	switch {
	case r.scope != nil:
		stays = func(m imei.IMEI) bool { _, judged := slices.BinarySearch(r.judged[bucket], m); return !judged }
	case r.rules != nil: // the others have their days still
		now = sooner(was, now)
	}
	rows, all := changedDays(was, now, stays)
	if len(rows) == 0 && held {
		return nil
	}
	if !held || crowded(parts, len(rows)) {
		d.Gone = append(d.Gone, gone(parts)...)
		rows = all
	}
	if len(rows) == 0 {
		return nil
	}
	p, err := s.Lake.WriteDue(ctx, bucket, rows)
	d.Added = append(d.Added, p)
	return err
}

// sooner returns the devices that either list has, sorted, each with the earlier of its days.
func sooner(a, b []ledger.DueRow) []ledger.DueRow {
	out := make([]ledger.DueRow, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].IMEI < b[0].IMEI:
			out, a = append(out, a[0]), a[1:]
		case b[0].IMEI < a[0].IMEI:
			out, b = append(out, b[0]), b[1:]
		default:
			out, a, b = append(out, ledger.DueRow{IMEI: a[0].IMEI, Day: min(a[0].Day, b[0].Day)}), a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// changedDays returns what differs between the due days that were and those of the devices that were
// judged, and all that are after; stays tells which devices were not judged.
func changedDays(was, now []ledger.DueRow, stays func(imei.IMEI) bool) (changed, all []ledger.DueRow) {
	all = make([]ledger.DueRow, 0, max(len(was), len(now)))
	for len(was) > 0 || len(now) > 0 {
		switch {
		case len(now) == 0 || len(was) > 0 && was[0].IMEI < now[0].IMEI:
			if stays(was[0].IMEI) {
				all = append(all, was[0])
			} else {
				changed = append(changed, ledger.DueRow{IMEI: was[0].IMEI})
			}
			was = was[1:]
			continue
		case len(was) == 0 || was[0] != now[0]:
			changed = append(changed, now[0])
		}
		all = append(all, now[0])
		if len(was) > 0 && was[0].IMEI == now[0].IMEI {
			was = was[1:]
		}
		now = now[1:]
	}
	return changed, all
}
