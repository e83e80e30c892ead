// Package observe is where what was seen on the networks enters: it reads operators' dumps, the TAC
// directory, the lists that regulators keep and the EIRs' segments, judges them, and hands them to the lake and
// the register.
//
// # One file, whole or not at all
//
// An import goes through these steps, and a file that fails one leaves no trace but its results
// file:
//
//  1. The file is hashed. A digest that is adopted already is reported as such; nothing is written.
//  2. It is read as a stream, from a zip with exactly one member or plain. Limits come before
//     parsing: bytes, ratio and members of the zip, length of a line, text encoding.
//  3. The header must be exactly that of the layout. Each row is checked field by field. A row that
//     breaks the layout is refused, listed in the results file, and counted.
//  4. An identifier that has the layout's alphabet but is not of its form (an IMEI without fourteen
//     leading digits, perhaps because zeros were stripped) is never repaired and never dropped: its
//     row goes, as text, to the lake's table malformed. If the IMEI is well formed and a number of the
//     subscriber is not, the row is a sighting all the same, without that number; and without both, if
//     the IMSI is malformed, since counting the MSISDN could make one subscriber look like two.
//  5. The gates (see Gates) judge the file as a whole. The first failing fixed check or all failing
//     gates are the error. Lists are stricter than dumps: one refused row refuses a list, because a
//     missing row of a list is a change of its meaning.
//  6. Parts are written to the lake and synced. A crash until here leaves orphans for the sweep.
//  7. Register.Adopt makes the file count, in one transaction. This is the only moment at which
//     anything changes.
//
// A sighting is a day, a radio and three identifiers in 24 bytes; sightings are cut by month and
// bucket, sorted by radix, and folded into one row for each (IMEI, IMSI, MSISDN) with a bitmap of
// days. Memory is bounded by runRows and foldedRows, whatever the size of the file.
//
// # Layouts
//
// The layouts are those in use with national systems today:
//
//	operator                       date,imei,imsi,msisdn[,rat]   the name ends _YYYYMMDD_YYYYMMDD, all
//	                               rows within
//	gsma_tac                       pipe separated, any order: TAC, Manufacturer, Bands, Allocation Date,
//	                               Model Name, Device Type, and any others, which are kept as JSON
//	stolen_list                    imei,reporting_date,status
//	registration_list              approved_imei,make,model,status,model_number,brand_name,device_type,
//	                               radio_interface,device_id
//	pairing_list                   imei,imsi,msisdn
//	golden_list                    golden_imei   also as MD5 of the fourteen digits, in hex
//	barred_list, monitoring_list   imei
//	barred_tac_list                tac
//	subscribers_registration_list  uid,imsi
//	device_association_list        uid,imei
//
// Dates are YYYYMMDD (DD-Mon-YYYY in the TAC directory). RAT codes are three digits joined by pipes:
// 001 to 010, 051, 052 and 101 to 105 of TS 29.061 §16.4.7.2.
//
// # Lists
//
// A list comes as a full file, which takes the place of what was in force, or as a delta file, which
// has one more column, change_type: add, remove or, where a row has more than its key, update. See
// device.PartsInForce for what is in force then. Rows that are equal are one row. Two rows with one
// key and other fields, or with two change types, contradict each other: the file is refused, and no
// gate lets it through. So is a delta that does not fit the list in force, unless its gate is off. A
// row with a malformed identifier is kept apart as text and is not on the list. The barred and the
// monitoring list keep since when each device has been on them, through full files too.
package observe

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/subscriber"
)

// Register keeps the catalogue of files. A withdrawn file is as if it had never been adopted.
type Register interface {
	// File returns an adopted file by its digest.
	File(ctx context.Context, digest string) (device.File, bool, error)
	// Files returns the adopted files of a kind, of one operator unless op is empty, in the order
	// of their adoption.
	Files(ctx context.Context, kind device.FileKind, op device.Operator) ([]device.File, error)
	// Adopt makes a file count, in one transaction that is synced when Adopt returns. Adopting a
	// digest that is adopted changes nothing.
	Adopt(ctx context.Context, f device.File) error
	// Withdraw takes an adopted file back.
	Withdraw(ctx context.Context, digest, reason string) error
}

// Lake keeps what was seen. Every written part is on stable storage when the call returns, and
// the same rows give the same part.
type Lake interface {
	Sightings
	Facts
	// Hold keeps parts that no file names yet from being swept, until release.
	Hold() (release func(), err error)
}

