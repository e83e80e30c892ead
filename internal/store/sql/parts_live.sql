-- Two files may have given the same part: it is the same bytes.
SELECT DISTINCT p.digest, p.lake_table, p.month, p.bucket, p.row_count, p.byte_count
FROM parts p
WHERE p.lake_table = $1 AND NOT EXISTS (SELECT w.file FROM withdrawals w WHERE w.file = p.file)
ORDER BY p.month, p.bucket, p.digest
