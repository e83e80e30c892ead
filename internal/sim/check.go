package sim

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/enforce"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/subscriber"
)

// How often what is dear is checked: the rest is checked after every event.
const (
	verifyEvery = 16 // the register's own verification, and that it finds what was cut and rewritten
	askedEach   = 14 // devices asked at each node after each event
)

// check is what must hold after an event.
func (w *World) check(n int) error {
	r := w.memory.state()
	if err := w.witness.read(r, w.centreTime()); err != nil {
		return err
	}
	if err := w.checkAnswers(); err != nil {
		return err
	}
	for _, o := range w.operators {
		if err := w.checkOperator(o); err != nil {
			return fmt.Errorf("%s at %d: %w", o.name, o.Size(), err)
		}
	}
	if len(w.past) < keptStates && w.chance(3) {
		w.past = append(w.past, r)
	}
	if n%verifyEvery == verifyEvery-1 {
		return w.verify(r)
	}
	return nil
}

// checkAnswers: an act that was acknowledged is there, where it was acknowledged; one that was
// refused is not; of a transaction that failed everything is there or nothing.
func (w *World) checkAnswers() error {
	for key, index := range w.acked {
		at, ok := w.witness.keys[key.String()]
		if !ok || at != index {
			return fmt.Errorf("the key %s was acknowledged as record %d and is at %d (%v)", key, index, at, ok)
		}
	}
	for key, why := range w.barred {
		if at, ok := w.witness.keys[key.String()]; ok {
			return fmt.Errorf("the key %s was refused (%s) and is record %d", key, why, at)
		}
	}
	for _, keys := range w.groups {
		there := 0
		for _, k := range keys {
			if _, ok := w.witness.keys[k.String()]; ok {
				there++
			}
		}
		if there != 0 && there != len(keys) {
			return fmt.Errorf("of %d acts of one transaction %d are there", len(keys), there)
		}
	}
	w.groups = nil
	return nil
}

// checkOperator: the node's table is the fold up to its head, which is of the true log, and its
// answers are those of the lines.
func (w *World) checkOperator(o *operator) error {
	head := o.head()
	if !w.witness.prefix(head) {
		return fmt.Errorf("its head is not one of the true log")
	}
	want := w.witness.fold(o.name, head.Size)
	whole := w.witness.fold("", head.Size)
	n := 0
	for l := range w.plant.table(o).Lines() {
		n++
		text := l.String()
		k, err := readLine(text, l.Act)
		if err != nil {
			return err
		}
		if mine, ok := want[k.key]; !ok || mine.text != text || mine.act != l.Act {
			return fmt.Errorf("its line %q of act %d is not in the fold, which has %q of act %d", text, l.Act, mine.text, mine.act)
		}
		if now, ok := whole[k.key]; !ok || now.text != text {
			return fmt.Errorf("its line %q is not in force: the ledger has dropped it", text)
		}
	}
	if n != len(want) {
		return fmt.Errorf("it has %d lines, the fold has %d", n, len(want))
	}
	return w.ask(o, want)
}

