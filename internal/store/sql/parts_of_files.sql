-- The parts of what the question files gives.
SELECT p.file, p.digest, p.lake_table, p.month, p.bucket, p.row_count, p.byte_count
FROM parts p JOIN files f ON f.digest = p.file
WHERE ($1 = '' OR f.kind = $1) AND ($2 = '' OR f.operator = $2)
    AND NOT EXISTS (SELECT w.file FROM withdrawals w WHERE w.file = f.digest)
ORDER BY p.file, p.digest
