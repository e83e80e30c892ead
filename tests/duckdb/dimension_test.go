package duckdb

import (
	"fmt"
	"strings"

	"github.com/openceir/openceir/internal/device"
)

// dimension is one question, in the language of rules and in SQL.
type dimension struct {
	name string
	all  string // the rule's dimensions
	sql  string // $from is the first day of the window, $asof its last, $networks those at home
	days int    // of the window
	from string // of a window of months: its first day in SQL, $next being the day after the last
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
	eight     = "lpad(tac::VARCHAR, 8, '0')"
	fourteen  = "lpad(imei::VARCHAR, 14, '0')"
	windowSQL = "day BETWEEN $from AND DATE '$asof'"
	sightMCC  = "left(digits(imsi), 3)"
	atHome    = "(left(digits(imsi), 5) IN ($homes) OR left(digits(imsi), 6) IN ($homes))"
	// noDevice are the values that identify none, as far as a country here has them.
	noDevice      = "imei = repeat(left(imei, 1), 14)"
	stolenSQL     = "(SELECT " + fourteen + " AS imei FROM stolen WHERE status IN ('', 'blacklist') AND NOT (" + noDeviceRow + ") UNION SELECT imei FROM listed_text WHERE list = 'stolen_list')"
	barredSQL     = "(SELECT " + fourteen + " AS imei FROM barred WHERE NOT (" + noDeviceRow + ") UNION SELECT imei FROM listed_text WHERE list = 'barred_list')"
	noDeviceRow   = fourteen + " = repeat(left(" + fourteen + ", 1), 14)"
	monitoredSQL  = "(SELECT " + fourteen + " AS imei, since FROM monitored UNION ALL SELECT imei, since FROM listed_text WHERE list = 'monitoring_list')"
	registeredSQL = "(SELECT " + fourteen + " AS imei FROM registrations WHERE status IN ('', 'whitelist') UNION SELECT imei FROM listed_text WHERE list = 'registration_list')"
	associatedSQL = "(SELECT " + fourteen + " AS imei FROM associations UNION SELECT imei FROM listed_text WHERE list = 'device_association_list')"
	exemptSQL     = "(SELECT " + eight + " FROM tacs WHERE lower(trim(device_type)) IN ('module', 'mobile wifi (mifi)'))"
	unallocated   = "left(imei, 8) NOT IN (SELECT " + eight + " FROM tacs)"
)

// seen asks something of the identifiers that a network saw.
func seen(where string) string { return "SELECT imei FROM seen WHERE " + where }

// present are who was seen with each device on enough days of the window.
func present(counted string, brief int) string {
	return fmt.Sprintf(`SELECT imei, who FROM uses WHERE counted = '%s' AND %s GROUP BY ALL HAVING count(DISTINCT day) >= %d`, counted, windowSQL, max(1, brief))
}

// threshold counts who was seen with a device in the window.
func threshold(counted string, atLeast, brief int) string {
	return fmt.Sprintf("SELECT imei FROM (%s) GROUP BY imei HAVING count(*) >= %d", present(counted, brief), atLeast)
}

// sequential counts for each night who was seen before and after it.
func sequential(atLeast int) string {
	return fmt.Sprintf(`
		WITH tenure AS (SELECT imei, who, min(day) AS first, max(day) AS last FROM uses WHERE counted = 'user' AND %s GROUP BY ALL),
		night AS (SELECT DISTINCT imei, first AS day FROM tenure)
		SELECT imei FROM night JOIN tenure USING (imei) WHERE first <= day AND last > day GROUP BY imei, day HAVING count(*) >= %d`, windowSQL, atLeast)
}

