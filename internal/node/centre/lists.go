package centre

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/openceir/openceir/internal/detect"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/lake"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/listgen"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
	"github.com/openceir/openceir/subscriber"
)

// ListOrder asks for the lists of operators as files.
type ListOrder struct {
	Dir    string
	Base   int64 // the run that deltas are against; -1 for the last one of the same sort
	Shadow bool  // as if every rule had authority
	Deltas bool  // deltas only
}

// KeptRun is a run of lists with its name.
type KeptRun struct {
	Run     uint64 `json:"run"`
	Adopted bool   `json:"adopted,omitempty"` // it is of the system whose place this register took
	device.ListRun
}

// Lists makes a run of lists and writes its files. If nothing has changed since the last run of the
// same sort, no run is added, and the files are of that one.
func (t *Centre) Lists(ctx context.Context, o ListOrder) (*listgen.Manifest, error) {
	release, err := t.Lake.Hold()
	if err != nil {
		return nil, err
	}
	defer release()
	run, last, base, err := t.makeLists(ctx, &o)
	if err != nil {
		return nil, err
	}
	m := listgen.Manifest{Base: -1, Shadow: o.Shadow, Day: run.Day.String(), Options: run.Options}
	var against *device.ListRun
	if base != nil {
		m.Base, against = int64(base.Run), &base.ListRun
	}
	run.Base = m.Base
	out := &listgen.Output{Dir: o.Dir, Time: t.Sequencer.Now().In(t.Zone), Full: !o.Deltas}
	defer out.Discard()
	if run.Files, err = out.Write(ctx, t.Lake, t.operators(), run, against); err != nil {
		return nil, err
	}
	if last != nil {
		m.Run = last.Run
	} else if m.Run, m.New, err = t.adoptLists(ctx, run); err != nil {
		return nil, err
	}
	return out.Publish(m)
}

// makeLists makes the lists and keeps their parts. It returns the run, the last run if it is the
// same, and the one that deltas are against, nil for none.
func (t *Centre) makeLists(ctx context.Context, o *ListOrder) (run *device.ListRun, last, base *KeptRun, err error) {
	var g *listgen.Generator
	run = &device.ListRun{Shadow: o.Shadow, Options: t.listOptions()}
	err = t.view(ctx, func(tx *Tx) error {
		var err error
		if last, err = tx.lastLists(ctx, o.Shadow); err != nil {
			return err
		}
		if base = last; o.Base >= 0 {
			if base, err = tx.listsOf(ctx, o.Base); err != nil {
				return err
			}
		}
		g, err = t.generator(ctx, tx, run)
		return err
	})
	if err != nil {
		return nil, nil, nil, err
	}
	if run.Parts, err = g.Run(ctx); err != nil {
		return nil, nil, nil, err
	}
	if !sameLists(last, run) {
		last = nil
	}
	return run, last, base, nil
}

// adoptLists makes a run count, by one act, unless another process was faster.
func (t *Centre) adoptLists(ctx context.Context, run *device.ListRun) (index uint64, added bool, err error) {
	err = t.do(ctx, func(tx *Tx) error {
		last, err := tx.lastLists(ctx, run.Shadow)
		if err != nil {
			return err
		}
		if sameLists(last, run) {
			index, added = last.Run, false
			return nil
		}
		body := device.Encode(run)
		index, added = tx.Batch().Size(), true
		return tx.office("lists", ledger.KindLists, body, string(body), fmt.Sprint(index))
	})
	return index, added, err
}

// sameLists reports whether a run says what the last one did.
func sameLists(last *KeptRun, run *device.ListRun) bool {
	return last != nil && !last.Adopted && last.Options == run.Options && last.Amnesty == run.Amnesty && slices.Equal(last.Parts, run.Parts)
}

func (t *Centre) listOptions() device.ListOptions {
	c := &t.Config.Lists
	return device.ListOptions{LookbackDays: cmp.Or(c.LookbackDays, 60), RestrictExceptions: c.RestrictExceptions, CheckDigit: c.GenerateCheckDigit,
		OutputInvalid: c.OutputInvalidIMEIs, IncludeBarred: c.IncludeBarredIMEIs, NotifyIMSIChange: c.NotifyIMSIChange == nil || *c.NotifyIMSIChange}
}

