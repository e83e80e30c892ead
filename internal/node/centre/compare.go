package centre

import (
	"context"
	"crypto/md5"
	"slices"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/adopt"
	"github.com/openceir/openceir/internal/detect"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/lake"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/listgen"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/subscriber"
)

// CompareOrder asks to compare another system's lists with a run of ours.
type CompareOrder struct {
	AdoptOrder
	Run int64 // -1 for the last one that was made here, of either sort
}

// CompareLists reads the exported files of another system and explains every difference between its
// lists and those of a run. Nothing is kept.
func (t *Centre) CompareLists(ctx context.Context, o CompareOrder) (*adopt.Comparison, error) {
	release, err := t.Lake.Hold()
	if err != nil {
		return nil, err
	}
	defer release()
	var r adopt.Reader
	var run *KeptRun
	c := &adopt.Comparer{Ours: t.Lake}
	k := &knownHere{lake: t.Lake}
	err = t.view(ctx, func(tx *Tx) (err error) {
		if run, err = tx.runToCompare(ctx, o.Run); err != nil {
			return err
		}
		if r, err = t.adoptReader(ctx, tx, &o.AdoptOrder); err != nil {
			return err
		}
		if c.Rules, err = t.rulesToCompare(ctx, tx); err != nil {
			return err
		}
		return k.find(ctx, t, tx)
	})
	if err != nil {
		return nil, err
	}
	continued := r.Rule
	r.Rule = func(condition string) (string, bool) { // what no rule continues is told of, not refused
		rule, _ := continued(condition)
		return rule, true
	}
	if c.Theirs, err = r.Read(ctx); err != nil {
		return nil, err
	}
	if c.Theirs.Lists == nil {
		return nil, problem.New(problem.Invalid, "%s has no lists to compare: put the last blacklist, notifications and exceptions there", o.Dir)
	}
	c.Run, c.Known, c.Home = &run.ListRun, k, listgen.NewHomes(t.networks()).Of
	out, err := c.Compare(ctx)
	if err == nil {
		out.Run = run.Run
	}
	return out, err
}

// runToCompare returns a run by its name, or the last one that was made here.
func (tx *Tx) runToCompare(ctx context.Context, name int64) (*KeptRun, error) {
	if name >= 0 {
		return tx.listsOf(ctx, name)
	}
	leaf, ok, err := tx.LastOfKind(ctx, ledger.KindLists)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, problem.New(problem.NotFound, "no lists were made here yet: make them with ceir lists --shadow --out DIR")
	}
	return tx.keptRun(ctx, leaf.Index)
}

// rulesToCompare returns the rules in force as lists name them.
func (t *Centre) rulesToCompare(ctx context.Context, tx *Tx) ([]adopt.Rule, error) {
	conditions, err := detect.Current(ctx, tx)
	if err != nil {
		return nil, err
	}
	var said ledger.Detection
	if body, _, ok, err := tx.LastBody(ctx, ledger.KindFindings); err != nil {
		return nil, err
	} else if ok {
		if said, _, err = ledger.ReadDetection(body); err != nil {
			return nil, err
		}
	}
	var out []adopt.Rule
	for _, c := range conditions.All() {
		r := adopt.Rule{Name: c.Name, Reason: reasonOf(&c), Blocks: c.Effect == detect.Prohibited}
		differs := c.DiffersFromDIRBS()
		r.Differs, r.Numbers = differs.How, differs.Numbers
		if p, _, ok := t.state().Guard.Policy(c.Name); ok {
			r.May = p.Status == list.Prohibited && p.Version == c.Version()
		}
		text := said.Text["rule "+c.Name]
		for _, off := range []string{"stopped", "suspended"} {
			if at := strings.Index(text, "; "+off); at >= 0 {
				r.Off = "was " + text[at+2:]
			}
		}
		out = append(out, r)
	}
	return out, nil
}

// knownHere is what this register knows of devices, for explaining.
type knownHere struct {
	lake                                      *lake.Lake
	findings, seen, malformed, paired, barred []device.Part
	golden                                    map[device.Golden]bool
	tacs                                      []imei.TAC
}

