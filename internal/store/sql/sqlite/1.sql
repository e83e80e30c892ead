-- The register, version 1, for SQLite. Names are those of sql/postgres/1.sql.
CREATE TABLE schema (version INTEGER PRIMARY KEY, digest TEXT NOT NULL) STRICT;

-- The signed head of the ledger's tree: one row.
CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL, root TEXT NOT NULL, note TEXT NOT NULL) STRICT;

-- The records, one leaf of the tree each.
CREATE TABLE leaves (idx INTEGER PRIMARY KEY, kind TEXT NOT NULL, record TEXT NOT NULL) STRICT;
CREATE INDEX leaves_kind ON leaves (kind, idx);

-- What records commit to: part is effect or personal. A personal part may be erased.
CREATE TABLE openings (idx INTEGER NOT NULL, part TEXT NOT NULL, salt BLOB NOT NULL, body BLOB NOT NULL, PRIMARY KEY (idx, part)) STRICT;

-- The tree's hashes, up to 256 of one level in a row, 32 bytes each.
CREATE TABLE blocks (level INTEGER NOT NULL, number INTEGER NOT NULL, hashes BLOB NOT NULL, PRIMARY KEY (level, number)) STRICT;

-- Everything below is derived from the records. idx is always the record that gave the row.
CREATE TABLE acts (act_key TEXT PRIMARY KEY, idx INTEGER NOT NULL, kind TEXT NOT NULL, content TEXT NOT NULL) STRICT;
CREATE INDEX acts_content ON acts (content);

-- The devices that a measure speaks of: low and high are 14-digit IMEIs, equal for one device.
CREATE TABLE subjects (idx INTEGER NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL, PRIMARY KEY (idx, low, high)) STRICT;
CREATE INDEX subjects_low ON subjects (low, high);
CREATE INDEX subjects_wide ON subjects (high, low) WHERE low < high;

-- Days are counted from 1970-01-01.
CREATE TABLE files (digest TEXT PRIMARY KEY, idx INTEGER NOT NULL, kind TEXT NOT NULL, operator TEXT NOT NULL, name TEXT NOT NULL,
    from_day INTEGER NOT NULL, to_day INTEGER NOT NULL, added_day INTEGER NOT NULL,
    rows_taken INTEGER NOT NULL, rows_refused INTEGER NOT NULL, rows_malformed INTEGER NOT NULL, stats TEXT NOT NULL) STRICT;
CREATE INDEX files_kind ON files (kind, operator, idx);

-- Months are counted from January 1970.
CREATE TABLE parts (file TEXT NOT NULL, digest TEXT NOT NULL, lake_table TEXT NOT NULL, month INTEGER NOT NULL, bucket INTEGER NOT NULL,
    row_count INTEGER NOT NULL, byte_count INTEGER NOT NULL, PRIMARY KEY (file, digest)) STRICT;
CREATE INDEX parts_table ON parts (lake_table, month, bucket);

CREATE TABLE withdrawals (file TEXT PRIMARY KEY, idx INTEGER NOT NULL, reason TEXT NOT NULL) STRICT;

CREATE TABLE findings (imei INTEGER NOT NULL, rule TEXT NOT NULL, version TEXT NOT NULL, since INTEGER NOT NULL, again INTEGER NOT NULL,
    strength INTEGER NOT NULL, pairs INTEGER NOT NULL, best TEXT NOT NULL, incomplete INTEGER NOT NULL,
    params TEXT NOT NULL, evidence TEXT NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (imei, rule)) STRICT;
CREATE INDEX findings_strength ON findings (rule, strength, imei);

CREATE TABLE proposals (content TEXT PRIMARY KEY, idx INTEGER NOT NULL, kind TEXT NOT NULL, author TEXT NOT NULL, proposal TEXT NOT NULL) STRICT;
CREATE TABLE signatures (content TEXT NOT NULL, person TEXT NOT NULL, idx INTEGER NOT NULL, approval TEXT NOT NULL, PRIMARY KEY (content, person)) STRICT;
CREATE TABLE nodes (node TEXT PRIMARY KEY, idx INTEGER NOT NULL, size INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL) STRICT;
CREATE TABLE cursors (stage TEXT PRIMARY KEY, upto INTEGER NOT NULL, idx INTEGER NOT NULL) STRICT;

INSERT INTO head (one, size, root, note) VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000', '');
