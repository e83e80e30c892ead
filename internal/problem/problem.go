// Package problem names the six kinds of failure. A kind and a public text are set where the cause
// is known; they are mapped to an exit status, an HTTP status, a Diameter result or a page once
// each, at the edge.
package problem

import (
	"errors"
	"fmt"
)

// Kind is one of the six kinds of failure. It is itself an error, so errors.Is(err, problem.Refused) works.
type Kind string

// The kinds.
const (
	Invalid  Kind = "invalid"   // the input is not of the form it must have
	Refused  Kind = "refused"   // well-formed, but the rules forbid it (the guard, a gate, a missing right)
	NotFound Kind = "not found" // nothing of that name
	Conflict Kind = "conflict"  // it contradicts what is already there
	Busy     Kind = "busy"      // try again later
	Broken   Kind = "broken"    // our own fault, or stored data that contradicts itself
)

// Error implements error.
func (k Kind) Error() string { return string(k) }

type failure struct {
	kind Kind
	text string
	err  error
}

func (f *failure) Error() string   { return f.text }
func (f *failure) Unwrap() []error { return []error{f.kind, f.err} }

// New returns a failure of the kind. The text is for the user and says what to do next; %w works.
func New(kind Kind, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &failure{kind, err.Error(), err}
}

// Of returns the kind of a failure, Broken where none was set.
func Of(err error) Kind {
	var k Kind
	if errors.As(err, &k) {
		return k
	}
	return Broken
}
