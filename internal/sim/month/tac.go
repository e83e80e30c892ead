package month

import (
	"fmt"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

// tac is one row of the directory.
type tac struct {
	code   imei.TAC
	weight float64
	rank   int
	best   int // radio generation, 2 to 5
}

const directoryRows = 20_000

// newTACs makes the directory up, the most popular first. Its bodies are 35, 86 and 01; the codes of
// body 33, which all unknown TACs have, are in it nowhere.
func (p *plan) newTACs() {
	for rank := range directoryRows {
		x := p.draw(forTACs, uint64(rank))
		body := imei.TAC(35)
		switch {
		case x%100 < 8:
			body = 1
		case x%100 < 40:
			body = 86
		}
		best := 2 + int(x>>8%4)
		if rank < 400 {
			best = 3 + int(x>>8%3)
		}
		code := body*1_000_000 + imei.TAC(scatter(uint64(rank), 1_000_000, p.cfg.Seed^forTACs))
		p.tacs = append(p.tacs, tac{code: code, weight: zipf(rank), rank: rank, best: best})
	}
}

// unknownIMEI returns the IMEI of a device of an unknown TAC.
func (p *plan) unknownIMEI(k int64) imei.IMEI {
	return imei.IMEI(33_000_000_000_000 + scatter(uint64(k), 1_000_000_000_000, p.cfg.Seed^forTACs))
}

// maker and model are made of the rank: three neighbours are one model of one maker.
func (t *tac) maker() string { return fmt.Sprintf("Maker %02d Communications Ltd", t.rank/3%97) }
func (t *tac) brand() string { return fmt.Sprintf("Maker %02d", t.rank/3%97) }
func (t *tac) model() string { return fmt.Sprintf("Reef %d", t.rank/3) }

func (t *tac) sort() string {
	switch {
	case t.rank%50 == 49:
		return "Module"
	case t.rank%50 == 48:
		return "Mobile WiFi (MiFi)"
	case t.best == 2:
		return "Mobile Phone/Feature phone"
	}
	return "Smartphone"
}

var bands = [6]string{
	2: "GSM 900,GSM 1800",
	3: "GSM 900,GSM 1800,WCDMA FDD Band I,WCDMA FDD Band VIII",
	4: "GSM 900,GSM 1800,WCDMA FDD Band I,LTE FDD BAND 3,LTE FDD BAND 7,LTE FDD BAND 20",
	5: "GSM 900,GSM 1800,WCDMA FDD Band I,LTE FDD BAND 3,LTE FDD BAND 7,LTE FDD BAND 20,5G NR BAND 78",
}

var interfaces = [6]string{2: "GSM", 3: "GSM,WCDMA", 4: "GSM,WCDMA,LTE", 5: "GSM,WCDMA,LTE,NR"}

func (p *plan) directory(add func(fields ...string)) {
	for i := range p.tacs {
		t := &p.tacs[i]
		allocated := First - device.Day(60+p.draw(forTACs, uint64(i)+1<<20)%3000)
		add(t.code.String(), t.maker(), bands[t.best], allocated.Time().Format("02-Jan-2006"), "", "", "",
			interfaces[t.best], t.brand(), t.model(), "Tidepool", "Y", "Y", "Y", t.sort())
	}
}
