package centre

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/authz"
	"github.com/openceir/openceir/internal/cases"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/portal"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/receipt"
)

func (t *Centre) desk() cases.Desk { return cases.Desk{Zone: t.Zone} }

// cases returns the paths of cases.
func (t *Centre) cases() *portal.Cases {
	return &portal.Cases{Desk: front{t}, Now: t.Sequencer.Now, Log: t.Log}
}

// front is what the paths of cases ask of the centre.
type front struct{ *Centre }

// Caller implements portal.Desk.
func (t front) Caller(ctx context.Context, token string) (c authz.Caller, err error) {
	err = t.view(ctx, func(tx *Tx) error {
		var account ledger.AccountRow
		got, err := authz.ReadToken(token, t.Verifier.Name(), t.Sequencer.Now(), func(name string) (key ed25519.PublicKey, err error) {
			if account, _, err = tx.Account(ctx, name); err != nil {
				return nil, err
			}
			return base64.StdEncoding.DecodeString(account.PublicKey)
		})
		if err != nil {
			return err
		}
		if !slices.Contains(account.Grants, got.Grant) {
			return problem.New(problem.Refused, "%s may not act as %s: see ceir accounts", got.Account, GrantText(got.Grant))
		}
		c = authz.Caller{Name: got.Account, Grant: got.Grant}
		return nil
	})
	return c, err
}

// errUnseen is the answer for a case that is not there, and for one that is not the caller's.
func errUnseen(n cases.Number) error {
	return problem.New(problem.NotFound, "there is no case %s that you may see", n)
}

// seen reads a case if the caller may see it: it is where their role reaches, or somebody of their
// organisation opened it.
func (t front) seen(ctx context.Context, tx *Tx, by authz.Caller, n cases.Number) (*cases.Docket, error) {
	d, err := cases.Read(ctx, tx, n)
	if err != nil {
		return nil, err
	}
	opener := authz.Caller{Name: d.Entries[0].By}
	standing, _ := authz.Of(by.Role)
	if !by.Reaches(d.Place) && (standing.Reach != authz.Organisation || opener.Organisation() != by.Organisation()) {
		return nil, errUnseen(n)
	}
	return d, nil
}

// OpenCase implements portal.Desk. The number of a case that is opened with a key follows from the
// caller and the key, so that asking again finds it.
func (t front) OpenCase(ctx context.Context, by authz.Caller, key string, o *cases.Opening) (d *cases.Docket, err error) {
	err = t.do(ctx, func(tx *Tx) error {
		ask := *o
		ask.By, ask.Place = cases.Actor{Name: by.Name, Role: by.Role}, by.Place
		if key != "" {
			digest := ledger.KeyOf("case", by.Name, key)
			ask.Number = cases.Number(binary.BigEndian.Uint64(digest[:]) >> 9)
			if d, err = t.opened(ctx, tx, &ask); d != nil || err != nil {
				return err
			}
		}
		if ask.Hands, err = t.hands(ctx, tx, ask.Devices); err != nil {
			return err
		}
		d, err = t.desk().Open(tx, &ask)
		return err
	})
	return d, err
}

// opened returns the case that was opened under a number before, nil if none was.
func (t front) opened(ctx context.Context, tx *Tx, o *cases.Opening) (*cases.Docket, error) {
	d, err := cases.Read(ctx, tx, o.Number)
	if problem.Of(err) == problem.NotFound && err != nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	first := &d.Entries[0]
	if first.Sort != o.Machine.Name || first.Role != string(o.By.Role) || !slices.Equal(first.Devices, o.Devices) || first.CaseText != o.Text {
		return nil, problem.New(problem.Conflict, "the Idempotency-Key opened the case %s with another content: use a new key for a new request", o.Number)
	}
	return d, nil
}

// hands returns who had a hand in the measures on devices and in the cases about them.
func (t front) hands(ctx context.Context, tx *Tx, devices []imei.IMEI) (names []string, err error) {
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, m := range devices {
		acts, err := tx.Subjects(ctx, m)
		if err != nil {
			return nil, err
		}
		for _, index := range acts {
			leaf, _, err := tx.Leaf(ctx, index)
			if err != nil {
				return nil, err
			}
			r, err := receipt.ParseRecord(leaf.Text)
			if err != nil {
				return nil, fmt.Errorf("record %d: %w", index, err)
			}
			for _, a := range r.Approvals {
				add(a.Person)
			}
		}
		about, err := tx.CasesOf(ctx, m)
		if err != nil {
			return nil, err
		}
		for _, row := range about {
			n, err := cases.ParseNumber(row.Number)
			if err != nil {
				return nil, err
			}
			d, err := cases.Read(ctx, tx, n)
			if err != nil {
				return nil, err
			}
			for _, e := range d.Entries {
				if receipt.IsName(e.By) {
					add(e.By)
				}
			}
		}
	}
	slices.Sort(names)
	return names, nil
}

// TakeStep implements portal.Desk.
func (t front) TakeStep(ctx context.Context, by authz.Caller, n cases.Number, m *cases.Move) (d *cases.Docket, err error) {
	err = t.do(ctx, func(tx *Tx) error {
		if d, err = t.seen(ctx, tx, by, n); err != nil {
			return err
		}
		step := *m
		step.By = cases.Actor{Name: by.Name, Role: by.Role}
		if i := step.After; i >= 0 && i < len(d.Entries) && step.Was(&d.Entries[i]) {
			return nil
		}
		return t.desk().Take(tx, d, &step)
	})
	return d, err
}

// Case implements portal.Desk.
func (t front) Case(ctx context.Context, by authz.Caller, n cases.Number) (d *cases.Docket, err error) {
	err = t.view(ctx, func(tx *Tx) error { d, err = t.seen(ctx, tx, by, n); return err })
	return d, err
}

// Inbox implements portal.Desk.
func (t front) Inbox(ctx context.Context, by authz.Caller, place, assigned string, after ledger.CaseRow, most int) (rows []ledger.CaseRow, err error) {
	if !by.Reaches(place) {
		return nil, problem.New(problem.Refused, "a %s does not see what %q has to do", GrantText(by.Grant), place)
	}
	err = t.view(ctx, func(tx *Tx) error { rows, err = tx.CasesAt(ctx, place, assigned, after, most); return err })
	return rows, err
}

// CasesOf implements portal.Desk.
func (t front) CasesOf(ctx context.Context, by authz.Caller, m imei.IMEI) (rows []ledger.CaseRow, err error) {
	err = t.view(ctx, func(tx *Tx) error {
		if rows, err = tx.CasesOf(ctx, m); err != nil {
			return err
		}
		rows = slices.DeleteFunc(rows, func(r ledger.CaseRow) bool { return !by.Reaches(r.Place) })
		return nil
	})
	return rows, err
}
