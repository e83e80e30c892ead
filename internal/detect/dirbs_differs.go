package detect

// differsByDesign says of dimensions how their verdict on a single device may differ from that of the
// DIRBS module they continue, though both are given the same files. What concerns values that
// identify no device, malformed identifiers and missing lists is not here: that is told of the device
// or of the rule. docs/divergences.md has all of it.
var differsByDesign = map[string]string{
	"monitored":           "the days on the list are counted to the day of judgement, not to the clock's",
	"radio_mismatch":      "5G counts too, and a model whose bands say nothing is passed over",
	"subscribers":         differsValid,
	"average_subscribers": differsValid + ", and persons are averaged over days as documented (their defect 5)",
	"transient":           "numbers are compared in order, and malformed identifiers stop nothing (their defect 4)",
	"not_registered":      "a code that is in no directory is not exempt (their defect 7)",
	"not_associated":      "a code that is in no directory is not exempt (their defect 7)",
}

// DiffersFromDIRBS says how the condition's verdict on a device may differ from that of the DIRBS
// condition it continues, by design; nothing if it can not.
func (c *Condition) DiffersFromDIRBS() (how []string) {
	for i := range c.dimensions {
		t := &c.dimensions[i]
		if _, ok := t.dimension.(interface{ exempts(*bench) bool }); ok && len(t.params()) == 0 {
			continue // without exempt types there is nothing to differ
		}
		if s := differsByDesign[t.kind()]; s != "" {
			how = append(how, s)
		}
	}
	return how
}
