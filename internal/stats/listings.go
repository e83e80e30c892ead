package stats

import (
	"cmp"
	"context"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/subscriber"
)

// gsmaNotFound lists the devices of the month whose TAC the directory does not have, malformed
// identifiers included.
func (in *Input) gsmaNotFound(ctx context.Context, o Options) ([]Table, []string, error) {
	t := Table{Name: in.monthly(o.Month, "gsma_not_found"), Header: []string{"IMEI"}}
	err := in.devices(ctx, func(m imei.IMEI, _ []device.Days) {
		if in.Model == nil {
			return
		}
		if _, ok := in.Model(m.TAC()); !ok {
			t.Rows = append(t.Rows, []string{m.String()})
		}
	}, o.Month)
	if err == nil && in.Malformed != nil {
		for m, err := range in.Malformed {
			if err != nil {
				return nil, nil, err
			}
			text := NormalForm(m.IMEI)
			if of, _ := m.Day.Month(); of == o.Month && m.Operator != "" && text != "" && !wellFormed(text) && inert(text) {
				t.Rows = append(t.Rows, []string{text})
			}
		}
	}
	slices.SortFunc(t.Rows, slices.Compare)
	t.Rows = slices.CompactFunc(t.Rows, slices.Equal)
	return []Table{t}, nil, err
}

// inert reports whether a text has only characters that identifiers of devices may have, so that no
// program that opens the file takes it for a formula.
func inert(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return !strings.ContainsRune("0123456789ABCDEF*#", r) })
}

// topDuplicates lists the devices seen with five IMSIs or more in the month, those with most first.
func (in *Input) topDuplicates(ctx context.Context, o Options) ([]Table, []string, error) {
	t := Table{Name: in.monthly(o.Month, "duplicates"), Header: []string{"IMEI", "IMSI count"}}
	type top struct {
		imei  imei.IMEI
		imsis int
	}
	var all []top
	err := in.devices(ctx, func(m imei.IMEI, rows []device.Days) {
		n, last := 0, subscriber.IMSI(0)
		for i := range rows {
			if rows[i].IMSI != last {
				n, last = n+1, rows[i].IMSI
			}
		}
		if n >= duplicateIMSIs {
			all = append(all, top{m, n})
		}
	}, o.Month)
	slices.SortFunc(all, func(a, b top) int { return cmp.Or(cmp.Compare(b.imsis, a.imsis), cmp.Compare(a.imei, b.imei)) })
	for _, d := range all {
		t.Rows = append(t.Rows, []string{d.imei.String(), strconv.Itoa(d.imsis)})
	}
	return []Table{t}, nil, err
}

// ConditionIMEIOverlaps lists, for each condition, the devices for which it holds and which several
// operators saw in the month. A condition that only findings know has its list like any other.
func (in *Input) ConditionIMEIOverlaps(ctx context.Context, m device.Month) ([]Table, error) {
	tables, _, err := in.overlaps(ctx, Options{Month: m})
	return tables, err
}

func (in *Input) overlaps(ctx context.Context, o Options) ([]Table, []string, error) {
	h, err := in.hold()
	if err != nil {
		return nil, nil, err
	}
	tables := make([]Table, len(h.conditions))
	for i, c := range h.conditions {
		tables[i] = Table{Name: in.monthly(o.Month, "condition_imei_overlap_"+c.Label), Header: []string{"IMEI", "Operators"}}
	}
	found := h.walk()
	err = in.devices(ctx, func(m imei.IMEI, rows []device.Days) {
		of := found(m)
		ops := operatorsOf(rows)
		if len(ops) < 2 {
			return
		}
		for _, f := range of {
			tables[f.rule].Rows = append(tables[f.rule].Rows, []string{m.String(), strings.Join(ops, "|")})
		}
	}, o.Month)
	for i := range tables {
		slices.SortFunc(tables[i].Rows, slices.Compare)
	}
	return tables, nil, err
}

// walk returns a function that gives the findings of devices asked bucket after bucket, each in order.
func (h *held) walk() func(imei.IMEI) []mark {
	bucket, at := -1, marks{}
	return func(m imei.IMEI) []mark {
		if b := device.BucketOf(m); b != bucket {
			bucket, at = b, marks{h.buckets[b]}
		}
		return at.of(m)
	}
}

