package sim

import (
	"fmt"
	"slices"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/decide"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
	"github.com/openceir/openceir/subscriber"
)

// drawLine draws a line of any class, mostly one that means something.
func (w *World) drawLine() list.Line {
	m := w.device()
	l := list.Line{Class: list.Listed, From: m, To: m, Status: list.Prohibited, Ground: list.Barred, Version: list.AnyVersion}
	switch w.dice.IntN(16) {
	case 0, 1:
		l.Class, l.Status, l.Ground = list.Pair, list.Allowed, list.Duplicate
		l.Subscriber = subscriber.Of(w.someone(m), 0)
		l.Overrides = list.GroundSet([]list.Ground{list.Duplicate, list.Barred}[w.dice.IntN(2)])
	case 2:
		l.From, l.To = m.TAC().First(), m.TAC().Last()
		l.Status, l.Ground = w.hardness(), list.NotApproved
	case 3:
		l.To = min(m+imei.IMEI(w.dice.IntN(3000)), m.TAC().Last())
		l.Status = w.hardness()
	case 4:
		l.Class, l.Status, l.Ground = list.Override, list.Allowed, list.Court
		if w.chance(3) {
			l.From, l.To = m.TAC().First(), m.TAC().Last()
		}
	case 5:
		l.Class, l.Status, l.Ground = list.Exempt, list.Allowed, list.Protected
	case 6:
		l.Class, l.Status, l.Ground = list.Special, list.Tracked, list.NonIdentifying
	case 7:
		l.Version = 2
	case 8:
		l.From, l.To, l.Status, l.Ground = 0, imei.Max, list.Unknown, list.Mode
	case 9:
		l.From = w.nobodys()
		l.To = l.From
	case 10, 11, 12:
		l.Ground = []list.Ground{list.Stolen, list.Lost}[w.dice.IntN(2)]
	default:
		l.Status, l.Ground = w.hardness(), []list.Ground{list.Barred, list.Duplicate, list.Fraud}[w.dice.IntN(3)]
	}
	return l
}

func (w *World) hardness() list.Status {
	return []list.Status{list.Prohibited, list.Prohibited, list.Tracked, list.Allowed}[w.dice.IntN(4)]
}

// drawOps draws ops that could be one measure.
func (w *World) drawOps() (ops []list.Op) {
	for range 1 + w.dice.IntN(2)*w.dice.IntN(4) {
		ops = append(ops, list.Op{Line: w.drawLine()})
	}
	if w.chance(4) {
		if l, ok := w.standing(); ok {
			ops = append(ops, list.Op{Drop: true, Line: l})
		}
	}
	seen := map[list.Key]bool{}
	return slices.DeleteFunc(ops, func(o list.Op) bool {
		twice := seen[o.Line.Key()]
		seen[o.Line.Key()] = true
		return twice
	})
}

// standing draws a line that is in force.
func (w *World) standing() (list.Line, bool) {
	var all []list.Line
	for l := range w.processes[0].state().Table.Lines() {
		all = append(all, *l)
	}
	if len(all) == 0 {
		return list.Line{}, false
	}
	return all[w.dice.IntN(len(all))], true
}

