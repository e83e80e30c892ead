package adopt

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// Runs reads the lists of a run of ours, each in its order, a batch of rows after the other.
type Runs interface {
	Refusals(ctx context.Context, parts []device.Part) iter.Seq2[[]device.Refusal, error]
	Notices(ctx context.Context, parts []device.Part) iter.Seq2[[]device.Notice, error]
	Exceptions(ctx context.Context, parts []device.Part) iter.Seq2[[]device.Exception, error]
}

// File is what is known here of one device whose rows differ.
type File struct {
	Findings []device.Finding
	Pairings []device.Pairing
	Barred   bool          // it or its model
	Golden   bool          // it is on the golden list
	Seen     []device.Days // whenever it was
}

// Known finds what is known here.
type Known interface {
	// Look fills in the files of devices of one bucket.
	Look(ctx context.Context, bucket int, files map[imei.IMEI]*File) error
	// LookTexts fills in those of malformed identifiers.
	LookTexts(ctx context.Context, files map[string]*File) error
	// PairedElsewhere tells for each of the subscribers whether a pairing of another device names their
	// IMSI or number.
	PairedElsewhere(ctx context.Context, who []device.Pairing) ([]bool, error)
}

// Rule is what comparing needs of a rule in force.
type Rule struct {
	Name   string
	Reason string // as lists have it
	Blocks bool   // it asks for refusing
	May    bool   // a policy lets it refuse
	Off    string // why it found nothing the last time, "" if it could
	// Differs says how it differs, by design, from the condition it continues; where Numbers is set,
	// only for a device that was seen with a number that is none.
	Differs []string
	Numbers bool
}

// Comparer compares the lists of another system with a run of ours.
type Comparer struct {
	Theirs *Taken // with lists
	Ours   Runs
	Run    *device.ListRun
	Rules  []Rule
	Home   func(subscriber.IMSI) (device.Operator, bool)
	Known  Known
}

// difference is a row that only one has, or that they have differently.
type difference struct {
	list     string
	operator device.Operator
	imei     imei.IMEI
	text     string
	imsi     subscriber.IMSI
	msisdn   subscriber.MSISDN
	theirs   *told
	ours     *told
	paired   bool // ours has the subscriber, as one who is not notified
}

// told is what a row tells beside its key.
type told struct {
	block   device.Day
	reasons string
	amnesty bool
}

// Compare finds and explains every difference.
func (c *Comparer) Compare(ctx context.Context) (*Comparison, error) {
	e := &explaining{Comparer: c, rules: map[string][]*Rule{}, here: map[string]device.Refusal{}, out: newComparison(c)}
	for i := range c.Rules {
		r := &c.Rules[i]
		e.rules[r.Reason] = append(e.rules[r.Reason], r)
	}
	var diffs []difference
	if err := e.notices(ctx, &diffs); err != nil {
		return nil, err
	}
	if err := e.exceptions(ctx, &diffs); err != nil {
		return nil, err
	}
	if err := e.devices(ctx, &diffs); err != nil {
		return nil, err
	}
	if err := e.explain(ctx, diffs); err != nil {
		return nil, err
	}
	for _, a := range c.Theirs.Lists.Apart {
		e.out.count(a.List).Theirs++
		e.out.add(Difference{List: a.List, Operator: a.Operator, Side: sideTheirs, Theirs: a.Row, Class: ClassInvalid, Why: a.Why})
	}
	e.out.finish()
	return e.out, nil
}

// walk gives what each side has of a key, nil for nothing.
func walk[T any](theirs []T, ours iter.Seq2[[]T, error], order func(a, b *T) int, each func(was, is *T)) error {
	for batch, err := range ours {
		if err != nil {
			return err
		}
		for i := range batch {
			for len(theirs) > 0 && order(&theirs[0], &batch[i]) < 0 {
				each(&theirs[0], nil)
				theirs = theirs[1:]
			}
			if len(theirs) > 0 && order(&theirs[0], &batch[i]) == 0 {
				each(&theirs[0], &batch[i])
				theirs = theirs[1:]
			} else {
				each(nil, &batch[i])
			}
		}
	}
	for i := range theirs {
		each(&theirs[i], nil)
	}
	return nil
}

func key(m imei.IMEI, text string) string {
	if text != "" {
		return text
	}
	return m.String()
}

// notices walks the notifications.
func (e *explaining) notices(ctx context.Context, diffs *[]difference) error {
	return walk(e.Theirs.Lists.Notices, e.Ours.Notices(ctx, e.Run.Parts), device.CompareNotices, func(was, is *device.Notice) {
		d := difference{list: notifications, paired: is != nil && is.Paired}
		if was != nil {
			d.of(was)
			d.theirs = &told{was.Block, was.Reasons, was.Amnesty && e.Theirs.Lists.Amnesty && e.Run.Amnesty}
		}
		if is != nil && !is.Paired {
			d.of(is)
			d.ours = &told{is.Block, is.Reasons, is.Amnesty && e.Theirs.Lists.Amnesty && e.Run.Amnesty}
		}
		e.differ(&d, diffs)
	})
}

func (d *difference) of(n *device.Notice) {
	d.operator, d.imei, d.text, d.imsi, d.msisdn = n.Operator, n.IMEI, n.Text, n.IMSI, n.MSISDN
}

