package main

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

// unpack writes what is in the zips of a directory beside it, in DIR.files, without the time that
// all names begin with, and with the line ends of scripts.
func unpack(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) == 1)
	dir := ts.MkAbs(args[0])
	zips, err := filepath.Glob(filepath.Join(dir, "*.zip"))
	ts.Check(err)
	into := dir + ".files"
	ts.Check(os.MkdirAll(into, 0o700))
	for _, path := range zips {
		z, err := zip.OpenReader(path)
		ts.Check(err)
		for _, f := range z.File {
			in, err := f.Open()
			ts.Check(err)
			text, err := io.ReadAll(in)
			ts.Check(err)
			text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
			ts.Check(os.WriteFile(filepath.Join(into, f.Name[len("20060102_150405_"):]), text, 0o600))
		}
		ts.Check(z.Close())
	}
}
