SELECT name, idx, pubkey, grants FROM accounts WHERE name = $1
