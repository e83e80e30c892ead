package observe

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/openceir/openceir/internal/problem"
)

// results is the file that lists what became of each row that was not simply taken: CSV with the
// columns line, verdict and reason. It holds no value of the imported file but malformed IMEIs. It
// is begun with the first row and gets its name when it is complete. Its name does not
// end with .csv, so that what takes in all .csv files of a directory passes it over.
type results struct {
	path string // where it will be
	file *os.File
	buf  *bufio.Writer
	csv  *csv.Writer
	n    int64
	err  error
}

// The verdicts.
const (
	verdictRefused   = "refused"   // breaks the layout; not in the lake
	verdictMalformed = "malformed" // in the lake's table malformed
	verdictConflict  = "conflict"  // contradicts another row of the same list
)

func (im *Importer) results(s *source) *results {
	dir := im.Results
	if dir == "" {
		dir = filepath.Dir(s.path)
	}
	return &results{path: filepath.Join(dir, s.name+".results")}
}

// add lists a row; line 1 is the header.
func (r *results) add(line int64, verdict, reason string) {
	if r.n++; r.n > resultsMax || r.err != nil {
		return
	}
	if r.file == nil {
		if r.file, r.err = os.CreateTemp(filepath.Dir(r.path), filepath.Base(r.path)+".*.tmp"); r.err != nil {
			return
		}
		r.buf = bufio.NewWriter(r.file)
		r.csv = csv.NewWriter(r.buf)
		r.write("line", "verdict", "reason")
	}
	r.write(strconv.FormatInt(line, 10), verdict, reason)
}

func (r *results) write(cells ...string) {
	for i, c := range cells {
		cells[i] = inert(c)
	}
	if err := r.csv.Write(cells); err != nil {
		r.err = err
	}
}

// inert keeps a spreadsheet from taking a cell for a formula: what begins with one of the
// characters that start one, or with their full-width forms, gets an apostrophe in front.
func inert(cell string) string {
	for _, p := range []string{"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"} {
		if strings.HasPrefix(cell, p) {
			return "'" + cell
		}
	}
	return cell
}

// finish completes the file and returns its path, "" if there was nothing to list.
func (r *results) finish() (string, error) {
	if r.n > resultsMax && r.err == nil {
		r.write("", "", fmt.Sprintf("%d more rows are not listed", r.n-resultsMax))
	}
	if r.file != nil {
		r.csv.Flush()
		r.err = errors.Join(r.err, r.csv.Error(), r.buf.Flush(), r.file.Sync(), r.file.Close())
	}
	if r.err == nil && r.file != nil {
		r.err = os.Rename(r.file.Name(), r.path)
	}
	if r.err != nil {
		r.discard()
		return "", problem.New(problem.Invalid, "the results file %s cannot be written: %w; nothing was changed; import from a directory that can be written to, or name another for results", r.path, r.err)
	}
	if r.file == nil {
		return "", nil
	}
	return r.path, nil
}

// discard removes an unfinished file.
func (r *results) discard() {
	if r.file != nil {
		r.file.Close()
		os.Remove(r.file.Name())
	}
}
