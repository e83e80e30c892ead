package storetest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"testing"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/receipt"
)

// Questions is what stages and pages ask of a transaction, all together.
type Questions interface {
	ledger.Tx
	File(ctx context.Context, digest string) (ledger.FileRow, bool, error)
	Files(ctx context.Context, kind device.FileKind, operator device.Operator) ([]ledger.FileRow, error)
	Withdrawal(ctx context.Context, file string) (ledger.WithdrawalRow, bool, error)
	LiveParts(ctx context.Context, table string) ([]device.Part, error)
	PartsNamed(ctx context.Context, digest string) ([]ledger.PartRow, error)
	FindingParts(ctx context.Context) ([]ledger.PartRow, error)
	DueParts(ctx context.Context) ([]ledger.PartRow, error)
	Subjects(ctx context.Context, m imei.IMEI) ([]uint64, error)
	Proposals(ctx context.Context) ([]ledger.ProposalRow, map[receipt.Digest][]ledger.SignatureRow, error)
	Proposal(ctx context.Context, content receipt.Digest) (ledger.ProposalRow, bool, error)
	SignaturesOf(ctx context.Context, content receipt.Digest) ([]ledger.SignatureRow, error)
	Cursor(ctx context.Context, stage string) (uint64, error)
	Nodes(ctx context.Context) ([]ledger.NodeRow, error)
	Case(ctx context.Context, number string) (ledger.CaseRow, bool, error)
	CasesOf(ctx context.Context, m imei.IMEI) ([]ledger.CaseRow, error)
	CasesDue(ctx context.Context, day device.Day, after ledger.CaseRow, most int) ([]ledger.CaseRow, error)
	CasesAt(ctx context.Context, place, assigned string, after ledger.CaseRow, most int) ([]ledger.CaseRow, error)
	Account(ctx context.Context, name string) (ledger.AccountRow, bool, error)
	Leaf(ctx context.Context, index uint64) (ledger.Leaf, bool, error)
	LastOfKind(ctx context.Context, kind receipt.Kind) (ledger.Leaf, bool, error)
}

// asker compares answers with those of a twin that folds the records into maps and looks through
// all of them.
type asker struct {
	t  testing.TB
	tx Questions
	*twin
}

// askAll asks every question, of everything there is and of things that are not.
func askAll(t testing.TB, tx Questions) {
	t.Helper()
	a := asker{t, tx, foldAll(t, tx)}
	a.rows()
	a.records()
	a.files()
	a.subjects()
	a.proposals()
	a.cases()
	a.inboxes()
	a.rest()
}

// same compares two answers by their printed form, where an empty answer is as good as none.
func (a asker) same(what string, got, want any, errs ...error) {
	a.t.Helper()
	for _, err := range errs {
		if err != nil {
			a.t.Errorf("%s: %v", what, err)
		}
	}
	g, w := printed(got), printed(want)
	if g != w {
		a.t.Errorf("%s:\n got %s\nwant %s", what, g, w)
	}
}

func printed(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	if s := string(b); s != "[]" {
		return s
	}
	return "null"
}

// collect takes an iteration apart.
func collect[T any](seq iter.Seq2[T, error]) (out []T, err error) {
	for v, e := range seq {
		if e != nil {
			return out, e
		}
		out = append(out, v)
	}
	return out, nil
}

func (a asker) rows() {
	for _, table := range ledger.Tables {
		got, err := collect(a.tx.Rows(a.t.Context(), table))
		slices.SortFunc(got, func(x, y ledger.Row) int { return cmp.Compare(x.Key(), y.Key()) })
		a.same("rows of "+string(table), got, of[ledger.Row](a.twin, table, nil), err)
	}
}

func (a asker) records() {
	ctx := a.t.Context()
	last := map[receipt.Kind]ledger.Leaf{"no such kind": {}}
	for _, l := range a.leaves {
		last[l.Kind] = l
		got, ok, err := a.tx.Leaf(ctx, l.Index)
		a.same(fmt.Sprint("record ", l.Index, ok), got, l, err)
	}
	for index := range uint64(len(a.leaves)) + 1 {
		all, err := a.tx.Openings(ctx, index)
		for _, part := range []string{ledger.PartEffect, ledger.PartPersonal, "no such part"} {
			got, kept, err2 := a.tx.Opening(ctx, index, part)
			at := slices.IndexFunc(all, func(o ledger.StoredOpening) bool { return o.Part == part })
			var want ledger.StoredOpening
			if at >= 0 {
				want = all[at]
			}
			a.same(fmt.Sprintf("%s of record %d", part, index), []any{got, kept}, []any{want, at >= 0}, err, err2)
		}
	}
	_, ok, err := a.tx.Leaf(ctx, uint64(len(a.leaves)))
	a.same("record that is not there", ok, false, err)
	for kind, l := range last {
		got, ok, err := a.tx.LastOfKind(ctx, kind)
		a.same("last "+string(kind), []any{got, ok}, []any{l, l.Text != nil}, err)
		for _, from := range []uint64{0, l.Index, l.Index + 1} {
			kinds := []receipt.Kind{kind, receipt.Measure}
			got, err := collect(a.tx.Leaves(ctx, from, kinds...))
			var want []ledger.Leaf
			for _, l := range a.leaves {
				if l.Index >= from && slices.Contains(kinds, l.Kind) {
					want = append(want, l)
				}
			}
			a.same(fmt.Sprintf("records of %s from %d", kinds, from), got, want, err)
		}
	}
	acts := of[ledger.ActRow](a.twin, ledger.Acts, nil)
	for _, act := range acts {
		got, ok, err := a.tx.ActByKey(ctx, act.ActKey)
		a.same("act by key", []any{got, ok}, []any{act, true}, err)
	}
	_, ok, err = a.tx.ActByKey(ctx, receipt.Digest{1})
	a.same("act that is not there", ok, false, err)
}

