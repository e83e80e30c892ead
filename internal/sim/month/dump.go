package month

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

const dumpHeader = "date,imei,imsi,msisdn,rat\n"

// chunk is how many bytes of a dump are written at once.
const chunk = 256 << 10

// writeDump writes the file of one operator: day by day, and on each day in another order.
func (p *plan) writeDump(ctx context.Context, dir string, op int) (err error) {
	a, err := createArchive(filepath.Join(dir, "dumps"), dumpName(p.ops[op].Name, First, Last), ".csv")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	b := append(make([]byte, 0, chunk+200), dumpHeader...)
	from, count := p.from[op], uint64(p.from[op+1]-p.from[op])
	for day := range days {
		key := p.cfg.Seed ^ forOrder ^ uint64(day*4+op)
		for k := range count {
			n := from + int64(scatter(k, count, key))
			s := p.subscriber(n)
			if !s.on(day) {
				continue
			}
			if b = p.appendRow(b, op, n, &s, day); len(b) >= chunk {
				if _, err := a.Write(b); err != nil {
					return err
				}
				if b = b[:0]; ctx.Err() != nil {
					return ctx.Err()
				}
			}
		}
	}
	_, err = a.Write(b)
	return err
}

// appendRow appends the row of one subscriber on one day.
func (p *plan) appendRow(b []byte, op int, n int64, s *person, day int) []byte {
	x := p.draw(forRows, uint64(n)*days+uint64(day))
	lacks := uint64(4)
	if x%200 == 0 {
		lacks = x >> 32 % 4
	}
	b = append(b, (First + device.Day(day)).Compact()...)
	b = append(b, ',')
	best := 2 + int(s.key>>20%4)
	var m imei.IMEI
	switch {
	case s.part == unknown:
		m = p.unknownIMEI(s.first)
	case s.part != malformed:
		var t *tac
		m, t = p.device(s.device(day))
		if s.part != clone {
			best = t.best // what a clone really is, its number does not say
		}
	}
	if lacks != 0 {
		if s.part == malformed {
			b = appendMalformed(b, s.first)
		} else {
			b = appendIMEI(b, m, op)
		}
	}
	b = append(b, ',')
	if lacks != 1 {
		b = strconv.AppendUint(b, uint64(p.imsi(op, n)), 10)
	}
	b = append(b, ',')
	if lacks != 2 {
		b = strconv.AppendUint(b, uint64(p.msisdn(n)), 10)
	}
	b = append(b, ',')
	if lacks != 3 {
		b = append(b, radios(best, x>>40)...)
	}
	return append(b, '\n')
}

// device returns the device that a subscriber has on a day.
func (s *person) device(day int) int64 {
	if s.part == changer && day >= s.changes {
		return s.second
	}
	return s.first
}

// radios returns the codes of one day: 002 is 2G, 001 3G, 006 4G and 051 5G. One row in ten has two.
func radios(best int, x uint64) string {
	codes := [6]string{2: "002", 3: "001", 4: "006", 5: "051"}
	pairs := [6]string{2: "002", 3: "001|002", 4: "001|006", 5: "006|051"}
	switch {
	case x%10 == 0:
		return pairs[best]
	case x%10 < 3 && best > 2:
		return codes[best-1]
	}
	return codes[best]
}

// appendIMEI writes an IMEI as the operator's systems do: with check digit, with a software version,
// with fourteen digits, or with a spare zero.
func appendIMEI(b []byte, m imei.IMEI, op int) []byte {
	b = m.Append(b)
	switch op {
	case 0:
		return append(b, byte('0'+m.CheckDigit()))
	case 1:
		return append(b, "07"...)
	case 3:
		return append(b, '0')
	}
	return b
}

// appendMalformed writes one of six forms; the first is all zeros, the others name nobody twice.
func appendMalformed(b []byte, k int64) []byte {
	format := [6]string{"000000000000000%.0d", "%08d", "9%012d", "35A%09dBC", "*#06#%08d", "A%014dF"}[k%6]
	if k%6 == 0 {
		k = 0
	}
	return fmt.Appendf(b, format, k)
}

// writeLate writes the rows that come after the first run. Every second one is of a subscriber of
// operator4 on the last day on which they were not seen; the others are new subscribers, one in ten
// of them in a cloned device, the rest in somebody's second hand.
func (p *plan) writeLate(dir string) (err error) {
	a, err := createArchive(filepath.Join(dir, "late"), dumpName(p.ops[len(p.ops)-1].Name, First, Last), ".csv")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	op := len(p.ops) - 1
	b := []byte(dumpHeader)
	from, count := p.from[op], uint64(p.from[op+1]-p.from[op])
	for k := range p.sum.Late {
		n := from + int64(scatter(uint64(k/2)%count, count, p.cfg.Seed^forOrder))
		s := p.subscriber(n)
		day := days - 1
		for day > 0 && s.on(day) {
			day--
		}
		if k%2 == 1 {
			n = p.sum.Subscribers + k
			if s.part = honest; k%20 == 1 {
				s.part, s.first = clone, int64(p.draw(forRows, uint64(k))%uint64(len(p.groups)))
			} else {
				s.first = p.own + s.rank%(p.sum.Subscribers-p.ranks[honest]) + p.ranks[honest]
			}
		}
		b = p.appendRow(b, op, n, &s, day)
	}
	_, err = a.Write(b)
	return err
}
