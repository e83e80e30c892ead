package country

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"

	"github.com/openceir/openceir/internal/device"
)

const dumpHeader = "date,imei,imsi,msisdn,rat\n"

// batchShards is how many shards are rendered before they are written: enough for every processor,
// few enough to bound memory (a shard of a month is about two megabytes of text).
const batchShards = 16

// span is the days of one file, both included; to is below from where there is no file.
type span struct{ from, to int }

// spanOf returns the days of an operator's file of the k-th month of the period: the month, but for
// a late day at its end, which begins the next.
func (n *nation) spanOf(op, k int) span {
	first, _ := n.first.Month()
	first += device.Month(k)
	s := span{int(first.First() - n.first), min(int((first+1).First()-n.first), n.days) - 1}
	if late := n.late[op]; late == s.to {
		s.to--
	} else if late == s.from-1 && late >= 0 {
		s.from--
	}
	return s
}

// faults chooses the days and devices that operators' files get wrong.
func (p *planner) faults() {
	p.missing, p.late, p.stripped = make([]int, len(p.ops)), make([]int, len(p.ops)), make([]int, len(p.ops))
	for i := range p.ops {
		p.missing[i], p.late[i] = -1, -1
	}
	if p.rates.WholeDays {
		p.missing[0] = p.between(p.days/3, p.days*2/3)
		if p.cfg.Months > 1 {
			month, _ := p.first.Month()
			p.late[1%len(p.ops)] = int((month+1).First()-p.first) - 1
		}
	}
	if p.rates.Stripped > 0 {
		p.strip(uint8(2 % len(p.ops)))
	}
}

// strip marks honest devices whose leading zero an operator's files may lose. They are fewer than a
// quarter of the devices there that rightly begin with a 1 (none of which is allocated), so that no
// gate mistakes the file for one that lost all its zeros.
func (p *planner) strip(op uint8) {
	ones := 0
	for i := range p.uses {
		if f := &p.faces[p.uses[i].face]; p.uses[i].op == op && f.kind == KindNonAllocated && f.imei >= 10_000_000_000_000 && f.imei < 20_000_000_000_000 {
			ones++
		}
	}
	for left := min(p.count(p.rates.Stripped), ones/4); left > 0 && len(p.pool) > 0; {
		u, _ := p.take()
		if f := &p.faces[p.uses[u].face]; p.uses[u].op == op && f.imei < 10_000_000_000_000 {
			f.stripped = true
			p.stripped[op]++
			left--
		}
	}
}

// dumpText is what one worker's shard gives one operator.
type dumpText struct {
	text                                  []byte
	rows, malformed, duplicates, stripped int64
}

// writeDumps writes every operator's file of every month.
func (o *output) writeDumps(ctx context.Context) error {
	total := int64(o.cfg.Months) * int64(o.shards())
	o.progress("dumps", 0, total)
	for k := range o.cfg.Months {
		if err := o.dumpMonth(ctx, k, total); err != nil {
			return err
		}
	}
	return nil
}

