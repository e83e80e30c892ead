package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/openceir/openceir/internal/detect"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/sim/month"
)

// result is all that is known of one month.
type result struct {
	bin, month, work string
	sum              month.Summary
	ceir, self       command
	rows             []row
	rules            []string // those that are judged
	missing          []string // rules of the peer's ten that the program cannot express yet
	lake             map[string]bytesOf
	status           string
}

// bytesOf is the size of one table of the lake.
type bytesOf struct{ rows, bytes int64 }

// row is one line of the table.
type row struct {
	name, peer string // peer is the key of what was published
	figures
	ran bool
}

// steps takes the program into use.
func (r *result) steps(ctx context.Context) error {
	data := filepath.Join(r.work, "data")
	r.ceir = command{r.bin, []string{"--data", data}}
	for _, part := range []func(context.Context) error{r.found, r.imports, r.detection, r.decisions, r.reports, r.size, r.second} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

// measure runs one step of one or more processes, unless the program lacks the command or the kind.
func (r *result) measure(ctx context.Context, name, peer string, calls ...[]string) error {
	fmt.Fprintf(os.Stderr, "  %s\n", name)
	t := row{name: name, peer: peer, ran: true}
	for _, args := range calls {
		f, err := r.ceir.run(ctx, args...)
		if err != nil && lacks.MatchString(err.Error()) {
			t.ran = false
			break
		}
		if err != nil {
			return err
		}
		t.add(f)
	}
	r.rows = append(r.rows, t)
	return nil
}

var lacks = regexp.MustCompile(`there is no kind of file`)

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
	_, err = settings.WriteString("gates: {country: {daily_imei_min: -1, daily_imsi_min: -1, daily_msisdn_min: -1}}\n")
	if closed := settings.Close(); err == nil {
		err = closed
	}
	return err
}

func (r *result) key(person string) string {
	return filepath.Join(r.work, strings.ReplaceAll(person, "/", "-")+".key")
}

// imports takes every list in, and then the operators' dumps.
func (r *result) imports(ctx context.Context) error {
	for _, kind := range []device.FileKind{device.FileTAC, device.FileStolen, device.FileRegistration, device.FilePairing, device.FileGolden,
		device.FileBarred, device.FileBarredTAC, device.FileMonitoring, device.FileSubscribers, device.FileAssociation} {
		if err := r.measure(ctx, "import "+string(kind), string(kind), []string{"import", string(kind), filepath.Join(r.month, string(kind)+".zip")}); err != nil {
			return err
		}
	}
	var calls [][]string
	for i, path := range month.Dumps(r.month) {
		calls = append(calls, []string{"import", "operator", path, "--operator", string(month.Operators()[i].Name)})
	}
	return r.measure(ctx, fmt.Sprintf("import of four operators' dumps, %s rows", grouped(r.sum.Rows)), "operator", calls...)
}

// detection judges by the peer's ten conditions, all of them shadows.
func (r *result) detection(ctx context.Context) error {
	text := "conditions:\n"
	for _, c := range conditions {
		switch rule := c.rule(); {
		case rule == "":
			r.missing = append(r.missing, c.name)
		default:
			text += rule
			r.rules = append(r.rules, c.name)
		}
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
	peer := "classify"
	if len(r.missing) > 0 {
		peer = ""
	}
	day := []string{"run", "--until-idle", "--as-of", month.Last.String()}
	if err := r.measure(ctx, fmt.Sprintf("detection by %d conditions", len(r.rules)), peer, day); err != nil {
		return err
	}
	if peer != "" {
		peer = "again"
	}
	return r.measure(ctx, "the same again, nothing changed", peer, day)
}

// decisions gives the blocking rules authority, which is announced for a day because of its weight;
// then they decide at once, and lists are published.
func (r *result) decisions(ctx context.Context) error {
	if err := r.sign(ctx, "propose", "active"); err != nil {
		return err
	}
	for _, c := range conditions {
		if slices.Contains(r.rules, c.name) && c.blocks {
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
	r.status = status.out
	m := linesInForce.FindStringSubmatch(r.status)
	if m == nil {
		return errors.Join(err, fmt.Errorf("nothing was decided: %s", r.status))
	}
	r.rows = append(r.rows, row{name: m[1] + " decisions, ledger, signed lists of five streams", figures: f, ran: true})
	return errors.Join(err, r.measure(ctx, "the same again, nothing changed", "", []string{"run", "--until-idle"}))
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

// reports makes all reports that the program names: the standard one, and then the others together.
func (r *result) reports(ctx context.Context) error {
	help, err := (&command{bin: r.bin}).run(ctx, "report", "--help")
	if err != nil {
		return err
	}
	names := reportNames.FindStringSubmatch(help.out)
	if names == nil {
		r.rows = append(r.rows, row{name: "reports"})
		return nil
	}
	var others [][]string
	for name := range strings.SplitSeq(names[1], ", ") {
		call := []string{"report", name, "--month", month.Last.String()[:7], "--out", filepath.Join(r.work, name)}
		if name != "standard" {
			others = append(others, call)
		} else if err := r.measure(ctx, "standard report", "report", call); err != nil {
			return err
		}
	}
	return r.measure(ctx, fmt.Sprintf("the %d other reports", len(others)), "", others...)
}

var reportNames = regexp.MustCompile(`reports are ([a-z_, ]+)\.`)

// size asks the catalogue for the parts of the lake.
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
	return nil
}

// second is the second run, with rows that came late.
func (r *result) second(ctx context.Context) error {
	ops := month.Operators()
	late := []string{"import", "operator", month.Late(r.month), "--operator", string(ops[len(ops)-1].Name)}
	if err := r.measure(ctx, fmt.Sprintf("second run: import %s rows that came late", grouped(r.sum.Late)), "", late); err != nil {
		return err
	}
	if err := r.measure(ctx, "second run: detection, decisions, lists", "", []string{"run", "--until-idle"}); err != nil {
		return err
	}
	return r.measure(ctx, "a day passes, without new rows", "", []string{"run", "--until-idle", "--as-of", (month.Last + 1).String()})
}
