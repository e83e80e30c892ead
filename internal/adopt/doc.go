// Package adopt takes over from a running system: it reads the files that a DIRBS exports, makes of
// them what one act of the ledger names, and explains how that system's lists differ from ours.
//
// # What is read
//
// A directory (Reader.Read) with, each plain or zipped, and none of them needed by itself:
//
//	classification_state.csv            which device met which condition since when, and the days promised
//	[TIME_]blacklist.csv                the last lists that operators were given; a zip may have
//	[TIME_]notifications_OPERATOR.csv   their deltas too, which are passed over
//	[TIME_]exceptions_OPERATOR.csv
//	pairing_list.csv and the like       lists in the layouts of imports: only their digests are taken
//
// The lists must be of one run: of one TIME, where names have it. Everything else is named and left.
//
// All is taken or nothing. A file is hashed before it is read, its size, lines and fields are
// bounded, and every row that breaks the layout, contradicts another row, names a condition without
// a rule or an operator that is not one of the country's, is listed with its line in the file
// adopt.results beside the others. Lists and state that can not be of one system (see maxStrangers)
// are refused.
//
// # What is kept
//
// Rows of the state that have ended are history and are counted only. Those that are open become
// rows of the lake's table adopted, under the rule that continues their condition (Taken.Keep). The
// lists become the parts of a run as package listgen keeps them, so that the first delta of this
// register is against the last lists of the other. A row about a subscriber or a pair that has no
// valid number can not be kept in them and is told apart.
//
// # What follows
//
// Nothing is refused because it was adopted. When detection finds what a row says (see package
// detect), the finding takes over its days, so that days of grace end when their owners were told;
// lines follow from findings, under policies, as ever.
//
// # Comparing
//
// Comparer walks the lists of both systems, and gives each row that only one has, or that they have
// differently, a class: what is known here that makes the difference, see Class. What nothing known
// explains has the class unexplained. It is told first, and never dropped. A row with several causes
// is explained only if each of them is.
package adopt
