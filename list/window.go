package list

import (
	"maps"
	"slices"
	"sort"
	"time"
)

const day = 24 * time.Hour

// effect is an act in the sums of 24 hours.
type effect struct {
	at      time.Time
	tier    Tier
	persons []string
	rule    string
	pairs   uint64
	thefts  uint64
}

// window holds the acts of the last 24 hours and their sums, so that each act costs the same
// however many came before it.
type window struct {
	recent []effect // by time
	tier   [TimeLock + 1]uint64
	person map[string]uint64
	rule   map[string]uint64
	thefts uint64
}

func (w *window) clone() window {
	c := *w
	c.recent = slices.Clip(w.recent) // so that appending to one does not write into the other
	c.person, c.rule = maps.Clone(w.person), maps.Clone(w.rule)
	return c
}

// over returns the number of acts that are 24 hours old at the time, or older.
func (w *window) over(at time.Time) int {
	since := at.Add(-day)
	return sort.Search(len(w.recent), func(i int) bool { return w.recent[i].at.After(since) })
}

// sum takes from a total what is over at the time.
func (w *window) sum(at time.Time, total uint64, of func(*effect) uint64) uint64 {
	for i := range w.recent[:w.over(at)] {
		total -= of(&w.recent[i])
	}
	return total
}

// upTo returns the pairs of acts with a tier's support or less.
func (w *window) upTo(at time.Time, t Tier) uint64 {
	var total uint64
	for i := range t + 1 {
		total += w.tier[i]
	}
	return w.sum(at, total, func(e *effect) uint64 {
		if e.tier <= t {
			return e.pairs
		}
		return 0
	})
}

func (w *window) ofPerson(at time.Time, person string) uint64 {
	return w.sum(at, w.person[person], func(e *effect) uint64 {
		if slices.Contains(e.persons, person) {
			return e.pairs
		}
		return 0
	})
}

func (w *window) ofRule(at time.Time, rule string) uint64 {
	return w.sum(at, w.rule[rule], func(e *effect) uint64 {
		if e.rule == rule {
			return e.pairs
		}
		return 0
	})
}

func (w *window) released(at time.Time) uint64 {
	return w.sum(at, w.thefts, func(e *effect) uint64 { return e.thefts })
}

// add counts an act and forgets what is over.
func (w *window) add(e effect) {
	if w.person == nil {
		w.person, w.rule = map[string]uint64{}, map[string]uint64{}
	}
	n := w.over(e.at)
	for i := range w.recent[:n] {
		old := &w.recent[i]
		w.tier[old.tier] -= old.pairs
		w.thefts -= old.thefts
		subtract(w.rule, old.rule, old.pairs)
		for _, p := range old.persons {
			subtract(w.person, p, old.pairs)
		}
	}
	w.recent = append(w.recent[n:], e)
	w.tier[e.tier] += e.pairs
	w.thefts += e.thefts
	if e.rule != "" {
		w.rule[e.rule] += e.pairs
	}
	for _, p := range e.persons {
		w.person[p] += e.pairs
	}
}

func subtract(sums map[string]uint64, name string, n uint64) {
	if sums[name] -= n; sums[name] == 0 {
		delete(sums, name)
	}
}
