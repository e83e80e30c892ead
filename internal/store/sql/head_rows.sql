-- There must be one row.
SELECT one, size, root, note FROM head ORDER BY one LIMIT 2
