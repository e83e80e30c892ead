package receipt

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Record is one leaf of the ledger: a content with what the sequencer adds.
type Record struct {
	Index     uint64
	Time      time.Time  // UTC, microseconds; never before the previous record's
	Refuses   uint64     // active pairs newly refused, as the writer's guard counted
	Releases  uint64     // active pairs newly released
	Proposal  uint64     // index of the proposal; 0 for none
	Approvals []Approval // sorted by person
	Content   Content
}

// Bytes returns the record's text, the bytes that are hashed into the tree.
func (e *Record) Bytes() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "openceir record 1\nindex %d\ntime %s\nrefuses %d\nreleases %d\n",
		e.Index, FormatTime(e.Time), e.Refuses, e.Releases)
	if e.Proposal != 0 {
		fmt.Fprintf(&b, "proposal %d\n", e.Proposal)
	}
	for _, a := range e.Approvals {
		fmt.Fprintf(&b, "approval %s\n", a)
	}
	b.WriteByte('\n')
	b.Write(e.Content.Bytes())
	return b.Bytes()
}

// LeafHash returns the record's leaf hash (RFC 6962 §2.1).
func (e *Record) LeafHash() tlog.Hash { return tlog.RecordHash(e.Bytes()) }

// ParseRecord reads a record's text.
func ParseRecord(text []byte) (*Record, error) {
	if len(text) > maxRecord {
		return nil, fmt.Errorf("reading record: longer than %d bytes", maxRecord)
	}
	r := &reader{rest: text}
	e := new(Record)
	r.literal("openceir record 1")
	e.Index = r.number(r.value("index"))
	if t := r.value("time"); r.err == nil {
		e.Time, r.err = ParseTime(t)
	}
	e.Refuses = r.number(r.value("refuses"))
	e.Releases = r.number(r.value("releases"))
	if p := r.optional("proposal"); p != "" {
		e.Proposal = r.number(p)
	}
	for r.err == nil {
		line := r.optional("approval")
		if line == "" {
			break
		}
		a, err := ParseApproval(line)
		if err != nil {
			r.err = err
		}
		e.Approvals = append(e.Approvals, a)
	}
	r.literal("")
	e.Content = *r.content()
	if r.err == nil && (len(r.rest) > 0 || !bytes.Equal(e.Bytes(), text)) {
		r.fail("the text does not print back to the same bytes")
	}
	if r.err == nil && !slices.IsSortedFunc(e.Approvals, func(a, b Approval) int { return strings.Compare(a.Person, b.Person) }) {
		r.fail("the approvals are not sorted by person")
	}
	if r.err != nil {
		return nil, fmt.Errorf("reading record: %w", r.err)
	}
	return e, nil
}
