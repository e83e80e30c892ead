package detect

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
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
	// FindingParts returns the parts that hold the findings, in the order in which they count.
	FindingParts(ctx context.Context) ([]ledger.PartRow, error)
	// OlderFindings returns the findings of a register whose acts hold them: see ledger.OlderFindings.
	OlderFindings(ctx context.Context) ([]device.Finding, error)
}

// Tx is what the stage writes through.
type Tx interface {
	View
	Batch() *ledger.Batch
}

// Lake is what the stage reads of the lake, sightings, and where it keeps findings. Whoever steps the
// stage holds the lake meanwhile: no act names the parts before the step's own.
type Lake interface {
	Histories(ctx context.Context, parts []device.Part, bucket int) iter.Seq2[*device.History, error]
	Malformed(ctx context.Context, parts []device.Part) iter.Seq2[device.Malformed, error]
	// Findings returns the open findings of a bucket, sorted by (IMEI, text, rule); device.Buckets is
	// the bucket of malformed identifiers. The later parts count.
	Findings(ctx context.Context, parts []device.Part, bucket int) ([]device.Finding, error)
	WriteFindings(ctx context.Context, bucket int, rows []ledger.FindingRow) (device.Part, error)
	Present(ctx context.Context, parts []device.Part, from device.Month) (days, timed map[device.Operator]map[device.Day]bool, err error)
}

// Shelf is what the stage reads of the lists in force. It is given the parts of those that the
// rules ask for.
type Shelf interface {
	// Models returns the TAC directory.
	Models(ctx context.Context, parts []device.Part) ([]device.TAC, error)
	BarredTACs(ctx context.Context, parts []device.Part) ([]imei.TAC, error)
	// Subscriptions are sorted by IMSI.
	Subscriptions(ctx context.Context, parts []device.Part) ([]Subscription, error)
	// Lists returns what the lists have of the devices of one bucket.
	Lists(ctx context.Context, parts map[device.FileKind][]device.Part, bucket int) (Lists, error)
	// Adopted returns what was adopted of the devices of one bucket, by device.CompareAdopted; the bucket
	// device.Buckets is that of malformed identifiers.
	Adopted(ctx context.Context, parts []device.Part, bucket int) ([]device.Adopted, error)
}

// Stage is the stage "detect": whenever a file came or went, the day moved on or the conditions
// changed, it judges the country again and writes what changed in the findings. The judging happens
// in a view, bucket by bucket; only the changes are written in a transaction.
type Stage[T Tx] struct {
	Lake  Lake
	Shelf Shelf
	Zone  *time.Location
	// Operators are the networks that the country expects data of.
	Operators func() []device.Operator
}

// Name returns "detect".
func (s *Stage[T]) Name() string { return ledger.StageDetect }

// triggers are the records after which findings may change.
var triggers = []receipt.Kind{ledger.KindFile, ledger.KindWithdrawal, ledger.KindConditions, ledger.KindDay, ledger.KindAdopt}

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
	found, err := s.findings(ctx, view)
	if err != nil {
		return nil, after, err
	}
	d, err := s.judge(ctx, view, found, day.Day)
	if err != nil {
		return nil, after, fmt.Errorf("judging the country as of %s: %w", day.Day, err)
	}
	d.Upto = upto
	return func(ctx context.Context, tx T) error {
		if err := found.unchanged(ctx, tx); err != nil {
			return err
		}
		return write(tx.Batch(), d, after)
	}, upto, nil
}

// judge runs the pass over every bucket, and the one over malformed identifiers, and keeps what
// changed.
func (s *Stage[T]) judge(ctx context.Context, view T, before *findings, asOf device.Day) (*ledger.Detection, error) {
	conditions, err := Current(ctx, view)
	if err != nil {
		return nil, err
	}
	var parts []device.Part
	for _, table := range []string{"days", "visits", "malformed"} {
		more, err := view.LiveParts(ctx, table)
		if err != nil {
			return nil, err
		}
		parts = append(parts, more...)
	}
	facts, lists, err := s.facts(ctx, view, conditions, asOf)
	if err != nil {
		return nil, err
	}
	coverage, err := s.coverage(ctx, parts, asOf-device.Day(conditions.Horizon()))
	if err != nil {
		return nil, err
	}
	var open [device.Buckets + 1][]device.Finding
	for bucket := range open {
		if open[bucket], err = s.open(ctx, before, bucket); err != nil {
			return nil, err
		}
	}
	adopted, err := adoption(ctx, view)
	if err != nil {
		return nil, err
	}
	facts.AdoptedUntil = adopted.Until
	found := make([]*Part, device.Buckets+1)
	for bucket := range device.Buckets {
		pass := Pass{Conditions: conditions, Facts: *facts, AsOf: asOf, Coverage: coverage,
			Histories: s.Lake.Histories(ctx, parts, bucket), Previous: open[bucket]}
		if pass.Lists, err = s.Shelf.Lists(ctx, lists, bucket); err != nil {
			return nil, err
		}
		if pass.Lists.TakenOver, err = s.Shelf.Adopted(ctx, adopted.Parts, bucket); err != nil {
			return nil, err
		}
		if found[bucket], err = pass.Collect(); err != nil {
			return nil, err
		}
	}
	if facts.Lists, err = s.texts(ctx, lists); err != nil {
		return nil, err
	}
	if facts.Lists.TakenOver, err = s.Shelf.Adopted(ctx, adopted.Parts, device.Buckets); err != nil {
		return nil, err
	}
	pass := Texts{Conditions: conditions, Facts: *facts, AsOf: asOf, Coverage: coverage, Rows: s.Lake.Malformed(ctx, parts), Previous: open[device.Buckets]}
	if found[device.Buckets], err = pass.Collect(); err != nil {
		return nil, err
	}
	return s.keep(ctx, before, Settle(Base{}, found...), &open)
}

