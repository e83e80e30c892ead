package country

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/subscriber"
)

// Row is what one device really is, behind one IMEI it shows. "Seen" means that a network saw the
// IMEI in good form, even where the operator's faulty files do not show it.
type Row struct {
	Device     int // number of the physical device, from 1
	IMEI       imei.IMEI
	Kind       Kind
	IMSIs      []subscriber.IMSI // who was seen with it, in no order; none if never seen
	Operator   device.Operator   // the network that saw it first; "" if never seen
	From, To   device.Day        // first and last day seen; 0 if never seen
	Area       device.Area       // home of whom it was first seen with
	TimedDays  int               // days seen among the timed days, counted for each subscription
	Registered bool              // on the registration list
	Listed     bool              // on the stolen list, with a status that asks for a block
	// Conflicts counts, for a victim and its cloner, how often the timed attaches plainly show the
	// two in different places at once: stays (attaches in one area no more than an hour apart) that
	// overlap by more than a minute over 50 km apart, counted once in twelve hours.
	Conflicts int
}

// Truth says what every device really is.
type Truth struct {
	Rows   []Row // in the file's order
	byIMEI map[imei.IMEI][]int32
}

// lineMax bounds a row of the truth: a bench phone in a shop may have thousands of cards.
const lineMax = 4 << 20

// ReadTruth reads truth.csv of a directory that Generate has written.
func ReadTruth(dir string) (*Truth, error) {
	f, err := os.Open(filepath.Join(dir, truthFile))
	if err != nil {
		return nil, fmt.Errorf("opening the truth: %w", err)
	}
	defer f.Close()
	t := &Truth{byIMEI: map[imei.IMEI][]int32{}}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, lineMax)
	for n := 1; lines.Scan(); n++ {
		if n == 1 {
			if lines.Text() != truthHeader {
				return nil, problem.New(problem.Invalid, "%s: the header is not %q: make the country again", truthFile, truthHeader)
			}
			continue
		}
		r, err := parseRow(lines.Text())
		if err != nil {
			return nil, problem.New(problem.Invalid, "%s, line %d: %w", truthFile, n, err)
		}
		t.byIMEI[r.IMEI] = append(t.byIMEI[r.IMEI], int32(len(t.Rows)))
		t.Rows = append(t.Rows, r)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading the truth: %w", err)
	}
	return t, nil
}

// parseRow reads one line.
func parseRow(line string) (r Row, err error) {
	f := strings.Split(line, ",")
	if len(f) != 13 {
		return r, fmt.Errorf("a row has 13 fields, this one %d", len(f))
	}
	note := func(e error) {
		if err == nil {
			err = e
		}
	}
	integer := func(s string) int {
		n, e := strconv.Atoi(s)
		note(e)
		return n
	}
	r.Device, r.Kind, r.Operator, r.TimedDays = integer(f[0]), Kind(f[2]), device.Operator(f[5]), integer(f[9])
	m, e := imei.Parse(f[1])
	note(e)
	r.IMEI = m
	if !r.Kind.known() || (f[3] == "1") != r.Kind.Wrong() {
		note(fmt.Errorf("kind %q, wrong %q: not a kind of this version", f[2], f[3]))
	}
	for s := range strings.FieldsSeq(f[4]) {
		i, e := subscriber.ParseIMSI(s)
		note(e)
		r.IMSIs = append(r.IMSIs, i)
	}
	if f[6] != "" {
		var e1, e2 error
		r.From, e1 = device.ParseDay(f[6])
		r.To, e2 = device.ParseDay(f[7])
		note(e1)
		note(e2)
		r.Area = device.Area(integer(f[8]))
	}
	r.Registered, r.Listed = f[10] == "1", f[11] == "1"
	r.Conflicts = integer(f[12])
	return r, err
}

// Of returns what the devices that show an IMEI are; none if no device does. An IMEI that a dump
// shows and no device does is an artefact of the operator's file.
func (t *Truth) Of(m imei.IMEI) []*Row {
	var rows []*Row
	for _, i := range t.byIMEI[m] {
		rows = append(rows, &t.Rows[i])
	}
	return rows
}

// Kinds returns the distinct kinds of the devices that show an IMEI, in the file's order.
func (t *Truth) Kinds(m imei.IMEI) []Kind {
	return t.kinds(m, func(Kind) bool { return true })
}

// WrongKinds returns those of Kinds that are wrong.
func (t *Truth) WrongKinds(m imei.IMEI) []Kind { return t.kinds(m, Kind.Wrong) }

// Wrong reports whether any device that shows an IMEI is wrong.
func (t *Truth) Wrong(m imei.IMEI) bool {
	for _, i := range t.byIMEI[m] {
		if t.Rows[i].Kind.Wrong() {
			return true
		}
	}
	return false
}

func (t *Truth) kinds(m imei.IMEI, want func(Kind) bool) []Kind {
	var kinds []Kind
next:
	for _, i := range t.byIMEI[m] {
		k := t.Rows[i].Kind
		for _, have := range kinds {
			if have == k {
				continue next
			}
		}
		if want(k) {
			kinds = append(kinds, k)
		}
	}
	return kinds
}
