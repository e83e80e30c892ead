package country

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zip"
)

// archive is a zip file with exactly one member of the same base name, as the DIRBS importer wants
// it. It carries no time, so that equal contents are equal files.
type archive struct {
	io.Writer
	zip  *zip.Writer
	file *os.File
}

func createArchive(dir, base, extension string) (*archive, error) {
	f, err := os.Create(filepath.Join(dir, base+".zip"))
	if err != nil {
		return nil, fmt.Errorf("creating archive: %w", err)
	}
	z := zip.NewWriter(f)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	member, err := z.CreateHeader(&zip.FileHeader{Name: base + extension, Method: zip.Deflate})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("creating archive %s: %w", base, err), f.Close())
	}
	return &archive{member, z, f}, nil
}

// Close ends the archive.
func (a *archive) Close() error { return errors.Join(a.zip.Close(), a.file.Close()) }
