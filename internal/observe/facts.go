package observe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
)

// factReader reads the rows of a list: what its kinds have in common.
type factReader struct {
	rep   *Report
	res   *results
	text  *lines
	split splitter
}

// rows calls take for the fields of each row after the header. take returns why it refuses a row.
func (f *factReader) rows(ctx context.Context, width int, take func(n int64, fields [][]byte) error) error {
	for {
		line, err := f.text.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(line) == 0 {
			continue
		}
		if f.rep.Lines++; f.rep.Lines > factsMax {
			return problem.New(problem.Invalid, "%s has more than %d rows: this is not a list of this kind", f.text.name, factsMax)
		}
		if f.rep.Lines%(1<<12) == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		fields, err := f.split.split(line)
		if err == nil && len(fields) != width {
			err = fmt.Errorf("the row has %d fields, the header %d", len(fields), width)
		}
		if err == nil {
			err = take(f.text.n, fields)
		}
		if err != nil {
			f.rep.File.Refused++
			f.res.add(f.text.n, verdictRefused, err.Error())
		}
	}
}

// whole gives the results file its name and refuses the list if a row was not taken.
func (f *factReader) whole(conflicts int) (err error) {
	if f.rep.Results, err = f.res.finish(); err != nil {
		return err
	}
	if f.rep.File.Refused > 0 || conflicts > 0 {
		return problem.New(problem.Invalid, "%s: %d rows are malformed and %d contradict another row with the same key; a list is taken whole or not at all. Nothing was changed. The rows are listed in %s: correct them and import again",
			f.text.name, f.rep.File.Refused, conflicts, f.rep.Results)
	}
	return nil
}

// shrunk compares the size of a list with that of the one in force.
func (im *Importer) shrunk(ctx context.Context, rep *Report, prefix, what string) error {
	files, err := im.Register.Files(ctx, rep.File.Kind, "")
	if err != nil || len(files) == 0 {
		return err
	}
	b := &bench{gates: im.Gates}
	before, now := files[len(files)-1].Rows, rep.File.Rows
	least := 1.0
	if rows := im.Gates.limit("", prefix+"_shrink_rows"); rows >= 0 {
		least = max(least, float64(before)-rows)
	}
	if ratio := im.Gates.limit("", prefix+"_keep_ratio"); ratio >= 0 {
		least = max(least, math.Ceil(ratio*float64(before)))
	}
	if before == 0 {
		least = 0
	}
	b.add(Verdict{prefix + "_rows", float64(now), least, float64(now) >= least, fmt.Sprintf("%d rows, %d in the list in force", now, before)})
	rep.Gates = b.verdicts
	if float64(now) >= least {
		return nil
	}
	return problem.New(problem.Refused, "%s has %d rows, the %s in force (%s) has %d: at least %.0f are expected (%s_shrink_rows %g, %s_keep_ratio %g), since a list that was cut short must not change what is judged. Nothing was changed. Ask for the complete list; if it is complete, set those gates and import again",
		rep.File.Name, now, what, files[len(files)-1].Name, before, least,
		prefix, im.Gates.limit("", prefix+"_shrink_rows"), prefix, im.Gates.limit("", prefix+"_keep_ratio"))
}

// numbered is a row with the line it came from.
type numbered[T comparable] struct {
	row  T
	line int64
}

