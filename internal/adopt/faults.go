package adopt

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/openceir/openceir/internal/problem"
)

// faults lists the rows that can not be taken: CSV with the columns file, line and reason. It holds
// no value of a row but malformed ones, and is begun with the first.
type faults struct {
	path  string
	first string
	n     int64
	file  *os.File
	buf   *bufio.Writer
	csv   *csv.Writer
	err   error
}

// add lists a row; line 1 is the header, line 0 is not known.
func (f *faults) add(file string, line int64, why string) {
	if f.n++; f.n == 1 {
		f.first = fmt.Sprintf("%s, line %d: %s", file, line, why)
		if line == 0 {
			f.first = fmt.Sprintf("%s: %s", file, why)
		}
		if f.file, f.err = os.CreateTemp(filepath.Dir(f.path), filepath.Base(f.path)+".*.tmp"); f.err == nil {
			f.buf = bufio.NewWriter(f.file)
			f.csv = csv.NewWriter(f.buf)
			f.err = f.csv.Write([]string{"file", "line", "reason"})
		}
	}
	if f.n <= maxFaults && f.err == nil {
		f.err = f.csv.Write([]string{file, strconv.FormatInt(line, 10), why})
	}
}

// finish names the file, and returns its path.
func (f *faults) finish() (string, error) {
	if f.n == 0 {
		return "", nil
	}
	if f.n > maxFaults && f.err == nil {
		f.err = f.csv.Write([]string{"", "", fmt.Sprintf("%d more rows are not listed", f.n-maxFaults)})
	}
	if f.file != nil && f.csv != nil {
		f.csv.Flush()
		f.err = errors.Join(f.err, f.csv.Error(), f.buf.Flush(), f.file.Sync(), f.file.Close())
		if f.err == nil {
			f.err = os.Rename(f.file.Name(), f.path)
		}
		if f.err != nil {
			os.Remove(f.file.Name())
		}
	}
	if f.err != nil {
		return "", problem.New(problem.Invalid, "%d rows are faulty, the first in %s; they can not be listed in %s: %w", f.n, f.first, f.path, f.err)
	}
	return f.path, nil
}

// discard takes away what was begun and not finished.
func (f *faults) discard() {
	if f.file != nil {
		f.file.Close()
		os.Remove(f.file.Name())
	}
}
