package list

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/openceir/openceir/receipt"
)

// Manifest vouches for one list file: what it is, which tree its evidence is proved against, what
// the table is after it, and the digest of every chunk. It is a note signed by the log's key with
// the text
//
//	openceir list 1
//	stream north                  the operator it is for, or "national"
//	kind delta                    or snapshot
//	from 4100                     of a delta: the ledger size of the table it changes; 0 for a snapshot
//	before DIGEST                 digest of that table (of the empty table for a snapshot)
//	size 4211                     ledger size that the table is the fold of
//	root BASE64                   root of the ledger's tree of that size
//	after DIGEST                  digest of the table after it
//	length 123456                 bytes of the file
//	DIGEST                        of each chunk of 1 MiB, a line each
type Manifest struct {
	Stream string
	Kind   string
	From   uint64
	Before receipt.Digest
	Head   receipt.Head
	After  receipt.Digest
	Length uint64
	Chunks []receipt.Digest
}

// The kinds of list files, and the stream of lines that are for everybody.
const (
	KindSnapshot = "snapshot"
	KindDelta    = "delta"
	National     = "national"
)

// Seal completes the manifest with the length and the chunks of the file and signs it.
func (m *Manifest) Seal(file []byte, signer note.Signer) ([]byte, error) {
	m.Length, m.Chunks = uint64(len(file)), chunkDigests(file)
	return m.sign(signer)
}

func (m *Manifest) sign(signer note.Signer) ([]byte, error) {
	if len(m.Chunks) > maxChunks {
		return nil, fmt.Errorf("signing the manifest of %s %s: nobody reads a file of %d bytes, the most is %d", m.Stream, m.Kind, m.Length, uint64(maxChunks*ChunkSize))
	}
	msg, err := note.Sign(&note.Note{Text: m.text()}, signer)
	if err != nil {
		return nil, fmt.Errorf("signing the manifest of %s %s: %w", m.Stream, m.Kind, err)
	}
	return msg, nil
}

func (m *Manifest) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "openceir list 1\nstream %s\nkind %s\nfrom %d\nbefore %s\nsize %d\nroot %s\nafter %s\nlength %d\n",
		m.Stream, m.Kind, m.From, m.Before, m.Head.Size, base64.StdEncoding.EncodeToString(m.Head.Root[:]), m.After, m.Length)
	for _, d := range m.Chunks {
		b.WriteString(d.String() + "\n")
	}
	return b.String()
}

// OpenManifest verifies the log's signature and reads the manifest.
func OpenManifest(msg []byte, v note.Verifier) (*Manifest, error) {
	if len(msg) > maxManifest {
		return nil, fmt.Errorf("opening manifest: longer than %d bytes", maxManifest)
	}
	n, err := note.Open(msg, note.VerifierList(v))
	if err != nil {
		return nil, fmt.Errorf("opening manifest: the log %s has not signed it: %w", v.Name(), err)
	}
	m, err := parseManifest(n.Text)
	if err != nil {
		return nil, fmt.Errorf("opening manifest: %w", err)
	}
	return m, nil
}

func parseManifest(text string) (*Manifest, error) {
	const fixed = 9
	lines := strings.SplitAfterN(text, "\n", fixed+1)
	if len(lines) != fixed+1 || lines[0] != "openceir list 1\n" {
		return nil, fmt.Errorf("it is not a manifest of this version")
	}
	v, err := values([]byte(strings.Join(lines[1:fixed], "")), "stream", "kind", "from", "before", "size", "root", "after", "length")
	if err != nil {
		return nil, err
	}
	m := &Manifest{Stream: v[0], Kind: v[1]}
	errs := make([]error, 6)
	m.From, errs[0] = number(v[2])
	m.Before, errs[1] = receipt.ParseDigest(v[3])
	m.Head.Size, errs[2] = number(v[4])
	m.Head.Root, errs[3] = decode32(v[5])
	m.After, errs[4] = receipt.ParseDigest(v[6])
	m.Length, errs[5] = number(v[7])
	for line := range strings.Lines(lines[fixed]) {
		d, err := receipt.ParseDigest(strings.TrimSuffix(line, "\n"))
		m.Chunks, errs = append(m.Chunks, d), append(errs, err)
	}
	switch err := errors.Join(errs...); {
	case err != nil:
		return nil, err
	case m.Kind != KindSnapshot && m.Kind != KindDelta:
		return nil, fmt.Errorf("it is of the kind %q, which is none", m.Kind)
	case len(m.Chunks) > maxChunks || m.Length > maxChunks*ChunkSize || uint64(len(m.Chunks)) != (m.Length+ChunkSize-1)/ChunkSize:
		return nil, fmt.Errorf("a file of %d bytes does not have %d chunks of %d", m.Length, len(m.Chunks), ChunkSize)
	case m.text() != text:
		return nil, fmt.Errorf("it does not print back to the same bytes")
	}
	return m, nil
}

// Check verifies the file chunk by chunk.
func (m *Manifest) Check(file []byte) error {
	if uint64(len(file)) != m.Length {
		return fmt.Errorf("the file has %d bytes, its manifest says %d: fetch it again", len(file), m.Length)
	}
	for i, d := range chunkDigests(file) {
		if i >= len(m.Chunks) || d != m.Chunks[i] {
			return fmt.Errorf("chunk %d (bytes %d to %d) is not what the log signed: fetch it again", i, i*ChunkSize, min((i+1)*ChunkSize, len(file)))
		}
	}
	return nil
}

func chunkDigests(file []byte) (out []receipt.Digest) {
	for len(file) > 0 {
		n := min(ChunkSize, len(file))
		out = append(out, sha256.Sum256(file[:n]))
		file = file[n:]
	}
	return out
}
