SELECT idx, kind, record FROM leaves WHERE idx = $1
