// Package country makes a whole country up from a seed: its towns, people, subscriptions, devices
// and networks, the honest behaviours that look suspicious, the wrongdoing, and the faults of the
// operators, and writes what its regulator would be given, with the truth beside it.
//
// # What is simulated
//
// Everything reduces to one noun, the use: one subscription sits in one device (more exactly,
// behind one of the IMEIs a device shows, a face) and moves about with one mover, from one day to
// another. A phone that is sold is two uses of one face; a phone with two cards is two faces with
// one mover; a cloned number is one IMEI on two faces with two movers; a repair shop is a face that
// never moves, with hundreds of uses of a day or three. The people are planned first, in one
// thread (honest.go, events.go, wrong.go, theft.go, box.go): each person lives through at most one
// of the things that may happen, so the plans never contradict each other.
//
// Whether a use is seen on a day, on which radios, where and how often, is then drawn from a
// stream of its own for each (use, day), and the itinerary of a mover from one for each (mover,
// day). So the monthly dumps and the timed attaches are written separately, in parallel and in any
// order, and agree: an attach has its row in a dump, but for the faults of the files. The same
// configuration gives the same bytes, whatever the number of processors. (On another architecture a
// place may round to the next cell, for some fuse a multiplication with an addition.)
//
// Honest devices obey physics. People live, work and travel in one country of 300 by 300 km of
// open ocean near the equator, at no more than 90 km/h in a straight line by road and 600 by air,
// and a device that changes hands rests for a day, so that no honest device is ever in two places.
//
// # What is written
//
//	country.yaml             mcc, country_code, zone, first and last day, operators with their plmns
//	gsma_tac.zip             the TAC directory
//	stolen_list.zip, registration_list.zip, pairing_list.zip, golden_list.zip, barred_list.zip,
//	barred_tac_list.zip, monitoring_list.zip, subscribers_registration_list.zip,
//	device_association_list.zip
//	                         one CSV member each, in the layouts of DIRBS
//	dumps/OP_FROM_TO.zip     what each operator saw, a file a month: date,imei,imsi,msisdn,rat
//	attaches/OP.csv.gz       the timed attaches of the last days, sorted: see package replay
//	truth.csv                what every device really is: see Truth
//
// country.yaml is written last: where it exists, the rest is complete. Networks have the test MCC
// 001, telephone numbers a country code nobody has, and visitors come from the private MCC 999: no
// real country and no real person is in it. TACs have the form of real ones and are made up; where
// one equals a real one, it is by chance.
//
// # Faults of the files
//
// One operator's file lacks a day. Another delivers the last day of a month in the next file, whose
// name and range begin a day early. A third, in one system, loses leading zeros, so honest devices
// appear with a 1 in front that are in no directory. About three rows in a thousand have a
// malformed or empty value, two in a thousand come twice, and rows come in blocks of subscribers,
// not sorted. All stay well inside the usual quality gates. An IMEI that a dump shows and the truth
// does not know is such an artefact, or the all-zero value.
package country

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
)

// Summary counts what was written.
type Summary struct {
	First, Last  device.Day // the period, both included
	TimedFrom    device.Day // first day of the timed attaches
	Subscribers  int        // subscriptions of the country; one ported or replaced counts again
	Roamers      int        // visiting subscriptions
	Devices      int        // physical devices
	Faces        int        // IMEIs shown by devices: rows of truth.csv
	Kinds        map[Kind]int
	TACs         int                            // rows of the directory
	Stolen       int                            // rows of the stolen list
	Registered   int                            // rows of the registration list
	Dumps        int                            // dump files
	Rows         int64                          // rows of all dumps, duplicates included
	RowsOf       map[device.Operator]int64      // of them by operator
	Attaches     int64                          // timed attaches of all operators
	Malformed    int64                          // rows of dumps with a malformed or empty value
	Duplicates   int64                          // rows of dumps that repeat the row before
	Stripped     int64                          // rows of dumps whose IMEI lost a leading zero
	SubscriberNo map[device.Operator]int        // subscriptions by operator, visitors excluded
	MissingDay   map[device.Operator]device.Day // a day absent from an operator's files
	LateDay      map[device.Operator]device.Day // a day delivered in the following file
}

// Generate makes the country and writes it into dir, which it creates; it refuses a directory that
// already holds one. The progress function, if any, is called from one goroutine at a time with
// the stage's name and how far it is, in the stage's own unit. On error or cancellation files may
// remain, without country.yaml.
func Generate(ctx context.Context, cfg Config, dir string, progress func(stage string, done, total int64)) (Summary, error) {
	n, err := plan(cfg)
	if err != nil {
		return Summary{}, err
	}
	if progress == nil {
		progress = func(string, int64, int64) {}
	}
	if err := prepare(dir); err != nil {
		return Summary{}, err
	}
	progress("people", int64(len(n.sims)), int64(len(n.sims)))
	o := &output{nation: n, dir: dir, progress: progress, sum: n.summary()}
	for _, stage := range []func(context.Context) error{o.writeDumps, o.writeAttaches, o.writeLists, o.writeTruth, o.writeCountry} {
		if err := stage(ctx); err != nil {
			return Summary{}, err
		}
	}
	return o.sum, nil
}

// output is one run of Generate after planning.
type output struct {
	*nation
	dir      string
	progress func(stage string, done, total int64)
	sum      Summary
	sights   []sight // of clones and victims, filled in with the attaches
}

func prepare(dir string) error {
	for _, name := range []string{"country.yaml", truthFile, "dumps", "attaches"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return problem.New(problem.Conflict, "%s already holds %s: name a new directory, or remove the old country first", dir, name)
		}
	}
	for _, sub := range []string{"dumps", "attaches"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return fmt.Errorf("creating the country's directory: %w", err)
		}
	}
	return nil
}

func (o *output) writeCountry(context.Context) error {
	var b strings.Builder
	fmt.Fprintf(&b, "mcc: %q\ncountry_code: %q\nzone: UTC\nfirst_day: %q\nlast_day: %q\noperators:\n",
		o.ops[0].PLMN.MCC(), countryCode, o.first, o.cfg.Last)
	for _, op := range o.ops {
		fmt.Fprintf(&b, "  - name: %s\n    plmns: [%q]\n", op.Name, op.PLMN)
	}
	return os.WriteFile(filepath.Join(o.dir, "country.yaml"), []byte(b.String()), 0o644)
}