// Sightings is the half of Lake for what the networks saw. Rows are sorted; see internal/lake.
type Sightings interface {
	WriteDays(ctx context.Context, month device.Month, bucket int, rows iter.Seq[*device.Days]) (device.Part, error)
	WriteVisits(ctx context.Context, month device.Month, bucket int, rows iter.Seq[*device.Visit]) (device.Part, error)
	WriteMalformed(ctx context.Context, month device.Month, rows iter.Seq[*device.Malformed]) (device.Part, error)
}

// Facts is the half of Lake for lists. Writers are given the rows of one bucket, or of the whole list
// where it is not cut by device, sorted by key; readers give what the parts in force hold.
type Facts interface {
	WriteTACs(ctx context.Context, rows Changes[device.TAC]) (device.Part, error)
	WriteStolen(ctx context.Context, bucket int, rows Changes[device.Stolen]) (device.Part, error)
	WriteRegistrations(ctx context.Context, bucket int, rows Changes[device.Registration]) (device.Part, error)
	WritePairings(ctx context.Context, bucket int, rows Changes[device.Pairing]) (device.Part, error)
	WriteGolden(ctx context.Context, rows Changes[device.Golden]) (device.Part, error)
	WriteListed(ctx context.Context, table string, bucket int, rows Changes[device.Listed]) (device.Part, error)
	WriteBarredTACs(ctx context.Context, rows Changes[imei.TAC]) (device.Part, error)
	WriteSubscribers(ctx context.Context, rows Changes[device.Person]) (device.Part, error)
	WriteAssociations(ctx context.Context, bucket int, rows Changes[device.Association]) (device.Part, error)

	// Allocated returns the membership of the TAC directory in the parts, and its size.
	Allocated(ctx context.Context, parts []device.Part) (func(imei.TAC) bool, int, error)
	// Keys returns the devices of one bucket of a table with one row for a device.
	Keys(ctx context.Context, parts []device.Part, table string, bucket int) ([]imei.IMEI, error)
	Stolen(ctx context.Context, parts []device.Part, bucket int) ([]device.Stolen, error)
	Listed(ctx context.Context, parts []device.Part, table string, bucket int) ([]device.Listed, error)
	Pairings(ctx context.Context, parts []device.Part, bucket int) ([]device.Pairing, error)
	Golden(ctx context.Context, parts []device.Part) ([]device.Golden, error)
	BarredTACs(ctx context.Context, parts []device.Part) ([]imei.TAC, error)
	Persons(ctx context.Context, parts []device.Part) ([]device.Person, error)
	Associations(ctx context.Context, parts []device.Part, bucket int) ([]device.Association, error)
}

// Changes are rows of a list with what they do to the list in force.
type Changes[T any] = iter.Seq2[device.Change, *T]

// Country says what is at home here.
type Country struct {
	MCC         []string // mobile country codes, three digits each
	CountryCode []string // telephone country codes, without plus
	Pseudonyms  bool     // whether subscribers come as keyed pseudonyms, and never as clear numbers
	// Operators are the networks whose files are taken, with the PLMNs of their own subscribers.
	Operators map[device.Operator][]subscriber.PLMN
}

// Importer takes files in. All fields but those marked optional are needed. It may be used for
// several imports at once, also of the same file.
type Importer struct {
	Lake     Lake
	Register Register
	Gates    Gates
	Country  Country
	Zone     *time.Location // the country's civil time
	Now      func() time.Time
	Progress func(done, total int64) // optional: bytes of the file read so far, and its size
	Visits   bool                    // whether the country lets time-and-place rules be used: keep visits
	Results  string                  // optional: directory for results files; else beside the imported file
}

// Report is what came of an import. It is filled as far as the import came, also beside an error.
type Report struct {
	File    device.File // as adopted, or as it would have been
	Already bool        // the same bytes are adopted already; nothing was done
	Lines   int64       // rows read, without the header
	Skipped int64       // rows of a dump that name no device at all, and repeated rows of a list
	Results string      // path of the results file; empty if every row was taken
	Gates   []Verdict   // what the gates found, those that passed too
	// Warnings are things that a person should know and that do not stop the import.
	Warnings []string
}

// Options say how a list file is to be read.
type Options struct {
	Delta     bool // the file has changes only, see device.PartsInForce
	PreHashed bool // the golden list has hashes
}

// Import takes in one file of a kind: of an operator's dump op tells whose it is. The error, if
// any, says what to do next; then nothing was taken in.
func (im *Importer) Import(ctx context.Context, path string, kind device.FileKind, op device.Operator) (Report, error) {
	return im.ImportWith(ctx, path, kind, op, Options{})
}

