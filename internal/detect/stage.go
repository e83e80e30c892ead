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
	File(ctx context.Context, digest string) (ledger.FileRow, bool, error)
	Withdrawal(ctx context.Context, file string) (ledger.WithdrawalRow, bool, error)
	// Body returns the body of a record.
	Body(ctx context.Context, index uint64) ([]byte, error)
	// PartsNamed returns the rows of all files that gave a part.
	PartsNamed(ctx context.Context, digest string) ([]ledger.PartRow, error)
	// FindingParts returns the parts that hold the findings, in the order in which they count.
	FindingParts(ctx context.Context) ([]ledger.PartRow, error)
	// DueParts returns likewise those that hold the days on which to judge devices again.
	DueParts(ctx context.Context) ([]ledger.PartRow, error)
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
	// HistoriesOf, FindingsAmong and Seen read what there is of some devices of one bucket, which are
	// sorted; Devices returns those that parts of days and visits have. FindingsBy returns what some
	// rules found.
	HistoriesOf(ctx context.Context, parts []device.Part, bucket int, devices []imei.IMEI) iter.Seq2[*device.History, error]
	FindingsAmong(ctx context.Context, parts []device.Part, bucket int, devices []imei.IMEI) ([]device.Finding, error)
	FindingsBy(ctx context.Context, parts []device.Part, bucket int, rules map[string]bool) ([]device.Finding, error)
	Seen(ctx context.Context, parts []device.Part, bucket int, devices []imei.IMEI) ([]bool, error)
	Devices(ctx context.Context, parts []device.Part, bucket int) ([]imei.IMEI, error)
	Malformed(ctx context.Context, parts []device.Part) iter.Seq2[device.Malformed, error]
	// Findings returns the open findings of a bucket, sorted by (IMEI, text, rule); device.Buckets is
	// the bucket of malformed identifiers. The later parts count.
	Findings(ctx context.Context, parts []device.Part, bucket int) ([]device.Finding, error)
	WriteFindings(ctx context.Context, bucket int, rows []ledger.FindingRow) (device.Part, error)
	// Due returns the devices of a bucket that are due, sorted. The later parts count.
	Due(ctx context.Context, parts []device.Part, bucket int) ([]ledger.DueRow, error)
	WriteDue(ctx context.Context, bucket int, rows []ledger.DueRow) (device.Part, error)
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
// changed, it judges the country again, or only the devices that files speak of or that are due where
// that is the same (see scope), and writes what changed in the findings. The judging happens in a view, bucket by
// bucket, and what changed goes into the lake; the act that makes it count is all that is written in a
// transaction. Whoever dies between the two leaves parts that nobody names, which are swept.
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

// inputs are what a run judges by.
type inputs struct {
	asOf       device.Day
	conditions *Conditions
	by         string // see Stage.by
	facts      *Facts
	files      map[device.FileKind][]ledger.FileRow // of the lists in force that rules ask for
	lists      map[device.FileKind][]device.Part    // their parts, of lists that are read bucket by bucket
	parts      []device.Part                        // of what was observed
	adopted    device.Adoption
	delivered  map[device.Operator]ledger.Delivered
	coverage   Coverage
}

// gather reads what a run judges by, but what operators have delivered.
func (s *Stage[T]) gather(ctx context.Context, view T, before *findings, asOf device.Day) (in *inputs, err error) {
	in = &inputs{asOf: asOf}
	if in.conditions, err = Current(ctx, view); err != nil {
		return nil, err
	}
	in.by = s.by(in.conditions)
	for _, table := range []string{"days", "visits", "malformed"} {
		more, err := view.LiveParts(ctx, table)
		if err != nil {
			return nil, err
		}
		in.parts = append(in.parts, more...)
	}
	if err = s.readFacts(ctx, view, in); err != nil {
		return nil, err
	}
	if in.adopted, err = adoption(ctx, view, before, asOf); err != nil {
		return nil, err
	}
	in.facts.AdoptedUntil = in.adopted.Until
	return in, nil
}

