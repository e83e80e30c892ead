package detect

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
)

// scope is what a run judges if nothing but files came and went and days passed since the last, by the
// same conditions: the devices that those files speak of, those that are due, and those with a finding
// of a rule whose input became complete or incomplete. Judging another device by the same history and
// facts changes nothing before its day has come, so it may be left out: the run comes to what one over
// every device would come to. Where what came or went concerns every device there is no scope:
// conditions, the TAC directory, barred codes and the subscribers' list; the first or the last edition
// of a list; days that pass while findings continue those of another system; and a rule that was
// stopped, whose findings wait. Nor is there one where days are taken back.
type scope struct {
	moved  []device.Part                     // parts of days and visits that came or went
	was    []device.Part                     // those that were in force
	lists  map[device.FileKind][]device.Part // lists as they were, of those that changed
	due    [device.Buckets][]imei.IMEI       // devices whose day has come
	turned map[string]bool                   // rules whose input became complete or incomplete, or fresher
	judged int                               // devices so far
}

// news is the files that came and went since the last run.
type news struct{ came, went []ledger.FileRow }

// scope returns what has to be judged, nil for every device. It notes what operators have delivered.
func (s *Stage[T]) scope(ctx context.Context, view T, before *findings, in *inputs) (*scope, error) {
	if before.Delivered == nil || before.By != in.by || before.Day > in.asOf || before.Day < in.asOf && len(in.adopted.Parts) > 0 {
		return nil, nil
	}
	for _, n := range before.Rules {
		if n.Stopped {
			return nil, nil
		}
	}
	n, err := s.news(ctx, view, before.Upto)
	if n == nil || err != nil {
		return nil, err
	}
	sc := &scope{lists: map[device.FileKind][]device.Part{}, turned: map[string]bool{}}
	if !sc.changedLists(n, in) {
		return nil, nil
	}
	if err := sc.changedParts(ctx, view, n, in); err != nil {
		return nil, err
	}
	moved, all := int64(0), int64(0)
	for _, p := range sc.moved {
		moved += p.Rows
	}
	for _, p := range in.parts {
		all += p.Rows
	}
	if moved*scopeShare > all {
		return nil, nil
	}
	parts, known := in.parts, map[device.Operator]ledger.Delivered(nil)
	if len(n.went) == 0 {
		parts, known = sc.moved, before.Delivered
	}
	if err := s.deliveries(ctx, in, parts, known); err != nil {
		return nil, err
	}
	most := (before.Devices + before.Unseen) / scopeShare
	for _, r := range newPart(in.conditions, in.facts, in.coverage, in.asOf).rules {
		if n := before.Rules[r.Rule]; n.Open > 0 && (r.held != n.Held || r.condition.maxAge > 0 && in.fresher(before.Day)) {
			sc.turned[r.Rule] = true
			most -= n.Open
		}
	}
	for bucket := 0; bucket < device.Buckets && before.Day < in.asOf && most >= 0; bucket++ {
		rows, err := s.Lake.Due(ctx, partsOf(before.due[bucket]), bucket)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if r.Day <= in.asOf {
				sc.due[bucket] = append(sc.due[bucket], r.IMEI)
			}
		}
		most -= int64(len(sc.due[bucket]))
	}
	if most < 0 {
		return nil, nil
	}
	return sc, nil
}

// fresher reports whether the TAC directory counts as of a later day than on an earlier day: it is of
// the day on which it came, but never of one that is not complete.
func (in *inputs) fresher(than device.Day) bool {
	directories := in.files[device.FileTAC]
	return than < in.asOf && len(directories) > 0 && directories[len(directories)-1].File.Added > than
}

