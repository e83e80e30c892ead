-- Findings on malformed identifiers, and the days of grace, gaps and amnesties.
DROP INDEX findings_strength;
CREATE TABLE findings_2 (imei bigint NOT NULL, form text COLLATE "C" NOT NULL, rule text COLLATE "C" NOT NULL, version text COLLATE "C" NOT NULL, since bigint NOT NULL, again bigint NOT NULL,
    strength bigint NOT NULL, pairs bigint NOT NULL, best text COLLATE "C" NOT NULL, found bigint NOT NULL, block bigint NOT NULL, ended bigint NOT NULL,
    amnesty bigint NOT NULL, incomplete bigint NOT NULL,
    params text COLLATE "C" NOT NULL, evidence text COLLATE "C" NOT NULL, idx bigint NOT NULL, PRIMARY KEY (imei, form, rule));
INSERT INTO findings_2 (imei, form, rule, version, since, again, strength, pairs, best, found, block, ended, amnesty, incomplete, params, evidence, idx)
    SELECT imei, '', rule, version, since, again, strength, pairs, best, 0, 0, 0, 0, incomplete, params, evidence, idx FROM findings;
DROP TABLE findings;
ALTER TABLE findings_2 RENAME TO findings;
CREATE INDEX findings_strength ON findings (rule, strength, imei);
