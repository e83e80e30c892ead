// Package storetest is what every store of the register must do, whichever database it speaks to.
//
// Run is the conformance suite. It tells one story of a register through the ledger's sequencer
// (Tell: a founding by two organisations, files, findings, measures taken by a rule, by a person and
// by proposal, an erasure), has it verified, and compares the answer to every question with that of
// a twin that folds the records into maps and looks through all of them; two databases that agree
// with the twin agree with each other. The rest of the suite breaks off, refuses, repeats, and lets
// goroutines and processes write at the same time.
//
// Postgres and NewServer start private PostgreSQL servers, for any package's tests.
package storetest
