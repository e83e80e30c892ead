// Package duckdb is the second implementation of detection, by which the first is judged: every
// dimension again, as SQL over the Parquet files that the lake holds, run by DuckDB. It was written
// from the documented meaning of the dimensions and shares no code with internal/detect, not even
// the reading of the files.
//
// It is a module of its own, so that the product depends neither on DuckDB nor on cgo. Its tests make
// countries up, take them into a register as a regulator would, judge them by one rule for each
// dimension, and compare the sets of identifiers (TestSameDevices), and what becomes of findings from
// run to run, while files come and go and lists and rules change: grace, gaps, what sticks, an amnesty
// (TestSameStates). Some of the countries are as countries are; others are crowds in which nothing is
// rare.
package duckdb
