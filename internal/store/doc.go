// Package store keeps the register in SQLite or PostgreSQL. It is the only room of the house where
// SQL is spoken; it implements ledger.Store and ledger.Tx and answers the questions that stages and
// pages ask of the derived tables.
//
// # Promises
//
// Update runs in one transaction, alone: SQLite takes its write lock at BEGIN IMMEDIATE, PostgreSQL
// locks the head table, so of several processes on one database one writes and the others wait.
// SwapHead compares and sets the head all the same, and whatever else the database says when two
// writers collide (a failed serialization, a record's index taken) is ledger.ErrForked too. When
// Update returns nil the changes are synced: SQLite runs with synchronous=FULL, PostgreSQL with
// synchronous_commit=on, and a server with fsync=off is refused. If Update returns an error and the
// database fell silent in the middle of COMMIT, the changes are there or not; the ledger's keys make
// asking again harmless. If we crash on any line, none of an uncommitted Update exists. After an
// input/output error in SQLite the store refuses every further Update, because what a failed sync
// left in the file is not known; a new process reads the truth from the log.
//
// View sees one consistent state (SQLite WAL snapshot; PostgreSQL REPEATABLE READ) and never waits
// for a writer.
//
// # Tables
//
// The tables are declared in sql/sqlite/1.sql and sql/postgres/1.sql, and their columns once more,
// for reading and writing rows, in tables.go; a test holds the three together. Columns are typed and
// named so that a regulator's database administrator can read them with plain SQL. Digests are
// lower-case hex text, because that is what every command prints and what a person types into a
// query; salts, bodies and the tree's packed hashes, which nobody types, are bytes. IMEIs are
// 14-digit numbers, days and months numbers since 1970, flags 0 and 1. JSON is opaque text, and is
// read strictly: a text that does not print back to the same bytes is a fault of its row.
//
// A row that can not be read is yielded as an error of type ledger.Fault, with its table and key,
// and the iteration goes on behind it, so that verification can name every one.
//
// An erased opening is gone from SQLite's file and log when Update returns, unless a reader still
// looks at the state before; PostgreSQL clears the place when it vacuums, and keeps its own log and
// backups by its own rules.
//
// # One text, two dialects
//
// Each question is one file in sql/, the same for both databases: $1 parameters, named columns,
// row-value keyset paging, nothing that only one of them knows. Iterators read page by page, so no
// result is larger than limits.go allows and a query may run inside the loop over another.
// What PostgreSQL must do its own way is in postgres.go beside its twin in sqlite.go. PostgreSQL is
// spoken to through pgx itself, with a pool of our own of a handful of connections: one that writes
// and some that read.
//
// # Migrations
//
// Versions are numbered texts in sql/sqlite and sql/postgres. The table schema holds each version
// with the SHA-256 of its text, and SchemaFault compares these, and the tables, columns and triggers
// that exist, with what this program brings: every row of every table of the register must be
// verifiable, those of the migration's own bookkeeping too, and the libraries for this keep tables
// of their own design, with the clock's time in them, that a verifier could not recompute. What is
// left of a library without that table is a loop over numbered files.
package store
