package duckdb

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openceir/openceir/internal/config"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/node/centre"
	"github.com/openceir/openceir/internal/sim/country"
	"github.com/openceir/openceir/internal/sim/month"
	"github.com/openceir/openceir/internal/store"
	"github.com/openceir/openceir/receipt"
	"github.com/openceir/openceir/subscriber"
)

// nation is a country that a register has taken in.
type nation struct {
	asOf     device.Day
	networks []string
	centre   *centre.Centre
	lake     string
}

// kinds are the lists, in the order in which they are taken in; the first one is taken in earlier.
var kinds = []device.FileKind{device.FileMonitoring, device.FileTAC, device.FileStolen, device.FileRegistration, device.FilePairing,
	device.FileGolden, device.FileBarred, device.FileBarredTAC, device.FileSubscribers, device.FileAssociation}

// simulated makes a country of people up.
func simulated(t *testing.T, population int, seed uint64) *nation {
	cfg := country.Config{Population: population, Months: 2, Seed: seed, TimedDays: 1}
	dir := t.TempDir()
	if _, err := country.Generate(t.Context(), cfg, dir, nil); err != nil {
		t.Fatal(err)
	}
	ops := map[string][]subscriber.PLMN{}
	var dumps []string
	for _, op := range country.DefaultOperators() {
		ops[string(op.Name)] = []subscriber.PLMN{op.PLMN}
		of, err := filepath.Glob(filepath.Join(dir, "dumps", string(op.Name)+"_*.zip"))
		if err != nil {
			t.Fatal(err)
		}
		dumps = append(dumps, of...)
	}
	return register(t, "001", "999", ops, dir, dumps, country.DefaultLast)
}

// dealt makes a month of cards up.
func dealt(t *testing.T, rows int64, seed uint64) *nation {
	dir := t.TempDir()
	if _, err := month.Generate(t.Context(), month.Config{Rows: rows, Seed: seed}, dir); err != nil {
		t.Fatal(err)
	}
	ops := map[string][]subscriber.PLMN{}
	for _, op := range month.Operators() {
		ops[string(op.Name)] = []subscriber.PLMN{op.PLMN}
	}
	return register(t, month.MCC, month.CountryCode, ops, dir, append(month.Dumps(dir), month.Late(dir)), month.Last)
}

const settings = "mcc: %q\ncountry_code: %q\ngates: {country: {null_imei: -1, null_imsi: -1, null_msisdn: -1, null_rat: -1, null_any: -1, " +
	"unclean_any: -1, leading_zero: -1, daily_imei_min: -1, daily_imsi_min: -1, daily_msisdn_min: -1, daily_imei_max: -1, daily_imsi_max: -1, daily_msisdn_max: -1}}\n"

// listedFor is how many days before the day of judgement the monitoring list is taken in.
const listedFor = 20

// register founds a register and takes everything in.
func register(t *testing.T, mcc, code string, ops map[string][]subscriber.PLMN, dir string, dumps []string, asOf device.Day) *nation {
	t.Helper()
	ctx := t.Context()
	data := filepath.Join(t.TempDir(), "data")
	must(t, os.MkdirAll(data, 0o700))
	must(t, os.WriteFile(filepath.Join(data, "ceir.yaml"), fmt.Appendf(nil, settings, mcc, code), 0o600))
	must(t, centre.NewLogKey(config.Keys(data)+"/log.key", "second.openceir", rand.Reader))
	d := &receipt.Directory{Organisations: map[string][]subscriber.PLMN{"ministry": nil, "regulator": nil}, Persons: map[string]ed25519.PublicKey{}}
	var signers []centre.Signer
	for _, p := range []string{"ministry/first", "regulator/first"} {
		public, private, err := ed25519.GenerateKey(rand.Reader)
		must(t, err)
		d.Persons[p] = public
		signers = append(signers, centre.Signer{Person: p, Key: private})
	}
	n := &nation{asOf: asOf, lake: filepath.Join(data, "lake")}
	for name, plmns := range ops {
		d.Organisations[name] = plmns
		for _, p := range plmns {
			n.networks = append(n.networks, string(p))
		}
	}
	slices.Sort(n.networks)
	c, err := config.ReadCentre("", data)
	must(t, err)
	clock := (asOf - listedFor).Time().Add(12 * time.Hour)
	n.centre, err = centre.Open(ctx, c, centre.Options{Now: func() time.Time { clock = clock.Add(time.Second); return clock }})
	must(t, err)
	t.Cleanup(func() { n.centre.Close() })
	_, err = n.centre.Found(ctx, d, signers)
	must(t, err)
	for _, kind := range kinds {
		if kind != device.FileMonitoring {
			clock = (asOf + 1).Time().Add(12 * time.Hour)
		}
		if _, err := n.centre.Import(ctx, filepath.Join(dir, string(kind)+".zip"), kind, "", nil); err != nil {
			if !strings.Contains(err.Error(), "there is no kind of file") {
				t.Fatal(err)
			}
			t.Logf("not taken in: %v", err)
		}
	}
	for _, path := range dumps {
		op, _, _ := strings.Cut(filepath.Base(path), "_")
		_, err := n.centre.Import(ctx, path, device.FileOperator, device.Operator(op), nil)
		must(t, err)
	}
	return n
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// judge judges the country by rules and returns the identifiers that each found.
func (n *nation) judge(t *testing.T, rules string) map[string]map[string]bool {
	t.Helper()
	must(t, n.centre.SetConditions(t.Context(), []byte(rules)))
	must(t, n.centre.Run(t.Context(), n.asOf))
	found := map[string]map[string]bool{}
	err := n.centre.Findings(t.Context(), func(f *device.Finding) error {
		name := f.Text
		if name == "" {
			name = f.IMEI.String()
		}
		if found[f.Rule] == nil {
			found[f.Rule] = map[string]bool{}
		}
		if f.Ended == 0 {
			found[f.Rule][name] = true
		}
		return nil
	})
	must(t, err)
	return found
}

// files returns the files in force, each kind in the order of adoption.
func (n *nation) files(ctx context.Context, t *testing.T) (out []device.File) {
	err := n.centre.Store.View(ctx, func(tx ledger.Tx) error {
		for _, kind := range append([]device.FileKind{device.FileOperator}, kinds...) {
			rows, err := tx.(*store.Tx).Files(ctx, kind, "")
			if err != nil {
				return err
			}
			for _, row := range rows {
				out = append(out, row.File)
			}
		}
		return nil
	})
	must(t, err)
	return out
}
