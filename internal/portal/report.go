package portal

import (
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openceir/openceir/internal/stats"
)

var reportPage = template.Must(template.New("report.html").Funcs(template.FuncMap{
	"n": grouped, "percent": percent, "colour": func(i int) string { return seriesColours[i] },
}).ParseFS(files, "report.html", "listing.html"))

// reportView is the page of a standard report.
type reportView struct {
	*stats.Scope
	Title                             string
	Month                             string
	Operators                         []operatorView
	Daily, Trend, Adds                template.HTML
	ComplianceTrend                   template.HTML
	Compliance                        []complianceView
	ConditionRows                     []conditionView
	CombinationRows                   []combinationView
	MoreCombinations                  int
	Models, NewModels                 template.HTML
	IMSIsOfIMEI, IMEIsOfIMSI, PerDay  template.HTML
	Days                              []dayView
	Legend                            []string
	GoodColour, HintColour, BadColour template.CSS
	HasHistory                        bool
}

type operatorView struct {
	*stats.Scope
	Spark template.HTML
}

type complianceView struct {
	Name              string
	Good, Inform, Bad int64
	All               int64
	Bar               template.HTML
}

type conditionView struct {
	stats.Condition
	stats.Cell
	Spark template.HTML
}

type combinationView struct {
	stats.Combination
	Names []string
}

type dayView struct {
	Date                                     string
	IMEIs, IMSIs, MSISDNs, Triplets, Records int64
}

// Names that stand beside colours.
var levelNames = []string{"meets no condition", "informing conditions only", "a blocking condition"}

// combinationsShown is how many combinations the page shows; the CSV file has all.
const combinationsShown = 15

// WriteReport writes the page of a standard report: one file that needs nothing else.
func WriteReport(w io.Writer, r *stats.Standard) error {
	c := r.Country
	v := reportView{Scope: c, Title: c.Name, Month: r.Month.First().Time().Format("January 2006"),
		Legend:     []string{"Devices (IMEI)", "Connections (IMSI)", "Numbers (MSISDN)"},
		GoodColour: template.CSS(good), HintColour: template.CSS(hint), BadColour: template.CSS(bad)}
	if v.Title == "country" {
		v.Title = "the country"
	}
	v.charts()
	v.compliance(r)
	for _, o := range r.Operators {
		v.Operators = append(v.Operators, operatorView{o, spark("devices a day at "+o.Name, counts(o.IMEIsPerDay))})
	}
	for _, cond := range c.Conditions {
		var trend []int64
		for _, cell := range c.HistoricConditions[cond.Label] {
			trend = append(trend, cell.IMEIs)
		}
		trend = trend[v.begin():]
		v.ConditionRows = append(v.ConditionRows, conditionView{cond, c.ConditionCells[cond.Label], spark("devices by month, "+cond.Label, trend)})
	}
	slices.SortStableFunc(v.ConditionRows, func(a, b conditionView) int { return int(b.IMEIs - a.IMEIs) })
	for i := range c.Combinations {
		if i == combinationsShown {
			v.MoreCombinations = len(c.Combinations) - i
			break
		}
		row := combinationView{Combination: c.Combinations[i]}
		for _, cond := range c.Conditions {
			if row.Holds[cond.Label] {
				row.Names = append(row.Names, cond.Label)
			}
		}
		v.CombinationRows = append(v.CombinationRows, row)
	}
	return reportPage.ExecuteTemplate(w, "report.html", &v)
}

func counts(days []stats.DayCount) (out []int64) {
	for _, d := range days {
		out = append(out, d.Count)
	}
	return out
}

func (v *reportView) charts() {
	c := v.Scope
	var days []string
	for i, d := range c.IMEIsPerDay {
		label := ""
		if i == 0 || (i+1)%5 == 0 && i+1 < 31 {
			label = strconv.Itoa(i + 1)
		}
		days = append(days, label)
		v.Days = append(v.Days, dayView{d.Date, d.Count, c.IMSIsPerDay[i].Count, c.MSISDNsPerDay[i].Count, c.TripletsPerDay[i].Count, c.RecordsPerDay[i].Count})
	}
	v.Daily = lineChart("Devices, connections and numbers seen on each day", days,
		[]series{{"Devices", counts(c.IMEIsPerDay)}, {"Connections", counts(c.IMSIsPerDay)}, {"Numbers", counts(c.MSISDNsPerDay)}})
	from := v.begin()
	var months []string
	var adds, levels []column
	for i := from; i < len(c.HistoricMonths); i++ {
		m := monthName(c.HistoricMonths[i])
		months = append(months, m)
		adds = append(adds, column{m, []int64{c.HistoricGrossAdds[i]}})
		h := &c.HistoricCompliance[i]
		levels = append(levels, column{m, []int64{h.BlockingIMEIs, h.InfoIMEIs, h.IMEIs}})
	}
	v.HasHistory = len(months) > 1
	v.Trend = lineChart("Devices, connections and numbers seen in each month", months,
		[]series{{"Devices", c.HistoricIMEIs[from:]}, {"Connections", c.HistoricIMSIs[from:]}, {"Numbers", c.HistoricMSISDNs[from:]}})
	v.Adds = columnChart("Devices new in each month", adds, seriesColours, []string{"new devices"}, false)
	v.ComplianceTrend = columnChart("Devices by compliance in each month", levels, []string{bad, hint, good}, []string{levelNames[2], levelNames[1], levelNames[0]}, false)
	v.Models, v.NewModels = models("Models with the most devices", c.TopModels), models("Models with the most new devices", c.TopGrossAdds)
	v.histograms()
}

