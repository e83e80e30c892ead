// Package month makes up the data by which speed is measured: one month of four operators, of the
// size and with the properties of the set on which the figures of DIRBS-Core were taken, so that a
// figure of ours stands beside one of theirs. Where package country makes people up and lets them
// live, this package only deals cards: whatever the size, every row is computed from its number and
// the seed, so memory does not grow and the same configuration gives the same bytes.
//
// # What is in it
//
// Rows observation rows of one month of thirty days, by four operators in the shares 4, 3, 2, 1. A
// subscriber is seen on one to nineteen days, ten on average, so there is one subscriber for every
// ten rows. Each subscriber has one part, dealt by rank:
//
//	1.5 %  of the subscribers use cloned IMEIs, in groups of 2 to 400 (Pareto, exponent 1)
//	5 %    are the two cards of dual-SIM phones that have one IMEI
//	0.3 %  have a malformed IMEI, one in six of them the value of all zeros
//	5 %    change the device in the month
//	2 %    have an IMEI of a TAC that is in no directory
//	0.3 %  have a device that is on the stolen list
//	       the rest have one honest device
//
// One row in two hundred lacks one of its fields. The directory has 20,000 TACs, popular by Zipf's
// law with exponent 1.05. Nine devices in ten are registered; the registration list has half as many
// again that nobody saw. The stolen list has 50,000 rows whatever the size, most of them never seen.
//
// # What is written
//
//	month.yaml          the configuration of the centre, the operators and the summary; written last
//	gsma_tac.zip, stolen_list.zip, registration_list.zip, pairing_list.zip, golden_list.zip,
//	barred_list.zip, barred_tac_list.zip, monitoring_list.zip, subscribers_registration_list.zip,
//	device_association_list.zip
//	dumps/OPERATOR_FROM_TO.zip    date,imei,imsi,msisdn,rat, day by day, subscribers in no order
//	late/OPERATOR_FROM_TO.zip     rows that come after the first run: see Config.Late
//	truth.csv                     imei,kind,users,stolen of every device that is not plainly honest
//
// Networks have the PLMNs 999 01 to 999 04 of the private MCC, and numbers a country code nobody
// has.
package month

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/subscriber"
)

// Version changes whenever the same configuration would give other bytes: part of the name of a
// kept set.
const Version = 2

// Config says what month to make. Rows is required; every other field works when zero.
type Config struct {
	// Rows is the number of observation rows, from 10,000 to 1,000,000,000; rounded down to a
	// multiple of 200.
	Rows int64
	// Seed chooses among months of the same kind.
	Seed uint64
	// Pairs is the number of rows of the pairing list. Default one for every 500 rows.
	Pairs int64
	// Late is the number of rows that operator4 delivers afterwards, each of which changes something:
	// another day of a subscriber, or a new subscriber. Default 50,000, at most one for 20 rows.
	Late int64
}

// First and Last are the days of the month: June 2026.
const (
	First = device.Day(20605)
	Last  = First + days - 1
	days  = 30
)

// MCC and CountryCode are those of the country.
const (
	MCC         = "999"
	CountryCode = "999"
)

// Operator is one network of the month.
type Operator struct {
	Name device.Operator
	PLMN subscriber.PLMN
	part int64 // of ten
}

// Operators returns the four networks.
func Operators() []Operator {
	return []Operator{{"operator1", "99901", 4}, {"operator2", "99902", 3}, {"operator3", "99903", 2}, {"operator4", "99904", 1}}
}

// Summary counts what was written.
type Summary struct {
	Rows        int64 // of all dumps, without the late one
	Subscribers int64
	// Triplets is the number of distinct (IMEI, IMSI, MSISDN) with a well-formed IMEI, each of one
	// operator; those of which a field is missing in their only row are counted too.
	Triplets   int64
	Devices    int64 // distinct well-formed IMEIs that were seen, the all-zero one apart
	Clones     int64 // cloned IMEIs
	Malformed  int64 // subscribers with a malformed IMEI, the all-zero one included
	Unknown    int64 // devices of an unknown TAC
	Registered int64 // rows of the registration list
	Stolen     int64 // rows of the stolen list
	Pairs      int64 // rows of the pairing list
	Late       int64 // rows of the late dump
}

