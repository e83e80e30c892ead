package sim

import (
	"fmt"
	"time"
)

// event is something that may happen, so many times out of all.
type event struct {
	weight int
	name   string
	happen func(*World) string
}

// events is the table that the story is drawn from.
var events = []event{
	{8, "time", (*World).timePasses},
	{3, "clock", (*World).setClock},
	{2, "people", (*World).move},
	{2, "denominator", (*World).count},
	{3, "directory", (*World).rename},
	{5, "policy", (*World).givePolicy},
	{7, "findings", (*World).find},
	{12, "measure", (*World).measure},
	{4, "rule", (*World).byRule},
	{5, "release", (*World).release},
	{3, "theft", (*World).steal},
	{3, "clerk", (*World).clerk},
	{6, "proposal", (*World).propose},
	{10, "signature", (*World).signOpen},
	{3, "too early", (*World).enactEarly},
	{3, "several", (*World).several},
	{2, "erasure", (*World).erase},
	{3, "replay", (*World).replayApprovals},
	{3, "again", (*World).askAgain},
	{14, "stages", (*World).stages},
	{14, "pull", (*World).pullAny},
	{5, "old file", (*World).bringOld},
	{4, "restart", (*World).restart},
	{3, "cut off", (*World).cutOff},
	{3, "storm", (*World).storm},
	{6, "fault", (*World).strike},
	{4, "death", (*World).die},
	{4, "race", (*World).race},
	{8, "attack", (*World).attack},
}

// event lets one thing happen. The first ones found the register, after somebody tried to alone.
func (w *World) event(n int) string {
	switch n {
	case 0:
		return "found alone: " + w.found(w.person())
	case 1:
		return "found: " + w.found(approvers[0], approvers[2])
	case 2:
		return "denominator: " + w.denominator(uint64(20_000+w.dice.IntN(60_000)), w.two()...)
	}
	all := 0
	for _, e := range events {
		all += e.weight
	}
	at := w.dice.IntN(all)
	for _, e := range events {
		if at -= e.weight; at < 0 {
			w.tally("event " + e.name)
			return e.name + ": " + e.happen(w)
		}
	}
	panic("no event")
}

// timePasses: nothing happens but that. See the check.
func (w *World) timePasses() string {
	d := time.Duration(1+w.dice.IntN(300)) * time.Minute
	if w.chance(3) {
		d = time.Duration(20+w.dice.IntN(60)) * time.Hour
	}
	before := w.digests()
	w.now = w.now.Add(d)
	if after := w.digests(); after != before {
		panic("a list changed because time passed")
	}
	return fmt.Sprint(d)
}

// setClock sets the centre's clock wrong, or right again.
func (w *World) setClock() string {
	w.centreWrong = 0
	if w.chance(2) {
		w.centreWrong = time.Duration(w.dice.IntN(7*3600)-4*3600) * time.Second
	}
	return fmt.Sprintf("the centre's is wrong by %s", w.centreWrong)
}

// digests names every table that answers.
func (w *World) digests() (s string) {
	for _, o := range w.operators {
		s += fmt.Sprintf("%x ", w.plant.table(o).Digest())
	}
	return s + fmt.Sprintf("%x", w.processes[0].state().Table.Digest())
}

// strike orders a fault of the store for one of the next transactions.
func (w *World) strike() string {
	f := Fault{Statement: w.dice.IntN(16), After: w.chance(2), Kept: w.chance(2)}
	w.memory.Strike(f)
	return fmt.Sprintf("%+v", f)
}

// die ends a process in the middle of whatever it does next, and starts another in its place.
func (w *World) die() string {
	i := w.dice.IntN(2)
	f := Fault{Statement: w.dice.IntN(16), After: w.chance(2), Kept: w.chance(2)}
	w.memory.Strike(f)
	d := w.drawMeasure()
	index, err := w.processes[i].sequencer.Submit(w.ctx, d)
	w.answered(d, index, err)
	w.memory.Calm()
	w.processes[i] = w.start()
	return fmt.Sprintf("process %d in %+v, after it %s", i, f, outcome(index, err))
}

func (w *World) anyOperator() *operator { return w.operators[w.dice.IntN(len(w.operators))] }

func (w *World) pullAny() string { return w.anyOperator().pull() }

// bringOld brings a node a file that it was brought before.
func (w *World) bringOld() string {
	o, from := w.anyOperator(), w.anyOperator()
	if w.chance(2) {
		from = o
	}
	if len(from.files) == 0 {
		return from.name + " has had none"
	}
	for range 1 + w.dice.IntN(3) {
		f := from.files[w.dice.IntN(len(from.files))]
		before := o.Size()
		if err := o.take(f.name, f.manifest, f.body); err == nil && o.Size() <= before {
			panic(o.name + " takes an old file")
		}
	}
	return o.name
}

// restart starts a node from its own files: it stands where it stood.
func (w *World) restart() string {
	o := w.anyOperator()
	before, digest := o.head(), w.plant.table(o).Digest()
	if err := w.plant.boot(o); err != nil {
		panic(fmt.Sprintf("%s does not start: %v", o.name, err))
	}
	if o.head() != before || w.plant.table(o).Digest() != digest {
		panic(fmt.Sprintf("%s stood at %d and stands at %d after a restart", o.name, before.Size, o.head().Size))
	}
	return fmt.Sprintf("%s at %d", o.name, before.Size)
}

func (w *World) cutOff() string {
	o := w.anyOperator()
	o.cutOff = !o.cutOff
	return fmt.Sprintf("%s: %v", o.name, o.cutOff)
}

func (w *World) storm() string {
	o := w.anyOperator()
	o.wire.storm = !o.wire.storm
	return fmt.Sprintf("%s: %v", o.name, o.wire.storm)
}
