package lake

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/subscriber"
)

// TableFindings is the table of open findings. Its parts are named by the acts of detection. They
// are cut by device.BucketOf, and those of malformed identifiers are a bucket of their own,
// device.Buckets. The parts of a bucket are read in the order in which the acts brought them: of a
// finding that several have the last counts, and where that says closed, there is none.
const TableFindings = ledger.TableFindings

type findingRow struct {
	IMEI       int64  `parquet:"imei,delta"`
	Text       string `parquet:"text,dict"`
	Rule       string `parquet:"rule,dict"`
	Version    string `parquet:"version,dict"`
	Since      int32  `parquet:"since,date"`
	Found      int32  `parquet:"found,optional,date"`
	Block      int32  `parquet:"block,optional,date"`
	Ended      int32  `parquet:"ended,optional,date"`
	Again      int32  `parquet:"again,optional,date"`
	Strength   int32  `parquet:"strength"`
	Pairs      int32  `parquet:"pairs"`
	Best       int64  `parquet:"best,optional"`
	Amnesty    int32  `parquet:"amnesty"`
	Incomplete int32  `parquet:"incomplete"`
	Closed     int32  `parquet:"closed"`
	Params     string `parquet:"params,dict"`
	Evidence   string `parquet:"evidence"`
}

// CompareFindings orders findings by IMEI, text and rule.
func CompareFindings(a, b *device.Finding) int {
	switch {
	case a.IMEI != b.IMEI:
		return order(a.IMEI < b.IMEI)
	case a.Text != b.Text:
		return order(a.Text < b.Text)
	}
	return strings.Compare(a.Rule, b.Rule)
}

// WriteFindings writes one part of findings, sorted and distinct by (IMEI, text, rule).
func (l *Lake) WriteFindings(ctx context.Context, bucket int, rows []ledger.FindingRow) (device.Part, error) {
	p := device.Part{Table: TableFindings, Bucket: bucket}
	print := printer{}
	return writePart(ctx, l, p, func(put func(findingRow) error) error {
		for i := range rows {
			f := &rows[i].Finding
			if i > 0 && CompareFindings(&rows[i-1].Finding, f) >= 0 {
				return problem.New(problem.Broken, "writing findings: those of %s are out of order", f.Key())
			}
			if findingsBucket(f) != bucket {
				return problem.New(problem.Broken, "writing findings: %s does not belong to bucket %d", f.Key(), bucket)
			}
			if err := put(print.row(f, rows[i].Closed)); err != nil {
				return err
			}
		}
		return nil
	})
}

func findingsBucket(f *device.Finding) int {
	if f.Text != "" {
		return device.Buckets
	}
	return device.BucketOf(f.IMEI)
}

// printer prints findings. The parameters of a rule are the same map for all that it finds.
type printer struct {
	params map[string]string
	text   string
}

func (p *printer) row(f *device.Finding, closed bool) findingRow {
	if closed { // only the key counts
		return findingRow{IMEI: int64(f.IMEI), Text: f.Text, Rule: f.Rule, Closed: 1, Params: "{}", Evidence: "{}"}
	}
	if p.text == "" || !maps.Equal(p.params, f.Params) {
		p.params, p.text = f.Params, object(f.Params)
	}
	return findingRow{
		IMEI: int64(f.IMEI), Text: f.Text, Rule: f.Rule, Version: f.Version, Since: int32(f.Since), Found: int32(f.Found),
		Block: int32(f.Block), Ended: int32(f.Ended), Again: int32(f.Again), Strength: int32(f.Strength), Pairs: int32(f.Pairs),
		Best: int64(f.Best), Amnesty: flag(f.Amnesty), Incomplete: flag(f.Incomplete), Params: p.text, Evidence: object(f.Evidence),
	}
}

// object prints a map as JSON, {} for none.
func object(m map[string]string) string {
	if len(m) == 0 {
		return "{}"
	}
	names := make([]string, 0, 8)
	for name, text := range m {
		if !plain(name) || !plain(text) {
			return string(device.Encode(m))
		}
		names = append(names, name)
	}
	slices.Sort(names)
	b := make([]byte, 0, 256)
	for i, name := range names {
		b = append(b, "{,"[min(i, 1)], '"')
		b = append(append(append(append(b, name...), `":"`...), m[name]...), '"')
	}
	return string(append(b, '}'))
}

