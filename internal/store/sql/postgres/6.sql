-- What a place has to do.
CREATE INDEX cases_open ON cases (place, since, number) WHERE closed = 0;
