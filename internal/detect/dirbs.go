package detect

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
)

// Carried is what was carried over from the configuration of a DIRBS installation.
type Carried struct {
	Text  []byte   // our conditions, which Load reads
	Notes []string // for people: operators and prefixes, and what was not carried over, by name
}

// FromDIRBS reads the configuration of a DIRBS installation and writes its conditions as ours, with
// the same meaning but for the differences that docs/divergences.md lists. What belongs to
// classification is read strictly; other sections and settings are named and left.
func FromDIRBS(file []byte) (*Carried, error) {
	if len(file) > maxFile {
		return nil, problem.New(problem.Invalid, "the configuration has %d bytes; at most %d are read", len(file), maxFile)
	}
	var doc, second yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(file))
	if err := d.Decode(&doc); err != nil {
		return nil, problem.New(problem.Invalid, "the configuration is not YAML: %w", err)
	}
	if err := d.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, problem.New(problem.Invalid, "the configuration has a second document or ends badly; write one")
	}
	if len(doc.Content) != 1 {
		return nil, problem.New(problem.Invalid, "the configuration is empty")
	}
	p := &peer{names: map[string]bool{}}
	root, err := p.entries(doc.Content[0], "the configuration")
	if err != nil {
		return nil, err
	}
	for _, e := range root { // the conditions need what region and amnesty say, wherever they stand
		switch e.key.Value {
		case "region":
			err = p.region(e.value)
		case "amnesty":
			err = p.amnesty(e.value)
		}
		if err != nil {
			return nil, err
		}
	}
	there := false
	for _, e := range root {
		switch e.key.Value {
		case "region", "amnesty":
		case "conditions":
			there = true
			err = p.conditions(e.value)
		case "list_generation":
			err = p.leave(e.value, "list_generation", "belongs to the making of lists")
		default:
			p.note("%s: not carried over", clip(e.key.Value))
		}
		if err != nil {
			return nil, err
		}
	}
	if !there {
		return nil, problem.New(problem.Invalid, "the configuration has no conditions")
	}
	c := &Carried{Text: []byte(p.header() + p.out.String()), Notes: p.notes}
	if _, err := Load(c.Text); err != nil {
		return nil, fmt.Errorf("what was carried over cannot be judged: %w", err)
	}
	return c, nil
}

// peer is a configuration being read.
type peer struct {
	out       strings.Builder
	notes     []string
	names     map[string]bool
	networks  []string
	exempted  []string
	evaluates device.Day // the amnesty's two days, 0 if it is off
	ends      device.Day
}

func (p *peer) note(format string, args ...any) {
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

func (p *peer) header() string {
	s := "# Carried over from DIRBS. Each rule is a shadow until people sign a policy for it: its findings are\n" +
		"# kept and compared, and nothing follows from them. docs/divergences.md says what differs and why.\n"
	if p.ends != 0 {
		s += fmt.Sprintf("amnesty: {evaluation_ends: %s, ends: %s}\n", p.evaluates, p.ends)
	}
	return s + "conditions:\n"
}

type entry struct{ key, value *yaml.Node }

// entries returns the keys and values of a mapping, each key once.
func (p *peer) entries(n *yaml.Node, what string) ([]entry, error) {
	if n.Kind != yaml.MappingNode {
		return nil, refuse(n, "%s must be a mapping of keys and values, not %s", what, shape(n))
	}
	var out []entry
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || slices.ContainsFunc(out, func(e entry) bool { return e.key.Value == key.Value }) {
			return nil, refuse(key, "%s has the key %s twice, or it is no plain word", what, shape(key))
		}
		out = append(out, entry{key, n.Content[i+1]})
	}
	return out, nil
}

// leave names the settings of a section that are not carried over.
func (p *peer) leave(n *yaml.Node, section, why string) error {
	if n.Tag == "!!null" {
		return nil
	}
	all, err := p.entries(n, section)
	for _, e := range all {
		p.note("%s.%s = %s: not carried over, it %s", section, clip(e.key.Value), clip(e.value.Value), why)
	}
	return err
}

func (p *peer) region(n *yaml.Node) error {
	all, err := p.entries(n, "region")
	for _, e := range all {
		switch {
		case err != nil:
		case e.key.Value == "operators":
			err = p.operators(e.value)
		case e.key.Value == "exempted_device_types":
			err = strs("exempted_device_types", prose, &p.exempted).read(e.value)
		default:
			p.note("region.%s = %s: not carried over, it belongs to imports and reports", clip(e.key.Value), clip(e.value.Value))
		}
	}
	return err
}

