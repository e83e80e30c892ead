package month

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zip"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

// archive is a zip file with one member of the same name. It carries no time, so that equal
// contents are equal files.
type archive struct {
	w    *bufio.Writer
	zip  *zip.Writer
	file *os.File
}

func createArchive(dir, base, extension string) (*archive, error) {
	f, err := os.Create(filepath.Join(dir, base+".zip"))
	if err != nil {
		return nil, fmt.Errorf("creating archive: %w", err)
	}
	z := zip.NewWriter(f)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	member, err := z.CreateHeader(&zip.FileHeader{Name: base + extension, Method: zip.Deflate})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("creating archive %s: %w", base, err), f.Close())
	}
	return &archive{bufio.NewWriterSize(member, chunk), z, f}, nil
}

// Write implements io.Writer.
func (a *archive) Write(b []byte) (int, error) { return a.w.Write(b) }

// Close ends the archive.
func (a *archive) Close() error { return errors.Join(a.w.Flush(), a.zip.Close(), a.file.Close()) }

// list is one list: rows gives add its rows.
type list struct {
	name, extension, separator, header string
	rows                               func(add func(fields ...string))
}

// lists returns all lists, in the layouts of DIRBS.
func (p *plan) lists() []list {
	return []list{
		{"gsma_tac", ".txt", "|", "TAC|Manufacturer|Bands|Allocation Date|Country Code|Fixed Code|Manufacturer Code|Radio Interface|Brand Name|Model Name|Operating System|NFC|Bluetooth|WLAN|Device Type", p.directory},
		{"stolen_list", ".csv", ",", "imei,reporting_date,status", p.stolenRows},
		{"registration_list", ".csv", ",", "approved_imei,make,model,status,model_number,brand_name,device_type,radio_interface,device_id", p.registrations},
		{"pairing_list", ".csv", ",", "imei,imsi,msisdn", p.pairings},
		{"golden_list", ".csv", ",", "golden_imei", p.golden},
		{"barred_list", ".csv", ",", "imei", p.barred},
		{"barred_tac_list", ".csv", ",", "tac", p.barredTACs},
		{"monitoring_list", ".csv", ",", "imei", p.monitored},
		{"subscribers_registration_list", ".csv", ",", "uid,imsi", func(add func(...string)) { p.enrolled(add, nil) }},
		{"device_association_list", ".csv", ",", "uid,imei", func(add func(...string)) { p.enrolled(nil, add) }},
	}
}

func (l list) write(ctx context.Context, dir string) (err error) {
	a, err := createArchive(dir, l.name, l.extension)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	w := a.w // keeps the first error
	w.WriteString(l.header)
	w.WriteByte('\n')
	l.rows(func(fields ...string) {
		for i, f := range fields {
			if i > 0 {
				w.WriteString(l.separator)
			}
			w.WriteString(f)
		}
		w.WriteByte('\n')
	})
	return ctx.Err()
}

// stolenRows lists the devices of the part stolen and, up to the size of the list, devices that
// nobody saw; one in 25 of those is not yet confirmed.
func (p *plan) stolenRows(add func(...string)) {
	for k := range p.sum.Stolen {
		x := p.draw(forLists, uint64(k))
		status := [2]string{"", "blacklist"}[x>>32%2]
		d := p.unseenStolen + k - p.size(stolen)
		if k < p.size(stolen) {
			d = p.own + p.ranks[stolen] + k
		} else if k%25 == 0 {
			status = "pending"
		}
		m, _ := p.device(d)
		add(m.WithCheck(), (Last - device.Day(x%700)).Compact(), status)
	}
}

func (p *plan) registrations(add func(...string)) {
	for d := range p.unseenStolen {
		if !p.registered(d) {
			continue
		}
		m, t := p.device(d)
		add(m.WithCheck(), t.maker(), t.model(), [2]string{"", "whitelist"}[min(d%7, 1)], t.model(), t.brand(), t.sort(), strings.ReplaceAll(interfaces[t.best], ",", "|"), fmt.Sprintf("D%d", d))
	}
}

