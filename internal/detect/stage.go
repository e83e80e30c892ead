package detect

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/receipt"
)

// View is what the stage reads of the register.
type View interface {
	Head(ctx context.Context) (ledger.Head, error)
	Leaves(ctx context.Context, from uint64, kinds ...receipt.Kind) iter.Seq2[ledger.Leaf, error]
	// LastBody returns the body of the last record of a kind, and its index.
	LastBody(ctx context.Context, kind receipt.Kind) (body []byte, index uint64, ok bool, err error)
	// LiveParts returns the parts of the files in force, of one table.
	LiveParts(ctx context.Context, table string) ([]device.Part, error)
	// Files returns the files of a kind in force, in the order of their adoption.
	Files(ctx context.Context, kind device.FileKind, op device.Operator) ([]ledger.FileRow, error)
	// Findings yields the open findings by (IMEI, rule).
	Findings(ctx context.Context) iter.Seq2[ledger.FindingRow, error]
}

// Tx is what the stage writes through.
type Tx interface {
	View
	Batch() *ledger.Batch
}

// Lake is what the stage reads of the lake.
type Lake interface {
	Histories(ctx context.Context, parts []device.Part, bucket int) iter.Seq2[*device.History, error]
	Allocated(ctx context.Context, parts []device.Part) (func(imei.TAC) bool, int, error)
	Stolen(ctx context.Context, parts []device.Part, bucket int) ([]device.Stolen, error)
	Present(ctx context.Context, parts []device.Part, from device.Month) (days, timed map[device.Operator]map[device.Day]bool, err error)
}

// Stage is the stage "detect": whenever a file came or went, the day moved on or the conditions
// changed, it judges the country again and writes what changed in the findings. The judging happens
// in a view, bucket by bucket; only the changes are written in a transaction.
type Stage[T Tx] struct {
	Lake Lake
	Zone *time.Location
	// Operators are the networks that the country expects data of.
	Operators func() []device.Operator
}

// Name returns "detect".
func (s *Stage[T]) Name() string { return ledger.StageDetect }

// triggers are the records after which findings may change.
var triggers = []receipt.Kind{ledger.KindFile, ledger.KindWithdrawal, ledger.KindConditions, ledger.KindDay}

// Look judges the country if there is anything new.
func (s *Stage[T]) Look(ctx context.Context, view T, after uint64) (func(context.Context, T) error, uint64, error) {
	fresh := false
	for _, err := range view.Leaves(ctx, after, triggers...) {
		if err != nil {
			return nil, after, err
		}
		fresh = true
		break
	}
	if !fresh {
		return nil, after, nil
	}
	body, _, ok, err := view.LastBody(ctx, ledger.KindDay)
	if err != nil || !ok {
		return nil, after, err // no day is complete yet
	}
	day, err := device.Decode[ledger.Day](body)
	if err != nil {
		return nil, after, err
	}
	head, err := view.Head(ctx)
	if err != nil {
		return nil, after, err
	}
	upto := head.Size
	changes, err := s.judge(ctx, view, day.Day)
	if err != nil {
		return nil, after, fmt.Errorf("judging the country as of %s: %w", day.Day, err)
	}
	return func(_ context.Context, tx T) error { return write(tx.Batch(), changes, after, upto) }, upto, nil
}

// judge runs the pass over every bucket.
func (s *Stage[T]) judge(ctx context.Context, view T, asOf device.Day) (*Changes, error) {
	conditions, err := Current(ctx, view)
	if err != nil {
		return nil, err
	}
	var parts []device.Part
	for _, table := range []string{"days", "visits"} {
		more, err := view.LiveParts(ctx, table)
		if err != nil {
			return nil, err
		}
		parts = append(parts, more...)
	}
	facts, listed, err := s.facts(ctx, view, asOf)
	if err != nil {
		return nil, err
	}
	coverage, err := s.coverage(ctx, parts, asOf-device.Day(conditions.Horizon()))
	if err != nil {
		return nil, err
	}
	var previous []device.Finding
	for f, err := range view.Findings(ctx) {
		if err != nil {
			return nil, err
		}
		previous = append(previous, f.Finding)
	}
	found := make([]*Part, device.Buckets)
	for bucket := range found {
		stolen, err := s.Lake.Stolen(ctx, listed, bucket)
		if err != nil {
			return nil, err
		}
		pass := Pass{Conditions: conditions, Facts: *facts, AsOf: asOf, Coverage: coverage,
			Histories: s.Lake.Histories(ctx, parts, bucket),
			Stolen:    inBucket(stolen, bucket, func(r device.Stolen) imei.IMEI { return r.IMEI }),
			Previous:  inBucket(previous, bucket, func(f device.Finding) imei.IMEI { return f.IMEI })}
		if found[bucket], err = pass.Collect(); err != nil {
			return nil, err
		}
	}
	return Settle(Base{}, found...), nil
}

