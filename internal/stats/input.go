package stats

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
)

// Rows reads the lake's table days: each row of a bucket once, sorted by (IMEI, IMSI, MSISDN,
// operator, month). The row may be reused; an error is the last pair.
type Rows interface {
	Days(ctx context.Context, parts []device.Part, bucket int) iter.Seq2[*device.Days, error]
}

// Condition is a rule as the reports name it.
type Condition struct {
	Label    string `json:"label"`
	Blocking bool   `json:"blocking"`
	Reason   string `json:"reason,omitempty"`
	Version  string `json:"version,omitempty"`
	// Configured is false for a rule that only findings know: it was renamed or taken away.
	Configured bool `json:"configured"`
}

// Finding says that a condition holds for a device.
type Finding struct {
	IMEI imei.IMEI
	Rule string
	// Block is the day from which the device is to be blocked, 0 for never.
	Block device.Day
}

// Input is what a report is made of. Rows and Parts are required; what is nil counts as empty.
type Input struct {
	Rows       Rows
	Parts      []device.Part // of table days, of every month that is kept
	Malformed  iter.Seq2[device.Malformed, error]
	Findings   iter.Seq2[Finding, error] // those that hold, in any order
	Conditions []Condition               // configured ones, in their order
	Operators  []device.Operator         // who should have delivered
	// Model tells a TAC's row of the directory; nil without a directory.
	Model func(imei.TAC) (device.TAC, bool)
	// Country is the name of the country in names of files. Default country.
	Country string
	// Software is the version that reports name.
	Software string
	// AsOf is the last complete day.
	AsOf device.Day
	// Facts are the lists that some reports compare with.
	Facts Facts
}

// held is the findings in the order of the pass, and what they are called.
type held struct {
	conditions []Condition
	buckets    [device.Buckets][]mark
	blocking   rules
}

// mark is a finding.
type mark struct {
	imei  imei.IMEI
	rule  int
	block device.Day
}

// hold sorts the findings. A rule that is not configured any more gets a place after the others.
func (in *Input) hold() (*held, error) {
	h := &held{}
	places := map[string]int{}
	for _, c := range in.Conditions {
		c.Configured = true
		places[c.Label] = len(h.conditions)
		h.conditions = append(h.conditions, c)
	}
	if in.Findings != nil {
		for f, err := range in.Findings {
			if err != nil {
				return nil, fmt.Errorf("reading findings: %w", err)
			}
			place, ok := places[f.Rule]
			if !ok {
				place = len(h.conditions)
				places[f.Rule] = place
				h.conditions = append(h.conditions, Condition{Label: f.Rule})
			}
			b := device.BucketOf(f.IMEI)
			h.buckets[b] = append(h.buckets[b], mark{f.IMEI, place, f.Block})
		}
	}
	if len(h.conditions) > rulesMax {
		return nil, problem.New(problem.Refused, "findings name %d rules; a report counts %d", len(h.conditions), rulesMax)
	}
	for i, c := range h.conditions {
		if c.Blocking {
			h.blocking.set(i)
		}
	}
	for b := range h.buckets {
		slices.SortFunc(h.buckets[b], func(x, y mark) int { return cmp.Or(cmp.Compare(x.imei, y.imei), cmp.Compare(x.rule, y.rule)) })
	}
	return h, nil
}

// marks walks the findings of a bucket along with its devices.
type marks struct{ left []mark }

// of returns the findings of a device. Devices must be asked in order.
func (m *marks) of(i imei.IMEI) []mark {
	for len(m.left) > 0 && m.left[0].imei < i {
		m.left = m.left[1:]
	}
	n := 0
	for n < len(m.left) && m.left[n].imei == i {
		n++
	}
	return m.left[:n]
}

func setOf(found []mark) (r rules) {
	for i := range found {
		r.set(found[i].rule)
	}
	return r
}

// operators gives every operator a place.
type operators struct{ names []device.Operator }

func (o *operators) place(name device.Operator) (int, error) {
	for i := range o.names {
		if o.names[i] == name {
			return i, nil
		}
	}
	if len(o.names) == operatorsMax {
		return 0, problem.New(problem.Refused, "the rows name more than %d operators", operatorsMax)
	}
	o.names = append(o.names, name)
	return len(o.names) - 1, nil
}

// months returns the parts by month.
func (in *Input) months() map[device.Month][]device.Part {
	out := map[device.Month][]device.Part{}
	for _, p := range in.Parts {
		out[p.Month] = append(out[p.Month], p)
	}
	return out
}
