-- Cases for which the clock takes a step on or before a day, a page after (due, number).
SELECT number, idx, sort, state, since, due, closed, events, place, assigned
FROM cases WHERE due > 0 AND due <= $1 AND (due, number) > ($2, $3) ORDER BY due, number LIMIT $4
