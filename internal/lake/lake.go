// Package lake keeps what was observed, and the bulk facts, as Parquet files that nobody ever
// changes. It is the only package that knows Parquet.
//
// # Tables
//
// A part is one file of one table. All are compressed with zstd and have plain columns, so that any
// Parquet tool reads them:
//
//	days       imei int64, imsi int64 null, msisdn int64 null, operator string, month date,
//	           seen_unknown, seen_2g, seen_3g, seen_4g, seen_5g uint32: bit 0 is the 1st of the month
//	visits     imei int64, imsi int64 null, msisdn int64 null, operator string, area int32,
//	           from_minute, to_minute int32: minutes since 1970-01-01 UTC
//	malformed  imei, imsi, msisdn string as received, operator string, day date, reason string,
//	           list string: the kind of list that the row came from, empty for a sighting
//	tacs       tac int32, manufacturer, model, device_type, bands string, allocated date null,
//	           other string: a JSON object of the directory's other columns
//
// and the lists, each with a column change (add, remove or update; full files have add only):
//
//	stolen         imei int64, reported date null, status string
//	registrations  imei int64, make, model, status, model_number, brand_name, device_type,
//	               radio_interface, device_id string
//	pairings       imei int64, imsi int64, msisdn int64
//	golden         md5 fixed[16]
//	barred         imei int64, since date      monitored likewise
//	barred_tacs    tac int32
//	subscribers    imsi int64, uid string
//	associations   imei int64, uid string
//
// and the runs of lists that operators were given (see internal/listgen), and the open findings (see
// TableFindings) with the days on which to judge devices again (see TableDue):
//
//	list_devices     imei int64, text string, block_date date, reasons string, amnesty, pending int32
//	list_notices     imei int64, text string, imsi, msisdn int64, operator string, block_date date,
//	                 reasons string, amnesty, paired int32
//	list_exceptions  imei int64, imsi int64 null, msisdn int64 null, operator string
//	findings         imei int64, text, rule, version string, since date, found, block, ended, again
//	                 date null, strength, pairs int32, best int64 null: a subscriber.ID, amnesty,
//	                 incomplete, closed int32, params, evidence string: JSON objects of texts
//	due              imei int64, day date null
//
// and what was taken over from another system (see internal/adopt):
//
//	adopted  imei int64, text string, rule string, since date, block_date date null, amnesty int32
//
// Month is the first day of the month. Numbers are without leading zeros: an IMEI has 14 digits.
// Days are sorted by (imei, imsi, msisdn, operator), nulls first, visits by (imei, from_minute,
// subscriber, area, operator), facts by their key, which is the first columns up to uid or the
// numbers. Days and visits are cut by month and by device.BucketOf, lists of devices by the latter,
// so that one bucket can be judged without reading the others. A file gives one part of a list for
// each bucket that is not empty.
//
// A list in force is made of the parts that device.PartsInForce names, in that order: the rows of
// one full file, then those of delta files over them. Readers of lists lay one over the other.
//
// # Names and commit
//
// A part is named by the SHA-256 of its bytes, and its path follows from its table, month, bucket
// and digest. It is written under a temporary name, synced, renamed, and its directory synced; only
// then may the register adopt it, and only the register's manifest decides which parts count. A
// crash at any moment leaves files that no manifest names; Sweep removes them. The same rows always
// give the same bytes, so writing a part twice is writing it once.
//
// Writers hold the lake (Hold) from before their first part until the register has adopted it,
// which keeps Sweep out for that long, in this process and in others. A killed process lets go.
//
// # One source, its own parts
//
// Every source file yields its own parts, and parts of different sources are never joined into one.
// Taking a file back is then dropping exactly its parts, with nothing to compute and nothing to get
// wrong; what it costs is that a reader merges as many parts as there were files. Joining old parts
// (compaction) will need a manifest that still knows which rows came from where; it is not done yet.
package lake

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
)

// The names of the tables, as device.Part.Table has them.
const (
	TableDays      = "days"
	TableVisits    = "visits"
	TableMalformed = "malformed"
	TableTACs      = "tacs"
	TableStolen    = "stolen"

	TableRegistrations = "registrations"
	TablePairings      = "pairings"
	TableGolden        = "golden"
	TableBarred        = "barred"
	TableBarredTACs    = "barred_tacs"
	TableMonitored     = "monitored"
	TableSubscribers   = "subscribers"
	TableAssociations  = "associations"
)

// Tables are all of them.
func Tables() []string {
	return []string{TableDays, TableVisits, TableMalformed, TableTACs, TableStolen, TableRegistrations, TablePairings,
		TableGolden, TableBarred, TableBarredTACs, TableMonitored, TableSubscribers, TableAssociations,
		TableListDevices, TableListNotices, TableListExceptions, TableAdopted, TableFindings, TableDue}
}

// Lake is a directory of parts. It must not be copied after first use.
type Lake struct {
	// Dir is the directory; it is made when the first part is written.
	Dir string

	mu    sync.Mutex      // guards made
	made  map[string]bool // directories known to exist and to be synced into their parents
	holds sync.RWMutex    // Hold takes it shared, Sweep alone; see also the lock file
}

// Path returns where a part is kept.
func (l *Lake) Path(p device.Part) string {
	name := p.Digest + ".parquet"
	switch p.Table {
	case TableDays, TableVisits:
		return filepath.Join(l.Dir, p.Table, p.Month.String(), fmt.Sprintf("b%d", p.Bucket), name)
	case TableMalformed:
		return filepath.Join(l.Dir, p.Table, p.Month.String(), name)
	}
	return filepath.Join(l.Dir, p.Table, name)
}

// ensure makes a directory and those above it, each synced into its parent.
func (l *Lake) ensure(dir string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ensureLocked(filepath.Clean(dir))
}

func (l *Lake) ensureLocked(dir string) error {
	if l.made[dir] {
		return nil
	}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return problem.New(problem.Invalid, "%s is a file: the lake needs a directory there", dir)
	}
	if parent := filepath.Dir(dir); parent != dir && dir != filepath.Clean(l.Dir) {
		if err := l.ensureLocked(parent); err != nil {
			return err
		}
		if err := os.Mkdir(dir, 0o750); err != nil && !os.IsExist(err) {
			return fmt.Errorf("making lake directory: %w", err)
		}
		if err := syncDir(parent); err != nil {
			return err
		}
	} else if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("making lake directory: %w", err)
	} else if err := syncDir(filepath.Dir(dir)); err != nil {
		return err
	}
	if l.made == nil {
		l.made = make(map[string]bool)
	}
	l.made[dir] = true
	return nil
}

// syncDir makes renames in a directory last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("syncing directory: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("syncing directory: %w", err)
	}
	return nil
}
