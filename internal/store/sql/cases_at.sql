-- Open cases that a place has, of one person if one is named, those that stand longest first; a page
-- after (since, number).
SELECT number, idx, sort, state, since, due, closed, events, place, assigned
FROM cases WHERE closed = 0 AND place = $1 AND ($2 = '' OR assigned = $2) AND (since, number) > ($3, $4)
ORDER BY since, number LIMIT $5
