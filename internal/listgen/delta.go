package listgen

import (
	"context"
	"iter"

	"github.com/openceir/openceir/internal/device"
)

// Runs reads the lists of a run that was kept, each in its order, a batch of rows after the other.
type Runs interface {
	Refusals(ctx context.Context, parts []device.Part) iter.Seq2[[]device.Refusal, error]
	Notices(ctx context.Context, parts []device.Part) iter.Seq2[[]device.Notice, error]
	Exceptions(ctx context.Context, parts []device.Part) iter.Seq2[[]device.Exception, error]
}

// The changes of the lists, as the names of delta files have them.
const (
	Blocked   = "blocked"
	Unblocked = "unblocked"
	Changed   = "changed"

	New          = "new"
	Resolved     = "resolved"
	Blacklisted  = "blacklisted"
	NoLongerSeen = "no_longer_seen"

	Added   = "added"
	Removed = "removed"
)

// The lists, as the names of files have them.
const (
	Blacklist     = "blacklist"
	Notifications = "notifications"
	Exceptions    = "exceptions"
)

// changes are the changes of each list, in the order in which its files are made.
var changes = map[string][]string{
	Blacklist:     {Blocked, Unblocked, Changed},
	Notifications: {New, Resolved, Blacklisted, NoLongerSeen, Changed},
	Exceptions:    {Added, Removed},
}

// taker is given the rows of a run: those of the full lists, with no change, and those of the
// deltas. A row that was taken off a list is given as it stood there.
type taker interface {
	refusal(change string, r *device.Refusal) error
	notice(change string, n *device.Notice) error
	exception(change string, e *device.Exception) error
}

// compare walks two runs beside each other. base may have no parts.
func compare(ctx context.Context, runs Runs, base, now []device.Part, to taker) error {
	err := join(runs.Refusals(ctx, base), runs.Refusals(ctx, now), device.CompareRefusals, func(was, is *device.Refusal) error {
		if was != nil && was.Pending {
			was = nil
		}
		if is != nil && is.Pending {
			is = nil
		}
		return tell(was, is, Blocked, Unblocked, func(change string, r *device.Refusal) error { return to.refusal(change, r) })
	})
	if err != nil {
		return err
	}
	devices := pull(runs.Refusals(ctx, now))
	defer devices.stop()
	err = join(runs.Notices(ctx, base), runs.Notices(ctx, now), device.CompareNotices, func(was, is *device.Notice) error {
		gone := Resolved
		if is == nil {
			gone = whither(devices, was)
		}
		if was != nil && was.Paired {
			was = nil
		}
		if is != nil && is.Paired {
			is = nil
		}
		return tell(was, is, New, gone, func(change string, n *device.Notice) error { return to.notice(change, n) })
	})
	if err == nil {
		err = devices.err
	}
	if err != nil {
		return err
	}
	return join(runs.Exceptions(ctx, base), runs.Exceptions(ctx, now), device.CompareExceptions, func(was, is *device.Exception) error {
		return tell(was, is, Added, Removed, func(change string, e *device.Exception) error { return to.exception(change, e) })
	})
}

// tell gives what became of one key.
func tell[T comparable](was, is *T, came, went string, to func(string, *T) error) error {
	if is != nil {
		if err := to("", is); err != nil {
			return err
		}
	}
	switch {
	case was == nil && is == nil:
		return nil
	case was == nil:
		return to(came, is)
	case is == nil:
		return to(went, was)
	case *was != *is:
		return to(Changed, is)
	}
	return nil
}

// whither says why somebody is not notified any more who is not there at all now. The notices come
// in the order of devices.
func whither(devices *puller[device.Refusal], was *device.Notice) string {
	key := device.Refusal{IMEI: was.IMEI, Text: was.Text}
	for devices.head() != nil && device.CompareRefusals(devices.head(), &key) < 0 {
		devices.step()
	}
	r := devices.head()
	switch {
	case r == nil || device.CompareRefusals(r, &key) != 0:
		return Resolved
	case !r.Pending:
		return Blacklisted
	}
	return NoLongerSeen
}

// join walks two sorted lists and gives what each has of a key, nil for nothing.
func join[T any](base, now iter.Seq2[[]T, error], order func(a, b *T) int, each func(was, is *T) error) error {
	a, b := pull(base), pull(now)
	defer a.stop()
	defer b.stop()
	for {
		was, is := a.head(), b.head()
		if was == nil && is == nil {
			break
		}
		if was != nil && is != nil {
			if c := order(was, is); c < 0 {
				is = nil
			} else if c > 0 {
				was = nil
			}
		}
		if a.err != nil || b.err != nil {
			break
		}
		if err := each(was, is); err != nil {
			return err
		}
		if was != nil {
			a.step()
		}
		if is != nil {
			b.step()
		}
	}
	if a.err != nil {
		return a.err
	}
	return b.err
}

// puller walks batches row by row.
type puller[T any] struct {
	next func() ([]T, error, bool)
	stop func()
	rows []T
	done bool
	err  error
}

func pull[T any](batches iter.Seq2[[]T, error]) *puller[T] {
	next, stop := iter.Pull2(batches)
	return &puller[T]{next: next, stop: stop}
}

// head returns the current row, nil after the last and after an error.
func (p *puller[T]) head() *T {
	for len(p.rows) == 0 && !p.done {
		rows, err, ok := p.next()
		p.rows, p.err, p.done = rows, err, !ok || err != nil
	}
	if len(p.rows) == 0 || p.err != nil {
		return nil
	}
	return &p.rows[0]
}

func (p *puller[T]) step() { p.rows = p.rows[1:] }
