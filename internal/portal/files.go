package portal

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"

	"github.com/openceir/openceir/internal/stats"
)

// File is one file of a report.
type File struct {
	Name  string
	Write func(io.Writer) error
}

// StandardFiles returns the files of a standard report: one page, and for the country and each
// operator the numbers as JSON, the combinations of conditions by TAC and in all as CSV. What is
// missing stands in the page, in every JSON and in a CSV file of its own.
func StandardFiles(r *stats.Standard) []File {
	stem := stats.Stem(r.Country.Name, r.Month)
	out := []File{
		{stem + ".html", func(w io.Writer) error { return WriteReport(w, r) }},
		{stem + "_missing.csv", missingCSV(r.Missing)},
	}
	for _, s := range r.Scopes() {
		stem := stats.Stem(s.Name, r.Month)
		out = append(out,
			File{stem + ".json", jsonOf(s)},
			File{stem + ".csv", func(w io.Writer) error { return perTAC(w, s) }},
			File{stem + "_condition_counts.csv", func(w io.Writer) error { return combinations(w, s) }})
	}
	return out
}

// ListingFiles returns the files of a listing: its CSV files, all of them in one JSON, and a page.
func ListingFiles(l *stats.Listing) []File {
	stem := l.Report
	if l.Month != "" {
		stem += "_" + l.Month
	}
	out := []File{
		{stem + ".html", func(w io.Writer) error { return WriteListing(w, l) }},
		{stem + ".json", func(w io.Writer) error { return listingJSON(w, l) }},
		{stem + "_missing.csv", missingCSV(l.Missing)},
	}
	for i := range l.Tables {
		t := &l.Tables[i]
		out = append(out, File{t.Name, func(w io.Writer) error { return writeCSV(w, t.Header, t.Rows) }})
	}
	return out
}

func jsonOf(v any) func(io.Writer) error {
	return func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(v)
	}
}

// listingJSON writes what json.Marshal would, a row on each line: a listing may have a row for every
// subscriber of the country, and the encoder would hold the whole text in memory, twice.
func listingJSON(w io.Writer, l *stats.Listing) error {
	head := *l
	head.Tables = []stats.Table{}
	text, err := json.Marshal(&head)
	if err != nil {
		return err
	}
	text, _ = bytes.CutSuffix(text, []byte("]}")) // the tables come last
	for i := range l.Tables {
		t := l.Tables[i]
		rows := t.Rows
		t.Rows = [][]string{}
		open, err := json.Marshal(&t)
		if err != nil {
			return err
		}
		if i > 0 {
			text = append(text, ',')
		}
		open, _ = bytes.CutSuffix(open, []byte("]}")) // so do the rows
		text = append(append(text, '\n'), open...)
		for k, row := range rows {
			if k > 0 {
				text = append(text, ',')
			}
			line, err := json.Marshal(row)
			if err != nil {
				return err
			}
			if text = append(append(text, '\n'), line...); len(text) >= 1<<16 {
				if _, err := w.Write(text); err != nil {
					return err
				}
				text = text[:0]
			}
		}
		text = append(text, "]}"...)
	}
	_, err = w.Write(append(text, "]}\n"...))
	return err
}

func missingCSV(missing []string) func(io.Writer) error {
	return func(w io.Writer) error {
		rows := make([][]string, len(missing))
		for i := range missing {
			rows[i] = missing[i : i+1]
		}
		return writeCSV(w, []string{"missing"}, rows)
	}
}

func writeCSV(w io.Writer, header []string, rows [][]string) error {
	c := csv.NewWriter(w)
	err := c.Write(header)
	if e := c.WriteAll(rows); err == nil {
		err = e
	}
	return err
}

// countColumns are the columns after the conditions.
var countColumns = []string{"IMEI count", "IMEI gross adds count", "IMEI-IMSI count", "IMEI-MSISDN count", "Subscriber triplet count", "Compliance Level"}

func labels(s *stats.Scope, before ...string) []string {
	for _, c := range s.Conditions {
		before = append(before, c.Label)
	}
	return before
}

func truth(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

func numbers(row []string, c *stats.Cell, level int) []string {
	for _, n := range []int64{c.IMEIs, c.GrossAdds, c.IMEIIMSIs, c.IMEIMSISDNs, c.Triplets} {
		row = append(row, strconv.FormatInt(n, 10))
	}
	return append(row, strconv.Itoa(level))
}

func perTAC(w io.Writer, s *stats.Scope) error {
	c := csv.NewWriter(w)
	err := c.Write(append(labels(s, "TAC"), countColumns...))
	var row []string
	for i := range s.PerTAC {
		t := &s.PerTAC[i]
		row = append(row[:0], t.TAC.String())
		for k := range s.Conditions {
			row = append(row, truth(t.Holds(k)))
		}
		row = numbers(row, &t.Cell, t.Level)
		err = cmp.Or(err, c.Write(row))
	}
	c.Flush()
	return cmp.Or(err, c.Error())
}

func combinations(w io.Writer, s *stats.Scope) error {
	var rows [][]string
	for i := range s.Combinations {
		var row []string
		for _, c := range s.Conditions {
			row = append(row, truth(s.Combinations[i].Holds[c.Label]))
		}
		rows = append(rows, numbers(row, &s.Combinations[i].Cell, s.Combinations[i].Level))
	}
	return writeCSV(w, append(labels(s), countColumns...), rows)
}
