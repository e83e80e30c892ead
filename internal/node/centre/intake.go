package centre

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/openceir/openceir/internal/detect"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/lake"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/observe"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/subscriber"
)

// register is the importer's view of the register.
type register struct{ t *Centre }

func (r register) File(ctx context.Context, digest string) (f device.File, ok bool, err error) {
	err = r.t.view(ctx, func(tx *Tx) error { f, ok, err = tx.inForce(ctx, digest); return err })
	return f, ok, err
}

func (r register) Files(ctx context.Context, kind device.FileKind, op device.Operator) (out []device.File, err error) {
	err = r.t.view(ctx, func(tx *Tx) error {
		rows, err := tx.Files(ctx, kind, op)
		for _, row := range rows {
			out = append(out, row.File)
		}
		return err
	})
	return out, err
}

// Adopt makes a file count, by one act.
func (r register) Adopt(ctx context.Context, f device.File) error {
	f.Added = device.DayOf(r.t.Sequencer.Now(), r.t.Zone)
	return r.t.do(ctx, func(tx *Tx) error {
		if _, ok, err := tx.inForce(ctx, f.Digest); err != nil || ok {
			return err
		}
		return tx.office("import", ledger.KindFile, device.Encode(f), f.Digest, fmt.Sprint(tx.Batch().Size()))
	})
}

func (r register) Withdraw(ctx context.Context, digest, reason string) error {
	return r.t.do(ctx, func(tx *Tx) error {
		if _, ok, err := tx.inForce(ctx, digest); err != nil {
			return err
		} else if !ok {
			return problem.New(problem.NotFound, "no file with the digest %s is in force: see ceir status", digest)
		}
		return tx.office("import", ledger.KindWithdrawal, device.Encode(ledger.Withdrawal{File: digest, Reason: reason}), digest, fmt.Sprint(tx.Batch().Size()))
	})
}

// importer returns an importer for the country as the directory has it.
func (t *Centre) importer(progress func(done, total int64)) *observe.Importer {
	country := observe.Country{Operators: map[device.Operator][]subscriber.PLMN{}}
	country.Pseudonyms = t.Config.HasPseudonyms()
	if t.Config.MCC != "" {
		country.MCC = []string{t.Config.MCC}
	}
	if t.Config.CountryCode != "" {
		country.CountryCode = []string{t.Config.CountryCode}
	}
	if d := t.state().Guard.Directory(); d != nil {
		for name, plmns := range d.Organisations {
			if len(plmns) > 0 {
				country.Operators[device.Operator(name)] = plmns
			}
		}
	}
	return &observe.Importer{Lake: t.Lake, Register: register{t}, Gates: t.gates(), Country: country, Zone: t.Zone,
		Now: t.Sequencer.Now, Progress: progress, Visits: t.Config.Timed}
}

// gates returns the configured limits of the quality gates.
func (t *Centre) gates() observe.Gates {
	g := observe.Gates{Country: t.Config.Gates.Country, Operators: map[device.Operator]map[string]float64{}}
	for name, limits := range t.Config.Gates.Operators {
		g.Operators[device.Operator(name)] = limits
	}
	return g
}

// Import takes a file in. progress may be nil.
func (t *Centre) Import(ctx context.Context, path string, kind device.FileKind, op device.Operator, progress func(done, total int64)) (observe.Report, error) {
	return t.ImportWith(ctx, path, kind, op, observe.Options{}, progress)
}

// ImportWith takes a file in that is to be read in another way: as a delta, or with hashes.
func (t *Centre) ImportWith(ctx context.Context, path string, kind device.FileKind, op device.Operator, o observe.Options, progress func(done, total int64)) (observe.Report, error) {
	return t.importer(progress).ImportWith(ctx, path, kind, op, o)
}

// Withdraw takes a file's effect back.
func (t *Centre) Withdraw(ctx context.Context, digest, reason string) error {
	return t.importer(nil).Withdraw(ctx, digest, reason)
}

// Sweep removes what imports and stages that were killed left in the lake, and parts of findings that
// were joined: parts that the register does not name, nor an adoption that waits for signatures. Parts
// of withdrawn files stay, for the ledger names them still, and so do the parts that the last run of
// detection joined: somebody may be reading them.
func (t *Centre) Sweep(ctx context.Context) (lake.Swept, error) {
	var named map[string]bool
	var failed error
	swept, err := t.Lake.Sweep(ctx, func(digest string) bool {
		if named == nil {
			named = map[string]bool{}
			failed = t.view(ctx, func(tx *Tx) error {
				for row, err := range tx.Rows(ctx, ledger.Parts) {
					if err != nil {
						return err
					}
					named[row.(ledger.PartRow).Part.Digest] = true
				}
				if err := tx.joinedParts(ctx, named); err != nil {
					return err
				}
				return tx.proposedParts(ctx, named)
			})
		}
		return failed != nil || named[digest]
	})
	return swept, errors.Join(err, failed)
}

// Files returns the files in force, but the segments of nodes, which are many.
func (t *Centre) Files(ctx context.Context) (out []device.File, err error) {
	out = []device.File{}
	for _, kind := range device.Imports() {
		files, err := register{t}.Files(ctx, kind, "")
		if err != nil {
			return nil, err
		}
		out = append(out, files...)
	}
	return out, nil
}

// Accept takes a segment of an operator's node.
func (t *Centre) Accept(ctx context.Context, op device.Operator, body []byte) (already bool, err error) {
	name := fmt.Sprintf("%x", sha256.Sum256(body))
	report, err := t.importer(nil).Accept(ctx, op, name[:16]+".segment", body)
	return report.Already, err
}

// Report records what a node says of its list.
func (t *Centre) Report(ctx context.Context, r device.NodeReport) error {
	return t.do(ctx, func(tx *Tx) error {
		return tx.office("feed", ledger.KindNode, device.Encode(r), r.Node, fmt.Sprint(r.Size), r.State, r.Text)
	})
}

// condition returns a rule of the conditions in force.
func (t *Centre) condition(ctx context.Context, tx *Tx, rule string) (*detect.Condition, error) {
	all, err := detect.Current(ctx, tx)
	if err != nil {
		return nil, err
	}
	if c := all.Find(rule); c != nil {
		return c, nil
	}
	var names []string
	for _, c := range all.All() {
		names = append(names, c.Name)
	}
	return nil, problem.New(problem.NotFound, "there is no rule %q; the rules are %v", rule, names)
}

// SetConditions records the rules that detection uses from now on. A rule whose text changed is a
// new version, and a shadow until a policy names it.
func (t *Centre) SetConditions(ctx context.Context, text []byte) error {
	c, err := detect.Load(text)
	if err != nil {
		return err
	}
	for _, rule := range c.All() {
		if _, err := list.ParseGround(rule.Ground); err != nil {
			return problem.New(problem.Invalid, "rule %s: %w", rule.Name, err)
		}
	}
	return t.do(ctx, func(tx *Tx) error {
		return tx.office("detect", ledger.KindConditions, text, c.Text(), fmt.Sprint(tx.Batch().Size()))
	})
}
