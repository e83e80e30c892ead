SELECT idx, part, salt, body FROM openings WHERE idx = $1 AND part = $2
