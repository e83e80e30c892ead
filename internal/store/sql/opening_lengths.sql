SELECT idx, part, CAST(length(body) AS bigint) FROM openings ORDER BY idx, part LIMIT 1000
