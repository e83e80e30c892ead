SELECT level, number, hashes FROM blocks WHERE level = $1 AND number = $2
