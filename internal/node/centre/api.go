package centre

import (
	"cmp"
	"context"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/detect"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/lake"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/portal"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/internal/stats"
	"github.com/openceir/openceir/receipt"
	"github.com/openceir/openceir/subscriber"
)

// api returns the read-only paths for national systems' clients.
func (t *Centre) api() *portal.API {
	return &portal.API{Registry: registry{t}, Token: t.apiToken, Version: version(), Now: t.Sequencer.Now, Log: t.Log}
}

// version is the version of the program, as it was built.
func version() string {
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" {
		return b.Main.Version
	}
	return "unknown"
}

// The bounds of the file with the API's token.
const (
	tokenMin = 16
	tokenMax = 4 << 10
)

// apiToken reads the token anew for every request, so that a new one counts at once.
func (t *Centre) apiToken() (string, error) {
	if t.Config.APITokenFile == "" {
		return "", nil
	}
	f, err := os.Open(t.Config.APITokenFile)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, tokenMax))
	token := strings.TrimSpace(string(text))
	if err == nil && len(token) < tokenMin {
		err = problem.New(problem.Invalid, "the token in %s is shorter than %d characters", t.Config.APITokenFile, tokenMin)
	}
	return token, err
}

// registry is what the API asks of the centre. Every answer is of one consistent view.
type registry struct{ *Centre }

// Device implements portal.Registry.
func (r registry) Device(ctx context.Context, m imei.IMEI, text string) (*portal.Known, error) {
	k := new(portal.Known)
	var current *detect.Conditions
	var seen []device.Part
	var of lists
	table := lake.TableDays
	if text != "" {
		table = lake.TableMalformed
	}
	err := r.view(ctx, func(tx *Tx) (err error) {
		if seen, err = tx.LiveParts(ctx, table); err != nil {
			return err
		}
		if of, err = listsInForce(ctx, tx); err != nil {
			return err
		}
		current, err = conditionsOf(ctx, tx, m, text, k)
		return err
	})
	if err != nil {
		return nil, err
	}
	if text != "" {
		return k, r.malformed(ctx, seen, text, k)
	}
	rows, _, err := r.Lake.DaysOf(ctx, seen, m)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		d := &rows[i]
		k.First = earliest(k.First, d.First())
		if n := len(k.Seen); n > 0 && k.Seen[n-1].IMSI == d.IMSI && k.Seen[n-1].MSISDN == d.MSISDN {
			k.Seen[n-1].Last = max(k.Seen[n-1].Last, d.Last())
		} else {
			k.Seen = append(k.Seen, portal.Use{IMSI: d.IMSI, MSISDN: d.MSISDN, Last: d.Last()})
		}
	}
	return k, r.listed(ctx, m, of, current, k)
}

// malformed tells who was seen with a malformed identifier, and when. No list can name it.
func (r registry) malformed(ctx context.Context, parts []device.Part, text string, k *portal.Known) error {
	last := map[portal.Use]device.Day{}
	for row, err := range r.Lake.Malformed(ctx, parts) {
		if err != nil {
			return err
		}
		if row.Operator == "" || stats.NormalForm(row.IMEI) != text {
			continue
		}
		k.First = earliest(k.First, row.Day)
		i, _ := subscriber.ParseIMSI(row.IMSI) // what is malformed too is told as unknown
		n, _ := subscriber.ParseMSISDN(row.MSISDN)
		u := portal.Use{IMSI: i, MSISDN: n}
		last[u] = max(last[u], row.Day)
	}
	for u, day := range last {
		u.Last = day
		k.Seen = append(k.Seen, u)
	}
	return nil
}

func earliest(a, b device.Day) device.Day {
	if a == 0 {
		return b
	}
	return min(a, b)
}

// conditionsOf tells which of the rules in force hold for a device, and those that findings name
// beside them.
func conditionsOf(ctx context.Context, tx *Tx, m imei.IMEI, text string, k *portal.Known) (*detect.Conditions, error) {
	current, err := detect.Current(ctx, tx)
	if err != nil {
		return nil, err
	}
	found, err := tx.findingsOn(ctx, m, text)
	if err != nil {
		return nil, err
	}
	for _, c := range current.All() {
		k.Conditions = append(k.Conditions, portal.Met{Name: c.Name, Blocking: c.Effect == detect.Prohibited})
	}
	for i := range found {
		f := &found[i].Finding
		if f.Ended != 0 || f.Text != text {
			continue
		}
		at := slices.IndexFunc(k.Conditions, func(c portal.Met) bool { return c.Name == f.Rule })
		if at < 0 {
			at = len(k.Conditions)
			k.Conditions = append(k.Conditions, portal.Met{Name: f.Rule})
		}
		k.Conditions[at].Holds = true
		if f.Block != 0 {
			k.Block = earliest(k.Block, f.Block)
		}
	}
	return current, nil
}

// findingsOn returns the findings on a device, or on all malformed identifiers.
func (tx *Tx) findingsOn(ctx context.Context, m imei.IMEI, text string) ([]ledger.FindingRow, error) {
	if text == "" {
		return tx.FindingsOf(ctx, m)
	}
	parts, err := tx.findingParts(ctx)
	if err != nil {
		return nil, err
	}
	return asRows(tx.lake.Findings(ctx, parts, device.Buckets))
}

