SELECT imei, rule, version, since, again, strength, pairs, best, incomplete, params, evidence, idx
FROM findings WHERE rule = $1 ORDER BY strength DESC, imei LIMIT $2
