-- What people and programs may do. A row without a key is of a closed account; grants are JSON.
CREATE TABLE accounts (name TEXT PRIMARY KEY, idx INTEGER NOT NULL, pubkey TEXT NOT NULL, grants TEXT NOT NULL) STRICT;
