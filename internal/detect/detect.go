// Package detect judges devices: from one device's whole history and the facts known of it, it
// says which conditions hold, since when, on what evidence, and when to look again.
//
// A condition is data: an intersection of dimensions, each of which may be inverted, with the
// ground and the effect that a person may decide on if it holds. Conditions come from a strict YAML
// file (see Load and conditions.yaml); each carries a version, the beginning of the SHA-256 of its
// canonical text, so that a finding names exactly the rule that made it. The dimensions are those
// of ITU-T Q.5052: simple subscription threshold (§7.1.1), average subscription threshold (§7.1.2),
// time and distance conflicts (§7.4), and two of facts: on the stolen list (Q.5051), and type
// allocation code not allocated.
//
// Judge is a pure function of (conditions, history, facts, day). It reads the sorted rows once into
// bitmaps of days, one for each subscription, and asks every condition about them. A day's verdict
// uses the complete days of the window that ends with asOf and nothing after it. Every verdict
// comes with the day on which it can change by time alone (a window slides past a day, a delay runs
// out, a feed grows stale, a known later day arrives): until that day, and unless something new is
// learnt of the device, judging again gives the same rules. So a follower that judges devices
// touched or due misses nothing, and a full pass finds the same.
//
// Counting counts users, not cards. Subscriptions are turned into users in this order, each step
// answering a known cause of false positives (Q.Suppl.73; all but the first are parameters):
//
//   - continuity: rows that share an MSISDN are one subscription, so that porting, a replaced SIM
//     and a changed eSIM profile count once;
//   - brief: a subscription seen on fewer days of the window than brief_days is left out: the
//     repair bench and the sales desk try many cards for a day each;
//   - household: subscriptions that live in the same area, were never in two distant areas at once
//     and never three at a time, up to a number of them, are a pooled or family phone;
//   - siblings: the one pair of subscriptions that is seen on nearly the same days and was never
//     apart is the two cards of a dual-SIM phone;
//   - sequential (for the threshold): the number counted is the smallest number of people who could
//     explain the sightings if each used one card after another: the peak of simultaneous tenures,
//     where the day of a swap is no overlap.
//
// A conflict of time and place is two users in two areas at once, or in areas too far apart for the
// time between, after margins for clocks and cells. It needs no threshold of users, and single
// errors are not enough: conflicts are counted only if they are independent.
//
// Pass judges many devices and tells only what changed against the findings that were open. It
// states what input was missing, marks what rests on it as incomplete, and stops a rule that
// matches more than its share of devices while the others continue. Where nothing but files came and
// went and days passed since the last pass, it judges the devices that the files speak of, those whose
// day has come, and those with a finding of a rule whose input became complete or incomplete. Findings
// that tell of a window are of another one every day, so their devices are due every day. Stale and missing
// input never opens a finding that could block by itself, and never closes one.
package detect
