package ledger

import (
	"fmt"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/receipt"
)

// Table names a derived table of the register.
type Table string

// The derived tables.
const (
	Acts        Table = "acts"
	Subjects    Table = "subjects"
	Files       Table = "files"
	Parts       Table = "parts"
	Withdrawals Table = "withdrawals"
	Proposals   Table = "proposals"
	Signatures  Table = "signatures"
	Nodes       Table = "nodes"
	Cursors     Table = "cursors"
	Cases       Table = "cases"
	CaseDevices Table = "case_devices"
	Accounts    Table = "accounts"
)

// Tables lists the derived tables.
var Tables = []Table{Acts, Subjects, Files, Parts, Withdrawals, Proposals, Signatures, Nodes, Cursors, Cases, CaseDevices, Accounts}

// Row is one row of a derived table. Two rows of one key are equal if Encode prints them alike.
type Row interface {
	Table() Table
	Key() string // of the row within its table
}

// ActRow finds a record by the key of its content. Every record has one.
type ActRow struct {
	ActKey  receipt.Digest
	Index   uint64
	Kind    receipt.Kind
	Content receipt.Digest
}

// SubjectRow finds the measures that speak of a device.
type SubjectRow struct {
	Index     uint64
	Low, High imei.IMEI
}

// FileRow is a file in the catalogue. Its parts are rows of their own.
type FileRow struct {
	Index uint64
	File  device.File
}

// PartRow is a part of the lake that a file gave, or an act.
type PartRow struct {
	File string // digest; of an act, what stands for one
	Part device.Part
}

// WithdrawalRow says that a file's effect was taken back.
type WithdrawalRow struct {
	File   string
	Index  uint64
	Reason string
}

// ProposalRow is a content that people are asked to sign, with the openings it commits to.
type ProposalRow struct {
	Content  receipt.Digest
	Index    uint64
	Kind     receipt.Kind
	By       string
	Proposal []byte // JSON of Proposal
}

// SignatureRow is a person's approval of a proposed content.
type SignatureRow struct {
	Content  receipt.Digest
	Person   string
	Index    uint64
	Approval string // receipt.Approval's text
}

// NodeRow is the last word of an operator's node about its list.
type NodeRow struct {
	Node  string
	Index uint64
	Size  uint64 // ledger size of the table in force there
	State string // "in force" or "held"
	Text  string // why it was held
}

// CursorRow is how far a stage has followed the ledger.
type CursorRow struct {
	Stage string
	Upto  uint64 // the stage has seen every record below
	Index uint64
}

func (r ActRow) Table() Table        { return Acts }
func (r SubjectRow) Table() Table    { return Subjects }
func (r FileRow) Table() Table       { return Files }
func (r PartRow) Table() Table       { return Parts }
func (r WithdrawalRow) Table() Table { return Withdrawals }
func (r ProposalRow) Table() Table   { return Proposals }
func (r SignatureRow) Table() Table  { return Signatures }
func (r NodeRow) Table() Table       { return Nodes }
func (r CursorRow) Table() Table     { return Cursors }

func (r ActRow) Key() string        { return r.ActKey.String() }
func (r SubjectRow) Key() string    { return fmt.Sprintf("%d %s-%s", r.Index, r.Low, r.High) }
func (r FileRow) Key() string       { return r.File.Digest }
func (r PartRow) Key() string       { return r.File + " " + r.Part.Digest }
func (r WithdrawalRow) Key() string { return r.File }
func (r ProposalRow) Key() string   { return r.Content.String() }
func (r SignatureRow) Key() string  { return r.Content.String() + " " + r.Person }
func (r NodeRow) Key() string       { return r.Node }
func (r CursorRow) Key() string     { return r.Stage }

// Change puts a row (inserting it, or replacing that of its key) or drops one.
type Change struct {
	Drop bool
	Row  Row
}
