package stats

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

// Standard is the standard report of a month: the country, and each operator.
type Standard struct {
	Month     device.Month
	Missing   []string // what is not there, in sentences
	Country   *Scope
	Operators []*Scope
}

// Scopes returns the country and the operators.
func (s *Standard) Scopes() []*Scope { return append([]*Scope{s.Country}, s.Operators...) }

// SchemaVersion is the version of the names in Scope. Up to 8 they are those of DIRBS-Core.
const SchemaVersion = 9

// Scope is the report of the country or of one operator. Names that DIRBS-Core's report has are its
// names; sequences named historic have the oldest month first and the report's own month last.
type Scope struct {
	Name          string `json:"name"`
	Operator      bool   `json:"operator"`
	StartDate     string `json:"start_date"`
	EndDate       string `json:"end_date"`
	CreationDate  string `json:"creation_date"`
	SchemaVersion int    `json:"report_schema_version"`
	Software      string `json:"software_version"`
	HasData       bool   `json:"has_data"`
	// HasComplianceData is false if there are no conditions.
	HasComplianceData bool     `json:"has_compliance_data"`
	Missing           []string `json:"missing"`

	Records       int64 `json:"total_records_seen"`
	IMEIs         int64 `json:"total_imeis_seen"`
	IMSIs         int64 `json:"total_imsis_seen"`
	MSISDNs       int64 `json:"total_msisdns_seen"`
	IMEIIMSIs     int64 `json:"total_imei_imsis_seen"`
	IMEIMSISDNs   int64 `json:"total_imei_msisdns_seen"`
	IMSIMSISDNs   int64 `json:"total_imsi_msisdns_seen"`
	Triplets      int64 `json:"total_triplets_seen"`
	GrossAdds     int64 `json:"total_gross_adds"`
	NullIMEI      int64 `json:"total_null_imei_records"`
	NullIMSI      int64 `json:"total_null_imsi_records"`
	NullMSISDN    int64 `json:"total_null_msisdn_records"`
	InvalidIMSIs  int64 `json:"total_invalid_imei_imsis"`
	InvalidNumber int64 `json:"total_invalid_imei_msisdns"`
	InvalidTriple int64 `json:"total_invalid_triplets"`
	Malformed     int64 `json:"total_malformed_imeis_seen"`

	RecordsPerDay     []DayCount `json:"recs_per_day"`
	IMEIsPerDay       []DayCount `json:"imeis_per_day"`
	IMSIsPerDay       []DayCount `json:"imsis_per_day"`
	MSISDNsPerDay     []DayCount `json:"msisdns_per_day"`
	IMEIIMSIsPerDay   []DayCount `json:"imei_imsis_per_day"`
	IMEIMSISDNsPerDay []DayCount `json:"imei_msisdns_per_day"`
	IMSIMSISDNsPerDay []DayCount `json:"imsi_msisdns_per_day"`
	TripletsPerDay    []DayCount `json:"triplets_per_day"`

	HistoricMonths     []string     `json:"historic_months"`
	HistoricIMEIs      []int64      `json:"historic_imei_counts"`
	HistoricIMSIs      []int64      `json:"historic_imsi_counts"`
	HistoricMSISDNs    []int64      `json:"historic_msisdn_counts"`
	HistoricTriplets   []int64      `json:"historic_triplet_counts"`
	HistoricGrossAdds  []int64      `json:"historic_gross_adds_counts"`
	HistoricCompliance []Compliance `json:"historic_compliance_breakdown"`

	Compliance         Compliance        `json:"compliance_breakdown"`
	Conditions         []Condition       `json:"classification_conditions"`
	ConditionCells     map[string]Cell   `json:"conditions_breakdown"`
	HistoricConditions map[string][]Cell `json:"historic_conditions_breakdown"`
	Combinations       []Combination     `json:"condition_combination_table"`

	TopModels         []Model `json:"top_models_imei"`
	TopModelsCount    int64   `json:"top_models_imei_count"`
	TopGrossAdds      []Model `json:"top_models_gross_adds"`
	TopGrossAddsCount int64   `json:"top_models_gross_adds_count"`

	IMSIsOfIMEI []IMEIsWith `json:"imei_imsi_overloading"`
	IMEIsOfIMSI []IMSIsWith `json:"imsi_imei_overloading"`
	DailyIMSIs  []DailyBin  `json:"daily_imei_imsi_overloading"`

	// PerTAC has a row for each TAC and combination of conditions; it goes to a CSV file.
	PerTAC []TACRow `json:"-"`
}

