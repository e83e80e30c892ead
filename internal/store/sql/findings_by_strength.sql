SELECT imei, form, rule, version, since, again, strength, pairs, best, found, block, ended, amnesty, incomplete, params, evidence, idx
FROM findings WHERE rule = $1 AND form = '' ORDER BY strength DESC, imei LIMIT $2
