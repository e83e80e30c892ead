package observe

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
)

// Gates are the limits that a file must keep, by the name of the gate. What is absent has its
// default; a negative limit switches a gate off. Operators' own limits come before the country's.
//
// Gates of operator dumps, ratios, with their defaults:
//
//	leading_zero        0.5   share of IMEIs that begin with 1 and, with a 0 put in front, have an
//	                          allocated TAC; also fails when more IMEIs begin with 1 than with 0
//	null_imei, null_imsi, null_msisdn, null_rat, null_any              0.05  share of all rows
//	unclean_imei, unclean_imsi, unclean_msisdn, unclean_any            0.05  of the rows that have it
//	foreign_imsi, foreign_msisdn, foreign_any                          0.1   not of this country
//	non_home            0.2   share of IMSIs that are not of the operator's PLMNs
//	refused             0.05  share of rows that break the layout
//	daily_imei_min, daily_imsi_min, daily_msisdn_min                   0.9   see below
//	daily_imei_max, daily_imsi_max, daily_msisdn_max                   2.5
//
// The daily gates compare the mean number of distinct identifiers on a day with that of the last 30
// days with data before the file; the counts are estimates (HyperLogLog, within about 2 %).
//
// Gates of lists, which compare with the list in force:
//
//	NAME_shrink_rows    -1    most rows that the list may lose
//	NAME_keep_ratio     0.75  least share of its rows that it must keep
//	NAME_delta_adds     0     rows of a delta that may add what is on the list
//	NAME_delta_removes  0     rows of a delta that may remove what is not on the list
//	NAME_delta_updates  0     rows of a delta that may update what is not on the list
//
// NAME is tac (100 and 0, without deltas), stolen, registration, pairing (1000 and 0.95), golden,
// barred, barred_tac, monitoring, subscribers (1000 and 0.95) or association; only stolen and
// registration have updates. What a delta is allowed to do against the list in force is done: a row
// that adds or updates counts, whatever was there, and what is removed twice is absent.
type Gates struct {
	Country   map[string]float64
	Operators map[device.Operator]map[string]float64
}

var defaultGates = map[string]float64{
	"leading_zero": 0.5,
	"null_imei":    0.05, "null_imsi": 0.05, "null_msisdn": 0.05, "null_rat": 0.05, "null_any": 0.05,
	"unclean_imei": 0.05, "unclean_imsi": 0.05, "unclean_msisdn": 0.05, "unclean_any": 0.05,
	"foreign_imsi": 0.1, "foreign_msisdn": 0.1, "foreign_any": 0.1,
	"non_home":       0.2,
	"refused":        0.05,
	"daily_imei_min": 0.9, "daily_imsi_min": 0.9, "daily_msisdn_min": 0.9,
	"daily_imei_max": 2.5, "daily_imsi_max": 2.5, "daily_msisdn_max": 2.5,

	"tac_shrink_rows": 100, "tac_keep_ratio": 0,
	"stolen_shrink_rows": -1, "stolen_keep_ratio": 0.75,
	"stolen_delta_adds": 0, "stolen_delta_removes": 0, "stolen_delta_updates": 0,
	"registration_shrink_rows": -1, "registration_keep_ratio": 0.75,
	"registration_delta_adds": 0, "registration_delta_removes": 0, "registration_delta_updates": 0,
	"pairing_shrink_rows": 1000, "pairing_keep_ratio": 0.95, "pairing_delta_adds": 0, "pairing_delta_removes": 0,
	"golden_shrink_rows": -1, "golden_keep_ratio": 0.75, "golden_delta_adds": 0, "golden_delta_removes": 0,
	"barred_shrink_rows": -1, "barred_keep_ratio": 0.75, "barred_delta_adds": 0, "barred_delta_removes": 0,
	"barred_tac_shrink_rows": -1, "barred_tac_keep_ratio": 0.75, "barred_tac_delta_adds": 0, "barred_tac_delta_removes": 0,
	"monitoring_shrink_rows": -1, "monitoring_keep_ratio": 0.75, "monitoring_delta_adds": 0, "monitoring_delta_removes": 0,
	"subscribers_shrink_rows": 1000, "subscribers_keep_ratio": 0.95, "subscribers_delta_adds": 0, "subscribers_delta_removes": 0,
	"association_shrink_rows": -1, "association_keep_ratio": 0.75, "association_delta_adds": 0, "association_delta_removes": 0,
}

