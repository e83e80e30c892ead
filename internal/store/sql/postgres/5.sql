-- Where cases stand. Days are counted from 1970-01-01; due is 0 for never.
CREATE TABLE cases (number text COLLATE "C" PRIMARY KEY, idx bigint NOT NULL, sort text COLLATE "C" NOT NULL, state text COLLATE "C" NOT NULL, since bigint NOT NULL, due bigint NOT NULL,
    closed bigint NOT NULL, events bigint NOT NULL, place text COLLATE "C" NOT NULL, assigned text COLLATE "C" NOT NULL);
CREATE INDEX cases_due ON cases (due, number) WHERE due > 0;

-- The devices that a case is about.
CREATE TABLE case_devices (imei bigint NOT NULL, number text COLLATE "C" NOT NULL, PRIMARY KEY (imei, number));
