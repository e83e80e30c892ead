package ledger

import (
	"bytes"
	"fmt"
	"math"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/receipt"
)

// Kinds of records beside those of package receipt. Their bodies are JSON in the form that
// encoding/json writes, and nothing else.
const (
	KindFile       receipt.Kind = "file"       // a file was adopted; body: device.File
	KindWithdrawal receipt.Kind = "withdrawal" // a file's effect was taken back; body: Withdrawal
	KindConditions receipt.Kind = "conditions" // rules that detection uses from now on; body: their YAML text
	KindDay        receipt.Kind = "day"        // the last complete day moved on; body: Day
	KindFindings   receipt.Kind = "findings"   // what changed in the findings; body: Detection
	KindStep       receipt.Kind = "step"       // a stage moved on; body: Step
	KindSignature  receipt.Kind = "signature"  // a person signed a proposal; body: Signature
	KindNode       receipt.Kind = "node"       // an operator's node spoke of its list; body: device.NodeReport
	KindErasure    receipt.Kind = "erasure"    // a personal part was erased; body: Erasure
)

// Withdrawal is the body of KindWithdrawal.
type Withdrawal struct {
	File   string `json:"file"` // digest
	Reason string `json:"reason"`
}

// Day is the body of KindDay: the last complete day that stages look back from.
type Day struct {
	Day device.Day `json:"day"`
}

// Step is the body of KindStep.
type Step struct {
	Stage string `json:"stage"`
	Upto  uint64 `json:"upto"`
}

// Proposal is the opened form of a proposal's rows: the content that people sign, and the openings
// that it commits to, so that they can read what they sign. It is the personal part of a record of
// kind receipt.Proposal, whose effect is the content alone.
type Proposal struct {
	EffectSalt   []byte `json:"effect_salt"`
	Effect       []byte `json:"effect"`
	PersonalSalt []byte `json:"personal_salt,omitempty"`
	Personal     []byte `json:"personal,omitempty"`
	Text         string `json:"text,omitempty"` // for people: why, and what it would do
}

// Openings returns the effect and the personal part, nil where there is none.
func (p *Proposal) Openings() (effect, personal *receipt.Opening) {
	effect = &receipt.Opening{Body: p.Effect}
	copy(effect.Salt[:], p.EffectSalt)
	if p.PersonalSalt != nil {
		personal = &receipt.Opening{Body: p.Personal}
		copy(personal.Salt[:], p.PersonalSalt)
	}
	return effect, personal
}

// opens checks that the proposal shows what the content commits to: people sign the content's digest
// and read the proposal.
func (p *Proposal) opens(c *receipt.Content) error {
	effect, personal := p.Openings()
	e := receipt.Entry{Record: &receipt.Record{Content: *c}, Effect: effect, Personal: personal}
	if (personal == nil) != (c.Personal == receipt.Digest{}) {
		return fmt.Errorf("one has a personal part and the other has none")
	}
	return e.Check()
}

// Signature is the body of KindSignature.
type Signature struct {
	Content  string `json:"content"` // digest
	Approval string `json:"approval"`
}

// Erasure is the body of KindErasure. Part is PartPersonal: what people signed stays readable.
type Erasure struct {
	Index    uint64 `json:"index"`              // of the record
	Part     string `json:"part"`               // of it
	Proposal string `json:"proposal,omitempty"` // where the record is a proposal, the digest of the content, whose row goes too
}

// Encode writes a body; see device.Encode.
func Encode(v any) []byte { return device.Encode(v) }

// Decode reads a body; see device.Decode. A text with a zero character is refused, since not every
// database keeps it: one act that can not be written would hold up all that share its transaction.
func Decode[T any](body []byte) (T, error) {
	if bytes.Contains(body, []byte(`\u0000`)) {
		var none T
		return none, fmt.Errorf("reading %T: a text in it has a zero character", none)
	}
	return device.Decode[T](body)
}

// count checks a number that rows keep: databases count to 63 bits.
func count(n uint64) error {
	if n > math.MaxInt64 {
		return fmt.Errorf("%d is no count of records", n)
	}
	return nil
}

// StageDetect is the stage whose cursor moves with its findings.
const StageDetect = "detect"