func (o *output) dumpMonth(ctx context.Context, k int, total int64) (err error) {
	files, spans := make([]*archive, len(o.ops)), make([]span, len(o.ops))
	defer func() {
		for _, f := range files {
			if f != nil {
				err = errors.Join(err, f.Close())
			}
		}
	}()
	for i, op := range o.ops {
		spans[i] = o.spanOf(i, k)
		name := string(op.Name) + "_" + (o.first + device.Day(spans[i].from)).Compact() + "_" + (o.first + device.Day(spans[i].to)).Compact()
		if files[i], err = createArchive(filepath.Join(o.dir, "dumps"), name, ".csv"); err != nil {
			return err
		}
		if _, err = files[i].Write([]byte(dumpHeader)); err != nil {
			return err
		}
		o.sum.Dumps++
	}
	texts := make([][]dumpText, batchShards) // by shard of the batch, then operator
	for i := range texts {
		texts[i] = make([]dumpText, len(o.ops))
	}
	renderers := make([]*renderer, workers())
	for start := 0; start < o.shards(); start += batchShards {
		batch := min(batchShards, o.shards()-start)
		if err = each(ctx, batch, func(w, i int) error {
			if renderers[w] == nil {
				renderers[w] = newRenderer(o.nation)
			}
			renderers[w].shard(start+i, spans, texts[i])
			return nil
		}); err != nil {
			return err
		}
		if err = each(ctx, len(o.ops), func(_, op int) error {
			for i := range batch {
				if _, err := files[op].Write(texts[i][op].text); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
		o.countDumps(texts[:batch])
		o.progress("dumps", int64(k)*int64(o.shards())+int64(start+batch), total)
	}
	return nil
}

func (o *output) countDumps(texts [][]dumpText) {
	for _, shard := range texts {
		for op, t := range shard {
			o.sum.Rows += t.rows
			o.sum.RowsOf[o.ops[op].Name] += t.rows
			o.sum.Malformed += t.malformed
			o.sum.Duplicates += t.duplicates
			o.sum.Stripped += t.stripped
		}
	}
}

// renderer writes rows of dumps; each worker has one.
type renderer struct {
	*nation
	dice
	dates []string // by day, "YYYYMMDD,"
}

func newRenderer(n *nation) *renderer {
	r := &renderer{nation: n, dice: newDice(n.cfg.Seed, forRows)}
	for day := range n.days {
		r.dates = append(r.dates, (n.first+device.Day(day)).Compact()+",")
	}
	return r
}

// shard renders one shard: day by day, so that a file is in blocks of subscribers, each block
// sorted by day only.
func (r *renderer) shard(i int, spans []span, out []dumpText) {
	from, to := r.nation.shard(i)
	days := spans[0]
	for op, s := range spans {
		days = span{min(days.from, s.from), max(days.to, s.to)}
		out[op] = dumpText{text: out[op].text[:0]}
	}
	for day := days.from; day <= days.to; day++ {
		for u := from; u < to; u++ {
			us := &r.uses[u]
			s := spans[us.op]
			if day < int(us.from) || day > int(us.to) || day < s.from || day > s.to {
				continue
			}
			o, seen := r.outing(r.dice, u, day)
			if !seen {
				continue
			}
			us.saw(day, r.timedFrom, o)
			if r.missing[us.op] != day {
				r.row(&out[us.op], us, day, o)
			}
		}
	}
}

// saw notes that the networks saw a use on a day. Days come in order.
func (us *use) saw(day, timedFrom int, o outing) {
	if o.fault.hides() {
		return
	}
	if us.firstSeen < 0 {
		us.firstSeen = int16(day)
	}
	us.lastSeen = int16(day)
	if day >= timedFrom {
		us.timed++
	}
}

// row appends one row, or the same row twice.
func (r *renderer) row(out *dumpText, us *use, day int, o outing) {
	start := len(out.text)
	b := append(out.text, r.dates[day]...)
	b = r.dumpIMEI(b, out, us, o)
	b = append(b, ',')
	s := &r.sims[us.sim]
	switch o.fault {
	case imsiAbsent:
	case imsiShort:
		b = appendPadded(b, uint64(s.imsi)%10_000_000, 7)
	default:
		b = appendPadded(b, uint64(s.imsi), 15)
	}
	b = append(b, ',')
	if o.fault != msisdnAbsent && s.msisdn != 0 {
		b = strconv.AppendUint(b, uint64(s.msisdn), 10)
	}
	b = append(b, ',')
	if o.fault != radioAbsent {
		b = append(b, radioCodes[o.radios]...)
	}
	b = append(b, '\n')
	rows := int64(1)
	if o.twice {
		b = append(b, b[start:]...)
		rows = 2
		out.duplicates++
	}
	out.text = b
	out.rows += rows
	if o.fault != faultless {
		out.malformed += rows
	}
}

func (r *renderer) dumpIMEI(b []byte, out *dumpText, us *use, o outing) []byte {
	f := &r.faces[us.face]
	if o.fault.hides() {
		return append(b, o.fault.malformed(f.imei)...)
	}
	x := r.IntN(10)
	start := len(b)
	b = appendIMEI(b, f.imei, dumpForms[int(us.op)%len(dumpForms)][x])
	if f.stripped && r.IntN(2) == 0 {
		b = append(b[:start], b[start+1:]...)
		out.stripped++
		if o.twice {
			out.stripped++
		}
	}
	return b
}

// dumpForms are how each operator's systems write an IMEI, in tenths.
var dumpForms = [][10]int{
	{formCheck, formCheck, formCheck, formCheck, formCheck, formCheck, formSpare, formSpare, form14, form14},
	{formSVN, formSVN, formSVN, formSVN, formSVN, formSVN, formSVN, formSpare, formSpare, form14},
	{form14, form14, form14, form14, form14, form14, form14, formCheck, formCheck, formSVN},
}

// radioCodes are the texts of the sets of radio classes: 002 is 2G (GERAN), 001 3G (UTRAN), 006 4G
// (E-UTRAN). The layout has no code for 5G, which is anchored on 4G there.
var radioCodes = func() (codes [1 << device.RadioCount]string) {
	for set := range codes {
		code := ""
		for _, c := range []struct {
			mask int
			text string
		}{{1 << device.Radio3G, "|001"}, {1 << device.Radio2G, "|002"}, {1<<device.Radio4G | 1<<device.Radio5G, "|006"}} {
			if set&c.mask != 0 {
				code += c.text
			}
		}
		codes[set] = code[min(1, len(code)):]
	}
	return codes
}()

// appendPadded appends a number with leading zeros up to a width.
func appendPadded(b []byte, n uint64, width int) []byte {
	for range width {
		b = append(b, '0')
	}
	for i := len(b) - 1; n > 0 && i >= len(b)-width; i, n = i-1, n/10 {
		b[i] = byte('0' + n%10)
	}
	return b
}
