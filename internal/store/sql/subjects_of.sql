-- A device's own subjects, then the ranges that cover it.
SELECT idx FROM subjects WHERE low = $1
UNION
SELECT idx FROM subjects WHERE low < high AND high >= $1 AND low < $1
ORDER BY idx
