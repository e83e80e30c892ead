package receipt

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Opening is what a commitment commits to: a body, line by line, each under a salt of its own, so
// that one device's lines can be shown without those of the others that the same act speaks of.
//
// Line i (from 0, with its \n) is the leaf SHA-256(0, salt i, line), where salt i is the first 16
// bytes of SHA-256(salt, i in 8 bytes, big endian). The leaves make a tree as in RFC 6962 §2.1, and
// the commitment is SHA-256(number of lines in 8 bytes, root). An empty body has one empty line.
type Opening struct {
	Salt  [32]byte // of the whole body; zero in an excerpt
	Body  []byte   // the whole body, or the lines shown
	Shown *Shown   // nil: the whole body
}

// Shown says which lines of a body an excerpt has, and proves them.
type Shown struct {
	Lines uint64      // of the whole body
	At    []uint64    // places of those shown, from 0, ascending
	Salts [][16]byte  // theirs
	Proof []tlog.Hash // as Prove gives it for these leaves
}

// NewOpening salts a body. The randomness is the caller's.
func NewOpening(random io.Reader, body []byte) (*Opening, error) {
	o := &Opening{Body: body}
	if _, err := io.ReadFull(random, o.Salt[:]); err != nil {
		return nil, fmt.Errorf("drawing a salt: %w", err)
	}
	return o, nil
}

// Commitment returns the commitment to a whole body.
func (o *Opening) Commitment() Digest {
	leaves := o.leaves()
	return commitment(uint64(len(leaves)), treeHash(leaves))
}

// Open checks that the opening, whole or an excerpt, is of what was committed to.
func (o *Opening) Open(c Digest) error {
	if o.Shown == nil {
		if o.Commitment() != c {
			return fmt.Errorf("the body is not the one committed to (%s)", c)
		}
		return nil
	}
	s := o.Shown
	lines := linesOf(o.Body)
	if len(s.At) == 0 || len(s.At) != len(s.Salts) || len(s.At) != len(lines) {
		return fmt.Errorf("an excerpt of %d lines has %d places and %d salts", len(lines), len(s.At), len(s.Salts))
	}
	leaves := make([]tlog.Hash, len(lines))
	for i, line := range lines {
		leaves[i] = leafHash(s.Salts[i], line)
	}
	root, err := Root(s.Lines, s.At, leaves, s.Proof)
	if err != nil {
		return fmt.Errorf("an excerpt of %d lines: %w", s.Lines, err)
	}
	if commitment(s.Lines, root) != c {
		return fmt.Errorf("the lines are not of the body committed to (%s)", c)
	}
	return nil
}

// Excerpt returns an opening that shows only the lines for which keep says so, given the line's
// place and text: nil if there are none, the opening itself if it is all. The opening must be whole.
func (o *Opening) Excerpt(keep func(at int, line []byte) bool) *Opening {
	out := &Opening{Shown: new(Shown)}
	lines := linesOf(o.Body)
	s := out.Shown
	s.Lines = uint64(len(lines))
	for i, line := range lines {
		if keep(i, line) {
			s.At = append(s.At, uint64(i))
			s.Salts = append(s.Salts, o.salt(uint64(i)))
			out.Body = append(out.Body, line...)
		}
	}
	switch len(s.At) {
	case 0:
		return nil
	case len(lines):
		return o
	}
	leaves := o.leaves()
	empty(0, s.Lines, s.At, func(lo, hi uint64) { s.Proof = append(s.Proof, treeHash(leaves[lo:hi])) })
	return out
}

// salt returns the salt of a line.
func (o *Opening) salt(i uint64) (out [16]byte) {
	var b [40]byte
	copy(b[:], o.Salt[:])
	binary.BigEndian.PutUint64(b[32:], i)
	sum := sha256.Sum256(b[:])
	copy(out[:], sum[:])
	return out
}

func (o *Opening) leaves() []tlog.Hash {
	lines := linesOf(o.Body)
	out := make([]tlog.Hash, len(lines))
	for i, line := range lines {
		out[i] = leafHash(o.salt(uint64(i)), line)
	}
	return out
}

func leafHash(salt [16]byte, line []byte) tlog.Hash {
	b := make([]byte, 0, 128)
	return tlog.RecordHash(append(append(b, salt[:]...), line...))
}

// treeHash returns the root of the tree over at least one leaf.
func treeHash(leaves []tlog.Hash) tlog.Hash {
	if len(leaves) == 1 {
		return leaves[0]
	}
	mid := split(uint64(len(leaves)))
	return tlog.NodeHash(treeHash(leaves[:mid]), treeHash(leaves[mid:]))
}

func commitment(lines uint64, root tlog.Hash) Digest {
	var b [40]byte
	binary.BigEndian.PutUint64(b[:], lines)
	copy(b[8:], root[:])
	return sha256.Sum256(b[:])
}

// linesOf returns the lines of a body, each with its end; one empty line of an empty body.
func linesOf(body []byte) [][]byte {
	if len(body) == 0 {
		return [][]byte{nil}
	}
	return slices.Collect(bytes.Lines(body))
}

// write writes an opening as a bundle has it: see Bundle.
func (o *Opening) write(out *bytes.Buffer, name string) {
	if o == nil {
		return
	}
	if s := o.Shown; s == nil {
		fmt.Fprintf(out, "%s %s %d\n%s\n", name, base64.StdEncoding.EncodeToString(o.Salt[:]), len(o.Body), o.Body)
	} else {
		fmt.Fprintf(out, "%s-excerpt %d\n", name, s.Lines)
		for i, at := range s.At {
			fmt.Fprintf(out, "line %d %s\n", at, base64.StdEncoding.EncodeToString(s.Salts[i][:]))
		}
		for _, h := range s.Proof {
			fmt.Fprintf(out, "path %s\n", base64.StdEncoding.EncodeToString(h[:]))
		}
		fmt.Fprintf(out, "body %d\n%s\n", len(o.Body), o.Body)
	}
}

// opening reads what write wrote, nil if there is none of the name.
func (r *reader) opening(name string) *Opening {
	if v := r.optional(name); v != "" {
		salt, length, ok := strings.Cut(v, " ")
		if !ok {
			r.fail("the line %q has no salt or no length", name)
		}
		return &Opening{Salt: r.base64(salt), Body: r.body(length)}
	}
	v := r.optional(name + "-excerpt")
	if v == "" {
		return nil
	}
	s := &Shown{Lines: r.number(v)}
	for v := r.optional("line"); v != ""; v = r.optional("line") {
		at, salt, _ := strings.Cut(v, " ")
		b, err := decode64(salt, 16)
		if err != nil {
			r.fail("%w", err)
			break
		}
		s.At, s.Salts = append(s.At, r.number(at)), append(s.Salts, [16]byte(b))
	}
	for v := r.optional("path"); v != ""; v = r.optional("path") {
		s.Proof = append(s.Proof, tlog.Hash(r.base64(v)))
	}
	return &Opening{Body: r.body(r.value("body")), Shown: s}
}

// body reads so many bytes and the line's end that follows them.
func (r *reader) body(length string) []byte {
	n := r.number(length)
	if n > maxBody {
		r.fail("a body of %d bytes is longer than %d", n, maxBody)
	}
	b := r.bytes(n)
	r.literal("")
	return b
}
