SELECT imei, rule, version, since, again, strength, pairs, best, incomplete, params, evidence, idx
FROM findings WHERE imei = $1 ORDER BY rule
