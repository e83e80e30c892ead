package stats

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// sighting is what is counted of a row of table days.
type sighting struct {
	imsi   subscriber.IMSI
	msisdn subscriber.MSISDN
	seen   uint32 // bit 0 is the 1st of the month
	op     int    // place of the operator
}

// cellKey is what every breakdown is a sum over.
type cellKey struct {
	tac   imei.TAC
	rules rules
}

// Cell is what was seen of some devices.
type Cell struct {
	IMEIs       int64 `json:"num_imeis"`
	GrossAdds   int64 `json:"num_imei_gross_adds"`
	IMEIIMSIs   int64 `json:"num_imei_imsis"`
	IMEIMSISDNs int64 `json:"num_imei_msisdns"`
	Triplets    int64 `json:"num_triplets"`
}

func (c *Cell) add(d *Cell) {
	c.IMEIs += d.IMEIs
	c.GrossAdds += d.GrossAdds
	c.IMEIIMSIs += d.IMEIIMSIs
	c.IMEIMSISDNs += d.IMEIMSISDNs
	c.Triplets += d.Triplets
}

// tally is the counts of one month of one scope: the country or an operator.
type tally struct {
	operator device.Operator // empty for the country

	records, nullIMEI, nullIMSI, nullMSISDN      int64
	malformed                                    int64 // distinct malformed IMEIs
	invalidIMSIs, invalidMSISDNs, invalidTriples int64
	imsis, msisdns, imsiMSISDNs                  int64

	recordDays, imeiDays, imsiDays, msisdnDays             days
	imeiIMSIDays, imeiMSISDNDays, imsiMSISDNDays, tripDays days

	imsisOfIMEI, imeisOfIMSI, dailyOfIMEI histogram // the last in tenths

	plain map[imei.TAC]*Cell // of devices for which no condition holds
	cells map[cellKey]*Cell  // of the others
	tac   imei.TAC           // of last
	last  *Cell              // of plain

	numbers []numberSeen // reused
}

type numberSeen struct {
	msisdn subscriber.MSISDN
	seen   uint32
}

func newTally(op device.Operator) *tally {
	return &tally{operator: op, plain: map[imei.TAC]*Cell{}, cells: map[cellKey]*Cell{}}
}

func (t *tally) cell(key cellKey) *Cell {
	if !key.rules.none() {
		c := t.cells[key]
		if c == nil {
			c = new(Cell)
			t.cells[key] = c
		}
		return c
	}
	if t.last == nil || t.tac != key.tac {
		c := t.plain[key.tac]
		if c == nil {
			c = new(Cell)
			t.plain[key.tac] = c
		}
		t.tac, t.last = key.tac, c
	}
	return t.last
}

// each calls f for every cell, in no order.
func (t *tally) each(f func(tac imei.TAC, of rules, c *Cell)) {
	for tac, c := range t.plain {
		f(tac, rules{}, c)
	}
	for key, c := range t.cells {
		f(key.tac, key.rules, c)
	}
}

// device counts one device. The sightings are sorted by (IMSI, MSISDN).
func (t *tally) device(rows []sighting, key cellKey, fresh bool) {
	c := t.cell(key)
	c.IMEIs++
	if fresh {
		c.GrossAdds++
	}
	if len(rows) == 1 {
		t.single(&rows[0], c)
		return
	}
	var seen, known uint32
	imsis, sum := 0, 0
	noIMSI, noMSISDN := false, false
	t.numbers = t.numbers[:0]
	for i := 0; i < len(rows); {
		imsi, of := rows[i].imsi, uint32(0)
		for i < len(rows) && rows[i].imsi == imsi {
			msisdn, both := rows[i].msisdn, uint32(0)
			for ; i < len(rows) && rows[i].imsi == imsi && rows[i].msisdn == msisdn; i++ {
				both |= rows[i].seen
			}
			of |= both
			t.record(imsi, msisdn, both, c)
			if msisdn != 0 {
				t.numbers = append(t.numbers, numberSeen{msisdn, both})
			}
			noMSISDN = noMSISDN || msisdn == 0
		}
		seen |= of
		if imsi == 0 {
			noIMSI = true
			continue
		}
		imsis++
		known |= of
		sum += bits.OnesCount32(of)
		t.imeiIMSIDays.add(of)
	}
	t.imeiDays.add(seen)
	c.IMEIIMSIs += int64(imsis)
	c.IMEIMSISDNs += t.countNumbers()
	if imsis > 0 {
		t.imsisOfIMEI.add(imsis)
	}
	t.daily(sum, bits.OnesCount32(known))
	if noIMSI {
		t.invalidIMSIs++
	}
	if noMSISDN {
		t.invalidMSISDNs++
	}
}

// single is device for the common case of one sighting.
func (t *tally) single(r *sighting, c *Cell) {
	t.imeiDays.add(r.seen)
	t.record(r.imsi, r.msisdn, r.seen, c)
	if r.imsi != 0 {
		c.IMEIIMSIs++
		t.imeiIMSIDays.add(r.seen)
		t.imsisOfIMEI.add(1)
		n := bits.OnesCount32(r.seen)
		t.daily(n, n)
	} else {
		t.invalidIMSIs++
	}
	if r.msisdn != 0 {
		c.IMEIMSISDNs++
		t.imeiMSISDNDays.add(r.seen)
	} else {
		t.invalidMSISDNs++
	}
}

// record counts a distinct (IMEI, IMSI, MSISDN).
func (t *tally) record(imsi subscriber.IMSI, msisdn subscriber.MSISDN, seen uint32, c *Cell) {
	t.records++
	t.recordDays.add(seen)
	if imsi == 0 {
		t.nullIMSI++
	}
	if msisdn == 0 {
		t.nullMSISDN++
	}
	if imsi == 0 || msisdn == 0 {
		t.invalidTriples++
		return
	}
	c.Triplets++
	t.tripDays.add(seen)
}

// daily counts a mean number of IMSIs a day, in bins of a tenth.
func (t *tally) daily(sum, onDays int) {
	if onDays >= smallest {
		t.dailyOfIMEI.add(10 * sum / onDays)
	}
}

// countNumbers counts the distinct MSISDNs of a device.
func (t *tally) countNumbers() (n int64) {
	slices.SortFunc(t.numbers, func(a, b numberSeen) int { return cmp.Compare(a.msisdn, b.msisdn) })
	for i := 0; i < len(t.numbers); n++ {
		msisdn, seen := t.numbers[i].msisdn, uint32(0)
		for ; i < len(t.numbers) && t.numbers[i].msisdn == msisdn; i++ {
			seen |= t.numbers[i].seen
		}
		t.imeiMSISDNDays.add(seen)
	}
	return n
}
