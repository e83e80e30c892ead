package listgen

import (
	"context"
	"iter"
	"slices"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

// Facts is what a run reads of the lake.
type Facts interface {
	Days(ctx context.Context, parts []device.Part, bucket int) iter.Seq2[*device.Days, error]
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

	Findings []Finding        // by (Text, IMEI, Rule)
	Lines    []Line           // see InForce; none in a shadow run
	Pairs    []device.Pairing // see InForce; none in a shadow run
}

// Run makes the lists and keeps them, each part on stable storage. The same input gives the same
// parts. Memory holds one bucket's rows.
func (g *Generator) Run(ctx context.Context) ([]device.Part, error) {
	whole := slices.IndexFunc(g.Findings, func(f Finding) bool { return f.Text != "" })
	if whole < 0 {
		whole = len(g.Findings)
	}
	findings := cut(g.Findings[:whole], func(f *Finding) imei.IMEI { return f.IMEI })
	lines := cut(g.Lines, func(l *Line) imei.IMEI { return l.IMEI })
	pairs := cut(g.Pairs, func(p *device.Pairing) imei.IMEI { return p.IMEI })
	seen := g.within(g.Seen)
	var parts []device.Part
	for bucket := range device.Buckets {
		in := &Input{Findings: findings[bucket], Lines: lines[bucket], Pairs: pairs[bucket]}
		var err error
		if in.Pairings, err = g.Facts.Pairings(ctx, g.Paired, bucket); err != nil {
			return nil, err
		}
		if in.Barred, err = g.Facts.Keys(ctx, g.Barred, g.Table, bucket); err != nil {
			return nil, err
		}
		if len(in.Findings) > 0 { // nobody is notified without one
			in.Seen = g.Facts.Days(ctx, seen, bucket)
		}
		lists, err := g.Country.Merge(in)
		if err == nil {
			parts, err = g.keep(ctx, parts, bucket, lists)
		}
		if err != nil {
			return nil, err
		}
	}
	lists, err := g.Country.MergeTexts(g.Findings[whole:], g.Facts.Malformed(ctx, g.within(g.Malformed)))
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

// cut deals rows out to their buckets, in their order.
func cut[T any](rows []T, of func(*T) imei.IMEI) [device.Buckets][]T {
	var n [device.Buckets]int
	for i := range rows {
		n[device.BucketOf(of(&rows[i]))]++
	}
	var out [device.Buckets][]T
	for b := range out {
		out[b] = make([]T, 0, n[b])
	}
	for i := range rows {
		b := device.BucketOf(of(&rows[i]))
		out[b] = append(out[b], rows[i])
	}
	return out
}