func operatorsOf(rows []device.Days) (ops []string) {
	for i := range rows {
		if op := string(rows[i].Operator); !slices.Contains(ops, op) {
			ops = append(ops, op)
		}
	}
	slices.Sort(ops)
	return ops
}

// stolenViolations lists the stolen devices that an operator saw more than two days after they were
// reported, whatever the row's status.
func (in *Input) stolenViolations(ctx context.Context, o Options) ([]Table, []string, error) {
	reported, undated := map[imei.IMEI]device.Day{}, 0
	for _, s := range in.Facts.Stolen {
		if s.Reported == 0 {
			undated++
		} else if day, ok := reported[s.IMEI]; !ok || s.Reported < day {
			reported[s.IMEI] = s.Reported
		}
	}
	h, err := in.hold()
	if err != nil {
		return nil, nil, err
	}
	wanted, err := h.wanted(o.Conditions)
	if err != nil {
		return nil, nil, err
	}
	found := h.walk()
	rows := map[device.Operator][][]string{}
	err = in.devices(ctx, func(m imei.IMEI, of []device.Days) {
		set := setOf(found(m))
		day, ok := reported[m]
		if !ok || len(o.Conditions) > 0 && !set.any(wanted) {
			return
		}
		for op, last := range lastByOperator(of, nil) {
			if last > day+stolenGraceDays && last > o.Newer {
				rows[op] = append(rows[op], []string{m.String(), last.Compact(), day.Compact()})
			}
		}
	})
	var notes []string
	if undated > 0 {
		notes = append(notes, fmt.Sprintf("%d stolen devices have no day of report and are left out.", undated))
	}
	return in.byOperator("stolen_violations", []string{"imei_norm", "last_seen", "reporting_date"}, rows), notes, err
}

// wanted is the set of conditions with these names.
func (h *held) wanted(labels []string) (r rules, err error) {
	for _, label := range labels {
		i := slices.IndexFunc(h.conditions, func(c Condition) bool { return c.Label == label })
		if i < 0 {
			return r, problem.New(problem.Invalid, "there is no condition %q", label)
		}
		r.set(i)
	}
	return r, nil
}

// lastByOperator is when each operator saw the rows last, but for those left out.
func lastByOperator(rows []device.Days, without func(*device.Days) bool) map[device.Operator]device.Day {
	out := map[device.Operator]device.Day{}
	for i := range rows {
		if without == nil || !without(&rows[i]) {
			out[rows[i].Operator] = max(out[rows[i].Operator], rows[i].Last())
		}
	}
	return out
}

// blacklistViolations lists the devices that an operator saw in the month after the day of their
// block. Devices on the golden list and subscribers that are paired with theirs violate nothing.
func (in *Input) blacklistViolations(ctx context.Context, o Options) ([]Table, []string, error) {
	h, err := in.hold()
	if err != nil {
		return nil, nil, err
	}
	found, golden, paired := h.walk(), in.Facts.golden(), in.Facts.paired()
	rows := map[device.Operator][][]string{}
	err = in.devices(ctx, func(m imei.IMEI, of []device.Days) {
		block := device.Day(0)
		for _, f := range found(m) {
			if f.block != 0 && (block == 0 || f.block < block) {
				block = f.block
			}
		}
		if block == 0 || golden(m) {
			return
		}
		for op, last := range lastByOperator(of, func(d *device.Days) bool { return paired.has(m, d.IMSI) }) {
			if last > block {
				rows[op] = append(rows[op], []string{m.String(), last.Compact()})
			}
		}
	}, o.Month)
	return in.byOperator("blacklist_violations", []string{"imei", "last_seen"}, rows), nil, err
}

var (
	associationHeader  = []string{"imei", "imsi", "msisdn", "first_seen", "last_seen"}
	unregisteredHeader = []string{"imsi", "first_seen", "last_seen"}
)

