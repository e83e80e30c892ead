// Package listgen makes the lists that operators are given as files: prohibited devices,
// notifications and exceptions, full and as a delta against any earlier run, in the names and
// columns that national systems hand around. They stand beside the signed streams, which carry
// their proof; a file carries none, and is for operators that can not take a stream yet, or for
// comparing.
//
// # A run
//
// A run is a pure merge, bucket by bucket, of inputs that are sorted by device (Country.Merge): the
// open findings, the prohibited lines in force, the pairing list, barred devices, and the days on
// which devices were seen. Nothing is looked up by walking a list: what a run costs grows with the
// sum of its inputs.
//
// Prohibited devices. In a shadow run, each device with a finding whose block day has come, as if
// every rule had authority; the day is the earliest of those findings', the reasons are theirs. In an
// enforced run, each device that a line of the list in force refuses to a stranger: the days and
// reasons of its findings on the line's ground, else the day of the act and the ground. Lines of
// ranges are in the streams only.
//
// Notifications. Each subscriber, IMSI and MSISDN both known, who was seen with a device in the
// look-back window, where a finding is to block that device and it is not prohibited yet: its day has
// not come, or the decision waits. To the home network by the longest prefix of the IMSI, else to
// every operator that saw them. Nobody is notified who may use the device: a pairing of that very
// device with that IMSI or, unless notify_imsi_change is set, that MSISDN.
//
// Exceptions. The pairing list by home network, a pair without one to every operator; but not those
// of barred devices and models, and if so set only those of prohibited devices. In an enforced run
// also the pairs of the list in force that let their subscriber in.
//
// Golden devices are neither prohibited nor notified, and so are values that identify no device. A
// malformed identifier is in the files only if output_invalid_imeis is set, and never in a stream.
//
// # What is kept
//
// The full lists of a run are immutable parts of the lake, named by one act of the ledger, whose
// index is the run's name. Restrictions are applied before a list is kept, so a delta obeys them by
// construction, and it is a merge of two full lists (Deltas): a row that was added and removed in
// between is in neither, and so in no delta. The last lists of a system that was taken over are a run
// like others, so that the first delta is against what operators had from it.
//
// What was on the notifications and is not any more is told as: resolved, if the subscriber is
// paired now or no finding threatens the device any more; blacklisted, if it is prohibited now;
// no_longer_seen otherwise.
//
// # Files
//
// CSV files are written into a directory of their own beside the result, zipped, and renamed one by
// one; the manifest comes last. A crash leaves a directory that begins with a dot and whole zips
// without a manifest, and the next run of the same lists writes them again.
package listgen
