SELECT f.digest, f.idx, f.kind, f.operator, f.name, f.from_day, f.to_day, f.added_day, f.rows_taken, f.rows_refused, f.rows_malformed, f.stats
FROM files f WHERE f.digest = $1
