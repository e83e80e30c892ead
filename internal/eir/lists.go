package eir

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/openceir/openceir/list"
)

// Lists keeps the list files that the node has believed and brings the core's table forward by
// them. It is owned by one goroutine.
type Lists struct {
	Dir     string
	Replica *list.Replica
	Core    *Core
	Seen    func() list.Seen // what this network saw, counted when it is asked
	// Refused, if set, is told of a file that was held.
	Refused func(name string, err error)

	dead []string // kept files that could not be believed again, until a newer one takes their place
}

// Size returns the ledger size of the table in force, 0 for none.
func (l *Lists) Size() uint64 { return l.Replica.Head().Size }

// Take verifies a list file and, if it is believed, puts its table in force and keeps it. A file
// that is not believed is held: counted, told, and nothing changes. One that can not be kept is in
// force all the same; after a restart the feed fetches it again.
func (l *Lists) Take(name string, manifest, body []byte) (list.Report, error) {
	report, err := l.Replica.Apply(manifest, body, l.Seen(), l.Core.Now())
	if err != nil {
		l.Core.Stats.Held.Add(1)
		l.Core.Stats.HeldInAll.Add(1)
		if l.Refused != nil {
			l.Refused(name, err)
		}
		return report, fmt.Errorf("held %s, the list in force stays: %w", name, err)
	}
	l.Core.Swap(l.Replica.Table(), report.To)
	if err := l.keep(report.To, manifest, body); err != nil {
		return report, fmt.Errorf("%s is in force, but can not be kept: %w", name, err)
	}
	return report, nil
}

// keep writes a believed file under the ledger size that it leads to. The manifest comes last: a
// body without one is not there.
func (l *Lists) keep(size uint64, manifest, body []byte) error {
	if err := os.MkdirAll(l.Dir, 0o755); err != nil {
		return err
	}
	for _, path := range l.dead {
		os.Remove(path)
		os.Remove(bodyOf(path))
	}
	l.dead = nil
	path := filepath.Join(l.Dir, fmt.Sprintf("%020d", size))
	if err := replace(path+".list", func(w io.Writer) error { _, err := w.Write(body); return err }); err != nil {
		return err
	}
	return replace(path+".note", func(w io.Writer) error { _, err := w.Write(manifest); return err })
}

// Load brings the table to where the kept files lead, verifying each again as when it came. What
// is damaged is told and left out, with all that builds on it: the feed fetches it anew.
func (l *Lists) Load() error {
	notes, err := filepath.Glob(filepath.Join(l.Dir, "*.note"))
	if err != nil {
		return err
	}
	slices.Sort(notes)
	for _, path := range notes {
		if err := l.load(path); err != nil {
			l.dead = append(l.dead, path)
			if l.Refused != nil {
				l.Refused(path, err)
			}
		}
	}
	if l.Size() > 0 {
		l.Core.Swap(l.Replica.Table(), l.Size())
	}
	return nil
}

func (l *Lists) load(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	manifest, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	body, err := os.ReadFile(bodyOf(path))
	if err != nil {
		return err
	}
	now := l.Core.Now()
	if kept := info.ModTime(); kept.After(now) {
		now = kept // a clock that starts in the past does not cost a node its list
	}
	_, err = l.Replica.Again(manifest, body, now)
	return err
}

// bodyOf returns the path of the file of a kept manifest.
func bodyOf(note string) string { return strings.TrimSuffix(note, ".note") + ".list" }

// Age returns how long ago a list file was applied.
func (l *Lists) Age() time.Duration {
	return l.Core.Now().Sub(time.UnixMicro(l.Core.Stats.AppliedAt.Load()))
}