func (a asker) files() {
	ctx := a.t.Context()
	for _, f := range append(of[ledger.FileRow](a.twin, ledger.Files, nil), ledger.FileRow{File: device.File{Digest: digest("nothing")}}) {
		got, ok, err := a.tx.File(ctx, f.File.Digest)
		want, there := a.file(f.File.Digest)
		a.same("file "+f.File.Name, []any{got, ok}, []any{want, there}, err)
		w, ok, err := a.tx.Withdrawal(ctx, f.File.Digest)
		a.same("withdrawal of "+f.File.Name, []any{w, ok}, []any{a.withdrawal(f.File.Digest), a.withdrawn(f.File.Digest)}, err)
	}
	for _, kind := range []device.FileKind{"", device.FileOperator, device.FileTAC, device.FileStolen} {
		for _, op := range []device.Operator{"", "north", "south", "nobody"} {
			got, err := a.tx.Files(ctx, kind, op)
			a.same(fmt.Sprintf("files %q %q", kind, op), got, a.twin.files(kind, op), err)
		}
	}
	for _, table := range []string{"days", "tacs", "malformed", "visits"} {
		got, err := a.tx.LiveParts(ctx, table)
		a.same("live parts of "+table, got, a.liveParts(table), err)
	}
	for _, name := range []string{"p1", "p2", "p4", "f2", "no such part"} {
		got, err := a.tx.PartsNamed(ctx, digest(name))
		a.same("files that gave "+name, got, of(a.twin, ledger.Parts, func(p ledger.PartRow) bool { return p.Part.Digest == digest(name) }), err)
	}
	got, err := a.tx.FindingParts(ctx)
	a.same("parts of findings", got, a.brought(ledger.TableFindings), err)
	got, err = a.tx.DueParts(ctx)
	a.same("parts of due days", got, a.brought(ledger.TableDue), err)
}

// brought returns the parts of a table that acts of detection brought, in the order of the acts.
func (a asker) brought(table string) (want []ledger.PartRow) {
	for act := range uint64(len(a.leaves)) {
		brought := of(a.twin, ledger.Parts, func(p ledger.PartRow) bool { return p.Part.Table == table && p.BroughtBy() == act })
		slices.SortFunc(brought, func(x, y ledger.PartRow) int {
			return cmp.Or(cmp.Compare(x.Part.Bucket, y.Part.Bucket), cmp.Compare(x.Part.Digest, y.Part.Digest))
		})
		want = append(want, brought...)
	}
	return want
}

func (a asker) subjects() {
	ctx := a.t.Context()
	all := of[ledger.SubjectRow](a.twin, ledger.Subjects, nil)
	ask := []imei.IMEI{0, Blocked, Reported, Proposed, Spare}
	for _, s := range all {
		ask = append(ask, s.Low, s.High, s.Low+1, s.High+1, s.Low-1)
	}
	for _, m := range ask {
		set := map[uint64]bool{}
		for _, s := range all {
			if s.Low <= m && m <= s.High {
				set[s.Index] = true
			}
		}
		got, err := a.tx.Subjects(ctx, m)
		a.same("measures about "+m.String(), got, slices.Sorted(maps.Keys(set)), err)
	}
}

func (a asker) proposals() {
	ctx := a.t.Context()
	enacted := map[receipt.Digest]bool{}
	for _, act := range of[ledger.ActRow](a.twin, ledger.Acts, nil) {
		enacted[act.Content] = true
	}
	all := of[ledger.ProposalRow](a.twin, ledger.Proposals, nil)
	var open []ledger.ProposalRow
	signed := map[string][]ledger.SignatureRow{}
	for _, p := range all {
		got, ok, err := a.tx.Proposal(ctx, p.Content)
		a.same("proposal", []any{got, ok}, []any{p, true}, err)
		want := of(a.twin, ledger.Signatures, func(s ledger.SignatureRow) bool { return s.Content == p.Content })
		given, err := a.tx.SignaturesOf(ctx, p.Content)
		a.same("signatures", given, want, err)
		if !enacted[p.Content] {
			open = append(open, p)
			signed[p.Content.String()] = want
		}
	}
	slices.SortFunc(open, func(x, y ledger.ProposalRow) int { return cmp.Compare(x.Index, y.Index) })
	gotOpen, gotSigned, err := a.tx.Proposals(ctx)
	a.same("proposals that wait", gotOpen, open, err)
	byText := map[string][]ledger.SignatureRow{}
	for d, s := range gotSigned {
		byText[d.String()] = s
	}
	a.same("their signatures", byText, signed)
	_, ok, err := a.tx.Proposal(ctx, receipt.Digest{2})
	a.same("proposal that is not there", ok, false, err)
}

