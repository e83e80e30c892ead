package stats_test

import (
	"context"
	"crypto/md5"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/stats"
	"github.com/openceir/openceir/subscriber"
)

// sheet is what a listing should be: the rows of each file, as text.
type sheet map[string]map[string]bool

func (s sheet) put(file string, cells ...string) {
	if s[file] == nil {
		s[file] = map[string]bool{}
	}
	s[file][strings.Join(cells, ",")] = true
}

// facts makes lists up about the devices and subscribers of a nation.
func facts(r *rand.Rand, rows memory, findings []stats.Finding) (f stats.Facts) {
	f = stats.Facts{Stolen: []device.Stolen{}, Pairings: []device.Pairing{}, Golden: []device.Golden{}, Persons: []device.Person{}, Associations: []device.Association{}}
	had := map[imei.IMEI]bool{}
	for i := range findings {
		findings[i].Block = []device.Day{0, thisMonth.First() - 40, thisMonth.First() + 9}[r.IntN(3)]
	}
	for _, d := range rows {
		if r.IntN(8) == 0 && !had[d.IMEI] {
			f.Stolen = append(f.Stolen, device.Stolen{IMEI: d.IMEI, Reported: []device.Day{0, thisMonth.First() - device.Day(r.IntN(200))}[r.IntN(2)]})
		}
		had[d.IMEI] = true
		if r.IntN(20) == 0 {
			f.Golden = append(f.Golden, md5.Sum([]byte(d.IMEI.String())))
		}
		if d.IMSI == 0 {
			continue
		}
		uid := fmt.Sprint("p", r.IntN(9))
		if r.IntN(3) == 0 {
			f.Pairings = append(f.Pairings, device.Pairing{IMEI: d.IMEI, IMSI: d.IMSI, MSISDN: d.MSISDN})
		}
		if r.IntN(2) == 0 {
			f.Persons = append(f.Persons, device.Person{UID: uid, IMSI: d.IMSI})
		}
		if r.IntN(2) == 0 {
			f.Associations = append(f.Associations, device.Association{UID: uid, IMEI: d.IMEI})
		}
	}
	slices.SortFunc(f.Stolen, func(a, b device.Stolen) int { return int(int64(a.IMEI) - int64(b.IMEI)) })
	return f
}

// expected makes each listing in the plainest way: every row beside every fact.
func expected(in *stats.Input, rows memory, findings []stats.Finding, o stats.Options) map[string]sheet {
	out := map[string]sheet{}
	for _, name := range stats.Names() {
		out[name] = sheet{}
	}
	month := fmt.Sprintf("country_%d_%d_", o.Month.First().Time().Month(), o.Month.First().Time().Year())
	for _, d := range rows {
		m, op := d.IMEI.String(), string(d.Operator)
		first, last := d.First(), d.Last()
		imsis, seenBy := map[subscriber.IMSI]bool{}, map[string]bool{}
		lastAt, lastInMonth := last, device.Day(0) // of the device at this operator, but for paired subscribers within the month
		for _, e := range rows {
			if e.IMEI == d.IMEI && e.Month == o.Month {
				seenBy[string(e.Operator)] = true
				if e.IMSI != 0 {
					imsis[e.IMSI] = true
				}
			}
			if e.IMEI == d.IMEI && e.Operator == d.Operator {
				lastAt = max(lastAt, e.Last())
				if e.Month == o.Month && !slices.ContainsFunc(in.Facts.Pairings, func(p device.Pairing) bool { return p.IMEI == e.IMEI && p.IMSI == e.IMSI }) {
					lastInMonth = max(lastInMonth, e.Last())
				}
			}
			if e.IMSI == d.IMSI && e.Operator == d.Operator {
				first, last = min(first, e.First()), max(last, e.Last())
			}
		}
		if since := in.AsOf - device.Day(o.Days) + 1; d.IMSI != 0 && slices.ContainsFunc(in.Facts.Pairings, func(p device.Pairing) bool { return p.IMEI == d.IMEI && p.IMSI == d.IMSI }) {
			last := device.Day(0)
			for _, e := range rows {
				if e.IMEI == d.IMEI && e.IMSI == d.IMSI {
					last = max(last, e.Last())
				}
			}
			if last < since {
				out["non_active_pairs"].put("non_active_pairs_"+since.Compact()+".csv", m, d.IMSI.String(), last.Compact())
			}
		}
		if d.MSISDN != 0 && transient(rows, d.MSISDN, d.Operator, in.AsOf, o) {
			out["transient_msisdns"].put("transient_msisdns_"+op+".csv", d.MSISDN.String())
		}
		if d.Month == o.Month && len(imsis) >= 5 {
			out["top_duplicates"].put(month+"duplicates.csv", m, fmt.Sprint(len(imsis)))
		}
		if _, ok := in.Model(d.IMEI.TAC()); d.Month == o.Month && !ok {
			out["gsma_not_found"].put(month+"gsma_not_found.csv", m)
		}
		block := device.Day(0)
		for _, f := range findings {
			if f.IMEI != d.IMEI {
				continue
			}
			if f.Block != 0 && (block == 0 || f.Block < block) {
				block = f.Block
			}
			out["classified_triplets"].put("classified_triplets_"+f.Rule+".csv", m, d.IMSI.String(), d.MSISDN.String(), op)
			if len(seenBy) > 1 && d.Month == o.Month {
				var ops []string
				for op := range seenBy {
					ops = append(ops, op)
				}
				slices.Sort(ops)
				out["condition_imei_overlaps"].put(month+"condition_imei_overlap_"+f.Rule+".csv", m, strings.Join(ops, "|"))
			}
		}
		if block != 0 && lastInMonth > block && !slices.Contains(in.Facts.Golden, md5.Sum([]byte(m))) {
			out["blacklist_violations"].put("blacklist_violations_"+op+".csv", m, lastInMonth.Compact())
		}
		for _, s := range in.Facts.Stolen {
			if s.IMEI == d.IMEI && s.Reported != 0 && lastAt > s.Reported+2 && lastAt > o.Newer {
				out["stolen_violations"].put("stolen_violations_"+op+".csv", m, lastAt.Compact(), s.Reported.Compact())
			}
		}
		registered, associated := false, false
		for _, p := range in.Facts.Persons {
			registered = registered || p.IMSI == d.IMSI
			for _, a := range in.Facts.Associations {
				associated = associated || p.IMSI == d.IMSI && a.UID == p.UID && a.IMEI == d.IMEI
			}
		}
		if d.IMSI != 0 && !registered && last > o.Newer {
			out["unregistered_subscribers"].put("unregistered_subscribers_"+op+".csv", d.IMSI.String(), first.Compact(), last.Compact())
		}
		if d.IMSI != 0 && !associated && d.Month == o.Month {
			out["association_list_violations"].put("association_violations_"+op+".csv", m, d.IMSI.String(), d.MSISDN.String(), d.First().Compact(), d.Last().Compact())
		}
	}
	return out
}

