package detect

import "slices"

// Differing is how a rule's verdict on a single device may differ, by design, from that of the DIRBS
// condition it continues, though both are given the same files.
type Differing struct {
	How []string // nothing if it can not
	// Numbers says that it can only for a device that was seen with a number that is none: nothing else
	// differs.
	Numbers bool
}

// differsByDesign says of dimensions how they differ from the module they continue. What concerns
// values that identify no device, malformed identifiers and missing lists is not here: that is told
// of the device or of the rule. docs/divergences.md has all of it.
var differsByDesign = map[string]string{
	"monitored":           "the days on the list are counted to the day of judgement, not to the clock's",
	"radio_mismatch":      "5G counts too, and a model whose bands say nothing is passed over",
	"subscribers":         differsValid,
	"average_subscribers": differsValid,
	"transient":           "numbers are compared in order, and malformed identifiers stop nothing (their defect 4)",
	"not_registered":      "a code that is in no directory is not exempt (their defect 7)",
	"not_associated":      "a code that is in no directory is not exempt (their defect 7)",
}

// DiffersFromDIRBS says how the condition's verdict on a device may differ.
func (c *Condition) DiffersFromDIRBS() (d Differing) {
	d.Numbers = true
	for i := range c.dimensions {
		t := &c.dimensions[i]
		if _, ok := t.dimension.(interface{ exempts(*bench) bool }); ok && len(t.params()) == 0 {
			continue // without exempt types there is nothing to differ
		}
		how := differsByDesign[t.kind()]
		switch {
		case how != differsValid:
		case slices.Contains(t.params(), param{"identity", "person"}):
			how = "it is the mean over days of persons a day, as documented (their defect 5)"
		case !slices.ContainsFunc(t.params(), func(p param) bool { return p.key == "identity" && p.value != identityNames[0] }):
			how = "users are counted, not cards"
		}
		if how != "" {
			d.How = append(d.How, how)
			d.Numbers = d.Numbers && how == differsValid
		}
	}
	return d
}
