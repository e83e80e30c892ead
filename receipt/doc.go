// Package receipt lets anyone verify a decision without trusting whoever shows it: the acts of the
// ledger, the personal signatures on them, and the proof that they are in the log.
//
// # Acts
//
// A decision begins as a content, a text that people read and sign:
//
//	openceir content 1
//	kind measure
//	key 5f0c…                    64 hex digits, chosen by whoever asks; a key enters the ledger once
//	by person ministry/amina     or "rule NAME" or "office NAME" (a part of the system)
//	authority 17                 only if it rests on a policy: the policy's index in the ledger
//	effect 8a41…                 commitment to the effect
//	personal 0b77…               only if there is one: commitment to the personal part
//
// A commitment is to a body, line by line, under a 32-byte random salt; salt and body together are
// its opening (see Opening). The ledger's tree holds commitments only, so that a body can be erased
// without harming the tree, and cannot be guessed from it; and of an act that speaks of many devices
// the holder of one is shown the lines about theirs (see Entry.About). People sign the SHA-256 of the content's bytes
// together with their name and what they mean by it (see Approval).
//
// The sequencer turns a content into a record, the leaf of the ledger's tree:
//
//	openceir record 1
//	index 42
//	time 2026-11-23T10:00:00.000000Z
//	refuses 3                    active (device, subscriber) pairs newly refused, as the writer counted them
//	releases 0
//	proposal 40                  only if it was proposed before: the proposal's index
//	approval ministry/bela approve hR5v…
//	                             (one blank line)
//	openceir content 1
//	…
//
// Every line is a name, a space and a value, ended by \n; names come in the order shown, each at
// most once (approval any number of times, sorted by person). A text that does not print back to
// the same bytes is not a record.
//
// # Proofs
//
// The tree is that of RFC 6962 §2.1 over the records' bytes. The signed head is a note
// (golang.org/x/mod/sumdb/note) whose text is the log's name, the tree's size in decimal and the
// root in base64, a line each. A Bundle carries some records with the openings of their effects and
// one proof for all of them: see Bundle and Prove.
//
// # Verifying without us
//
// The directory testdata holds one complete example that changes only with the format's version: the
// log's public key, a head, a content, a record and its leaf hash, an approval's text and signature, a
// directory, a bundle and the receipt made of them. verify.py beside it is a verifier that shares no
// code with this package; it uses nothing but Python's standard library.
package receipt
