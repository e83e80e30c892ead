package receipt

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Head is the size and the root of the ledger's tree. Signed, it is a checkpoint in the form that
// public witnesses of logs understand (C2SP tlog-checkpoint): a note whose text is the log's name,
// the size and the root, each on a line.
type Head struct {
	Size uint64
	Root tlog.Hash
}

// Sign returns the signed note of a head. The log's name is the signer's.
func (h Head) Sign(signer note.Signer) ([]byte, error) {
	msg, err := note.Sign(&note.Note{Text: h.text(signer.Name())}, signer)
	if err != nil {
		return nil, fmt.Errorf("signing head %d: %w", h.Size, err)
	}
	return msg, nil
}

func (h Head) text(name string) string {
	return fmt.Sprintf("%s\n%d\n%s\n", name, h.Size, base64.StdEncoding.EncodeToString(h.Root[:]))
}

// OpenHead verifies a signed head.
func OpenHead(msg []byte, v note.Verifier) (Head, error) {
	n, err := note.Open(msg, note.VerifierList(v))
	if err != nil {
		return Head{}, fmt.Errorf("opening head: %w", err)
	}
	h, err := parseHead(n.Text)
	if err == nil && h.text(v.Name()) != n.Text {
		err = fmt.Errorf("opening head: it is not of the log %s", v.Name())
	}
	return h, err
}

// PeekHead reads a head without verifying it.
func PeekHead(msg []byte) (Head, error) {
	text, _, _ := strings.Cut(string(msg), "\n\n")
	return parseHead(text + "\n")
}

func parseHead(text string) (h Head, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) == 4 && lines[3] == "" {
		h.Size, err = strconv.ParseUint(lines[1], 10, 63)
		root, rootErr := decode64(lines[2], len(h.Root))
		copy(h.Root[:], root)
		if err == nil && rootErr == nil && h.text(lines[0]) == text {
			return h, nil
		}
	}
	return Head{}, fmt.Errorf("reading head: it has three lines, the log's name, the size and the root in base64")
}
