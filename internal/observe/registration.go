package observe

import (
	"bytes"
	"cmp"
	"context"
	"errors"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

// registered is a row of the registration list. Its texts are held once for each combination of
// them, since there are few models, and its device_id lies in one long text.
type registered struct {
	imei  imei.IMEI
	id    uint64 // where the device_id begins
	model uint32 // place in models.rows
	size  uint16 // of the device_id
}

// models are the combinations of texts that a registration list has.
type models struct {
	raw  map[string]uint32    // by the bytes between the first and the last field, as they came
	ids  map[described]uint32 // by the texts
	rows []described
	text []byte // of all device_ids
	done string // text, once all rows are read
}

// described is make, model, status, model_number, brand_name, device_type and radio_interface.
type described [7]string

func registrationLayout() *layout[registered] {
	return &layout[registered]{
		header: "approved_imei,make,model,status,model_number,brand_name,device_type,radio_interface,device_id",
		gate:   "registration", name: "registration list", updates: true,
		quick: quickRegistration,
		parse: registrationOf,
		key:   func(r *registered) uint64 { return uint64(r.imei) },
		equal: func(l *lister, a, b *registered) bool {
			return a.model == b.model && bytes.Equal(l.models.device(a), l.models.device(b))
		},
		strip: func(r *registered) { *r = registered{imei: r.imei, model: r.model} },
		cut:   func(r *registered) int { return device.BucketOf(r.imei) },
		known: func(ctx context.Context, f Facts, parts []device.Part, bucket int) (known[registered], error) {
			rows, err := f.Keys(ctx, parts, tableRegistrations, bucket)
			return knownIn(rows, err, func(a *imei.IMEI, b *registered) int { return cmp.Compare(*a, b.imei) }, nil)
		},
		write: func(ctx context.Context, l *lister, bucket int, rows Changes[registered]) (device.Part, error) {
			return l.im.Lake.WriteRegistrations(ctx, bucket, l.models.registrations(rows))
		},
	}
}

func (m *models) device(r *registered) []byte { return m.text[r.id : r.id+uint64(r.size)] }

// registrations turns rows into those of the lake.
func (m *models) registrations(rows Changes[registered]) Changes[device.Registration] {
	if len(m.done) != len(m.text) {
		m.done = string(m.text)
	}
	return func(yield func(device.Change, *device.Registration) bool) {
		var row device.Registration
		for change, r := range rows {
			row = device.Registration{IMEI: r.imei}
			if change != device.Remove {
				d := &m.rows[r.model]
				row.Make, row.Model, row.Status, row.ModelNumber = d[0], d[1], d[2], d[3]
				row.BrandName, row.DeviceType, row.RadioInterface = d[4], d[5], d[6]
				row.DeviceID = m.done[r.id : r.id+uint64(r.size)]
			}
			if !yield(change, &row) {
				return
			}
		}
	}
}

var errDeviceID = errors.New("the device_id is not letters and digits")

// registrationOf reads a row from its fields.
func registrationOf(l *lister, fields [][]byte, r *registered) (why string, err error) {
	if r.imei, why, err = l.deviceOf(fields[0]); err != nil {
		return "", err
	}
	if r.model, err = l.model(fields[1:8]); err != nil {
		return "", err
	}
	if !l.models.add(r, fields[8]) {
		return "", errDeviceID
	}
	return why, nil
}

// add takes a device_id.
func (m *models) add(r *registered, b []byte) bool {
	for _, c := range b {
		if !alphanumeric(c) {
			return false
		}
	}
	r.id, r.size = uint64(len(m.text)), uint16(len(b))
	m.text = append(m.text, b...)
	return len(b) <= textMax
}

// model returns the place of a combination of texts.
func (l *lister) model(fields [][]byte) (uint32, error) {
	var d described
	for i, b := range fields {
		if i == 2 {
			b = bytes.ToLower(b)
		}
		var err error
		if d[i], err = l.kept(b); err != nil {
			return 0, err
		}
	}
	m := &l.models
	n, ok := m.ids[d]
	if !ok {
		if m.ids == nil {
			m.ids, m.raw = make(map[described]uint32), make(map[string]uint32)
		}
		n = uint32(len(m.rows))
		m.ids[d], m.rows = n, append(m.rows, d)
	}
	return n, nil
}

// quickRegistration reads a row without quotes whose identifiers are plain, as nearly all are. The
// texts between the first and the last field repeat: they are looked up together.
func quickRegistration(l *lister, line []byte, it *item[registered]) (why string, done bool) {
	if bytes.IndexByte(line, '"') >= 0 {
		return "", false
	}
	if l.delta {
		i := bytes.LastIndexByte(line, ',')
		if i < 0 {
			return "", false
		}
		var ok bool
		if it.change, ok = device.ParseChange(string(line[i+1:])); !ok {
			return "", false
		}
		line = line[:i]
	}
	first, last := bytes.IndexByte(line, ','), bytes.LastIndexByte(line, ',')
	if first < 14 || first > 16 || last <= first || !allDigits(line[:first]) {
		return "", false
	}
	middle := line[first+1 : last]
	n, ok := l.models.raw[string(middle)]
	if !ok {
		fields, err := l.split.split(middle)
		if err != nil || len(fields) != len(described{}) {
			return "", false
		}
		if n, err = l.model(fields); err != nil {
			return "", false
		}
		if len(l.models.raw) < textsMax {
			l.models.raw[string(middle)] = n
		}
	}
	it.row = registered{imei: imei.IMEI(number(line[:14])), model: n}
	if it.change == device.Remove {
		it.row.model = 0
		return "", true
	}
	return "", l.models.add(&it.row, bytes.Trim(line[last+1:], " \t"))
}
