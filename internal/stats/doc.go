// Package stats counts what was seen: the measures of the standard report for the country, for each
// operator and for each month, and ten lists of devices and subscribers that deserve a look.
//
// # How it counts
//
// Every count is exact; nothing is sketched. The rows of the lake's table days are sorted by (IMEI,
// IMSI, MSISDN, operator) within a bucket of IMEIs, and each has a bitmap of the days of its month.
// So one pass over the sorted rows is enough:
//
//   - Devices, pairs with a device and triplets are where a prefix of the key changes. On which days
//     one was seen is the union of its rows' bitmaps. Bitmaps are added up for all days at once:
//     eight counters stand in one word, and a table spreads eight days over them.
//   - Subscribers and numbers cross the buckets. Their rows are kept in memory (24 bytes each) while
//     the pass runs, sorted by digits (a radix sort), and counted where the key changes.
//   - What belongs to a device (models, conditions, compliance) is counted once, for each TAC and
//     combination of conditions; every breakdown is a sum of those cells, so that the parts always
//     add up to the whole.
//
// A device is new in a month (a gross add) if the same scope has no row of it in any earlier month
// that the lake still keeps. Months are counted one after another, the earliest first, and what was
// seen before is kept as one sorted list of 16 bytes a device.
//
// # What is counted
//
// A record is a distinct (IMEI, IMSI, MSISDN) of the month, complete or not; a triplet is a complete
// one; a pair is of two that are known. Whose IMEI is malformed is counted apart and takes part in
// nothing else. The country's numbers are not sums of the operators': what two operators saw is
// counted once.
//
// Conditions are judged as the findings stand that are handed in. A finding of a rule that is no
// longer configured is counted under its name, marked as such: it must not stop a report.
package stats
