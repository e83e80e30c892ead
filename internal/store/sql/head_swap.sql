-- Compare and set: of two writers that began from one head, the second changes no row.
UPDATE head SET size = $1, root = $2, note = $3 WHERE one = 1 AND size = $4 AND root = $5