// associationViolations lists the sightings of the month whose subscription is not of a person to
// whom the device belongs.
func (in *Input) associationViolations(ctx context.Context, o Options) ([]Table, []string, error) {
	associated := in.Facts.associated()
	rows := map[device.Operator][][]string{}
	unknown := 0
	if !needAssociations(in) {
		return in.byOperator("association_violations", associationHeader, rows), nil, nil
	}
	err := in.devices(ctx, func(m imei.IMEI, of []device.Days) {
		for i := range of {
			switch d := &of[i]; {
			case d.IMSI == 0:
				unknown++
			case !associated.has(m, d.IMSI):
				rows[d.Operator] = append(rows[d.Operator], []string{m.String(), d.IMSI.String(), d.MSISDN.String(), d.First().Compact(), d.Last().Compact()})
			}
		}
	}, o.Month)
	var notes []string
	if unknown > 0 {
		notes = append(notes, fmt.Sprintf("%d sightings have no IMSI and are left out.", unknown))
	}
	return in.byOperator("association_violations", associationHeader, rows), notes, err
}

// unregistered lists the IMSIs that each operator saw and nobody registered.
func (in *Input) unregistered(ctx context.Context, o Options) ([]Table, []string, error) {
	if !needPersons(in) {
		return in.byOperator("unregistered_subscribers", unregisteredHeader, map[device.Operator][][]string{}), nil, nil
	}
	registered := make(map[subscriber.IMSI]bool, len(in.Facts.Persons))
	for i := range in.Facts.Persons {
		registered[in.Facts.Persons[i].IMSI] = true
	}
	type key struct {
		op   device.Operator
		imsi subscriber.IMSI
	}
	type span struct{ first, last device.Day }
	seen := map[key]span{}
	for d, err := range in.of(ctx) {
		if err != nil {
			return nil, nil, err
		}
		if d.IMSI == 0 || registered[d.IMSI] {
			continue
		}
		k := key{d.Operator, d.IMSI}
		s, ok := seen[k]
		if !ok {
			s.first = d.First()
		}
		seen[k] = span{min(s.first, d.First()), max(s.last, d.Last())}
	}
	rows := map[device.Operator][][]string{}
	for k, s := range seen {
		if s.last > o.Newer {
			rows[k.op] = append(rows[k.op], []string{k.imsi.String(), s.first.Compact(), s.last.Compact()})
		}
	}
	return in.byOperator("unregistered_subscribers", unregisteredHeader, rows), nil, nil
}

// use is a number seen with a device.
type use struct {
	msisdn subscriber.MSISDN
	op     device.Operator
	imei   imei.IMEI
	month  device.Month
	seen   uint32
}

// transient lists the numbers that were seen, by one operator and on an average day of the period,
// with at least so many devices, whose models or serial numbers follow one another: the trace of
// one card that is carried through a box of devices.
func (in *Input) transient(ctx context.Context, o Options) ([]Table, []string, error) {
	if o.Days < 1 || o.Days > 366 || o.Devices < 1 {
		return nil, nil, problem.New(problem.Invalid, "say a period of 1 to 366 days and at least one device")
	}
	from := in.AsOf - device.Day(o.Days) + 1
	first, _ := from.Month()
	last, _ := in.AsOf.Month()
	var months []device.Month
	period := map[device.Month]uint32{} // the days of each month that are in the period
	for m := first; m <= last; m++ {
		months = append(months, m)
		for day := range device.Day(31) {
			if at := m.First() + day; at >= from && at <= in.AsOf {
				period[m] |= 1 << day
			}
		}
	}
	var uses []use
	for d, err := range in.of(ctx, months...) {
		if err != nil {
			return nil, nil, err
		}
		if seen := d.All() & period[d.Month]; d.MSISDN != 0 && seen != 0 {
			uses = append(uses, use{d.MSISDN, d.Operator, d.IMEI, d.Month, seen})
		}
	}
	slices.SortFunc(uses, func(a, b use) int {
		return cmp.Or(cmp.Compare(a.msisdn, b.msisdn), cmp.Compare(a.op, b.op), cmp.Compare(a.imei, b.imei), cmp.Compare(a.month, b.month))
	})
	rows := map[device.Operator][][]string{}
	for i := 0; i < len(uses); {
		j := i
		for j < len(uses) && uses[j].msisdn == uses[i].msisdn {
			j++
		}
		for _, op := range transients(uses[i:j], o) {
			rows[op] = append(rows[op], []string{uses[i].msisdn.String()})
		}
		i = j
	}
	return in.byOperator("transient_msisdns", []string{"msisdn"}, rows), nil, nil
}

