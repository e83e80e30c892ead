-- The lake as plain tables. $asof is the day of judgement; nothing after it is known.

-- The normal form of an identifier: trimmed; the first fourteen digits, or else all of it in capitals.
CREATE MACRO normal(s) AS CASE WHEN regexp_matches(trim(s), '^[0-9]{14}') THEN left(trim(s), 14) ELSE upper(trim(s)) END;

-- One row for each day on which a device was seen with a subscriber on a class of radio.
CREATE TABLE sight AS
SELECT lpad(imei::VARCHAR, 14, '0') AS imei, imsi, msisdn, operator, day, radio
FROM (
	SELECT imei, imsi, msisdn, operator, month + bit::INTEGER AS day, bit,
		[seen_unknown, seen_2g, seen_3g, seen_4g, seen_5g] AS seen
	FROM $days, range(31) AS bits(bit)
), range(5) AS radios(radio)
WHERE (seen[radio + 1] >> bit) & 1 = 1 AND day <= DATE '$asof';

-- Identifiers that are no IMEI, with their subscribers where those are of their form.
INSERT INTO sight
SELECT normal(imei),
	CASE WHEN regexp_matches(imsi, '^[0-9]{14,15}$') THEN imsi::BIGINT END,
	CASE WHEN regexp_matches(msisdn, '^[1-9][0-9]{4,14}$') THEN msisdn::BIGINT END,
	operator, day, 0
FROM $malformed
WHERE operator <> '' AND imei <> '' AND NOT regexp_matches(normal(imei), '^[0-9]{14}$') AND day <= DATE '$asof';

CREATE TABLE seen AS
SELECT imei, min(day) AS first, max(day) AS last, list(DISTINCT radio) AS radios FROM sight GROUP BY imei;

-- The digits of an IMSI: below 2 * 10^13 it is one of fifteen digits that begins with zeros.
CREATE MACRO digits(imsi) AS CASE WHEN imsi < 20000000000000 THEN lpad(imsi::VARCHAR, 15, '0') ELSE imsi::VARCHAR END;

-- A subscription is an IMSI, or where there is none an MSISDN. Those of one device that share an
-- MSISDN are one user, unless more than four share it.
CREATE TABLE subscription AS
SELECT DISTINCT imei, coalesce(imsi::VARCHAR, '+' || msisdn) AS subscription, msisdn, day
FROM sight WHERE imsi IS NOT NULL OR msisdn IS NOT NULL;

CREATE TABLE same AS
WITH shared AS (
	SELECT imei, msisdn FROM subscription WHERE msisdn IS NOT NULL
	GROUP BY imei, msisdn HAVING count(DISTINCT subscription) BETWEEN 2 AND 4
)
SELECT DISTINCT a.imei, a.subscription AS one, b.subscription AS other
FROM subscription a JOIN shared USING (imei, msisdn) JOIN subscription b USING (imei, msisdn)
WHERE a.subscription <> b.subscription;

CREATE TABLE person_of AS
WITH RECURSIVE reach AS (
	SELECT DISTINCT imei, subscription AS one, subscription AS other FROM subscription
	UNION
	SELECT reach.imei, reach.one, same.other FROM reach JOIN same ON same.imei = reach.imei AND same.one = reach.other
)
SELECT imei, one AS subscription, min(other) AS who FROM reach GROUP BY imei, one;

-- Who used a device on which day, for each way of counting.
CREATE TABLE uses AS
SELECT DISTINCT 'user' AS counted, imei, who, day FROM subscription JOIN person_of USING (imei, subscription)
UNION ALL
SELECT DISTINCT 'imsi', imei, imsi::VARCHAR, day FROM sight WHERE imsi IS NOT NULL
UNION ALL
SELECT DISTINCT 'msisdn', imei, msisdn::VARCHAR, day FROM sight WHERE length(msisdn::VARCHAR) BETWEEN 12 AND 15
UNION ALL
SELECT DISTINCT 'person', imei, uid, day FROM sight JOIN subscribers USING (imsi);

-- The classes of radio of a model: all its codes together.
CREATE TABLE model AS
WITH word AS (
	SELECT manufacturer, model, upper(bands) AS bands FROM tacs WHERE manufacturer <> '' AND model <> ''
)
SELECT manufacturer, model,
	bool_or(regexp_matches(bands, '(^|[^A-Z])GSM')) AS g2,
	bool_or(regexp_matches(bands, 'WCDMA|UMTS|HSPA|CDMA2000')) AS g3,
	bool_or(regexp_matches(bands, 'LTE')) AS g4,
	bool_or(regexp_matches(bands, '(^|[^A-Z])NR([^A-Z]|$)')) AS g5
FROM word GROUP BY manufacturer, model;
