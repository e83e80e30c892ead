-- The register, version 1, for PostgreSQL. Names are those of sql/sqlite/1.sql.
CREATE TABLE schema (version bigint PRIMARY KEY, digest text COLLATE "C" NOT NULL);

-- The signed head of the ledger's tree: one row.
CREATE TABLE head (one bigint PRIMARY KEY CHECK (one = 1), size bigint NOT NULL, root text COLLATE "C" NOT NULL, note text COLLATE "C" NOT NULL);

-- The records, one leaf of the tree each.
CREATE TABLE leaves (idx bigint PRIMARY KEY, kind text COLLATE "C" NOT NULL, record text COLLATE "C" NOT NULL);
CREATE INDEX leaves_kind ON leaves (kind, idx);

-- What records commit to: part is effect or personal. A personal part may be erased.
CREATE TABLE openings (idx bigint NOT NULL, part text COLLATE "C" NOT NULL, salt bytea NOT NULL, body bytea NOT NULL, PRIMARY KEY (idx, part));

-- The tree's hashes, up to 256 of one level in a row, 32 bytes each.
CREATE TABLE blocks (level bigint NOT NULL, number bigint NOT NULL, hashes bytea NOT NULL, PRIMARY KEY (level, number));

-- Everything below is derived from the records. idx is always the record that gave the row.
CREATE TABLE acts (act_key text COLLATE "C" PRIMARY KEY, idx bigint NOT NULL, kind text COLLATE "C" NOT NULL, content text COLLATE "C" NOT NULL);
CREATE INDEX acts_content ON acts (content);

-- The devices that a measure speaks of: low and high are 14-digit IMEIs, equal for one device.
CREATE TABLE subjects (idx bigint NOT NULL, low bigint NOT NULL, high bigint NOT NULL, PRIMARY KEY (idx, low, high));
CREATE INDEX subjects_low ON subjects (low, high);
CREATE INDEX subjects_wide ON subjects (high, low) WHERE low < high;

-- Days are counted from 1970-01-01.
CREATE TABLE files (digest text COLLATE "C" PRIMARY KEY, idx bigint NOT NULL, kind text COLLATE "C" NOT NULL, operator text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL,
    from_day bigint NOT NULL, to_day bigint NOT NULL, added_day bigint NOT NULL,
    rows_taken bigint NOT NULL, rows_refused bigint NOT NULL, rows_malformed bigint NOT NULL, stats text COLLATE "C" NOT NULL);
CREATE INDEX files_kind ON files (kind, operator, idx);

-- Months are counted from January 1970.
CREATE TABLE parts (file text COLLATE "C" NOT NULL, digest text COLLATE "C" NOT NULL, lake_table text COLLATE "C" NOT NULL, month bigint NOT NULL, bucket bigint NOT NULL,
    row_count bigint NOT NULL, byte_count bigint NOT NULL, PRIMARY KEY (file, digest));
CREATE INDEX parts_table ON parts (lake_table, month, bucket);

CREATE TABLE withdrawals (file text COLLATE "C" PRIMARY KEY, idx bigint NOT NULL, reason text COLLATE "C" NOT NULL);

CREATE TABLE findings (imei bigint NOT NULL, rule text COLLATE "C" NOT NULL, version text COLLATE "C" NOT NULL, since bigint NOT NULL, again bigint NOT NULL,
    strength bigint NOT NULL, pairs bigint NOT NULL, best text COLLATE "C" NOT NULL, incomplete bigint NOT NULL,
    params text COLLATE "C" NOT NULL, evidence text COLLATE "C" NOT NULL, idx bigint NOT NULL, PRIMARY KEY (imei, rule));
CREATE INDEX findings_strength ON findings (rule, strength, imei);

CREATE TABLE proposals (content text COLLATE "C" PRIMARY KEY, idx bigint NOT NULL, kind text COLLATE "C" NOT NULL, author text COLLATE "C" NOT NULL, proposal text COLLATE "C" NOT NULL);
CREATE TABLE signatures (content text COLLATE "C" NOT NULL, person text COLLATE "C" NOT NULL, idx bigint NOT NULL, approval text COLLATE "C" NOT NULL, PRIMARY KEY (content, person));
CREATE TABLE nodes (node text COLLATE "C" PRIMARY KEY, idx bigint NOT NULL, size bigint NOT NULL, state text COLLATE "C" NOT NULL, reason text COLLATE "C" NOT NULL);
CREATE TABLE cursors (stage text COLLATE "C" PRIMARY KEY, upto bigint NOT NULL, idx bigint NOT NULL);

INSERT INTO head (one, size, root, note) VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000', '');