// DayCount is a number of a day.
type DayCount struct {
	Date  string `json:"date"`
	Count int64  `json:"count"`
}

// Compliance says how many meet no condition, only ones that inform, or one that blocks.
type Compliance struct {
	IMEIs               int64 `json:"num_compliant_imeis"`
	NonIMEIs            int64 `json:"num_noncompliant_imeis"`
	InfoIMEIs           int64 `json:"num_noncompliant_imeis_info_only"`
	BlockingIMEIs       int64 `json:"num_noncompliant_imeis_blocking"`
	Triplets            int64 `json:"num_compliant_triplets"`
	NonTriplets         int64 `json:"num_noncompliant_triplets"`
	InfoTriplets        int64 `json:"num_noncompliant_triplets_info_only"`
	BlockingTriplets    int64 `json:"num_noncompliant_triplets_blocking"`
	IMEIIMSIs           int64 `json:"num_compliant_imei_imsis"`
	NonIMEIIMSIs        int64 `json:"num_noncompliant_imei_imsis"`
	InfoIMEIIMSIs       int64 `json:"num_noncompliant_imei_imsis_info_only"`
	BlockingIMEIIMSIs   int64 `json:"num_noncompliant_imei_imsis_blocking"`
	IMEIMSISDNs         int64 `json:"num_compliant_imei_msisdns"`
	NonIMEIMSISDNs      int64 `json:"num_noncompliant_imei_msisdns"`
	InfoIMEIMSISDNs     int64 `json:"num_noncompliant_imei_msisdns_info_only"`
	BlockingIMEIMSISDNs int64 `json:"num_noncompliant_imei_msisdns_blocking"`
}

// Levels of compliance, as the CSV files have them.
const (
	Blocking  = 0 // meets a blocking condition
	InfoOnly  = 1 // meets only conditions that inform
	Compliant = 2 // meets none
)

// Combination is a set of conditions that hold together, and for how many they do.
type Combination struct {
	Holds map[string]bool `json:"combination"`
	Cell
	SubscriberTriplets int64 `json:"num_subscriber_triplets"`
	Level              int   `json:"compliance_level"`
	rules              rules
}

// TACRow is a combination of conditions within a TAC.
type TACRow struct {
	TAC imei.TAC
	Cell
	Level int
	rules rules
}

// Holds reports whether a condition holds, by its place among the conditions.
func (r *TACRow) Holds(condition int) bool { return r.rules.has(condition) }

// Model is a model of devices with its number.
type Model struct {
	Manufacturer string `json:"manufacturer"`
	Model        string `json:"model"`
	Generations  string `json:"tech_generations"`
	Count        int64  `json:"count"`
}

// IMEIsWith is how many IMEIs were seen with a number of IMSIs.
type IMEIsWith struct {
	IMEIs int64 `json:"num_imeis"`
	IMSIs int   `json:"seen_with_imsis"`
}

// IMSIsWith is how many IMSIs were seen with a number of IMEIs.
type IMSIsWith struct {
	IMSIs int64 `json:"num_imsis"`
	IMEIs int   `json:"seen_with_imeis"`
}

// DailyBin is how many IMEIs had a mean number of IMSIs a day from one value up to another.
type DailyBin struct {
	IMEIs int64   `json:"num_imeis"`
	Start float64 `json:"bin_start"`
	End   float64 `json:"bin_end"`
}

// Standard makes the standard report of a month.
func (in *Input) Standard(ctx context.Context, m device.Month) (*Standard, error) {
	p, err := newPass(in, m)
	if err != nil {
		return nil, err
	}
	parts := in.months()
	for _, e := range earlier(parts, m-historyMonths) {
		if err := p.note(ctx, e, parts[e]); err != nil {
			return nil, err
		}
	}
	var history []*month
	for e := m - historyMonths; e <= m; e++ {
		c, err := p.count(ctx, e, parts[e])
		if err != nil {
			return nil, err
		}
		history = append(history, c)
	}
	for _, c := range history {
		p.grow(c)
	}
	s := &Standard{Month: m}
	s.Missing = in.missing(p, history, len(parts[m]) > 0, len(earlier(parts, m)) > 0)
	for place := range p.ops.names {
		s.Operators = append(s.Operators, p.scope(history, 1+place))
	}
	s.Country = p.scope(history, 0)
	s.Country.Missing = s.Missing
	return s, nil
}

