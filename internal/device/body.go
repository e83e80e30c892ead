package device

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// NodeReport is what an operator's node says of its list.
type NodeReport struct {
	Node  string `json:"node"`
	Size  uint64 `json:"size"`  // ledger size of the table in force
	State string `json:"state"` // InForce or Held
	Text  string `json:"text,omitempty"`
}

// States of a node's list.
const (
	InForce = "in force" // the list of that size is in force
	Held    = "held"     // a later file was held; Text says why
)

// Encode writes a noun as JSON, the form in which it is committed to and signed.
func Encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("device: encoding %T: %v", v, err)) // our own plain structs
	}
	return b
}

// Decode reads what Encode writes and nothing else: unknown, repeated or differently-cased names
// are errors, because the text must print back to the same bytes.
func Decode[T any](body []byte) (T, error) {
	var v T
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return v, fmt.Errorf("reading %T: %w", v, err)
	}
	if !bytes.Equal(Encode(v), body) {
		return v, fmt.Errorf("reading %T: it does not print back to the same bytes", v)
	}
	return v, nil
}
