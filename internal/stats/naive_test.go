package stats_test

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/stats"
	"github.com/openceir/openceir/subscriber"
)

func byKey(a, b device.Days) int {
	return cmp.Or(cmp.Compare(a.IMEI, b.IMEI), cmp.Compare(a.IMSI, b.IMSI), cmp.Compare(a.MSISDN, b.MSISDN), cmp.Compare(a.Operator, b.Operator), cmp.Compare(a.Month, b.Month))
}

// memory is a lake of rows.
type memory []device.Days

func (m memory) Days(_ context.Context, parts []device.Part, bucket int) iter.Seq2[*device.Days, error] {
	return func(yield func(*device.Days, error) bool) {
		months := map[device.Month]bool{}
		for _, p := range parts {
			months[p.Month] = true
		}
		var row device.Days
		for _, d := range m {
			if row = d; months[d.Month] && device.BucketOf(d.IMEI) == bucket && !yield(&row, nil) {
				return
			}
		}
	}
}

const thisMonth = device.Month(677) // June 2026

// nation makes rows up in which everything meets everything: few devices, subscribers, numbers and
// operators, over several months, with numbers that are not known.
func nation(r *rand.Rand) (rows memory, findings []stats.Finding) {
	seen := map[device.Days]bool{}
	devices, people := 1+r.IntN(40), 1+r.IntN(30)
	for range 1 + r.IntN(300) {
		d := device.Days{IMEI: imei.New(imei.TAC(35_000_000+r.IntN(5)), uint32(r.IntN(devices))), Operator: device.Operator(fmt.Sprint("op", 1+r.IntN(3))),
			Month: thisMonth + 1 - device.Month(r.IntN(9))}
		if r.IntN(6) > 0 {
			d.IMSI = subscriber.IMSI(1_010_000_000_000 + uint64(r.IntN(people))*uint64(1+r.IntN(2)*1_000_000_000))
		}
		if r.IntN(6) > 0 {
			d.MSISDN = subscriber.MSISDN(999_000_000_000 + uint64(r.IntN(people)))
		}
		if seen[d] {
			continue
		}
		seen[d] = true
		for range 1 + r.IntN(20) {
			d.Seen[r.IntN(device.RadioCount)] |= 1 << r.IntN(28)
		}
		rows = append(rows, d)
	}
	slices.SortFunc(rows, byKey)
	names := []string{"blocks", "informs", "blocks-too", "renamed"}
	had := map[stats.Finding]bool{}
	for range r.IntN(60) {
		f := stats.Finding{IMEI: imei.New(imei.TAC(35_000_000+r.IntN(5)), uint32(r.IntN(devices))), Rule: names[r.IntN(4)]}
		if !had[f] {
			had[f] = true
			findings = append(findings, f)
		}
	}
	return rows, findings
}

func input(rows memory, findings []stats.Finding) *stats.Input {
	in := &stats.Input{Rows: rows, Findings: each(findings), Operators: []device.Operator{"op1", "op2", "op3"}, AsOf: device.Date(2026, 7, 1),
		Conditions: []stats.Condition{{Label: "blocks", Blocking: true}, {Label: "informs"}, {Label: "blocks-too", Blocking: true}},
		Model: func(t imei.TAC) (device.TAC, bool) {
			return device.TAC{TAC: t, Manufacturer: fmt.Sprint("maker", t%2), Model: fmt.Sprint("model", t%3), Bands: "GSM 900,LTE FDD BAND 1"}, t != 35_000_004
		}}
	months := map[device.Month]int64{}
	for _, d := range rows {
		months[d.Month]++
	}
	for m, n := range months {
		in.Parts = append(in.Parts, device.Part{Table: "days", Month: m, Rows: n})
	}
	return in
}

// naive counts one measure: how many distinct texts, in all and on each day.
type naive struct {
	all  map[string]bool
	days [32]map[string]bool
}

func (n *naive) add(text string, seen uint32) {
	if n.all == nil {
		n.all = map[string]bool{}
	}
	n.all[text] = true
	for d := range 31 {
		if seen>>d&1 == 1 {
			if n.days[d] == nil {
				n.days[d] = map[string]bool{}
			}
			n.days[d][text] = true
		}
	}
}

func (n *naive) perDay(length int) (out []int64) {
	for d := range length {
		out = append(out, int64(len(n.days[d])))
	}
	return out
}

