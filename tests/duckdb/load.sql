-- The lake as plain tables. $asof is the day of judgement; nothing after it is known. $zone is how many
-- minutes the country's clocks are ahead of UTC.

-- The normal form of an identifier: trimmed; the first fourteen digits, or else all of it in capitals.
CREATE OR REPLACE MACRO normal(s) AS CASE WHEN regexp_matches(trim(s), '^[0-9]{14}') THEN left(trim(s), 14) ELSE upper(trim(s)) END;

-- One row for each day on which a device was seen with a subscriber on a class of radio.
CREATE OR REPLACE TABLE sight AS
SELECT lpad(imei::VARCHAR, 14, '0') AS imei, imsi, msisdn, operator, day, radio
FROM (
	SELECT imei, imsi, msisdn, operator, month + bit::INTEGER AS day, bit,
		[seen_unknown, seen_2g, seen_3g, seen_4g, seen_5g] AS seen
	FROM $days, range(31) AS bits(bit)
), range(5) AS radios(radio)
WHERE (seen[radio + 1] >> bit) & 1 = 1 AND day <= DATE '$asof';

-- Identifiers that are no IMEI, with their subscribers where those are of their form. The number beside
-- an IMSI that is not of its form is nobody's: it could make one subscriber look like two.
INSERT INTO sight
SELECT normal(imei),
	CASE WHEN regexp_matches(imsi, '^[0-9]{14,15}$') THEN imsi::BIGINT END,
	CASE WHEN regexp_matches(msisdn, '^[1-9][0-9]{4,14}$') AND (imsi = '' OR regexp_matches(imsi, '^[0-9]{14,15}$')) THEN msisdn::BIGINT END,
	operator, day, 0
FROM $malformed
WHERE list = '' AND imei <> '' AND NOT regexp_matches(normal(imei), '^[0-9]{14}$') AND day <= DATE '$asof';

CREATE OR REPLACE TABLE seen AS
SELECT imei, min(day) AS first, max(day) AS last, list(DISTINCT radio) AS radios FROM sight GROUP BY imei;

-- The digits of an IMSI: below 2 * 10^13 it is one of fifteen digits that begins with zeros.
CREATE OR REPLACE MACRO digits(imsi) AS CASE WHEN imsi < 20000000000000 THEN lpad(imsi::VARCHAR, 15, '0') ELSE imsi::VARCHAR END;

-- A subscription is an IMSI, or where there is none an MSISDN. Those of one device that share an
-- MSISDN are one user, unless more than four share it.
CREATE OR REPLACE TABLE subscription AS
SELECT DISTINCT imei, coalesce(imsi::VARCHAR, '+' || msisdn) AS subscription, msisdn, day
FROM sight WHERE imsi IS NOT NULL OR msisdn IS NOT NULL;

CREATE OR REPLACE TABLE same AS
WITH shared AS (
	SELECT imei, msisdn FROM subscription WHERE msisdn IS NOT NULL
	GROUP BY imei, msisdn HAVING count(DISTINCT subscription) BETWEEN 2 AND 4
)
SELECT DISTINCT a.imei, a.subscription AS one, b.subscription AS other
FROM subscription a JOIN shared USING (imei, msisdn) JOIN subscription b USING (imei, msisdn)
WHERE a.subscription <> b.subscription;

CREATE OR REPLACE TABLE person_of AS
WITH RECURSIVE reach AS (
	SELECT DISTINCT imei, subscription AS one, subscription AS other FROM subscription
	UNION
	SELECT reach.imei, reach.one, same.other FROM reach JOIN same ON same.imei = reach.imei AND same.one = reach.other
)
SELECT imei, one AS subscription, min(other) AS who FROM reach GROUP BY imei, one;

-- Who used a device on which day, for each way of counting.
CREATE OR REPLACE TABLE uses AS
SELECT DISTINCT 'user' AS counted, imei, who, day FROM subscription JOIN person_of USING (imei, subscription)
UNION ALL
SELECT DISTINCT 'imsi', imei, imsi::VARCHAR, day FROM sight WHERE imsi IS NOT NULL
UNION ALL
SELECT DISTINCT 'msisdn', imei, msisdn::VARCHAR, day FROM sight WHERE length(msisdn::VARCHAR) BETWEEN 12 AND 15
UNION ALL
SELECT DISTINCT 'person', imei, uid, day FROM sight JOIN subscribers USING (imsi);

