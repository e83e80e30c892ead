package detect

import (
	"slices"
	"strings"
)

// Exempts reports whether the condition passes over devices of a type of the directory.
func (c *Condition) Exempts(deviceType string) bool {
	for i := range c.dimensions {
		if e, ok := c.dimensions[i].dimension.(interface{ spares(string) bool }); ok && e.spares(deviceType) {
			return true
		}
	}
	return false
}

// spares reports whether a type is exempt. Letters' case makes no difference.
func (d *exempt) spares(deviceType string) bool {
	return slices.ContainsFunc(d.types, func(t string) bool { return strings.EqualFold(t, deviceType) })
}
