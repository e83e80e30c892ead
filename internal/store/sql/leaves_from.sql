SELECT idx, kind, record FROM leaves WHERE idx >= $1 ORDER BY idx LIMIT 1000
