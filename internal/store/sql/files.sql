-- Adopted and not withdrawn; '' stands for any kind or operator.
SELECT f.digest, f.idx, f.kind, f.operator, f.name, f.from_day, f.to_day, f.added_day, f.rows_taken, f.rows_refused, f.rows_malformed, f.stats
FROM files f
WHERE ($1 = '' OR f.kind = $1) AND ($2 = '' OR f.operator = $2)
    AND NOT EXISTS (SELECT w.file FROM withdrawals w WHERE w.file = f.digest)
ORDER BY f.idx
