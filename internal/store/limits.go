package store

import "time"

// Bounds, each with its reason.
const (
	pageRows       = 1000     // rows in one read: a few hundred kilobytes, and the trip to the server no longer shows
	pageBytes      = 8 << 20  // bytes of bodies in one read: one body may be hundreds of megabytes, so bodies are not counted by rows
	statementRows  = 256      // rows in one INSERT or DELETE: at 12 columns a twentieth of the 65,535 parameters that PostgreSQL takes
	sqliteRows     = 64       // rows in one INSERT of SQLite: its driver looks through all parameters for the name of each, so more are slower
	statementBytes = 16 << 20 // bytes in one INSERT: PostgreSQL takes no message over a gigabyte
	copyRows       = 2000     // from here on PostgreSQL copies into a staging table, which costs a few milliseconds once
	maxKinds       = 12       // kinds of records in one question: its places, of which the last kind fills the rest
	readers        = 4        // connections for View: pages and stages read side by side, and each holds memory in the server
	schemaTries    = 5        // processes that start together may collide in creating the tables; each waits and looks again
	schemaPause    = 50 * time.Millisecond
	maxDifferences = 20               // of a schema, in one report: enough to see what happened
	waitForWriter  = 30 * time.Second // how long a writer waits for another process before it says busy
	commitWithin   = time.Minute      // a COMMIT is not cut short by whoever asked for it, but it does not hang for ever either
	endWithin      = 5 * time.Second  // for rolling back or closing a connection that may be dead
	idleInTx       = 10 * time.Minute // a frozen process must not hold the writers' lock for ever; detection thinks for minutes inside a step
	maxConnectWait = 10 * time.Second // for one attempt to reach PostgreSQL
	sqliteCacheKB  = 64 << 10         // page cache of a SQLite connection, in KiB
)
