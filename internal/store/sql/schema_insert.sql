INSERT INTO schema (version, digest) VALUES ($1, $2)
