package detect

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// Feed is the edition of a set of facts: every answer names it.
type Feed struct {
	Version string     // digest or number of the edition
	Day     device.Day // day on which it was current
}

// Facts is what is known of devices beside what networks saw. The zero value knows nothing, and
// rules that need what it lacks are suspended.
type Facts struct {
	TACs    *TACSet // nil is none
	TACFeed Feed
	// BarredTACs are sorted, and Subscriptions by IMSI.
	BarredTACs    []imei.TAC
	Subscriptions []Subscription
	// Lists says what the lists have of single devices. A pass reads its own.
	Lists *Lists
	// Adopted are the kinds of lists of which there is an edition in force, be it an empty one.
	Adopted []device.FileKind
	// AdoptedUntil is the last day on which what is found continues its row of Lists.TakenOver.
	AdoptedUntil device.Day
	// Zone is the country's zone, by which visits (instants) belong to civil days. Nil is UTC.
	Zone *time.Location

	marks *Marks // of the device at hand, in a pass
	have  needs  // what is adopted, in a pass
}

// Subscription is one IMSI of a registered person. Persons are numbered from 0.
type Subscription struct {
	IMSI   subscriber.IMSI
	Person int32
}

// Lists is what the lists have of single devices, each sorted by IMEI.
type Lists struct {
	Stolen     []device.Stolen // may have several rows for a device
	Registered []imei.IMEI
	Associated []imei.IMEI
	Barred     []device.Listed
	Monitored  []device.Listed
	// TakenOver is what another system had found when this one took its place, sorted by
	// device.CompareAdopted.
	TakenOver []device.Adopted
	// Texts is what they have of malformed identifiers, by normal form.
	Texts map[string]Marks
}

// Marks is what the lists say of one device.
type Marks struct {
	OnStolen, OnBarred, OnMonitored bool
	Registered, Associated          bool
	Stolen                          device.Stolen // the row that prevails
	Barred, Monitored               device.Day    // since when
}

// of finds what the lists say of a device.
func (l *Lists) of(h *device.History) (m Marks) {
	switch {
	case l == nil:
		return m
	case h.Text != "":
		return l.Texts[h.Text]
	}
	for i, ok := find(l.Stolen, h.IMEI, stolenKey); ok && i < len(l.Stolen) && l.Stolen[i].IMEI == h.IMEI; i++ {
		m.steal(l.Stolen[i])
	}
	_, m.Registered = slices.BinarySearch(l.Registered, h.IMEI)
	_, m.Associated = slices.BinarySearch(l.Associated, h.IMEI)
	if i, ok := find(l.Barred, h.IMEI, listedKey); ok {
		m.OnBarred, m.Barred = true, l.Barred[i].Since
	}
	if i, ok := find(l.Monitored, h.IMEI, listedKey); ok {
		m.OnMonitored, m.Monitored = true, l.Monitored[i].Since
	}
	return m
}

func find[T any](rows []T, m imei.IMEI, key func(*T) imei.IMEI) (int, bool) {
	return slices.BinarySearchFunc(rows, m, func(r T, m imei.IMEI) int { return compare(uint64(key(&r)), uint64(m)) })
}

func stolenKey(s *device.Stolen) imei.IMEI { return s.IMEI }
func listedKey(l *device.Listed) imei.IMEI { return l.IMEI }
func plainKey(m *imei.IMEI) imei.IMEI      { return *m }

// steal adds a row of the stolen list.
func (m *Marks) steal(row device.Stolen) {
	if m.OnStolen {
		row = prevailing(m.Stolen, row)
	}
	m.OnStolen, m.Stolen = true, row
}

// prevailing returns which of two rows of the stolen list for one device is in force: one that asks
// for a block, and the earliest report among those.
func prevailing(a, b device.Stolen) device.Stolen {
	switch {
	case a.Blocks() != b.Blocks():
		if b.Blocks() {
			return b
		}
	case b.Reported != 0 && (a.Reported == 0 || b.Reported < a.Reported):
		return b
	}
	return a
}

// TACSet is a TAC directory: which codes are allocated, and what the models are.
type TACSet struct {
	tacs   []imei.TAC // sorted
	models []model    // of each
	types  []string   // device types, lower case, by number
}

// model is what the directory says of a code's model.
type model struct {
	radios uint8 // a bit for each class that any code of the model has bands of; 0 is not known
	kind   uint16
}

// NewTACSet returns the directory of the rows. Of several rows for a code the last counts.
func NewTACSet(rows []device.TAC) *TACSet {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b device.TAC) int { return cmp.Compare(a.TAC, b.TAC) })
	s := &TACSet{}
	type name struct{ manufacturer, model string }
	of := func(r *device.TAC) (name, bool) {
		n := name{strings.TrimSpace(r.Manufacturer), strings.TrimSpace(r.Model)}
		return n, n.manufacturer != "" && n.model != ""
	}
	radios := map[name]uint8{}
	bands := map[string]uint8{} // there are few texts of bands
	types := map[string]uint16{}
	last := rows[:0]
	for i := range rows {
		if i+1 < len(rows) && rows[i+1].TAC == rows[i].TAC {
			continue
		}
		last = append(last, rows[i])
	}
	for i := range last {
		if n, ok := of(&last[i]); ok {
			classes, known := bands[last[i].Bands]
			if !known {
				classes = Radios(last[i].Bands)
				bands[last[i].Bands] = classes
			}
			radios[n] |= classes
		}
	}
	for i := range last {
		r := &last[i]
		var m model
		if n, ok := of(r); ok {
			m.radios = radios[n]
		}
		kind := strings.ToLower(strings.TrimSpace(r.DeviceType))
		number, known := types[kind]
		if !known && len(s.types) < 1<<16-1 {
			number = uint16(len(s.types))
			types[kind] = number
			s.types = append(s.types, kind)
		}
		m.kind = number
		s.tacs = append(s.tacs, r.TAC)
		s.models = append(s.models, m)
	}
	return s
}