// transients returns the operators at which a number is transient, given all its uses.
func transients(uses []use, o Options) (ops []device.Operator) {
	var devices, models []uint64
	for i := range uses {
		devices = append(devices, uint64(uses[i].imei))
		models = append(models, uint64(uses[i].imei.TAC()))
	}
	slices.Sort(devices)
	slices.Sort(models)
	devices, models = slices.Compact(devices), slices.Compact(models)
	if len(devices) < 2 || len(models) > 1 && !series(models) && !series(devices) {
		return nil
	}
	for i := 0; i < len(uses); {
		op, sum := uses[i].op, 0
		for i < len(uses) && uses[i].op == op {
			k, seen := uses[i], uint32(0)
			for ; i < len(uses) && uses[i].op == op && uses[i].imei == k.imei && uses[i].month == k.month; i++ {
				seen |= uses[i].seen
			}
			sum += bits.OnesCount32(seen)
		}
		if sum >= o.Devices*o.Days {
			ops = append(ops, op)
		}
	}
	return ops
}

// series reports whether at least three ascending numbers have equal distances.
func series(n []uint64) bool {
	if len(n) < 3 {
		return false
	}
	for i := 2; i < len(n); i++ {
		if n[i]-n[i-1] != n[1]-n[0] {
			return false
		}
	}
	return true
}

// classified lists who was ever seen with the devices for which conditions hold; of every condition
// if none is named.
func (in *Input) classified(ctx context.Context, o Options) ([]Table, []string, error) {
	h, err := in.hold()
	if err != nil {
		return nil, nil, err
	}
	wanted, err := h.wanted(o.Conditions)
	if err != nil {
		return nil, nil, err
	}
	tables := make([]Table, len(h.conditions))
	for i, c := range h.conditions {
		tables[i] = Table{Name: fileName("classified_triplets_" + c.Label + ".csv"), Header: []string{"imei", "imsi", "msisdn", "operator"}}
	}
	found := h.walk()
	err = in.devices(ctx, func(m imei.IMEI, rows []device.Days) {
		for _, f := range found(m) {
			if len(o.Conditions) > 0 && !wanted.has(f.rule) {
				continue
			}
			for i := range rows {
				d := &rows[i]
				tables[f.rule].Rows = append(tables[f.rule].Rows, []string{m.String(), d.IMSI.String(), d.MSISDN.String(), string(d.Operator)})
			}
		}
	})
	var out []Table
	for i := range tables {
		if len(o.Conditions) == 0 || wanted.has(i) {
			slices.SortFunc(tables[i].Rows, slices.Compare)
			tables[i].Rows = slices.CompactFunc(tables[i].Rows, slices.Equal)
			out = append(out, tables[i])
		}
	}
	return out, nil, err
}

// nonActive lists the pairs that were seen, but not in the last so many days.
func (in *Input) nonActive(ctx context.Context, o Options) ([]Table, []string, error) {
	if o.Days < 1 {
		return nil, nil, problem.New(problem.Invalid, "say for how many days a pair was not seen")
	}
	before := in.AsOf - device.Day(o.Days) + 1
	paired := in.Facts.paired()
	last := map[pair]device.Day{}
	for d, err := range in.of(ctx) {
		if err != nil {
			return nil, nil, err
		}
		if p := (pair{d.IMEI, d.IMSI}); d.IMSI != 0 && paired.has(d.IMEI, d.IMSI) {
			last[p] = max(last[p], d.Last())
		}
	}
	t := Table{Name: "non_active_pairs_" + before.Compact() + ".csv", Header: []string{"imei_norm", "imsi", "last_seen"}}
	for p, day := range last {
		if day < before {
			t.Rows = append(t.Rows, []string{p.imei.String(), p.imsi.String(), day.Compact()})
		}
	}
	slices.SortFunc(t.Rows, slices.Compare)
	var notes []string
	if never := len(paired) - len(last); never > 0 {
		notes = append(notes, fmt.Sprintf("%d pairs were never seen and are not listed.", never))
	}
	return []Table{t}, notes, nil
}
