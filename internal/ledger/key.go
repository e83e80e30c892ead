package ledger

import (
	"crypto/sha256"
	"fmt"

	"github.com/openceir/openceir/receipt"
)

// KeyOf returns the key of an act that its parts name: asking twice for the same gives the same
// key, and so one act. SHA-256 over "openceir key 1\n" and the parts, each quoted, a line each.
func KeyOf(parts ...string) receipt.Digest {
	h := sha256.New()
	h.Write([]byte("openceir key 1\n"))
	for _, p := range parts {
		fmt.Fprintf(h, "%q\n", p)
	}
	return receipt.Digest(h.Sum(nil))
}
