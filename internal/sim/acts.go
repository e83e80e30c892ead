package sim

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
	"github.com/openceir/openceir/subscriber"
)

// found tries to begin the register.
func (w *World) found(by ...string) string {
	d := w.draft(receipt.Founding, office("founders"), 0, w.directory.Bytes(), by...)
	if out := w.submit(d); w.acked[d.Content.Key] != 0 || len(w.acked) == 0 {
		return out
	}
	w.founders = d.Content.Digest()
	for _, o := range w.operators {
		w.must(w.plant.boot(o))
	}
	return "done"
}

func (w *World) denominator(pairs uint64, by ...string) string {
	a := list.Active{Pairs: pairs, Day: w.now.Format("2006-01-02")}
	return w.submit(w.draft(receipt.Denominator, office("decide"), 0, a.Bytes(), by...))
}

// count: a new denominator, sometimes a wild one, sometimes signed by too few.
func (w *World) count() string {
	pairs := uint64(20_000 + w.dice.IntN(60_000))
	if w.chance(6) {
		pairs = uint64(w.dice.IntN(5000))
	}
	if w.chance(3) {
		return w.denominator(pairs, w.signers()...)
	}
	return w.denominator(pairs, w.two()...)
}

// rename changes the directory.
func (w *World) rename() string {
	next := w.changedDirectory()
	by := w.two()
	if w.chance(3) {
		by = w.signers()
	}
	d := w.draft(receipt.Founding, office("decide"), 0, next.Bytes(), by...)
	out := w.submit(d)
	if _, ok := w.acked[d.Content.Key]; ok {
		w.directory = next
	}
	return out
}

// rules are what detection would find, with the ground that each is for.
var rules = []struct {
	name   string
	ground list.Ground
}{{"stolen-list", list.Stolen}, {"bulk-clone", list.Duplicate}, {"no-tac", list.NotAllocated}}

func (w *World) drawPolicy() list.Policy {
	r := rules[w.dice.IntN(len(rules))]
	p := list.Policy{Rule: r.name, Version: "v1", Status: list.Prohibited, Ground: r.ground, Ceiling: uint64(w.dice.IntN(90)), DryRun: uint64(w.dice.IntN(60))}
	switch w.dice.IntN(8) {
	case 0:
		p.Ceiling = 0
	case 1:
		p.Ceiling = uint64(w.dice.IntN(3000))
	case 2:
		p.Version = "v2"
	}
	return p
}

// givePolicy gives a rule authority, directly or by a proposal.
func (w *World) givePolicy() string {
	p := w.drawPolicy()
	if w.chance(3) {
		return w.announce(w.draft(receipt.Policy, office("decide"), 0, p.Bytes()))
	}
	by := w.signers()
	if w.chance(2) {
		by = w.two()
	}
	return fmt.Sprintf("%s %d/%d by %v %s", p.Rule, p.Ceiling, p.DryRun, by, w.submit(w.draft(receipt.Policy, office("decide"), 0, p.Bytes(), by...)))
}

// find opens and closes findings, as detection would, in a part that changes those there are or, when
// those have become many, takes their place.
func (w *World) find() string {
	d := ledger.Detection{Upto: w.processes[0].state().Head.Size, Day: device.DayOf(w.now, w.now.Location())}
	var parts []ledger.PartRow
	w.must(w.memory.View(w.ctx, func(t ledger.Tx) (err error) {
		parts, err = findingParts(w.ctx, t)
		return err
	}))
	open := w.shelf.open(parts)
	changed := map[string]ledger.FindingRow{}
	closed := 0
	for _, key := range slices.Sorted(maps.Keys(open)) {
		if w.chance(4) {
			changed[key] = ledger.FindingRow{Finding: open[key], Closed: true}
			closed++
		}
	}
	for range 1 + w.dice.IntN(4) {
		if f := w.drawFinding(); !changed[f.Key()].Closed {
			changed[f.Key()] = ledger.FindingRow{Finding: f}
		}
	}
	rows := changed
	if len(parts) == 3 {
		for _, p := range parts {
			d.Gone = append(d.Gone, ledger.FindingPart{Act: p.BroughtBy(), Digest: p.Part.Digest})
		}
		rows = map[string]ledger.FindingRow{}
		for key, f := range open {
			rows[key] = ledger.FindingRow{Finding: f}
		}
		maps.Copy(rows, changed)
	}
	d.Added = []device.Part{w.shelf.keep(rows)}
	w.submit(w.draft(ledger.KindFindings, office("detect"), 0, ledger.Encode(d)))
	return fmt.Sprintf("%d open, %d closed", len(changed)-closed, closed)
}

