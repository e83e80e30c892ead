package sim

import "fmt"

// mustHappen are things without which a run of many seeds shows little: an event that is never
// drawn, or a guard that lets nothing pass, would find no fault either.
var mustHappen = []string{
	"measure of tier 1", "measure of tier 2", "measure of tier 3", "measure of tier 4", "measure of a rule", "rule lifts", "theft released",
	"set override", "set special", "set pair", "set exempt", "set listed", "set a range", "set a model", "set the mode", "set a version", "drop",
	"policy of tier 1", "policy of tier 3", "policy stopped", "erased", "answered by an error", "held", "measure refused", "measure invalid",
	"directory admitted", "directory refused", "denominator refused", "policy refused", "proposal admitted", "signature admitted",
}

// sumUp counts what the records did.
func (w *World) sumUp() {
	for _, f := range w.witness.facts {
		switch f.kind {
		case "policy":
			p := w.witness.policies[f.index]
			if w.tally(fmt.Sprintf("policy of tier %d", p.tier)); p.ceiling == 0 {
				w.tally("policy stopped")
			}
		case "measure":
			w.sumUpMeasure(f)
		}
	}
}

func (w *World) sumUpMeasure(f *fact) {
	w.tally(fmt.Sprintf("measure of tier %d", f.tier))
	if f.thefts > 0 {
		w.tally("theft released")
	}
	if f.rule != "" {
		w.tally("measure of a rule")
	}
	for _, o := range f.ops {
		switch {
		case o.drop && f.rule != "":
			w.tally("rule lifts")
		case o.drop:
			w.tally("drop")
		default:
			w.tally("set " + o.class)
		}
		switch n := o.to - o.from; {
		case n == 999_999:
			w.tally("set a model")
		case n > 999_999:
			w.tally("set the mode")
		case n > 0:
			w.tally("set a range")
		case o.version >= 0:
			w.tally("set a version")
		}
	}
}
