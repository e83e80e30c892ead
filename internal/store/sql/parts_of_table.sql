-- The parts of one table of the lake, in the order of what stands for their files.
SELECT p.file, p.digest, p.lake_table, p.month, p.bucket, p.row_count, p.byte_count
FROM parts p WHERE p.lake_table = $1 ORDER BY p.file, p.bucket, p.digest