// crowd puts all rows onto few devices in one month.
func crowd(rows memory) (out memory) {
	had := map[device.Days]bool{}
	for _, d := range rows {
		d.IMEI, d.Month = imei.New(35_000_000+imei.TAC(len(out)%5), 0), thisMonth
		key := d
		if key.Seen = [device.RadioCount]uint32{}; !had[key] {
			had[key] = true
			out = append(out, d)
		}
	}
	slices.SortFunc(out, byKey)
	return out
}

// transient counts a number's devices day by day.
func transient(rows memory, number subscriber.MSISDN, op device.Operator, asOf device.Day, o stats.Options) bool {
	devices, models, uses := map[uint64]bool{}, map[uint64]bool{}, 0
	for day := asOf - device.Day(o.Days) + 1; day <= asOf; day++ {
		today := map[imei.IMEI]bool{}
		for _, d := range rows {
			if d.MSISDN == number && day >= d.Month.First() && day < (d.Month+1).First() && d.All()>>(day-d.Month.First())&1 == 1 {
				devices[uint64(d.IMEI)], models[uint64(d.IMEI.TAC())] = true, true
				if d.Operator == op {
					today[d.IMEI] = true
				}
			}
		}
		uses += len(today)
	}
	return uses >= o.Devices*o.Days && len(devices) > 1 && (len(models) == 1 || evenly(models) || evenly(devices))
}

// evenly reports whether three numbers or more lie at equal distances.
func evenly(n map[uint64]bool) bool {
	all := slices.Sorted(maps.Keys(n))
	for i, v := range all {
		if len(all) < 3 || v != all[0]+uint64(i)*(all[1]-all[0]) {
			return false
		}
	}
	return true
}

// Listings are what comparing everything with everything gives.
func TestListingsAgainstNaive(t *testing.T) {
	listed := map[string]int{}
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 7))
		rows, findings := nation(r)
		if seed%2 == 1 {
			rows = crowd(rows)
		}
		made := facts(r, rows, findings)
		in := input(rows, findings)
		in.Country, in.Facts = "country", made
		o := stats.Options{Month: thisMonth, Newer: thisMonth.First() - device.Day(r.IntN(60)), Days: 1 + r.IntN(40), Devices: 1}
		for name, want := range expected(in, rows, findings, o) {
			if name == "standard" {
				continue
			}
			listed[name] += len(want)
			l, err := in.List(context.Background(), name, o)
			if err != nil {
				t.Fatal(err)
			}
			got := sheet{}
			for _, table := range l.Tables {
				for _, row := range table.Rows {
					if got[table.Name][strings.Join(row, ",")] {
						t.Errorf("seed %d: %s has %v twice", seed, table.Name, row)
					}
					got.put(table.Name, row...)
				}
			}
			if d := gocmp.Diff(want, got); d != "" {
				t.Fatalf("seed %d: %s (-want +got):\n%s", seed, name, d)
			}
		}
	}
	for _, name := range stats.Names()[1:] {
		if listed[name] == 0 {
			t.Errorf("no country has anything to list in %s", name)
		}
	}
}
