package ledger

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// hashes reads the tree's stored hashes through a transaction, block by block.
type hashes struct {
	ctx    context.Context
	tx     Tx
	blocks map[blockID]*Block
	dirty  map[blockID]bool
}

type blockID struct {
	level  int
	number uint64
}

func newHashes(ctx context.Context, tx Tx) *hashes {
	return &hashes{ctx, tx, map[blockID]*Block{}, map[blockID]bool{}}
}

// Hashes returns a reader of the tree's stored hashes, for proofs.
func Hashes(ctx context.Context, tx Tx) tlog.HashReader { return newHashes(ctx, tx) }

func (h *hashes) block(level int, number uint64) (*Block, error) {
	id := blockID{level, number}
	if b := h.blocks[id]; b != nil {
		return b, nil
	}
	b, err := h.tx.Block(h.ctx, level, number)
	if err != nil {
		return nil, fmt.Errorf("reading block %d of level %d of the tree: %w", number, level, err)
	}
	b.Level, b.Number = level, number
	h.blocks[id] = &b
	return &b, nil
}

// ReadHashes implements tlog.HashReader.
func (h *hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		level, n := tlog.SplitStoredHashIndex(x)
		b, err := h.block(level, uint64(n)/BlockSize)
		if err != nil {
			return nil, err
		}
		at := int(n % BlockSize)
		if at >= len(b.Hashes) {
			return nil, fmt.Errorf("hash %d of level %d of the tree is not there", n, level)
		}
		out[i] = b.Hashes[at]
	}
	return out, nil
}

// add puts leaf number n into the tree.
func (h *hashes) add(n uint64, leaf tlog.Hash) error {
	stored, err := tlog.StoredHashesForRecordHash(int64(n), leaf, h)
	if err != nil {
		return fmt.Errorf("hashing record %d into the tree: %w", n, err)
	}
	for level, hash := range stored {
		at := n >> level
		b, err := h.block(level, at/BlockSize)
		if err != nil {
			return err
		}
		if uint64(len(b.Hashes)) != at%BlockSize {
			return fmt.Errorf("level %d of the tree has %d hashes in block %d, the next would be %d: the tree is damaged", level, len(b.Hashes), b.Number, at%BlockSize)
		}
		b.Hashes = append(b.Hashes, hash)
		h.dirty[blockID{level, at / BlockSize}] = true
	}
	return nil
}

// changed returns the blocks that add has changed.
func (h *hashes) changed() []Block {
	var out []Block
	for id := range h.dirty {
		out = append(out, *h.blocks[id])
	}
	return out
}
