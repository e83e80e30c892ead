package country

import (
	"fmt"
	"math"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

// model is one row of the TAC directory.
type model struct {
	tac       imei.TAC
	sibling   int32 // model of the second IMEI: itself where both are under one TAC
	maker     string
	brand     string
	name      string
	sort      sort
	radio     device.Radio // best radio technology
	allocated device.Day
	weight    float64 // popularity; 0 for one that nobody in the country uses
	second    bool    // of second IMEIs only
	units     uint32  // serial numbers given out, in pairs
	key       uint64  // of the order in which they are
}

// sort is what a model is.
type sort uint8

const (
	smartphone sort = iota
	featurePhone
	module
	hotspot
	sorts = iota
)

var sortNames = [sorts]string{"Smartphone", "Mobile Phone/Feature phone", "Module", "Mobile WiFi (MiFi)"}

// Makers exist nowhere; the first of each sort's list is the most popular.
var (
	makers   = []string{"Almora", "Birch & Vale", "Corvane", "Dunlin", "Estuar", "Fennmark", "Gullane", "Hexham Tidal", "Isobar", "Juniper Sound", "Kelpway", "Lanternfish", "Morrow", "Nacre", "Oriel Works"}
	families = []string{"Ebb", "Foam", "Keel", "Lee", "Mast", "Neap", "Oar", "Pier", "Quay", "Reef", "Sloop", "Tide"}
	bands    = [device.RadioCount]string{"",
		"GSM 900,GSM 1800",
		"GSM 900,GSM 1800,WCDMA FDD Band I,WCDMA FDD Band VIII",
		"GSM 900,GSM 1800,WCDMA FDD Band I,WCDMA FDD Band VIII,LTE FDD BAND 3,LTE FDD BAND 7,LTE FDD BAND 20",
		"GSM 900,GSM 1800,WCDMA FDD Band I,LTE FDD BAND 3,LTE FDD BAND 7,LTE FDD BAND 20,5G NR BAND 1,5G NR BAND 78"}
	interfaces = [device.RadioCount]string{"", "GSM", "GSM|WCDMA", "GSM|WCDMA|LTE", "GSM|WCDMA|LTE|NR"}
)

// newModels makes the directory: bodies 35, 86 and 01, popularity by Zipf's law within each sort,
// and one model in four that nobody in the country uses.
func newModels(d dice, population int, last device.Day) []model {
	count := min(max(400+population/200, 500), 2000)
	used := map[imei.TAC]bool{}
	models := make([]model, 0, count)
	for rank := 0; len(models) < count; rank++ {
		m := newModel(d, rank, last)
		m.tac = newTAC(d, used, rank == 4)
		m.sibling = int32(len(models))
		models = append(models, m)
		if m.sort <= featurePhone && d.chance(0.15) { // second IMEIs under a TAC of their own
			twin := m
			twin.tac, twin.weight = newTAC(d, used, false), 0
			twin.second = true
			models[len(models)-1].sibling = int32(len(models))
			models = append(models, twin)
		}
	}
	return models
}

func newModel(d dice, rank int, last device.Day) model {
	m := model{weight: 1 / math.Pow(float64(rank/2+2), 1.05), key: d.Uint64()}
	maker := makers[int(float64(len(makers))*d.Float64()*d.Float64())]
	m.maker, m.brand = maker+" Communications Ltd", maker
	m.name = fmt.Sprintf("%s %d%c", families[d.IntN(len(families))], d.between(2, 99), "ACEGLMSXZ"[d.IntN(9)])
	m.allocated = last - device.Day(d.between(40, 3000))
	switch x := d.Float64(); {
	case rank >= 12 && x < 0.08:
		m.sort, m.radio = module, device.Radio(d.between(int(device.Radio2G), int(device.Radio4G)))
	case rank >= 12 && x < 0.14:
		m.sort, m.radio = hotspot, device.Radio(d.between(int(device.Radio3G), int(device.Radio5G)))
	case x < 0.30:
		m.sort, m.radio = featurePhone, device.Radio(d.between(int(device.Radio2G), int(device.Radio4G)))
	default:
		m.sort, m.radio = smartphone, device.Radio(d.between(int(device.Radio3G), int(device.Radio5G)))
	}
	if rank >= 30 && d.chance(0.25) {
		m.weight = 0
	}
	return m
}

// newTAC makes an unused code of a current reporting body up. The serial ranges begin with 9, the
// sparsest part of each body's numbers. One popular model is always of body 01, so that leading
// zeros are common.
func newTAC(d dice, used map[imei.TAC]bool, zero bool) imei.TAC {
	for {
		body := imei.TAC(35)
		switch x := d.Float64(); {
		case zero || x < 0.08:
			body = 1
		case x < 0.40:
			body = 86
		}
		t := body*1_000_000 + 900_000 + imei.TAC(d.IntN(100_000))
		if !used[t] {
			used[t] = true
			return t
		}
	}
}

// serialPairs is the number of devices a model can number: two serials each, for two slots.
const serialPairs = 500_000

// nextSerial gives out the first serial number of a new device: even, its sibling one above, and
// no two in order of sale.
func (m *model) nextSerial() (uint32, bool) {
	if m.units == serialPairs {
		return 0, false
	}
	s := scatter(uint64(m.units), serialPairs, m.key)
	m.units++
	return uint32(s) * 2, true
}
