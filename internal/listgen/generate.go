package listgen

import (
	"context"
	"iter"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

// Facts is what a run reads of the lake.
type Facts interface {
	// DaysAmong yields the days on which some devices of one bucket were seen, which are sorted.
	DaysAmong(ctx context.Context, parts []device.Part, bucket int, devices []imei.IMEI) iter.Seq2[*device.Days, error]
	Pairings(ctx context.Context, parts []device.Part, bucket int) ([]device.Pairing, error)
	Keys(ctx context.Context, parts []device.Part, table string, bucket int) ([]imei.IMEI, error)
	Malformed(ctx context.Context, parts []device.Part) iter.Seq2[device.Malformed, error]
}

// Keeper keeps the lists of a run.
type Keeper interface {
	WriteRefusals(ctx context.Context, bucket int, rows []device.Refusal) (device.Part, error)
	WriteNotices(ctx context.Context, bucket int, rows []device.Notice) (device.Part, error)
	WriteExceptions(ctx context.Context, bucket int, rows []device.Exception) (device.Part, error)
}

// Generator makes a run of lists.
type Generator struct {
	Country Country
	Facts   Facts
	Keeper  Keeper

	Seen      []device.Part // of days, at least those of the look-back window
	Malformed []device.Part // of malformed identifiers
	Paired    []device.Part // of the pairing list in force
	Barred    []device.Part // of the barred list in force
	Table     string        // that the parts of the barred list are of

	Findings [device.Buckets + 1][]Finding    // by bucket, those of malformed identifiers last; each by (IMEI, Rule) or (Text, Rule)
	Lines    [device.Buckets][]Line           // see InForce; none in a shadow run
	Pairs    [device.Buckets][]device.Pairing // see InForce; none in a shadow run
}

// Run makes the lists and keeps them, each part on stable storage. The same input gives the same
// parts. Memory holds one bucket's rows.
func (g *Generator) Run(ctx context.Context) ([]device.Part, error) {
	seen := g.within(g.Seen)
	var parts []device.Part
	for bucket := range device.Buckets {
		in := &Input{Findings: g.Findings[bucket], Lines: g.Lines[bucket], Pairs: g.Pairs[bucket]}
		var err error
		if in.Pairings, err = g.Facts.Pairings(ctx, g.Paired, bucket); err != nil {
			return nil, err
		}
		if in.Barred, err = g.Facts.Keys(ctx, g.Barred, g.Table, bucket); err != nil {
			return nil, err
		}
		in.Seen = func(devices []imei.IMEI) iter.Seq2[*device.Days, error] {
			return g.Facts.DaysAmong(ctx, seen, bucket, devices)
		}
		lists, err := g.Country.Merge(in)
		if err == nil {
			parts, err = g.keep(ctx, parts, bucket, lists)
		}
		if err != nil {
			return nil, err
		}
	}
	lists, err := g.Country.MergeTexts(g.Findings[device.Buckets], g.Facts.Malformed(ctx, g.within(g.Malformed)))
	if err != nil {
		return nil, err
	}
	return g.keep(ctx, parts, 0, lists)
}

// within picks the parts of months that touch the look-back window.
func (g *Generator) within(parts []device.Part) []device.Part {
	first, _ := (g.Country.Day - device.Day(g.Country.Options.LookbackDays) + 1).Month()
	last, _ := g.Country.Day.Month()
	var out []device.Part
	for _, p := range parts {
		if p.Month >= first && p.Month <= last {
			out = append(out, p)
		}
	}
	return out
}

// keep writes the lists that have rows.
func (g *Generator) keep(ctx context.Context, parts []device.Part, bucket int, lists *Lists) ([]device.Part, error) {
	put := func(p device.Part, err error) error {
		if err == nil {
			parts = append(parts, p)
		}
		return err
	}
	if len(lists.Devices) > 0 {
		if err := put(g.Keeper.WriteRefusals(ctx, bucket, lists.Devices)); err != nil {
			return nil, err
		}
	}
	if len(lists.Notices) > 0 {
		if err := put(g.Keeper.WriteNotices(ctx, bucket, lists.Notices)); err != nil {
			return nil, err
		}
	}
	if len(lists.Exceptions) > 0 {
		if err := put(g.Keeper.WriteExceptions(ctx, bucket, lists.Exceptions)); err != nil {
			return nil, err
		}
	}
	return parts, nil
}
