package observe

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/internal/segment"
	"github.com/openceir/openceir/subscriber"
)

// Accept takes in a segment of an EIR's observations, which the caller knows to be from op: it gives
// days, and visits where the country keeps them. The name is for the catalogue. A segment is taken
// whole or not at all, but a row whose IMEI is not even of the layouts' alphabet, or whose time is
// not plausible, is refused alone: an EIR cannot correct what it saw.
func (im *Importer) Accept(ctx context.Context, op device.Operator, name string, data []byte) (Report, error) {
	rep := Report{File: device.File{Kind: device.FileSegment, Operator: op, Name: name}}
	if _, known := im.Country.Operators[op]; !known {
		return rep, problem.New(problem.Refused, "operator %q is not in the configuration: add it with its PLMNs", op)
	}
	if len(data) > segment.Max {
		return rep, problem.New(problem.Invalid, "segment %s has %d bytes, at most %d are taken: write shorter segments", name, len(data), segment.Max)
	}
	sum := sha256.Sum256(data)
	rep.File.Digest = hex.EncodeToString(sum[:])
	if done, err := im.already(ctx, &rep); done || err != nil {
		return rep, err
	}
	r, err := segment.NewReader(bytes.NewReader(data))
	if err != nil {
		return rep, problem.New(problem.Invalid, "segment %s: %w; send it again from the EIR's spool", name, err)
	}
	if r.Operator() != op {
		return rep, problem.New(problem.Refused, "segment %s says it is of operator %q and came from %q: correct the EIR's configuration", name, r.Operator(), op)
	}
	release, err := im.Lake.Hold()
	if err != nil {
		return rep, err
	}
	defer release()
	s := &stays{
		rep: &rep, visits: make(map[pileKey][]device.Visit),
		fold: newFolder(im.Lake, op), apart: &apart{lake: im.Lake},
		end: device.Minute(im.Now().Unix()/60) + skewMinutes, keep: im.Visits, form: form(im.Country.Pseudonyms),
	}
	if err := s.read(ctx, r); err != nil {
		return rep, err
	}
	if err := s.flush(ctx, im.Lake); err != nil {
		return rep, err
	}
	return rep, im.Register.Adopt(ctx, rep.File)
}

type pileKey struct {
	month  device.Month
	bucket int
}

// stays turns the rows of one segment into days and visits.
type stays struct {
	rep    *Report
	fold   *folder
	apart  *apart
	visits map[pileKey][]device.Visit
	end    device.Minute // no stay may end after it
	keep   bool          // visits
	form   form
}

// dayZero is the first day that rows may have; earlier ones come from a clock that was never set.
var dayZero = device.Date(2000, 1, 1)

func (s *stays) read(ctx context.Context, r *segment.Reader) error {
	var row segment.Row
	for {
		err := r.Next(&row)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return problem.New(problem.Invalid, "segment %s: %w; nothing was taken; send it again from the EIR's spool", s.rep.File.Name, err)
		}
		s.rep.Lines++
		if err := cmp.Or(s.form.check(subscriber.Of(row.IMSI, 0)), s.form.check(subscriber.Of(0, row.MSISDN))); err != nil {
			return problem.New(problem.Invalid, "segment %s, row %d: %w", s.rep.File.Name, s.rep.Lines, err)
		}
		if err := s.add(ctx, &row); err != nil {
			return err
		}
	}
}

func (s *stays) add(ctx context.Context, row *segment.Row) error {
	f := &s.rep.File
	text := []byte(row.IMEI)
	switch {
	case row.First < dayZero || row.To > s.end:
		s.refuse("the time is before 2000 or in the future: the EIR's clock is wrong")
		return nil
	case len(text) == 0:
		s.rep.Skipped++
		return nil
	case len(text) > 16 || !inAlphabet(text):
		s.refuse(errIMEI.Error())
		return nil
	}
	if f.From == 0 || row.First < f.From {
		f.From = row.First
	}
	f.To = max(f.To, row.Last)
	m, why := normal(text)
	if why != "" {
		f.Malformed++
		return s.apart.add(ctx, device.Malformed{
			IMEI: row.IMEI, IMSI: row.IMSI.String(), MSISDN: row.MSISDN.String(), Operator: f.Operator, Day: row.First, Reason: why,
		})
	}
	f.Rows++
	return s.take(ctx, m, row)
}

func (s *stays) refuse(why string) {
	s.rep.File.Refused++
	if len(s.rep.Warnings) < 10 {
		s.rep.Warnings = append(s.rep.Warnings, fmt.Sprintf("row %d: %s", s.rep.Lines, why))
	}
}

func (s *stays) take(ctx context.Context, m imei.IMEI, row *segment.Row) error {
	bucket := device.BucketOf(m)
	for d := row.First; d <= row.Last; d++ {
		month, n := d.Month()
		if err := s.fold.add(ctx, month, bucket, sightingOf(m, row.IMSI, row.MSISDN, n, 1<<row.Radio)); err != nil {
			return err
		}
	}
	if s.keep {
		month, _ := row.First.Month()
		k := pileKey{month, bucket}
		s.visits[k] = append(s.visits[k], device.Visit{
			IMEI: m, Subscriber: subscriber.Of(row.IMSI, row.MSISDN), Operator: s.rep.File.Operator,
			Area: row.Area, From: row.From, To: row.To,
		})
	}
	return nil
}

// flush writes the parts. Those of one segment are small; the parts of a day are many.
func (s *stays) flush(ctx context.Context, lake Sightings) error {
	if err := s.fold.flush(ctx); err != nil {
		return err
	}
	if err := s.apart.flush(ctx); err != nil {
		return err
	}
	keys := make([]pileKey, 0, len(s.visits))
	for k := range s.visits {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b pileKey) int {
		return cmp.Or(cmp.Compare(a.month, b.month), cmp.Compare(a.bucket, b.bucket))
	})
	parts := slices.Concat(s.fold.parts, s.apart.parts)
	for _, k := range keys {
		rows := s.visits[k]
		slices.SortFunc(rows, compareVisits)
		part, err := lake.WriteVisits(ctx, k.month, k.bucket, func(yield func(*device.Visit) bool) {
			for i := range rows {
				if !yield(&rows[i]) {
					return
				}
			}
		})
		if err != nil {
			return err
		}
		parts = append(parts, part)
	}
	s.rep.File.Parts = parts
	return nil
}

func compareVisits(a, b device.Visit) int {
	return cmp.Or(cmp.Compare(a.IMEI, b.IMEI), cmp.Compare(a.From, b.From), cmp.Compare(a.Subscriber, b.Subscriber),
		cmp.Compare(a.Area, b.Area), cmp.Compare(a.Operator, b.Operator), cmp.Compare(a.To, b.To))
}
