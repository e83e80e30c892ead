// Package ledger keeps every act that the register ever took, in one order, so that nothing
// acknowledged is lost and nothing can be changed unseen.
//
// The ledger is a list of records (receipt.Record), the leaves of an RFC 6962 tree whose head is
// signed with the log's key. Everything else in the register's database is either an opening (the
// salted body that a record commits to) or a row derived from the records by Fold, a pure function:
// any derived table can be dropped and rebuilt, and Verify compares each of its rows.
//
// One Sequencer a process appends. It takes commands together into one transaction (group commit):
// it checks each (unique key, form, guard), gives it the next index, hashes it into the tree, folds
// it into rows, and swaps the head row only if it is still the one it began from. Two processes on
// one database therefore cannot fork the ledger: the second finds the head moved, rolls back,
// catches up and tries again. A command is acknowledged after the commit, never before; if we crash
// anywhere before it, nothing of the batch exists.
//
// The guard (list.Guard) stands in Batch.Append, the only way in. There is no flag round it.
package ledger