// plain reports whether JSON writes a text as it is.
func plain(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}

// findingNames are the columns in the order in which load reads them.
var findingNames = []string{
	"imei", "text", "rule", "version", "since", "found", "block", "ended", "again", "strength", "pairs",
	"best", "amnesty", "incomplete", "params", "evidence", "closed",
}

// bareNames are those of a finding without what it rests on, which are all but two, and stand first.
var bareNames = append(slices.Clone(findingNames[:14]), "closed")

// findings says how parts are read; only the rows that are wanted, unless that is nil. Equal texts
// become one map.
func findings(wanted func(*device.Finding) bool) *fact[device.Finding] {
	type one = device.Finding
	known := objects{}
	return &fact[one]{
		table: TableFindings, names: findingNames, order: CompareFindings, keep: wanted,
		load: func(cols []column, rows []one, gone []bool) error {
			days := func(c int, at func(*one) *device.Day) error {
				return cols[c].each(len(rows), func(from int, c *column, lo, hi int) {
					for i := lo; i < hi; i++ {
						*at(&rows[from+i-lo]) = c.day(i)
					}
				})
			}
			var wrong error
			object := func(c int, at func(*one) *map[string]string) error {
				if c >= len(cols)-1 {
					return nil
				}
				err := cols[c].each(len(rows), func(from int, c *column, lo, hi int) {
					for i := lo; i < hi; i++ {
						if f := &rows[from+i-lo]; wanted == nil || wanted(f) {
							m, err := known.at(c, i)
							*at(f), wrong = m, cmp.Or(wrong, err)
						}
					}
				})
				return cmp.Or(err, wrong)
			}
			return errors.Join(
				devices(cols, rows, func(f *one) *imei.IMEI { return &f.IMEI }),
				texts(&cols[1], rows, func(f *one, s string) { f.Text = s }),
				texts(&cols[2], rows, func(f *one, s string) { f.Rule = s }),
				texts(&cols[3], rows, func(f *one, s string) { f.Version = s }),
				days(4, func(f *one) *device.Day { return &f.Since }),
				days(5, func(f *one) *device.Day { return &f.Found }),
				days(6, func(f *one) *device.Day { return &f.Block }),
				days(7, func(f *one) *device.Day { return &f.Ended }),
				days(8, func(f *one) *device.Day { return &f.Again }),
				numbers(&cols[9], rows, func(f *one, n int32) { f.Strength = int(n) }),
				numbers(&cols[10], rows, func(f *one, n int32) { f.Pairs = int(n) }),
				longs(&cols[11], rows, func(f *one, n uint64) { f.Best = subscriber.ID(n) }),
				numbers(&cols[12], rows, func(f *one, n int32) { f.Amnesty = n != 0 }),
				numbers(&cols[13], rows, func(f *one, n int32) { f.Incomplete = n != 0 }),
				object(14, func(f *one) *map[string]string { return &f.Params }),
				object(15, func(f *one) *map[string]string { return &f.Evidence }),
				cols[len(cols)-1].each(len(rows), func(from int, c *column, lo, hi int) {
					for i := lo; i < hi; i++ {
						gone[from+i-lo] = c.int32s[i] != 0
					}
				}))
		},
	}
}

// objects are maps by their JSON text.
type objects map[string]map[string]string

// at returns row i of a column of objects.
func (o objects) at(c *column, i int) (map[string]string, error) {
	if c.index != nil {
		text := string(c.names[c.index[i]])
		if m, ok := o[text]; ok {
			return m, nil
		}
		return o.read(text)
	}
	text := c.bytes[c.offsets[i]:c.offsets[i+1]]
	if m, ok := o[string(text)]; ok {
		return m, nil
	}
	return o.read(string(text))
}

func (o objects) read(text string) (m map[string]string, err error) {
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return nil, err
	}
	if len(m) == 0 {
		m = nil
	}
	if len(o) == objectsMax {
		clear(o)
	}
	o[text] = m
	return m, nil
}

// Findings returns the open findings that the parts, in their order, hold of one bucket, sorted by
// (IMEI, text, rule). Maps of the same content may be one map: nobody may change them.
func (l *Lake) Findings(ctx context.Context, parts []device.Part, bucket int) ([]device.Finding, error) {
	return inForce(ctx, l, parts, findings(nil), bucket)
}

