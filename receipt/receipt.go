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
//	imei 35904222514492
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

// VerifyUnder checks the receipt against a head that the caller has from elsewhere, such as a
// newspaper: no key of the log is needed then.
func (r *Receipt) VerifyUnder(h Head) error {
	own, err := PeekHead(r.Head)
	switch {
	case err != nil:
		return err
	case own.Size != h.Size:
		return fmt.Errorf("the receipt is for the head of size %d, the one given has %d: take the published head of that size", own.Size, h.Size)
	case own.Root != h.Root:
		return fmt.Errorf("the receipt's head is not the published one of size %d: the log shows different people different histories", h.Size)
	}
	if err := r.Bundle.Verify(h); err != nil {
		return err
	}
	return r.Bundle.Signatures()
}

// Signatures verifies the approvals of every entry under the directory in force at its index, and
// that each act has somebody behind it: a directory or a denominator persons of two organisations,
// any other act of the kinds that verifiers know a person, or a rule's measure the policy that it
// rests on. Whether those suffice for the act's effect is for list.Guard.
//
// The directories must be among the entries, from the one that founds the log on: a directory
// that comes from nowhere could name anyone. That none was left out the bundle can not show.
func (b *Bundle) Signatures() error {
	var d *Directory
	policies := map[uint64]*Entry{}
	for i := range b.Entries {
		e := &b.Entries[i]
		next, err := e.directory()
		if err != nil {
			return err
		}
		if d == nil && next != nil && e.Record.Index == 0 {
			d = next // the founders vouch for themselves
		}
		if d == nil {
			return fmt.Errorf("record %d comes before the directory that founds the log, record 0: ask for a receipt that holds it", e.Record.Index)
		}
		s, err := d.Support(e.Record)
		if err == nil {
			err = e.stands(s, policies)
		}
		if err != nil {
			return fmt.Errorf("record %d: %w", e.Record.Index, err)
		}
		if next != nil {
			d = next
		}
		if e.Record.Content.Kind == Policy {
			policies[e.Record.Index] = e
		}
	}
	return nil
}

// stands checks that the entry has somebody behind it.
func (e *Entry) stands(s Support, policies map[uint64]*Entry) error {
	c := &e.Record.Content
	switch {
	case c.Kind == Founding || c.Kind == Denominator:
		if len(s.Organisations) < 2 {
			return fmt.Errorf("a %s needs signatures from two organisations", c.Kind)
		}
	case c.Kind == Measure && c.Authority != 0:
		p := policies[c.Authority]
		if c.By.Sort != Rule || p == nil || p.Effect == nil || !bytes.HasPrefix(p.Effect.Body, []byte("rule "+c.By.Name+"\n")) {
			return fmt.Errorf("it rests on record %d, which is not shown to be the policy of its author, %s", c.Authority, c.By)
		}
	case c.Kind == Measure || c.Kind == Policy:
		if len(s.Persons) == 0 {
			return fmt.Errorf("nobody signed it and it rests on nothing")
		}
	}
	return nil
}

// directory returns the directory that the entry brings, nil if it is of another kind.
func (e *Entry) directory() (*Directory, error) {
	if e.Record.Content.Kind != Founding {
		return nil, nil
	}
	if e.Effect == nil {
		return nil, fmt.Errorf("the directory of record %d is not shown", e.Record.Index)
	}
	return ParseDirectory(e.Effect.Body)
}
