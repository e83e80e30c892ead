SELECT number, idx, sort, state, since, due, closed, events, place, assigned FROM cases WHERE number = $1