// BareFindings is Findings without what they rest on: without parameters and evidence.
func (l *Lake) BareFindings(ctx context.Context, parts []device.Part, bucket int) ([]device.Finding, error) {
	bare := findings(nil)
	bare.names = bareNames
	return inForce(ctx, l, parts, bare, bucket)
}

// FindingsOf returns the open findings of a device, by rule. It reads one column of each part of the
// device's bucket, and few rows.
func (l *Lake) FindingsOf(ctx context.Context, parts []device.Part, m imei.IMEI) ([]device.Finding, error) {
	var all batch[device.Finding]
	bucket := device.BucketOf(m)
	for _, p := range parts {
		if p.Table != TableFindings || p.Bucket != bucket {
			continue
		}
		at, err := l.places(ctx, p, "imei", uint64(m))
		if err != nil {
			return nil, err
		}
		var late batch[device.Finding]
		if late, err = l.findingsAt(ctx, p, at); err != nil {
			return nil, err
		}
		all = overlay(all, late, CompareFindings)
	}
	return all.present(), nil
}

// findingsAt returns the rows with these numbers, which follow one another.
func (l *Lake) findingsAt(ctx context.Context, p device.Part, at []int64) (b batch[device.Finding], err error) {
	if len(at) == 0 {
		return b, nil
	}
	err = readRows(ctx, l, p, at[0], func(r *findingRow) error {
		f, err := r.finding()
		if err != nil {
			return err
		}
		if b.put(f, r.Closed != 0); len(b.rows) == len(at) {
			return errOne
		}
		return nil
	})
	if errors.Is(err, errOne) {
		err = nil
	}
	return b, err
}

func (r *findingRow) finding() (device.Finding, error) {
	f := device.Finding{
		IMEI: imei.IMEI(r.IMEI), Text: strings.Clone(r.Text), Rule: strings.Clone(r.Rule), Version: strings.Clone(r.Version),
		Since: device.Day(r.Since), Found: device.Day(r.Found), Block: device.Day(r.Block), Ended: device.Day(r.Ended), Again: device.Day(r.Again),
		Strength: int(r.Strength), Pairs: int(r.Pairs), Best: subscriber.ID(r.Best), Amnesty: r.Amnesty != 0, Incomplete: r.Incomplete != 0,
	}
	var err, err2 error
	f.Params, err = objects{}.read(r.Params)
	f.Evidence, err2 = objects{}.read(r.Evidence)
	return f, cmp.Or(err, err2)
}

// FindingsOfRules returns the open findings of some rules on devices, by rule, bare as BareFindings
// returns them: bucket by bucket, and sorted by IMEI in each.
func (l *Lake) FindingsOfRules(ctx context.Context, parts []device.Part, rules ...string) (map[string][]*device.Finding, error) {
	of := map[string][]*device.Finding{}
	for bucket := 0; bucket < device.Buckets && len(rules) > 0; bucket++ {
		rows, err := l.BareFindings(ctx, parts, bucket)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			if f := &rows[i]; slices.Contains(rules, f.Rule) {
				of[f.Rule] = append(of[f.Rule], f)
			}
		}
	}
	return of, nil
}

// FillIn gives bare findings of devices, in any order, what they rest on. Each must be open.
func (l *Lake) FillIn(ctx context.Context, parts []device.Part, bare []*device.Finding) error {
	var of [device.Buckets][]*device.Finding
	for _, f := range bare {
		b := device.BucketOf(f.IMEI)
		of[b] = append(of[b], f)
	}
	for bucket, wanted := range of {
		if len(wanted) == 0 {
			continue
		}
		slices.SortFunc(wanted, CompareFindings)
		devices := make([]imei.IMEI, len(wanted))
		for i, f := range wanted {
			devices[i] = f.IMEI
		}
		whole, err := l.FindingsAmong(ctx, parts, bucket, slices.Compact(devices))
		if err != nil {
			return err
		}
		for _, f := range wanted {
			i, found := slices.BinarySearchFunc(whole, f, func(w device.Finding, f *device.Finding) int { return CompareFindings(&w, f) })
			if !found {
				return problem.New(problem.Broken, "filling in findings: %s is not open", f.Key())
			}
			f.Params, f.Evidence = whole[i].Params, whole[i].Evidence
		}
	}
	return nil
}
