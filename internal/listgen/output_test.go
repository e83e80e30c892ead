package listgen

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/md5"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

var update = flag.Bool("update", false, "write the golden files anew")

var (
	old = shelf{
		devices: [][]device.Refusal{{
			{IMEI: imei.New(101701, 1), Block: today - 3, Reasons: "stolen"},
			{IMEI: imei.New(101701, 2), Block: today + 9, Reasons: "cloned", Pending: true},
			{IMEI: imei.New(101701, 3), Block: today - 9, Reasons: "stolen"},
			{IMEI: imei.New(101701, 4), Block: today + 1, Reasons: "cloned", Pending: true},
			{IMEI: imei.New(101701, 5), Block: today + 1, Reasons: "cloned", Pending: true}}},
		notices: [][]device.Notice{{
			{IMEI: imei.New(101701, 2), IMSI: 1010000000001, MSISDN: 99971550131, Operator: "north", Block: today + 9, Reasons: "cloned"},
			{IMEI: imei.New(101701, 2), IMSI: 1010000000002, MSISDN: 99971550132, Operator: "north", Block: today + 9, Reasons: "cloned"},
			{IMEI: imei.New(101701, 2), IMSI: 1010000000003, MSISDN: 99971550133, Operator: "north", Block: today + 9, Reasons: "cloned"},
			{IMEI: imei.New(101701, 4), IMSI: 1010000000004, MSISDN: 99971550134, Operator: "north", Block: today + 1, Reasons: "cloned"},
			{IMEI: imei.New(101701, 5), IMSI: 1010000000005, MSISDN: 99971550135, Operator: "north", Block: today + 1, Reasons: "cloned"}}},
		exceptions: [][]device.Exception{{
			{IMEI: imei.New(101701, 1), IMSI: 1010000000001, MSISDN: 99971550131, Operator: "north"},
			{IMEI: imei.New(101701, 1), IMSI: 310150123456789, MSISDN: 99971550139, Operator: "north"}}},
	}
	latest = shelf{
		devices: [][]device.Refusal{{
			{IMEI: imei.New(101701, 1), Block: today - 3, Reasons: "cloned|stolen, or lost"},
			{IMEI: imei.New(101701, 2), Block: today + 9, Reasons: "cloned", Pending: true},
			{IMEI: imei.New(101701, 4), Block: today, Reasons: "cloned"},
			{Text: `AB"C`, Block: today, Reasons: "malformed"}}},
		notices: [][]device.Notice{{
			{IMEI: imei.New(101701, 2), IMSI: 1010000000001, MSISDN: 99971550131, Operator: "north", Block: today + 9, Reasons: "cloned", Amnesty: true},
			{IMEI: imei.New(101701, 2), IMSI: 1010000000002, MSISDN: 99971550132, Operator: "north", Block: today + 9, Reasons: "cloned", Paired: true},
			{IMEI: imei.New(101701, 2), IMSI: 310150123456789, MSISDN: 99971550133, Operator: "north", Block: today + 9, Reasons: "cloned"},
			{IMEI: imei.New(101701, 2), IMSI: 310150123456789, MSISDN: 99971550133, Operator: "south", Block: today + 9, Reasons: "cloned"}}},
		exceptions: [][]device.Exception{{
			{IMEI: imei.New(101701, 1), IMSI: 0, MSISDN: 99971550136, Operator: "south"},
			{IMEI: imei.New(101701, 1), IMSI: 310150123456789, MSISDN: 99971550139, Operator: "north"}}},
	}
)

// both is two runs in one lake: the second's parts come after the first's.
func both() (runs *shelf, base, now *device.ListRun) {
	runs = &shelf{devices: slices.Concat(old.devices, latest.devices), notices: slices.Concat(old.notices, latest.notices),
		exceptions: slices.Concat(old.exceptions, latest.exceptions)}
	run := func(at int64) *device.ListRun {
		return &device.ListRun{Day: today, Amnesty: true, Options: device.ListOptions{CheckDigit: true}, Parts: []device.Part{
			{Table: "list_devices", Rows: at}, {Table: "list_notices", Rows: at}, {Table: "list_exceptions", Rows: at}}}
	}
	return runs, run(0), run(1)
}

