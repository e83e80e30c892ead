package centre

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/node/secret"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/receipt"
)

// Signer is a person with their private key.
type Signer struct {
	Person string // ORGANISATION/NAME
	Key    ed25519.PrivateKey
}

// NewLogKey writes a new log key of the name to a file that is not there yet.
func NewLogKey(path, name string, random io.Reader) error {
	private, public, err := note.GenerateKey(random, name)
	if err != nil {
		return fmt.Errorf("making the log's key: %w", err)
	}
	return secret.Write(path, private+"\n"+public+"\n")
}

// readLogKey reads what NewLogKey wrote.
func readLogKey(path string) (note.Signer, note.Verifier, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, problem.New(problem.NotFound, "reading the log's key: %w: found the register first with ceir init", err)
	}
	private, public, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	signer, err := note.NewSigner(private)
	if err != nil {
		return nil, nil, problem.New(problem.Invalid, "the log's key %s: %w", path, err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		return nil, nil, problem.New(problem.Invalid, "the log's public key in %s: %w", path, err)
	}
	return signer, verifier, nil
}

// Found begins the ledger with its first directory, signed by persons of at least two of its
// organisations, and returns the digest that nodes pin.
func (t *Centre) Found(ctx context.Context, d *receipt.Directory, by []Signer) (receipt.Digest, error) {
	if t.state().Head.Size > 0 {
		return receipt.Digest{}, problem.New(problem.Conflict, "the register is founded already")
	}
	c := receipt.Content{Kind: receipt.Founding, Key: ledger.KeyOf("founding"), By: receipt.Author{Sort: receipt.Office, Name: "founders"}}
	draft, err := ledger.NewDraft(t.Sequencer.Random, c, d.Bytes(), nil)
	if err != nil {
		return receipt.Digest{}, err
	}
	digest := draft.Content.Digest()
	for _, s := range by {
		draft.Approvals = append(draft.Approvals, receipt.Sign(s.Key, s.Person, receipt.Approve, digest))
	}
	_, err = t.Sequencer.Submit(ctx, draft)
	return digest, err
}

// Founders returns the digest of the first record's content.
func (t *Centre) Founders(ctx context.Context) (d receipt.Digest, err error) {
	err = t.view(ctx, func(tx *Tx) error {
		leaf, ok, err := tx.Leaf(ctx, 0)
		if err != nil || !ok {
			return errors.Join(err, problem.New(problem.NotFound, "the register is not founded"))
		}
		r, err := receipt.ParseRecord(leaf.Text)
		if err == nil {
			d = r.Content.Digest()
		}
		return err
	})
	return d, err
}
