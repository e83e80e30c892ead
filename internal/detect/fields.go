package detect

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/openceir/openceir/internal/problem"
)

// field is one key that a mapping may have.
type field struct {
	name     string
	required bool
	read     func(*yaml.Node) error
}

// refuse returns an error at a place of the file.
func refuse(n *yaml.Node, format string, args ...any) error {
	return problem.New(problem.Invalid, "line %d: "+format, append([]any{n.Line}, args...)...)
}

// mapping reads a mapping strictly: only the given keys, each at most once, the required ones all.
func mapping(n *yaml.Node, what string, fields []field) error {
	if n.Kind != yaml.MappingNode {
		return refuse(n, "%s must be a mapping of keys and values, not %s", what, shape(n))
	}
	var seen [32]int // line of each field
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := -1
		for j := range fields {
			if key.Kind == yaml.ScalarNode && fields[j].name == key.Value {
				at = j
			}
		}
		switch {
		case len(fields) == 0:
			return refuse(key, "%s has no parameters; remove %q", what, clip(key.Value))
		case at < 0:
			return refuse(key, "%s has no key %q; did you mean %q?", what, clip(key.Value), nearest(key.Value, fields))
		case seen[at] != 0:
			return refuse(key, "%s has the key %q twice, first on line %d; keep one", what, key.Value, seen[at])
		}
		seen[at] = key.Line
		if err := fields[at].read(value); err != nil {
			return err
		}
	}
	for j, f := range fields {
		if f.required && seen[j] == 0 {
			return refuse(n, "%s lacks the key %q; add it", what, f.name)
		}
	}
	return nil
}

// shape names what a node is, for people.
func shape(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias (write it out: aliases are not read)"
	case yaml.ScalarNode:
		return strconv.Quote(clip(n.Value))
	}
	return "nothing"
}

func clip(s string) string {
	if len(s) > maxName {
		return s[:maxName] + "…"
	}
	return s
}

// integer reads a whole number within bounds, written in plain digits.
func integer(key string, low, high int, into *int) field {
	return field{name: key, read: func(n *yaml.Node) error {
		v, err := strconv.Atoi(n.Value)
		if n.Kind != yaml.ScalarNode || n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 || err != nil || strconv.Itoa(v) != n.Value {
			return refuse(n, "%s must be a whole number, not %s", key, shape(n))
		}
		if v < low || v > high {
			return refuse(n, "%s is %d; it must be from %d to %d", key, v, low, high)
		}
		*into = v
		return nil
	}}
}

// number reads a decimal number with at most the given number of decimals, as an integer of its
// smallest unit: thresholds are compared exactly.
func number(key string, places, low, high int, into *int) field {
	return field{name: key, read: func(n *yaml.Node) error {
		v, ok := parseDecimal(n.Value, places)
		if n.Kind != yaml.ScalarNode || n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 || !ok {
			return refuse(n, "%s must be a number with at most %d decimals, not %s", key, places, shape(n))
		}
		if v < low || v > high {
			return refuse(n, "%s is %s; it must be from %s to %s", key, n.Value, decimal(low, places), decimal(high, places))
		}
		*into = v
		return nil
	}}
}

func parseDecimal(s string, places int) (int, bool) {
	whole, part, point := strings.Cut(s, ".")
	if whole == "" || len(whole) > 9 || len(part) > places || point && part == "" {
		return 0, false
	}
	for _, c := range whole + part {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	v, err := strconv.Atoi(whole + part + strings.Repeat("0", places-len(part)))
	return v, err == nil
}

// boolean reads true or false.
func boolean(key string, into *bool) field {
	return field{name: key, read: func(n *yaml.Node) error {
		if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" || n.Value != "true" && n.Value != "false" {
			return refuse(n, "%s must be true or false, not %s", key, shape(n))
		}
		*into = n.Value == "true"
		return nil
	}}
}

// text reads a string that the check accepts.
func text(key string, check func(string) string, into *string) field {
	return field{name: key, required: true, read: func(n *yaml.Node) error {
		if n.Kind != yaml.ScalarNode || n.Tag != "!!str" {
			return refuse(n, "%s must be text, not %s", key, shape(n))
		}
		if why := check(n.Value); why != "" {
			return refuse(n, "%s %q: %s", key, clip(n.Value), why)
		}
		*into = n.Value
		return nil
	}}
}

// nearest returns the field whose name takes the fewest edits to reach.
func nearest(key string, fields []field) string {
	best, least := "", 1<<30
	for _, f := range fields {
		if d := edits(clip(key), f.name); d < least {
			best, least = f.name, d
		}
	}
	return best
}

// edits returns the Levenshtein distance of two short texts.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
