package duckdb

import (
	"fmt"
	"strings"
)

// dimension is one question, in the language of rules and in SQL.
type dimension struct {
	name string
	all  string // the rule's dimensions
	sql  string // $from is the first day of the window, $asof its last, $networks those at home
	days int    // of the window
}

// delays are how long new codes of a reporting body take to reach the directory.
var delays = []string{`"00": 32`, `"01": 40`, `"35": 20`, `"86": 19`, `"91": 20`, `"99": 69`}

var delaySQL = "CASE left(imei, 2)" + func() (s string) {
	for _, d := range delays {
		body, days, _ := strings.Cut(strings.ReplaceAll(d, `"`, ""), ": ")
		s += fmt.Sprintf(" WHEN '%s' THEN %s", body, days)
	}
	return s
}() + " ELSE 0 END"

const (
	eight       = "lpad(tac::VARCHAR, 8, '0')"
	fourteen    = "lpad(imei::VARCHAR, 14, '0')"
	stolenSQL   = "SELECT " + fourteen + " AS imei FROM stolen WHERE status IN ('', 'blacklist')"
	exemptSQL   = "SELECT " + eight + " FROM tacs WHERE device_type IN ('Module', 'Mobile WiFi (MiFi)')"
	windowSQL   = "day BETWEEN DATE '$from' AND DATE '$asof'"
	digitsAtMCC = "left(digits(imsi), 3)"
)

// threshold counts who was seen with a device in the window.
func threshold(counted string, atLeast int) string {
	return fmt.Sprintf("SELECT imei FROM uses WHERE counted = '%s' AND %s GROUP BY imei HAVING count(DISTINCT who) >= %d", counted, windowSQL, atLeast)
}

// average is the mean, over the days on which the device was seen, of who was seen with it on the day.
// Users are counted on every day; for the rest a day on which the device was seen only without one of
// them is not a day seen, since the peer looks at rows that have a valid one and at no others.
func average(counted string, atLeast float64, days int) string {
	present := fmt.Sprintf("SELECT imei, day FROM uses WHERE counted = '%s'", counted)
	if counted == "user" {
		present = "SELECT imei, day FROM sight"
	}
	return fmt.Sprintf(`
		WITH present AS (SELECT imei, count(DISTINCT day) AS days FROM (%s) WHERE %s GROUP BY imei),
		daily AS (SELECT imei, count(*) AS n FROM uses WHERE counted = '%s' AND %s GROUP BY imei)
		SELECT imei FROM present JOIN daily USING (imei) WHERE days >= %d AND n >= %g * days`, present, windowSQL, counted, windowSQL, days, atLeast)
}

