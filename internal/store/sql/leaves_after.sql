SELECT idx, kind, record FROM leaves WHERE idx >= $1 AND idx > $2 ORDER BY idx LIMIT 1000