// unique sorts rows by key, drops repeats, and lists as conflicts the rows that have the key of
// another and are not equal to it.
func unique[T comparable](rows []numbered[T], key func(T) uint64, f *factReader) (kept []T, conflicts int) {
	slices.SortStableFunc(rows, func(a, b numbered[T]) int {
		switch x, y := key(a.row), key(b.row); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	first := int64(0) // line of the row kept last
	for _, r := range rows {
		n := len(kept)
		switch {
		case n == 0 || key(kept[n-1]) != key(r.row):
			kept = append(kept, r.row)
			first = r.line
		case kept[n-1] == r.row:
			f.rep.Skipped++
		default:
			conflicts++
			f.res.add(r.line, verdictConflict, fmt.Sprintf("the row of line %d has the same key and other fields", first))
		}
	}
	return kept, conflicts
}

const headerStolen = "imei,reporting_date,status"

// stolen takes in the stolen list.
func (im *Importer) stolen(ctx context.Context, src *source, rep *Report) error {
	if err := im.Gates.Check(); err != nil {
		return err
	}
	f := &factReader{rep: rep, res: im.results(src), text: newLines(src.name, src.text), split: splitter{comma: ','}}
	defer f.res.discard()
	head, err := f.text.next()
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if string(head) != headerStolen {
		return wrongHeader(src.name, head, headerStolen)
	}
	var rows []numbered[device.Stolen]
	apart := &apart{lake: im.Lake}
	today := device.DayOf(im.Now(), im.Zone)
	err = f.rows(ctx, 3, func(n int64, fields [][]byte) error {
		s, why, err := stolenOf(fields, today)
		switch {
		case err != nil:
			return err
		case why != "":
			rep.File.Malformed++
			f.res.add(n, verdictMalformed, why)
			return apart.add(ctx, device.Malformed{IMEI: string(fields[0]), Day: s.Reported, Reason: "stolen list, " + why})
		}
		rows = append(rows, numbered[device.Stolen]{s, n})
		return nil
	})
	if err != nil {
		return err
	}
	kept, conflicts := unique(rows, func(s device.Stolen) uint64 { return uint64(s.IMEI) }, f)
	rep.File.Rows = int64(len(kept))
	if err := f.whole(conflicts); err != nil {
		return err
	}
	if err := im.shrunk(ctx, rep, "stolen", "stolen list"); err != nil {
		return err
	}
	var cut [device.Buckets][]device.Stolen
	for _, s := range kept {
		cut[device.BucketOf(s.IMEI)] = append(cut[device.BucketOf(s.IMEI)], s)
	}
	var parts []device.Part
	for bucket, rows := range cut {
		if len(rows) == 0 {
			continue
		}
		part, err := im.Lake.WriteStolen(ctx, bucket, added(rows))
		if err != nil {
			return err
		}
		parts = append(parts, part)
	}
	if err := apart.flush(ctx); err != nil {
		return err
	}
	rep.File.Parts = append(parts, apart.parts...)
	return nil
}

// stolenOf reads a row of the stolen list; why is set if its IMEI is malformed.
func stolenOf(fields [][]byte, today device.Day) (s device.Stolen, why string, err error) {
	if b := fields[0]; len(b) == 0 || len(b) > 16 || !inAlphabet(b) {
		return s, "", errIMEI
	}
	s.IMEI, why = normal(fields[0])
	if len(fields[1]) > 0 {
		var ok bool
		if s.Reported, ok = parseDay(fields[1]); !ok {
			return s, "", errDate
		}
		if s.Reported > today {
			return s, "", errors.New("the reporting date is in the future")
		}
	}
	s.Status, err = text(fields[2])
	s.Status = strings.ToLower(s.Status)
	return s, why, err
}

// text returns a field that is kept as text.
func text(b []byte) (string, error) {
	if len(b) > textMax {
		return "", fmt.Errorf("a field is longer than %d bytes", textMax)
	}
	for _, c := range b {
		if c < ' ' || c == 0x7f {
			return "", errors.New("a field has control characters")
		}
	}
	return string(b), nil
}

// tacColumns are the columns that a TAC directory must have; their order here is that of the
// places that columnsOf returns.
var tacColumns = [...]string{"TAC", "Manufacturer", "Bands", "Allocation Date", "Model Name", "Device Type"}

// tacs takes in the TAC directory.
func (im *Importer) tacs(ctx context.Context, src *source, rep *Report) error {
	if err := im.Gates.Check(); err != nil {
		return err
	}
	f := &factReader{rep: rep, res: im.results(src), text: newLines(src.name, src.text), split: splitter{comma: '|'}}
	defer f.res.discard()
	at, width, err := f.columns()
	if err != nil {
		return err
	}
	var rows []numbered[device.TAC]
	texts := make(map[string]string) // makers, types and bands repeat
	err = f.rows(ctx, width, func(n int64, fields [][]byte) error {
		t, err := tacOf(fields, at, texts)
		if err == nil {
			rows = append(rows, numbered[device.TAC]{t, n})
		}
		return err
	})
	if err != nil {
		return err
	}
	kept, conflicts := unique(rows, func(t device.TAC) uint64 { return uint64(t.TAC) }, f)
	rep.File.Rows = int64(len(kept))
	if err := f.whole(conflicts); err != nil {
		return err
	}
	if err := im.shrunk(ctx, rep, "tac", "TAC directory"); err != nil {
		return err
	}
	part, err := im.Lake.WriteTACs(ctx, added(kept))
	rep.File.Parts = []device.Part{part}
	return err
}

// columns reads the header of a TAC directory.
func (f *factReader) columns() (at [len(tacColumns)]int, width int, err error) {
	want := strings.Join(tacColumns[:], "|") + " in any order, with or without other columns"
	head, err := f.text.next()
	if err != nil && !errors.Is(err, io.EOF) {
		return at, 0, err
	}
	fields, err := f.split.split(head)
	if err != nil {
		return at, 0, wrongHeader(f.text.name, head, want)
	}
	var missing []string
	for i, name := range tacColumns {
		at[i] = -1
		for k, field := range fields {
			if !bytes.EqualFold(field, []byte(name)) {
				continue
			}
			if at[i] >= 0 {
				return at, 0, problem.New(problem.Invalid, "%s: the column %s is there twice: correct the export and send it again", f.text.name, name)
			}
			at[i] = k
		}
		if at[i] < 0 {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return at, 0, fmt.Errorf("missing %s: %w", strings.Join(missing, ", "), wrongHeader(f.text.name, head, want))
	}
	return at, len(fields), nil
}

// tacOf reads a row of the TAC directory.
func tacOf(fields [][]byte, at [len(tacColumns)]int, texts map[string]string) (t device.TAC, err error) {
	if t.TAC, err = imei.ParseTAC(string(fields[at[0]])); err != nil {
		return t, errors.New("the TAC is not eight digits: leading zeros must be kept")
	}
	for _, c := range []struct {
		to *string
		at int
	}{{&t.Manufacturer, at[1]}, {&t.Bands, at[2]}, {&t.Model, at[4]}, {&t.DeviceType, at[5]}} {
		b := fields[c.at]
		known, ok := texts[string(b)]
		if !ok {
			if known, err = text(b); err != nil {
				return t, err
			}
			texts[known] = known
		}
		*c.to = known
	}
	if b := fields[at[3]]; len(b) > 0 {
		date, err := time.Parse("02-Jan-2006", string(b))
		if err != nil {
			return t, errors.New("the allocation date is not DD-Mon-YYYY")
		}
		t.Allocated = device.Date(date.Year(), date.Month(), date.Day())
	}
	return t, nil
}

func added[T any](rows []T) Changes[T] {
	return func(yield func(device.Change, *T) bool) {
		for i := range rows {
			if !yield(device.Add, &rows[i]) {
				return
			}
		}
	}
}
