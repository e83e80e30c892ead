package decide

import (
	"fmt"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// The keys of automatic measures. A line is set once an episode, under the digest of the rule, its
// version, the line and the episode's start; changed once, and lifted once, for each act that set
// it; and set again once for each act by which the rule itself had lifted it. Looking again
// therefore adds nothing, and following the keys tells who took a line away that is not there: the
// rule, which may set it again, or somebody else, who has the last word.

func setKey(f *device.Finding, l list.Line) receipt.Digest {
	return ledger.KeyOf("automatic", f.Rule, f.Version, f.Since.String(), l.String())
}

func changeKey(rule string, l list.Line, act uint64) receipt.Digest {
	return ledger.KeyOf("change", rule, l.String(), fmt.Sprint(act))
}

func liftKey(rule string, l list.Line, act uint64) receipt.Digest {
	return ledger.KeyOf("lift", rule, l.String(), fmt.Sprint(act))
}

func againKey(f *device.Finding, l list.Line, lifted uint64) receipt.Digest {
	l.Status = list.Tracked // one key, whatever the status
	return ledger.KeyOf("automatic again", f.Rule, f.Version, f.Since.String(), l.String(), fmt.Sprint(lifted))
}

// forms returns the line with each status that a policy may ever have given it.
func forms(l list.Line) []list.Line {
	if l.Class == list.Pair {
		return []list.Line{l}
	}
	tracked, prohibited := l, l
	tracked.Status, prohibited.Status = list.Tracked, list.Prohibited
	return []list.Line{tracked, prohibited}
}

// episodeKey returns the key under which a line that does not stand is set. free is false if it
// was set in this episode and not lifted by the rule itself.
func (r *rule) episodeKey(f *device.Finding, l list.Line) (key receipt.Digest, free bool, err error) {
	key = setKey(f, l)
	last := uint64(0)
	for _, form := range forms(l) {
		act, found, err := r.b.Lookup(setKey(f, form))
		if err != nil {
			return key, false, err
		}
		if !found {
			continue
		}
		lifted, free, err := r.lifted(f, l, act)
		if err != nil || !free {
			return key, false, err
		}
		if lifted > last {
			key, last = againKey(f, l, lifted), lifted
		}
	}
	return key, true, nil
}

// lifted follows a line from the act that set it to the act by which the rule lifted it for the
// last time. free is false if the rule did not.
func (r *rule) lifted(f *device.Finding, l list.Line, act uint64) (lifted uint64, free bool, err error) {
	for { // each round finds a later act
		changed, done, err := r.follow(func(form list.Line) receipt.Digest { return changeKey(r.p.Rule, form, act) }, l)
		if err != nil {
			return 0, false, err
		}
		if done {
			act = changed
			continue
		}
		lifted, done, err = r.follow(func(form list.Line) receipt.Digest { return liftKey(r.p.Rule, form, act) }, l)
		if err != nil || !done {
			return 0, false, err
		}
		again, found, err := r.b.Lookup(againKey(f, l, lifted))
		if err != nil || !found {
			return lifted, err == nil, err
		}
		act = again
	}
}

// follow looks for an act under the keys of the line's forms.
func (r *rule) follow(key func(list.Line) receipt.Digest, l list.Line) (index uint64, found bool, err error) {
	for _, form := range forms(l) {
		if index, found, err = r.b.Lookup(key(form)); err != nil || found {
			return index, found, err
		}
	}
	return 0, false, nil
}
