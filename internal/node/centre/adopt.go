package centre

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/openceir/openceir/internal/adopt"
	"github.com/openceir/openceir/internal/decide"
	"github.com/openceir/openceir/internal/detect"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/receipt"
)

// AdoptOrder asks to take over from a running system.
type AdoptOrder struct {
	Dir       string
	Rules     map[string]string // condition: the rule that continues it, "" to leave its rows behind
	Operators map[string]string // how that system names an operator: its name here
	Until     device.Day        // what is found up to this day continues its row; 0 for a week from now
}

// AdoptReport says what became of it.
type AdoptReport struct {
	Content  string          `json:"content"` // digest that people sign
	State    string          `json:"state"`   // proposed, waiting (it was proposed before) or in force
	Record   uint64          `json:"record,omitempty"`
	Text     string          `json:"text"` // for people
	Adoption device.Adoption `json:"adoption"`
	Ended    int64           `json:"ended"`           // rows of the state that are history
	Left     []string        `json:"left"`            // files that were not looked at
	Notes    []string        `json:"notes,omitempty"` // what people should know before they sign
}

// The states of an adoption.
const (
	AdoptProposed = "proposed"
	AdoptWaiting  = "waiting"
	AdoptInForce  = "in force"
)

// graceOfTakingOver is for how many days after the last complete one detection may still meet for the
// first time what the other system had found: files come late in the days of a take-over.
const graceOfTakingOver = 7

// ProposeAdoption reads the exported files of a running system, keeps what is in them, and announces
// the act that makes it count. The same files again add nothing.
func (t *Centre) ProposeAdoption(ctx context.Context, o AdoptOrder) (*AdoptReport, error) {
	release, err := t.Lake.Hold()
	if err != nil {
		return nil, err
	}
	defer release()
	var r adopt.Reader
	var last device.Day
	var files []device.AdoptedFile
	err = t.view(ctx, func(tx *Tx) (err error) {
		if last, _, err = tx.LastDay(ctx); err != nil {
			return err
		}
		if files, err = tx.listsInForce(ctx); err != nil {
			return err
		}
		r, err = t.adoptReader(ctx, tx, &o)
		return err
	})
	if err != nil {
		return nil, err
	}
	taken, err := r.Read(ctx)
	if err != nil {
		return nil, err
	}
	for condition := range o.Rules {
		if !slices.ContainsFunc(taken.Rules, func(r device.AdoptedRule) bool { return r.Condition == condition }) {
			return nil, problem.New(problem.Invalid, "no open row of the state has the condition %s, for which a rule is given", condition)
		}
	}
	if err := imported(taken.Imports, files); err != nil {
		return nil, err
	}
	rep := &AdoptReport{Ended: taken.Ended, Left: taken.Left, Notes: t.missing(taken)}
	a := device.Adoption{Day: taken.Day, Until: o.Until, Rules: taken.Rules, Files: taken.Files, Lists: files}
	if a.Day == 0 {
		a.Day = r.Today
	}
	if a.Until == 0 {
		a.Until = max(a.Day, last) + graceOfTakingOver
	}
	if a.Until < a.Day {
		return nil, problem.New(problem.Invalid, "the state is of %s: it can not be continued until %s", a.Day, a.Until)
	}
	if err := t.keepAdopted(ctx, taken, &a); err != nil {
		return nil, err
	}
	rep.Adoption, rep.Text = a, adoptText(taken, &a)
	return rep, t.announceAdoption(ctx, rep)
}

