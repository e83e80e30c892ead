SELECT node, idx, size, state, reason FROM nodes ORDER BY node
