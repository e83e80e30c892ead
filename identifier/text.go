package identifier

import (
	"fmt"
	"strings"
	"unicode"
)

const (
	textWidth   = 92 // columns of a terminal that most people have
	textIndent  = 24 // where the sentences of a judgement begin
	showFully   = 20 // a second reading is shown in full only if its likelihood is within this of the first
	maxFullText = 2
)

// Text renders the explanation for a terminal: the most likely reading with all its layers, and a
// line for each other one.
func (e Explanation) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", quoted(e.Raw))
	if e.Problem != "" {
		b.WriteString("\n")
		wrap(&b, "  ", e.Problem)
	}
	full := 0
	for i := range e.Candidates {
		c := &e.Candidates[i]
		if i < maxFullText && c.Likelihood+showFully >= e.Candidates[0].Likelihood {
			b.WriteString("\n")
			c.text(&b, i > 0)
			full++
		}
	}
	if rest := e.Candidates[full:]; len(rest) > 0 {
		b.WriteString("\nLess likely, but of a possible form:\n")
		for i := range rest {
			c := &rest[i]
			fmt.Fprintf(&b, "  %-22s%s %s\n", c.Canonical, c.Name, c.summary())
		}
	}
	return b.String()
}

// quoted shows a text as it was given, hostile characters escaped and pages cut.
func quoted(s string) string {
	const most = 80
	if len(s) > most {
		return fmt.Sprintf("%+q... (%d bytes)", s[:most], len(s))
	}
	for i, r := range s {
		if !unicode.IsPrint(r) || acceptable(s, i, r) != nil {
			return fmt.Sprintf("%+q", s)
		}
	}
	return s
}

func (c *Candidate) text(b *strings.Builder, second bool) {
	head := fmt.Sprintf("%s %s", c.Name, c.Canonical)
	if second {
		head = "or: " + head
	}
	b.WriteString(head + "\n")
	if c.Hypothesis != "" {
		wrap(b, "  ", "if "+c.Hypothesis)
	}
	for _, f := range c.Facts {
		fmt.Fprintf(b, "  %-22s%s\n", f.Name, f.Value)
	}
	b.WriteString("\n")
	last := Layer("")
	for _, j := range c.Judgements {
		name := j.Layer
		if name == last {
			name = ""
		}
		last = j.Layer
		wrap(b, fmt.Sprintf("  %-14s%-8s", name, j.Verdict.short()), sentence(j.Text))
		if j.Next != "" {
			wrap(b, strings.Repeat(" ", textIndent)+"-> ", sentence(j.Next))
		}
	}
}

func (v Verdict) short() string {
	switch v {
	case NotApplicable:
		return "-"
	case Fail:
		return "FAIL"
	}
	return string(v)
}

// summary names the layers in which the reading does not pass.
func (c *Candidate) summary() string {
	var bad []string
	for _, l := range Layers {
		if v := c.Verdict(l); v == Warn || v == Fail {
			bad = append(bad, fmt.Sprintf("%s: %s", l, v))
		}
	}
	if bad == nil {
		return ""
	}
	return "(" + strings.Join(bad, ", ") + ")"
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string {
	if s == "" {
		return s
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if strings.HasSuffix(s, "?") || strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}

// wrap writes the text behind the prefix, and its further lines below its first.
func wrap(b *strings.Builder, prefix, text string) {
	line := prefix
	indent := strings.Repeat(" ", len(prefix))
	empty := true
	for _, word := range strings.Fields(text) {
		if !empty && len(line)+1+len(word) > textWidth {
			b.WriteString(line + "\n")
			line, empty = indent, true
		}
		if !empty {
			line += " "
		}
		line += word
		empty = false
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
}
