SELECT rule, count(*) FROM findings GROUP BY rule ORDER BY rule
