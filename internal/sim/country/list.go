package country

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/subscriber"
)

// list writes one list: each line that add is given becomes a row.
type list struct {
	name, extension, header string
	rows                    func(add func(fields ...string))
	separator               string
}

// writeLists writes the TAC directory and the lists in the layouts of DIRBS.
func (o *output) writeLists(context.Context) error {
	d := newDice(o.cfg.Seed, forLists)
	lists := []list{
		{"gsma_tac", ".txt", "TAC|Manufacturer|Bands|Allocation Date|Country Code|Fixed Code|Manufacturer Code|Radio Interface|Brand Name|Model Name|Operating System|NFC|Bluetooth|WLAN|Device Type", o.directory, "|"},
		{"stolen_list", ".csv", "imei,reporting_date,status", o.stolenRows, ","},
		{"registration_list", ".csv", "approved_imei,make,model,status,model_number,brand_name,device_type,radio_interface,device_id", o.registrations, ","},
		{"pairing_list", ".csv", "imei,imsi,msisdn", o.pairs, ","},
		{"golden_list", ".csv", "golden_imei", o.golden, ","},
		{"barred_list", ".csv", "imei", o.barred, ","},
		{"barred_tac_list", ".csv", "tac", o.barredTACs, ","},
		{"monitoring_list", ".csv", "imei", o.monitored, ","},
	}
	people := o.people(d)
	lists = append(lists,
		list{"subscribers_registration_list", ".csv", "uid,imsi", func(add func(...string)) {
			for _, p := range people {
				add(p.uid, p.imsi.String())
			}
		}, ","},
		list{"device_association_list", ".csv", "uid,imei", func(add func(...string)) {
			for _, p := range people {
				add(p.uid, p.imei.WithCheck())
			}
		}, ","})
	for i, l := range lists {
		o.progress("lists", int64(i), int64(len(lists)))
		rows, err := l.write(o.dir)
		if err != nil {
			return err
		}
		switch l.name {
		case "gsma_tac":
			o.sum.TACs = rows
		case "stolen_list":
			o.sum.Stolen = rows
		case "registration_list":
			o.sum.Registered = rows
		}
	}
	o.progress("lists", int64(len(lists)), int64(len(lists)))
	return nil
}

// write writes the list into its archive and returns the number of rows without the header.
func (l list) write(dir string) (rows int, err error) {
	a, err := createArchive(dir, l.name, l.extension)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	w := bufio.NewWriter(a)
	fmt.Fprintln(w, l.header)
	l.rows(func(fields ...string) {
		rows++
		for i, f := range fields {
			if i > 0 {
				w.WriteString(l.separator)
			}
			w.WriteString(f)
		}
		w.WriteByte('\n')
	})
	return rows, w.Flush() // the buffer keeps the first error
}

func (o *output) directory(add func(...string)) {
	systems := [sorts]string{"Tidepool", "Proprietary", "None", "None"}
	for i := range o.models {
		m := &o.models[i]
		add(m.tac.String(), m.maker, bands[m.radio], m.allocated.Time().Format("02-Jan-2006"), "", "", "",
			strings.ReplaceAll(interfaces[m.radio], "|", ","), m.brand, m.name, systems[m.sort],
			yes(m.radio >= 4), yes(m.sort != module), yes(m.sort != module), sortNames[m.sort])
	}
}

func yes(b bool) string {
	if b {
		return "Y"
	}
	return "N"
}

func (o *output) stolenRows(add func(...string)) {
	for _, t := range o.thefts {
		if t.listed {
			add(o.faces[t.face].imei.WithCheck(), t.reported.Compact(), t.status)
		}
	}
}

// registrations lists the devices registered when they were sold. Clones and forgeries are not
// among them, but for the number they copy.
func (o *output) registrations(add func(...string)) {
	for i := range o.faces {
		f := &o.faces[i]
		if !f.registered {
			continue
		}
		m, status := &o.models[f.model], "whitelist"
		if i%7 == 0 {
			status = ""
		}
		add(f.imei.String(), m.maker, m.name, status, m.name, m.brand, sortNames[m.sort], interfaces[m.radio], fmt.Sprintf("D%d", f.device))
	}
}

// pairs lists half of the victims of clones with the cards that are theirs.
func (o *output) pairs(add func(...string)) {
	for i := range o.uses {
		us := &o.uses[i]
		f, s := &o.faces[us.face], &o.sims[us.sim]
		if f.kind == KindCloneVictim && us.face%2 == 0 {
			add(f.imei.String(), s.imsi.String(), s.msisdn.String())
		}
	}
}

// golden lists a few honest phones that must never be blocked.
func (o *output) golden(add func(...string)) {
	left := 3 + o.cfg.Population/10_000
	for i := len(o.faces) - 1; i >= 0 && left > 0; i-- {
		if o.faces[i].kind == KindDualSIM {
			add(o.faces[i].imei.String())
			left--
		}
	}
}

// barred lists some of the devices that nobody allocated, as a regulator would who knew.
func (o *output) barred(add func(...string)) {
	o.someOf(KindNonAllocated, 10, add)
}

func (o *output) monitored(add func(...string)) {
	o.someOf(KindCounterfeit, 10, add)
	o.someOf(KindCloneVictim, 10, add)
}

// someOf lists one in so many devices of a kind.
func (o *output) someOf(kind Kind, one int, add func(...string)) {
	k := 0
	for i := range o.faces {
		if o.faces[i].kind != kind {
			continue
		}
		if k%one == 0 {
			add(o.faces[i].imei.String())
		}
		k++
	}
}

// barredTACs lists the one model that only counterfeits use.
func (o *output) barredTACs(add func(...string)) {
	for i := range o.models {
		if m := &o.models[i]; m.weight == 0 && !m.second && m.sort == smartphone {
			add(m.tac.String())
			return
		}
	}
}

// enrolled is a person known to the register by a number of their own.
type enrolled struct {
	uid  string
	imsi subscriber.IMSI
	imei imei.IMEI
}

// people enrols one honest subscriber in five.
func (o *output) people(d dice) []enrolled {
	var list []enrolled
	for i := range o.uses {
		us := &o.uses[i]
		if f := &o.faces[us.face]; f.kind == KindHonest && int(us.to) == o.days-1 && d.chance(0.2) {
			list = append(list, enrolled{fmt.Sprintf("P-%07d", us.mover), o.sims[us.sim].imsi, f.imei})
		}
	}
	return list
}