func inBucket[R any](rows []R, bucket int, key func(R) imei.IMEI) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		for _, r := range rows {
			if device.BucketOf(key(r)) == bucket && !yield(r, nil) {
				return
			}
		}
	}
}

// Current returns the conditions in force: those last recorded, or the default.
func Current(ctx context.Context, view View) (*Conditions, error) {
	body, _, ok, err := view.LastBody(ctx, ledger.KindConditions)
	if err != nil {
		return nil, err
	}
	if !ok {
		return Default(), nil
	}
	return Load(body)
}

// facts reads the TAC directory in force, and names the parts of the stolen list in force.
func (s *Stage[T]) facts(ctx context.Context, view T, asOf device.Day) (*Facts, []device.Part, error) {
	f := &Facts{Zone: s.Zone}
	files, err := view.Files(ctx, device.FileStolen, "")
	if err != nil {
		return nil, nil, err
	}
	all := make([]device.File, len(files))
	for i := range files {
		all[i] = files[i].File
	}
	stolen := device.PartsInForce(all)
	file, ok, err := lastFile(ctx, view, device.FileTAC)
	if err != nil || !ok {
		return f, stolen, err
	}
	known, n, err := s.Lake.Allocated(ctx, file.Parts)
	if n > 0 {
		f.TACs = knownTACs(known)
		f.TACFeed = Feed{Version: file.Digest[:16], Day: min(asOf, file.Added)}
	}
	return f, stolen, err
}

func lastFile(ctx context.Context, view View, kind device.FileKind) (f device.File, ok bool, err error) {
	files, err := view.Files(ctx, kind, "")
	if err != nil || len(files) == 0 {
		return f, false, err
	}
	return files[len(files)-1].File, true, nil
}

type knownTACs func(imei.TAC) bool

func (k knownTACs) Known(t imei.TAC) bool { return k(t) }

// coverage says what each operator delivered from a day on.
func (s *Stage[T]) coverage(ctx context.Context, parts []device.Part, from device.Day) (Coverage, error) {
	month, _ := from.Month()
	days, timed, err := s.Lake.Present(ctx, parts, month)
	if err != nil {
		return nil, err
	}
	var out Coverage
	for _, op := range s.Operators() {
		p := Present{Operator: op, Days: ranges(days[op])}
		if len(timed[op]) > 0 {
			p.Timed = ranges(timed[op])
			p.TimedSince = p.Timed[0].From // visits have a short retention: before it nothing is expected
		}
		out = append(out, p)
	}
	return out, nil
}

// ranges joins days into ranges.
func ranges(days map[device.Day]bool) []Range {
	var out []Range
	for _, d := range slices.Sorted(maps.Keys(days)) {
		if n := len(out); n > 0 && out[n-1].To == d-1 {
			out[n-1].To = d
		} else {
			out = append(out, Range{d, d})
		}
	}
	return out
}

// write appends what changed, unless another process has looked meanwhile.
func write(b *ledger.Batch, ch *Changes, after, upto uint64) error {
	body := ledger.Changes{Upto: upto, Day: ch.AsOf, Open: append(slices.Clone(ch.Opened), ch.Changed...), Text: said(ch)}
	for _, c := range ch.Closed {
		body.Closed = append(body.Closed, ledger.FindingKey{IMEI: c.Finding.IMEI, Rule: c.Finding.Rule})
	}
	c := receipt.Content{Kind: ledger.KindFindings, Key: ledger.KeyOf("findings", fmt.Sprint(after), fmt.Sprint(upto)),
		By: receipt.Author{Sort: receipt.Office, Name: ledger.StageDetect}}
	d, err := ledger.NewDraft(b.Random(), c, device.Encode(body), nil)
	if err == nil {
		_, err = b.Append(d)
	}
	return err
}

// said is what the run says of itself: its input, and for each rule what it matched.
func said(ch *Changes) map[string]string {
	text := map[string]string{"devices": fmt.Sprint(ch.Devices), "stolen devices never seen": fmt.Sprint(ch.Unseen)}
	for _, r := range ch.Rules {
		s := fmt.Sprintf("matched %d, opened %d, changed %d, closed %d", r.Matched, r.Opened, r.Changed, r.Closed)
		switch {
		case r.Stopped:
			s += "; stopped: it matches more than its share of devices"
		case r.Suspended:
			s += "; suspended: the facts it needs are missing or stale"
		case len(r.Missing) > 0:
			s += fmt.Sprintf("; incomplete: missing %v", r.Missing)
		}
		text["rule "+r.Rule] = s
	}
	return text
}