// generator gathers what a run is made of, and fills in the run's day.
func (t *Centre) generator(ctx context.Context, tx *Tx, run *device.ListRun) (*listgen.Generator, error) {
	day, ok, err := tx.LastDay(ctx)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, problem.New(problem.Refused, "no day is complete yet: import operators' files and run ceir run --until-idle --as-of DAY first")
	}
	run.Day = day
	g := &listgen.Generator{Facts: t.Lake, Keeper: t.Lake, Table: lake.TableBarred}
	g.Country = listgen.Country{Day: day, Shadow: run.Shadow, Options: run.Options, Homes: listgen.NewHomes(t.networks())}
	if err := t.listFacts(ctx, tx, g); err != nil {
		return nil, err
	}
	conditions, err := detect.Current(ctx, tx)
	if err != nil {
		return nil, err
	}
	run.Amnesty = conditions.Amnesty() != detect.Amnesty{}
	if g.Findings, err = t.mayBlock(ctx, tx, conditions); err != nil || run.Shadow {
		return g, err
	}
	g.Lines, g.Pairs = listgen.InForce(t.state().Table)
	return g, t.dateLines(ctx, tx, g)
}

// networks returns the networks of the country's operators.
func (t *Centre) networks() map[device.Operator][]subscriber.PLMN {
	out := map[device.Operator][]subscriber.PLMN{}
	if d := t.state().Guard.Directory(); d != nil {
		for name, plmns := range d.Organisations {
			if len(plmns) > 0 {
				out[device.Operator(name)] = plmns
			}
		}
	}
	return out
}

// listFacts finds the parts and reads the short lists.
func (t *Centre) listFacts(ctx context.Context, tx *Tx, g *listgen.Generator) (err error) {
	if g.Seen, err = tx.LiveParts(ctx, lake.TableDays); err != nil {
		return err
	}
	if g.Malformed, err = tx.LiveParts(ctx, lake.TableMalformed); err != nil {
		return err
	}
	parts := func(kind device.FileKind) []device.Part {
		if err != nil {
			return nil
		}
		var rows []ledger.FileRow
		rows, err = tx.Files(ctx, kind, "")
		files := make([]device.File, len(rows))
		for i := range rows {
			files[i] = rows[i].File
		}
		return device.PartsInForce(files)
	}
	g.Paired, g.Barred = parts(device.FilePairing), parts(device.FileBarred)
	golden, tacs := parts(device.FileGolden), parts(device.FileBarredTAC)
	if err != nil {
		return err
	}
	sums, err := t.Lake.Golden(ctx, golden)
	if err != nil {
		return err
	}
	g.Country.Golden = make(map[device.Golden]bool, len(sums))
	for _, sum := range sums {
		g.Country.Golden[sum] = true
	}
	g.Country.BarredTACs, err = t.Lake.BarredTACs(ctx, tacs)
	return err
}

// mayBlock returns the open findings from which a refusal may follow, by bucket.
func (t *Centre) mayBlock(ctx context.Context, tx *Tx, conditions *detect.Conditions) (out [device.Buckets + 1][]listgen.Finding, err error) {
	type rule struct {
		listgen.Finding
		version string // that has authority
	}
	rules := map[string]*rule{}
	for _, c := range conditions.All() {
		ground, err := list.ParseGround(c.Ground)
		if err != nil || c.Effect != detect.Prohibited {
			continue
		}
		r := &rule{Finding: listgen.Finding{Rule: c.Name, Reason: reasonOf(&c), Ground: ground}}
		if p, _, ok := t.state().Guard.Policy(c.Name); ok && p.Status == list.Prohibited {
			r.version = p.Version
		}
		rules[c.Name] = r
	}
	parts, err := tx.findingParts(ctx)
	if err != nil {
		return out, err
	}
	for bucket := range out {
		rows, err := t.Lake.BareFindings(ctx, parts, bucket)
		if err != nil {
			return out, err
		}
		out[bucket] = make([]listgen.Finding, 0, len(rows))
		for i := range rows {
			f := &rows[i]
			r := rules[f.Rule]
			if r == nil || f.Block == 0 || f.Ended != 0 {
				continue
			}
			one := r.Finding
			one.IMEI, one.Text, one.Block, one.Amnesty, one.Held = f.IMEI, f.Text, f.Block, f.Amnesty, f.Incomplete
			one.Authority = r.version != "" && r.version == f.Version
			out[bucket] = append(out[bucket], one)
		}
	}
	return out, nil
}

