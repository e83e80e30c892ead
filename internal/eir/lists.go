package eir

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/openceir/openceir/list"
)

// Lists keeps the list files that the node has believed and brings the core's table forward by
// them. It is owned by one goroutine.
type Lists struct {
	Dir     string           // its own directory, made when it is needed
	Replica *list.Replica    // of the stream that the node follows; Load gives it another
	Core    *Core            // what the table is put in force in
	Seen    func() list.Seen // what this network saw, counted when it is asked
	// Refused, if set, is told of a file that was held.
	Refused func(name string, err error)

	kept  chain     // what is on disk
	gap   bool      // what is on disk does not lead to the table in force
	dead  []string  // kept files that are of no use, until what takes their place is kept
	tried time.Time // when the kept files were last due to be renewed
}

// File is a list file with its signed manifest.
type File struct {
	Name           string // where it is from, for people
	Manifest, Body []byte
}

// Size returns the ledger size of the table in force, 0 for none.
func (l *Lists) Size() uint64 { return l.Replica.Head().Size }

// Take verifies a list file and, if it is believed, puts its table in force and keeps it. A file
// that is not believed is held: counted, told, and nothing changes; the report is then empty. One
// that can not be kept is in force all the same, and what is kept is renewed when there is time.
func (l *Lists) Take(name string, manifest, body []byte) (list.Report, error) {
	report, err := l.Replica.Apply(manifest, body, l.Seen(), l.Core.Now())
	if err != nil {
		l.Core.Stats.Held.Add(1)
		l.Core.Stats.HeldInAll.Add(1)
		l.refused(name, err)
		return list.Report{}, fmt.Errorf("held %s, the list in force stays: %w", name, err)
	}
	l.Core.Swap(l.Replica.Table(), report.To)
	if err := l.keep(report.To, &File{name, manifest, body}); err != nil {
		return report, fmt.Errorf("%s is in force, but can not be kept for the next start: %w", name, err)
	}
	return report, nil
}

func (l *Lists) refused(name string, err error) {
	if l.Refused != nil {
		l.Refused(name, err)
	}
}

// Due reports whether the kept files should be renewed: they are many, or do not lead to the table in
// force. It says so no more often than every renewEvery.
func (l *Lists) Due() bool {
	now := l.Core.Now()
	if l.Size() == 0 || !l.gap && len(l.kept.sizes) <= maxChain || now.Sub(l.tried).Abs() < renewEvery {
		return false
	}
	l.tried = now
	return true
}

// Renew keeps other files in place of those kept so far: a newer snapshot, and the deltas from there.
// They must lead to what is in force and to nothing else, for they are believed on the strength of it:
// the same tree, table, approvers, denominator and policies. What was changed and changed back before
// the snapshot then no longer counts in the sums of 24 hours after a start, as on a new node.
//
// The files that were kept before go when the others are written and have been read again. If we
// crash in between both are there, and Load takes those that lead further.
func (l *Lists) Renew(files []File) error {
	fresh := l.blank()
	next := chain{number: l.kept.number + 1}
	for i := range files {
		r, err := fresh.Again(files[i].Manifest, files[i].Body, l.Core.Now())
		if err != nil {
			return fmt.Errorf("%s can not take the place of the kept files: %w", files[i].Name, err)
		}
		next.sizes = append(next.sizes, r.To)
	}
	if err := same(fresh, l.Replica); err != nil {
		return fmt.Errorf("the centre's newest snapshot can not take the place of the kept files: %w", err)
	}
	if !l.gap && len(next.sizes) >= len(l.kept.sizes) {
		return fmt.Errorf("the centre's newest snapshot and its deltas are %d files, no fewer than are kept", len(next.sizes))
	}
	err := l.renew(&next, files)
	if err != nil {
		l.dead = append(l.dead, next.paths(l.Dir)...)
		return fmt.Errorf("keeping the newest snapshot, the files kept before stay: %w", errors.Join(err, l.bury()))
	}
	l.dead = append(l.dead, l.kept.paths(l.Dir)...)
	l.kept, l.gap = next, false
	return l.bury()
}

func (l *Lists) renew(next *chain, files []File) error {
	if err := os.MkdirAll(l.Dir, 0o755); err != nil {
		return err
	}
	for i := range files {
		if err := next.write(l.Dir, next.sizes[i], &files[i]); err != nil {
			return err
		}
	}
	again, faults := l.read(next)
	if len(faults) > 0 {
		return faults[0]
	}
	return same(again, l.Replica)
}

// blank returns a replica like the one in use that has nothing yet.
func (l *Lists) blank() *list.Replica {
	r := l.Replica
	return &list.Replica{Stream: r.Stream, Log: r.Log, Founders: r.Founders, Skew: r.Skew}
}

// same says in what a replica differs from another, nil if in nothing that a check or a later file
// rests on.
func same(a, b *list.Replica) error {
	g, h := a.Guard(), b.Guard()
	switch {
	case a.Head() != b.Head():
		return fmt.Errorf("they lead to the tree of %d records, not to that of %d in force here", a.Head().Size, b.Head().Size)
	case a.Table().Digest() != b.Table().Digest():
		return errors.New("they lead to another table than the one in force: compare the heads with others and tell the log's owner")
	case g.Directory() == nil || h.Directory() == nil || string(g.Directory().Bytes()) != string(h.Directory().Bytes()),
		g.Active() != h.Active(), fmt.Sprint(g.Policies()) != fmt.Sprint(h.Policies()):
		return errors.New("they keep back acts of the directory, the denominator or a policy: compare the heads with others and tell the log's owner")
	}
	return nil
}
