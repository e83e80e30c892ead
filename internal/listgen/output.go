package listgen

import (
	"archive/zip"
	"compress/flate"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
)

// Output writes the files of a run: first Write, then, when the run has its name, Publish. Discard
// ends it in any case.
type Output struct {
	Dir  string    // where the files go; it is made
	Time time.Time // of the run, in the zone by whose clock files are named
	Full bool      // full lists too, not only deltas

	temp  string
	names []string // of the CSV files, as they lie in temp
	files []device.ListFile
}

// Manifest tells of the files that were written for a run.
type Manifest struct {
	Run      uint64             `json:"run"`
	Base     int64              `json:"base"` // -1 for none
	New      bool               `json:"new"`  // the run was made now; else nothing had changed since it was
	Shadow   bool               `json:"shadow"`
	Day      string             `json:"day"`
	Made     time.Time          `json:"made"`
	Options  device.ListOptions `json:"options"`
	Files    []ManifestFile     `json:"files"`
	Manifest string             `json:"-"` // its own path
}

// ManifestFile is one CSV file within a zip.
type ManifestFile struct {
	Zip  string `json:"zip"`
	Name string `json:"name"`
	device.ListFile
}

// Write writes the CSV files of a run against a base, out of sight, and returns what the run's
// record says of them. base is nil for none: all rows are then additions.
func (o *Output) Write(ctx context.Context, runs Runs, operators []device.Operator, run, base *device.ListRun) ([]device.ListFile, error) {
	err := os.MkdirAll(o.Dir, 0o750)
	if err == nil {
		o.temp, err = os.MkdirTemp(o.Dir, ".lists-*")
	}
	if err != nil {
		return nil, problem.New(problem.Refused, "writing into %s: %w", o.Dir, err)
	}
	b := &book{dir: o.temp, full: o.Full, columns: columns{check: run.Options.CheckDigit, amnesty: run.Amnesty}, sheets: map[sheetKey]*sheet{}}
	var before []device.Part
	if base != nil {
		before = base.Parts
	}
	err = b.open(Blacklist, "")
	for _, list := range []string{Notifications, Exceptions} {
		for _, op := range operators {
			if err == nil {
				err = b.open(list, op)
			}
		}
	}
	if err == nil {
		err = compare(ctx, runs, before, run.Parts, b)
	}
	if err = errors.Join(err, b.close()); err != nil {
		return nil, err
	}
	slices.SortStableFunc(b.order, func(x, y *sheet) int { return compareFiles(&x.ListFile, &y.ListFile) })
	for _, s := range b.order {
		o.files = append(o.files, s.ListFile)
		o.names = append(o.names, s.path)
	}
	return o.files, nil
}

// compareFiles puts the files of one zip together.
func compareFiles(a, b *device.ListFile) int {
	lists := []string{Blacklist, Notifications, Exceptions}
	if c := slices.Index(lists, a.List) - slices.Index(lists, b.List); c != 0 {
		return c
	}
	switch {
	case a.Operator < b.Operator:
		return -1
	case a.Operator > b.Operator:
		return 1
	}
	return 0
}

// Publish packs the files under the run's name and makes them visible, zip by zip, and then the
// manifest. m gives what the manifest says beside them.
func (o *Output) Publish(m Manifest) (*Manifest, error) {
	stamp := o.Time.Format("20060102_150405")
	m.Made = o.Time.Truncate(time.Second)
	m.Manifest = filepath.Join(o.Dir, stamp+"_manifest.json")
	var zips []string
	for i := 0; i < len(o.files); {
		k := i
		for k < len(o.files) && compareFiles(&o.files[i], &o.files[k]) == 0 {
			k++
		}
		name := stem(stamp, &o.files[i]) + ".zip"
		if err := o.pack(name, stamp, &m, i, k); err != nil {
			return nil, err
		}
		zips = append(zips, name)
		i = k
	}
	text, err := json.MarshalIndent(&m, "", "  ")
	if err != nil {
		return nil, err
	}
	manifest := filepath.Base(m.Manifest)
	if err := writeSynced(filepath.Join(o.temp, manifest), func(w io.Writer) error { _, err := w.Write(append(text, '\n')); return err }); err != nil {
		return nil, err
	}
	zips = append(zips, manifest)
	for _, name := range zips {
		if _, err := os.Lstat(filepath.Join(o.Dir, name)); err == nil {
			return nil, problem.New(problem.Conflict, "%s is in %s already: lists were made in the same second; try again", name, o.Dir)
		}
	}
	for _, name := range zips {
		if err := os.Rename(filepath.Join(o.temp, name), filepath.Join(o.Dir, name)); err != nil {
			return nil, fmt.Errorf("naming %s: %w", name, err)
		}
	}
	return &m, syncDir(o.Dir)
}

// stem returns the name of a list's files without what tells a delta.
func stem(stamp string, f *device.ListFile) string {
	if f.Operator == "" {
		return stamp + "_" + f.List
	}
	return stamp + "_" + f.List + "_" + string(f.Operator)
}

// pack writes files from to to into one zip.
func (o *Output) pack(name, stamp string, m *Manifest, from, to int) error {
	return writeSynced(filepath.Join(o.temp, name), func(w io.Writer) error {
		z := zip.NewWriter(w)
		z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
		for i := from; i < to; i++ {
			f := &o.files[i]
			member := stem(stamp, f)
			if f.Delta != "" {
				member += fmt.Sprintf("_delta_%d_%d_%s", m.Base, m.Run, f.Delta)
			}
			member += ".csv"
			m.Files = append(m.Files, ManifestFile{name, member, *f})
			out, err := z.CreateHeader(&zip.FileHeader{Name: member, Method: zip.Deflate, Modified: o.Time})
			if err != nil {
				return err
			}
			if err := copyFrom(out, o.names[i]); err != nil {
				return err
			}
		}
		return z.Close()
	})
}

func copyFrom(out io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(out, f)
	return err
}

// writeSynced writes a file that is on stable storage when it returns.
func writeSynced(path string, fill func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return fmt.Errorf("writing a list: %w", err)
	}
	err = fill(f)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	return nil
}

// syncDir makes renames in a directory last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("syncing directory: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("syncing directory: %w", err)
	}
	return nil
}

// Discard removes what is not visible.
func (o *Output) Discard() error {
	if o.temp == "" {
		return nil
	}
	return os.RemoveAll(o.temp)
}