func write(t *testing.T, dir string) (*Manifest, error) {
	t.Helper()
	runs, base, now := both()
	o := &Output{Dir: dir, Time: today.Time().Add(30 * time.Hour), Full: true}
	files, err := o.Write(t.Context(), runs, []device.Operator{"north", "south"}, now, base)
	if err != nil {
		t.Fatal(err)
	}
	if visible := names(t, dir); len(visible) != 1 || !strings.HasPrefix(visible[0], ".lists-") {
		t.Errorf("before the run has its name, %v is to be seen", visible)
	}
	m, err := o.Publish(Manifest{Run: 41, Base: 7, New: true, Day: today.String(), Options: now.Options})
	if discard := o.Discard(); discard != nil {
		t.Error(discard)
	}
	if err == nil && len(files) != len(m.Files) {
		t.Errorf("the record has %d files and the manifest %d", len(files), len(m.Files))
	}
	return m, err
}

func names(t *testing.T, dir string) (out []string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// Every file of a run, byte for byte: names, columns, order, check digits, quotes and line ends.
func TestGolden(t *testing.T) {
	dir := t.TempDir()
	m, err := write(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	for _, name := range names(t, dir) {
		if strings.HasSuffix(name, ".json") {
			continue
		}
		z, err := zip.OpenReader(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "== %s\n", name)
		for _, f := range z.File {
			in, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(in)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&all, "-- %s\n%s", f.Name, strings.ReplaceAll(string(text), "\r\n", "␍␊\n"))
			checkManifest(t, m, name, f.Name, text)
		}
		z.Close()
	}
	golden := "testdata/lists.golden"
	if *update {
		if err := os.WriteFile(golden, all.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || !bytes.Equal(want, all.Bytes()) {
		t.Errorf("the files are not those of %s (%v); if that was meant, run with -update\n%s", golden, err, all.Bytes())
	}
}

// checkManifest looks a file up in the manifest.
func checkManifest(t *testing.T, m *Manifest, in, name string, text []byte) {
	for _, f := range m.Files {
		if f.Name == name {
			if f.Zip != in || f.MD5 != fmt.Sprintf("%x", md5.Sum(text)) || f.Bytes != int64(len(text)) || f.Rows != int64(bytes.Count(text, []byte("\n"))-1) {
				t.Errorf("the manifest says of %s: %+v", name, f)
			}
			return
		}
	}
	t.Errorf("the manifest does not have %s", name)
}

// The manifest reads back, and nothing but whole files is left.
func TestManifest(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "directory")
	m, err := write(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(m.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	var read Manifest
	if err := json.Unmarshal(text, &read); err != nil || read.Run != 41 || len(read.Files) != 4+2*6+2*3 {
		t.Errorf("the manifest reads back as %+v, %v", read, err)
	}
	if got := names(t, dir); len(got) != 1+2+2+1 {
		t.Errorf("the directory has %v", got)
	}
	if _, err := write2(t, dir); err == nil || !strings.Contains(err.Error(), "in the same second") {
		t.Errorf("files were written over others: %v", err)
	}
	if got := names(t, dir); len(got) != 6 {
		t.Errorf("after a refusal the directory has %v", got)
	}
}

func write2(t *testing.T, dir string) (*Manifest, error) {
	runs, base, now := both()
	o := &Output{Dir: dir, Time: today.Time().Add(30 * time.Hour), Full: true}
	defer o.Discard()
	if _, err := o.Write(t.Context(), runs, nil, now, base); err != nil {
		t.Fatal(err)
	}
	return o.Publish(Manifest{Run: 41, Base: 7})
}

// broken is a lake with a damaged part.
type broken struct{ *shelf }

var errDamaged = errors.New("the part is damaged")

func (b broken) Notices(_ context.Context, _ []device.Part) iter.Seq2[[]device.Notice, error] {
	return func(yield func([]device.Notice, error) bool) {
		if yield(slices.Clone(old.notices[0][:2]), nil) {
			yield(nil, errDamaged)
		}
	}
}

// What can not be read is an error, and nothing is to be seen.
func TestDamaged(t *testing.T) {
	runs, base, now := both()
	dir := t.TempDir()
	o := &Output{Dir: dir, Time: today.Time(), Full: true}
	if _, err := o.Write(t.Context(), broken{runs}, nil, now, base); !errors.Is(err, errDamaged) {
		t.Errorf("a damaged run gives %v", err)
	}
	if err := o.Discard(); err != nil || len(names(t, dir)) != 0 {
		t.Errorf("%v is left, %v", names(t, dir), err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (&Output{Dir: file}).Write(t.Context(), runs, nil, now, base); err == nil {
		t.Error("lists were written into a file")
	}
}
