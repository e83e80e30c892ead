package ledger

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

// Detection is the body of KindFindings: which parts of the lake hold what a run of the stage detect
// changed in the findings, and how many are open after it. It moves the cursor of the stage.
type Detection struct {
	Upto    uint64               `json:"upto"` // the stage has seen every record below
	Day     device.Day           `json:"day"`
	Devices int64                `json:"devices"` // that were seen; like the next, malformed identifiers left out
	Unseen  int64                `json:"unseen"`  // devices of the stolen and the barred list that nobody saw
	Rules   map[string]RuleCount `json:"rules"`
	// Delivered is what each operator had delivered, as far back as the rules look.
	Delivered map[device.Operator]Delivered `json:"delivered,omitempty"`
	// By names what it judged by beside files: the judging itself, the zone and the rules. The parts of the
	// table TableDue are of a judging by the same.
	By    string            `json:"by,omitempty"`
	Added []device.Part     `json:"added,omitempty"` // later than all that were there
	Gone  []FindingPart     `json:"gone,omitempty"`  // what they said is said by those added
	Text  map[string]string `json:"text,omitempty"`  // what the run says of itself: coverage, rules stopped
}

// RuleCount says how many findings of a rule are open.
type RuleCount struct {
	Open    int64 `json:"open"`              // those that ended included
	Ended   int64 `json:"ended,omitempty"`   // that hold no longer, and are kept for the rule's days
	Stopped bool  `json:"stopped,omitempty"` // it matched more than its share: what it found is not among the findings
	Held    bool  `json:"held,omitempty"`    // its input was incomplete: it closed nothing
}

// Delivered is the days that an operator delivered, each range by its first and last day.
type Delivered struct {
	Days  [][2]device.Day `json:"days,omitempty"`
	Timed [][2]device.Day `json:"timed,omitempty"` // of timed sources
}

// FindingPart names a part of findings or of due days, with the act that brought it.
type FindingPart struct {
	Act    uint64 `json:"act"`
	Digest string `json:"digest"`
}

// FindingRow is a row of a part of findings: one that is open or, in a part that changes earlier
// ones, one that was closed.
type FindingRow struct {
	Finding device.Finding
	Closed  bool // of the finding only the key counts
}

// DueRow says on which day a device is to be judged again though nothing new is learnt of it. In a
// part that changes earlier ones, no day says that it need not be.
type DueRow struct {
	IMEI imei.IMEI
	Day  device.Day
}

// The tables of the lake that the parts are of.
const (
	TableFindings = "findings"
	TableDue      = "due"
)

// findingsOf stands where a file's digest would for the parts that an act brought. Sorted as texts
// they are in the order of the acts, which decides which part counts where two have one finding.
func findingsOf(act uint64) string { return fmt.Sprintf("%s %020d", TableFindings, act) }

// BroughtBy returns the act that brought a part of findings or of due days.
func (r PartRow) BroughtBy() (act uint64) {
	if of, ok := strings.CutPrefix(r.File, TableFindings+" "); ok {
		_, _ = fmt.Sscan(strings.TrimLeft(of, "0"), &act) // 0 is no such act: the ledger is founded first
	}
	return act
}

func foldFindings(index uint64, body []byte) ([]Change, error) {
	d, ok, err := ReadDetection(body)
	if !ok {
		return nil, err // of the older form nothing is left: the stage began anew after it
	}
	out := []Change{put(CursorRow{StageDetect, d.Upto, index})}
	for _, g := range d.Gone {
		out = append(out, drop(PartRow{File: findingsOf(g.Act), Part: device.Part{Digest: g.Digest}}))
	}
	for _, p := range d.Added {
		if p.Table != TableFindings && p.Table != TableDue || p.Bucket < 0 || p.Bucket > device.Buckets {
			return nil, fmt.Errorf("a part of the table %s, bucket %d, holds no findings", p.Table, p.Bucket) // it would count as observed
		}
		out = append(out, put(PartRow{findingsOf(index), p}))
	}
	return out, count(d.Upto)
}

// olderChanges is the body that KindFindings had when findings were rows of the register.
type olderChanges struct {
	Upto   uint64           `json:"upto"`
	Day    device.Day       `json:"day"`
	Open   []device.Finding `json:"open,omitempty"`
	Closed []struct {
		IMEI imei.IMEI `json:"imei"`
		Text string    `json:"text,omitempty"`
		Rule string    `json:"rule"`
	} `json:"closed,omitempty"`
	Text map[string]string `json:"text,omitempty"`
}

// OlderFindings returns the findings that acts of the older form left open, sorted by (IMEI, text,
// rule): with them the first run after them keeps the days of grace, and writes all into the lake.
func OlderFindings(ctx context.Context, tx Tx) ([]device.Finding, error) {
	open := map[string]device.Finding{}
	for leaf, err := range tx.Leaves(ctx, 0, KindFindings) {
		if err != nil {
			return nil, err
		}
		e, err := Load(ctx, tx, leaf)
		if err != nil {
			return nil, err
		}
		ch, err := Decode[olderChanges](e.Effect.Body)
		if err != nil {
			return nil, fmt.Errorf("record %d: %w", leaf.Index, err)
		}
		for _, k := range ch.Closed {
			f := device.Finding{IMEI: k.IMEI, Text: k.Text, Rule: k.Rule}
			delete(open, f.Key())
		}
		for _, f := range ch.Open {
			open[f.Key()] = f
		}
	}
	return slices.SortedFunc(maps.Values(open), func(a, b device.Finding) int {
		return cmp.Or(cmp.Compare(a.IMEI, b.IMEI), cmp.Compare(a.Text, b.Text), cmp.Compare(a.Rule, b.Rule))
	}), nil
}

// ReadDetection reads the last act of KindFindings; it is zero, and ok false, if the body is of the
// older form.
func ReadDetection(body []byte) (d Detection, ok bool, err error) {
	d, err = Decode[Detection](body)
	if err != nil {
		if _, older := Decode[olderChanges](body); older == nil {
			return Detection{}, false, nil
		}
	}
	return d, err == nil, err
}
