package lake

import (
	"cmp"
	"context"
	"errors"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
	"github.com/parquet-go/parquet-go"
)

// TACs is a TAC directory in memory: sorted keys, and texts held once each. It does not change.
type TACs struct {
	rows []device.TAC // sorted by TAC
}

// TACs reads the directory from the parts of table tacs; other parts are passed over. Where two
// parts have the same TAC, the later part counts.
func (l *Lake) TACs(ctx context.Context, parts []device.Part) (*TACs, error) {
	t := &TACs{}
	texts := make(map[string]string)
	intern := func(s string) string {
		if kept, ok := texts[s]; ok {
			return kept
		}
		s = strings.Clone(s)
		texts[s] = s
		return s
	}
	err := readFacts(ctx, l, parts, TableTACs, func(r *tacRow) {
		row := tacOf(r)
		row.Manufacturer, row.Model = intern(row.Manufacturer), intern(row.Model)
		row.DeviceType, row.Bands = intern(row.DeviceType), intern(row.Bands)
		t.rows = append(t.rows, row)
	})
	t.rows = latest(t.rows, func(a, b device.TAC) int { return cmp.Compare(a.TAC, b.TAC) })
	return t, err
}

// Lookup returns the directory's row of a TAC.
func (t *TACs) Lookup(tac imei.TAC) (device.TAC, bool) {
	i, ok := slices.BinarySearchFunc(t.rows, tac, func(r device.TAC, tac imei.TAC) int { return cmp.Compare(r.TAC, tac) })
	if !ok {
		return device.TAC{}, false
	}
	return t.rows[i], true
}

// Len returns the number of TACs.
func (t *TACs) Len() int { return len(t.rows) }

// All yields the rows in the order of TAC.
func (t *TACs) All() iter.Seq[device.TAC] { return slices.Values(t.rows) }

// Allocated returns a function that tells whether the directory in the parts has a TAC, and how
// many it has.
func (l *Lake) Allocated(ctx context.Context, parts []device.Part) (func(imei.TAC) bool, int, error) {
	t, err := l.TACs(ctx, parts)
	if err != nil {
		return nil, 0, err
	}
	return func(tac imei.TAC) bool { _, ok := t.Lookup(tac); return ok }, t.Len(), nil
}

// Stolen reads the stolen list from the parts of table stolen, sorted by IMEI; other parts are
// passed over. Where two parts have the same IMEI, the later part counts.
func (l *Lake) Stolen(ctx context.Context, parts []device.Part) ([]device.Stolen, error) {
	var rows []device.Stolen
	err := readFacts(ctx, l, parts, TableStolen, func(r *stolenRow) {
		s := stolenOf(r)
		s.Status = strings.Clone(s.Status)
		rows = append(rows, s)
	})
	return latest(rows, func(a, b device.Stolen) int { return cmp.Compare(a.IMEI, b.IMEI) }), err
}

// Malformed yields the rows of the parts of table malformed, part by part; other parts are passed
// over. An error is the last pair.
func (l *Lake) Malformed(ctx context.Context, parts []device.Part) iter.Seq2[device.Malformed, error] {
	return func(yield func(device.Malformed, error) bool) {
		for _, p := range parts {
			if p.Table != TableMalformed {
				continue
			}
			stop := errors.New("stop")
			err := readRows(ctx, l, p, func(r *malformedRow) error {
				m := device.Malformed{
					IMEI: strings.Clone(r.IMEI), IMSI: strings.Clone(r.IMSI), MSISDN: strings.Clone(r.MSISDN),
					Operator: device.Operator(strings.Clone(r.Operator)), Day: device.Day(r.Day), Reason: strings.Clone(r.Reason),
				}
				if !yield(m, nil) {
					return stop
				}
				return nil
			})
			if errors.Is(err, stop) {
				return
			}
			if err != nil {
				yield(device.Malformed{}, err)
				return
			}
		}
	}
}

// latest sorts by key and keeps the last of equal ones.
func latest[T any](rows []T, compare func(a, b T) int) []T {
	slices.SortStableFunc(rows, compare)
	kept := rows[:0]
	for i, r := range rows {
		if i+1 == len(rows) || compare(r, rows[i+1]) != 0 {
			kept = append(kept, r)
		}
	}
	return kept
}

func readFacts[R any](ctx context.Context, l *Lake, parts []device.Part, table string, take func(*R)) error {
	n := int64(0)
	for _, p := range parts {
		if p.Table != table {
			continue
		}
		if n += p.Rows; n > factsMax {
			return problem.New(problem.Refused, "the parts of %s have more than %d rows: a reader holds them in memory; split the list", table, factsMax)
		}
		if err := readRows(ctx, l, p, func(r *R) error { take(r); return nil }); err != nil {
			return err
		}
	}
	return nil
}

// readRows gives each row of a part; its texts are valid during the call only.
func readRows[R any](ctx context.Context, l *Lake, p device.Part, take func(*R) error) error {
	path := l.Path(p)
	file, whole, err := openPart(path, p)
	if err != nil {
		return err
	}
	if whole != nil {
		defer whole.Close()
	}
	var stopped error // what take said is not the part's fault
	err = guard(path, func() error {
		r := parquet.NewGenericReader[R](file)
		defer r.Close()
		rows := make([]R, 256)
		for {
			clear(rows)
			n, err := r.Read(rows)
			for i := range rows[:n] {
				if stopped = take(&rows[i]); stopped != nil {
					return nil
				}
			}
			if stopped = ctx.Err(); stopped != nil || errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
		}
	})
	if err == nil {
		err = stopped
	}
	return err
}