// ImportWith is Import with options.
func (im *Importer) ImportWith(ctx context.Context, path string, kind device.FileKind, op device.Operator, o Options) (Report, error) {
	rep := Report{File: device.File{Kind: kind, Operator: op, Delta: o.Delta}}
	read := readerOf(kind)
	switch {
	case read == nil:
		return rep, problem.New(problem.Invalid, "there is no kind of file %q: the kinds are %v", kind, device.Imports())
	case o.Delta && kind == device.FileOperator:
		return rep, problem.New(problem.Invalid, "an operator's dump is never a delta: every dump adds to what was seen")
	case o.PreHashed && kind != device.FileGolden:
		return rep, problem.New(problem.Invalid, "only a %s can be hashed", device.FileGolden)
	}
	if err := im.checkOperator(kind, op); err != nil {
		return rep, err
	}
	src, err := openSource(ctx, path, im.Progress)
	if err != nil {
		return rep, err
	}
	defer src.close()
	rep.File.Digest, rep.File.Name = src.digest, src.name
	if done, err := im.already(ctx, &rep); done || err != nil {
		return rep, err
	}
	release, err := im.Lake.Hold()
	if err != nil {
		return rep, err
	}
	defer release()
	if err := read(im, ctx, src, &rep, o); err != nil {
		return rep, err
	}
	if err := src.unchanged(); err != nil {
		return rep, err
	}
	if im.Progress != nil {
		im.Progress(src.info.Size(), src.info.Size())
	}
	return rep, im.Register.Adopt(ctx, rep.File)
}

// Withdraw takes back an adopted file and all its effect.
func (im *Importer) Withdraw(ctx context.Context, digest, reason string) error {
	if reason == "" {
		return problem.New(problem.Invalid, "withdrawing %s: say why", digest)
	}
	_, ok, err := im.Register.File(ctx, digest)
	if err != nil {
		return err
	}
	if !ok {
		return problem.New(problem.NotFound, "no file with digest %s is adopted: list the files to find the digest; it is that of the file as received", digest)
	}
	return im.Register.Withdraw(ctx, digest, reason)
}

func (im *Importer) checkOperator(kind device.FileKind, op device.Operator) error {
	plmns, known := im.Country.Operators[op]
	switch {
	case kind == device.FileOperator && op == "":
		return problem.New(problem.Invalid, "say which operator the dump is from")
	case kind != device.FileOperator && kind != device.FileSegment && op != "":
		return problem.New(problem.Invalid, "a %s is of the whole country: leave the operator out", kind)
	case op != "" && !known:
		return problem.New(problem.Invalid, "operator %q is not in the configuration: correct the name, or add the operator with its PLMNs", op)
	case kind == device.FileOperator && (len(im.Country.MCC) == 0 || len(im.Country.CountryCode) == 0):
		return problem.New(problem.Invalid, "the configuration has no mobile country code or no telephone country code: add both, they tell who is at home")
	case kind == device.FileOperator && len(plmns) == 0:
		return problem.New(problem.Invalid, "operator %q has no PLMNs in the configuration: add them, they tell its own subscribers from others'", op)
	}
	return nil
}

// already finds an earlier adoption of the same bytes.
func (im *Importer) already(ctx context.Context, rep *Report) (bool, error) {
	f, ok, err := im.Register.File(ctx, rep.File.Digest)
	if err != nil || !ok {
		return false, err
	}
	if f.Kind != rep.File.Kind || f.Operator != rep.File.Operator || f.Delta != rep.File.Delta {
		return true, problem.New(problem.Conflict, "these bytes are adopted already, as %s %s of %q: withdraw %s first if that was a mistake, or zip this file if both are meant, as two empty lists may be", f.Kind, f.Name, f.Operator, f.Digest)
	}
	rep.File, rep.Already = f, true
	return true, im.outdated(ctx, rep)
}

// outdated warns if later files of the same list are in force. Nothing is done then either, so that a
// script that begins again does not bring an old list back.
func (im *Importer) outdated(ctx context.Context, rep *Report) error {
	f := &rep.File
	if f.Kind == device.FileOperator || f.Kind == device.FileSegment {
		return nil
	}
	files, err := im.Register.Files(ctx, f.Kind, "")
	if err != nil || len(files) == 0 || files[len(files)-1].Digest == f.Digest {
		return err
	}
	rep.Warnings = append(rep.Warnings, fmt.Sprintf("later files of this list are in force, the last one is %s: if the list is to be what this file says, take it back and import it again", files[len(files)-1].Name))
	return nil
}
