package stats

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
)

// Table is one CSV file of a listing.
type Table struct {
	Name   string     `json:"file"`
	Header []string   `json:"columns"`
	Rows   [][]string `json:"rows"`
}

// Listing is a report that lists devices, subscribers or pairs.
type Listing struct {
	Report  string   `json:"report"`
	Title   string   `json:"title"`
	Month   string   `json:"month,omitempty"`
	Missing []string `json:"missing"`
	Tables  []Table  `json:"tables"`
}

// Options are what listings can be asked with. Each looks at its own.
type Options struct {
	Month      device.Month
	Newer      device.Day // only what was seen later than this day
	Conditions []string   // of these only
	Days       int        // how long
	Devices    int        // how many
}

// listing is how a report is made, and what it needs.
type listing struct {
	name, title string
	monthly     bool
	make        func(*Input, context.Context, Options) ([]Table, []string, error)
	needs       func(*Input) string // what is missing that it compares with, "" if nothing
}

func nothing(*Input) string { return "" }

// need says that a list is not in force, if it is not.
func need(what string, there func(*Input) bool) func(*Input) string {
	return func(in *Input) string {
		if there(in) {
			return ""
		}
		return fmt.Sprintf("No %s is in force: there is nothing to compare with.", what)
	}
}

func needTACs(in *Input) bool     { return in.Model != nil }
func needStolen(in *Input) bool   { return in.Facts.Stolen != nil }
func needPersons(in *Input) bool  { return in.Facts.Persons != nil }
func needPairings(in *Input) bool { return in.Facts.Pairings != nil }
func needAssociations(in *Input) bool {
	return in.Facts.Persons != nil && in.Facts.Associations != nil
}

// listings are the reports beside the standard one.
var listings = []listing{
	{"gsma_not_found", "Devices whose TAC is not in the directory", true, (*Input).gsmaNotFound, need("TAC directory", needTACs)},
	{"top_duplicates", "Devices with many IMSIs", true, (*Input).topDuplicates, nothing},
	{"condition_imei_overlaps", "Classified devices seen by several operators", true, (*Input).overlaps, nothing},
	{"stolen_violations", "Stolen devices that are still seen", false, (*Input).stolenViolations, need("stolen list", needStolen)},
	{"blacklist_violations", "Devices seen after the day of their block", true, (*Input).blacklistViolations, nothing},
	{"association_list_violations", "Devices used by others than the persons they belong to", true, (*Input).associationViolations,
		need("subscribers' registration list with a device association list", needAssociations)},
	{"unregistered_subscribers", "Subscriptions that nobody registered", false, (*Input).unregistered, need("subscribers' registration list", needPersons)},
	{"transient_msisdns", "Numbers that go from device to device", false, (*Input).transient, nothing},
	{"classified_triplets", "Who uses classified devices", false, (*Input).classified, nothing},
	{"non_active_pairs", "Pairs that are not used any more", false, (*Input).nonActive, need("pairing list", needPairings)},
}

// Names returns the names of all reports, the standard one first.
func Names() []string {
	out := []string{"standard"}
	for _, l := range listings {
		out = append(out, l.name)
	}
	return out
}

// Monthly reports whether a report is of a month.
func Monthly(name string) bool {
	i := slices.IndexFunc(listings, func(l listing) bool { return l.name == name })
	return i < 0 || listings[i].monthly
}

// List makes a listing by its name.
func (in *Input) List(ctx context.Context, name string, o Options) (*Listing, error) {
	i := slices.IndexFunc(listings, func(l listing) bool { return l.name == name })
	if i < 0 {
		return nil, problem.New(problem.Invalid, "there is no report %q; the reports are %s", name, strings.Join(Names(), ", "))
	}
	l := &listings[i]
	out := &Listing{Report: name, Title: l.title, Missing: []string{}}
	if l.monthly {
		out.Month = o.Month.String()
		there := map[device.Operator]bool{}
		for row, err := range in.of(ctx, o.Month) {
			if err != nil {
				return nil, err
			}
			there[row.Operator] = true
		}
		for _, op := range in.Operators {
			if !there[op] {
				out.Missing = append(out.Missing, fmt.Sprintf("Operator %s delivered nothing for %s.", op, o.Month))
			}
		}
		if len(there) == 0 && len(in.Operators) == 0 {
			out.Missing = append(out.Missing, fmt.Sprintf("Nothing was delivered for %s.", o.Month))
		}
	}
	tables, notes, err := l.make(in, ctx, o)
	if err != nil {
		return nil, fmt.Errorf("making the report %s: %w", name, err)
	}
	if lack := l.needs(in); lack != "" {
		notes = append(notes, lack)
		for i := range tables {
			tables[i].Rows = nil
		}
	}
	for i := range tables {
		if tables[i].Rows == nil {
			tables[i].Rows = [][]string{}
		}
	}
	out.Tables, out.Missing = tables, append(out.Missing, notes...)
	return out, nil
}

// of yields the rows of some months of all buckets; of every month if none is named.
func (in *Input) of(ctx context.Context, months ...device.Month) func(func(*device.Days, error) bool) {
	var parts []device.Part
	for _, p := range in.Parts {
		if len(months) == 0 || slices.Contains(months, p.Month) {
			parts = append(parts, p)
		}
	}
	return func(yield func(*device.Days, error) bool) {
		for bucket := range device.Buckets {
			for row, err := range in.Rows.Days(ctx, parts, bucket) {
				if err == nil && len(months) > 0 && !slices.Contains(months, row.Month) {
					continue
				}
				if !yield(row, err) || err != nil {
					return
				}
			}
		}
	}
}

// devices calls f for each device of some months with its rows, which are valid during the call.
func (in *Input) devices(ctx context.Context, f func(m imei.IMEI, rows []device.Days), months ...device.Month) error {
	var rows []device.Days
	for row, err := range in.of(ctx, months...) {
		if err != nil {
			return err
		}
		if len(rows) > 0 && rows[0].IMEI != row.IMEI {
			f(rows[0].IMEI, rows)
			rows = rows[:0]
		}
		rows = append(rows, *row)
	}
	if len(rows) > 0 {
		f(rows[0].IMEI, rows)
	}
	return nil
}

// byOperator makes a table for every operator, named PREFIX_OPERATOR.csv, and fills it sorted.
func (in *Input) byOperator(prefix string, header []string, rows map[device.Operator][][]string) []Table {
	names := slices.Clone(in.Operators)
	for op := range rows {
		if !slices.Contains(names, op) {
			names = append(names, op)
		}
	}
	slices.Sort(names)
	out := []Table{}
	for _, op := range names {
		slices.SortFunc(rows[op], slices.Compare)
		out = append(out, Table{fileName(prefix + "_" + string(op) + ".csv"), header, slices.CompactFunc(rows[op], slices.Equal)})
	}
	return out
}

// monthly names a file of the country and month as DIRBS-Core does: COUNTRY_6_2026_WHAT.csv.
func (in *Input) monthly(m device.Month, what string) string {
	return fileName(fmt.Sprintf("%s_%s.csv", Stem(cmp.Or(in.Country, "country"), m), what))
}

// Stem is how the names of a month's files begin: NAME_6_2026.
func Stem(name string, m device.Month) string {
	first := m.First().Time()
	return fileName(fmt.Sprintf("%s_%d_%d", name, first.Month(), first.Year()))
}

// fileName replaces what must not stand in a file's name.
func fileName(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("-_.", r) {
			return r
		}
		return '_'
	}, strings.TrimLeft(s, "."))
}