// texts reads what the lists have of malformed identifiers.
func (s *Stage[T]) texts(ctx context.Context, lists map[device.FileKind][]device.Part) (*Lists, error) {
	l := &Lists{Texts: map[string]Marks{}}
	for _, kind := range factKinds {
		for row, err := range s.Lake.Malformed(ctx, lists[kind]) {
			if err != nil {
				return nil, err
			}
			if text, whole := Normal(row.IMEI); !whole && text != "" && len(l.Texts) < maxTexts {
				m := l.Texts[text]
				m.list(kind, row.Day)
				l.Texts[text] = m
			}
		}
	}
	return l, nil
}

// list notes that a list has the identifier. Of a malformed one nothing else is known.
func (m *Marks) list(kind device.FileKind, since device.Day) {
	switch kind {
	case device.FileStolen:
		m.OnStolen = true
	case device.FileRegistration:
		m.Registered = true
	case device.FileAssociation:
		m.Associated = true
	case device.FileBarred:
		m.OnBarred, m.Barred = true, since
	case device.FileMonitoring:
		m.OnMonitored, m.Monitored = true, since
	}
}

// adoption returns the adoption in force, the zero one if there is none.
func adoption(ctx context.Context, view View) (a device.Adoption, err error) {
	body, _, ok, err := view.LastBody(ctx, ledger.KindAdopt)
	if err != nil || !ok {
		return a, err
	}
	return device.Decode[device.Adoption](body)
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

// facts reads the lists in force that the rules ask for, and returns the parts of those that are
// read bucket by bucket.
func (s *Stage[T]) facts(ctx context.Context, view T, conditions *Conditions, asOf device.Day) (*Facts, map[device.FileKind][]device.Part, error) {
	f, lists := &Facts{Zone: s.Zone}, map[device.FileKind][]device.Part{}
	for _, kind := range factKinds {
		if !conditions.Asks(kind) {
			continue
		}
		rows, err := view.Files(ctx, kind, "")
		if err != nil {
			return nil, nil, err
		}
		if len(rows) == 0 {
			continue
		}
		f.Adopted = append(f.Adopted, kind)
		files := make([]device.File, len(rows))
		for i := range rows {
			files[i] = rows[i].File
		}
		lists[kind] = device.PartsInForce(files)
		if last := &files[len(files)-1]; kind == device.FileTAC {
			f.TACFeed = Feed{Version: last.Digest[:16], Day: min(asOf, last.Added)}
		}
	}
	if parts, there := lists[device.FileTAC]; there {
		models, err := s.Shelf.Models(ctx, parts)
		if err != nil {
			return nil, nil, err
		}
		if len(models) > 0 {
			f.TACs = NewTACSet(models)
		}
	}
	var err error
	if f.BarredTACs, err = s.Shelf.BarredTACs(ctx, lists[device.FileBarredTAC]); err != nil {
		return nil, nil, err
	}
	f.Subscriptions, err = s.Shelf.Subscriptions(ctx, lists[device.FileSubscribers])
	return f, lists, err
}

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

// write appends what the run found.
func write(b *ledger.Batch, found *ledger.Detection, after uint64) error {
	c := receipt.Content{Kind: ledger.KindFindings, Key: ledger.KeyOf("findings", fmt.Sprint(after), fmt.Sprint(found.Upto)),
		By: receipt.Author{Sort: receipt.Office, Name: ledger.StageDetect}}
	d, err := ledger.NewDraft(b.Random(), c, device.Encode(found), nil)
	if err == nil {
		_, err = b.Append(d)
	}
	return err
}

// said is what the run says of itself: its input, and for each rule what it matched.
func said(ch *Changes) map[string]string {
	text := map[string]string{"devices": fmt.Sprint(ch.Devices), "listed devices never seen": fmt.Sprint(ch.Unseen)}
	for _, r := range ch.Rules {
		s := fmt.Sprintf("matched %d, opened %d, changed %d, closed %d", r.Matched, r.Opened, r.Changed, r.Closed)
		if r.Ended > 0 {
			s += fmt.Sprintf(", ended %d and kept", r.Ended)
		}
		switch {
		case r.Stopped:
			s += "; stopped: it matches more than its share of devices"
		case r.Suspended:
			s += "; suspended: missing " + strings.Join(r.Missing, ", ")
		case len(r.Missing) > 0:
			s += fmt.Sprintf("; incomplete: missing %v", r.Missing)
		}
		text["rule "+r.Rule] = s
	}
	return text
}