// begin is the place of the first month that has anything: what was before is not shown as nothing.
func (v *reportView) begin() int {
	return max(0, slices.IndexFunc(v.Scope.HistoricIMEIs, func(n int64) bool { return n > 0 }))
}

// monthName is how a month stands below an axis: Jun 26.
func monthName(m string) string {
	t, err := time.Parse("2006-01", m)
	if err != nil {
		return m
	}
	return t.Format("Jan 06")
}

func models(label string, all []stats.Model) template.HTML {
	if len(all) == 0 {
		return ""
	}
	var rows []column
	for _, m := range all {
		name := []rune(strings.TrimSpace(m.Manufacturer + " " + m.Model))
		if len(name) > 38 {
			name = append(name[:37], '…')
		}
		rows = append(rows, column{string(name) + " · " + m.Generations, []int64{m.Count}})
	}
	return bars(label, rows, seriesColours[0])
}

// histograms draws the ends of long histograms as one column.
func (v *reportView) histograms() {
	const last = 10
	fold := func(label, unit string, each func(func(value int, n int64))) template.HTML {
		cols := make([]column, last)
		for i := range cols {
			cols[i] = column{strconv.Itoa(i + 1), []int64{0}}
		}
		cols[last-1].label = strconv.Itoa(last) + "+"
		each(func(value int, n int64) {
			if value > 0 {
				cols[min(value, last)-1].parts[0] += n
			}
		})
		return columnChart(label, cols, seriesColours, []string{unit}, true)
	}
	v.IMSIsOfIMEI = fold("Devices by their number of IMSIs in the month", "devices with IMSIs:", func(f func(int, int64)) {
		for _, h := range v.Scope.IMSIsOfIMEI {
			f(h.IMSIs, h.IMEIs)
		}
	})
	v.IMEIsOfIMSI = fold("IMSIs by their number of devices in the month", "IMSIs with devices:", func(f func(int, int64)) {
		for _, h := range v.Scope.IMEIsOfIMSI {
			f(h.IMEIs, h.IMSIs)
		}
	})
	cols := make([]column, 21)
	for i := range cols {
		cols[i] = column{strconv.FormatFloat(1+float64(i)/10, 'f', 1, 64), []int64{0}}
	}
	cols[20].label = "3+"
	for _, h := range v.DailyIMSIs {
		tenth := int(h.Start*10 + 0.5)
		cols[min(max(0, tenth-10), 20)].parts[0] += h.IMEIs
	}
	for i := range cols {
		if i > 10 && i < 20 {
			cols[10].parts[0] += cols[i].parts[0]
		}
	}
	cols = append(cols[:11], cols[20])
	cols[10].label = "2–3"
	v.PerDay = columnChart("Devices by their mean number of IMSIs a day", cols, seriesColours, []string{"devices with a mean of"}, true)
}

func (v *reportView) compliance(r *stats.Standard) {
	for _, s := range r.Scopes() {
		c := &s.Compliance
		row := complianceView{Name: s.Name, Good: c.IMEIs, Inform: c.InfoIMEIs, Bad: c.BlockingIMEIs, All: s.IMEIs}
		row.Bar = shares(s.Name+": devices by compliance", []int64{row.Good, row.Inform, row.Bad}, []string{good, hint, bad}, levelNames)
		v.Compliance = append(v.Compliance, row)
	}
}

// listingShown is how many rows of each file the page of a listing shows; the CSV file has all.
const listingShown = 500

type listingView struct {
	*stats.Listing
	Shown []tableView
	Total int
}

type tableView struct {
	*stats.Table
	First [][]string
	More  int
}

// WriteListing writes the page of a listing.
func WriteListing(w io.Writer, l *stats.Listing) error {
	v := listingView{Listing: l}
	for i := range l.Tables {
		t := &l.Tables[i]
		n := min(len(t.Rows), listingShown)
		v.Shown = append(v.Shown, tableView{t, t.Rows[:n], len(t.Rows) - n})
		v.Total += len(t.Rows)
	}
	return reportPage.ExecuteTemplate(w, "listing.html", &v)
}