// recount computes a scope's report as slowly and plainly as can be.
func recount(rows memory, findings []stats.Finding, m device.Month, operator device.Operator) map[string]any {
	in := map[string]*naive{}
	put := func(what, text string, seen uint32) {
		if in[what] == nil {
			in[what] = &naive{}
		}
		in[what].add(text, seen)
	}
	before, now := map[imei.IMEI]bool{}, map[imei.IMEI]bool{}
	imsisOf, imeisOf := map[imei.IMEI]map[subscriber.IMSI]bool{}, map[subscriber.IMSI]map[imei.IMEI]bool{}
	daily := map[imei.IMEI]map[int]map[subscriber.IMSI]bool{}
	conditions := map[imei.IMEI][]string{}
	for _, f := range findings {
		conditions[f.IMEI] = append(conditions[f.IMEI], f.Rule)
		slices.Sort(conditions[f.IMEI])
	}
	level := func(i imei.IMEI) string {
		switch of := conditions[i]; {
		case len(of) == 0:
			return "good"
		case slices.Contains(of, "blocks") || slices.Contains(of, "blocks-too"):
			return "block"
		}
		return "info"
	}
	for i := range rows {
		d := &rows[i]
		if operator != "" && d.Operator != operator {
			continue
		}
		if d.Month < m {
			before[d.IMEI] = true
		}
		if d.Month != m {
			continue
		}
		now[d.IMEI] = true
		of := []string{"", level(d.IMEI), "=" + strings.Join(conditions[d.IMEI], "+"), fmt.Sprintf("tac%s=%s", d.IMEI.TAC(), strings.Join(conditions[d.IMEI], "+"))}
		for _, c := range conditions[d.IMEI] {
			of = append(of, "has "+c)
		}
		for _, k := range of {
			put("imei"+k, d.IMEI.String(), d.All())
			put("record"+k, fmt.Sprint(d.IMEI, d.IMSI, d.MSISDN), d.All())
			if d.IMSI != 0 {
				put("imsi"+k, d.IMSI.String(), d.All())
				put("imei-imsi"+k, fmt.Sprint(d.IMEI, d.IMSI), d.All())
			} else {
				put("noimsi"+k, d.IMEI.String(), 0)
			}
			if d.MSISDN != 0 {
				put("msisdn"+k, d.MSISDN.String(), d.All())
				put("imei-msisdn"+k, fmt.Sprint(d.IMEI, d.MSISDN), d.All())
			} else {
				put("nomsisdn"+k, d.IMEI.String(), 0)
			}
			if d.IMSI != 0 && d.MSISDN != 0 {
				put("imsi-msisdn"+k, fmt.Sprint(d.IMSI, d.MSISDN), d.All())
				put("triplet"+k, fmt.Sprint(d.IMEI, d.IMSI, d.MSISDN), d.All())
			} else {
				put("incomplete"+k, fmt.Sprint(d.IMEI, d.IMSI, d.MSISDN), 0)
			}
			if d.IMSI == 0 {
				put("null imsi"+k, fmt.Sprint(d.IMEI, d.MSISDN), 0)
			}
			if d.MSISDN == 0 {
				put("null msisdn"+k, fmt.Sprint(d.IMEI, d.IMSI), 0)
			}
		}
		if d.IMSI == 0 {
			continue
		}
		if imsisOf[d.IMEI] == nil {
			imsisOf[d.IMEI], daily[d.IMEI] = map[subscriber.IMSI]bool{}, map[int]map[subscriber.IMSI]bool{}
		}
		if imeisOf[d.IMSI] == nil {
			imeisOf[d.IMSI] = map[imei.IMEI]bool{}
		}
		imsisOf[d.IMEI][d.IMSI], imeisOf[d.IMSI][d.IMEI] = true, true
		for day := range 31 {
			if d.All()>>day&1 == 1 {
				if daily[d.IMEI][day] == nil {
					daily[d.IMEI][day] = map[subscriber.IMSI]bool{}
				}
				daily[d.IMEI][day][d.IMSI] = true
			}
		}
	}
	for i := range now {
		if !before[i] {
			put("new", i.String(), 0)
			put("new="+strings.Join(conditions[i], "+"), i.String(), 0)
			put(fmt.Sprintf("newtac%s=%s", i.TAC(), strings.Join(conditions[i], "+")), i.String(), 0)
			for _, c := range conditions[i] {
				put("newhas "+c, i.String(), 0)
			}
		}
	}
	out := map[string]any{}
	for what, n := range in {
		out[what] = int64(len(n.all))
		if !strings.ContainsAny(what, "= ") {
			out[what+" by day"] = n.perDay(30)
		}
	}
	a, b, c := map[int]int64{}, map[int]int64{}, map[string]int64{}
	for _, s := range imsisOf {
		a[len(s)]++
	}
	for _, s := range imeisOf {
		b[len(s)]++
	}
	for _, days := range daily {
		sum := 0
		for _, s := range days {
			sum += len(s)
		}
		if len(days) >= 5 {
			c[fmt.Sprintf("%.1f", float64(sum*10/len(days))/10)]++
		}
	}
	out["imsis of imei"], out["imeis of imsi"], out["daily"] = a, b, c
	return out
}