func (w *World) drawFinding() device.Finding {
	r := rules[w.dice.IntN(len(rules))]
	m := w.device()
	if w.chance(6) {
		m = w.nobodys()
	}
	f := device.Finding{IMEI: m, Rule: r.name, Version: "v1", Found: 1, Block: 1, Since: device.DayOf(w.now, w.now.Location()) - device.Day(w.dice.IntN(3)),
		Strength: w.dice.IntN(1000), Pairs: w.nation.census(-1)[m], Incomplete: w.chance(8)}
	if r.ground == list.Duplicate && !w.chance(4) {
		f.Best = subscriber.Of(w.someone(m), 0)
	}
	return f
}

// someone draws a subscriber of the device, or anybody if it has none.
func (w *World) someone(m imei.IMEI) subscriber.IMSI {
	var all []subscriber.IMSI
	for _, p := range w.nation.pairs {
		if p.device == m {
			all = append(all, p.who)
		}
	}
	if len(all) == 0 {
		return w.subscriber(w.dice.IntN(w.size.operators))
	}
	return all[w.dice.IntN(len(all))]
}

// clerk is corrupt, and blocks many devices by many small acts.
func (w *World) clerk() string {
	who := w.signers()[0]
	admitted := 0
	for range 10 {
		l := list.Line{Class: list.Listed, Status: list.Prohibited, Ground: list.Barred, Version: list.AnyVersion}
		l.From = w.device()
		l.To = l.From
		d := w.draft(receipt.Measure, byPerson(who), 0, list.OpsText([]list.Op{{Line: l}}), who)
		if w.submit(d); w.there(&d) {
			admitted++
		}
	}
	return fmt.Sprintf("%s blocks %d of 10", who, admitted)
}

func (w *World) there(d *ledger.Draft) bool {
	_, ok := w.acked[d.Content.Key]
	return ok
}

// several asks for some acts in one transaction: all or none.
func (w *World) several() string {
	var all []ledger.Draft
	for range 2 + w.dice.IntN(4) {
		d := w.drawMeasure()
		switch w.dice.IntN(8) {
		case 0, 1:
			d = w.draft("remark", office("portal"), 0, []byte("of no consequence\n"))
		case 2:
			if len(all) > 0 {
				d = all[0] // twice
			}
		}
		all = append(all, d)
	}
	return w.together(all)
}

// race lets the other process append while one is in the middle of a transaction.
func (w *World) race() string {
	a, b := w.drawMeasure(), w.drawMeasure()
	if w.chance(3) {
		b = a
	}
	tries := 0
	var at uint64
	err := w.processes[0].sequencer.Do(w.ctx, func(_ ledger.Tx, batch *ledger.Batch) (err error) {
		if tries++; tries == 1 {
			index, err := w.processes[1].sequencer.Submit(w.ctx, b)
			w.answered(b, index, err)
		}
		at, err = batch.Append(a)
		return err
	})
	w.answered(a, at, err)
	return fmt.Sprintf("%d tries, %s", tries, outcome(at, err))
}

// erase deletes the personal part of an act.
func (w *World) erase() string {
	var left []uint64
	for _, f := range w.witness.facts {
		if _, gone := w.witness.erased[f.index]; f.personal != "" && !gone && f.kind != "proposal" {
			left = append(left, f.index)
		}
	}
	if len(left) == 0 {
		return "nothing personal"
	}
	i := left[w.dice.IntN(len(left))]
	err := w.anyProcess().sequencer.Do(w.ctx, func(_ ledger.Tx, b *ledger.Batch) error { return b.Erase(i, office("privacy")) })
	if err == nil {
		w.tally("erased")
	}
	return fmt.Sprintf("record %d: %v", i, err)
}

// askAgain repeats requests: those that nobody knows the fate of, and some that were acknowledged.
func (w *World) askAgain() string {
	doubt := w.doubt
	w.doubt = nil
	for _, d := range doubt {
		w.submit(d)
	}
	if len(w.drafts) > 0 {
		d := w.drafts[w.dice.IntN(len(w.drafts))]
		if index, err := w.anyProcess().sequencer.Submit(w.ctx, d); err == nil && index != w.acked[d.Content.Key] {
			panic(fmt.Sprintf("asked again, record %d is record %d", w.acked[d.Content.Key], index))
		} else if err != nil && !errors.Is(err, ErrFault) {
			panic(fmt.Sprintf("asked again for record %d: %v", w.acked[d.Content.Key], err))
		}
	}
	return fmt.Sprintf("%d doubtful, %s", len(doubt), w.reuseKey())
}

// reuseKey asks for something else under a key that is taken.
func (w *World) reuseKey() string {
	if len(w.drafts) == 0 {
		return "no key is taken"
	}
	old := w.drafts[w.dice.IntN(len(w.drafts))]
	by := w.two()
	d := w.draft(old.Content.Kind, byPerson(by[0]), 0, slices.Clone(old.Effect.Body), by...)
	d.Content.Key = old.Content.Key
	if index, err := w.anyProcess().sequencer.Submit(w.ctx, d); err == nil {
		panic(fmt.Sprintf("the key of record %d was taken and is acknowledged for something else, as record %d", w.acked[old.Content.Key], index))
	}
	return "a taken key is refused"
}