// pairings pairs one user of each cloned IMEI with it, then other subscribers with their devices,
// and, if still more are wanted, devices and subscribers that nobody saw.
func (p *plan) pairings(add func(...string)) {
	left := p.sum.Pairs
	pair := func(d int64, op int, n int64) {
		if left--; left >= 0 {
			m, _ := p.device(d)
			add(m.WithCheck(), p.imsi(op, n).String(), p.msisdn(n).String())
		}
	}
	for g := range p.groups {
		n := p.numberOf(p.groupFirst(int64(g)))
		pair(int64(g), p.operatorOf(n), n)
	}
	for rank := p.ranks[dual]; rank < p.sum.Subscribers && left > 0; rank++ {
		if s := p.byRank(rank); s.part != malformed && s.part != unknown {
			n := p.numberOf(rank)
			pair(s.first, p.operatorOf(n), n)
		}
	}
	for k := int64(0); left > 0; k++ {
		pair(p.unseen+k%(p.unseenStolen-p.unseen), int(k%4), p.sum.Subscribers+p.sum.Late+k)
	}
}

// groupFirst returns the rank of the first user of a cloned IMEI.
func (p *plan) groupFirst(group int64) int64 {
	if group == 0 {
		return 0
	}
	return p.groups[group-1]
}

// few is the size of the small lists.
func (p *plan) few() int64 { return min(1000, p.sum.Subscribers/20) }

// plain returns an honest device; the lists take theirs from different ends.
func (p *plan) plain(k int64) imei.IMEI {
	m, _ := p.device(p.own + p.ranks[honest] + k)
	return m
}

func (p *plan) golden(add func(...string)) {
	for k := range p.few() / 2 {
		add(p.plain(k).String())
	}
}

func (p *plan) barred(add func(...string)) {
	for k := range p.few() / 2 {
		add(p.plain(p.few() + k).WithCheck())
		m, _ := p.device(p.unseen + k)
		add(m.WithCheck())
	}
}

// barredTACs lists models that few have.
func (p *plan) barredTACs(add func(...string)) {
	for k := range 20 {
		add(p.tacs[300+k*100].code.String())
	}
}

func (p *plan) monitored(add func(...string)) {
	for k := range p.few() {
		add(p.plain(2*p.few() + k).String())
	}
}

// enrolled gives the persons who registered themselves: one subscriber in five. Two cards of one
// phone may be of one person.
func (p *plan) enrolled(person, association func(...string)) {
	for n := int64(0); n < p.sum.Subscribers; n += 5 {
		s := p.subscriber(n)
		uid := fmt.Sprintf("P-%09d", n)
		if s.part == dual {
			uid = fmt.Sprintf("Q-%09d", s.first)
		}
		if person != nil {
			person(uid, p.imsi(p.operatorOf(n), n).String())
		}
		if association != nil && s.part != malformed && s.part != unknown {
			m, _ := p.device(s.first)
			association(uid, m.WithCheck())
		}
	}
}

// writeTruth writes what every device is that is not plainly honest.
func (p *plan) writeTruth(dir string) (err error) {
	f, err := os.Create(filepath.Join(dir, "truth.csv"))
	if err != nil {
		return fmt.Errorf("creating the truth: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, chunk)
	fmt.Fprintln(w, "imei,kind,users,stolen")
	for g := range p.groups {
		m, _ := p.device(int64(g))
		fmt.Fprintf(w, "%s,clone,%d,0\n", m, p.groups[g]-p.groupFirst(int64(g)))
	}
	for d := range p.size(dual) / 2 {
		m, _ := p.device(p.duals + d)
		fmt.Fprintf(w, "%s,dual,2,0\n", m)
	}
	for k := range p.size(malformed) {
		fmt.Fprintf(w, "%s,malformed,1,0\n", appendMalformed(nil, k))
	}
	for k := range p.size(unknown) {
		fmt.Fprintf(w, "%s,unknown,1,0\n", p.unknownIMEI(k))
	}
	for k := range p.size(stolen) {
		m, _ := p.device(p.own + p.ranks[stolen] + k)
		fmt.Fprintf(w, "%s,stolen,1,1\n", m)
	}
	return w.Flush() // the buffer keeps the first error
}