// find finds the parts, and reads the short lists.
func (k *knownHere) find(ctx context.Context, t *Centre, tx *Tx) (err error) {
	g := &listgen.Generator{}
	if err := t.listFacts(ctx, tx, g); err != nil {
		return err
	}
	k.seen, k.malformed, k.paired, k.barred, k.golden, k.tacs = g.Seen, g.Malformed, g.Paired, g.Barred, g.Country.Golden, g.Country.BarredTACs
	k.findings, err = tx.findingParts(ctx)
	return err
}

// maxSeen bounds the rows of sightings that are kept of one device: only values that stand on a
// multitude have more.
const maxSeen = 1 << 16

// Look implements adopt.Known.
func (k *knownHere) Look(ctx context.Context, bucket int, files map[imei.IMEI]*adopt.File) error {
	findings, err := k.lake.Findings(ctx, k.findings, bucket)
	if err != nil {
		return err
	}
	for _, f := range findings {
		if file := files[f.IMEI]; file != nil {
			file.Findings = append(file.Findings, f)
		}
	}
	pairings, err := k.lake.Pairings(ctx, k.paired, bucket)
	if err != nil {
		return err
	}
	for _, p := range pairings {
		if file := files[p.IMEI]; file != nil {
			file.Pairings = append(file.Pairings, p)
		}
	}
	barred, err := k.lake.Keys(ctx, k.barred, lake.TableBarred, bucket)
	if err != nil {
		return err
	}
	for m, file := range files {
		_, model := slices.BinarySearch(k.tacs, m.TAC())
		_, itself := slices.BinarySearch(barred, m)
		file.Barred = model || itself
		file.Golden = k.golden[device.Golden(md5.Sum([]byte(m.String())))]
	}
	for d, err := range k.lake.Days(ctx, k.seen, bucket) {
		if err != nil {
			return err
		}
		if file := files[d.IMEI]; file != nil && len(file.Seen) < maxSeen {
			file.Seen = append(file.Seen, *d)
		}
	}
	return nil
}

// LookTexts implements adopt.Known.
func (k *knownHere) LookTexts(ctx context.Context, files map[string]*adopt.File) error {
	findings, err := k.lake.Findings(ctx, k.findings, device.Buckets)
	if err != nil {
		return err
	}
	for _, f := range findings {
		if file := files[f.Text]; file != nil {
			file.Findings = append(file.Findings, f)
		}
	}
	for m, err := range k.lake.Malformed(ctx, k.malformed) {
		if err != nil {
			return err
		}
		text, _ := detect.Normal(m.IMEI)
		if file := files[text]; file != nil && m.List == "" && len(file.Seen) < maxSeen {
			d := device.Days{Operator: m.Operator}
			d.IMSI, _ = subscriber.ReadIMSI(strings.TrimSpace(m.IMSI))
			d.MSISDN, _ = subscriber.ReadMSISDN(strings.TrimSpace(m.MSISDN))
			file.Seen = append(file.Seen, d)
		}
	}
	return nil
}

// PairedElsewhere implements adopt.Known. It reads the pairing list once, and keeps of each number
// that is asked about two devices.
func (k *knownHere) PairedElsewhere(ctx context.Context, who []device.Pairing) ([]bool, error) {
	imsis, numbers := map[subscriber.IMSI]*[2]imei.IMEI{}, map[subscriber.MSISDN]*[2]imei.IMEI{}
	for _, w := range who {
		imsis[w.IMSI], numbers[w.MSISDN] = &[2]imei.IMEI{}, &[2]imei.IMEI{}
	}
	note := func(two *[2]imei.IMEI, m imei.IMEI) {
		switch {
		case two == nil || two[0] == m:
		case two[0] == 0:
			two[0] = m
		default:
			two[1] = m
		}
	}
	for bucket := 0; bucket < device.Buckets && len(who) > 0; bucket++ {
		pairings, err := k.lake.Pairings(ctx, k.paired, bucket)
		if err != nil {
			return nil, err
		}
		for _, p := range pairings {
			note(imsis[p.IMSI], p.IMEI)
			note(numbers[p.MSISDN], p.IMEI)
		}
	}
	out := make([]bool, len(who))
	for i, w := range who {
		for _, two := range []*[2]imei.IMEI{imsis[w.IMSI], numbers[w.MSISDN]} {
			out[i] = out[i] || two[0] != 0 && two[0] != w.IMEI || two[1] != 0
		}
	}
	return out, nil
}
