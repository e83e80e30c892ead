package detect

import (
	"slices"
	"strings"
	"testing"
)

// A rule may differ on a device only by what its dimensions do differently, and what no device shows is
// not claimed.
func TestDiffersFromDIRBS(t *testing.T) {
	for all, want := range map[string]struct {
		how     string
		numbers bool
	}{
		"- stolen: {}":         {"", true},
		"- not_registered: {}": {"", true},
		"- not_registered: {exempt_device_types: [\"Router\"]}":                               {"defect 7", false},
		"- subscribers: {at_least: 3}":                                                        {"users are counted", false},
		"- subscribers: {at_least: 3, identity: imsi}":                                        {"country code", true},
		"- subscribers: {at_least: 3, identity: imsi}\n      - stolen: {}":                    {"country code", true},
		"- average_subscribers: {at_least: 3.000, active_days: 2, identity: person}":          {"defect 5", false},
		"- transient: {numbers_a_day: 3}\n      - subscribers: {at_least: 3, identity: imsi}": {"defect 4", false},
	} {
		s, err := Load([]byte("conditions:\n  - name: a\n    description: a\n    ground: barred\n    effect: none\n    all:\n      " + all + "\n"))
		if err != nil {
			t.Fatalf("%s: %v", all, err)
		}
		d := s.list[0].DiffersFromDIRBS()
		said := slices.ContainsFunc(d.How, func(how string) bool { return strings.Contains(how, want.how) })
		if said != (want.how != "") || d.Numbers != want.numbers {
			t.Errorf("%s: %+v, want %+v", all, d, want)
		}
	}
}