// missing says what a reader must know is not there.
func (in *Input) missing(p *pass, history []*month, month, before bool) []string {
	out := []string{}
	c := history[len(history)-1]
	if !month && c.scopes[0].records == 0 {
		return append(out, fmt.Sprintf("Nothing was delivered for %s: every number is of nothing.", c.month))
	}
	for _, t := range c.scopes[1:] {
		if gone := absent(&t.recordDays, lengthOf(c.month)); t.records == 0 {
			out = append(out, fmt.Sprintf("Operator %s delivered nothing for %s: the country's numbers lack it.", t.operator, c.month))
		} else if gone != "" {
			out = append(out, fmt.Sprintf("Operator %s has no row on %s of %s.", t.operator, gone, c.month))
		}
		if len(in.Operators) > 0 && !slices.Contains(in.Operators, t.operator) {
			out = append(out, fmt.Sprintf("Operator %s is not in the directory, but rows of it are: they are counted.", t.operator))
		}
	}
	if !before {
		out = append(out, fmt.Sprintf("No month before %s is kept, so every device counts as a gross add.", c.month))
	}
	for _, c := range p.held.conditions {
		if !c.Configured {
			out = append(out, fmt.Sprintf("Findings name the condition %s, which is not configured any more: it is counted as one that informs.", c.Label))
		}
	}
	if in.Model == nil {
		out = append(out, "No TAC directory is in force, so models have no names.")
	}
	if last := c.month.First() + device.Day(lengthOf(c.month)) - 1; in.AsOf != 0 && in.AsOf < last {
		out = append(out, fmt.Sprintf("The month is not over: the last complete day is %s.", in.AsOf))
	}
	return out
}

// absent names the days of a month without any row: "3, 5 to 9 and 30".
func absent(d *days, length int) string {
	counts := d.all(length)
	var spans []string
	for i := 0; i < length; i++ {
		if counts[i] != 0 {
			continue
		}
		from := i
		for i+1 < length && counts[i+1] == 0 {
			i++
		}
		if from == i {
			spans = append(spans, fmt.Sprint(from+1))
		} else {
			spans = append(spans, fmt.Sprintf("%d to %d", from+1, i+1))
		}
	}
	switch n := len(spans); {
	case n == 0:
		return ""
	case n == 1 && !strings.Contains(spans[0], " "):
		return "day " + spans[0]
	case n == 1:
		return "days " + spans[0]
	default:
		return "days " + strings.Join(spans[:n-1], ", ") + " and " + spans[n-1]
	}
}

func lengthOf(m device.Month) int { return int((m + 1).First() - m.First()) }

// scope makes the report of one scope from the counts of its months, the last of which it is of.
func (p *pass) scope(history []*month, place int) *Scope {
	c := history[len(history)-1]
	t, length := c.scopes[place], lengthOf(c.month)
	first := c.month.First()
	s := &Scope{
		Name: cmp.Or(string(t.operator), p.in.Country, "country"), Operator: place > 0,
		StartDate: first.String(), EndDate: (first + device.Day(length) - 1).String(), CreationDate: p.in.AsOf.String(),
		SchemaVersion: SchemaVersion, Software: p.in.Software,
		HasData: t.records > 0, HasComplianceData: len(p.held.conditions) > 0, Missing: []string{},
		Records: t.records, IMSIs: t.imsis, MSISDNs: t.msisdns, IMSIMSISDNs: t.imsiMSISDNs,
		NullIMEI: t.nullIMEI, NullIMSI: t.nullIMSI, NullMSISDN: t.nullMSISDN,
		InvalidIMSIs: t.invalidIMSIs, InvalidNumber: t.invalidMSISDNs, InvalidTriple: t.invalidTriples, Malformed: t.malformed,
		Conditions: slices.Concat([]Condition{}, p.held.conditions),
	}
	for _, d := range []struct {
		to   *[]DayCount
		from *days
	}{{&s.RecordsPerDay, &t.recordDays}, {&s.IMEIsPerDay, &t.imeiDays}, {&s.IMSIsPerDay, &t.imsiDays}, {&s.MSISDNsPerDay, &t.msisdnDays},
		{&s.IMEIIMSIsPerDay, &t.imeiIMSIDays}, {&s.IMEIMSISDNsPerDay, &t.imeiMSISDNDays}, {&s.IMSIMSISDNsPerDay, &t.imsiMSISDNDays}, {&s.TripletsPerDay, &t.tripDays}} {
		for i, n := range d.from.all(length) {
			*d.to = append(*d.to, DayCount{(first + device.Day(i)).String(), n})
		}
	}
	if place > 0 && !s.HasData {
		s.Missing = append(s.Missing, fmt.Sprintf("Operator %s delivered nothing for %s.", t.operator, c.month))
	}
	p.breakdown(s, t)
	p.trends(s, history, place)
	p.models(s, t)
	t.histograms(s)
	return s
}