// exceptions walks the exceptions.
func (e *explaining) exceptions(ctx context.Context, diffs *[]difference) error {
	return walk(e.Theirs.Lists.Exceptions, e.Ours.Exceptions(ctx, e.Run.Parts), device.CompareExceptions, func(was, is *device.Exception) {
		d := difference{list: exceptions}
		for _, x := range []struct {
			row  *device.Exception
			told **told
		}{{was, &d.theirs}, {is, &d.ours}} {
			if x.row != nil {
				d.operator, d.imei, d.imsi, d.msisdn, *x.told = x.row.Operator, x.row.IMEI, x.row.IMSI, x.row.MSISDN, &told{}
			}
		}
		e.differ(&d, diffs)
	})
}

// devices walks the prohibited devices, and remembers ours of those that the other lists ask about.
func (e *explaining) devices(ctx context.Context, diffs *[]difference) error {
	asked := map[string]bool{}
	for i := range *diffs {
		asked[key((*diffs)[i].imei, (*diffs)[i].text)] = true
	}
	return walk(e.Theirs.Lists.Devices, e.Ours.Refusals(ctx, e.Run.Parts), device.CompareRefusals, func(was, is *device.Refusal) {
		d := difference{list: blacklist}
		if was != nil {
			d.imei, d.text, d.theirs = was.IMEI, was.Text, &told{was.Block, was.Reasons, false}
		}
		if is != nil {
			if k := key(is.IMEI, is.Text); asked[k] || was != nil {
				e.here[k] = *is
			}
			if !is.Pending {
				d.imei, d.text, d.ours = is.IMEI, is.Text, &told{is.Block, is.Reasons, false}
			}
		}
		e.differ(&d, diffs)
	})
}

// differ counts a key, and keeps it if the sides differ.
func (e *explaining) differ(d *difference, diffs *[]difference) {
	n := e.out.count(d.list)
	if d.theirs != nil {
		n.Theirs++
	}
	if d.ours != nil {
		n.Ours++
	}
	switch {
	case d.theirs == nil && d.ours == nil:
	case d.theirs != nil && d.ours != nil && *d.theirs == *d.ours:
		n.Same++
	default:
		*diffs = append(*diffs, *d)
	}
}

// explain gives each difference its class, bucket by bucket.
func (e *explaining) explain(ctx context.Context, diffs []difference) error {
	var buckets [device.Buckets + 1][]*difference
	var who []device.Pairing
	for i := range diffs {
		d := &diffs[i]
		b := device.Buckets
		if d.text == "" {
			b = device.BucketOf(d.imei)
		}
		buckets[b] = append(buckets[b], d)
		if d.list == notifications && d.theirs == nil {
			who = append(who, device.Pairing{IMEI: d.imei, IMSI: d.imsi, MSISDN: d.msisdn})
		}
	}
	elsewhere, err := e.Known.PairedElsewhere(ctx, who)
	if err != nil {
		return err
	}
	e.elsewhere = map[device.Pairing]bool{}
	for i, paired := range elsewhere {
		e.elsewhere[who[i]] = paired
	}
	for b, in := range buckets {
		if len(in) == 0 {
			continue
		}
		files, texts := map[imei.IMEI]*File{}, map[string]*File{}
		for _, d := range in {
			if d.text != "" {
				texts[d.text] = &File{}
			} else {
				files[d.imei] = &File{}
			}
		}
		var err error
		if b == device.Buckets {
			err = e.Known.LookTexts(ctx, texts)
		} else {
			err = e.Known.Look(ctx, b, files)
		}
		if err != nil {
			return err
		}
		for _, d := range in {
			f := files[d.imei]
			if d.text != "" {
				f = texts[d.text]
			}
			class, why := e.why(d, f)
			e.out.add(d.told(class, why))
		}
	}
	return nil
}

// state finds what the other system has of a device under a rule.
func (e *explaining) state(d *difference, rule string) *device.Adopted {
	want := device.Adopted{IMEI: d.imei, Text: d.text, Rule: rule}
	at, ok := slices.BinarySearchFunc(e.Theirs.State, want, func(a, b device.Adopted) int { return device.CompareAdopted(&a, &b) })
	if !ok {
		return nil
	}
	return &e.Theirs.State[at]
}

// refusedThere returns the other system's row of the device among the prohibited.
func (e *explaining) refusedThere(d *difference) *device.Refusal {
	want := device.Refusal{IMEI: d.imei, Text: d.text}
	at, ok := slices.BinarySearchFunc(e.Theirs.Lists.Devices, want, func(a, b device.Refusal) int { return device.CompareRefusals(&a, &b) })
	if !ok {
		return nil
	}
	return &e.Theirs.Lists.Devices[at]
}

// noticesThere returns the other system's notices about the device.
func (e *explaining) noticesThere(d *difference) []device.Notice {
	all := e.Theirs.Lists.Notices
	order := func(n device.Notice, d *difference) int {
		return cmp.Or(cmp.Compare(n.Text, d.text), cmp.Compare(n.IMEI, d.imei))
	}
	from, _ := slices.BinarySearchFunc(all, d, order)
	to := from
	for to < len(all) && order(all[to], d) == 0 {
		to++
	}
	return all[from:to]
}

// exceptionsThere returns the operators of which the pair is an exception in the other system.
func (e *explaining) exceptionsThere(d *difference) (operators []string) {
	all := e.Theirs.Lists.Exceptions
	want := device.Exception{IMEI: d.imei, IMSI: d.imsi, MSISDN: d.msisdn}
	at, _ := slices.BinarySearchFunc(all, want, func(a, b device.Exception) int { return device.CompareExceptions(&a, &b) })
	for ; at < len(all) && all[at].IMEI == d.imei && all[at].IMSI == d.imsi && all[at].MSISDN == d.msisdn; at++ {
		operators = append(operators, string(all[at].Operator))
	}
	return operators
}
