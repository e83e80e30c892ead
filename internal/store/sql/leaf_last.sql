SELECT idx, kind, record FROM leaves WHERE kind = $1 ORDER BY idx DESC LIMIT 1