// breakdown sums the cells up.
func (p *pass) breakdown(s *Scope, t *tally) {
	total, byRules := t.sums()
	s.PerTAC = make([]TACRow, 0, len(t.plain)+len(t.cells))
	t.each(func(tac imei.TAC, of rules, c *Cell) {
		s.PerTAC = append(s.PerTAC, TACRow{tac, *c, p.level(of), of})
	})
	s.IMEIs, s.IMEIIMSIs, s.IMEIMSISDNs, s.Triplets, s.GrossAdds = total.IMEIs, total.IMEIIMSIs, total.IMEIMSISDNs, total.Triplets, total.GrossAdds
	s.Combinations = []Combination{}
	for of, c := range byRules {
		s.Combinations = append(s.Combinations, p.combination(of, c))
	}
	slices.SortFunc(s.Combinations, func(a, b Combination) int {
		return cmp.Or(cmp.Compare(b.IMEIs, a.IMEIs), compareRules(a.rules, b.rules))
	})
	slices.SortFunc(s.PerTAC, func(a, b TACRow) int { return cmp.Or(cmp.Compare(a.TAC, b.TAC), compareRules(a.rules, b.rules)) })
	s.Compliance, s.ConditionCells = p.compliance(byRules), p.conditions(byRules)
}

// sums returns the sum of all cells, and of those of each combination of conditions.
func (t *tally) sums() (total Cell, byRules map[rules]*Cell) {
	byRules = map[rules]*Cell{}
	clean := new(Cell)
	for _, c := range t.plain {
		clean.add(c)
	}
	if len(t.plain) > 0 {
		byRules[rules{}] = clean
	}
	for key, c := range t.cells {
		sum := byRules[key.rules]
		if sum == nil {
			sum = new(Cell)
			byRules[key.rules] = sum
		}
		sum.add(c)
	}
	for _, c := range byRules {
		total.add(c)
	}
	return total, byRules
}

func (p *pass) combination(of rules, c *Cell) Combination {
	out := Combination{Holds: make(map[string]bool, len(p.held.conditions)), Cell: *c, SubscriberTriplets: c.Triplets, Level: p.level(of), rules: of}
	for i, cond := range p.held.conditions {
		out.Holds[cond.Label] = of.has(i)
	}
	return out
}

func (p *pass) level(of rules) int {
	switch {
	case of.none():
		return Compliant
	case of.any(p.held.blocking):
		return Blocking
	}
	return InfoOnly
}

// conditions sums up what each condition holds for.
func (p *pass) conditions(byRules map[rules]*Cell) map[string]Cell {
	out := map[string]Cell{}
	for i, cond := range p.held.conditions {
		sum := Cell{}
		for of, c := range byRules {
			if of.has(i) {
				sum.add(c)
			}
		}
		out[cond.Label] = sum
	}
	return out
}

// compliance sums up the three levels. Each kind of thing is summed by itself.
func (p *pass) compliance(byRules map[rules]*Cell) Compliance {
	var sums [3]Cell
	for of, c := range byRules {
		sums[p.level(of)].add(c)
	}
	good, info, block := &sums[Compliant], &sums[InfoOnly], &sums[Blocking]
	return Compliance{
		good.IMEIs, info.IMEIs + block.IMEIs, info.IMEIs, block.IMEIs,
		good.Triplets, info.Triplets + block.Triplets, info.Triplets, block.Triplets,
		good.IMEIIMSIs, info.IMEIIMSIs + block.IMEIIMSIs, info.IMEIIMSIs, block.IMEIIMSIs,
		good.IMEIMSISDNs, info.IMEIMSISDNs + block.IMEIMSISDNs, info.IMEIMSISDNs, block.IMEIMSISDNs,
	}
}