// adoptReader is the reader for what this register has: its rules and its operators.
func (t *Centre) adoptReader(ctx context.Context, tx *Tx, o *AdoptOrder) (adopt.Reader, error) {
	r := adopt.Reader{Dir: o.Dir, Pseudonyms: t.Config.HasPseudonyms(), Today: device.DayOf(t.Sequencer.Now(), t.Zone)}
	conditions, err := detect.Current(ctx, tx)
	if err != nil {
		return r, err
	}
	for _, condition := range slices.Sorted(maps.Keys(o.Rules)) {
		if rule := o.Rules[condition]; rule != "" && conditions.Find(rule) == nil {
			return r, problem.New(problem.NotFound, "there is no rule %q to continue %s: see ceir conditions", rule, condition)
		}
	}
	networks := t.networks()
	for _, theirs := range slices.Sorted(maps.Keys(o.Operators)) {
		if _, ok := networks[device.Operator(o.Operators[theirs])]; !ok {
			return r, problem.New(problem.NotFound, "the directory of approvers has no operator %q to be %s", o.Operators[theirs], theirs)
		}
	}
	r.Rule = func(condition string) (string, bool) {
		if rule, said := o.Rules[condition]; said {
			return rule, true
		}
		for _, name := range []string{condition, detect.NameFromDIRBS(condition)} {
			if conditions.Find(name) != nil {
				return name, true
			}
		}
		return "", false
	}
	r.Operator = func(name string) (device.Operator, bool) {
		op := device.Operator(name)
		if ours, said := o.Operators[name]; said {
			op = device.Operator(ours)
		}
		_, ok := networks[op]
		return op, ok
	}
	return r, nil
}

// listsInForce returns the files of every list in force.
func (tx *Tx) listsInForce(ctx context.Context) ([]device.AdoptedFile, error) {
	var out []device.AdoptedFile
	for _, kind := range device.Imports() {
		if kind == device.FileOperator {
			continue
		}
		rows, err := tx.Files(ctx, kind, "")
		if err != nil {
			return nil, err
		}
		first := 0
		for i := range rows {
			if !rows[i].File.Delta {
				first = i
			}
		}
		for i := first; i < len(rows); i++ {
			f := &rows[i].File
			out = append(out, device.AdoptedFile{Name: f.Name, Kind: kind, Digest: f.Digest, Rows: f.Rows})
		}
	}
	return out, nil
}

// imported checks that the lists of the directory are those in force.
func imported(there, inForce []device.AdoptedFile) error {
	for _, f := range there {
		if !slices.ContainsFunc(inForce, func(in device.AdoptedFile) bool { return in.Kind == f.Kind && in.Digest == f.Digest }) {
			return problem.New(problem.Refused, "%s is not the %s in force: take it in before, with ceir import %s %s, or take it out of the directory", f.Name, f.Kind, f.Kind, f.Name)
		}
	}
	return nil
}

// missing names what one would expect beside the lists that are there.
func (t *Centre) missing(taken *adopt.Taken) (notes []string) {
	if taken.Lists == nil {
		return []string{"There are no lists: the first delta will have every row."}
	}
	of := taken.Lists.Of
	if len(of["blacklist"]) == 0 {
		notes = append(notes, "There is no blacklist: the first delta will have every row of it.")
	}
	for _, op := range t.operators() {
		for _, list := range []string{"notifications", "exceptions"} {
			if !slices.Contains(of[list], op) {
				notes = append(notes, fmt.Sprintf("There are no %s of %s: the first delta will have every row of them.", list, op))
			}
		}
	}
	if n := len(taken.Lists.Apart); n > 0 {
		notes = append(notes, fmt.Sprintf("%d rows of the lists name no valid subscriber or pair and are left behind, the first in line %d of the %s.", n, taken.Lists.Apart[0].Line, taken.Lists.Apart[0].List))
	}
	return notes
}

// keepAdopted writes what was read into the lake.
func (t *Centre) keepAdopted(ctx context.Context, taken *adopt.Taken, a *device.Adoption) error {
	state, lists, err := taken.Keep(ctx, t.Lake)
	if err != nil {
		return err
	}
	a.Parts = state
	if l := taken.Lists; l != nil {
		a.Run = &device.ListRun{Day: a.Day, Options: t.listOptions(), Amnesty: l.Amnesty, Base: -1, Parts: lists}
		if l.Day != 0 {
			a.Run.Day = l.Day
		}
	}
	return nil
}

