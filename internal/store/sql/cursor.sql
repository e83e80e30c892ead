SELECT stage, upto, idx FROM cursors WHERE stage = $1
