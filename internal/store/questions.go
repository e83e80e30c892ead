package store

import (
	"context"
	"fmt"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/receipt"
)

// File returns a file of the catalogue with its parts, whether or not it was withdrawn since.
func (tx *Tx) File(ctx context.Context, digest string) (ledger.FileRow, bool, error) {
	f, ok, err := rowOf[ledger.FileRow](ctx, tx, ledger.Files, "file", digest)
	if err != nil || !ok {
		return f, false, err
	}
	parts, err := rowsOf[ledger.PartRow](ctx, tx, ledger.Parts, "parts_of", digest)
	for _, p := range parts {
		f.File.Parts = append(f.File.Parts, p.Part)
	}
	return f, err == nil, err
}

// Files returns the files adopted and not withdrawn, with their parts, in the order of their
// adoption; of one kind and one operator, "" meaning any.
func (tx *Tx) Files(ctx context.Context, kind device.FileKind, operator device.Operator) ([]ledger.FileRow, error) {
	files, err := rowsOf[ledger.FileRow](ctx, tx, ledger.Files, "files", string(kind), string(operator))
	if err != nil {
		return nil, err
	}
	parts, err := rowsOf[ledger.PartRow](ctx, tx, ledger.Parts, "parts_of_files", string(kind), string(operator))
	if err != nil {
		return nil, err
	}
	of := map[string][]device.Part{}
	for _, p := range parts {
		of[p.File] = append(of[p.File], p.Part)
	}
	for i := range files {
		files[i].File.Parts = of[files[i].File.Digest]
	}
	return files, nil
}

// Withdrawal returns the withdrawal of a file, if it was withdrawn.
func (tx *Tx) Withdrawal(ctx context.Context, file string) (ledger.WithdrawalRow, bool, error) {
	return rowOf[ledger.WithdrawalRow](ctx, tx, ledger.Withdrawals, "withdrawal", file)
}

// LiveParts returns the parts of one table of the lake that adopted and not withdrawn files gave,
// each once, by month, bucket and digest.
func (tx *Tx) LiveParts(ctx context.Context, table string) ([]device.Part, error) {
	rows, err := tx.s.query(ctx, text("parts_live"), table)
	if err != nil {
		return nil, fmt.Errorf("asking for the live parts of %s: %w", table, err)
	}
	out := make([]device.Part, len(rows))
	for i, values := range rows {
		c := &cells{values: values}
		if out[i] = part(c); c.err != nil {
			return nil, ledger.Fault{Table: "parts", Row: fmt.Sprint(values[0]), Text: c.err.Error()}
		}
	}
	return out, nil
}

// PartsNamed returns the rows of all files that gave a part, whether or not they were withdrawn.
func (tx *Tx) PartsNamed(ctx context.Context, digest string) ([]ledger.PartRow, error) {
	return rowsOf[ledger.PartRow](ctx, tx, ledger.Parts, "parts_of_digest", digest)
}

// FindingParts returns the parts of the lake that hold the findings, in the order in which they
// count: of a finding that several have, the last one's word is in force.
func (tx *Tx) FindingParts(ctx context.Context) ([]ledger.PartRow, error) {
	return rowsOf[ledger.PartRow](ctx, tx, ledger.Parts, "parts_of_table", ledger.TableFindings)
}

// DueParts returns the parts of the lake that say when to judge devices again, as FindingParts does.
func (tx *Tx) DueParts(ctx context.Context) ([]ledger.PartRow, error) {
	return rowsOf[ledger.PartRow](ctx, tx, ledger.Parts, "parts_of_table", ledger.TableDue)
}

// Subjects returns the indexes of the measures that speak of a device, by itself or within a
// range, ascending.
func (tx *Tx) Subjects(ctx context.Context, m imei.IMEI) ([]uint64, error) {
	rows, err := tx.s.query(ctx, text("subjects_of"), int64(m))
	if err != nil {
		return nil, fmt.Errorf("asking for the measures about %s: %w", m, err)
	}
	out := make([]uint64, len(rows))
	for i, values := range rows {
		c := &cells{values: values}
		if out[i] = c.number(); c.err != nil {
			return nil, ledger.Fault{Table: "subjects", Row: m.String(), Text: c.err.Error()}
		}
	}
	return out, nil
}

// Proposals returns the proposals that wait, those whose content no act has yet, in their order,
// and the signatures given on each.
func (tx *Tx) Proposals(ctx context.Context) ([]ledger.ProposalRow, map[receipt.Digest][]ledger.SignatureRow, error) {
	open, err := rowsOf[ledger.ProposalRow](ctx, tx, ledger.Proposals, "proposals_open")
	if err != nil {
		return nil, nil, err
	}
	given, err := rowsOf[ledger.SignatureRow](ctx, tx, ledger.Signatures, "signatures_open")
	if err != nil {
		return nil, nil, err
	}
	signed := map[receipt.Digest][]ledger.SignatureRow{}
	for _, s := range given {
		signed[s.Content] = append(signed[s.Content], s)
	}
	return open, signed, nil
}

// Proposal returns the proposal of a content, waiting or not.
func (tx *Tx) Proposal(ctx context.Context, content receipt.Digest) (ledger.ProposalRow, bool, error) {
	return rowOf[ledger.ProposalRow](ctx, tx, ledger.Proposals, "proposal", content.String())
}

// SignaturesOf returns the signatures given on a proposed content, by person.
func (tx *Tx) SignaturesOf(ctx context.Context, content receipt.Digest) ([]ledger.SignatureRow, error) {
	return rowsOf[ledger.SignatureRow](ctx, tx, ledger.Signatures, "signatures_of", content.String())
}

// Cursor returns how far a stage has come: it has seen every record below. 0 for one that never ran.
func (tx *Tx) Cursor(ctx context.Context, stage string) (uint64, error) {
	c, _, err := rowOf[ledger.CursorRow](ctx, tx, ledger.Cursors, "cursor", stage)
	return c.Upto, err
}

// Nodes returns the last word of every operator's node about its list, by node.
func (tx *Tx) Nodes(ctx context.Context) ([]ledger.NodeRow, error) {
	return rowsOf[ledger.NodeRow](ctx, tx, ledger.Nodes, "nodes")
}