// reasonOf is what lists say of a rule; a stroke parts reasons.
func reasonOf(c *detect.Condition) string { return strings.ReplaceAll(c.Description, "|", "/") }

// dateLines fills in the day of the acts that no finding dates.
func (t *Centre) dateLines(ctx context.Context, tx *Tx, g *listgen.Generator) error {
	days := map[uint64]device.Day{}
	for _, act := range g.Undated() {
		leaf, ok, err := tx.Leaf(ctx, act)
		if err != nil {
			return err
		}
		if !ok {
			return problem.New(problem.Broken, "record %d, which set a line, is not there: run ceir ledger verify", act)
		}
		record, err := receipt.ParseRecord(leaf.Text)
		if err != nil {
			return err
		}
		days[act] = device.DayOf(record.Time, t.Zone)
	}
	g.Date(days)
	return nil
}

// lastLists returns the last run of a sort, nil if there is none.
func (tx *Tx) lastLists(ctx context.Context, shadow bool) (*KeptRun, error) {
	var runs []uint64
	for leaf, err := range tx.Leaves(ctx, 0, runKinds...) {
		if err != nil {
			return nil, err
		}
		runs = append(runs, leaf.Index)
	}
	for _, index := range slices.Backward(runs) {
		if r, err := tx.keptRun(ctx, index); err != nil || r != nil && r.Shadow == shadow {
			return r, err
		}
	}
	return nil, nil
}

// listsOf returns the run of that name.
func (tx *Tx) listsOf(ctx context.Context, run int64) (*KeptRun, error) {
	leaf, ok, err := tx.Leaf(ctx, uint64(run))
	if err != nil {
		return nil, err
	}
	var r *KeptRun
	if ok && slices.Contains(runKinds, leaf.Kind) {
		if r, err = tx.keptRun(ctx, leaf.Index); err != nil {
			return nil, err
		}
	}
	if r == nil {
		return nil, problem.New(problem.NotFound, "there is no run %d: see ceir lists --history", run)
	}
	return r, nil
}

// runKinds are the records that may name a run of lists: one made here, or the last one of the
// system whose place this register took.
var runKinds = []receipt.Kind{ledger.KindLists, ledger.KindAdopt}

// keptRun returns the run that a record names, nil if it is an adoption without lists.
func (tx *Tx) keptRun(ctx context.Context, index uint64) (*KeptRun, error) {
	leaf, _, err := tx.Leaf(ctx, index)
	if err != nil {
		return nil, err
	}
	body, err := tx.Body(ctx, index)
	if err != nil {
		return nil, err
	}
	if leaf.Kind == ledger.KindAdopt {
		a, err := device.Decode[device.Adoption](body)
		if err != nil || a.Run == nil {
			return nil, err
		}
		return &KeptRun{index, true, *a.Run}, nil
	}
	r, err := device.Decode[device.ListRun](body)
	return &KeptRun{index, false, r}, err
}

// ListHistory returns every run of lists, the first first.
func (t *Centre) ListHistory(ctx context.Context) (out []KeptRun, err error) {
	out = []KeptRun{}
	err = t.view(ctx, func(tx *Tx) error {
		for leaf, err := range tx.Leaves(ctx, 0, runKinds...) {
			if err != nil {
				return err
			}
			r, err := tx.keptRun(ctx, leaf.Index)
			if err != nil {
				return err
			}
			if r != nil {
				out = append(out, *r)
			}
		}
		return nil
	})
	return out, err
}