func (p *peer) operators(n *yaml.Node) error {
	if n.Kind != yaml.SequenceNode || len(n.Content) > maxListed {
		return refuse(n, "operators must be a list of at most %d, not %s", maxListed, shape(n))
	}
	for _, item := range n.Content {
		all, err := p.entries(item, "an operator")
		id, name := "", ""
		var prefixes []string
		for _, e := range all {
			switch {
			case err != nil:
			case e.key.Value == "id":
				id = clip(e.value.Value)
			case e.key.Value == "name":
				name = clip(e.value.Value)
			case e.key.Value == "mcc_mnc_pairs":
				prefixes, err = p.pairs(e.value)
			default:
				p.note("operator %s: %s: not carried over", id, clip(e.key.Value))
			}
		}
		if err != nil {
			return err
		}
		p.note("operator %s (%s): IMSI prefixes %s", id, name, strings.Join(prefixes, ", "))
		for _, x := range prefixes {
			if !slices.Contains(p.networks, x) {
				p.networks = append(p.networks, x)
			}
		}
	}
	if len(p.networks) > maxListed {
		return refuse(n, "the operators have %d networks; at most %d are judged", len(p.networks), maxListed)
	}
	return nil
}

func (p *peer) pairs(n *yaml.Node) (out []string, err error) {
	if n.Kind != yaml.SequenceNode || len(n.Content) > maxListed {
		return nil, refuse(n, "mcc_mnc_pairs must be a list of at most %d, not %s", maxListed, shape(n))
	}
	for _, item := range n.Content {
		all, err := p.entries(item, "mcc_mnc_pairs")
		if err != nil {
			return nil, err
		}
		part := map[string]string{}
		for _, e := range all {
			part[e.key.Value] = e.value.Value
		}
		mcc, mnc := part["mcc"], part["mnc"]
		if len(all) != 2 || len(mcc) != 3 || len(mnc) < 2 || len(mnc) > 3 || strings.Trim(mcc+mnc, "0123456789") != "" {
			return nil, refuse(item, "a pair has mcc of three digits and mnc of two or three, each in quotes")
		}
		out = append(out, mcc+mnc)
	}
	return out, nil
}

func (p *peer) amnesty(n *yaml.Node) error {
	on := false
	var evaluates, ends device.Day
	err := mapping(n, "amnesty", []field{truth("amnesty_enabled", &on), day("evaluation_period_end_date", &evaluates), day("amnesty_period_end_date", &ends)})
	if err == nil && on {
		if ends <= evaluates {
			return refuse(n, "the amnesty must end after its evaluation")
		}
		p.evaluates, p.ends = evaluates, ends
	}
	return err
}

// truth reads a boolean as YAML 1.1 has them.
func truth(key string, into *bool) field {
	return field{name: key, read: func(n *yaml.Node) error {
		switch strings.ToLower(n.Value) {
		case "true", "yes", "on":
			*into = true
		case "false", "no", "off":
			*into = false
		default:
			return refuse(n, "%s must be true or false, not %s", key, shape(n))
		}
		if n.Kind != yaml.ScalarNode {
			return refuse(n, "%s must be true or false, not %s", key, shape(n))
		}
		return nil
	}}
}

func (p *peer) conditions(n *yaml.Node) error {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 || len(n.Content) > maxConditions {
		return refuse(n, "conditions must be a list of 1 to %d, not %s", maxConditions, shape(n))
	}
	for _, item := range n.Content {
		if err := p.condition(item); err != nil {
			return err
		}
	}
	return nil
}

// carry is one condition being carried over.
type carry struct {
	label, reason             string
	grace, ratio              int
	blocking, sticky, amnesty bool
	dimensions                []string // lines of our text
	ground                    string
	differs                   []string
}

func (p *peer) condition(n *yaml.Node) error {
	c := carry{grace: 30, ratio: 100_000}
	label := text("label", peerLabel, &c.label)
	reason := text("reason", func(s string) string { return prose(strings.TrimSpace(s)) }, &c.reason)
	reason.required = false
	err := mapping(n, "a condition", []field{label, reason,
		integer("grace_period_days", 0, maxGrace, &c.grace),
		truth("blocking", &c.blocking), truth("sticky", &c.sticky), truth("amnesty_eligible", &c.amnesty),
		number("max_allowed_matching_ratio", 6, 0, 1_000_000, &c.ratio),
		must(field{name: "dimensions", read: func(v *yaml.Node) error {
			if v.Kind != yaml.SequenceNode || len(v.Content) == 0 || len(v.Content) > maxDimensions {
				return refuse(v, "dimensions must be a list of 1 to %d, not %s", maxDimensions, shape(v))
			}
			for _, item := range v.Content {
				if err := p.dimension(&c, item); err != nil {
					return err
				}
			}
			return nil
		}}),
	})
	if err != nil {
		return err
	}
	if c.amnesty && !c.blocking {
		return refuse(n, "condition %s takes part in an amnesty and blocks nothing; make it one or the other", c.label)
	}
	p.write(&c)
	return nil
}

