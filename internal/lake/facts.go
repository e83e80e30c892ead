package lake

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
	"github.com/parquet-go/parquet-go"
)

// TACs is a TAC directory in memory: sorted keys, and texts held once each. It does not change.
type TACs struct {
	rows []device.TAC // sorted by TAC
}

// TACs reads the directory from the parts of table tacs, but for its other columns (see TACOf).
// Where two parts have the same TAC, the later part counts.
func (l *Lake) TACs(ctx context.Context, parts []device.Part) (*TACs, error) {
	texts := make(map[string]string)
	intern := func(s string) string {
		if kept, ok := texts[s]; ok {
			return kept
		}
		texts[s] = s
		return s
	}
	rows, err := inForce(ctx, l, parts, &fact[device.TAC]{
		table: TableTACs,
		names: []string{"tac", "manufacturer", "model", "device_type", "bands", "allocated", "?change"},
		order: func(a, b *device.TAC) int { return cmp.Compare(a.TAC, b.TAC) },
		load: func(cols []column, rows []device.TAC, _ []bool) error {
			texts := func(c int, at func(*device.TAC) *string) error {
				return cols[c].each(len(rows), func(from int, c *column, lo, hi int) {
					for i := lo; i < hi; i++ {
						*at(&rows[from+i-lo]) = intern(c.text(i))
					}
				})
			}
			return errors.Join(
				cols[0].each(len(rows), func(from int, c *column, lo, hi int) {
					for i := lo; i < hi; i++ {
						rows[from+i-lo].TAC = imei.TAC(c.int32s[i])
					}
				}),
				texts(1, func(t *device.TAC) *string { return &t.Manufacturer }),
				texts(2, func(t *device.TAC) *string { return &t.Model }),
				texts(3, func(t *device.TAC) *string { return &t.DeviceType }),
				texts(4, func(t *device.TAC) *string { return &t.Bands }),
				cols[5].each(len(rows), func(from int, c *column, lo, hi int) {
					for i := lo; i < hi; i++ {
						rows[from+i-lo].Allocated = c.day(i)
					}
				}))
		},
	}, anyBucket)
	return &TACs{rows}, err
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
	tacs, err := l.numbers(ctx, parts, TableTACs)
	if err != nil {
		return nil, 0, err
	}
	return func(tac imei.TAC) bool { _, ok := slices.BinarySearch(tacs, tac); return ok }, len(tacs), nil
}

// BarredTACs returns the barred TACs in order.
func (l *Lake) BarredTACs(ctx context.Context, parts []device.Part) ([]imei.TAC, error) {
	return l.numbers(ctx, parts, TableBarredTACs)
}

func (l *Lake) numbers(ctx context.Context, parts []device.Part, table string) ([]imei.TAC, error) {
	return inForce(ctx, l, parts, &fact[imei.TAC]{
		table: table, names: []string{"tac", "?change"},
		order: func(a, b *imei.TAC) int { return cmp.Compare(*a, *b) },
		load: func(cols []column, rows []imei.TAC, gone []bool) error {
			return errors.Join(cols[0].each(len(rows), func(from int, c *column, lo, hi int) {
				for i := lo; i < hi; i++ {
					rows[from+i-lo] = imei.TAC(c.int32s[i])
				}
			}), cols[1].each(len(rows), removals(gone)))
		},
	}, anyBucket)
}

// Stolen returns one bucket of the stolen list, sorted by IMEI.
func (l *Lake) Stolen(ctx context.Context, parts []device.Part, bucket int) ([]device.Stolen, error) {
	return inForce(ctx, l, parts, &fact[device.Stolen]{
		table: TableStolen, names: []string{"imei", "reported", "status", "?change"},
		order: func(a, b *device.Stolen) int { return cmp.Compare(a.IMEI, b.IMEI) },
		whole: func(s *device.Stolen) imei.IMEI { return s.IMEI },
		load: func(cols []column, rows []device.Stolen, gone []bool) error {
			return errors.Join(devices(cols, rows, func(s *device.Stolen) *imei.IMEI { return &s.IMEI }),
				cols[1].each(len(rows), func(from int, c *column, lo, hi int) {
					for i := lo; i < hi; i++ {
						rows[from+i-lo].Reported = c.day(i)
					}
				}),
				cols[2].each(len(rows), func(from int, c *column, lo, hi int) {
					for i := lo; i < hi; i++ {
						rows[from+i-lo].Status = c.text(i)
					}
				}), cols[3].each(len(rows), removals(gone)))
		},
	}, bucket)
}

// devices reads the first column into the device of each row.
func devices[T any](cols []column, rows []T, at func(*T) *imei.IMEI) error {
	return cols[0].each(len(rows), func(from int, c *column, lo, hi int) {
		for i := lo; i < hi; i++ {
			*at(&rows[from+i-lo]) = imei.IMEI(c.int64s[i])
		}
	})
}

func compareIMEI(a, b *imei.IMEI) int { return cmp.Compare(*a, *b) }

func itself(m *imei.IMEI) *imei.IMEI { return m }