// news returns the files that came and went since a record, nil if something else happened that
// findings follow from, or if it matters in which order a file came and went.
func (s *Stage[T]) news(ctx context.Context, view T, from uint64) (*news, error) {
	n := &news{}
	had := map[string]bool{}
	for leaf, err := range view.Leaves(ctx, from, triggers...) {
		if err != nil {
			return nil, err
		}
		switch leaf.Kind {
		case ledger.KindFile, ledger.KindWithdrawal:
		case ledger.KindDay:
			continue
		default:
			return nil, nil
		}
		body, err := view.Body(ctx, leaf.Index)
		if err != nil {
			return nil, err
		}
		row := ledger.FileRow{Index: leaf.Index}
		if leaf.Kind == ledger.KindFile {
			if row.File, err = device.Decode[device.File](body); err != nil {
				return nil, err
			}
			n.came = append(n.came, row)
		} else {
			w, err := ledger.Decode[ledger.Withdrawal](body)
			if err != nil {
				return nil, err
			}
			if row, _, err = view.File(ctx, w.File); err != nil {
				return nil, err
			}
			n.went = append(n.went, row)
		}
		if had[row.File.Digest] {
			return nil, nil
		}
		had[row.File.Digest] = true
	}
	return n, nil
}

// changedLists finds the lists that changed as they were, and reports whether that is enough.
func (sc *scope) changedLists(n *news, in *inputs) bool {
	for _, row := range append(slices.Clip(n.came), n.went...) {
		kind := row.File.Kind
		if !in.conditions.Asks(kind) || sc.lists[kind] != nil {
			continue
		}
		if kind == device.FileTAC || kind == device.FileBarredTAC || kind == device.FileSubscribers {
			return false
		}
		was := slices.DeleteFunc(slices.Clone(in.files[kind]), func(r ledger.FileRow) bool {
			return slices.ContainsFunc(n.came, func(c ledger.FileRow) bool { return c.File.Digest == r.File.Digest })
		})
		for _, r := range n.went {
			if r.File.Kind == kind {
				was = append(was, r)
			}
		}
		if len(was) == 0 || len(in.files[kind]) == 0 {
			return false
		}
		slices.SortFunc(was, func(a, b ledger.FileRow) int { return cmp.Compare(a.Index, b.Index) })
		sc.lists[kind] = append([]device.Part{}, partsInForce(was)...)
	}
	return true
}

// changedParts finds the parts of days and visits that came and went, and those that were in force. A
// part that came may have been in force, and one that went may be still: other files gave it too.
func (sc *scope) changedParts(ctx context.Context, view View, n *news, in *inputs) error {
	moved := map[string]device.Part{}
	came := map[string]bool{}
	for _, row := range n.came {
		came[row.File.Digest] = true
	}
	went := map[string]bool{}
	for _, row := range n.went {
		went[row.File.Digest] = true
	}
	for _, row := range append(slices.Clip(n.came), n.went...) {
		for _, p := range row.File.Parts {
			if p.Table == "days" || p.Table == "visits" {
				moved[p.Digest] = p
			}
		}
	}
	for _, p := range in.parts {
		if _, is := moved[p.Digest]; !is {
			sc.was = append(sc.was, p)
		}
	}
	for _, digest := range slices.Sorted(maps.Keys(moved)) {
		sc.moved = append(sc.moved, moved[digest])
		rows, err := view.PartsNamed(ctx, digest)
		if err != nil {
			return err
		}
		for _, r := range rows {
			gave := went[r.File]
			if !gave && !came[r.File] {
				_, withdrawn, err := view.Withdrawal(ctx, r.File)
				if err != nil {
					return err
				}
				gave = !withdrawn
			}
			if gave {
				sc.was = append(sc.was, moved[digest])
				break
			}
		}
	}
	return nil
}

