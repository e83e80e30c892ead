package detect

import (
	"fmt"
	"strings"
	"testing"
)

// Faults of another system that this one must not have: docs/divergences.md names these tests.

// judged judges the cases of a text.
func judged(t *testing.T, text string) {
	t.Helper()
	scripts, err := parseScripts(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scripts {
		t.Run(s.name, func(t *testing.T) {
			c, err := s.run()
			if err != nil {
				t.Fatal(err)
			}
			s.check(t, "the text", c)
		})
	}
}

// carried carries conditions of the other system over, each line as scripts have rules.
func carried(t *testing.T, config string) (out string) {
	t.Helper()
	c, err := FromDIRBS([]byte(config))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(c.Text)) {
		if text, _, _ := strings.Cut(line, "#"); strings.TrimSpace(text) != "" {
			out += "  | " + strings.TrimRight(text, "\n") + "\n"
		}
	}
	return out
}

// One malformed identifier, which no number can stand for, stops neither the rule that looks for
// evenly spaced numbers nor any other; it may even match.
func TestTransientBesideMalformed(t *testing.T) {
	rules := carried(t, `conditions:
  - {label: probe, max_allowed_matching_ratio: 1.0, dimensions: [{module: transient_imei, parameters: {period: 2, num_msisdns: 1}}]}
  - {label: malformed, max_allowed_matching_ratio: 1.0, dimensions: [{module: malformed_imei}]}`)
	seen := func(what string) (out string) {
		for i, day := range []string{"2026-10-19", "2026-10-20", "2026-10-20"} {
			out += fmt.Sprintf("  %s imsi 1 msisdn %d op1 days %s\n", what, 10+3*i, day)
		}
		return out
	}
	judged(t, "case both\nload\n  asof 2026-10-20\n"+rules+seen("imei 35123456000001")+seen("malformed 3512345600000")+seen("malformed *06*")+`
expect
  opened 35123456000001 probe
  opened text:3512345600000 probe
  opened text:3512345600000 malformed
  opened text:*06* probe
  opened text:*06* malformed
`)
}

// Three persons on each of ten days are three a day, not three divided by ten.
func TestPersonsOnADay(t *testing.T) {
	text := ""
	for _, least := range []string{"2.0", "3.0", "3.1"} {
		text += "case at least " + least + "\nload\n  asof 2026-10-20\n" + carried(t, `conditions:
  - {label: persons, max_allowed_matching_ratio: 1.0, dimensions: [{module: daily_avg_uid, parameters: {threshold: `+least+`, period_days: 30, min_seen_days: 5}}]}`)
		for p := range 3 {
			text += fmt.Sprintf("  person %d imsi %d\n  imei 35123456000001 imsi %d op1 days 2026-10-11..2026-10-20\n", p, p+1, p+1)
		}
		text += "expect\n"
		if least == "3.1" {
			text += "  nothing\n"
		} else {
			text += "  opened 35123456000001 persons\n"
		}
	}
	judged(t, text)
}

// An exempt type of device exempts devices of that type. A code that is in no directory has no type,
// and its devices are as unregistered as they were without the exemption.
func TestUnknownCodeIsNotExempt(t *testing.T) {
	const conditions = `
conditions:
  - {label: registration, max_allowed_matching_ratio: 1.0, dimensions: [{module: not_on_registration_list}]}
  - {label: association, max_allowed_matching_ratio: 1.0, dimensions: [{module: not_on_association_list}]}`
	const devices = `
  model 35000001 Acme Tracker Module GSM
  model 35000002 Acme One Smartphone GSM
  imei 35000001000001 imsi 1 op1 days 2026-10-20
  imei 35000002000002 imsi 2 op1 days 2026-10-20
  imei 99999999999998 imsi 3 op1 days 2026-10-20
  malformed ABC imsi 4 op1 days 2026-10-20
expect
  opened 35000002000002 registration
  opened 35000002000002 association
  opened 99999999999998 registration
  opened 99999999999998 association
  opened text:ABC registration
  opened text:ABC association
`
	judged(t, "case exempt\nload\n  asof 2026-10-20\n"+carried(t, "region: {exempted_device_types: [Module]}"+conditions)+devices+
		"case none is exempt\nload\n  asof 2026-10-20\n"+carried(t, conditions[1:])+devices+
		"  opened 35000001000001 registration\n  opened 35000001000001 association\n")
}
