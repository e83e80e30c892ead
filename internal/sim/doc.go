// Package sim runs a whole country in one process, from a seed, and after every event compares what
// is there with what must be.
//
// A World has a centre (the real sequencer, guard, decide and enforce stages and feed, on a register
// in memory), two to four operators (real replicas and list files, behind a network that loses,
// repeats, reorders and spoils), people who sign with keys from the seed, phones and subscribers, and
// somebody who has stolen the log's key. Nothing reads a clock: days pass because an event says so.
//
// Each event is drawn from a table with weights: acts rightly and wrongly signed, policies, findings,
// releases, mass blocks announced in time or not, a clerk who splits one into many, erasures, clocks
// set wrong, deaths of the centre at a random statement, two processes racing for one index, nodes
// restarted and cut off for long, forged lists.
//
// After each event a Witness reads the register's rows as an outsider would, with code of its own
// for everything that it checks: the texts of the records, the tree, the signatures, the fold, the
// precedence, the sums of 24 hours. It knows what was acknowledged, and believes nobody else. What
// it finds is printed with the seed, the number of the event and the events before it; the same seed
// tells the same story again:
//
//	go test ./internal/sim -run World -seed 17
//
// That the witness would notice is shown by planting faults: see TestPlantedFaultsAreFound.
package sim
