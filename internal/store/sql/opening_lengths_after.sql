SELECT idx, part, CAST(length(body) AS bigint) FROM openings WHERE (idx, part) > ($1, $2) ORDER BY idx, part LIMIT 1000
