-- Which files gave a part.
CREATE INDEX parts_digest ON parts (digest);
