// Package list is the list that networks check devices against: its lines and their precedence, the
// table that answers, the files it travels in, and the proofs without which nobody need believe it.
//
// A line says what holds for a device, a range or a TAC (Line); a measure in the ledger sets and
// drops lines (Op). A Table is the fold of the measures and answers queries (Table.Decide): the
// precedence stands there and nowhere else.
//
// A Table travels as a Snapshot, which a node maps into memory as it is, and then as Deltas. Each
// file comes with a Manifest signed by the log and with its evidence, a receipt.Bundle: the acts that
// every line rests on, their signatures, and the proof that they are in the log. A Replica believes
// a file only with all of that, and after its own Guard has held the acts' signatures against the
// effect that it has counted itself (Count). The ledger's writer asks the same Guard before.
//
// All of it works on values and bytes: nothing here reads a clock, a disk or a network.
package list
