// Package tidy keeps the house rules as tests, so that a machine watches what a machine judges
// well and readers are free for the rest. It has no code of its own that runs anywhere else.
//
// The rules read the tree as it lies on disk: every Go file of every package for every platform,
// parsed but not type-checked, and every page of text. What they hold:
//
//   - layers: each package has one place in the table of layers_test.go, imports nothing from above or
//     beside it, and only those foreign packages that its row names (TestLayers). ARCHITECTURE.md
//     shows the same table.
//   - the operator's node: nothing of it can write a register, even through others
//     (TestNodeDependsOnNoStore).
//   - names and comments: a package comment everywhere, a comment on every exported name, no
//     package that is called after nothing in particular, no init functions (TestSource).
//   - time and chance are handed in (TestSource).
//   - text: nothing is left to do without its mark, the code is formatted, pages link to what is
//     there, name tests and packages that exist, and speak of the project alone (TestText).
//   - dependencies: docs/decisions/dependencies.md has a row for each direct one and no other
//     (TestDependencies).
//   - formats: the worked examples of docs/formats are what the code writes (TestFormats),
//     and enough to write a verifier from (TestStranger).
//
// Each rule is a function from a house to its faults, and each fault says what to do. The files in
// testdata/faults are small houses with one thing wrong and the fault they must give: to add a rule,
// plant its violation there first, and see it red.
package tidy
