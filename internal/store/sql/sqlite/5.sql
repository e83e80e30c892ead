-- Where cases stand. Days are counted from 1970-01-01; due is 0 for never.
CREATE TABLE cases (number TEXT PRIMARY KEY, idx INTEGER NOT NULL, sort TEXT NOT NULL, state TEXT NOT NULL, since INTEGER NOT NULL, due INTEGER NOT NULL,
    closed INTEGER NOT NULL, events INTEGER NOT NULL, place TEXT NOT NULL, assigned TEXT NOT NULL) STRICT;
CREATE INDEX cases_due ON cases (due, number) WHERE due > 0;

-- The devices that a case is about.
CREATE TABLE case_devices (imei INTEGER NOT NULL, number TEXT NOT NULL, PRIMARY KEY (imei, number)) STRICT;
