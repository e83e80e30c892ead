package country

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/klauspost/compress/gzip"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/replay"
)

const (
	daySeconds = 86400
	second     = 1_000_000 // microseconds
	dayMicros  = daySeconds * second
)

// moment is one attach before it is written.
type moment struct {
	key   uint64 // microsecond of the day, then the use: what a day's moments are sorted by
	area  device.Area
	fault fault
	radio device.Radio
	at    uint8 // region of the serving node
	form  uint8
}

// useBits is the part of a key that holds the use; the microsecond of a day needs 37 bits.
const useBits = 27

func (m *moment) use() int { return int(m.key & (1<<useBits - 1)) }

func (m *moment) micros() int64 { return int64(m.key >> useBits) }

// attachFile is one operator's file of timed attaches.
type attachFile struct {
	file  *os.File
	zip   *gzip.Writer
	out   *replay.Writer
	nodes [device.RadioCount][regions]string
	day   []moment
	rows  int64
	seen  []sight // of clones and victims
	text  []byte
}

// writeAttaches writes the timed attaches of every operator, day by day: a day's moments are drawn
// by shard, sorted by operator and written.
func (o *output) writeAttaches(ctx context.Context) (err error) {
	files := make([]*attachFile, len(o.ops))
	defer func() {
		for _, f := range files {
			if f != nil {
				o.sum.Attaches += f.rows
				o.sights = append(o.sights, f.seen...)
				err = errors.Join(err, f.close())
			}
		}
	}()
	for i, op := range o.ops {
		if files[i], err = createAttaches(o.dir, op); err != nil {
			return err
		}
	}
	drawn := make([][][]moment, o.shards()) // by shard, then operator
	for i := range drawn {
		drawn[i] = make([][]moment, len(o.ops))
	}
	walkers := make([]*walker, workers())
	total := int64(o.cfg.TimedDays)
	for day := o.timedFrom; day < o.days; day++ {
		o.progress("attaches", int64(day-o.timedFrom), total)
		if err = each(ctx, o.shards(), func(w, i int) error {
			if walkers[w] == nil {
				walkers[w] = newWalker(o.nation)
			}
			walkers[w].shard(i, day, drawn[i])
			return nil
		}); err != nil {
			return err
		}
		if err = each(ctx, len(files), func(_, op int) error {
			f := files[op]
			f.day = f.day[:0]
			for _, shard := range drawn {
				f.day = append(f.day, shard[op]...)
			}
			return f.write(o.nation, day)
		}); err != nil {
			return err
		}
	}
	o.progress("attaches", total, total)
	return nil
}

func createAttaches(dir string, op Operator) (*attachFile, error) {
	f, err := os.Create(filepath.Join(dir, "attaches", string(op.Name)+".csv.gz"))
	if err != nil {
		return nil, fmt.Errorf("creating attaches of %s: %w", op.Name, err)
	}
	z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &attachFile{file: f, zip: z, out: replay.NewWriter(z), nodes: nodeNames(op)}, nil
}

func (f *attachFile) close() error {
	return errors.Join(f.out.Flush(), f.zip.Close(), f.file.Close())
}

// write sorts and writes one day.
func (f *attachFile) write(n *nation, day int) error {
	slices.SortFunc(f.day, func(a, b moment) int {
		if a.key < b.key {
			return -1
		}
		return 1
	})
	midnight := (int64(n.first) + int64(day)) * dayMicros
	for i := range f.day {
		m := &f.day[i]
		us := &n.uses[m.use()]
		s := &n.sims[us.sim]
		if m.fault.hides() {
			f.text = append(f.text[:0], m.fault.malformed(n.faces[us.face].imei)...)
		} else {
			f.text = appendIMEI(f.text[:0], n.faces[us.face].imei, int(m.form))
		}
		if k := n.faces[us.face].kind; (k == KindClone || k == KindCloneVictim) && !m.fault.hides() {
			f.seen = append(f.seen, sight{us.face, device.Minute((midnight + m.micros()) / (60 * second)), m.area})
		}
		a := device.Attach{Time: midnight + m.micros(), IMEI: string(f.text), IMSI: s.imsi, MSISDN: s.msisdn,
			Radio: m.radio, Node: f.nodes[m.radio][m.at], Area: m.area}
		if err := f.out.Write(&a); err != nil {
			return err
		}
	}
	f.rows += int64(len(f.day))
	return nil
}

// walker draws the moments of uses; each worker has one.
type walker struct {
	*nation
	dice
	track track
	whose int32 // mover of the track, -1 for none
}

func newWalker(n *nation) *walker {
	return &walker{nation: n, dice: newDice(n.cfg.Seed, forDays)}
}

// shard draws the moments of one shard on one day.
func (w *walker) shard(i, day int, out [][]moment) {
	for op := range out {
		out[op] = out[op][:0]
	}
	w.whose = -1
	from, to := w.nation.shard(i)
	for u := from; u < to; u++ {
		us := &w.uses[u]
		if day < int(us.from) || day > int(us.to) {
			continue
		}
		if us.mover != w.whose {
			w.itinerary(w.dice, us.mover, day, &w.track)
			w.whose = us.mover
		}
		if o, seen := w.outing(w.dice, u, day); seen {
			out[us.op] = w.moments(out[us.op], u, o)
		}
	}
}

// moments draws the attaches of one outing: at least one, and more by Poisson's law. They come in
// spells: a phone in use is checked again every half hour or so, which makes a stay of it.
func (w *walker) moments(out []moment, u int, o outing) []moment {
	h := &w.uses[u].habit
	at := int64(dayMicros)
	for p := 1.0; p >= math.Exp(float64(1-h.attaches)); p *= w.Float64() {
		if at += int64(w.within(8, 48) * 60 * second); at >= dayMicros || w.chance(0.4) {
			at = w.clock(h.hours)
		}
		out = append(out, w.moment(u, at, o))
	}
	return out
}

func (w *walker) moment(u int, at int64, o outing) moment {
	p := w.track.where(float64(at) / second)
	m := moment{key: uint64(at)<<useBits | uint64(u), area: p.area(), fault: o.fault, radio: o.main,
		at: uint8(w.land.region(p)), form: formSpare}
	x := w.Uint64()
	if other := o.radios &^ (1 << o.main); other != 0 && x&3 == 0 {
		for m.radio = device.Radio2G; other>>m.radio&1 == 0; m.radio++ {
		}
	}
	if x>>2&7 < 3 {
		m.form = formSVN
	}
	return m
}

// clock draws the microsecond of the day at which a spell begins.
func (w *walker) clock(h hours) int64 {
	switch h {
	case opening:
		return int64(w.within(9.5, 17) * hour * second)
	case always:
		return int64(w.within(0, 24) * hour * second)
	}
	return int64(w.within(6, 23.5) * hour * second)
}