// Check finds names that are not of a gate.
func (g Gates) Check() error {
	sets := []map[string]float64{g.Country}
	for _, set := range g.Operators {
		sets = append(sets, set)
	}
	for _, set := range sets {
		for name := range set {
			if _, ok := defaultGates[name]; !ok {
				known := make([]string, 0, len(defaultGates))
				for name := range defaultGates {
					known = append(known, name)
				}
				slices.Sort(known)
				return problem.New(problem.Invalid, "there is no gate %q: the gates are %s", name, strings.Join(known, ", "))
			}
		}
	}
	return nil
}

// limit returns the limit of a gate for an operator.
func (g Gates) limit(op device.Operator, name string) float64 {
	if v, ok := g.Operators[op][name]; ok {
		return v
	}
	if v, ok := g.Country[name]; ok {
		return v
	}
	return defaultGates[name]
}

// Verdict is what one gate found.
type Verdict struct {
	Gate  string
	Value float64 // what was found
	Limit float64 // negative: the gate is off
	Pass  bool
	Text  string // what Value is, for people
}

// bench collects verdicts on one file.
type bench struct {
	gates    Gates
	op       device.Operator
	verdicts []Verdict
}

// most judges that n of total is at most the gate's share.
func (b *bench) most(gate string, n, total int64, what string) {
	value := 0.0
	if total > 0 {
		value = float64(n) / float64(total)
	}
	limit := b.gates.limit(b.op, gate)
	b.add(Verdict{gate, value, limit, limit < 0 || value <= limit, fmt.Sprintf("%d of %d %s", n, total, what)})
}

// none judges that at most as many rows as the gate's limit do what they should not.
func (b *bench) none(gate string, n, total int64, what string) {
	if _, ok := defaultGates[gate]; !ok {
		return
	}
	limit := b.gates.limit(b.op, gate)
	b.add(Verdict{gate, float64(n), limit, limit < 0 || float64(n) <= limit, fmt.Sprintf("%d of %d %s", n, total, what)})
}

// length judges how many rows a list is going to have. The error, if any, says what is wrong.
func (b *bench) length(f *device.File, name string, last *device.File, before, now int64) error {
	shrink, keep := b.gates.limit("", name+"_shrink_rows"), b.gates.limit("", name+"_keep_ratio")
	least := 1.0
	if shrink >= 0 {
		least = max(least, float64(before)-shrink)
	}
	if keep >= 0 {
		least = max(least, math.Ceil(keep*float64(before)))
	}
	if before == 0 || shrink < 0 && keep < 0 {
		least = 0
	}
	v := Verdict{name + "_rows", float64(now), least, float64(now) >= least, fmt.Sprintf("%d rows, %d in the list in force", now, before)}
	b.add(v)
	if v.Pass {
		return nil
	}
	has := "has"
	if f.Delta {
		has = "leaves a list that has"
	}
	return problem.New(problem.Refused, "%s %s %d rows, the %s in force (%s) has %d: at least %.0f are expected (%s_shrink_rows %g, %s_keep_ratio %g), since a list that was cut short must not change what is judged. Nothing was changed. Ask for the complete list; if it is complete, set those gates and import again",
		f.Name, has, now, f.Kind, last.Name, before, least, name, shrink, name, keep)
}

func (b *bench) add(v Verdict) { b.verdicts = append(b.verdicts, v) }

// refusal is nil if all verdicts passed, and else the error that names those that did not.
func (b *bench) refusal(file string) error {
	var failed []string
	for _, v := range b.verdicts {
		if !v.Pass {
			failed = append(failed, fmt.Sprintf("%s is %.4g, limit %.4g (%s)", v.Gate, v.Value, v.Limit, v.Text))
		}
	}
	if len(failed) == 0 {
		return nil
	}
	scope := "the country"
	if b.op != "" {
		scope = string(b.op)
	}
	return problem.New(problem.Refused, "%s is not taken in, %d of %d gates failed: %s. Nothing was changed. Ask for a corrected file; if the data are right as they are, set these gates for %s and import again",
		file, len(failed), len(b.verdicts), strings.Join(failed, "; "), scope)
}