// flat turns a report into the names that recount uses.
func flat(s *stats.Scope) map[string]any {
	out := map[string]any{"imei": s.IMEIs, "record": s.Records, "imsi": s.IMSIs, "msisdn": s.MSISDNs, "imei-imsi": s.IMEIIMSIs,
		"imei-msisdn": s.IMEIMSISDNs, "imsi-msisdn": s.IMSIMSISDNs, "triplet": s.Triplets, "new": s.GrossAdds, "null imsi": s.NullIMSI,
		"null msisdn": s.NullMSISDN, "noimsi": s.InvalidIMSIs, "nomsisdn": s.InvalidNumber, "incomplete": s.InvalidTriple}
	for what, d := range map[string][]stats.DayCount{"imei": s.IMEIsPerDay, "record": s.RecordsPerDay, "imsi": s.IMSIsPerDay, "msisdn": s.MSISDNsPerDay,
		"imei-imsi": s.IMEIIMSIsPerDay, "imei-msisdn": s.IMEIMSISDNsPerDay, "imsi-msisdn": s.IMSIMSISDNsPerDay, "triplet": s.TripletsPerDay} {
		var n []int64
		for _, c := range d {
			n = append(n, c.Count)
		}
		out[what+" by day"] = n
	}
	a, b, c := map[int]int64{}, map[int]int64{}, map[string]int64{}
	for _, x := range s.IMSIsOfIMEI {
		a[x.IMSIs] = x.IMEIs
	}
	for _, x := range s.IMEIsOfIMSI {
		b[x.IMEIs] = x.IMSIs
	}
	for _, x := range s.DailyIMSIs {
		c[fmt.Sprintf("%.1f", x.Start)] = x.IMEIs
	}
	out["imsis of imei"], out["imeis of imsi"], out["daily"] = a, b, c
	k := &s.Compliance
	for what, n := range map[string]int64{"imeigood": k.IMEIs, "imeiinfo": k.InfoIMEIs, "imeiblock": k.BlockingIMEIs,
		"tripletgood": k.Triplets, "tripletinfo": k.InfoTriplets, "tripletblock": k.BlockingTriplets,
		"imei-imsigood": k.IMEIIMSIs, "imei-imsiinfo": k.InfoIMEIIMSIs, "imei-imsiblock": k.BlockingIMEIIMSIs,
		"imei-msisdngood": k.IMEIMSISDNs, "imei-msisdninfo": k.InfoIMEIMSISDNs, "imei-msisdnblock": k.BlockingIMEIMSISDNs} {
		out[what] = n
	}
	cell := func(of string, c *stats.Cell) {
		out["imei"+of], out["imei-imsi"+of], out["imei-msisdn"+of], out["triplet"+of], out["new"+of] = c.IMEIs, c.IMEIIMSIs, c.IMEIMSISDNs, c.Triplets, c.GrossAdds
	}
	for label, c := range s.ConditionCells {
		cell("has "+label, &c)
	}
	for i := range s.Combinations {
		var held []string
		for label, yes := range s.Combinations[i].Holds {
			if yes {
				held = append(held, label)
			}
		}
		slices.Sort(held)
		cell("="+strings.Join(held, "+"), &s.Combinations[i].Cell)
	}
	for i := range s.PerTAC {
		var held []string
		for j, c := range s.Conditions {
			if s.PerTAC[i].Holds(j) {
				held = append(held, c.Label)
			}
		}
		slices.Sort(held)
		cell(fmt.Sprintf("tac%s=%s", s.PerTAC[i].TAC, strings.Join(held, "+")), &s.PerTAC[i].Cell)
	}
	return out
}

