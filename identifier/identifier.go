// Package identifier reads every number that stands on, in or beside a device, and explains it.
//
// It is for the moment before anything is looked up: somebody typed, scanned or pasted a text, and
// wants to know what it is, whether it can be right, and what to do next. Explain finds all that
// the text may be, best first, keeps it as given, and judges each reading in five layers that
// never hide one another:
//
//	form          has it the characters and the length it must have?
//	check digit   does it agree with itself? (it catches typing errors, it proves nothing)
//	allocation    was it ever given out? (asks a directory that the caller hands in)
//	plausibility  can this value identify one device at all?
//	observation   what has been seen of it? (asks the caller's records)
//
// A verdict is pass, warn, fail or not applicable, and names its rule, the rule's version, the
// version of the data it rests on, and what to do next.
//
// The catalogue (Catalogue) lists all kinds, with who issues them, which standard defines them,
// and how far each resists duplication. The parsers (ParseMEID, ParseEID and so on) are the ones
// Explain uses. A parser returns a *CheckError, with the value, if only the check digit is wrong.
// The IMEI has its own package, imei. Nothing here does I/O.
package identifier

import (
	"errors"
	"fmt"
	"strings"
)

// Kind names a kind of identifier: one lower-case word, with dashes.
type Kind string

// CheckError says that a text has the form it must have, and that its check digit contradicts the
// rest: most likely it was mistyped.
type CheckError struct {
	Kind      Kind
	Got, Want string
}

// Error implements error.
func (e *CheckError) Error() string {
	return fmt.Sprintf("check digit of %s is %s, expected %s: compare with the original", e.Kind, e.Got, e.Want)
}

// ErrForm says that a text does not have the form of the kind asked for.
var ErrForm = errors.New("not of the form of this identifier")

func formError(kind Kind, text, want string) error {
	return fmt.Errorf("reading %s %.64q: %w: %s", kind, text, ErrForm, want)
}

// checked returns nil if the two agree.
func checked(kind Kind, got, want string) error {
	if got == want {
		return nil
	}
	return &CheckError{kind, got, want}
}

const (
	decimal     = "0123456789"
	hexadecimal = decimal + "ABCDEF"
	capital     = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// only reports whether the text is not empty and has no character outside the set.
func only(s, set string) bool {
	for i := 0; i < len(s); i++ {
		if strings.IndexByte(set, s[i]) < 0 {
			return false
		}
	}
	return s != ""
}
