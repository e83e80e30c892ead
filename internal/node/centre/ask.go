package centre

import (
	"context"
	"os"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// Guard returns the guard in its present state. Ask it only.
func (t *Centre) Guard() *list.Guard { return t.state().Guard }

// PublicKey returns the public half of the log's key, as nodes are given it.
func (t *Centre) PublicKey() (string, error) {
	text, err := os.ReadFile(t.Config.LogKey)
	if err != nil {
		return "", err
	}
	_, public, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	return public, nil
}

// CountKind returns the number of records of a kind.
func (t *Centre) CountKind(ctx context.Context, kind receipt.Kind) (n int, err error) {
	err = t.view(ctx, func(tx *Tx) error {
		for _, err := range tx.Leaves(ctx, 0, kind) {
			if err != nil {
				return err
			}
			n++
		}
		return nil
	})
	return n, err
}

// Flagged returns the devices with an open finding of a rule that asks for a block.
func (t *Centre) Flagged(ctx context.Context) (map[imei.IMEI]bool, error) {
	out := map[imei.IMEI]bool{}
	err := t.view(ctx, func(tx *Tx) error {
		for f, err := range tx.Findings(ctx) {
			if err != nil {
				return err
			}
			c, err := t.condition(ctx, tx, f.Finding.Rule)
			if err != nil {
				return err
			}
			if string(c.Effect) == list.Prohibited.String() {
				out[f.Finding.IMEI] = true
			}
		}
		return nil
	})
	return out, err
}