// people counts users, a household as one, and then the two cards of one phone as one.
func people(atLeast, household, siblings int) string {
	return fmt.Sprintf(`
		WITH present AS (%s),
		few AS (SELECT imei FROM present GROUP BY imei HAVING count(*) BETWEEN 2 AND 64),
		lives AS (
			SELECT imei, area FROM present JOIN home USING (imei, who) SEMI JOIN few USING (imei) ANTI JOIN no_household USING (imei, area)
			GROUP BY imei, area HAVING count(*) BETWEEN 2 AND %d
		),
		alone AS (SELECT imei, who FROM present EXCEPT SELECT imei, who FROM home SEMI JOIN lives USING (imei, area)),
		day AS (SELECT DISTINCT imei, who, day FROM uses SEMI JOIN alone USING (imei, who) WHERE counted = 'user' AND %s),
		days AS (SELECT imei, who, count(*) AS n FROM day GROUP BY ALL),
		shared AS (SELECT a.imei, a.who, b.who AS other, count(*) AS n FROM day AS a JOIN day AS b ON a.imei = b.imei AND a.day = b.day AND a.who < b.who GROUP BY ALL),
		pair AS (
			SELECT DISTINCT s.imei FROM shared AS s JOIN days AS x ON x.imei = s.imei AND x.who = s.who JOIN days AS y ON y.imei = s.imei AND y.who = s.other
			SEMI JOIN few ON few.imei = s.imei
			WHERE %d > 0 AND s.n * 100 >= %d * (x.n + y.n - s.n) AND NOT EXISTS (
				SELECT 1 FROM couple AS c WHERE c.imei = s.imei AND together AND km > 30 AND (c.who, c.other) IN ((s.who, s.other), (s.other, s.who)))
		)
		SELECT imei FROM (SELECT imei, 1 AS n FROM alone UNION ALL SELECT imei, 1 FROM lives UNION ALL SELECT imei, -1 FROM pair) GROUP BY imei HAVING sum(n) >= %d`,
		present("user", 0), household, windowSQL, siblings, siblings, atLeast)
}

// on says on how many days of the window a device was seen. Users are counted on every day; for the
// rest a day on which the device was seen only without one of them is not a day seen, since the peer
// looks at rows that have a valid one and at no others.
func on(counted string) string {
	from := fmt.Sprintf("(SELECT imei, day FROM uses WHERE counted = '%s')", counted)
	if counted == "user" {
		from = "sight"
	}
	return fmt.Sprintf("SELECT imei, count(DISTINCT day) AS days FROM %s WHERE %s GROUP BY imei", from, windowSQL)
}

// average is the mean, over the days on which the device was seen, of who was seen with it on the day.
func average(counted string, atLeast float64, days, brief int) string {
	return fmt.Sprintf(`
		WITH total AS (SELECT imei, count(*) AS n FROM uses SEMI JOIN (%s) USING (imei, who) WHERE counted = '%s' AND %s GROUP BY imei)
		SELECT imei FROM (%s) JOIN total USING (imei) WHERE days >= %d AND n >= %g * days`,
		present(counted, brief), counted, windowSQL, on(counted), days, atLeast)
}

// largest is the part of the days of who was there most, where there are two or more.
func largest(counted string, atMost float64, days int) string {
	return fmt.Sprintf(`
		WITH part AS (SELECT imei, who, count(*) AS n FROM uses WHERE counted = '%s' AND %s GROUP BY ALL)
		SELECT imei FROM (SELECT imei, max(n) AS most FROM part GROUP BY imei HAVING count(*) > 1) JOIN (%s) USING (imei) WHERE days >= %d AND most <= %g * days`,
		counted, windowSQL, on(counted), days, atMost)
}

// clashes are the stays of two users that one device cannot have made. Those are counted in their
// order, of which none has a stay in common with one counted before, and each begins so many hours
// after the last.
func clashes(atLeast, hours int) string {
	return fmt.Sprintf(`
		WITH RECURSIVE clash AS (
			SELECT * FROM couple WHERE %s AND elsewhere AND
				(minutes > 1 AND km > 50 OR (km - 30) * 60 > 1000 * (greatest(0, -minutes) + 10))
		), counted AS (
			SELECT DISTINCT imei, 0 AS n, 0::BIGINT AS last, -1000000::BIGINT AS next, []::BIGINT[] AS used FROM clash
			UNION ALL
			SELECT imei, n + 1, b, began + %d * 60, list_append(list_append(used, a), b) FROM (
				SELECT k.imei, k.n, c.a, c.b, c.began, k.used, row_number() OVER (PARTITION BY k.imei ORDER BY c.b, c.a) AS place
				FROM counted AS k JOIN clash AS c ON c.imei = k.imei
				WHERE c.b > k.last AND c.began >= k.next AND NOT list_contains(k.used, c.a)
			) WHERE place = 1
		)
		SELECT imei FROM counted GROUP BY imei HAVING max(n) >= %d`, windowSQL, hours, atLeast)
}