func peerLabel(s string) string {
	if s == "" || len(s) > maxName || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return fmt.Sprintf("write 1 to %d letters, digits and low lines", maxName)
	}
	return ""
}

// write prints a condition.
func (p *peer) write(c *carry) {
	name := p.name(c.label)
	fmt.Fprintf(&p.out, "\n  # DIRBS condition %s.", c.label)
	for _, d := range c.differs {
		fmt.Fprintf(&p.out, "\n  # Differs: %s.", d)
	}
	description := "Carried over from the DIRBS condition " + c.label + "."
	if reason := strings.TrimSpace(c.reason); reason != "" {
		description = reason
	}
	effect := None
	if c.blocking {
		effect = Prohibited
	}
	fmt.Fprintf(&p.out, "\n  - name: %s\n    description: %s\n    ground: %s\n    effect: %s\n    max_share: %s\n", name,
		strconv.QuoteToASCII(description), c.ground, effect, decimal(max(1, c.ratio), 6))
	if c.blocking && c.grace > 0 {
		fmt.Fprintf(&p.out, "    grace_days: %d\n", c.grace)
	}
	if c.sticky {
		p.out.WriteString("    sticky: true\n")
	}
	if c.amnesty {
		p.out.WriteString("    amnesty: true\n")
	}
	p.out.WriteString("    all:\n")
	for _, d := range c.dimensions {
		p.out.WriteString(d)
	}
	if name != c.label {
		p.note("condition %s: its name is %s", c.label, name)
	}
}

// name makes a name of a label that is not taken before.
func (p *peer) name(label string) string {
	base := NameFromDIRBS(label)
	name := base
	for n := 2; p.names[name]; n++ {
		name = base + "-" + strconv.Itoa(n)
	}
	p.names[name] = true
	return name
}

// NameFromDIRBS returns the name of the rule that a DIRBS condition becomes, unless an earlier
// condition took it: lower-case words joined by hyphens.
func NameFromDIRBS(label string) string {
	words := strings.FieldsFunc(strings.ToLower(label), func(r rune) bool { return r == '_' })
	base := strings.Join(words, "-")
	if base == "" || digit(base[0]) {
		base = "c-" + base
	}
	return strings.Trim(base[:min(len(base), maxName-4)], "-")
}

// dimension writes one dimension as ours.
func (p *peer) dimension(c *carry, n *yaml.Node) error {
	var module string
	invert := false
	var parameters *yaml.Node
	err := mapping(n, "a dimension", []field{text("module", func(string) string { return "" }, &module), truth("invert", &invert),
		{name: "parameters", read: func(v *yaml.Node) error { parameters = v; return nil }}})
	if err != nil {
		return err
	}
	at := slices.IndexFunc(peerModules, func(m peerModule) bool { return m.name == module })
	if at < 0 {
		var fields []field
		for _, m := range peerModules {
			fields = append(fields, field{name: m.name})
		}
		return refuse(n, "there is no dimension %q; did you mean %q?", clip(module), nearest(module, fields))
	}
	m := &peerModules[at]
	if parameters == nil || parameters.Tag == "!!null" {
		parameters = &yaml.Node{Kind: yaml.MappingNode, Line: n.Line}
	}
	ours, err := m.carry(p, parameters)
	if err != nil {
		return err
	}
	if ours.name == "used_by" && len(p.networks) == 0 {
		return refuse(n, "%s needs the operators of the region and their prefixes, and there are none", module)
	}
	line := "      - " + ours.name + ": {" + strings.Join(ours.params, ", ") + "}\n"
	if invert {
		line += "        invert: true\n"
	}
	c.dimensions = append(c.dimensions, line)
	if m.ground != "" && !invert && (c.ground == "" || c.ground == fallbackGround) {
		c.ground = m.ground
	}
	if c.ground == "" {
		c.ground = fallbackGround
	}
	for _, d := range m.differs {
		if !slices.Contains(c.differs, d) {
			c.differs = append(c.differs, d)
		}
	}
	return nil
}
