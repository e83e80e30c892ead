package detect

import (
	"errors"
	"strings"
	"testing"

	"github.com/openceir/openceir/internal/problem"
)

// peerConfig has all the dimensions, and what belongs elsewhere.
const peerConfig = `
postgresql: {database: x}
region:
  name: Country
  exempted_device_types: [Module, "Vehicle"]
  operators:
    - id: op1
      name: First
      mcc_mnc_pairs: [{mcc: "001", mnc: "01"}, {mcc: "001", mnc: "011"}]
    - {id: op2, name: Second, mcc_mnc_pairs: [{mcc: "001", mnc: "02"}]}
list_generation: {lookback_days: 180, generate_check_digit: false}
conditions:
  - label: Not_Found
    dimensions: [{module: gsma_not_found}]
    blocking: yes
    grace_period_days: 30
    reason: The model is unknown
  - label: slow
    dimensions: [{module: gsma_not_found, parameters: {per_rbi_delays: {"35": 7}}}]
  - label: at_once
    dimensions: [{module: gsma_not_found, parameters: {ignore_rbi_delays: True}}]
  - label: malformed
    sticky: true
    dimensions: [{module: malformed_imei}]
  - label: compound
    max_allowed_matching_ratio: 1.0
    blocking: true
    amnesty_eligible: true
    grace_period_days: 60
    dimensions:
      - {module: duplicate_daily_avg, parameters: {threshold: 3.1, period_days: 31, min_seen_days: 5}}
      - {module: stolen_list, invert: True}
  - {label: d1, dimensions: [{module: duplicate_threshold, parameters: {threshold: 5, period_months: 2, use_msisdn: true}}]}
  - {label: d2, dimensions: [{module: daily_avg_uid, parameters: {threshold: 2, period_days: 30, min_seen_days: 3}}]}
  - {label: t, dimensions: [{module: transient_imei, parameters: {period: 10, num_msisdns: 4}}]}
  - label: lists
    dimensions: [{module: exists_in_barred_list}, {module: is_barred_tac}, {module: is_test_tac}, {module: inconsistent_rat},
      {module: exists_in_monitoring_list, parameters: {monitored_days: 3}}]
  - {label: lists_, dimensions: [{module: not_on_registration_list}, {module: not_on_association_list, invert: true}]}
  - label: 1st
    dimensions:
      - {module: used_by_dirbs_subscriber, parameters: {lookback_days: 10}}
      - {module: used_by_local_non_dirbs_roamer, parameters: {lookback_days: 20}}
      - {module: used_by_international_roamer, parameters: {lookback_days: 30}}
amnesty: {amnesty_enabled: True, evaluation_period_end_date: 20261231, amnesty_period_end_date: 20270630}
`

func TestFromDIRBS(t *testing.T) {
	c, err := FromDIRBS([]byte(peerConfig))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Load(c.Text)
	if err != nil {
		t.Fatalf("%v\n%s", err, c.Text)
	}
	for _, want := range []string{
		"amnesty: {evaluation_ends: 2026-12-31, ends: 2027-06-30}",
		"name: not-found", "name: lists-2", "name: c-1st", "effect: none", "grace_days: 60", "sticky: true", "amnesty: true", "max_share: 1\n",
		`tac_not_allocated: {delay_days: {"00": 32, "01": 40, "35": 20, "86": 19, "91": 20, "99": 69}, feed_max_age_days: 30, include_test: true}`,
		`delay_days: {"35": 7}`, "delay_days: {}",
		"average_subscribers: {at_least: 3.1, active_days: 5, identity: imsi, window_days: 31}",
		"stolen: {}\n        invert: true",
		"subscribers: {at_least: 5, identity: msisdn, window_months: 2}",
		"identity: person, window_days: 30}", "transient: {numbers_a_day: 4, window_days: 10}", "monitored: {for_days: 3}",
		`not_registered: {exempt_device_types: ["Module", "Vehicle"]}`,
		`used_by: {subscriber: national, networks: ["00101", "001011", "00102"], window_days: 20}`,
		"# Differs: 5G counts too.", "ground: not-allocated", "ground: duplicate", "ground: fraud",
	} {
		if !strings.Contains(string(c.Text), want) {
			t.Errorf("no %q", want)
		}
	}
	notes := strings.Join(c.Notes, "\n")
	for _, want := range []string{"postgresql: not carried over", "operator op1 (First): IMSI prefixes 00101, 001011", "list_generation.lookback_days = 180", "region.name"} {
		if !strings.Contains(notes, want) {
			t.Errorf("no note %q in\n%s", want, notes)
		}
	}
	if len(s.All()) != 11 || s.Find("not-found").GraceDays != 30 || s.Find("slow").Effect != None || s.Find("compound").MaxShare != 1_000_000 {
		t.Error(s.Text())
	}
}

func TestFromDIRBSErrors(t *testing.T) {
	one := func(c string) string { return "conditions: [" + c + "]" }
	for config, want := range map[string]string{
		"":                "not YAML",
		"a: 1":            "no conditions",
		"conditions: []":  "1 to 64",
		one("{label: a}"): `lacks the key "dimensions"`,
		one("{label: a b, dimensions: [{module: stolen_list}]}"):                                                                           "letters",
		one("{label: a, dimensions: [{module: stolen}]}"):                                                                                  `did you mean "stolen_list"`,
		one("{label: a, colour: red, dimensions: [{module: stolen_list}]}"):                                                                `no key "colour"`,
		one("{label: a, dimensions: [{module: stolen_list, parameters: {a: 1}}]}"):                                                         "has no parameters",
		one("{label: a, dimensions: [{module: duplicate_threshold, parameters: {threshold: 2}}]}"):                                         "one of them",
		one("{label: a, dimensions: [{module: duplicate_threshold, parameters: {threshold: 2, period_days: 3, period_months: 1}}]}"):       "one of them",
		one("{label: a, dimensions: [{module: duplicate_daily_avg, parameters: {threshold: 2, period_days: 3, min_seen_days: 4}}]}"):       "4 active days in a window of 3",
		one("{label: a, dimensions: [{module: used_by_dirbs_subscriber, parameters: {lookback_days: 3}}]}"):                                "needs the operators",
		one("{label: a, amnesty_eligible: true, dimensions: [{module: stolen_list}]}"):                                                     "blocks nothing",
		one("{label: a, dimensions: [{module: stolen_list}]}") + "\namnesty: {amnesty_enabled: true}":                                      "must end after",
		one("{label: a, dimensions: [{module: stolen_list}]}") + "\nregion: {operators: [{id: a, mcc_mnc_pairs: [{mcc: 1, mnc: \"1\"}]}]}": "three digits",
		strings.Repeat("#", maxFile+1): "at most",
	} {
		_, err := FromDIRBS([]byte(config))
		if err == nil || !strings.Contains(err.Error(), want) || !errors.Is(err, problem.Invalid) {
			t.Errorf("%.120s: %v, not %q", config, err, want)
		}
	}
}

// FuzzFromDIRBS wants what is carried over to be judged, whatever the configuration is.
func FuzzFromDIRBS(f *testing.F) {
	f.Add(peerConfig)
	f.Add("conditions: [{label: A__b, reason: \"\\\" \u00e9\", dimensions: [{module: stolen_list}]}]")
	f.Fuzz(func(t *testing.T, config string) {
		c, err := FromDIRBS([]byte(config))
		if err != nil {
			if !errors.Is(err, problem.Invalid) {
				t.Fatal("not the user's fault?", err)
			}
			return
		}
		if _, err := Load(c.Text); err != nil {
			t.Fatalf("%v\n%s", err, c.Text)
		}
	})
}
