-- What people and programs may do. A row without a key is of a closed account; grants are JSON.
CREATE TABLE accounts (name text COLLATE "C" PRIMARY KEY, idx bigint NOT NULL, pubkey text COLLATE "C" NOT NULL, grants text COLLATE "C" NOT NULL);
