package receipt

import (
	"bytes"
	"fmt"

	"golang.org/x/mod/sumdb/note"

	"github.com/openceir/openceir/imei"
)

// Receipt is the proof that the holder of a device gets: every act that speaks of the device and
// is in force, the acts that gave their authors the right (directories, policies, denominators),
// and the signed head of the tree that holds them all. Its text:
//
//	openceir receipt 1
//	imei 35227301738634
//	head 210                   so many bytes of the signed head follow at once
//	…
//	openceir bundle 1
//	…
type Receipt struct {
	IMEI   imei.IMEI
	Head   []byte // signed note
	Bundle *Bundle
}

// Bytes returns the receipt's text.
func (r *Receipt) Bytes() []byte {
	b := fmt.Appendf(nil, "openceir receipt 1\nimei %s\nhead %d\n%s", r.IMEI, len(r.Head), r.Head)
	return append(b, r.Bundle.Bytes()...)
}

// Parse reads a receipt's text. It believes nothing: call Verify.
func Parse(text []byte) (*Receipt, error) {
	r := &reader{rest: text}
	out := new(Receipt)
	r.literal("openceir receipt 1")
	if m := r.value("imei"); r.err == nil {
		out.IMEI, r.err = imei.Parse(m)
	}
	out.Head = r.bytes(r.number(r.value("head")))
	out.Bundle = r.bundle()
	if r.err == nil && (len(r.rest) > 0 || !bytes.Equal(out.Bytes(), text)) {
		r.fail("the text does not print back to the same bytes")
	}
	if r.err != nil {
		return nil, fmt.Errorf("reading receipt: %w", r.err)
	}
	return out, nil
}

// Verify checks that the receipt's records are in the log that v speaks for, under the receipt's
// own head, and that every personal signature on them is true under the directory in force then.
// Whether that head is the one the log has published for its size is for the caller to compare.
func (r *Receipt) Verify(v note.Verifier) (Head, error) {
	h, err := OpenHead(r.Head, v)
	if err != nil {
		return h, err
	}
	if err := r.Bundle.Verify(h); err != nil {
		return h, err
	}
	return h, r.Bundle.Signatures()
}

// Signatures verifies the approvals of every entry under the directory in force at its index. The
// directories must be among the entries.
func (b *Bundle) Signatures() error {
	var d *Directory
	for i := range b.Entries {
		e := &b.Entries[i]
		next, err := e.directory()
		if err != nil {
			return err
		}
		if d == nil {
			d = next
		}
		if d == nil {
			return fmt.Errorf("record %d comes before any directory of approvers", e.Record.Index)
		}
		if _, err := d.Support(e.Record); err != nil {
			return fmt.Errorf("record %d: %w", e.Record.Index, err)
		}
		if next != nil {
			d = next
		}
	}
	return nil
}

// directory returns the directory that the entry brings, nil if it is of another kind.
func (e *Entry) directory() (*Directory, error) {
	if e.Record.Content.Kind != Founding || e.Effect == nil {
		return nil, nil
	}
	return ParseDirectory(e.Effect.Body)
}