// Known reports whether the code is allocated.
func (s *TACSet) Known(t imei.TAC) bool { return s.find(t) >= 0 }

// Len returns the number of codes.
func (s *TACSet) Len() int { return len(s.tacs) }

// find returns the index of a code, -1 if it is not there.
func (s *TACSet) find(t imei.TAC) int {
	if i, ok := slices.BinarySearch(s.tacs, t); ok {
		return i
	}
	return -1
}

// model returns the index of the device's model in the directory, -1 if its code is not there. A
// pass walks devices by IMEI, so that the next one nearly always has the code of the one before.
func (b *bench) model() int {
	tac, ok := b.tac()
	if !ok || b.facts.TACs == nil {
		return -1
	}
	if b.lastSet != b.facts.TACs || b.lastTAC != tac {
		b.lastSet, b.lastTAC, b.lastModel = b.facts.TACs, tac, b.facts.TACs.find(tac)
	}
	return b.lastModel
}

// tacOf returns the code that the first eight characters are.
func tacOf(text string) (imei.TAC, bool) {
	if len(text) < 8 {
		return 0, false
	}
	t := imei.TAC(0)
	for _, c := range []byte(text[:8]) {
		if !digit(c) {
			return 0, false
		}
		t = t*10 + imei.TAC(c-'0')
	}
	return t, true
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// head returns the first characters of the identifier.
func (b *bench) head(n int) string {
	text := b.h.Text
	if text == "" {
		text = b.h.IMEI.String()
	}
	return text[:min(n, len(text))]
}

// needs is a set of kinds of facts.
type needs uint16

// settled marks a set that was gathered, be it empty.
const settled needs = 1 << 15

// factKinds are the kinds of lists that dimensions ask, in a fixed order.
var factKinds = []device.FileKind{device.FileTAC, device.FileStolen, device.FileRegistration, device.FileAssociation,
	device.FileBarred, device.FileBarredTAC, device.FileMonitoring, device.FileSubscribers}

// needOf are the kinds of lists that dimensions ask.
var needOf = map[device.FileKind]needs{
	device.FileTAC: 1, device.FileStolen: 2, device.FileRegistration: 4, device.FileAssociation: 8,
	device.FileBarred: 16, device.FileBarredTAC: 32, device.FileMonitoring: 64, device.FileSubscribers: 128,
}

// readsOf returns the facts that a dimension asks.
func readsOf(d dimension) needs {
	switch d := d.(type) {
	case *stolen:
		return needOf[device.FileStolen]
	case *tacNotAllocated, *radioMismatch:
		return needOf[device.FileTAC]
	case *notRegistered:
		return d.reads(device.FileRegistration)
	case *notAssociated:
		return d.reads(device.FileAssociation)
	case *barred:
		return needOf[device.FileBarred]
	case *barredTAC:
		return needOf[device.FileBarredTAC]
	case *monitored:
		return needOf[device.FileMonitoring]
	case *average:
		if d.identity == countPersons {
			return needOf[device.FileSubscribers]
		}
	case *subscribers:
		if d.identity == countPersons {
			return needOf[device.FileSubscribers]
		}
	}
	return 0
}

// needsOf returns the facts without which a term says nothing. That a device is not on a list says
// something only if there is a list; that it is on one cannot be without it.
func needsOf(t *term) needs {
	switch t.dimension.(type) {
	case *stolen, *barred, *barredTAC, *monitored:
		if !t.inverted {
			return 0
		}
	case *tacNotAllocated:
		return 0 // its feed's age says it
	}
	return readsOf(t.dimension)
}

// gather notes what is adopted.
func (f *Facts) gather() (have needs) {
	if f.TACs != nil {
		have |= needOf[device.FileTAC]
	}
	for _, k := range f.Adopted {
		have |= needOf[k]
	}
	return have
}

// Lacks names the facts without which the condition cannot be judged on a day: a missing list or a
// stale directory never triggers anything. It is empty if the condition can be judged.
func (c *Condition) Lacks(f *Facts, asOf device.Day) (missing []string) {
	if c.maxAge > 0 && f.TACs == nil {
		missing = append(missing, string(device.FileTAC)+": none is in force")
	} else if c.stale(f, asOf) {
		missing = append(missing, string(device.FileTAC)+": the directory is of "+f.TACFeed.Day.String()+", too old to accuse anybody")
	}
	have := f.gather()
	for _, kind := range factKinds {
		if c.needs&^have&needOf[kind] != 0 {
			missing = append(missing, string(kind)+": none is in force; take one in, an empty one if there is nothing to list")
		}
	}
	return missing
}

// Suspended reports whether the condition cannot be judged for want of facts.
func (c *Condition) Suspended(f *Facts, asOf device.Day) bool {
	return c.stale(f, asOf) || c.needs&^f.gather() != 0
}

func (c *Condition) stale(f *Facts, asOf device.Day) bool {
	return c.maxAge > 0 && (f.TACs == nil || f.TACFeed.Day+device.Day(c.maxAge) < asOf)
}
