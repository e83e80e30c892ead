-- Findings on malformed identifiers, and the days of grace, gaps and amnesties.
DROP INDEX findings_strength;
CREATE TABLE findings_2 (imei INTEGER NOT NULL, form TEXT NOT NULL, rule TEXT NOT NULL, version TEXT NOT NULL, since INTEGER NOT NULL, again INTEGER NOT NULL,
    strength INTEGER NOT NULL, pairs INTEGER NOT NULL, best TEXT NOT NULL, found INTEGER NOT NULL, block INTEGER NOT NULL, ended INTEGER NOT NULL,
    amnesty INTEGER NOT NULL, incomplete INTEGER NOT NULL,
    params TEXT NOT NULL, evidence TEXT NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (imei, form, rule)) STRICT;
INSERT INTO findings_2 (imei, form, rule, version, since, again, strength, pairs, best, found, block, ended, amnesty, incomplete, params, evidence, idx)
    SELECT imei, '', rule, version, since, again, strength, pairs, best, 0, 0, 0, 0, incomplete, params, evidence, idx FROM findings;
DROP TABLE findings;
ALTER TABLE findings_2 RENAME TO findings;
CREATE INDEX findings_strength ON findings (rule, strength, imei);