// judgeTouched judges the devices of a bucket that are in the scope.
func (s *Stage[T]) judgeTouched(ctx context.Context, r *result, bucket int) error {
	sc, in := r.scope, r.in
	devices, err := s.Lake.Devices(ctx, sc.moved, bucket)
	if err != nil {
		return err
	}
	now, err := s.listsOf(ctx, in, bucket)
	if err != nil {
		return err
	}
	was, err := s.Shelf.Lists(ctx, sc.lists, bucket)
	if err != nil {
		return err
	}
	devices = append(append(devices, changed(sc.lists, &was, &now)...), sc.due[bucket]...)
	if len(sc.turned) > 0 {
		open, err := s.Lake.FindingsBy(ctx, partsOf(r.before.parts[bucket]), bucket, sc.turned)
		if err != nil {
			return err
		}
		for i := range open {
			devices = append(devices, open[i].IMEI)
		}
	}
	if len(devices) == 0 {
		r.found[bucket] = newPart(in.conditions, in.facts, in.coverage, in.asOf)
		return nil
	}
	slices.Sort(devices)
	devices = slices.Compact(devices)
	sc.judged += len(devices)
	r.judged[bucket] = devices
	if sc.lists[device.FileStolen] == nil {
		was.Stolen = now.Stolen
	}
	if sc.lists[device.FileBarred] == nil {
		was.Barred = now.Barred
	}
	was.Stolen, was.Barred = restrict(was.Stolen, devices, stolenKey), restrict(was.Barred, devices, listedKey)
	if err := s.forget(ctx, r, bucket, devices, &was); err != nil {
		return err
	}
	if r.open[bucket], err = s.Lake.FindingsAmong(ctx, partsOf(r.before.parts[bucket]), bucket, devices); err != nil {
		return err
	}
	now.Stolen, now.Barred, now.TakenOver = restrict(now.Stolen, devices, stolenKey), restrict(now.Barred, devices, listedKey), restrict(now.TakenOver, devices, adoptedKey)
	r.found[bucket], err = in.pass(now, s.Lake.HistoriesOf(ctx, in.parts, bucket, devices), r.open[bucket]).Collect()
	return err
}

// changed returns the devices of which lists that changed say something else now.
func changed(lists map[device.FileKind][]device.Part, was, now *Lists) (out []imei.IMEI) {
	for kind := range lists {
		switch kind {
		case device.FileStolen:
			out = append(out, differing(was.Stolen, now.Stolen, stolenKey)...)
		case device.FileRegistration:
			out = append(out, differing(was.Registered, now.Registered, plainKey)...)
		case device.FileAssociation:
			out = append(out, differing(was.Associated, now.Associated, plainKey)...)
		case device.FileBarred:
			out = append(out, differing(was.Barred, now.Barred, listedKey)...)
		case device.FileMonitoring:
			out = append(out, differing(was.Monitored, now.Monitored, listedKey)...)
		}
	}
	return out
}

// differing returns the devices whose rows are not the same in two sorted lists.
func differing[T comparable](a, b []T, key func(*T) imei.IMEI) (out []imei.IMEI) {
	x, y := cursor[T]{rows: a, key: key}, cursor[T]{rows: b, key: key}
	for {
		m := min(x.at(), y.at())
		if m > imei.Max {
			return out
		}
		if !slices.Equal(x.take(m), y.take(m)) {
			out = append(out, m)
		}
	}
}

// restrict returns the rows of some devices. Both are sorted.
func restrict[T any](rows []T, devices []imei.IMEI, key func(*T) imei.IMEI) (out []T) {
	c := cursor[T]{rows: rows, key: key}
	for _, m := range devices {
		out = append(out, c.take(m)...)
	}
	return out
}

// forget counts what the devices counted as before: devices that were seen, or that a list named.
func (s *Stage[T]) forget(ctx context.Context, r *result, bucket int, devices []imei.IMEI, was *Lists) error {
	seen, err := s.Lake.Seen(ctx, r.scope.was, bucket, devices)
	if err != nil {
		return err
	}
	for i, m := range devices {
		_, stolen := find(was.Stolen, m, stolenKey)
		_, barred := find(was.Barred, m, listedKey)
		switch {
		case seen[i]:
			r.gone.devices++
		case stolen || barred:
			r.gone.unseen++
		}
	}
	return nil
}

// elsewhere counts what is outside the scope. Malformed identifiers never are.
func (r *result) elsewhere() Base {
	b := Base{Matched: map[string]int64{}}
	if r.scope == nil {
		return b
	}
	b.Devices = r.before.Devices + r.before.Unseen - r.gone.devices - r.gone.unseen
	for rule, n := range r.before.Rules {
		b.Matched[rule] = n.Open - n.Ended
	}
	for bucket := range r.open {
		for i := range r.open[bucket] {
			if f := &r.open[bucket][i]; f.Ended == 0 {
				b.Matched[f.Rule]--
			}
		}
	}
	return b
}