// ask asks the node about some devices and compares with the lines. What is asked does not depend
// on the story's dice, so that asking more tells no other story.
func (w *World) ask(o *operator, lines table) error {
	dice := rand.New(rand.NewPCG(w.seed, uint64(len(w.story))))
	for range askedEach {
		m := w.nation.devices[dice.IntN(len(w.nation.devices))]
		switch dice.IntN(8) {
		case 0:
			m = imei.Catalogue()[dice.IntN(len(nobodys))].IMEI
		case 1:
			m = imei.New(m.TAC(), uint32(dice.IntN(1_000_000)))
		}
		q := list.Query{IMEI: m, Version: list.AnyVersion}
		if p := w.nation.pairs[dice.IntN(len(w.nation.pairs))]; dice.IntN(3) > 0 {
			if q.IMSI = p.who; dice.IntN(2) == 0 {
				q.IMEI = p.device
			}
		}
		if dice.IntN(4) == 0 {
			q.Version = 2
		}
		if err := w.askOne(o, lines, &q); err != nil {
			return err
		}
	}
	for _, l := range lines {
		if l.class == "pair" {
			if err := w.askVictim(o, lines, &l); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *World) askOne(o *operator, lines table, q *list.Query) error {
	a := asker{version: -1}
	if q.Version != list.AnyVersion {
		a.version = int(q.Version)
	}
	if q.IMSI != 0 {
		a.subscriber = "imsi-" + q.IMSI.String()
	}
	over := lines.over(q.IMEI)
	want := verdict(over, q.IMEI, a)
	got := o.answer(q)
	switch {
	case got.Status.String() != want:
		return fmt.Errorf("%s with %+v is %s by %q, the lines say %s", q.IMEI, a, got.Status, got.Line.String(), want)
	case nobodys[uint64(q.IMEI)] && refuses(got.Status.String()):
		return fmt.Errorf("%s identifies nothing and is %s", q.IMEI, got.Status)
	case len(over) == 0 && refuses(got.Status.String()):
		return fmt.Errorf("%s has no line and is %s", q.IMEI, got.Status)
	case o.Size() == 0 && refuses(got.Status.String()):
		return fmt.Errorf("there is no list and %s is %s", q.IMEI, got.Status)
	}
	return nil
}

// askVictim: who is paired with a device is not refused on a ground that the pair sets aside, and
// not for want of a name.
func (w *World) askVictim(o *operator, lines table, l *line) error {
	digits, ok := strings.CutPrefix(l.subscriber, "imsi-")
	if !ok {
		return nil
	}
	who, err := subscriber.ParseIMSI(digits)
	if err != nil {
		return err
	}
	q := list.Query{IMEI: imei.IMEI(l.from), Version: list.AnyVersion, IMSI: who}
	got := o.answer(&q)
	for _, g := range l.overrides {
		if got.Status.Refuses() && got.Line.Ground.String() == g {
			return fmt.Errorf("the victim %s of %014d is refused as %s in spite of the pair", l.subscriber, l.from, g)
		}
	}
	for _, q.IMSI = range []subscriber.IMSI{who, 0, who + 1} {
		if err := w.askOne(o, lines, &q); err != nil {
			return err
		}
	}
	return nil
}

// verify asks the register to verify itself, and copies of it that were cut, rewritten and
// scratched, with a head that somebody else has kept.
func (w *World) verify(r *register) error {
	if err := w.witness.openings(r); err != nil {
		return err
	}
	held := r.head.Note
	report, err := w.verified(r, held)
	if err != nil {
		return err
	}
	if len(report.Faults) > 0 {
		return fmt.Errorf("ledger verify: %v", report.Faults)
	}
	if len(report.Erased) != len(w.witness.erased) {
		return fmt.Errorf("ledger verify says erased: %v, the records say %v", report.Erased, w.witness.erased)
	}
	for of, by := range w.witness.erased {
		want := fmt.Sprintf("record %d personal, erased by record %d", of, by)
		if !strings.Contains(strings.Join(report.Erased, "\n")+"\n", want+"\n") {
			return fmt.Errorf("ledger verify says erased: %v, and not %q", report.Erased, want)
		}
	}
	return w.verifyCopies(r, held)
}

func (w *World) verified(r *register, held []byte) (report *ledger.Report, err error) {
	err = r.open().View(w.ctx, func(t ledger.Tx) error {
		report, err = ledger.Verify(w.ctx, t, w.log, held)
		return err
	})
	return report, err
}

// verifyCopies: an older state with its own true head, and one that went on otherwise, are clean by
// themselves and found with the head that was kept.
func (w *World) verifyCopies(r *register, held []byte) error {
	for name, copied := range map[string]*register{"cut": w.cut(r), "rewritten": w.rewritten(r), "scratched": w.scratched(r)} {
		if copied == nil {
			continue
		}
		report, err := w.verified(copied, held)
		if err == nil && len(report.Faults) == 0 {
			return fmt.Errorf("ledger verify finds nothing in a copy that was %s (%d of %d records)", name, len(copied.leaves), len(r.leaves))
		}
		if name == "scratched" {
			continue
		}
		if report, err = w.verified(copied, nil); err != nil || len(report.Faults) > 0 {
			return fmt.Errorf("a copy that was %s with its key is not clean by itself: %v, %v", name, report, err)
		}
	}
	return nil
}

// end lets the weather clear, three days pass, and asks everybody for everything: all catch up.
func (w *World) end() error {
	w.memory.Calm()
	w.centreWrong = 0
	for range 3 {
		w.now = w.now.Add(25 * time.Hour)
		w.askAgain()
		if err := w.anyProcess().runner.UntilIdle(w.ctx); err != nil {
			return fmt.Errorf("the stages do not step in calm weather: %w", err)
		}
		for _, o := range w.operators {
			o.cutOff, o.wire.storm = false, false
			o.pull()
		}
		w.story = append(w.story, "calm")
		if err := w.check(0); err != nil {
			return err
		}
	}
	if err := w.verify(w.memory.state()); err != nil {
		return err
	}
	w.sumUp()
	return w.countBehind()
}

// countBehind counts the nodes that do not stand where their stream stands, though the weather is
// calm. That is no invariant: what a node counts itself may ask for more signatures than the writer
// saw need of, and then it holds an honest list.
func (w *World) countBehind() error {
	for _, o := range w.operators {
		index, err := enforce.ReadIndex(filepath.Join(w.dir, "lists", o.name))
		if err != nil {
			return err
		}
		if w.tally("nodes at the end"); o.Size() < index.Size {
			w.tally("nodes at the end that hold an honest list")
		}
	}
	return nil
}
