package observe

import (
	"bytes"
	"cmp"
	"context"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"errors"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

// The names of the lake's tables that are asked for by name.
const (
	tableRegistrations = "registrations"
	tableBarred        = "barred"
	tableMonitored     = "monitored"
)

// reader takes in a file of one kind.
type reader func(*Importer, context.Context, *source, *Report, Options) error

// readerOf returns the reader of a kind, nil if there is none.
func readerOf(kind device.FileKind) reader {
	switch kind {
	case device.FileOperator:
		return (*Importer).dump
	case device.FileTAC:
		return take(tacLayout())
	case device.FileStolen:
		return take(stolenLayout())
	case device.FileRegistration:
		return take(registrationLayout())
	case device.FilePairing:
		return take(pairingLayout())
	case device.FileGolden:
		return take(goldenLayout())
	case device.FileBarred:
		return take(listedLayout(tableBarred, "barred", "barred list"))
	case device.FileMonitoring:
		return take(listedLayout(tableMonitored, "monitoring", "monitoring list"))
	case device.FileBarredTAC:
		return take(barredTACLayout())
	case device.FileSubscribers:
		return take(personLayout())
	case device.FileAssociation:
		return take(associationLayout())
	}
	return nil
}

func stolenLayout() *layout[device.Stolen] {
	imeiOf := func(r *device.Stolen) imei.IMEI { return r.IMEI }
	return &layout[device.Stolen]{
		header: "imei,reporting_date,status", gate: "stolen", name: "stolen list", updates: true,
		parse: stolenOf,
		key:   func(r *device.Stolen) uint64 { return uint64(r.IMEI) },
		strip: func(r *device.Stolen) { *r = device.Stolen{IMEI: r.IMEI} },
		cut:   func(r *device.Stolen) int { return device.BucketOf(r.IMEI) },
		known: func(ctx context.Context, f Facts, parts []device.Part, bucket int) (known[device.Stolen], error) {
			rows, err := f.Stolen(ctx, parts, bucket)
			return knownIn(rows, err, func(a, b *device.Stolen) int { return cmp.Compare(imeiOf(a), imeiOf(b)) }, nil)
		},
		write: func(ctx context.Context, l *lister, bucket int, rows Changes[device.Stolen]) (device.Part, error) {
			return l.im.Lake.WriteStolen(ctx, bucket, rows)
		},
	}
}

// stolenOf reads a row of the stolen list.
func stolenOf(l *lister, fields [][]byte, s *device.Stolen) (why string, err error) {
	if s.IMEI, why, err = l.deviceOf(fields[0]); err != nil {
		return "", err
	}
	if len(fields[1]) > 0 {
		var ok bool
		if s.Reported, ok = parseDay(fields[1]); !ok {
			return "", errDate
		}
		if s.Reported > l.today {
			return "", errors.New("the reporting date is in the future")
		}
	}
	s.Status, err = l.kept(bytes.ToLower(fields[2]))
	return why, err
}

func pairingLayout() *layout[device.Pairing] {
	compare := func(a, b *device.Pairing) int {
		return cmp.Or(cmp.Compare(a.IMEI, b.IMEI), cmp.Compare(a.IMSI, b.IMSI), cmp.Compare(a.MSISDN, b.MSISDN))
	}
	return &layout[device.Pairing]{
		header: "imei,imsi,msisdn", gate: "pairing", name: "pairing list",
		parse: pairingOf,
		key:   func(r *device.Pairing) uint64 { return uint64(r.IMEI) },
		tie:   compare,
		cut:   func(r *device.Pairing) int { return device.BucketOf(r.IMEI) },
		known: func(ctx context.Context, f Facts, parts []device.Part, bucket int) (known[device.Pairing], error) {
			rows, err := f.Pairings(ctx, parts, bucket)
			return knownIn(rows, err, compare, nil)
		},
		write: func(ctx context.Context, l *lister, bucket int, rows Changes[device.Pairing]) (device.Part, error) {
			return l.im.Lake.WritePairings(ctx, bucket, rows)
		},
	}
}

func pairingOf(l *lister, fields [][]byte, p *device.Pairing) (why string, err error) {
	m, why, err := l.deviceOf(fields[0])
	i, whyIMSI, errIMSI := l.imsiOf(fields[1])
	n, whyMSISDN, errMSISDN := l.msisdnOf(fields[2])
	*p = device.Pairing{IMEI: m, IMSI: i, MSISDN: n}
	if err = cmp.Or(err, errIMSI, errMSISDN); err != nil {
		return "", err
	}
	if why = cmp.Or(why, whyIMSI, whyMSISDN); why != "" {
		l.bad = device.Malformed{IMEI: string(fields[0]), IMSI: string(fields[1]), MSISDN: string(fields[2])}
	}
	return why, nil
}

func goldenLayout() *layout[device.Golden] {
	compare := func(a, b *device.Golden) int { return bytes.Compare(a[:], b[:]) }
	return &layout[device.Golden]{
		header: "golden_imei", gate: "golden", name: "golden list",
		parse: goldenOf,
		key:   func(r *device.Golden) uint64 { return binary.BigEndian.Uint64(r[:8]) },
		tie:   compare,
		known: func(ctx context.Context, f Facts, parts []device.Part, _ int) (known[device.Golden], error) {
			rows, err := f.Golden(ctx, parts)
			return knownIn(rows, err, compare, nil)
		},
		write: func(ctx context.Context, l *lister, _ int, rows Changes[device.Golden]) (device.Part, error) {
			return l.im.Lake.WriteGolden(ctx, rows)
		},
	}
}

// goldenOf reads a row of the golden list: the MD5 of the normal form, or with --pre-hashed that
// itself.
func goldenOf(l *lister, fields [][]byte, g *device.Golden) (string, error) {
	b := fields[0]
	if l.hashed {
		if n, err := hex.Decode(g[:], b[:min(len(b), 32)]); err != nil || n != 16 || len(b) != 32 {
			return "", errors.New("the golden_imei is not an MD5 in 32 hexadecimal digits, as the option for hashed lists says")
		}
		return "", nil
	}
	if len(b) == 32 {
		return "", errors.New("the golden_imei has 32 characters: if the list is hashed, import it with --pre-hashed")
	}
	m, why, err := l.deviceOf(b)
	if err != nil {
		return "", err
	}
	if why == "" {
		*g = md5.Sum(m.Append(nil))
	} else {
		*g = md5.Sum(bytes.ToUpper(b))
	}
	return "", nil
}

func listedLayout(table, gate, name string) *layout[device.Listed] {
	return &layout[device.Listed]{
		header: "imei", gate: gate, name: name,
		parse: func(l *lister, fields [][]byte, r *device.Listed) (why string, err error) {
			r.IMEI, why, err = l.deviceOf(fields[0])
			return why, err
		},
		key:   func(r *device.Listed) uint64 { return uint64(r.IMEI) },
		cut:   func(r *device.Listed) int { return device.BucketOf(r.IMEI) },
		since: func(r *device.Listed) *device.Day { return &r.Since },
		known: func(ctx context.Context, f Facts, parts []device.Part, bucket int) (known[device.Listed], error) {
			rows, err := f.Listed(ctx, parts, table, bucket)
			return knownIn(rows, err, func(a, b *device.Listed) int { return cmp.Compare(a.IMEI, b.IMEI) },
				func(r *device.Listed) device.Day { return r.Since })
		},
		write: func(ctx context.Context, l *lister, bucket int, rows Changes[device.Listed]) (device.Part, error) {
			return l.im.Lake.WriteListed(ctx, table, bucket, rows)
		},
	}
}

var errTAC = errors.New("the TAC is not eight digits: leading zeros must be kept")

func barredTACLayout() *layout[imei.TAC] {
	return &layout[imei.TAC]{
		header: "tac", gate: "barred_tac", name: "list of barred TACs",
		parse: func(_ *lister, fields [][]byte, r *imei.TAC) (string, error) {
			var err error
			if *r, err = imei.ParseTAC(string(fields[0])); err != nil {
				return "", errTAC
			}
			return "", nil
		},
		key: func(r *imei.TAC) uint64 { return uint64(*r) },
		known: func(ctx context.Context, f Facts, parts []device.Part, _ int) (known[imei.TAC], error) {
			rows, err := f.BarredTACs(ctx, parts)
			return knownIn(rows, err, func(a, b *imei.TAC) int { return cmp.Compare(*a, *b) }, nil)
		},
		write: func(ctx context.Context, l *lister, _ int, rows Changes[imei.TAC]) (device.Part, error) {
			return l.im.Lake.WriteBarredTACs(ctx, rows)
		},
	}
}

func personLayout() *layout[device.Person] {
	compare := func(a, b *device.Person) int { return cmp.Or(cmp.Compare(a.IMSI, b.IMSI), cmp.Compare(a.UID, b.UID)) }
	return &layout[device.Person]{
		header: "uid,imsi", gate: "subscribers", name: "subscribers' registration list",
		parse: func(l *lister, fields [][]byte, r *device.Person) (why string, err error) {
			if r.UID, err = l.uid(fields[0]); err != nil {
				return "", err
			}
			if r.IMSI, why, err = l.imsiOf(fields[1]); why != "" {
				l.bad = device.Malformed{IMSI: string(fields[1])}
			}
			return why, err
		},
		key: func(r *device.Person) uint64 { return uint64(r.IMSI) },
		tie: compare,
		known: func(ctx context.Context, f Facts, parts []device.Part, _ int) (known[device.Person], error) {
			rows, err := f.Persons(ctx, parts)
			return knownIn(rows, err, compare, nil)
		},
		write: func(ctx context.Context, l *lister, _ int, rows Changes[device.Person]) (device.Part, error) {
			return l.im.Lake.WriteSubscribers(ctx, rows)
		},
	}
}

func associationLayout() *layout[device.Association] {
	compare := func(a, b *device.Association) int {
		return cmp.Or(cmp.Compare(a.IMEI, b.IMEI), cmp.Compare(a.UID, b.UID))
	}
	return &layout[device.Association]{
		header: "uid,imei", gate: "association", name: "device association list",
		parse: func(l *lister, fields [][]byte, r *device.Association) (why string, err error) {
			if r.UID, err = l.uid(fields[0]); err != nil {
				return "", err
			}
			r.IMEI, why, err = l.deviceOf(fields[1])
			return why, err
		},
		key: func(r *device.Association) uint64 { return uint64(r.IMEI) },
		tie: compare,
		cut: func(r *device.Association) int { return device.BucketOf(r.IMEI) },
		known: func(ctx context.Context, f Facts, parts []device.Part, bucket int) (known[device.Association], error) {
			rows, err := f.Associations(ctx, parts, bucket)
			return knownIn(rows, err, compare, nil)
		},
		write: func(ctx context.Context, l *lister, bucket int, rows Changes[device.Association]) (device.Part, error) {
			return l.im.Lake.WriteAssociations(ctx, bucket, rows)
		},
	}
}

// uid reads the number of a person.
func (l *lister) uid(b []byte) (string, error) {
	ok := len(b) > 0 && len(b) <= 20
	for _, c := range b {
		ok = ok && (alphanumeric(c) || c == '-' || c == '\\')
	}
	if !ok {
		return "", errors.New(`the uid is not 1 to 20 letters, digits, - and \`)
	}
	return l.intern(b), nil
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
