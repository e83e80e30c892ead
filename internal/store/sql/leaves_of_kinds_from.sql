SELECT idx, kind, record FROM leaves
WHERE kind IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) AND idx >= $13
ORDER BY idx LIMIT 1000
