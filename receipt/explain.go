package receipt

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Text tells people what the receipt proves: each act that speaks of the device, who decided it,
// on what ground and for what reason. Verify the receipt before believing it.
func (r *Receipt) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Device %s\n\n", r.IMEI.WithCheck())
	policies := map[uint64]*Record{}
	for i := range r.Bundle.Entries {
		e := &r.Bundle.Entries[i]
		switch e.Record.Content.Kind {
		case Policy:
			policies[e.Record.Index] = e.Record
		case Measure:
			e.explain(&b, policies[e.Record.Content.Authority])
		}
	}
	return b.String()
}

func (e *Entry) explain(b *strings.Builder, policy *Record) {
	r := e.Record
	fmt.Fprintf(b, "Act %d of %s, by %s\n", r.Index, r.Time.Format("2 January 2006 15:04 MST"), r.Content.By)
	if e.Effect != nil {
		for line := range strings.Lines(string(e.Effect.Body)) {
			fmt.Fprintf(b, "  what:   %s", line)
		}
		if s := e.Effect.Shown; s != nil {
			fmt.Fprintf(b, "          and %d lines that are not about this device\n", s.Lines-uint64(len(s.At)))
		}
	} else {
		b.WriteString("  what:   sealed: it names a subscriber\n")
	}
	if e.Personal != nil {
		fmt.Fprintf(b, "  why:    %s\n", wrap(strings.TrimSpace(string(e.Personal.Body)), "\n          "))
	}
	for _, a := range r.Approvals {
		fmt.Fprintf(b, "  signed: %s (%s)\n", a.Person, a.Verdict)
	}
	if policy != nil {
		fmt.Fprintf(b, "  under:  policy in act %d of %s\n", policy.Index, policy.Time.Format("2 January 2006"))
		for _, a := range policy.Approvals {
			fmt.Fprintf(b, "          signed: %s (%s)\n", a.Person, a.Verdict)
		}
	}
	b.WriteByte('\n')
}

// wide is how many characters of a reason stand on a line: with what stands before it, 100.
const wide = 90

// wrap ends lines between words where they grow too wide, and begins each but the first with what is
// given, which has the line feed.
func wrap(text, begin string) string {
	var b strings.Builder
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			b.WriteString(begin)
		}
		n := 0
		for j, word := range strings.Split(line, " ") {
			switch size := utf8.RuneCountInString(word); {
			case j == 0:
				n = size
			case n+1+size > wide:
				b.WriteString(begin)
				n = size
			default:
				b.WriteByte(' ')
				n += 1 + size
			}
			b.WriteString(word)
		}
	}
	return b.String()
}
