SELECT p.file, p.digest, p.lake_table, p.month, p.bucket, p.row_count, p.byte_count
FROM parts p WHERE p.file = $1 ORDER BY p.digest
