package country

import (
	"cmp"
	"slices"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

// sight is where a victim or a single cloner was, among the timed attaches.
type sight struct {
	face int32
	at   device.Minute
	area device.Area
}

// What makes a conflict of time and place plain to see: no rule of any sense misses it.
const (
	stayMinutes   = 60 // attaches in one area no further apart make one stay
	plainMinutes  = 1  // the two stays overlap by more
	plainKm       = 50 // in areas further apart
	plainPerHours = 12 // and are this far from the last conflict that counted
)

// stay is one device in one area.
type stay struct {
	face     int32
	from, to device.Minute
	area     device.Area
}

// conflicts counts, for every victim and its single cloner, how often the timed attaches plainly
// show them in two places at once.
func (o *output) conflicts() map[imei.IMEI]int {
	slices.SortFunc(o.sights, func(a, b sight) int {
		return cmp.Or(cmp.Compare(o.faces[a.face].imei, o.faces[b.face].imei), cmp.Compare(a.face, b.face), cmp.Compare(a.at, b.at), cmp.Compare(a.area, b.area))
	})
	found := map[imei.IMEI]int{}
	for i := 0; i < len(o.sights); {
		id := o.faces[o.sights[i].face].imei
		end := i
		for end < len(o.sights) && o.faces[o.sights[end].face].imei == id {
			end++
		}
		if n := countConflicts(stays(o.sights[i:end])); n > 0 {
			found[id] = n
		}
		i = end
	}
	return found
}

// stays joins the sights of one IMEI, sorted by device and time.
func stays(sights []sight) []stay {
	var all []stay
	for _, s := range sights {
		if n := len(all) - 1; n >= 0 && all[n].face == s.face && all[n].area == s.area && s.at-all[n].to <= stayMinutes {
			all[n].to = s.at
			continue
		}
		all = append(all, stay{s.face, s.at, s.at, s.area})
	}
	slices.SortStableFunc(all, func(a, b stay) int { return cmp.Compare(a.from, b.from) })
	return all
}

func countConflicts(all []stay) (n int) {
	next := device.Minute(0)
	for i, later := range all {
		for _, earlier := range all[:i] {
			overlap := min(earlier.to, later.to) - later.from
			if later.from >= next && earlier.face != later.face && overlap > plainMinutes && earlier.area.Distance(later.area) > plainKm {
				n++
				next = later.from + plainPerHours*60
			}
		}
	}
	return n
}