// drawMeasure draws a measure with whoever signs it.
func (w *World) drawMeasure() ledger.Draft {
	by := w.signers()
	if w.chance(3) {
		by = w.two()
	}
	author := office("decide")
	if w.chance(2) {
		author = byPerson(by[0])
	}
	d := w.draft(receipt.Measure, author, 0, list.OpsText(w.drawOps()), by...)
	switch w.dice.IntN(24) {
	case 0: // in the name of a rule that has authority, or none
		d = w.draft(receipt.Measure, receipt.Author{Sort: receipt.Rule, Name: rules[w.dice.IntN(3)].name}, w.policyIndex(), list.OpsText(w.drawOps()))
	case 1:
		d.Approvals = append(d.Approvals, d.Approvals[0])
	case 2:
		d.Approvals[0].Signature = slices.Clone(d.Approvals[0].Signature)
		d.Approvals[0].Signature[9] ^= 1
	case 3:
		d.Approvals = nil
	case 4:
		d.Approvals = append(d.Approvals, receipt.Sign(w.keys["court/emeka"], "court/emeka", receipt.Deny, d.Content.Digest()))
	case 5: // somebody approves the author's request in the author's name
		d.Approvals[0] = receipt.Sign(w.keys[by[0]], by[0], receipt.Approve, d.Content.Digest())
	case 6: // a key that is not the person's
		d.Approvals[0] = receipt.Sign(w.keys["press/hala"], by[0], d.Approvals[0].Verdict, d.Content.Digest())
	}
	return d
}

func (w *World) policyIndex() uint64 {
	all := w.processes[0].state().Guard.Policies()
	if len(all) == 0 || w.chance(3) {
		return uint64(w.dice.IntN(20))
	}
	return all[w.dice.IntN(len(all))].Index
}

func (w *World) measure() string {
	d := w.drawMeasure()
	return fmt.Sprintf("%q by %d %s", d.Effect.Body, len(d.Approvals), w.submit(d))
}

// byRule: an act in the name of a rule, under its policy in force or one of before, which covers it
// or almost.
func (w *World) byRule() string {
	var all []uint64
	for i := range uint64(len(w.witness.facts)) {
		if w.witness.policies[i] != nil {
			all = append(all, i)
		}
	}
	if len(all) == 0 {
		return "there is no policy"
	}
	at := all[w.dice.IntN(len(all))]
	p := w.witness.policies[at]
	ground, err := list.ParseGround(p.ground)
	w.must(err)
	m := w.device()
	l := list.Line{Class: list.Listed, From: m, To: m, Status: list.Prohibited, Ground: ground, Version: list.AnyVersion}
	switch w.dice.IntN(6) {
	case 0:
		l.Ground = list.Fraud
	case 1:
		l.To++
	case 2:
		l.Class, l.Status, l.Subscriber, l.Overrides = list.Pair, list.Allowed, subscriber.Of(w.someone(m), 0), list.GroundSet(list.Barred)
	case 3:
		l.Class, l.Status = list.Exempt, list.Allowed
	}
	d := w.draft(receipt.Measure, receipt.Author{Sort: receipt.Rule, Name: p.rule}, at, list.OpsText([]list.Op{{Line: l}}))
	return fmt.Sprintf("%q under %d %s", d.Effect.Body, at, w.submit(d))
}

// release drops what stands, stolen or not.
func (w *World) release() string {
	var ops []list.Op
	for range 1 + w.dice.IntN(5) {
		l, ok := w.standing()
		if !ok {
			return "nothing stands"
		}
		if !slices.ContainsFunc(ops, func(o list.Op) bool { return o.Line.Key() == l.Key() }) {
			ops = append(ops, list.Op{Drop: true, Line: l})
		}
	}
	d := w.draft(receipt.Measure, office("decide"), 0, list.OpsText(ops), w.signers()...)
	return fmt.Sprintf("%q by %d %s", d.Effect.Body, len(d.Approvals), w.submit(d))
}

// steal: phones are stolen, many at once, and some are found again.
func (w *World) steal() string {
	drop := w.chance(3)
	ops := []list.Op{}
	first := w.dice.IntN(models)
	for i := range 51 + w.dice.IntN(25) {
		m := imei.New(tacOf(first), uint32(500_000+i)) // out of a warehouse: nobody has seen them
		l := list.Line{Class: list.Listed, From: m, To: m, Status: list.Prohibited, Ground: list.Stolen, Version: list.AnyVersion}
		_, stands := w.processes[0].state().Table.Find(l.Key())
		if stands == drop {
			ops = append(ops, list.Op{Drop: drop, Line: l})
		}
	}
	if len(ops) == 0 {
		return "none"
	}
	by := w.two()
	switch w.dice.IntN(3) {
	case 0:
		by = w.signers()
	case 1:
		by = []string{"ministry/amina", "ministry/bela"}
	}
	return fmt.Sprintf("%d, back %v, by %v, %s", len(ops), drop, by, w.submit(w.draft(receipt.Measure, office("decide"), 0, list.OpsText(ops), by...)))
}

