package observe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
)

// tacColumns are the columns that a TAC directory must have; their order here is that of the
// places that columnsOf returns.
var tacColumns = [...]string{"TAC", "Manufacturer", "Bands", "Allocation Date", "Model Name", "Device Type"}

func tacLayout() *layout[device.TAC] {
	return &layout[device.TAC]{
		gate: "tac", name: "TAC directory", full: true,
		open:  (*lister).columns,
		parse: tacOf,
		key:   func(t *device.TAC) uint64 { return uint64(t.TAC) },
		write: func(ctx context.Context, l *lister, _ int, rows Changes[device.TAC]) (device.Part, error) {
			return l.im.Lake.WriteTACs(ctx, rows)
		},
	}
}

// columns reads the header of a TAC directory.
func (l *lister) columns() (width int, err error) {
	want := strings.Join(tacColumns[:], "|") + " in any order, with or without other columns"
	l.split.comma = '|'
	head, err := l.text.next()
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	fields, err := l.split.split(head)
	if err != nil {
		return 0, wrongHeader(l.text.name, head, want)
	}
	var missing []string
	for i, name := range tacColumns {
		l.at[i] = -1
		for k, field := range fields {
			if !bytes.EqualFold(field, []byte(name)) {
				continue
			}
			if l.at[i] >= 0 {
				return 0, problem.New(problem.Invalid, "%s: the column %s is there twice: correct the export and send it again", l.text.name, name)
			}
			l.at[i] = k
		}
		if l.at[i] < 0 {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return 0, fmt.Errorf("missing %s: %w", strings.Join(missing, ", "), wrongHeader(l.text.name, head, want))
	}
	return len(fields), l.otherColumns(fields)
}

// otherColumns remembers the names of the columns that are kept as they are.
func (l *lister) otherColumns(fields [][]byte) error {
	l.others = make([]string, len(fields))
	for i, field := range fields {
		if slices.Contains(l.at[:], i) {
			continue
		}
		name, err := l.kept(field)
		if err != nil {
			return problem.New(problem.Invalid, "%s: column %d: %w", l.text.name, i+1, err)
		}
		l.others[i] = jsonText(name)
	}
	return nil
}

// other returns the other columns of a row as a JSON object in the order of the header, "" if all
// are empty.
func (l *lister) other(fields [][]byte) (string, error) {
	var b []byte
	for i, name := range l.others {
		if name == "" || len(fields[i]) == 0 {
			continue
		}
		value, err := l.kept(fields[i])
		if err != nil {
			return "", err
		}
		if b == nil {
			b = append(b, '{')
		} else {
			b = append(b, ',')
		}
		b = append(append(append(b, name...), ':'), jsonText(value)...)
	}
	if b == nil {
		return "", nil
	}
	return l.intern(append(b, '}')), nil
}

// jsonText quotes a text.
func jsonText(s string) string {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			b, err := json.Marshal(s)
			if err != nil {
				panic(err) // a text always has a form
			}
			return string(b)
		}
	}
	return `"` + s + `"`
}

// tacOf reads a row of the TAC directory.
func tacOf(l *lister, fields [][]byte, t *device.TAC) (why string, err error) {
	at := &l.at
	if t.TAC, err = imei.ParseTAC(string(fields[at[0]])); err != nil {
		return "", errTAC
	}
	for _, c := range []struct {
		to *string
		at int
	}{{&t.Manufacturer, at[1]}, {&t.Bands, at[2]}, {&t.Model, at[4]}, {&t.DeviceType, at[5]}} {
		if *c.to, err = l.kept(fields[c.at]); err != nil {
			return "", err
		}
	}
	if b := fields[at[3]]; len(b) > 0 {
		date, err := time.Parse("02-Jan-2006", string(b))
		if err != nil {
			return "", errors.New("the allocation date is not DD-Mon-YYYY")
		}
		t.Allocated = device.Date(date.Year(), date.Month(), date.Day())
	}
	t.Other, err = l.other(fields)
	return "", err
}
