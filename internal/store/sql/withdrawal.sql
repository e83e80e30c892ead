SELECT file, idx, reason FROM withdrawals WHERE file = $1