// Registered returns the devices of one bucket that count as registered, sorted.
func (l *Lake) Registered(ctx context.Context, parts []device.Part, bucket int) ([]imei.IMEI, error) {
	return inForce(ctx, l, parts, &fact[imei.IMEI]{
		table: TableRegistrations, names: []string{"imei", "status", "change"}, order: compareIMEI,
		load: func(cols []column, rows []imei.IMEI, gone []bool) error {
			return errors.Join(devices(cols, rows, itself), cols[1].each(len(rows), func(from int, c *column, lo, hi int) {
				for i := lo; i < hi; i++ {
					r := device.Registration{Status: string(c.names[c.index[i]])}
					gone[from+i-lo] = !r.Registered()
				}
			}), cols[2].each(len(rows), removals(gone)))
		},
	}, bucket)
}

// Keys returns the devices of one bucket that have a row in a table of lists, whatever it says,
// sorted: of tables with one row for a device.
func (l *Lake) Keys(ctx context.Context, parts []device.Part, table string, bucket int) ([]imei.IMEI, error) {
	return inForce(ctx, l, parts, &fact[imei.IMEI]{
		table: table, names: []string{"imei", "change"}, order: compareIMEI,
		load: func(cols []column, rows []imei.IMEI, gone []bool) error {
			return errors.Join(devices(cols, rows, itself), cols[1].each(len(rows), removals(gone)))
		},
	}, bucket)
}

// Listed returns one bucket of the table barred or monitored, sorted by IMEI.
func (l *Lake) Listed(ctx context.Context, parts []device.Part, table string, bucket int) ([]device.Listed, error) {
	return inForce(ctx, l, parts, &fact[device.Listed]{
		table: table, names: []string{"imei", "since", "change"},
		order: func(a, b *device.Listed) int { return cmp.Compare(a.IMEI, b.IMEI) },
		load: func(cols []column, rows []device.Listed, gone []bool) error {
			return errors.Join(devices(cols, rows, func(r *device.Listed) *imei.IMEI { return &r.IMEI }),
				cols[1].each(len(rows), func(from int, c *column, lo, hi int) {
					for i := lo; i < hi; i++ {
						rows[from+i-lo].Since = c.day(i)
					}
				}), cols[2].each(len(rows), removals(gone)))
		},
	}, bucket)
}

// Pairings returns one bucket of the pairing list, sorted by IMEI, IMSI and MSISDN.
func (l *Lake) Pairings(ctx context.Context, parts []device.Part, bucket int) ([]device.Pairing, error) {
	return inForce(ctx, l, parts, &fact[device.Pairing]{
		table: TablePairings, names: []string{"imei", "imsi", "msisdn", "change"}, order: ComparePairings,
		load: func(cols []column, rows []device.Pairing, gone []bool) error {
			return errors.Join(devices(cols, rows, func(r *device.Pairing) *imei.IMEI { return &r.IMEI }),
				cols[1].each(len(rows), func(from int, c *column, lo, hi int) {
					for i := lo; i < hi; i++ {
						rows[from+i-lo].IMSI = subscriber.IMSI(c.int64s[i])
					}
				}),
				cols[2].each(len(rows), func(from int, c *column, lo, hi int) {
					for i := lo; i < hi; i++ {
						rows[from+i-lo].MSISDN = subscriber.MSISDN(c.int64s[i])
					}
				}), cols[3].each(len(rows), removals(gone)))
		},
	}, bucket)
}

// Golden returns the golden list, sorted.
func (l *Lake) Golden(ctx context.Context, parts []device.Part) ([]device.Golden, error) {
	return inForce(ctx, l, parts, &fact[device.Golden]{
		table: TableGolden, names: []string{"md5", "change"}, order: CompareGolden,
		load: func(cols []column, rows []device.Golden, gone []bool) error {
			return errors.Join(cols[0].each(len(rows), func(from int, c *column, lo, hi int) {
				for i := lo; i < hi; i++ {
					rows[from+i-lo] = device.Golden(c.bytes[16*i : 16*i+16])
				}
			}), cols[1].each(len(rows), removals(gone)))
		},
	}, anyBucket)
}

// Persons returns the subscribers' registration list, sorted by IMSI and then by UID.
func (l *Lake) Persons(ctx context.Context, parts []device.Part) ([]device.Person, error) {
	return inForce(ctx, l, parts, &fact[device.Person]{
		table: TableSubscribers, names: []string{"imsi", "uid", "change"}, order: ComparePersons,
		load: func(cols []column, rows []device.Person, gone []bool) error {
			return errors.Join(cols[0].each(len(rows), func(from int, c *column, lo, hi int) {
				for i := lo; i < hi; i++ {
					rows[from+i-lo].IMSI = subscriber.IMSI(c.int64s[i])
				}
			}), cols[1].each(len(rows), func(from int, c *column, lo, hi int) {
				for i := lo; i < hi; i++ {
					rows[from+i-lo].UID = c.text(i)
				}
			}), cols[2].each(len(rows), removals(gone)))
		},
	}, anyBucket)
}

// Subscription is a person's subscription. Persons are numbered from 0 in the order in which they
// first come; the number means nothing in another list.
type Subscription struct {
	IMSI   subscriber.IMSI
	Person int32
}