var (
	late          = "first + (" + delaySQL + ") <= DATE '$asof'"
	exemptTypes   = `exempt_device_types: ["Module", "Mobile WiFi (MiFi)"]`
	allDelays     = "delay_days: {" + strings.Join(delays, ", ") + "}"
	notRegistered = seen("imei NOT IN " + registeredSQL)
)

var dimensions = []dimension{
	{name: "stolen", all: "[{stolen: {}}]", sql: "SELECT imei FROM " + stolenSQL},
	{name: "not-stolen", all: "[{stolen: {}, invert: true}]", sql: seen("imei NOT IN " + stolenSQL)},
	{name: "not-allocated", all: "[{tac_not_allocated: {include_test: true}}]", sql: seen(unallocated)},
	{name: "not-allocated-late", all: "[{tac_not_allocated: {include_test: true, " + allDelays + "}}]", sql: seen(unallocated + " AND " + late)},
	{name: "not-allocated-public", all: "[{tac_not_allocated: {" + allDelays + "}}]",
		sql: seen(unallocated + " AND " + late + " AND NOT (regexp_matches(imei, '^0[02-9][0-9]{12}$') OR " + noDevice + ")")},
	{name: "allocated", all: "[{tac_not_allocated: {include_test: true}, invert: true}]", sql: seen("NOT (" + unallocated + ")")},
	{name: "malformed", all: "[{malformed: {}}]", sql: seen("NOT regexp_matches(imei, '^[0-9]{14}$')")},
	{name: "well-formed", all: "[{malformed: {}, invert: true}]", sql: seen("regexp_matches(imei, '^[0-9]{14}$')")},
	{name: "barred", all: "[{barred: {}}]", sql: "SELECT imei FROM " + barredSQL},
	{name: "barred-and-stolen", all: "[{barred: {}}, {stolen: {}}]", sql: "SELECT imei FROM " + barredSQL + " WHERE imei IN " + stolenSQL},
	{name: "barred-not-stolen", all: "[{barred: {}}, {stolen: {}, invert: true}]", sql: seen("imei IN " + barredSQL + " AND imei NOT IN " + stolenSQL)},
	{name: "barred-tac", all: "[{barred_tac: {}}]", sql: seen("left(imei, 8) IN (SELECT " + eight + " FROM barred_tacs)")},
	{name: "not-barred-tac", all: "[{barred_tac: {}, invert: true}]", sql: seen("left(imei, 8) NOT IN (SELECT " + eight + " FROM barred_tacs)")},
	{name: "test-tac", all: "[{test_tac: {}}]", sql: seen("regexp_matches(imei, '^(0010(0[1-9]|1[0-7])|0044|0086|0091)')")},
	{name: "test-tac-all", all: "[{test_tac: {all_bodies: true}}]", sql: seen("regexp_matches(imei, '^0[02-9]')")},
	{name: "monitored", all: "[{monitored: {}}]", sql: seen("imei IN (SELECT imei FROM " + monitoredSQL + ")")},
	{name: "monitored-days", all: "[{monitored: {for_days: 3}}]", sql: seen("imei IN (SELECT imei FROM " + monitoredSQL + " WHERE since + 3 <= DATE '$asof' + 1)")},
	{name: "monitored-long", all: "[{monitored: {for_days: 21}}]", sql: seen("imei IN (SELECT imei FROM " + monitoredSQL + " WHERE since + 21 <= DATE '$asof' + 1)")},
	{name: "monitored-longer", all: "[{monitored: {for_days: 22}}]", sql: seen("imei IN (SELECT imei FROM " + monitoredSQL + " WHERE since + 22 <= DATE '$asof' + 1)")},
	{name: "not-registered", all: "[{not_registered: {}}]", sql: notRegistered},
	{name: "registered", all: "[{not_registered: {}, invert: true}]", sql: seen("imei IN " + registeredSQL)},
	{name: "not-registered-exempt", all: "[{not_registered: {" + exemptTypes + "}}]", sql: notRegistered + " AND left(imei, 8) NOT IN " + exemptSQL},
	{name: "not-associated", all: "[{not_associated: {}}]", sql: seen("imei NOT IN " + associatedSQL)},
	{name: "not-associated-exempt", all: "[{not_associated: {" + exemptTypes + "}}]", sql: seen("imei NOT IN " + associatedSQL + " AND left(imei, 8) NOT IN " + exemptSQL)},
	{name: "radio-mismatch", all: "[{radio_mismatch: {}}]", sql: `
		SELECT seen.imei FROM seen JOIN tacs ON left(seen.imei, 8) = ` + eight + ` JOIN model AS m ON trim(tacs.manufacturer) = m.manufacturer AND trim(tacs.model) = m.model
		WHERE list_contains(radios, 1) AND NOT g2 OR list_contains(radios, 2) AND NOT g3 OR list_contains(radios, 3) AND NOT g4 OR list_contains(radios, 4) AND NOT g5`},

	{name: "users-2", all: "[{subscribers: {at_least: 2}}]", sql: threshold("user", 2, 0), days: 30},
	{name: "one-user", all: "[{subscribers: {at_least: 2}, invert: true}]", sql: seen("imei NOT IN (" + threshold("user", 2, 0) + ")"), days: 30},
	{name: "users-5", all: "[{subscribers: {at_least: 5}}]", sql: threshold("user", 5, 0), days: 30},
	{name: "users-3-week", all: "[{subscribers: {at_least: 3}}]", sql: threshold("user", 3, 0), days: 7},
	{name: "users-2-of-many-days", all: "[{subscribers: {at_least: 2, brief_days: 5}}]", sql: threshold("user", 2, 5), days: 30},
	{name: "users-at-once", all: "[{subscribers: {at_least: 3, sequential: true}}]", sql: sequential(3), days: 30},
	{name: "households", all: "[{subscribers: {at_least: 3, household: 4}}]", sql: people(3, 4, 0), days: 30},
	{name: "phones-of-two-cards", all: "[{subscribers: {at_least: 2, siblings: 60}}]", sql: people(2, 0, 60), days: 30},
	{name: "people", all: "[{subscribers: {at_least: 2, household: 8, siblings: 50}}]", sql: people(2, 8, 50), days: 60},
	{name: "imsis-2", all: "[{subscribers: {at_least: 2, identity: imsi}}]", sql: threshold("imsi", 2, 0), days: 20},
	{name: "imsis-5-two-months", all: "[{subscribers: {at_least: 5, identity: imsi, window_months: 2}}]", sql: threshold("imsi", 5, 0), from: "$next - INTERVAL 2 MONTH"},
	{name: "imsis-2-a-month", all: "[{subscribers: {at_least: 2, identity: imsi, window_months: 1}}]", sql: threshold("imsi", 2, 0), from: "$next - INTERVAL 1 MONTH"},
	{name: "msisdns-2", all: "[{subscribers: {at_least: 2, identity: msisdn}}]", sql: threshold("msisdn", 2, 0), days: 31},
	{name: "persons-2", all: "[{subscribers: {at_least: 2, identity: person}}]", sql: threshold("person", 2, 0), days: 31},
	{name: "average-users", all: "[{average_subscribers: {at_least: 1.5, active_days: 5}}]", sql: average("user", 1.5, 5, 0), days: 30},
	{name: "average-users-of-many-days", all: "[{average_subscribers: {at_least: 1.2, active_days: 3, brief_days: 4}}]", sql: average("user", 1.2, 3, 4), days: 30},
	{name: "average-imsis", all: "[{average_subscribers: {at_least: 1.3, active_days: 5, identity: imsi}}]", sql: average("imsi", 1.3, 5, 0), days: 31},
	{name: "average-imsis-not-stolen", all: "[{average_subscribers: {at_least: 1.1, active_days: 1, identity: imsi}}, {stolen: {}, invert: true}]",
		sql: average("imsi", 1.1, 1, 0) + " AND imei NOT IN " + stolenSQL, days: 31},
	{name: "average-msisdns", all: "[{average_subscribers: {at_least: 1.2, active_days: 3, identity: msisdn}}]", sql: average("msisdn", 1.2, 3, 0), days: 31},
	{name: "average-persons", all: "[{average_subscribers: {at_least: 1.2, active_days: 2, identity: person}}]", sql: average("person", 1.2, 2, 0), days: 31},
	{name: "largest-share-users", all: "[{largest_share: {at_most: 0.6, active_days: 4}}]", sql: largest("user", 0.6, 4), days: 30},
	{name: "largest-share-imsis", all: "[{largest_share: {at_most: 0.75, active_days: 2, identity: imsi, window_months: 2}}]", sql: largest("imsi", 0.75, 2), from: "$next - INTERVAL 2 MONTH"},
	{name: "largest-share-msisdns", all: "[{largest_share: {at_most: 0.5, active_days: 2, identity: msisdn}}]", sql: largest("msisdn", 0.5, 2), days: 30},
	{name: "transient", all: "[{transient: {numbers_a_day: 1}}]", sql: `
		WITH number AS (SELECT imei, who::BIGINT AS n FROM uses WHERE counted = 'msisdn' AND ` + windowSQL + ` GROUP BY ALL),
		step AS (SELECT imei, n - lag(n) OVER (PARTITION BY imei ORDER BY n) AS apart FROM number),
		even AS (SELECT imei FROM step WHERE apart IS NOT NULL GROUP BY imei HAVING count(DISTINCT apart) = 1)
		SELECT imei FROM even
		WHERE imei IN (SELECT imei FROM uses WHERE counted = 'msisdn' AND ` + windowSQL + ` GROUP BY imei HAVING count(*) >= 1 * $days)
		AND imei IN (SELECT imei FROM sight WHERE ` + windowSQL + ` GROUP BY imei HAVING count(DISTINCT operator) = 1)`, days: 5},
	{name: "place-1", all: "[{place_conflict: {conflicts: 1}}]", sql: clashes(1, 12), days: 30},
	{name: "place-2", all: "[{place_conflict: {conflicts: 2, apart_hours: 6}}]", sql: clashes(2, 6), days: 40},
	{name: "used-home", all: "[{used_by: {subscriber: home, networks: [$networks]}}]",
		sql: "SELECT DISTINCT imei FROM sight WHERE imsi IS NOT NULL AND " + atHome + " AND " + windowSQL, days: 20},
	{name: "used-national", all: "[{used_by: {subscriber: national, networks: [$networks]}}]",
		sql: "SELECT DISTINCT imei FROM sight WHERE imsi IS NOT NULL AND NOT " + atHome + " AND " + sightMCC + " = '$mcc' AND " + windowSQL, days: 20},
	{name: "used-foreign", all: "[{used_by: {subscriber: foreign, networks: [$networks]}}]",
		sql: "SELECT DISTINCT imei FROM sight WHERE imsi IS NOT NULL AND " + sightMCC + " <> '$mcc' AND " + windowSQL, days: 20},
}

// rule returns the dimension as a rule of the language, with further settings. Every rule may find
// everything.
func (d *dimension) rule(n *nation, more string) string {
	window := ""
	if d.days > 0 {
		window = fmt.Sprintf("    window_days: %d\n", d.days)
	}
	all := strings.ReplaceAll(d.all, "$networks", `"`+strings.Join(n.networks[1:], `", "`)+`"`)
	return fmt.Sprintf("  - name: %s\n    description: One dimension.\n    ground: duplicate\n    effect: tracked\n%s%s    strength: 1\n    max_share: 1\n    all: %s\n", d.name, window, more, all)
}

func (d *dimension) query(n *nation, asOf device.Day) string {
	from := d.from
	if from == "" {
		from = fmt.Sprintf("$next - %d", d.days)
	}
	return strings.NewReplacer("$asof", asOf.String(), "$days", fmt.Sprint(d.days), "$homes", "'"+strings.Join(n.networks[1:], "', '")+"'",
		"$mcc", n.networks[0][:3]).Replace(strings.NewReplacer("$from", strings.ReplaceAll(from, "$next", "(DATE '$asof' + 1)")).Replace(d.sql))
}