// Every measure of the report is what a plain recount of the rows says: for the country, each
// operator, and each month of the history.
func TestPropertyAgainstRecount(t *testing.T) {
	for seed := range uint64(150) {
		rows, findings := nation(rand.New(rand.NewPCG(seed, 7)))
		report, err := input(rows, findings).Standard(t.Context(), thisMonth)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range report.Scopes() {
			op := device.Operator("")
			if s.Operator {
				op = device.Operator(s.Name)
			}
			got, want := flat(s), recount(rows, findings, thisMonth, op)
			for what, v := range got {
				w, ok := want[what]
				if !ok {
					w = reflect.Zero(reflect.TypeOf(v)).Interface()
					if _, days := v.([]int64); days {
						w = make([]int64, 30)
					}
				}
				if !reflect.DeepEqual(v, w) {
					t.Errorf("seed %d, %q: %s is %v, counted plainly %v", seed, s.Name, what, v, w)
				}
			}
			for i := range s.HistoricMonths {
				want := recount(rows, findings, thisMonth-device.Month(len(s.HistoricMonths)-1-i), op)
				for what, n := range map[string]int64{"imei": s.HistoricIMEIs[i], "imsi": s.HistoricIMSIs[i], "msisdn": s.HistoricMSISDNs[i], "triplet": s.HistoricTriplets[i],
					"new": s.HistoricGrossAdds[i], "imeiblock": s.HistoricCompliance[i].BlockingIMEIs, "imeihas informs": s.HistoricConditions["informs"][i].IMEIs} {
					if w, _ := want[what].(int64); w != n {
						t.Errorf("seed %d, %q, %s: %s is %d, counted plainly %d", seed, s.Name, s.HistoricMonths[i], what, n, w)
					}
				}
			}
		}
		if t.Failed() {
			return
		}
	}
}

// The parts of the non-compliant add up to their sum, of pairs with an IMSI as of pairs with a
// number: neither is added to the other.
func TestNonCompliantPairsAreSummedApart(t *testing.T) {
	for seed := range uint64(50) {
		rows, findings := nation(rand.New(rand.NewPCG(seed, 11)))
		report, err := input(rows, findings).Standard(t.Context(), thisMonth)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range report.Scopes() {
			c := s.Compliance
			if c.NonIMEIIMSIs != c.InfoIMEIIMSIs+c.BlockingIMEIIMSIs || c.IMEIIMSIs+c.NonIMEIIMSIs != s.IMEIIMSIs ||
				c.NonIMEIMSISDNs != c.InfoIMEIMSISDNs+c.BlockingIMEIMSISDNs || c.IMEIMSISDNs+c.NonIMEIMSISDNs != s.IMEIMSISDNs ||
				c.NonTriplets != c.InfoTriplets+c.BlockingTriplets || c.Triplets+c.NonTriplets != s.Triplets {
				t.Fatalf("seed %d, %s: %+v does not add up to %d, %d, %d", seed, s.Name, c, s.IMEIIMSIs, s.IMEIMSISDNs, s.Triplets)
			}
		}
	}
}

// A finding of a rule that is not configured any more stops no report: it is counted under its name.
func TestConditionThatIsNoLongerConfigured(t *testing.T) {
	m := imei.New(35_000_000, 1)
	rows := memory{{IMEI: m, IMSI: 1_010_000_000_001, MSISDN: 999_000_000_001, Operator: "op1", Month: thisMonth, Seen: [device.RadioCount]uint32{1}},
		{IMEI: m, IMSI: 1_010_000_000_002, MSISDN: 999_000_000_002, Operator: "op2", Month: thisMonth, Seen: [device.RadioCount]uint32{1}}}
	in := input(rows, []stats.Finding{{IMEI: m, Rule: "renamed"}})
	report, err := in.Standard(t.Context(), thisMonth)
	if err != nil {
		t.Fatal(err)
	}
	if n := report.Country.ConditionCells["renamed"].IMEIs; n != 1 {
		t.Errorf("%d devices under the old name", n)
	}
	if !slices.ContainsFunc(report.Missing, func(s string) bool { return strings.Contains(s, "renamed") }) {
		t.Errorf("nothing says that the rule is gone: %q", report.Missing)
	}
	tables, err := in.ConditionIMEIOverlaps(t.Context(), thisMonth)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(tables, func(t stats.Table) bool { return strings.HasSuffix(t.Name, "_condition_imei_overlap_renamed.csv") })
	if i < 0 || len(tables[i].Rows) != 1 || !slices.Equal(tables[i].Rows[0], []string{m.String(), "op1|op2"}) {
		t.Errorf("the overlaps are %+v", tables)
	}
}
