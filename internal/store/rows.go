package store

import (
	"github.com/openceir/openceir/internal/authz"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/receipt"
)

// derived are the tables that the ledger folds, in columns. values and row are inverse to each
// other; what row can not take is a fault of the stored row.
var derived = map[ledger.Table]*table{
	ledger.Acts: {
		name: "acts", columns: columnsOf("act_key:t idx:i kind:t content:t"), keys: 1, indexes: []string{"acts_content"},
		values: func(r ledger.Row) []any {
			a := r.(ledger.ActRow)
			return []any{a.ActKey.String(), int64(a.Index), string(a.Kind), a.Content.String()}
		},
		row: func(c *cells) ledger.Row {
			return ledger.ActRow{ActKey: c.digest(), Index: c.number(), Kind: receipt.Kind(c.text()), Content: c.digest()}
		},
	},
	ledger.Subjects: {
		name: "subjects", columns: columnsOf("idx:i low:i high:i"), keys: 3, indexes: []string{"subjects_low", "subjects_wide"},
		values: func(r ledger.Row) []any {
			s := r.(ledger.SubjectRow)
			return []any{int64(s.Index), int64(s.Low), int64(s.High)}
		},
		row: func(c *cells) ledger.Row {
			return ledger.SubjectRow{Index: c.number(), Low: c.imei(), High: c.imei()}
		},
	},
	ledger.Files: {
		name:    "files",
		columns: columnsOf("digest:t idx:i kind:t operator:t name:t from_day:i to_day:i added_day:i rows_taken:i rows_refused:i rows_malformed:i stats:t"),
		keys:    1, indexes: []string{"files_kind"}, values: fileValues, row: fileRow,
	},
	ledger.Parts: {
		name: "parts", columns: columnsOf("file:t digest:t lake_table:t month:i bucket:i row_count:i byte_count:i"), keys: 2,
		indexes: []string{"parts_table", "parts_digest"},
		values: func(r ledger.Row) []any {
			p := r.(ledger.PartRow)
			return []any{p.File, p.Part.Digest, p.Part.Table, int64(p.Part.Month), int64(p.Part.Bucket), p.Part.Rows, p.Part.Bytes}
		},
		row: func(c *cells) ledger.Row { return ledger.PartRow{File: c.text(), Part: part(c)} },
	},
	ledger.Withdrawals: {
		name: "withdrawals", columns: columnsOf("file:t idx:i reason:t"), keys: 1,
		values: func(r ledger.Row) []any {
			w := r.(ledger.WithdrawalRow)
			return []any{w.File, int64(w.Index), w.Reason}
		},
		row: func(c *cells) ledger.Row {
			return ledger.WithdrawalRow{File: c.text(), Index: c.number(), Reason: c.text()}
		},
	},
	ledger.Proposals: {
		name: "proposals", columns: columnsOf("content:t idx:i kind:t author:t proposal:t"), keys: 1,
		values: func(r ledger.Row) []any {
			p := r.(ledger.ProposalRow)
			return []any{p.Content.String(), int64(p.Index), string(p.Kind), p.By, string(p.Proposal)}
		},
		row: func(c *cells) ledger.Row {
			return ledger.ProposalRow{Content: c.digest(), Index: c.number(), Kind: receipt.Kind(c.text()), By: c.text(), Proposal: []byte(c.text())}
		},
	},
	ledger.Signatures: {
		name: "signatures", columns: columnsOf("content:t person:t idx:i approval:t"), keys: 2,
		values: func(r ledger.Row) []any {
			s := r.(ledger.SignatureRow)
			return []any{s.Content.String(), s.Person, int64(s.Index), s.Approval}
		},
		row: func(c *cells) ledger.Row {
			return ledger.SignatureRow{Content: c.digest(), Person: c.text(), Index: c.number(), Approval: c.text()}
		},
	},
	ledger.Nodes: {
		name: "nodes", columns: columnsOf("node:t idx:i size:i state:t reason:t"), keys: 1,
		values: func(r ledger.Row) []any {
			n := r.(ledger.NodeRow)
			return []any{n.Node, int64(n.Index), int64(n.Size), n.State, n.Text}
		},
		row: func(c *cells) ledger.Row {
			return ledger.NodeRow{Node: c.text(), Index: c.number(), Size: c.number(), State: c.text(), Text: c.text()}
		},
	},
	ledger.Cases: {
		name: "cases", columns: columnsOf("number:t idx:i sort:t state:t since:i due:i closed:i events:i place:t assigned:t"), keys: 1,
		indexes: []string{"cases_due", "cases_open"},
		values: func(r ledger.Row) []any {
			c := r.(ledger.CaseRow)
			return []any{c.Number, int64(c.Index), c.Sort, c.State, int64(c.Since), int64(c.Due), flag(c.Closed), c.Events, c.Place, c.Assigned}
		},
		row: func(c *cells) ledger.Row {
			return ledger.CaseRow{Number: c.text(), Index: c.number(), Sort: c.text(), State: c.text(), Since: device.Day(c.int32()), Due: device.Day(c.int32()),
				Closed: c.flag(), Events: c.integer(), Place: c.text(), Assigned: c.text()}
		},
	},
	ledger.CaseDevices: {
		name: "case_devices", columns: columnsOf("imei:i number:t"), keys: 2,
		values: func(r ledger.Row) []any {
			d := r.(ledger.CaseDeviceRow)
			return []any{int64(d.IMEI), d.Number}
		},
		row: func(c *cells) ledger.Row { return ledger.CaseDeviceRow{IMEI: c.imei(), Number: c.text()} },
	},
	ledger.Accounts: {
		name: "accounts", columns: columnsOf("name:t idx:i pubkey:t grants:t"), keys: 1,
		values: func(r ledger.Row) []any {
			a := r.(ledger.AccountRow)
			return []any{a.Name, int64(a.Index), a.PublicKey, string(ledger.Encode(a.Grants))}
		},
		row: func(c *cells) ledger.Row {
			a := ledger.AccountRow{Account: ledger.Account{Name: c.text()}, Index: c.number()}
			a.PublicKey, a.Grants = c.text(), readJSON[[]authz.Grant](c)
			return a
		},
	},
	ledger.Cursors: {
		name: "cursors", columns: columnsOf("stage:t upto:i idx:i"), keys: 1,
		values: func(r ledger.Row) []any {
			u := r.(ledger.CursorRow)
			return []any{u.Stage, int64(u.Upto), int64(u.Index)}
		},
		row: func(c *cells) ledger.Row {
			return ledger.CursorRow{Stage: c.text(), Upto: c.number(), Index: c.number()}
		},
	},
}

func part(c *cells) device.Part {
	return device.Part{Digest: c.text(), Table: c.text(), Month: device.Month(c.int32()), Bucket: int(c.integer()),
		Rows: c.integer(), Bytes: c.integer()}
}

func fileValues(r ledger.Row) []any {
	row := r.(ledger.FileRow)
	f := &row.File
	return []any{f.Digest, int64(row.Index), string(f.Kind), string(f.Operator), f.Name, int64(f.From), int64(f.To), int64(f.Added),
		f.Rows, f.Refused, f.Malformed, jsonOf(f.Stats)}
}

func fileRow(c *cells) ledger.Row {
	var r ledger.FileRow
	r.File.Digest = c.text()
	r.Index = c.number()
	r.File.Kind, r.File.Operator, r.File.Name = device.FileKind(c.text()), device.Operator(c.text()), c.text()
	r.File.From, r.File.To, r.File.Added = device.Day(c.int32()), device.Day(c.int32()), device.Day(c.int32())
	r.File.Rows, r.File.Refused, r.File.Malformed = c.integer(), c.integer(), c.integer()
	r.File.Stats = jsonTo[int64](c)
	r.File.Delta = r.File.Stats["delta"] != 0
	return r
}
