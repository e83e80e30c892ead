package observe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
)

// dump takes in an operator's dump.
func (im *Importer) dump(ctx context.Context, src *source, rep *Report, _ Options) error {
	if err := im.Gates.Check(); err != nil {
		return err
	}
	from, to, err := im.dates(src)
	if err != nil {
		return err
	}
	rep.File.From, rep.File.To = from, to
	allocated, err := im.allocated(ctx)
	if err != nil {
		return err
	}
	res := im.results(src)
	defer res.discard()
	d := newDumpReader(im, rep, res, from, to, allocated)
	if err := d.read(ctx, newLines(src.name, src.text)); err != nil {
		return err
	}
	if rep.Results, err = res.finish(); err != nil {
		return err
	}
	if err := d.judge(ctx, im, src.name); err != nil {
		return err
	}
	return d.finish(ctx)
}

// dates reads the range of days from the name of a dump.
func (im *Importer) dates(src *source) (from, to device.Day, err error) {
	parts := strings.Split(src.base, "_")
	wrong := func(what string) error {
		return problem.New(problem.Invalid, "%s: %s; a dump's name ends with the first and last day in it, as in alpha_20260101_20260131.csv", src.name, what)
	}
	if len(parts) < 3 {
		return 0, 0, wrong("the name has no days")
	}
	from, ok1 := parseDay([]byte(parts[len(parts)-2]))
	to, ok2 := parseDay([]byte(parts[len(parts)-1]))
	today := device.DayOf(im.Now(), im.Zone)
	switch {
	case !ok1 || !ok2:
		return 0, 0, wrong("the name does not end with two days of the calendar, from 2000 on")
	case to < from:
		return 0, 0, wrong(fmt.Sprintf("the last day %s is before the first %s", to, from))
	case to > today:
		return 0, 0, wrong(fmt.Sprintf("the last day %s is in the future, today is %s", to, today))
	case to-from >= rangeDaysMax:
		return 0, 0, wrong(fmt.Sprintf("the name covers %d days, at most %d are taken at once", to-from+1, rangeDaysMax))
	}
	return from, to, nil
}

// allocated returns the membership of the TAC directory in force, nil if there is none.
func (im *Importer) allocated(ctx context.Context) (func(imei.TAC) bool, error) {
	files, err := im.Register.Files(ctx, device.FileTAC, "")
	if err != nil || len(files) == 0 {
		return nil, err
	}
	has, _, err := im.Lake.Allocated(ctx, files[len(files)-1].Parts)
	return has, err
}

const (
	headerDump    = "date,imei,imsi,msisdn"
	headerDumpRAT = "date,imei,imsi,msisdn,rat"
)

// dumpReader reads the rows of one dump.
type dumpReader struct {
	row     rowParser
	from    device.Day
	days    []dayCount // of each day from from on
	rat     bool       // whether the header has the column
	tally   tally
	outside int64
	example string // of a row outside the range
	fold    *folder
	apart   *apart
	res     *results
	rep     *Report
	split   splitter
	has     func(imei.TAC) bool
}

// dayCount is what was seen on one day.
type dayCount struct {
	month               device.Month
	number              int // of the day in its month
	rows                int64
	imeis, imsis, phone *distinct
}

func newDumpReader(im *Importer, rep *Report, res *results, from, to device.Day, has func(imei.TAC) bool) *dumpReader {
	d := &dumpReader{
		from: from, rep: rep, res: res, has: has, split: splitter{comma: ','},
		fold:  newFolder(im.Lake, rep.File.Operator),
		apart: &apart{lake: im.Lake},
		row:   newRowParser(im.Country, rep.File.Operator),
		days:  make([]dayCount, to-from+1),
	}
	for i := range d.days {
		d.days[i].month, d.days[i].number = (from + device.Day(i)).Month()
	}
	return d
}

func (d *dumpReader) read(ctx context.Context, text *lines) error {
	head, err := text.next()
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch string(head) {
	case headerDump:
	case headerDumpRAT:
		d.rat = true
	default:
		return wrongHeader(text.name, head, headerDump+" or "+headerDumpRAT)
	}
	for {
		line, err := text.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(line) == 0 {
			continue
		}
		if d.rep.Lines++; d.rep.Lines%(1<<16) == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := d.line(ctx, line, text.n); err != nil {
			return err
		}
	}
}

// wrongHeader tells what stands where the header should be.
func wrongHeader(name string, head []byte, want string) error {
	hint := ""
	switch {
	case bytes.IndexByte(head, '\r') >= 0:
		hint = " (its lines end with CR only: use LF or CRLF)"
	case bytes.IndexByte(head, ';') >= 0:
		hint = " (its fields are separated by semicolons)"
	case bytes.IndexByte(head, '\t') >= 0:
		hint = " (its fields are separated by tabs)"
	}
	return problem.New(problem.Invalid, "%s: the first line is %.120q%s, it must be %s: correct the export and send it again", name, head, hint, want)
}

