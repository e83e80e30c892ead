package device

import (
	"cmp"
	"strings"

	"github.com/openceir/openceir/imei"
)

// Adopted is what another system knew of one device under one rule when this register took over
// from it: an episode that was going on, with the days that its owner was promised.
type Adopted struct {
	IMEI    imei.IMEI
	Text    string // the normal form of a malformed identifier, and IMEI is then 0
	Rule    string // of this register
	Since   Day    // found there first
	Block   Day    // from when it was, or would have been, refused; 0 if nobody had set it
	Amnesty bool   // it was granted an amnesty there
}

// CompareAdopted orders what was adopted: malformed identifiers come last.
func CompareAdopted(a, b *Adopted) int {
	return cmp.Or(strings.Compare(a.Text, b.Text), cmp.Compare(a.IMEI, b.IMEI), strings.Compare(a.Rule, b.Rule))
}

// Adoption is what people sign when this register takes over from another system, as the ledger
// keeps it. Of two adoptions the later one counts.
type Adoption struct {
	Day   Day `json:"day"`   // of the other system's state
	Until Day `json:"until"` // what is found up to this day continues the episode of its row
	// Rules says for each condition of the other system which rule continues it.
	Rules []AdoptedRule `json:"rules,omitempty"`
	Files []AdoptedFile `json:"files"`           // that were read
	Lists []AdoptedFile `json:"lists,omitempty"` // lists in force here, which it was compared by: pairs and the like
	Parts []Part        `json:"parts,omitempty"` // of the state
	Run   *ListRun      `json:"run,omitempty"`   // its last lists, from which the first delta begins
}

// AdoptedRule is a condition of the other system, and the rule that continues it.
type AdoptedRule struct {
	Condition string `json:"condition"`
	Rule      string `json:"rule,omitempty"` // empty if its rows were left behind
	Rows      int64  `json:"rows"`
}

// AdoptedFile is a file that an adoption names.
type AdoptedFile struct {
	Name   string   `json:"name"`
	Kind   FileKind `json:"kind,omitempty"` // of a list in force
	Digest string   `json:"digest"`         // hex SHA-256 of the bytes as received
	Rows   int64    `json:"rows"`
}