var dimensions = []dimension{
	{"stolen", "[{stolen: {}}]", stolenSQL, 0},
	{"not-stolen", "[{stolen: {}, invert: true}]", "SELECT imei FROM seen WHERE imei NOT IN (" + stolenSQL + ")", 0},
	{"not-allocated", "[{tac_not_allocated: {include_test: true}}]", "SELECT imei FROM seen WHERE left(imei, 8) NOT IN (SELECT " + eight + " FROM tacs)", 0},
	{"not-allocated-late", "[{tac_not_allocated: {include_test: true, delay_days: {" + strings.Join(delays, ", ") + "}}}]",
		"SELECT imei FROM seen WHERE left(imei, 8) NOT IN (SELECT " + eight + " FROM tacs) AND first + (" + delaySQL + ") < DATE '$asof' + 1", 0},
	{"malformed", "[{malformed: {}}]", "SELECT imei FROM seen WHERE NOT regexp_matches(imei, '^[0-9]{14}$')", 0},
	{"barred", "[{barred: {}}]", "SELECT " + fourteen + " FROM barred", 0},
	{"barred-tac", "[{barred_tac: {}}]", "SELECT imei FROM seen WHERE left(imei, 8) IN (SELECT " + eight + " FROM barred_tacs)", 0},
	{"test-tac", "[{test_tac: {}}]", "SELECT imei FROM seen WHERE regexp_matches(imei, '^(0010(0[1-9]|1[0-7])|0044|0086|0091)')", 0},
	{"monitored", "[{monitored: {}}]", "SELECT imei FROM seen WHERE imei IN (SELECT " + fourteen + " FROM monitored)", 0},
	{"monitored-long", "[{monitored: {for_days: 21}}]", "SELECT imei FROM seen WHERE imei IN (SELECT " + fourteen + " FROM monitored WHERE since + 21 <= DATE '$asof' + 1)", 0},
	{"monitored-longer", "[{monitored: {for_days: 22}}]", "SELECT imei FROM seen WHERE imei IN (SELECT " + fourteen + " FROM monitored WHERE since + 22 <= DATE '$asof' + 1)", 0},
	{"not-registered", "[{not_registered: {}}]",
		"SELECT imei FROM seen WHERE imei NOT IN (SELECT " + fourteen + " FROM registrations WHERE status IN ('', 'whitelist'))", 0},
	{"not-registered-exempt", `[{not_registered: {exempt_device_types: ["Module", "Mobile WiFi (MiFi)"]}}]`,
		"SELECT imei FROM seen WHERE imei NOT IN (SELECT " + fourteen + " FROM registrations WHERE status IN ('', 'whitelist')) AND left(imei, 8) NOT IN (" + exemptSQL + ")", 0},
	{"not-associated", "[{not_associated: {}}]", "SELECT imei FROM seen WHERE imei NOT IN (SELECT " + fourteen + " FROM associations)", 0},
	{"not-associated-exempt", `[{not_associated: {exempt_device_types: ["Module", "Mobile WiFi (MiFi)"]}}]`,
		"SELECT imei FROM seen WHERE imei NOT IN (SELECT " + fourteen + " FROM associations) AND left(imei, 8) NOT IN (" + exemptSQL + ")", 0},
	{"radio-mismatch", "[{radio_mismatch: {}}]", `
		SELECT seen.imei FROM seen JOIN tacs ON left(seen.imei, 8) = ` + eight + ` JOIN model USING (manufacturer, model)
		WHERE list_contains(radios, 1) AND NOT g2 OR list_contains(radios, 2) AND NOT g3 OR list_contains(radios, 3) AND NOT g4 OR list_contains(radios, 4) AND NOT g5`, 0},

	{"users-2", "[{subscribers: {at_least: 2}}]", threshold("user", 2), 30},
	{"users-5", "[{subscribers: {at_least: 5}}]", threshold("user", 5), 30},
	{"users-3-week", "[{subscribers: {at_least: 3}}]", threshold("user", 3), 7},
	{"imsis-2", "[{subscribers: {at_least: 2, identity: imsi}}]", threshold("imsi", 2), 31},
	{"imsis-5-two-months", "[{subscribers: {at_least: 5, identity: imsi}}]", threshold("imsi", 5), 60},
	{"msisdns-2", "[{subscribers: {at_least: 2, identity: msisdn}}]", threshold("msisdn", 2), 31},
	{"persons-2", "[{subscribers: {at_least: 2, identity: person}}]", threshold("person", 2), 31},
	{"average-users", "[{average_subscribers: {at_least: 1.5, active_days: 5}}]", average("user", 1.5, 5), 30},
	{"average-imsis", "[{average_subscribers: {at_least: 1.3, active_days: 5, identity: imsi}}]", average("imsi", 1.3, 5), 31},
	{"average-imsis-not-stolen", "[{average_subscribers: {at_least: 1.1, active_days: 1, identity: imsi}}, {stolen: {}, invert: true}]",
		average("imsi", 1.1, 1) + " AND imei NOT IN (" + stolenSQL + ")", 31},
	{"average-msisdns", "[{average_subscribers: {at_least: 1.2, active_days: 3, identity: msisdn}}]", average("msisdn", 1.2, 3), 31},
	{"average-persons", "[{average_subscribers: {at_least: 1.2, active_days: 2, identity: person}}]", average("person", 1.2, 2), 31},
	{"transient", "[{transient: {numbers_a_day: 1}}]", `
		WITH number AS (SELECT imei, who::BIGINT AS n FROM uses WHERE counted = 'msisdn' AND ` + windowSQL + ` GROUP BY ALL),
		step AS (SELECT imei, n - lag(n) OVER (PARTITION BY imei ORDER BY n) AS apart FROM number),
		even AS (SELECT imei FROM step WHERE apart IS NOT NULL GROUP BY imei HAVING count(DISTINCT apart) = 1)
		SELECT imei FROM even
		WHERE imei IN (SELECT imei FROM uses WHERE counted = 'msisdn' AND ` + windowSQL + ` GROUP BY imei HAVING count(*) >= 1 * $days)
		AND imei IN (SELECT imei FROM sight WHERE ` + windowSQL + ` GROUP BY imei HAVING count(DISTINCT operator) = 1)`, 5},
	{"used-home", "[{used_by: {subscriber: home, networks: [$networks]}}]",
		"SELECT DISTINCT imei FROM sight WHERE imsi IS NOT NULL AND left(digits(imsi), 5) IN ($homes) AND " + windowSQL, 20},
	{"used-national", "[{used_by: {subscriber: national, networks: [$networks]}}]",
		"SELECT DISTINCT imei FROM sight WHERE imsi IS NOT NULL AND left(digits(imsi), 5) NOT IN ($homes) AND " + digitsAtMCC + " = '$mcc' AND " + windowSQL, 20},
	{"used-foreign", "[{used_by: {subscriber: foreign, networks: [$networks]}}]",
		"SELECT DISTINCT imei FROM sight WHERE imsi IS NOT NULL AND " + digitsAtMCC + " <> '$mcc' AND " + windowSQL, 20},
}

// rule returns the dimension as a rule of the language. Every rule may find everything.
func (d *dimension) rule(n *nation) string {
	window := ""
	if d.days > 0 {
		window = fmt.Sprintf("    window_days: %d\n", d.days)
	}
	all := strings.ReplaceAll(d.all, "$networks", `"`+strings.Join(n.networks[1:], `", "`)+`"`)
	return fmt.Sprintf("  - name: %s\n    description: One dimension.\n    ground: duplicate\n    effect: tracked\n%s    strength: 1\n    max_share: 1\n    all: %s\n", d.name, window, all)
}

func (d *dimension) query(n *nation) string {
	from := n.asOf + 1
	for range d.days {
		from--
	}
	return strings.NewReplacer("$from", from.String(), "$asof", n.asOf.String(), "$days", fmt.Sprint(d.days),
		"$homes", "'"+strings.Join(n.networks[1:], "', '")+"'", "$mcc", n.networks[0][:3]).Replace(d.sql)
}