// Subscriptions returns the subscribers' registration list, sorted by IMSI. A subscription of several
// persons has several rows.
func (l *Lake) Subscriptions(ctx context.Context, parts []device.Part) ([]Subscription, error) {
	persons, err := l.Persons(ctx, parts)
	if err != nil {
		return nil, err
	}
	rows := make([]Subscription, len(persons))
	number := make(map[string]int32, len(persons))
	for i := range persons {
		n, ok := number[persons[i].UID]
		if !ok {
			n = int32(len(number))
			number[persons[i].UID] = n
		}
		rows[i] = Subscription{persons[i].IMSI, n}
	}
	return rows, nil
}

// Associations returns one bucket of the device association list, sorted by IMEI and then by UID.
func (l *Lake) Associations(ctx context.Context, parts []device.Part, bucket int) ([]device.Association, error) {
	return inForce(ctx, l, parts, &fact[device.Association]{
		table: TableAssociations, names: []string{"imei", "uid", "change"}, order: CompareAssociations,
		load: func(cols []column, rows []device.Association, gone []bool) error {
			return errors.Join(devices(cols, rows, func(r *device.Association) *imei.IMEI { return &r.IMEI }),
				cols[1].each(len(rows), func(from int, c *column, lo, hi int) {
					for i := lo; i < hi; i++ {
						rows[from+i-lo].UID = c.text(i)
					}
				}), cols[2].each(len(rows), removals(gone)))
		},
	}, bucket)
}

// Associated returns the devices of one bucket that are associated with a person, sorted and once
// each.
func (l *Lake) Associated(ctx context.Context, parts []device.Part, bucket int) ([]imei.IMEI, error) {
	rows, err := l.Associations(ctx, parts, bucket)
	out := make([]imei.IMEI, 0, len(rows))
	for i := range rows {
		if n := len(out); n == 0 || out[n-1] != rows[i].IMEI {
			out = append(out, rows[i].IMEI)
		}
	}
	return out, err
}

// ComparePairings orders pairings by IMEI, IMSI and MSISDN.
func ComparePairings(a, b *device.Pairing) int {
	return cmp.Or(cmp.Compare(a.IMEI, b.IMEI), cmp.Compare(a.IMSI, b.IMSI), cmp.Compare(a.MSISDN, b.MSISDN))
}

// CompareGolden orders the golden list.
func CompareGolden(a, b *device.Golden) int { return bytes.Compare(a[:], b[:]) }

// ComparePersons orders persons by IMSI and then by UID.
func ComparePersons(a, b *device.Person) int {
	return cmp.Or(cmp.Compare(a.IMSI, b.IMSI), strings.Compare(a.UID, b.UID))
}

// CompareAssociations orders associations by IMEI and then by UID.
func CompareAssociations(a, b *device.Association) int {
	return cmp.Or(cmp.Compare(a.IMEI, b.IMEI), strings.Compare(a.UID, b.UID))
}

// Malformed yields the rows of the parts of table malformed, part by part; other parts are passed
// over. An error is the last pair.
func (l *Lake) Malformed(ctx context.Context, parts []device.Part) iter.Seq2[device.Malformed, error] {
	return func(yield func(device.Malformed, error) bool) {
		rows := make([]device.Malformed, batchRows)
		stop := errors.New("stop")
		for _, p := range parts {
			if p.Table != TableMalformed {
				continue
			}
			err := scan(ctx, l, p, []string{"imei", "imsi", "msisdn", "operator", "day", "reason", "?list"}, func(cols []column, n int) error {
				clear(rows)
				if err := loadMalformed(cols, rows[:n]); err != nil {
					return err
				}
				for i := range rows[:n] {
					if !yield(rows[i], nil) {
						return stop
					}
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

func loadMalformed(cols []column, rows []device.Malformed) error {
	texts := func(c int, set func(*device.Malformed, string)) error {
		return cols[c].each(len(rows), func(from int, c *column, lo, hi int) {
			for i := lo; i < hi; i++ {
				set(&rows[from+i-lo], c.text(i))
			}
		})
	}
	return errors.Join(
		texts(0, func(m *device.Malformed, s string) { m.IMEI = s }),
		texts(1, func(m *device.Malformed, s string) { m.IMSI = s }),
		texts(2, func(m *device.Malformed, s string) { m.MSISDN = s }),
		texts(3, func(m *device.Malformed, s string) { m.Operator = device.Operator(s) }),
		cols[4].each(len(rows), func(from int, c *column, lo, hi int) {
			for i := lo; i < hi; i++ {
				rows[from+i-lo].Day = c.day(i)
			}
		}),
		texts(5, func(m *device.Malformed, s string) { m.Reason = s }),
		texts(6, func(m *device.Malformed, s string) { m.List = device.FileKind(s) }))
}

// readRows gives each row of a part from one on; its texts are valid during the call only.
func readRows[R any](ctx context.Context, l *Lake, p device.Part, from int64, take func(*R) error) error {
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
		if err := r.SeekToRow(from); err != nil {
			return err
		}
		rows := make([]R, 256)
		if from > 0 {
			rows = rows[:1]
		}
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
