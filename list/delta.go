package list

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/openceir/openceir/receipt"
)

// Delta is the change from one table of a stream to a later one. Its text:
//
//	openceir delta 1
//	ops 2
//	812 set listed 35904222514492 prohibited stolen         index of the act, the op; in the acts' order
//	815 drop listed 35904222514499 prohibited stolen
//	growth 13
//	HASH                    proof that the later tree grew from the earlier (RFC 6962 §2.1.2), base64
//	openceir bundle 1       every act above, and every directory, denominator, policy and proposal
//	…                       since the earlier table
type Delta struct {
	Ops      []Op // Line.Act is the act that sets or drops it
	Growth   []tlog.Hash
	Evidence *receipt.Bundle
}

// Bytes returns the delta's text.
func (d *Delta) Bytes() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "openceir delta 1\nops %d\n", len(d.Ops))
	for i := range d.Ops {
		fmt.Fprintf(&b, "%d %s\n", d.Ops[i].Line.Act, d.Ops[i].String())
	}
	fmt.Fprintf(&b, "growth %d\n", len(d.Growth))
	for _, h := range d.Growth {
		b.WriteString(base64.StdEncoding.EncodeToString(h[:]) + "\n")
	}
	b.Write(d.Evidence.Bytes())
	return b.Bytes()
}

// ParseDelta reads a delta's text.
func ParseDelta(text []byte) (*Delta, error) {
	s := &scanner{rest: string(text)}
	d := new(Delta)
	if s.line() != "openceir delta 1" {
		s.fail("it is not a delta of this version")
	}
	for n := s.count("ops", maxOps); n > 0 && s.err == nil; n-- {
		act, op, _ := strings.Cut(s.line(), " ")
		o, err := ParseOp(op)
		if err == nil {
			o.Line.Act, err = number(act)
		}
		if err != nil {
			s.fail("%w", err)
		}
		d.Ops = append(d.Ops, o)
	}
	for n := s.count("growth", 128); n > 0 && s.err == nil; n-- {
		h, err := decode32(s.line())
		if err != nil {
			s.fail("%w", err)
		}
		d.Growth = append(d.Growth, h)
	}
	if s.err == nil {
		d.Evidence, s.err = receipt.ParseBundle([]byte(s.rest))
	}
	if s.err != nil {
		return nil, fmt.Errorf("reading delta: %w", s.err)
	}
	return d, nil
}