// trends tells the months before.
func (p *pass) trends(s *Scope, history []*month, place int) {
	s.HistoricConditions = map[string][]Cell{}
	for _, c := range history {
		t := c.scopes[place]
		sum, byRules := t.sums()
		s.HistoricMonths = append(s.HistoricMonths, c.month.String())
		s.HistoricIMEIs = append(s.HistoricIMEIs, sum.IMEIs)
		s.HistoricIMSIs = append(s.HistoricIMSIs, t.imsis)
		s.HistoricMSISDNs = append(s.HistoricMSISDNs, t.msisdns)
		s.HistoricTriplets = append(s.HistoricTriplets, sum.Triplets)
		s.HistoricGrossAdds = append(s.HistoricGrossAdds, sum.GrossAdds)
		s.HistoricCompliance = append(s.HistoricCompliance, p.compliance(byRules))
		for label, cell := range p.conditions(byRules) {
			s.HistoricConditions[label] = append(s.HistoricConditions[label], cell)
		}
	}
}

// models lists the models with the most devices, and those with the most new ones. Models are told
// by manufacturer and name, whatever number of TACs they have.
func (p *pass) models(s *Scope, t *tally) {
	s.TopModels, s.TopGrossAdds = []Model{}, []Model{}
	if p.in.Model == nil {
		return
	}
	type name struct{ manufacturer, model string }
	type sum struct {
		bands       []string
		count, adds int64
	}
	sums := map[name]*sum{}
	t.each(func(tac imei.TAC, _ rules, c *Cell) {
		row, ok := p.in.Model(tac)
		if !ok || row.Manufacturer == "" && row.Model == "" {
			return
		}
		n := name{row.Manufacturer, row.Model}
		m := sums[n]
		if m == nil {
			m = new(sum)
			sums[n] = m
		}
		m.count += c.IMEIs
		m.adds += c.GrossAdds
		if !slices.Contains(m.bands, row.Bands) {
			m.bands = append(m.bands, row.Bands)
		}
	})
	top := func(of func(*sum) int64) (out []Model, total int64) {
		out = []Model{}
		for n, m := range sums {
			if of(m) > 0 {
				out = append(out, Model{n.manufacturer, n.model, "", of(m)})
			}
		}
		slices.SortFunc(out, func(a, b Model) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Manufacturer, b.Manufacturer), cmp.Compare(a.Model, b.Model))
		})
		out = out[:min(topModels, len(out))]
		for i := range out {
			out[i].Generations = generations(sums[name{out[i].Manufacturer, out[i].Model}].bands)
			total += out[i].Count
		}
		return out, total
	}
	s.TopModels, s.TopModelsCount = top(func(m *sum) int64 { return m.count })
	s.TopGrossAdds, s.TopGrossAddsCount = top(func(m *sum) int64 { return m.adds })
}

// radios are the words of the directory's bands that tell a generation.
var radios = []struct {
	name  string
	words []string
}{
	{"2G", []string{"GSM", "GPRS", "EDGE"}},
	{"3G", []string{"WCDMA", "UMTS", "HSPA", "HSDPA", "HSUPA", "CDMA", "TD-SCDMA"}},
	{"4G", []string{"LTE"}},
	{"5G", []string{"NR", "5G"}},
}

// generations tells the generations of radio that bands name, for instance 2G/3G/4G.
func generations(bands []string) string {
	var out []string
	for _, g := range radios {
		if slices.ContainsFunc(g.words, func(w string) bool {
			return slices.ContainsFunc(bands, func(b string) bool { return strings.Contains(strings.ToUpper(b), w) })
		}) {
			out = append(out, g.name)
		}
	}
	if len(out) == 0 {
		return "Non-cellular"
	}
	return strings.Join(out, "/")
}

func (t *tally) histograms(s *Scope) {
	s.IMSIsOfIMEI, s.IMEIsOfIMSI, s.DailyIMSIs = []IMEIsWith{}, []IMSIsWith{}, []DailyBin{}
	t.imsisOfIMEI.each(func(v int, n int64) { s.IMSIsOfIMEI = append(s.IMSIsOfIMEI, IMEIsWith{n, v}) })
	t.imeisOfIMSI.each(func(v int, n int64) { s.IMEIsOfIMSI = append(s.IMEIsOfIMSI, IMSIsWith{n, v}) })
	t.dailyOfIMEI.each(func(v int, n int64) {
		s.DailyIMSIs = append(s.DailyIMSIs, DailyBin{n, float64(v) / 10, float64(v+1) / 10})
	})
}
