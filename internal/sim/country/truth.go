package country

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

const (
	truthFile   = "truth.csv"
	truthHeader = "device,imei,kind,wrong,imsis,operator,from,to,area,timed_days,registered,listed,conflicts"
)

// writeTruth writes one row for every IMEI that every device shows. What was seen is known since
// the dumps were written.
func (o *output) writeTruth(context.Context) (err error) {
	f, err := os.Create(filepath.Join(o.dir, truthFile))
	if err != nil {
		return fmt.Errorf("creating the truth: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	fmt.Fprintln(w, truthHeader)
	seen, listed, conflicts := o.usesByFace(), o.listedFaces(), o.conflicts()
	var line []byte
	for i := range o.faces {
		r := o.truthRow(int32(i), seen[i], listed)
		if r.Kind == KindClone || r.Kind == KindCloneVictim {
			r.Conflicts = conflicts[r.IMEI]
		}
		line = r.append(line[:0])
		w.Write(line)
	}
	o.progress("truth", int64(len(o.faces)), int64(len(o.faces)))
	return w.Flush() // the buffer keeps the first error
}

// usesByFace returns, for each face, its uses that a network saw.
func (n *nation) usesByFace() [][]int32 {
	by := make([][]int32, len(n.faces))
	for i := range n.uses {
		if n.uses[i].firstSeen >= 0 {
			f := n.uses[i].face
			by[f] = append(by[f], int32(i))
		}
	}
	return by
}

func (n *nation) listedFaces() map[int32]bool {
	listed := map[int32]bool{}
	for _, t := range n.thefts {
		listed[t.face] = t.listed && (device.Stolen{Status: t.status}).Blocks()
	}
	return listed
}

func (n *nation) truthRow(i int32, uses []int32, listed map[int32]bool) Row {
	f := &n.faces[i]
	r := Row{Device: int(f.device), IMEI: f.imei, Kind: f.kind, Registered: f.registered, Listed: listed[i]}
	first, last := int16(-1), int16(-1)
	for _, u := range uses {
		us := &n.uses[u]
		if first < 0 || us.firstSeen < first {
			first = us.firstSeen
			r.Operator, r.Area = n.ops[us.op].Name, n.movers[us.mover].home.area()
		}
		last = max(last, us.lastSeen)
		r.TimedDays += int(us.timed)
		r.addIMSI(n.sims[us.sim].imsi)
	}
	if first >= 0 {
		r.From, r.To = n.first+device.Day(first), n.first+device.Day(last)
	}
	return r
}

func (r *Row) addIMSI(i subscriber.IMSI) {
	for _, have := range r.IMSIs {
		if have == i {
			return
		}
	}
	r.IMSIs = append(r.IMSIs, i)
}

func (r *Row) append(b []byte) []byte {
	b = strconv.AppendInt(b, int64(r.Device), 10)
	b = append(b, ',')
	b = r.IMEI.Append(b)
	b = append(b, ',')
	b = append(b, r.Kind...)
	b = append(b, ',')
	b = append(b, bit(r.Kind.Wrong()), ',')
	for i, m := range r.IMSIs {
		if i > 0 {
			b = append(b, ' ')
		}
		b = appendPadded(b, uint64(m), 15)
	}
	b = append(b, ',')
	b = append(b, r.Operator...)
	b = append(b, ',')
	if r.From != 0 {
		b = append(b, r.From.Compact()...)
		b = append(b, ',')
		b = append(b, r.To.Compact()...)
		b = append(b, ',')
		b = strconv.AppendInt(b, int64(r.Area), 10)
	} else {
		b = append(b, ",,"...)
	}
	b = append(b, ',')
	b = strconv.AppendInt(b, int64(r.TimedDays), 10)
	b = append(b, ',', bit(r.Registered), ',', bit(r.Listed), ',')
	b = strconv.AppendInt(b, int64(r.Conflicts), 10)
	return append(b, '\n')
}

func bit(b bool) byte {
	if b {
		return '1'
	}
	return '0'
}