func (a asker) cases() {
	ctx := a.t.Context()
	all := of[ledger.CaseRow](a.twin, ledger.Cases, nil)
	about := map[imei.IMEI][]string{Spare: nil}
	for _, d := range of[ledger.CaseDeviceRow](a.twin, ledger.CaseDevices, nil) {
		about[d.IMEI] = append(about[d.IMEI], d.Number)
	}
	for _, c := range append(all, ledger.CaseRow{Number: "0000-0000-0000"}) {
		got, ok, err := a.tx.Case(ctx, c.Number)
		there := c.Events > 0
		if !there {
			c = ledger.CaseRow{}
		}
		a.same("case "+c.Number, []any{got, ok}, []any{c, there}, err)
	}
	for m, numbers := range about {
		var want []ledger.CaseRow
		for _, c := range all {
			if slices.Contains(numbers, c.Number) {
				want = append(want, c)
			}
		}
		slices.SortFunc(want, func(x, y ledger.CaseRow) int { return cmp.Compare(y.Index, x.Index) })
		got, err := a.tx.CasesOf(ctx, m)
		a.same("cases about "+m.String(), got, want, err)
	}
	slices.SortFunc(all, func(x, y ledger.CaseRow) int {
		return cmp.Or(cmp.Compare(x.Due, y.Due), cmp.Compare(x.Number, y.Number))
	})
	for _, day := range []device.Day{0, 20040, 20050, 30000} {
		want := slices.DeleteFunc(slices.Clone(all), func(c ledger.CaseRow) bool { return c.Due == 0 || c.Due > day })
		var got []ledger.CaseRow
		for after := (ledger.CaseRow{}); ; after = got[len(got)-1] {
			page, err := a.tx.CasesDue(ctx, day, after, 1)
			a.same("a page of due cases", len(page) <= 1, true, err)
			if got = append(got, page...); len(page) == 0 {
				break
			}
		}
		a.same("cases due on "+day.String(), got, want)
	}
}

// inboxes asks what each place and person has to do, a row at a time.
func (a asker) inboxes() {
	ctx := a.t.Context()
	all := of[ledger.CaseRow](a.twin, ledger.Cases, nil)
	slices.SortFunc(all, func(x, y ledger.CaseRow) int {
		return cmp.Or(cmp.Compare(x.Since, y.Since), cmp.Compare(x.Number, y.Number))
	})
	for _, c := range append(all, ledger.CaseRow{Place: "nowhere"}) {
		for _, assigned := range []string{"", c.Assigned, "nobody"} {
			want := slices.DeleteFunc(slices.Clone(all), func(o ledger.CaseRow) bool {
				return o.Closed || o.Place != c.Place || assigned != "" && o.Assigned != assigned
			})
			var got []ledger.CaseRow
			for after := (ledger.CaseRow{}); ; after = got[len(got)-1] {
				page, err := a.tx.CasesAt(ctx, c.Place, assigned, after, 1)
				a.same("a page of an inbox", len(page) <= 1, true, err)
				if got = append(got, page...); len(page) == 0 {
					break
				}
			}
			a.same("cases at "+c.Place+" of "+assigned, got, want)
		}
	}
}

func (a asker) rest() {
	ctx := a.t.Context()
	want := map[string]uint64{"no such stage": 0}
	for _, c := range of[ledger.CursorRow](a.twin, ledger.Cursors, nil) {
		want[c.Stage] = c.Upto
	}
	for stage, upto := range want {
		got, err := a.tx.Cursor(ctx, stage)
		a.same("cursor "+stage, got, upto, err)
	}
	for _, account := range append(of[ledger.AccountRow](a.twin, ledger.Accounts, nil), ledger.AccountRow{Account: ledger.Account{Name: "no/body"}}) {
		got, ok, err := a.tx.Account(ctx, account.Name)
		there := account.PublicKey != "" || len(account.Grants) == 0 && account.Index > 0
		if !there {
			account = ledger.AccountRow{}
		}
		a.same("account "+account.Name, []any{got, ok}, []any{account, there}, err)
	}
	nodes, err := a.tx.Nodes(ctx)
	a.same("nodes", nodes, of[ledger.NodeRow](a.twin, ledger.Nodes, nil), err)
}
