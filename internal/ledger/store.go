package ledger

import (
	"context"
	"errors"
	"iter"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/openceir/openceir/receipt"
)

// Store keeps the register. Update runs f in one transaction that is synced to disk when Update
// returns nil; View runs f on one consistent state.
type Store interface {
	Update(ctx context.Context, f func(Tx) error) error
	View(ctx context.Context, f func(Tx) error) error
}

// Head is the row that a writer must swap: the tree's head and its signed note.
type Head struct {
	receipt.Head
	Note []byte
}

// ErrForked says that the head is not the one the writer began from: another process appended.
var ErrForked = errors.New("another process has appended to the ledger")

// Leaf is a stored record.
type Leaf struct {
	Index uint64
	Kind  receipt.Kind
	Text  []byte // receipt.Record.Bytes
}

// Openings of a record.
const (
	PartEffect   = "effect"
	PartPersonal = "personal"
)

// StoredOpening is an opening with its place.
type StoredOpening struct {
	Index uint64
	Part  string // PartEffect or PartPersonal
	receipt.Opening
}

// Block is up to BlockSize consecutive hashes of one level of the tree, in the numbering of
// tlog.StoredHashIndex: level 0 are the leaves.
type Block struct {
	Level  int
	Number uint64
	Hashes []tlog.Hash
}

// BlockSize is the number of hashes in a full block.
const BlockSize = 256

// Tx is the ledger's part of a transaction of the register.
type Tx interface {
	// Head returns the head row; of an empty register, size 0 and no note.
	Head(ctx context.Context) (Head, error)
	// SwapHead replaces the head row if it still is old, else returns ErrForked. A writer calls it
	// before any other change, so that of two writers one waits here and then fails.
	SwapHead(ctx context.Context, old, new Head) error
	InsertLeaves(ctx context.Context, leaves []Leaf) error
	InsertOpenings(ctx context.Context, openings []StoredOpening) error
	DeleteOpening(ctx context.Context, index uint64, part string) error
	PutBlocks(ctx context.Context, blocks []Block) error
	// Block returns a block, empty if there is none.
	Block(ctx context.Context, level int, number uint64) (Block, error)
	// Leaves yields records from an index on, ascending; of the kinds only, if any are given.
	Leaves(ctx context.Context, from uint64, kinds ...receipt.Kind) iter.Seq2[Leaf, error]
	// Openings returns the openings of a record that are still kept.
	Openings(ctx context.Context, index uint64) ([]StoredOpening, error)
	// Opening returns one of them: personal parts may be far longer than the effects.
	Opening(ctx context.Context, index uint64, part string) (StoredOpening, bool, error)
	// AllOpenings yields every opening by (index, part).
	AllOpenings(ctx context.Context) iter.Seq2[StoredOpening, error]
	// AllBlocks yields every block by (level, number).
	AllBlocks(ctx context.Context) iter.Seq2[Block, error]
	// Apply makes the changes in their order.
	Apply(ctx context.Context, changes []Change) error
	// Rows yields every row of a derived table, in any order.
	Rows(ctx context.Context, t Table) iter.Seq2[Row, error]
	// ActByKey finds a record by its content's key.
	ActByKey(ctx context.Context, key receipt.Digest) (ActRow, bool, error)
	// SchemaFault says what is wrong with the tables that keep the schema's own version, "" if nothing.
	SchemaFault(ctx context.Context) (string, error)
}
