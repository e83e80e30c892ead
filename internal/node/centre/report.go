package centre

import (
	"context"
	"iter"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/detect"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/lake"
	"github.com/openceir/openceir/internal/stats"
)

// Standard makes the standard report of a month.
func (t *Centre) Standard(ctx context.Context, m device.Month) (*stats.Standard, error) {
	in, _, err := t.reportInput(ctx)
	if err != nil {
		return nil, err
	}
	return in.Standard(ctx, m)
}

// Listing makes one of the other reports.
func (t *Centre) Listing(ctx context.Context, name string, o stats.Options) (*stats.Listing, error) {
	in, lists, err := t.reportInput(ctx)
	if err != nil {
		return nil, err
	}
	if err := t.reportFacts(ctx, &in.Facts, lists); err != nil {
		return nil, err
	}
	return in.List(ctx, name, o)
}

// lists are the parts of the lists in force, by kind; a kind that is not there is not in force.
type lists map[device.FileKind][]device.Part

var listKinds = []device.FileKind{device.FileTAC, device.FileStolen, device.FileRegistration, device.FilePairing, device.FileGolden,
	device.FileBarred, device.FileBarredTAC, device.FileMonitoring, device.FileSubscribers, device.FileAssociation}

// listsInForce reads which parts make up each list.
func listsInForce(ctx context.Context, tx *Tx) (lists, error) {
	out := lists{}
	for _, kind := range listKinds {
		rows, err := tx.Files(ctx, kind, "")
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			continue
		}
		files := make([]device.File, len(rows))
		for i := range rows {
			files[i] = rows[i].File
		}
		out[kind] = device.PartsInForce(files)
	}
	return out, nil
}

// reportInput gathers what reports are made of, in one consistent view.
func (t *Centre) reportInput(ctx context.Context) (*stats.Input, lists, error) {
	in := &stats.Input{Rows: t.Lake, Operators: t.operators(), Country: "country", Software: version()}
	var of lists
	var malformed []device.Part
	err := t.view(ctx, func(tx *Tx) (err error) {
		if in.AsOf, _, err = tx.LastDay(ctx); err != nil {
			return err
		}
		if in.Parts, err = tx.LiveParts(ctx, lake.TableDays); err != nil {
			return err
		}
		if malformed, err = tx.LiveParts(ctx, lake.TableMalformed); err != nil {
			return err
		}
		if of, err = listsInForce(ctx, tx); err != nil {
			return err
		}
		if in.Conditions, err = reportConditions(ctx, tx); err != nil {
			return err
		}
		var held []stats.Finding
		for f, err := range tx.BareFindings(ctx) {
			if err != nil {
				return err
			}
			if r, ok := reportFinding(&f.Finding); ok {
				held = append(held, r)
			}
		}
		in.Findings = all(held)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	in.Malformed = t.Lake.Malformed(ctx, malformed)
	if parts := of[device.FileTAC]; parts != nil {
		directory, err := t.Lake.TACs(ctx, parts)
		if err != nil {
			return nil, nil, err
		}
		in.Model = func(tac imei.TAC) (device.TAC, bool) { return directory.Lookup(tac) }
	}
	return in, of, nil
}

// reportConditions returns the conditions in force as reports name them.
func reportConditions(ctx context.Context, tx *Tx) ([]stats.Condition, error) {
	current, err := detect.Current(ctx, tx)
	if err != nil {
		return nil, err
	}
	var out []stats.Condition
	for _, c := range current.All() {
		out = append(out, stats.Condition{Label: c.Name, Blocking: c.Effect == detect.Prohibited, Reason: c.Ground, Version: c.Version()})
	}
	return out, nil
}

// reportFinding returns a finding as reports count it, if it holds and is of a device.
func reportFinding(f *device.Finding) (stats.Finding, bool) {
	return stats.Finding{IMEI: f.IMEI, Rule: f.Rule, Block: f.Block}, f.Text == "" && f.Ended == 0
}

// reportFacts reads the lists that listings compare with.
func (t *Centre) reportFacts(ctx context.Context, f *stats.Facts, of lists) (err error) {
	for bucket := range device.Buckets {
		if err := gather(&f.Stolen, of[device.FileStolen], func(p []device.Part) ([]device.Stolen, error) { return t.Lake.Stolen(ctx, p, bucket) }); err != nil {
			return err
		}
		if err := gather(&f.Pairings, of[device.FilePairing], func(p []device.Part) ([]device.Pairing, error) { return t.Lake.Pairings(ctx, p, bucket) }); err != nil {
			return err
		}
		if err := gather(&f.Associations, of[device.FileAssociation], func(p []device.Part) ([]device.Association, error) { return t.Lake.Associations(ctx, p, bucket) }); err != nil {
			return err
		}
	}
	if err := gather(&f.Golden, of[device.FileGolden], func(p []device.Part) ([]device.Golden, error) { return t.Lake.Golden(ctx, p) }); err != nil {
		return err
	}
	return gather(&f.Persons, of[device.FileSubscribers], func(p []device.Part) ([]device.Person, error) { return t.Lake.Persons(ctx, p) })
}

// gather appends what read gives, so that a list in force is not nil even if nobody is on it.
func gather[T any](to *[]T, parts []device.Part, read func([]device.Part) ([]T, error)) error {
	if parts == nil {
		return nil
	}
	rows, err := read(parts)
	*to = append(*to, rows...)
	if *to == nil {
		*to = []T{}
	}
	return err
}

// all yields the values of a slice, none of which fails.
func all[T any](values []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range values {
			if !yield(v, nil) {
				return
			}
		}
	}
}
