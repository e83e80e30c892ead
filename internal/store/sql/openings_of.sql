SELECT idx, part, salt, body FROM openings WHERE idx = $1 ORDER BY part