// judge runs the pass over every bucket, and the one over malformed identifiers, and keeps what
// changed.
func (s *Stage[T]) judge(ctx context.Context, view T, before *findings, asOf device.Day) (*ledger.Detection, error) {
	in, err := s.gather(ctx, view, before, asOf)
	if err != nil {
		return nil, err
	}
	r := &result{before: before, in: in}
	if r.scope, err = s.scope(ctx, view, before, in); err != nil {
		return nil, err
	}
	if r.scope == nil {
		if err := s.deliveries(ctx, in, in.parts, nil); err != nil {
			return nil, err
		}
		if r.rules, err = s.amended(ctx, view, before, in); err != nil {
			return nil, err
		}
		if r.rules != nil {
			in.conditions = in.conditions.only(r.rules)
		}
	}
	for bucket := range device.Buckets {
		if r.scope == nil {
			err = s.judgeAll(ctx, r, bucket)
		} else {
			err = s.judgeTouched(ctx, r, bucket)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := s.judgeTexts(ctx, r); err != nil {
		return nil, err
	}
	return s.keep(ctx, r)
}

// result is what a run has found.
type result struct {
	before *findings
	in     *inputs
	scope  *scope                               // nil if every device was judged
	rules  map[string]bool                      // that were judged or are gone, nil if all were judged: see amended
	judged [device.Buckets][]imei.IMEI          // in the scope
	open   [device.Buckets + 1][]device.Finding // before, of the devices that were judged
	found  [device.Buckets + 1]*Part
	gone   struct{ devices, unseen int64 } // that the devices judged counted as before
}

func (in *inputs) pass(lists Lists, histories iter.Seq2[*device.History, error], open []device.Finding) *Pass {
	return &Pass{Conditions: in.conditions, Facts: *in.facts, AsOf: in.asOf, Coverage: in.coverage, Histories: histories, Lists: lists, Previous: open}
}

// judgeAll judges every device of a bucket.
func (s *Stage[T]) judgeAll(ctx context.Context, r *result, bucket int) (err error) {
	if r.open[bucket], err = s.openBy(ctx, r, bucket); err != nil {
		return err
	}
	lists, err := s.listsOf(ctx, r.in, bucket)
	if err != nil {
		return err
	}
	r.found[bucket], err = r.in.pass(lists, s.Lake.Histories(ctx, r.in.parts, bucket), r.open[bucket]).Collect()
	return err
}

// listsOf reads what the lists have of the devices of a bucket, and what was adopted of them.
func (s *Stage[T]) listsOf(ctx context.Context, in *inputs, bucket int) (Lists, error) {
	lists, err := s.Shelf.Lists(ctx, in.lists, bucket)
	if err != nil {
		return lists, err
	}
	lists.TakenOver, err = s.Shelf.Adopted(ctx, in.adopted.Parts, bucket)
	return lists, err
}

// judgeTexts judges the malformed identifiers, always all.
func (s *Stage[T]) judgeTexts(ctx context.Context, r *result) (err error) {
	in := r.in
	if r.open[device.Buckets], err = s.openBy(ctx, r, device.Buckets); err != nil {
		return err
	}
	facts := *in.facts
	if facts.Lists, err = s.texts(ctx, in.lists); err != nil {
		return err
	}
	if facts.Lists.TakenOver, err = s.Shelf.Adopted(ctx, in.adopted.Parts, device.Buckets); err != nil {
		return err
	}
	pass := Texts{Conditions: in.conditions, Facts: facts, AsOf: in.asOf, Coverage: in.coverage, Rows: s.Lake.Malformed(ctx, in.parts), Previous: r.open[device.Buckets]}
	r.found[device.Buckets], err = pass.Collect()
	return err
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

// adoption returns the adoption in force, the zero one if there is none or it has nothing more to say:
// its days are over, and a run has looked at everything with it. Then the findings that continue its
// rows have their days, and no other ever will. A rule that was stopped has not looked yet.
func adoption(ctx context.Context, view View, before *findings, asOf device.Day) (a device.Adoption, err error) {
	body, index, ok, err := view.LastBody(ctx, ledger.KindAdopt)
	if err != nil || !ok {
		return a, err
	}
	if a, err = device.Decode[device.Adoption](body); err != nil {
		return a, err
	}
	for _, n := range before.Rules {
		if n.Stopped {
			return a, nil
		}
	}
	if before.Upto > index && before.Day > a.Until {
		return device.Adoption{}, nil
	}
	return a, nil
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

// readFacts reads the lists in force that the rules ask for, and finds the parts of those that are
// read bucket by bucket.
func (s *Stage[T]) readFacts(ctx context.Context, view T, in *inputs) error {
	f, lists := &Facts{Zone: s.Zone}, map[device.FileKind][]device.Part{}
	in.facts, in.lists, in.files = f, lists, map[device.FileKind][]ledger.FileRow{}
	for _, kind := range factKinds {
		if !in.conditions.Asks(kind) {
			continue
		}
		rows, err := view.Files(ctx, kind, "")
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			continue
		}
		f.Adopted = append(f.Adopted, kind)
		in.files[kind], lists[kind] = rows, partsInForce(rows)
		if last := &rows[len(rows)-1].File; kind == device.FileTAC {
			f.TACFeed = Feed{Version: last.Digest[:16], Day: min(in.asOf, last.Added)}
		}
	}
	if parts, there := lists[device.FileTAC]; there {
		models, err := s.Shelf.Models(ctx, parts)
		if err != nil {
			return err
		}
		if len(models) > 0 {
			f.TACs = NewTACSet(models)
		}
	}
	var err error
	if f.BarredTACs, err = s.Shelf.BarredTACs(ctx, lists[device.FileBarredTAC]); err != nil {
		return err
	}
	f.Subscriptions, err = s.Shelf.Subscriptions(ctx, lists[device.FileSubscribers])
	return err
}

// partsInForce returns the parts of the list that the files, in the order of their adoption, make.
func partsInForce(rows []ledger.FileRow) []device.Part {
	files := make([]device.File, len(rows))
	for i := range rows {
		files[i] = rows[i].File
	}
	return device.PartsInForce(files)
}

// deliveries notes what each operator delivered as far back as the rules look: what the parts have,
// beside what is known.
func (s *Stage[T]) deliveries(ctx context.Context, in *inputs, parts []device.Part, known map[device.Operator]ledger.Delivered) error {
	month, _ := (in.asOf - device.Day(in.conditions.Horizon())).Month()
	days, timed, err := s.Lake.Present(ctx, parts, month)
	if err != nil {
		return err
	}
	in.delivered = map[device.Operator]ledger.Delivered{}
	for op, d := range known {
		spread(days, op, d.Days)
		spread(timed, op, d.Timed)
	}
	for _, of := range []map[device.Operator]map[device.Day]bool{days, timed} {
		for op := range of {
			d := ledger.Delivered{Days: ranges(days[op], month.First()), Timed: ranges(timed[op], month.First())}
			if len(d.Days)+len(d.Timed) > 0 {
				in.delivered[op] = d
			}
		}
	}
	in.coverage = nil
	for _, op := range s.Operators() {
		d := in.delivered[op]
		p := Present{Operator: op, Days: asRanges(d.Days), Timed: asRanges(d.Timed)}
		if len(p.Timed) > 0 {
			p.TimedSince = p.Timed[0].From // visits have a short retention: before it nothing is expected
		}
		in.coverage = append(in.coverage, p)
	}
	return nil
}

// spread adds ranges of days to those of an operator.
func spread(to map[device.Operator]map[device.Day]bool, op device.Operator, known [][2]device.Day) {
	for _, r := range known {
		for d := r[0]; d <= r[1]; d++ {
			if to[op] == nil {
				to[op] = map[device.Day]bool{}
			}
			to[op][d] = true
		}
	}
}

func asRanges(days [][2]device.Day) (out []Range) {
	for _, r := range days {
		out = append(out, Range{r[0], r[1]})
	}
	return out
}

// ranges joins days, from one on, into ranges.
func ranges(days map[device.Day]bool, from device.Day) [][2]device.Day {
	var out [][2]device.Day
	for _, d := range slices.Sorted(maps.Keys(days)) {
		if n := len(out); n > 0 && out[n-1][1] == d-1 {
			out[n-1][1] = d
		} else if d >= from {
			out = append(out, [2]device.Day{d, d})
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
func said(ch *Changes, devices, unseen int64) map[string]string {
	text := map[string]string{"devices": fmt.Sprint(devices), "listed devices never seen": fmt.Sprint(unseen)}
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