// announceAdoption proposes an adoption, unless it is proposed or in force already.
func (t *Centre) announceAdoption(ctx context.Context, rep *AdoptReport) error {
	return t.do(ctx, func(tx *Tx) error {
		body, index, ok, err := tx.LastBody(ctx, ledger.KindAdopt)
		if err != nil {
			return err
		}
		if ok {
			if a, err := ledger.Decode[device.Adoption](body); err != nil {
				return err
			} else if sameAdoption(&a, &rep.Adoption) {
				rep.State, rep.Record, rep.Adoption = AdoptInForce, index, a
				return nil
			}
		}
		open, err := tx.openAdoptions(ctx)
		if err != nil {
			return err
		}
		for digest, a := range open {
			if sameAdoption(&a, &rep.Adoption) {
				rep.State, rep.Content, rep.Adoption = AdoptWaiting, digest.String(), a
				return nil
			}
		}
		key := ledger.KeyOf("adopt", string(ledger.Encode(rep.Adoption)), fmt.Sprint(tx.Batch().Size()))
		d, err := ledger.NewDraft(t.Sequencer.Random, receipt.Content{Kind: ledger.KindAdopt, Key: key, By: office("adopt")}, ledger.Encode(rep.Adoption), nil)
		if err != nil {
			return err
		}
		digest, err := decide.Propose(tx.Append, t.Sequencer.Random, d, rep.Text)
		rep.State, rep.Content = AdoptProposed, digest.String()
		return err
	})
}

// sameAdoption reports whether two adoptions are of the same files, read in the same way.
func sameAdoption(a, b *device.Adoption) bool {
	return a.Day == b.Day && slices.Equal(a.Files, b.Files) && slices.Equal(a.Rules, b.Rules) && slices.Equal(a.Parts, b.Parts) &&
		(a.Run == nil) == (b.Run == nil) && (a.Run == nil || slices.Equal(a.Run.Parts, b.Run.Parts))
}

// openAdoptions returns the adoptions that wait for signatures.
func (tx *Tx) openAdoptions(ctx context.Context) (map[receipt.Digest]device.Adoption, error) {
	rows, signatures, err := tx.Proposals(ctx)
	if err != nil {
		return nil, err
	}
	out := map[receipt.Digest]device.Adoption{}
	for _, row := range rows {
		if row.Kind != ledger.KindAdopt {
			continue
		}
		p, err := readProposal(row, signatures[row.Content])
		if err != nil {
			return nil, err
		}
		a, err := ledger.Decode[device.Adoption]([]byte(p.Body))
		if err != nil {
			return nil, err
		}
		if p.Denied == "" {
			out[row.Content] = a
		}
	}
	return out, nil
}

// proposedParts names the parts of the adoptions that wait.
func (tx *Tx) proposedParts(ctx context.Context, named map[string]bool) error {
	open, err := tx.openAdoptions(ctx)
	for _, a := range open {
		for _, p := range a.Parts {
			named[p.Digest] = true
		}
		if a.Run != nil {
			for _, p := range a.Run.Parts {
				named[p.Digest] = true
			}
		}
	}
	return err
}

// adoptText says what people sign.
func adoptText(taken *adopt.Taken, a *device.Adoption) string {
	dated, amnesties, left := 0, 0, int64(0)
	for i := range taken.State {
		if taken.State[i].Block != 0 {
			dated++
		}
		if taken.State[i].Amnesty {
			amnesties++
		}
	}
	rules := map[string]bool{}
	for _, r := range taken.Rules {
		if rules[r.Rule] = true; r.Rule == "" {
			left += r.Rows
		}
	}
	delete(rules, "")
	s := fmt.Sprintf("It continues %d rows of the state of %s under %d rules: %d have a day from which they are refused, %d an amnesty.", len(taken.State), a.Day, len(rules), dated, amnesties)
	if left > 0 {
		s += fmt.Sprintf(" %d rows of other conditions are left behind.", left)
	}
	s += fmt.Sprintf(" What is found up to %s continues its row.", a.Until)
	if l := taken.Lists; l != nil {
		s += fmt.Sprintf(" The next delta is against lists of %d devices, %d notices and %d exceptions.", len(l.Devices), len(l.Notices), len(l.Exceptions))
	}
	return s + " It refuses nobody by itself. It needs signatures from two organisations."
}
