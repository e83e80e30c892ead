package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/openceir/openceir/internal/detect"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/sim/month"
	"github.com/openceir/openceir/internal/stats"
)

// result is all that is known of one month.
type result struct {
	bin, month, work string
	sum              month.Summary
	ceir, self       command
	eir              command // of the operators, if the register has pseudonyms; else no program
	rows             []row
	lake             map[string]bytesOf
	disk             int64 // bytes of the register and the lake after all steps but the last ones
	status           string
}

// bytesOf is the size of one table of the lake.
type bytesOf struct{ rows, bytes int64 }

// row is one line of the table. Its key is that of what was published and of the target.
type row struct {
	name, key string
	figures
	sum bool // of rows before it
}

// steps takes the program into use.
func (r *result) steps(ctx context.Context) error {
	data := filepath.Join(r.work, "data")
	r.ceir = command{r.bin, []string{"--data", data}}
	for _, part := range []func(context.Context) error{r.cover, r.found, r.imports, r.detection, r.decisions, r.reports, r.size, r.second} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

// measure runs one step of one or more processes.
func (r *result) measure(ctx context.Context, name, key string, calls ...[]string) error {
	return r.measureOf(ctx, &r.ceir, name, key, calls...)
}

func (r *result) measureOf(ctx context.Context, of *command, name, key string, calls ...[]string) error {
	fmt.Fprintf(os.Stderr, "  %s\n", name)
	t := row{name: name, key: key}
	for _, args := range calls {
		f, err := of.run(ctx, args...)
		if err != nil {
			return err
		}
		t.add(f)
	}
	r.rows = append(r.rows, t)
	return nil
}

// total adds the last n rows up.
func (r *result) total(n int, name, key string) {
	t := row{name: name, key: key, sum: true}
	for i := range r.rows[len(r.rows)-n:] {
		t.add(r.rows[len(r.rows)-n+i].figures)
	}
	r.rows = append(r.rows, t)
}

// signers are two persons of two organisations, as a register needs.
var signers = []string{"ministry/first", "regulator/first"}

// found draws the keys and founds the register.
func (r *result) found(ctx context.Context) error {
	lines := []string{"organisation ministry", "organisation regulator"}
	for _, op := range month.Operators() {
		lines = append(lines, fmt.Sprintf("organisation %s %s", op.Name, op.PLMN))
	}
	for _, p := range signers {
		f, err := (&command{bin: r.bin}).run(ctx, "key", "--out", r.key(p))
		if err != nil {
			return err
		}
		lines = append(lines, fmt.Sprintf("person %s %s", p, strings.TrimSpace(f.out)))
	}
	slices.Sort(lines)
	directory := filepath.Join(r.work, "directory.txt")
	if err := os.WriteFile(directory, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		return err
	}
	args := []string{"init", "--directory", directory, "--mcc", month.MCC, "--country-code", month.CountryCode}
	for _, p := range signers {
		args = append(args, "--as", p+"="+r.key(p))
	}
	if _, err := r.ceir.run(ctx, args...); err != nil {
		return err
	}
	// The late file covers the whole month with few rows: its volume is no gate's business.
	settings, err := os.OpenFile(filepath.Join(r.work, "data", "ceir.yaml"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	text := "gates: {country: {daily_imei_min: -1, daily_imsi_min: -1, daily_msisdn_min: -1}}\n"
	if r.eir.bin != "" {
		text += "subscribers: pseudonyms\n"
	}
	_, err = settings.WriteString(text)
	return errors.Join(err, settings.Close())
}

func (r *result) key(person string) string {
	return filepath.Join(r.work, strings.ReplaceAll(person, "/", "-")+".key")
}

// imports takes every list in, and then the operators' dumps.
func (r *result) imports(ctx context.Context) error {
	for _, kind := range device.Imports() {
		if kind == device.FileOperator {
			continue
		}
		if err := r.measure(ctx, "import "+string(kind), string(kind), []string{"import", string(kind), filepath.Join(r.month, string(kind)+".zip")}); err != nil {
			return err
		}
	}
	var calls [][]string
	for i, path := range month.Dumps(r.month) {
		calls = append(calls, []string{"import", "operator", path, "--operator", string(month.Operators()[i].Name)})
	}
	return r.measure(ctx, fmt.Sprintf("import of four operators' dumps, %s rows, with validation", grouped(r.sum.Rows)), "operator", calls...)
}

// detection judges by the peer's ten conditions, all of them shadows.
func (r *result) detection(ctx context.Context) error {
	text := "conditions:\n"
	for _, c := range conditions {
		text += c.rule()
	}
	if _, err := detect.Load([]byte(text)); err != nil {
		return err
	}
	file := filepath.Join(r.work, "conditions.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	if _, err := r.ceir.run(ctx, "conditions", "set", file); err != nil {
		return err
	}
	day := []string{"run", "--until-idle", "--as-of", month.Last.String()}
	if err := r.measure(ctx, fmt.Sprintf("detection by %d conditions", len(conditions)), "classify", day); err != nil {
		return err
	}
	return r.measure(ctx, "the same again, nothing changed", "again", day)
}

// decisions gives the blocking rules authority, which is announced for a day because of its weight;
// then they decide at once, and lists are published.
func (r *result) decisions(ctx context.Context) error {
	if err := r.sign(ctx, "propose", "active"); err != nil {
		return err
	}
	for _, c := range conditions {
		if c.blocks {
			if err := r.sign(ctx, "propose", "policy", c.name, "--ceiling", "100000000"); err != nil {
				return err
			}
		}
	}
	fmt.Fprintln(os.Stderr, "  decisions")
	f, err := r.self.run(ctx, "-day-later", filepath.Join(r.work, "data"))
	if err != nil {
		return err
	}
	status, err := r.ceir.run(ctx, "status")
	if err != nil {
		return err
	}
	r.status = status.out
	m := linesInForce.FindStringSubmatch(r.status)
	if m == nil {
		return fmt.Errorf("nothing was decided: %s", r.status)
	}
	r.rows = append(r.rows, row{name: m[1] + " decisions, ledger, signed lists of five streams", figures: f})
	if err := r.measure(ctx, "all lists as files, full and delta", "", r.lists("first")); err != nil {
		return err
	}
	r.total(2, "decisions, ledger and all lists, in all", "lists")
	return r.measure(ctx, "decisions again, nothing changed", "", []string{"run", "--until-idle"})
}

func (r *result) lists(dir string) []string {
	return []string{"lists", "--out", filepath.Join(r.work, "lists-"+dir)}
}

var linesInForce = regexp.MustCompile(`(?m)^Lines prohibited: ([0-9]+)$`)

var toSign = regexp.MustCompile(`ceir approve ([0-9a-f]{64})`)

// sign announces something and has both persons sign it.
func (r *result) sign(ctx context.Context, args ...string) error {
	f, err := r.ceir.run(ctx, args...)
	if err != nil {
		return err
	}
	m := toSign.FindStringSubmatch(f.out)
	if m == nil {
		return fmt.Errorf("%v does not say what to sign: %s", args, f.out)
	}
	for _, p := range signers {
		if _, err := r.ceir.run(ctx, "approve", m[1], "--as", p+"="+r.key(p)); err != nil {
			return err
		}
	}
	return nil
}

// reports makes every report.
func (r *result) reports(ctx context.Context) error {
	for _, name := range stats.Names() {
		call := []string{"report", name, "--month", month.Last.String()[:7], "--out", filepath.Join(r.work, "report-"+name)}
		if err := r.measure(ctx, "report "+name, "report "+name, call); err != nil {
			return err
		}
	}
	return nil
}

// size asks the catalogue for the parts of the lake, and the disk for everything.
func (r *result) size(ctx context.Context) error {
	f, err := r.ceir.run(ctx, "import", "--json")
	if err != nil {
		return err
	}
	var files []device.File
	if err := json.Unmarshal([]byte(f.out), &files); err != nil {
		return fmt.Errorf("reading the catalogue: %w", err)
	}
	r.lake = map[string]bytesOf{}
	for _, file := range files {
		for _, p := range file.Parts {
			b := r.lake[p.Table]
			b.rows, b.bytes = b.rows+p.Rows, b.bytes+p.Bytes
			r.lake[p.Table] = b
		}
	}
	return filepath.WalkDir(filepath.Join(r.work, "data"), func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			r.disk += info.Size()
		}
		return err
	})
}

// second is the second run, with rows that came late.
func (r *result) second(ctx context.Context) error {
	ops := month.Operators()
	late := []string{"import", "operator", month.Late(r.month), "--operator", string(ops[len(ops)-1].Name)}
	if err := r.measure(ctx, fmt.Sprintf("second run: import of %s rows that came late", grouped(r.sum.Late)), "", late); err != nil {
		return err
	}
	if err := r.measure(ctx, "second run: detection, decisions, signed lists", "", []string{"run", "--until-idle"}); err != nil {
		return err
	}
	if err := r.measure(ctx, "second run: lists as files, deltas", "", append(r.lists("second"), "--no-full")); err != nil {
		return err
	}
	r.total(3, "second run, in all", "second")
	return r.measure(ctx, "a day passes, without new rows", "", []string{"run", "--until-idle", "--as-of", (month.Last + 1).String()})
}
