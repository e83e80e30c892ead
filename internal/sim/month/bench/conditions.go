package main

import "fmt"

// tenth is one of the ten conditions of the published figures.
type tenth struct {
	name   string
	ground string
	blocks bool
	grace  int
	more   string // keys of the condition
	all    string
}

var conditions = []tenth{
	{"gsma-not-found", "not-allocated", true, 30, "", `[{tac_not_allocated: {delay_days: {"00": 32, "01": 40, "35": 20, "86": 19, "91": 20, "99": 69}, include_test: true}}]`},
	{"stolen-list", "stolen", true, 0, "", `[{stolen: {}}]`},
	{"duplicate-threshold", "duplicate", true, 60, "window_days: 31", `[{subscribers: {at_least: 5}}]`},
	{"duplicate-daily-avg", "duplicate", true, 60, "window_days: 31", `[{average_subscribers: {at_least: 3.1, active_days: 5}}, {stolen: {}, invert: true}]`},
	{"malformed-imei", "non-identifying", true, 0, "sticky: true", `[{malformed: {}}]`},
	{"not-on-registration-list", "not-registered", true, 30, "", `[{not_registered: {}}]`},
	{"exists-in-barred-list", "barred", true, 0, "", `[{barred: {}}]`},
	{"is-barred-tac", "barred", true, 0, "", `[{barred_tac: {}}]`},
	{"inconsistent-rat", "not-approved", false, 0, "", `[{radio_mismatch: {}}]`},
	{"used-by-local-roamer", "not-approved", false, 0, "window_days: 30", `[{used_by: {subscriber: national, networks: ["99901", "99902", "99903", "99904"]}}]`},
}

// rule returns the condition in the language of the program.
func (c *tenth) rule() string {
	effect := "none"
	if c.blocks {
		effect = "prohibited"
	}
	text := fmt.Sprintf("  - name: %s\n    description: One of the ten conditions of the published figures.\n    ground: %s\n    effect: %s\n    strength: 500\n    max_share: 0.9\n", c.name, c.ground, effect)
	if c.grace > 0 {
		text += fmt.Sprintf("    grace_days: %d\n", c.grace)
	}
	if c.more != "" {
		text += "    " + c.more + "\n"
	}
	return text + "    all: " + c.all + "\n"
}
