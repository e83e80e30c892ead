-- The files that gave a part, whether or not they were withdrawn.
SELECT p.file, p.digest, p.lake_table, p.month, p.bucket, p.row_count, p.byte_count
FROM parts p WHERE p.digest = $1 ORDER BY p.file
