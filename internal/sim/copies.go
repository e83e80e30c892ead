package sim

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/receipt"
)

// cut returns a state of before, whose head is true and older; nil if there is none.
func (w *World) cut(r *register) *register {
	dice := rand.New(rand.NewPCG(w.seed, uint64(len(r.leaves))))
	if len(w.past) == 0 {
		return nil
	}
	old := w.past[dice.IntN(len(w.past))]
	if len(old.leaves) == 0 || len(old.leaves) == len(r.leaves) {
		return nil
	}
	return old
}

// rewritten returns a state of before that went on otherwise, signed with the same key, until it
// was longer.
func (w *World) rewritten(r *register) *register {
	old := w.cut(r)
	if old == nil {
		return nil
	}
	m := old.open()
	s := &ledger.Sequencer{Store: m, Signer: w.signer, Log: w.log, Now: w.trueTime, Random: rand.NewChaCha8([32]byte{1})}
	err := s.Do(w.ctx, func(_ ledger.Tx, b *ledger.Batch) error {
		for i := range len(r.leaves) - len(old.leaves) + 1 {
			c := receipt.Content{Kind: "remark", Key: ledger.KeyOf("rewritten", fmt.Sprint(i)), By: office("thief")}
			d, err := ledger.NewDraft(b.Random(), c, []byte("nothing\n"), nil)
			if err == nil {
				_, err = b.Append(d)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	w.must(err)
	return m.state()
}

// scratched returns a copy in which one thing is changed, deleted or swapped.
func (w *World) scratched(r *register) *register {
	dice := rand.New(rand.NewPCG(w.seed, uint64(len(w.story))))
	c := *r
	c.leaves, c.openings, c.blocks, c.rows = slices.Clone(r.leaves), maps.Clone(r.openings), maps.Clone(r.blocks), maps.Clone(r.rows)
	switch dice.IntN(6) {
	case 0:
		l := &c.leaves[dice.IntN(len(c.leaves))]
		l.Text = bytes.Clone(l.Text)
		l.Text[dice.IntN(len(l.Text))] ^= 1
	case 1:
		i := dice.IntN(len(c.leaves) - 1)
		c.leaves[i].Text, c.leaves[i+1].Text = c.leaves[i+1].Text, c.leaves[i].Text
	case 2:
		at := place{uint64(dice.IntN(len(c.leaves))), ledger.PartEffect}
		o := c.openings[at]
		o.Salt[3] ^= 8
		c.openings[at] = o
	case 3:
		delete(c.openings, place{uint64(dice.IntN(len(c.leaves))), ledger.PartEffect})
	case 4:
		b := slices.Clone(c.blocks[node{}])
		b[dice.IntN(len(b))][7] ^= 1
		c.blocks[node{}] = b
	default:
		t := slices.Sorted(maps.Keys(c.rows))[dice.IntN(len(c.rows))]
		rows := maps.Clone(c.rows[t])
		if len(rows) == 0 {
			return nil
		}
		delete(rows, slices.Sorted(maps.Keys(rows))[dice.IntN(len(rows))])
		c.rows[t] = rows
	}
	return &c
}
