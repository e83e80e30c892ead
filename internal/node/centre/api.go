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

// snapshot is which parts and rules make up an answer.
type snapshot struct {
	days, malformed, findings []device.Part
	lists                     lists
	current                   *detect.Conditions

	// What the last device asked for shares with others: a batch is answered bucket by bucket.
	models   map[imei.TAC]*device.TAC // nil if the directory has no such row
	bucket   int
	stolen   []device.Stolen
	pairings []device.Pairing
}

func (r registry) snapshot(ctx context.Context) (*snapshot, error) {
	s := &snapshot{models: map[imei.TAC]*device.TAC{}, bucket: -1}
	err := r.view(ctx, func(tx *Tx) (err error) {
		if s.days, err = tx.LiveParts(ctx, lake.TableDays); err != nil {
			return err
		}
		if s.malformed, err = tx.LiveParts(ctx, lake.TableMalformed); err != nil {
			return err
		}
		if s.findings, err = tx.findingParts(ctx); err != nil {
			return err
		}
		if s.lists, err = listsInForce(ctx, tx); err != nil {
			return err
		}
		s.current, err = detect.Current(ctx, tx)
		return err
	})
	return s, err
}

// Devices implements portal.Registry.
func (r registry) Devices(ctx context.Context, asked []portal.Identifier) ([]portal.Known, error) {
	s, err := r.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	order := make([]int, len(asked))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(device.BucketOf(asked[a].IMEI), device.BucketOf(asked[b].IMEI)) })
	out := make([]portal.Known, len(asked))
	texts := map[string]*portal.Known{}
	for _, i := range order {
		switch a := asked[i]; {
		case a.Text == "":
			err = r.device(ctx, s, a.IMEI, &out[i])
		case texts[a.Text] == nil:
			texts[a.Text] = &out[i]
		}
		if err != nil {
			return nil, err
		}
	}
	if len(texts) == 0 {
		return out, nil
	}
	if err := r.malformed(ctx, s, texts); err != nil {
		return nil, err
	}
	for i, a := range asked {
		if k := texts[a.Text]; k != nil {
			out[i] = *k
		}
	}
	return out, nil
}

// device tells what is known of one device.
func (r registry) device(ctx context.Context, s *snapshot, m imei.IMEI, k *portal.Known) error {
	found, err := r.Lake.FindingsOf(ctx, s.findings, m)
	if err != nil {
		return err
	}
	s.judge(k, found)
	rows, _, err := r.Lake.DaysOf(ctx, s.days, m)
	if err != nil {
		return err
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
	return r.listed(ctx, s, m, k)
}

// malformed tells of malformed identifiers, all in one pass: what is found of them, who was seen
// with each, and when. No list can name them.
func (r registry) malformed(ctx context.Context, s *snapshot, texts map[string]*portal.Known) error {
	found, err := r.Lake.Findings(ctx, s.findings, device.Buckets)
	if err != nil {
		return err
	}
	of := map[string][]device.Finding{}
	for _, f := range found {
		if texts[f.Text] != nil {
			of[f.Text] = append(of[f.Text], f)
		}
	}
	for text, k := range texts {
		s.judge(k, of[text])
	}
	type sighting struct {
		text string
		portal.Use
	}
	last := map[sighting]device.Day{}
	for row, err := range r.Lake.Malformed(ctx, s.malformed) {
		if err != nil {
			return err
		}
		text := stats.NormalForm(row.IMEI)
		k := texts[text]
		if row.Operator == "" || k == nil {
			continue
		}
		k.First = earliest(k.First, row.Day)
		i, _ := subscriber.ReadIMSI(row.IMSI) // what is malformed too is told as unknown
		n, _ := subscriber.ReadMSISDN(row.MSISDN)
		u := sighting{strings.Clone(text), portal.Use{IMSI: i, MSISDN: n}}
		last[u] = max(last[u], row.Day)
	}
	for u, day := range last {
		u.Last = day
		texts[u.text].Seen = append(texts[u.text].Seen, u.Use)
	}
	return nil
}

func earliest(a, b device.Day) device.Day {
	if a == 0 {
		return b
	}
	return min(a, b)
}

// judge tells which of the rules in force hold, and those that findings name beside them.
func (s *snapshot) judge(k *portal.Known, found []device.Finding) {
	for _, c := range s.current.All() {
		k.Conditions = append(k.Conditions, portal.Met{Name: c.Name, Blocking: c.Effect == detect.Prohibited})
	}
	for i := range found {
		f := &found[i]
		if f.Ended != 0 {
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
}

// listed tells what the lists in force have of a device.
func (r registry) listed(ctx context.Context, s *snapshot, m imei.IMEI, k *portal.Known) (err error) {
	row, err := r.model(ctx, s, m.TAC())
	if err != nil {
		return err
	}
	k.ModelKnown = row != nil || s.lists[device.FileTAC] == nil // without a directory no device lacks in it
	k.Exempt = row != nil && slices.ContainsFunc(s.current.All(), func(c detect.Condition) bool { return c.Exempts(row.DeviceType) })
	if bucket := device.BucketOf(m); s.bucket != bucket {
		if s.stolen, err = r.Lake.Stolen(ctx, s.lists[device.FileStolen], bucket); err != nil {
			return err
		}
		if s.pairings, err = r.Lake.Pairings(ctx, s.lists[device.FilePairing], bucket); err != nil {
			return err
		}
		s.bucket = bucket
	}
	if i, ok := slices.BinarySearchFunc(s.stolen, m, func(r device.Stolen, m imei.IMEI) int { return cmp.Compare(r.IMEI, m) }); ok {
		k.Stolen = &s.stolen[i]
	}
	from, _ := slices.BinarySearchFunc(s.pairings, m, func(p device.Pairing, m imei.IMEI) int { return cmp.Compare(p.IMEI, m) })
	to, _ := slices.BinarySearchFunc(s.pairings, m+1, func(p device.Pairing, m imei.IMEI) int { return cmp.Compare(p.IMEI, m) })
	k.Pairings = s.pairings[from:to]
	k.Registration, err = r.registration(ctx, s.lists, m)
	return err
}

// model returns the directory's row of a TAC, nil if it has none.
func (r registry) model(ctx context.Context, s *snapshot, tac imei.TAC) (*device.TAC, error) {
	row, ok := s.models[tac]
	if ok {
		return row, nil
	}
	found, there, err := r.Lake.TACOf(ctx, s.lists[device.FileTAC], tac)
	if there {
		row = &found
	}
	s.models[tac] = row
	return row, err
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