-- The classes of radio of a model: all its codes together. A model whose bands say nothing is unknown.
CREATE OR REPLACE TABLE model AS
WITH word AS (
	SELECT trim(manufacturer) AS manufacturer, trim(model) AS model,
		replace(replace(unnest(regexp_split_to_array(upper(bands), '[ ,;/|()+\t]+')), '-', ''), '_', '') AS word
	FROM tacs WHERE trim(manufacturer) <> '' AND trim(model) <> ''
), class AS (
	SELECT manufacturer, model, CASE
		WHEN regexp_matches(word, '^(LTE|EUTRA|NBIOT|CATM|4G)') THEN 4
		WHEN regexp_matches(word, '^(WCDMA|UMTS|UTRA|TDSCDMA|CDMA2000|EVDO|HSPA|HSDPA|HSUPA|3G)') THEN 3
		WHEN regexp_matches(word, '^(GSM|GPRS|EDGE|DCS|PCS|CDMA|1XRTT|GERAN|2G)') THEN 2
		WHEN regexp_matches(word, '^(NR|NGRAN|5G)') THEN 5
		ELSE 0 END AS class
	FROM word WHERE word <> ''
)
SELECT manufacturer, model, bool_or(class = 2) AS g2, bool_or(class = 3) AS g3, bool_or(class = 4) AS g4, bool_or(class = 5) AS g5
FROM class GROUP BY manufacturer, model;

-- Stays: who was with a device, where and when.
CREATE OR REPLACE TABLE stay AS
SELECT row_number() OVER (PARTITION BY v.imei ORDER BY began, v.subscription, area) AS nth, v.imei, coalesce(who, v.subscription) AS who, area, began, ended, day
FROM (
	SELECT lpad(imei::VARCHAR, 14, '0') AS imei, coalesce(imsi::VARCHAR, '+' || msisdn) AS subscription, area,
		from_minute AS began, to_minute AS ended, DATE '1970-01-01' + ((from_minute + $zone) // 1440)::INTEGER AS day
	FROM $visits
) AS v LEFT JOIN person_of AS p ON p.imei = v.imei AND p.subscription = v.subscription
WHERE day <= DATE '$asof' AND area <> 0 AND v.subscription IS NOT NULL;

CREATE OR REPLACE MACRO latitude(area) AS radians(area // 3600 / 10.0 - 90 + 0.05);
CREATE OR REPLACE MACRO longitude(area) AS radians(area % 3600 / 10.0 - 180 + 0.05);

-- Two stays of one device with two users, a being the one that began earlier: the distance in km, and
-- for how many minutes they were at once.
CREATE OR REPLACE TABLE couple AS
SELECT a.imei, a.nth AS a, b.nth AS b, a.who AS who, b.who AS other, a.day AS day, b.began,
	acos(least(1, sin(latitude(a.area)) * sin(latitude(b.area)) + cos(latitude(a.area)) * cos(latitude(b.area)) * cos(longitude(a.area) - longitude(b.area)))) * 6371 AS km,
	a.area <> b.area AS elsewhere,
	least(a.ended, b.ended) - b.began AS minutes,
	a.began < b.ended AND b.began < a.ended AS together
FROM stay AS a JOIN stay AS b ON a.imei = b.imei AND a.nth < b.nth AND a.who <> b.who;

-- Where each user lives: where most minutes were spent.
CREATE OR REPLACE TABLE home AS
SELECT imei, who, area FROM (SELECT imei, who, area, sum(ended - began + 1) AS minutes FROM stay GROUP BY ALL)
QUALIFY row_number() OVER (PARTITION BY imei, who ORDER BY minutes DESC, area) = 1;

-- Homes of people who cannot share one phone: two were at once in places more than 30 km apart, or
-- three were at once anywhere.
CREATE OR REPLACE TABLE no_household AS
WITH mates AS (
	SELECT c.*, h.area FROM couple AS c JOIN home AS h ON h.imei = c.imei AND h.who = c.who JOIN home AS o ON o.imei = c.imei AND o.who = c.other AND o.area = h.area
	WHERE together
)
SELECT DISTINCT imei, area FROM mates WHERE km > 30
UNION
SELECT imei, area FROM mates GROUP BY imei, area, b HAVING count(DISTINCT who) >= 2;