// announce proposes a draft, for people to sign.
func (w *World) announce(d ledger.Draft) string {
	w.proposed[d.Content.Key] = true
	_, err := decide.Propose(w.appendAny, w.random, d, "for the sake of the test")
	if err == nil {
		w.open = append(w.open, d)
		w.tally("proposed")
	}
	return fmt.Sprintf("%s %q: %v", d.Content.Kind, d.Effect.Body, err)
}

func (w *World) appendAny(d ledger.Draft) (uint64, error) {
	index, err := w.anyProcess().sequencer.Submit(w.ctx, d)
	w.answered(d, index, err)
	return index, err
}

// propose announces a measure, often one so large that it must wait a day.
func (w *World) propose() string {
	ops := w.drawOps()
	if w.chance(2) {
		ops = []list.Op{{Line: w.massLine()}}
	}
	d := w.draft(receipt.Measure, office("decide"), 0, list.OpsText(ops))
	out := w.announce(d)
	if w.chance(2) {
		for _, p := range w.two() {
			out += w.signOne(d, p, receipt.Approve)
		}
	}
	return out
}

// massLine draws a line that touches very many.
func (w *World) massLine() list.Line {
	l := list.Line{Class: list.Listed, From: 0, To: imei.Max, Status: list.Unknown, Ground: list.Mode, Version: list.AnyVersion}
	if w.chance(2) {
		m := w.device()
		l.From, l.To, l.Status, l.Ground = m.TAC().First(), m.TAC().Last(), list.Prohibited, list.NotAllocated
	}
	return l
}

// signOpen signs something that is proposed; one in eight denies it.
func (w *World) signOpen() string {
	if len(w.open) == 0 {
		return "nothing is proposed"
	}
	verdict := receipt.Approve
	if w.chance(8) {
		verdict = receipt.Deny
	}
	return w.signOne(w.open[w.dice.IntN(len(w.open))], w.person(), verdict)
}

func (w *World) signOne(d ledger.Draft, person string, v receipt.Verdict) string {
	a := receipt.Sign(w.keys[person], person, v, d.Content.Digest())
	err := decide.Sign(w.appendAny, w.random, w.directory, &d.Content, nil, a)
	return fmt.Sprintf(" %s by %s: %v", v, person, err)
}

// enactEarly asks for a proposed act past the stage: perhaps a day has not passed, perhaps the
// proposal is another's.
func (w *World) enactEarly() string {
	if len(w.open) == 0 {
		return "nothing is proposed"
	}
	d := w.open[w.dice.IntN(len(w.open))]
	d.Approvals = nil
	for _, p := range w.two() {
		d.Approvals = append(d.Approvals, w.sign(&d, p))
	}
	digest := d.Content.Digest().String()
	for _, f := range w.witness.facts {
		if f.kind != "proposal" {
			continue
		}
		if c, err := receipt.ParseContent(f.body); w.chance(5) || err == nil && c.Digest().String() == digest {
			d.Proposal = f.index
		}
	}
	return fmt.Sprintf("proposal %d %s", d.Proposal, w.submit(d))
}

// replayApprovals puts the signatures of one act on another.
func (w *World) replayApprovals() string {
	if len(w.drafts) == 0 {
		return "nothing yet"
	}
	old := w.drafts[w.dice.IntN(len(w.drafts))]
	d := w.draft(receipt.Measure, old.Content.By, 0, list.OpsText(w.drawOps()))
	d.Approvals = old.Approvals
	return w.submit(d)
}