// listed tells what the lists in force have of a device.
func (r registry) listed(ctx context.Context, m imei.IMEI, of lists, current *detect.Conditions, k *portal.Known) (err error) {
	if parts := of[device.FileTAC]; parts == nil {
		k.ModelKnown = true // without a directory no device lacks in it
	} else {
		var row device.TAC
		if row, k.ModelKnown, err = r.Lake.TACOf(ctx, parts, m.TAC()); err != nil {
			return err
		}
		k.Exempt = k.ModelKnown && slices.ContainsFunc(current.All(), func(c detect.Condition) bool { return c.Exempts(row.DeviceType) })
	}
	if k.Pairings, err = r.Lake.PairingsOf(ctx, of[device.FilePairing], m); err != nil {
		return err
	}
	stolen, ok, err := r.Lake.StolenOf(ctx, of[device.FileStolen], m)
	if err != nil {
		return err
	}
	if ok {
		k.Stolen = &stolen
	}
	k.Registration, err = r.registration(ctx, of, m)
	return err
}

func (r registry) registration(ctx context.Context, of lists, m imei.IMEI) (*device.Registration, error) {
	row, ok, err := r.Lake.RegistrationOf(ctx, of[device.FileRegistration], m)
	if err != nil || !ok {
		return nil, err
	}
	return &row, nil
}

// siblingsMax is how many identities of one device are told of: honest ones have two or three, and
// each costs a read.
const siblingsMax = 100

// Siblings implements portal.Registry.
func (r registry) Siblings(ctx context.Context, id string) ([]imei.IMEI, error) {
	of, err := r.lists(ctx)
	if err != nil {
		return nil, err
	}
	return r.Lake.DevicesOf(ctx, of[device.FileRegistration], id, siblingsMax)
}

func (r registry) lists(ctx context.Context) (of lists, err error) {
	err = r.view(ctx, func(tx *Tx) (err error) { of, err = listsInForce(ctx, tx); return err })
	return of, err
}

// Model implements portal.Registry.
func (r registry) Model(ctx context.Context, tac imei.TAC) (row device.TAC, ok bool, err error) {
	of, err := r.lists(ctx)
	if err != nil {
		return row, false, err
	}
	return r.Lake.TACOf(ctx, of[device.FileTAC], tac)
}

// Number implements portal.Registry.
func (r registry) Number(ctx context.Context, n subscriber.MSISDN) ([]portal.NumberUse, error) {
	var days []device.Part
	var of lists
	err := r.view(ctx, func(tx *Tx) (err error) {
		if days, err = tx.LiveParts(ctx, lake.TableDays); err != nil {
			return err
		}
		of, err = listsInForce(ctx, tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	rows, _, err := r.Lake.DaysOfMSISDN(ctx, days, n)
	if err != nil {
		return nil, err
	}
	var out []portal.NumberUse
	for i := range rows {
		d := &rows[i]
		if k := len(out); k > 0 && out[k-1].IMEI == d.IMEI && out[k-1].IMSI == d.IMSI {
			out[k-1].Last = max(out[k-1].Last, d.Last())
			continue
		}
		u := portal.NumberUse{IMEI: d.IMEI, IMSI: d.IMSI, Last: d.Last()}
		if len(out) < numberUsesMax {
			if u.Model, _, err = r.Lake.TACOf(ctx, of[device.FileTAC], d.IMEI.TAC()); err != nil {
				return nil, err
			}
			if u.Registration, err = r.registration(ctx, of, d.IMEI); err != nil {
				return nil, err
			}
		}
		out = append(out, u)
	}
	return out, nil
}

// numberUsesMax is for how many devices of one number models and registrations are looked up: an
// honest number has a few, and each costs a read.
const numberUsesMax = 100

// Runs implements portal.Registry. The segments of nodes, which are many, are not told of.
func (r registry) Runs(ctx context.Context) (out []portal.Run, err error) {
	err = r.view(ctx, func(tx *Tx) error {
		for _, kind := range append([]device.FileKind{device.FileOperator}, listKinds...) {
			rows, err := tx.Files(ctx, kind, "")
			if err != nil {
				return err
			}
			for i := range rows {
				out = append(out, portal.Run{ID: rows[i].Index, File: &rows[i].File})
			}
		}
		for leaf, err := range tx.Leaves(ctx, 0, ledger.KindFindings, ledger.KindLists) {
			if err != nil {
				return err
			}
			out = append(out, portal.Run{ID: leaf.Index})
		}
		slices.SortFunc(out, func(a, b portal.Run) int { return cmp.Compare(a.ID, b.ID) })
		for i := range out {
			if err := tx.tellRun(ctx, &out[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// tellRun tells the time of a run, and what it did if it was not an import.
func (tx *Tx) tellRun(ctx context.Context, r *portal.Run) error {
	leaf, _, err := tx.Leaf(ctx, r.ID)
	if err != nil {
		return err
	}
	record, err := receipt.ParseRecord(leaf.Text)
	if err != nil {
		return ledger.Fault{Table: "leaves", Row: "record", Text: err.Error()}
	}
	r.Time = record.Time
	if r.File != nil {
		return nil
	}
	if leaf.Kind == ledger.KindLists {
		run, err := tx.keptRun(ctx, r.ID)
		if err == nil {
			r.Lists = &run.ListRun
		}
		return err
	}
	body, err := tx.Body(ctx, r.ID)
	if err != nil {
		return err
	}
	d, _, err := ledger.ReadDetection(body)
	r.Found = map[string]int64{}
	for rule, n := range d.Rules {
		r.Found[rule] = n.Open - n.Ended
	}
	return err
}
