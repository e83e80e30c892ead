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
	"github.com/openceir/openceir/internal/observe"
	"github.com/openceir/openceir/internal/sim/country"
	"github.com/openceir/openceir/internal/sim/month"
	"github.com/openceir/openceir/internal/store"
	"github.com/openceir/openceir/receipt"
	"github.com/openceir/openceir/subscriber"
)

// nation is a country that a register has taken in.
type nation struct {
	asOf     device.Day
	ahead    int // minutes that the country's clocks are ahead of UTC
	networks []string
	centre   *centre.Centre
	lake     string
	clock    *time.Time
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
		dumps = append(dumps, glob(t, filepath.Join(dir, "dumps", string(op.Name)+"_*.zip"))...)
	}
	n := register(t, "001", "999", "UTC", ops, country.DefaultLast)
	n.take(t, dir, dumps)
	return n
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
	n := register(t, month.MCC, month.CountryCode, "UTC", ops, month.Last)
	n.take(t, dir, append(month.Dumps(dir), month.Late(dir)))
	return n
}

const settings = "mcc: %q\ncountry_code: %q\nzone: %s\ntimed: true\ngates: {country: {null_imei: -1, null_imsi: -1, null_msisdn: -1, null_rat: -1, null_any: -1, " +
	"unclean_imei: -1, unclean_imsi: -1, unclean_msisdn: -1, unclean_any: -1, foreign_imsi: -1, foreign_msisdn: -1, foreign_any: -1, non_home: -1, leading_zero: -1, " +
	"stolen_keep_ratio: -1, stolen_delta_adds: -1, stolen_delta_removes: -1, stolen_delta_updates: -1, monitoring_delta_adds: -1, monitoring_delta_removes: -1, " +
	"daily_imei_min: -1, daily_imsi_min: -1, daily_msisdn_min: -1, daily_imei_max: -1, daily_imsi_max: -1, daily_msisdn_max: -1}}\n"

// listedFor is how many days before the day of judgement the monitoring list is taken in.
const listedFor = 20

// register founds a register, listedFor days before the day of judgement.
func register(t *testing.T, mcc, code, zone string, ops map[string][]subscriber.PLMN, asOf device.Day) *nation {
	t.Helper()
	ctx := t.Context()
	data := filepath.Join(t.TempDir(), "data")
	must(t, os.MkdirAll(data, 0o700))
	must(t, os.WriteFile(filepath.Join(data, "ceir.yaml"), fmt.Appendf(nil, settings, mcc, code, zone), 0o600))
	must(t, centre.NewLogKey(config.Keys(data)+"/log.key", "second.openceir", rand.Reader))
	d := &receipt.Directory{Organisations: map[string][]subscriber.PLMN{"ministry": nil, "regulator": nil}, Persons: map[string]ed25519.PublicKey{}}
	var signers []centre.Signer
	for _, p := range []string{"ministry/first", "regulator/first"} {
		public, private, err := ed25519.GenerateKey(rand.Reader)
		must(t, err)
		d.Persons[p] = public
		signers = append(signers, centre.Signer{Person: p, Key: private})
	}
	clock := (asOf - listedFor).Time().Add(12 * time.Hour)
	n := &nation{asOf: asOf, lake: filepath.Join(data, "lake"), clock: &clock}
	for name, plmns := range ops {
		d.Organisations[name] = plmns
		for _, p := range plmns {
			n.networks = append(n.networks, string(p))
		}
	}
	slices.Sort(n.networks)
	c, err := config.ReadCentre("", data)
	must(t, err)
	n.centre, err = centre.Open(ctx, c, centre.Options{Now: func() time.Time { clock = clock.Add(time.Second); return clock }})
	must(t, err)
	t.Cleanup(func() { n.centre.Close() })
	_, err = n.centre.Found(ctx, d, signers)
	must(t, err)
	return n
}

// take takes in the lists of a directory and the dumps: the monitoring list at once, the rest on the
// day after that of judgement.
func (n *nation) take(t *testing.T, dir string, dumps []string) {
	t.Helper()
	for _, delta := range []bool{false, true} {
		for _, kind := range kinds {
			if kind != device.FileMonitoring || delta {
				*n.clock = (n.asOf + 1).Time().Add(12 * time.Hour)
			}
			name := string(kind)
			if delta {
				name += "_delta"
			}
			for _, path := range glob(t, filepath.Join(dir, name+".*")) {
				_, err := n.centre.ImportWith(t.Context(), path, kind, "", observe.Options{Delta: delta}, nil)
				must(t, err)
			}
		}
	}
	for _, path := range dumps {
		n.dump(t, path)
	}
}

// dump takes in a dump and returns its digest.
func (n *nation) dump(t *testing.T, path string) string {
	t.Helper()
	op, _, _ := strings.Cut(filepath.Base(path), "_")
	report, err := n.centre.Import(t.Context(), path, device.FileOperator, device.Operator(op), nil)
	must(t, err)
	return report.File.Digest
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	must(t, err)
	return paths
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// finding is what is kept of one.
type finding struct {
	id, rule            string
	found, block, ended device.Day
	amnesty             bool
}

type findings []finding

// of returns the identifiers for which a rule holds.
func (f findings) of(rule string) map[string]bool {
	found := map[string]bool{}
	for _, x := range f {
		if x.rule == rule && x.ended == 0 {
			found[x.id] = true
		}
	}
	return found
}

// judge judges the country by rules, unless they are empty: then by those it has.
func (n *nation) judge(t *testing.T, rules string, asOf device.Day) (all findings) {
	t.Helper()
	if rules != "" {
		must(t, n.centre.SetConditions(t.Context(), []byte(rules)))
	}
	must(t, n.centre.Run(t.Context(), asOf))
	must(t, n.centre.Findings(t.Context(), func(f *device.Finding) error {
		id := f.Text
		if id == "" {
			id = f.IMEI.String()
		}
		all = append(all, finding{id, f.Rule, f.Found, f.Block, f.Ended, f.Amnesty})
		return nil
	}))
	return all
}

// files returns the files in force, each kind in the order of adoption.
func (n *nation) files(ctx context.Context, t *testing.T) (out []device.File) {
	err := n.centre.Store.View(ctx, func(tx ledger.Tx) error {
		for _, kind := range append([]device.FileKind{device.FileOperator, device.FileSegment}, kinds...) {
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
