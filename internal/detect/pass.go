package detect

import (
	"iter"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
)

// Pass judges many devices: those of the histories, those of the stolen list though never seen, and
// those with open findings though their history is gone. The three sequences are sorted by IMEI;
// together they are the scope of the pass, which may be every device of the country, one bucket of
// the lake, or the devices touched or due. Previous has the open findings of the scope and no
// others: a finding whose device is in no other sequence is closed.
type Pass struct {
	Conditions *Conditions
	Facts      Facts // Stolen is not read: see the sequence
	AsOf       device.Day
	Coverage   Coverage

	Histories iter.Seq2[*device.History, error] // each device once; a history is not kept
	Stolen    iter.Seq2[device.Stolen, error]   // may have several rows for a device; nil is none
	Previous  iter.Seq2[device.Finding, error]  // open findings; nil is none
}

// Run judges the scope and settles what changed. elsewhere is what there is outside the scope.
func (p *Pass) Run(elsewhere Base) (*Changes, error) {
	part, err := p.Collect()
	if err != nil {
		return nil, err
	}
	return Settle(elsewhere, part), nil
}

// Collect judges the scope. Parts of disjoint scopes, judged with the same conditions, facts and
// coverage for the same day, are settled together.
func (p *Pass) Collect() (*Part, error) {
	r := &run{
		Pass:     p,
		facts:    p.Facts,
		part:     newPart(p),
		stolen:   follow(p.Stolen, "stolen list", func(s device.Stolen) imei.IMEI { return s.IMEI }),
		previous: follow(p.Previous, "open findings", func(f device.Finding) imei.IMEI { return f.IMEI }),
	}
	defer r.stolen.stop()
	defer r.previous.stop()
	r.facts.Stolen = &r.listed
	if p.Facts.TACs != nil {
		r.facts.TACs = &lastTAC{TACs: p.Facts.TACs}
	}
	r.stolen.advance()
	r.previous.advance()
	first, last := true, imei.IMEI(0)
	if p.Histories != nil {
		for h, err := range p.Histories {
			if err != nil {
				return nil, err
			}
			if h.IMEI > imei.Max || !first && h.IMEI <= last {
				return nil, problem.New(problem.Broken, "histories: %s after %s; they must be IMEIs in order, each device once", h.IMEI, last)
			}
			first, last = false, h.IMEI
			if err := r.before(h.IMEI); err != nil {
				return nil, err
			}
			r.device(h)
		}
	}
	if err := r.before(imei.Max + 1); err != nil {
		return nil, err
	}
	return r.part, nil
}

// run is a pass under way.
type run struct {
	*Pass
	facts    Facts
	part     *Part
	stolen   follower[device.Stolen]
	previous follower[device.Finding]
	listed   oneStolen
	open     []device.Finding // of the device at hand
	empty    device.History
}

// before judges the devices before the IMEI that have no history.
func (r *run) before(limit imei.IMEI) error {
	for {
		next := min(r.stolen.at(), r.previous.at())
		if next >= limit {
			break
		}
		r.empty = device.History{IMEI: next}
		r.device(&r.empty)
	}
	if r.stolen.err != nil {
		return r.stolen.err
	}
	return r.previous.err
}

// device judges one device and compares with its open findings.
func (r *run) device(h *device.History) {
	r.listed = oneStolen{}
	for ; r.stolen.at() == h.IMEI; r.stolen.advance() {
		row := r.stolen.value
		if r.listed.listed {
			row = prevailing(r.listed.row, row)
		}
		r.listed = oneStolen{row, true}
	}
	r.open = r.open[:0]
	for ; r.previous.at() == h.IMEI; r.previous.advance() {
		r.open = append(r.open, r.previous.value)
	}
	switch {
	case len(h.Days) > 0 || len(h.Visits) > 0:
		r.part.Devices++
	case r.listed.listed:
		r.part.Unseen++
	}
	found, again := r.Conditions.Judge(h, &r.facts, r.AsOf)
	if len(found) > 0 || len(r.open) > 0 {
		again = earlier(again, r.part.compare(found, r.open))
	}
	if again != 0 {
		r.part.due = append(r.part.due, Due{h.IMEI, again})
	}
}

// oneStolen is the stolen list as far as the device at hand is concerned.
type oneStolen struct {
	row    device.Stolen
	listed bool
}

// Stolen implements StolenList.
func (s *oneStolen) Stolen(imei.IMEI) (device.Stolen, bool) { return s.row, s.listed }

// follower is a sorted sequence beside another: at is the IMEI of its next value.
type follower[T any] struct {
	what  string
	key   func(T) imei.IMEI
	next  func() (T, error, bool)
	stop  func()
	value T
	ok    bool
	err   error
}

func follow[T any](seq iter.Seq2[T, error], what string, key func(T) imei.IMEI) follower[T] {
	f := follower[T]{what: what, key: key, stop: func() {}}
	if seq != nil {
		f.next, f.stop = iter.Pull2(seq)
	}
	return f
}

// at returns the IMEI of the next value, one more than any where there is none.
func (f *follower[T]) at() imei.IMEI {
	if !f.ok {
		return imei.Max + 1
	}
	return f.key(f.value)
}

// advance reads the next value. After an error there is none.
func (f *follower[T]) advance() {
	if f.next == nil || f.err != nil {
		f.ok = false
		return
	}
	last, had := f.at(), f.ok
	f.value, f.err, f.ok = f.next()
	if f.err != nil {
		f.ok = false
	}
	if f.ok && (f.at() > imei.Max || had && f.at() < last) {
		f.err = problem.New(problem.Broken, "%s: %s after %s; it must be IMEIs in order", f.what, f.at(), last)
		f.ok = false
	}
}