// line takes one row.
func (d *dumpReader) line(ctx context.Context, line []byte, n int64) error {
	r := &d.row
	if !r.fast(line, d.rat) {
		fields, err := d.split.split(line)
		if err == nil {
			err = r.slow(fields, d.rat)
		}
		if errors.Is(err, errForm) {
			return problem.New(problem.Invalid, "%s, line %d: %w", d.rep.File.Name, n, err)
		}
		if err != nil {
			d.refuse(n, verdictRefused, err.Error())
			return nil
		}
	}
	i := int(r.day - d.from)
	if i < 0 || i >= len(d.days) {
		if d.outside++; d.outside == 1 {
			d.example = fmt.Sprintf("the first is %s in line %d", r.day, n)
		}
		d.refuse(n, verdictRefused, "the date is outside the range of the file name")
		return nil
	}
	d.tally.count(r, d.rat)
	if r.why != "" {
		if err := d.setApart(ctx, n); err != nil || r.badIMEI || !r.hasIMEI {
			return err
		}
	}
	if !r.hasIMEI {
		d.rep.Skipped++
		return nil
	}
	d.tally.zeros(r.imei, d.has)
	day := &d.days[i]
	day.count(r)
	d.rep.File.Rows++
	return d.fold.add(ctx, day.month, device.BucketOf(r.imei), sightingOf(r.imei, r.imsi, r.msisdn, day.number, r.radios))
}

// setApart keeps the row as text. If its IMEI is well formed, it is also a sighting of the device, by a
// subscriber of whom the malformed number is not known. Of a malformed IMSI the MSISDN is left out
// too: the same subscriber is elsewhere seen by the IMSI, and must not count as two.
func (d *dumpReader) setApart(ctx context.Context, n int64) error {
	r := &d.row
	if r.badIMSI {
		r.imsi, r.msisdn = 0, 0
	}
	d.rep.File.Malformed++
	d.res.add(n, verdictMalformed, r.why)
	return d.apart.add(ctx, device.Malformed{
		IMEI: string(r.texts[0]), IMSI: r.form.text(r.texts[1]), MSISDN: r.form.text(r.texts[2]),
		Operator: d.rep.File.Operator, Day: r.day, Reason: r.why,
	})
}

func (d *dumpReader) refuse(n int64, verdict, reason string) {
	d.rep.File.Refused++
	d.res.add(n, verdict, reason)
}

// finish writes what is still held.
func (d *dumpReader) finish(ctx context.Context) error {
	if err := d.fold.flush(ctx); err != nil {
		return err
	}
	if err := d.apart.flush(ctx); err != nil {
		return err
	}
	d.rep.File.Parts = slices.Concat(d.fold.parts, d.apart.parts)
	return nil
}

func (d *dayCount) count(r *rowParser) {
	if d.imeis == nil {
		d.imeis, d.imsis, d.phone = new(distinct), new(distinct), new(distinct)
	}
	d.rows++
	d.imeis.add(uint64(r.imei))
	if r.imsi != 0 {
		d.imsis.add(uint64(r.imsi))
	}
	if r.msisdn != 0 {
		d.phone.add(uint64(r.msisdn))
	}
}

// apart collects malformed rows, by month, and writes them.
type apart struct {
	lake  Sightings
	held  int
	rows  map[device.Month][]device.Malformed
	parts []device.Part
}

func (a *apart) add(ctx context.Context, m device.Malformed) error {
	if a.rows == nil {
		a.rows = make(map[device.Month][]device.Malformed)
	}
	month, _ := m.Day.Month()
	a.rows[month] = append(a.rows[month], m)
	if a.held++; a.held < malformedRun {
		return nil
	}
	return a.flush(ctx)
}

// flush writes each month's rows sorted and once each: the same rows must give the same part.
func (a *apart) flush(ctx context.Context) error {
	months := make([]device.Month, 0, len(a.rows))
	for m := range a.rows {
		months = append(months, m)
	}
	slices.Sort(months)
	for _, month := range months {
		rows := a.rows[month]
		slices.SortFunc(rows, compareMalformed)
		rows = slices.Compact(rows)
		part, err := a.lake.WriteMalformed(ctx, month, func(yield func(*device.Malformed) bool) {
			for i := range rows {
				if !yield(&rows[i]) {
					return
				}
			}
		})
		if err != nil {
			return err
		}
		a.parts = append(a.parts, part)
	}
	clear(a.rows)
	a.held = 0
	return nil
}

func compareMalformed(x, y device.Malformed) int {
	for _, c := range []int{
		int(x.Day) - int(y.Day), strings.Compare(x.IMEI, y.IMEI), strings.Compare(x.IMSI, y.IMSI),
		strings.Compare(x.MSISDN, y.MSISDN), strings.Compare(x.Reason, y.Reason),
	} {
		if c != 0 {
			return c
		}
	}
	return 0
}