// Generate writes the month into dir, which it creates. It refuses a directory that already holds
// one. On error or cancellation files may remain, without month.yaml.
func Generate(ctx context.Context, cfg Config, dir string) (Summary, error) {
	p, err := newPlan(cfg)
	if err != nil {
		return Summary{}, err
	}
	if _, err := os.Lstat(filepath.Join(dir, summaryFile)); err == nil {
		return Summary{}, problem.New(problem.Conflict, "%s already holds a month: name a new directory, or remove the old one first", dir)
	}
	for _, sub := range []string{"dumps", "late"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return Summary{}, fmt.Errorf("creating the month's directory: %w", err)
		}
	}
	var jobs []func() error
	for i := range p.ops {
		jobs = append(jobs, func() error { return p.writeDump(ctx, dir, i) })
	}
	jobs = append(jobs, func() error { return p.writeLate(dir) }, func() error { return p.writeTruth(dir) })
	for _, l := range p.lists() {
		jobs = append(jobs, func() error { return l.write(ctx, dir) })
	}
	if err := all(jobs); err != nil {
		return Summary{}, err
	}
	return p.sum, p.writeSummary(dir)
}

// all does jobs at the same time and waits for them.
func all(jobs []func() error) error {
	var group sync.WaitGroup
	errs := make([]error, len(jobs))
	for i, job := range jobs {
		group.Go(func() { errs[i] = job() })
	}
	group.Wait()
	return errors.Join(errs...)
}

const summaryFile = "month.yaml"

// Dumps returns the paths of the operators' files in a directory that Generate filled, in the order
// of Operators.
func Dumps(dir string) []string {
	var out []string
	for _, op := range Operators() {
		out = append(out, filepath.Join(dir, "dumps", dumpName(op.Name, First, Last)+".zip"))
	}
	return out
}

// Late returns the path of the file that comes after the first run, of the last of Operators.
func Late(dir string) string {
	return filepath.Join(dir, "late", dumpName("operator4", First, Last)+".zip")
}

func dumpName(op device.Operator, from, to device.Day) string {
	return fmt.Sprintf("%s_%s_%s", op, from.Compact(), to.Compact())
}

func (p *plan) writeSummary(dir string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "version: %d\nseed: %d\nmcc: %q\ncountry_code: %q\nfirst_day: %q\nlast_day: %q\noperators:\n", Version, p.cfg.Seed, MCC, CountryCode, First, Last)
	for _, op := range p.ops {
		fmt.Fprintf(&b, "  - name: %s\n    plmns: [%q]\n", op.Name, op.PLMN)
	}
	s := &p.sum
	for _, n := range []struct {
		name  string
		value *int64
	}{{"rows", &s.Rows}, {"subscribers", &s.Subscribers}, {"triplets", &s.Triplets}, {"devices", &s.Devices}, {"clones", &s.Clones},
		{"malformed", &s.Malformed}, {"unknown", &s.Unknown}, {"registered", &s.Registered}, {"stolen", &s.Stolen}, {"pairs", &s.Pairs}, {"late", &s.Late}} {
		fmt.Fprintf(&b, "%s: %d\n", n.name, *n.value)
	}
	return os.WriteFile(filepath.Join(dir, summaryFile), []byte(b.String()), 0o644)
}

// ReadSummary reads back what Generate wrote into a directory; false if no month is complete there.
func ReadSummary(dir string) (s Summary, ok bool, err error) {
	text, err := os.ReadFile(filepath.Join(dir, summaryFile))
	if errors.Is(err, os.ErrNotExist) {
		return s, false, nil
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		into := map[string]*int64{"rows": &s.Rows, "subscribers": &s.Subscribers, "triplets": &s.Triplets, "devices": &s.Devices, "clones": &s.Clones,
			"malformed": &s.Malformed, "unknown": &s.Unknown, "registered": &s.Registered, "stolen": &s.Stolen, "pairs": &s.Pairs, "late": &s.Late}[name]
		if into != nil {
			if _, err := fmt.Sscan(value, into); err != nil {
				return s, false, fmt.Errorf("reading %s: %w", summaryFile, err)
			}
		}
	}
	return s, err == nil, err
}
