SELECT idx, part, salt, body FROM openings WHERE (idx, part) >= ($1, $2) AND (idx, part) <= ($3, $4) ORDER BY idx, part
